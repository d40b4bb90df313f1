"""Models of the hazard as plain regressions: Kaplan-Meier, grouped proportional hazards, Cox, piecewise exponential."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import jaxglm as jg
from jaxglm import data

LEUK = data.load("leuk", as_frame=True)
LEUK["seen"] = LEUK["time"] < 100
LEUK["weeks"] = np.minimum(LEUK["time"], 100)
LEUK["x"] = LEUK["ag"] == "present"
LEUK["z"] = np.log(LEUK["wbc"]) - 9
Z = LEUK[["x", "z"]].to_numpy(float)
TIME, SEEN = LEUK["weeks"].to_numpy(), LEUK["seen"].to_numpy()
DIED = np.unique(TIME[SEEN])  # 1, 2, 3, 4 ...: with ties
RANK = np.searchsorted(DIED, TIME, side="right")  # how many of these times a row has lived to see


def long(at, frame=LEUK) -> pd.DataFrame:
    return frame.iloc[at.row].assign(period=at.period, event=at.event, exposure=at.exposure)


def maximum(loglik, start) -> np.ndarray:
    return minimize(lambda b: -loglik(b), start, method="BFGS", options={"gtol": 1e-9}).x


def test_the_rows_and_periods_of_a_small_table():
    at = jg.person_periods([2, 0, 3], [1, 0, 0])
    assert at.row.tolist() == [0, 0, 2, 2, 2]
    assert at.period.tolist() == [1, 2, 1, 2, 3]
    assert at.event.tolist() == [False, True, False, False, False]
    assert at.exposure.tolist() == [1.0] * 5
    at = jg.person_periods([2.5, 0.5, 9.0, 4.0], [True, True, False, True], ends=[0.5, 3, 4])
    assert at.row.tolist() == [0, 0, 1, 2, 2, 2, 3, 3, 3]
    assert at.period.tolist() == [1, 2, 1, 1, 2, 3, 1, 2, 3]
    assert np.flatnonzero(at.event).tolist() == [1, 2, 8]
    assert at.exposure.tolist() == [0.5, 2.0, 0.5, 0.5, 2.5, 1.0, 0.5, 2.5, 1.0]


@pytest.mark.parametrize(
    ("time", "event", "ends", "words"),
    [
        ([1.5, 2], [1, 0], None, r"row 0, time = 1.5\) is not whole. Give ends="),
        ([1, -2], [1, 0], None, r"row 1, time = -2\) is not finite"),
        ([1, np.nan], [1, 0], None, "row 1, time = nan"),
        ([1, 2], [1, 2], None, r"row 1, event = 2\) is neither 0 nor 1"),
        ([0, 2], [1, 0], None, "an event at 0"),
        ([1, 2], [1, 1], [0.5, 1.5], r"row 1, time = 2\) is of an event at 0 or after"),
        ([1, 2], [1, 1], [3, 2], "ascending from above 0"),
        ([1, 2], [1, 1], [0, 2], "ascending from above 0"),
        ([1, 2], [1, 1, 0], None, "event has 3 values, but there are 2 rows"),
    ],
)
def test_times_that_are_none(time, event, ends, words):
    with pytest.raises(ValueError, match=words):
        jg.person_periods(time, event, ends)


@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("binomial", "cloglog"), ("poisson", "log")])
def test_a_free_hazard_each_period_is_kaplan_and_meiers(family, link):
    frame = long(jg.person_periods(RANK, SEEN))
    fit = jg.glm("event ~ C(period)", frame, family=family, link=link)
    hazard = fit.predict(pd.DataFrame({"period": np.arange(1, len(DIED) + 1)}))
    deaths = np.asarray([np.sum(SEEN & (t == TIME)) for t in DIED])
    at_risk = np.asarray([np.sum(t <= TIME) for t in DIED])
    assert fit.converged
    assert np.allclose(np.cumprod(1 - hazard), np.cumprod(1 - deaths / at_risk), rtol=1e-9)


def test_cloglog_is_proportional_hazards_in_grouped_time():
    """P(event in period k | at risk) = 1 - exp(-exp(gamma_k + x b)), by rows of the data instead of the periods."""
    ends = np.asarray([4.0, 13.0, 26.0, 52.0, 104.0])
    at = jg.person_periods(TIME, SEEN, ends)
    fit = jg.glm("event ~ C(period) - 1 + x + z", long(at), family="binomial", link="cloglog")
    last = np.searchsorted(ends, TIME)  # the period of the event, or the last one at risk

    def loglik(theta):
        hazard = np.exp(theta[:5] + (Z @ theta[5:])[:, None])  # cumulated over each period
        lived = np.sum(np.where(np.arange(5) < last[:, None], hazard, 0), axis=1)
        there = hazard[np.arange(len(last)), last]
        return np.sum(np.where(SEEN, np.log(-np.expm1(-there)), -there) - lived)

    theta = np.asarray(fit.params)
    found = maximum(loglik, np.append(np.full(5, -2.0), [0, 0]))
    assert fit.converged
    assert fit.llf == pytest.approx(loglik(theta), rel=1e-12)
    assert fit.llf == pytest.approx(loglik(found), rel=1e-9)
    assert np.allclose(theta, found, atol=1e-5)


def breslow(b, time=TIME, seen=SEEN, z=Z):
    """Cox's log partial likelihood, ties by Breslow, with its slope and curvature."""
    value, slope, curvature = 0.0, np.zeros(2), np.zeros((2, 2))
    for t in time[seen]:
        risk = z[time >= t]
        w = np.exp(risk @ b)
        mean = w @ risk / w.sum()
        value -= np.log(w.sum())
        slope -= mean
        curvature -= (risk * w[:, None]).T @ risk / w.sum() - np.outer(mean, mean)
    return value + np.sum(z[seen] @ b), slope + z[seen].sum(axis=0), curvature


