"""Responses from 0 to 1, both ends included: against likelihoods written by hand, fits of the parts, and the truth."""

import warnings

import numpy as np
import pytest
from scipy import special, stats
from scipy.optimize import minimize

import jaxglm as jg

N = 400
RNG = np.random.default_rng(11)
X = np.column_stack([np.ones(N), RNG.normal(size=N)])
ONE = np.ones((N, 1))
TRUTH = np.asarray([0.3, 0.8, np.log(5.0), -1.5, 3.0])  # intercept, slope, log(phi), cut, gap


def draw(rng, x=X, theta=TRUTH):
    """Shares of an ordered Beta."""
    eta, phi, u = x @ theta[:2], np.exp(theta[2]), rng.random(len(x))
    mu, zero, one = special.expit(eta), special.expit(theta[3] - eta), special.expit(eta - theta[3] - theta[4])
    return np.where(u < zero, 0.0, np.where(u > 1 - one, 1.0, rng.beta(mu * phi, (1 - mu) * phi)))


Y = draw(RNG)
INSIDE = (Y > 0) & (Y < 1)


def loglik(theta, y=Y, x=X):
    """By the definition; theta as in TRUTH, but for the logarithm of the gap."""
    eta, phi, cut = x @ theta[:2], np.exp(theta[2]), theta[3]
    mu, above, one = special.expit(eta), special.expit(eta - cut), special.expit(eta - cut - np.exp(theta[4]))
    inside = np.where((y > 0) & (y < 1), y, 0.5)
    density = stats.beta(mu * phi, (1 - mu) * phi).logpdf(inside)
    return np.sum(np.where(y == 0, np.log1p(-above), np.where(y == 1, np.log(one), np.log(above - one) + density)))


@pytest.fixture(scope="module")
def ordered():
    return jg.GLM(Y, X, family="ordered_beta").fit()


def test_the_fit_is_the_maximum(ordered):
    found = minimize(lambda t: -loglik(t), [0.0, 0.0, 1.0, -1.0, 1.0], method="BFGS", options={"gtol": 1e-7})
    at = np.append(np.asarray(ordered.params)[:4], np.log(ordered.family_params["gap"]))
    assert ordered.converged
    assert ordered.llf == pytest.approx(loglik(at), rel=1e-12)
    assert ordered.llf == pytest.approx(-found.fun, rel=1e-9)
    assert np.allclose(at, found.x, atol=1e-5)
    h = 1e-4 * np.eye(5)
    slope = [(8 * (loglik(at + d) - loglik(at - d)) - loglik(at + 2 * d) + loglik(at - 2 * d)) / 12e-4 for d in h]
    assert np.allclose(slope, 0, atol=1e-7)


def test_standard_errors_are_those_of_the_curvature(ordered):
    at, h = np.append(np.asarray(ordered.params)[:4], np.log(ordered.family_params["gap"])), 1e-3 * np.eye(5)
    mixed = [[loglik(at + a + b) - loglik(at + a - b) - loglik(at - a + b) + loglik(at - a - b) for a in h] for b in h]
    errors = np.sqrt(np.diag(np.linalg.inv(-np.asarray(mixed) / 4e-6)))
    assert np.allclose(np.asarray(ordered.bse)[:4], errors[:4], rtol=1e-4)


def test_what_is_predicted(ordered):
    """Mean, probabilities of the ends and quantiles, by arithmetic; draws from them."""
    intercept, slope, _, cut, _ = np.asarray(ordered.params)
    gap, phi = ordered.family_params["gap"], ordered.family_params["phi"]
    eta = X @ [intercept, slope]
    mu, zero, one = special.expit(eta), special.expit(cut - eta), special.expit(eta - cut - gap)
    law = stats.beta(mu * phi, (1 - mu) * phi)
    mean, inner = one + (1 - zero - one) * mu, mu < 0.85  # beyond, some of the Beta lies next to 1 within rounding
    assert np.allclose(ordered.fittedvalues[inner], mean[inner], rtol=1e-9)
    assert np.allclose(ordered.fittedvalues, mean, rtol=1e-6)
    assert np.allclose(ordered.predict(which="prob", at=[0.0, 1.0]), np.column_stack([zero, one]), rtol=1e-9)
    assert np.allclose(ordered.predict(which="cdf", at=0.4), zero + (1 - zero - one) * law.cdf(0.4), rtol=1e-9)
    q, half = 0.5, ordered.predict(which="quantile", q=0.5)
    wanted = np.where(zero > q, 0.0, np.where(one > q, 1.0, law.ppf(np.clip((q - zero) / (1 - zero - one), 0, 1))))
    assert np.allclose(half, wanted, rtol=1e-8)
    drawn = ordered.simulate(3, 500)
    assert np.isclose(np.mean(drawn == 0), zero.mean(), atol=0.01)
    assert np.isclose(np.mean(drawn == 1), one.mean(), atol=0.01)
    assert np.isclose(drawn.mean(), ordered.fittedvalues.mean(), atol=0.01)
    assert stats.kstest(ordered.resid("quantile", seed=1), "norm").pvalue > 0.01


