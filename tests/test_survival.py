"""Responses of which only bounds are known, through the front door: against brute force, and what users get wrong."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, poisson, weibull_min

import jaxglm as jg
from jaxglm import data

LEUK = data.load("leuk", as_frame=True)
LEUK["seen"] = LEUK["time"] < 100
LEUK["capped"] = np.minimum(LEUK["time"], 100)
LEUK["upper"] = np.where(LEUK["seen"], LEUK["time"] + 1, np.inf)
X = np.column_stack([np.ones(len(LEUK)), LEUK["ag"] == "present"])
FAMILY = jg.censored(jg.Weibull())


@pytest.fixture(scope="module")
def fit():
    return jg.glm("Surv(capped, seen) ~ ag", LEUK, family=FAMILY)


def test_the_word_left_of_a_formula_wraps_the_family(fit):
    plain = jg.glm("Surv(capped, seen) ~ ag", LEUK, family="weibull")
    assert np.array_equal(plain.params, fit.params)
    assert np.array_equal(plain.bse, fit.bse)
    two = jg.glm({"mu": "between(capped, upper) ~ ag", "sigma": "~ ag"}, LEUK, family="lognormal")
    wrapped = jg.glm({"mu": "between(capped, upper) ~ ag", "sigma": "~ ag"}, LEUK,
                     family=jg.interval_censored(jg.LogNormal()))
    assert np.array_equal(two.params, wrapped.params)


def law(theta):
    return weibull_min(np.exp(-theta[2]), scale=np.exp(X @ theta[:2]))


def loglik(theta):
    exact = law(theta)
    return np.where(LEUK["seen"], exact.logpdf(LEUK["capped"]), exact.logsf(LEUK["capped"])).sum()


def test_the_fit_is_the_maximum(fit):
    closely = {"xatol": 1e-9, "fatol": 1e-11}
    found = minimize(lambda t: -loglik(t), [4.0, 0.0, 0.0], method="Nelder-Mead", options=closely)
    assert fit.converged
    assert fit.llf == pytest.approx(loglik(np.asarray(fit.params)), rel=1e-12)
    assert np.allclose(fit.params, found.x, atol=1e-5)


def test_arrays_are_as_good_as_a_formula(fit):
    arrays = jg.GLM((LEUK["capped"], LEUK["seen"]), X, family=FAMILY).fit()
    assert np.allclose(arrays.params, fit.params, rtol=1e-12)


def test_intervals_by_their_bounds():
    family = jg.interval_censored(jg.Weibull())
    fit = jg.glm("between(capped, upper) ~ ag", LEUK, family=family)

    def of_bounds(theta):
        low, high = law(theta).cdf(LEUK["capped"]), law(theta).cdf(LEUK["upper"])
        return np.log(high - low).sum()

    assert fit.llf == pytest.approx(of_bounds(np.asarray(fit.params)), rel=1e-10)
    slope = [(of_bounds(fit.params + h) - of_bounds(fit.params - h)) / 2e-5 for h in np.eye(3) * 1e-5]
    assert np.allclose(slope, 0, atol=1e-4)


def test_fitted_values_are_means_of_the_time(fit):
    assert np.allclose(fit.fittedvalues, law(np.asarray(fit.params)).mean(), rtol=1e-7)
    assert np.allclose(fit.resid("response"), fit.y - fit.fittedvalues)


def test_quantile_residuals_of_exact_times_are_normal_scores_and_those_of_others_lie_above(fit):
    score = norm.ppf(law(np.asarray(fit.params)).cdf(LEUK["capped"]))
    drawn, seen = fit.resid("quantile", seed=3), LEUK["seen"].to_numpy()
    assert np.allclose(drawn[seen], score[seen], atol=1e-7)
    assert np.all(drawn[~seen] > score[~seen])
    assert np.array_equal(drawn, fit.resid("quantile", seed=3))


@pytest.mark.parametrize(
    ("formula", "changed", "family", "message"),
    [
        ("Surv(capped, seen) ~ ag", {"seen": 7}, FAMILY, "Events are 1 exact, 0 larger, 2 smaller, 3 in an interval"),
        ("Surv(capped, seen) ~ ag", {"capped": -1.0}, FAMILY, "with bounds that are positive; 33 of 33 rows are not"),
        ("Surv(capped, seen) ~ ag", {}, "ordinal", r"Surv\(\.\.\.\) says between which bounds a number is; Ordinal"),
        ("Surv(capped, seen) ~ ag", {}, "quasipoisson", r"responses Surv\(\.\.\.\) need a distribution"),
        ("between(upper, capped) ~ ag", {}, jg.interval_censored(jg.Weibull()), "lower not above upper"),
    ],
)
def test_responses_that_make_no_sense(formula, changed, family, message):
    with pytest.raises(ValueError, match=message):
        jg.glm(formula, LEUK.assign(**changed), family=family)


def test_parts_of_different_lengths():
    with pytest.raises(ValueError, match="part 2 of y has 32 values, but the first has 33"):
        jg.GLM((np.asarray(LEUK["capped"]), np.asarray(LEUK["seen"])[1:]), X, family=FAMILY)


def test_what_needs_a_response_says_so(fit):
    """Drawn times would have no censoring, and a censored time is not to be compared with a mean."""
    with pytest.raises(ValueError, match=r"which bounds of a new response .* is not modelled"):
        jg.bootstrap(fit, 10, kind="parametric")
    with pytest.raises(ValueError, match="calibration compares means with responses"):
        fit.calibration()


def test_bounds_of_a_truncation_that_leave_nothing():
    with pytest.raises(ValueError, match="truncated needs bounds with responses of Poisson between them"):
        jg.truncated(jg.Poisson(), 5, 2)
    with pytest.raises(ValueError, match="non-negative integers, from 1 to inf"):
        jg.GLM([0.0, 1.0, 2.0], np.ones((3, 1)), family="ztpoisson").fit()


# ---------------------------------------------------------------- censored counts and zeros


def test_censored_counts_are_whole():
    """Probabilities, residuals and drawn responses are those of the counts."""
    rng = np.random.default_rng(2)
    count, most = rng.poisson(3.0, 300), rng.poisson(5.0, 300)
    y = np.minimum(count, most), count <= most
    fit = jg.GLM(y, np.ones((300, 1)), family=jg.censored(jg.Poisson())).fit()
    truth = poisson(np.exp(fit.params[0]))
    assert np.allclose(fit.fittedvalues, truth.mean(), rtol=1e-9)
    assert np.allclose(fit.predict(which="cdf", at=2), truth.cdf(2), rtol=1e-9)
    assert np.allclose(fit.predict(which="quantile", q=0.5), truth.ppf(0.5))
    assert np.array_equal(fit.simulate(0, 3), np.round(fit.simulate(0, 3)))
    chance = norm.cdf(fit.resid("quantile", seed=1))
    assert np.all(chance >= truth.cdf(y[0] - 1) - 1e-9)
    assert np.all(chance[y[1]] <= truth.cdf(y[0][y[1]]) + 1e-9)


def test_zeros_of_a_censored_hurdle_are_in_its_mean():
    rng = np.random.default_rng(3)
    y = np.where(rng.random(200) < 0.3, 0.0, rng.gamma(2.0, 1.0, 200))
    seen = y < 3
    fit = jg.GLM((np.minimum(y, 3.0), seen), np.ones((200, 1)), family=jg.censored(jg.hurdle(jg.Gamma()))).fit()
    numbers = fit.family_params
    mean = numbers["nonzero"] * np.exp(fit.params[0])
    assert np.allclose(fit.fittedvalues, mean, rtol=1e-8)