def test_poisson_with_a_free_baseline_is_cox():
    """Breslow's partial likelihood by SciPy: equal coefficients, standard errors and ratios of likelihoods."""
    frame = long(jg.person_periods(RANK, SEEN))
    fit = jg.glm("event ~ C(period) + x + z", frame, family="poisson")
    found = minimize(lambda b: -breslow(b)[0], [0.0, 0.0], jac=lambda b: -breslow(b)[1],
                     hess=lambda b: -breslow(b)[2], method="Newton-CG", options={"xtol": 1e-12})  # fmt: skip
    named = [n for n in fit.names if not n.startswith(("C(", "Inter"))]
    ours, errors = (np.asarray([values[n] for n in named]) for values in (fit.params, fit.bse))
    assert len(TIME[SEEN]) > len(DIED)  # there are ties
    assert np.allclose(ours, found.x, atol=1e-8)
    assert np.allclose(errors, np.sqrt(np.diag(np.linalg.inv(-breslow(found.x)[2]))), rtol=1e-7)
    frame["width"] = np.diff(DIED, prepend=0)[frame["period"] - 1]  # one for all of a period: its hazard absorbs it
    exposed = jg.glm("event ~ C(period) + x + z", frame, family="poisson", exposure="width")
    assert np.allclose([exposed.params[n] for n in named], ours, atol=1e-8)
    smaller = jg.glm("event ~ C(period)", frame, family="poisson")
    assert fit.llf - smaller.llf == pytest.approx(breslow(found.x)[0] - breslow(np.zeros(2))[0], rel=1e-8)


def test_exposure_makes_the_hazard_constant_in_each_period():
    """One period is the exponential model of the times themselves; several: deaths over time at risk."""
    one = jg.glm("event ~ x + z", long(jg.person_periods(TIME, SEEN, [156])), family="poisson", exposure="exposure")
    times = jg.glm("Surv(weeks, seen) ~ x + z", LEUK, family=jg.censored(jg.Exponential()))
    assert np.allclose(one.params, -np.asarray(times.params), atol=1e-8)
    at = jg.person_periods(TIME, SEEN, [13.0, 52.0, 104.0])
    three = jg.glm("event ~ C(period) - 1", long(at), family="poisson", exposure="exposure")
    rates = [at.event[at.period == k].sum() / at.exposure[at.period == k].sum() for k in (1, 2, 3)]
    assert np.allclose(np.exp(np.asarray(three.params)), rates, rtol=1e-9)