@pytest.mark.parametrize("start", [np.zeros(5), np.full(5, 5.0), np.asarray([0, 5, -3, -3, 3.0])])
def test_any_start_leads_to_the_maximum(ordered, start, x64):
    solved = jg.fit(jg.problem(jg.OrderedBeta(), X, Y), start=start)
    assert np.allclose(solved.theta, ordered.params, atol=1e-8)


def test_parameters_are_recovered():
    """Mean of 40 fits within 4 standard errors of the truth, and intervals that cover it."""
    rng = np.random.default_rng(5)
    fits = jg.fit_batch("ordered_beta", X, np.stack([draw(rng) for _ in range(40)]))
    assert fits.converged.all()
    truth = np.append(TRUTH[:4], np.log(np.expm1(TRUTH[4])))
    away = (fits.params.mean(axis=0) - truth) / (fits.params.std(axis=0) / np.sqrt(40))
    assert np.all(np.abs(away) < 4)
    assert np.mean(np.abs(fits.params - truth) < 2 * fits.bse) > 0.9


@pytest.mark.parametrize(("end", "edge"), [(0.0, ()), (1.0, ("gap",))])
def test_an_end_that_never_occurs_is_told(end, edge):
    y = np.where(end == Y, 0.5, Y)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit = jg.GLM(y, X, family="ordered_beta").fit()
    assert fit.status.name == "BOUNDARY"
    assert all(f"{name} tends to" in str(told[0].message) for name in edge)
    assert fit.predict(which="prob", at=end).max() < 1e-9


def test_every_parameter_has_a_formula():
    columns = {"y": Y, "x": X[:, 1]}
    fit = jg.glm({"mu": "y ~ x", "phi": "~ x", "cut": "~ x"}, columns, family="ordered_beta")
    assert fit.converged
    assert [t for t in fit.names if "x" in t] == ["x", "phi: x", "cut: x"]


# ---------------------------------------------------------------- inflation


def test_inflation_is_three_fits():
    """Its likelihood splits: at an end or not, at which, and a Beta in between."""
    whole = jg.GLM(Y, {"mu": X, "end": X, "one": X}, family="zero_one_inflated_beta").fit()
    parts = [
        jg.GLM(Y[INSIDE], X[INSIDE], family="beta").fit(),
        jg.GLM(~INSIDE, X, family="binomial").fit(),
        jg.GLM(Y[~INSIDE], X[~INSIDE], family="binomial").fit(),
    ]
    given = dict(zip(whole.names, np.asarray(whole.params), strict=True))
    assert np.allclose([given["x0"], given["x1"], given["log(phi)"]], parts[0].params, atol=1e-8)
    assert np.allclose([given["end: x0"], given["end: x1"]], parts[1].params, atol=1e-8)
    assert np.allclose([given["one: x0"], given["one: x1"]], parts[2].params, atol=1e-8)
    assert whole.llf == pytest.approx(sum(p.llf for p in parts), rel=1e-12)
    chance = parts[1].predict() * parts[2].predict(X)
    assert np.allclose(whole.predict(which="prob", at=1.0), chance, rtol=1e-8)
    assert np.allclose(whole.fittedvalues, chance + (1 - parts[1].predict()) * parts[0].predict(X), rtol=1e-6)


def test_inflation_of_another_family_and_in_other_words():
    nested = jg.inflated(jg.inflated(jg.Beta(), at=0), at=1)
    one, two = (jg.GLM(Y, X, family=f).fit() for f in (jg.zero_one_inflated(jg.Beta()), nested))
    assert one.llf == pytest.approx(two.llf, rel=1e-10)
    assert one.family_params["end"] * one.family_params["one"] == pytest.approx(two.family_params["pi2"], rel=1e-8)
    assert jg.zero_one_inflated(jg.truncated(jg.Gaussian(), 0.1, 0.9)).support.atoms == (0.0, 1.0)


# ---------------------------------------------------------------- what users get wrong


@pytest.mark.parametrize("family", ["ordered_beta", "zoib"])
def test_shares_beyond_the_ends(family):
    with pytest.raises(ValueError, match=r"2 of 3 rows are not \(first: row 1, y = 30\)"):
        jg.GLM([0.0, 30.0, -1.0], np.ones((3, 1)), family=family).fit()


def test_words_that_help():
    with pytest.raises(ValueError, match=r"from 0 to 1, both included.* Divide percentages by 100"):
        jg.GLM([0.0, 30.0], np.ones((2, 1)), family="ordered_beta").fit()
    with pytest.raises(ValueError, match=r"exactly 0 or 1 need OrderedBeta or zero_one_inflated"):
        jg.GLM([0.0, 0.3], np.ones((2, 1)), family="beta").fit()
    with pytest.raises(ValueError, match="without a mass at 0 or 1, such as Beta"):
        jg.zero_one_inflated(jg.Poisson())
