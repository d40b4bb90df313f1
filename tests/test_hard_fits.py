"""Maxima that are easy to state and were hard to reach: walls far away, scales far from one, rows of leverage one."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special

import jaxglm as jg

N = 50
SCALES = (1e-6, 1e-3, 1e4)


def sample(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5, N)
    return rng, np.column_stack([np.ones(N), x])


@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.DomainWarning")
@pytest.mark.parametrize("scale", [1.0, *SCALES])
@pytest.mark.parametrize("dispersion", [0.02, 0.2, 1.0])
def test_inverse_gaussian_with_identity_link(dispersion, scale):
    """Its log-likelihood has a limit as the mean grows: a barrier that grew for ever led there."""
    rng, X = sample(1)
    y = rng.wald(X.sum(1), 1 / dispersion)
    fit = jg.GLM(scale * y, X, family="inverse_gaussian", link="identity").fit()
    family = sm.families.InverseGaussian(sm.families.links.Identity())
    truth = sm.GLM(y, X, family=family).fit(tol=1e-13, maxiter=500)
    assert fit.converged
    np.testing.assert_allclose(np.asarray(fit.params), scale * truth.params, rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_negative_binomial_with_identity_link(seed):
    rng, X = sample(seed)
    y = rng.poisson(X.sum(1) * rng.gamma(1 / 8, 8, N))
    fit = jg.GLM(y, X, family="negbin", link="identity").fit()

    def loss(theta):
        mu, r = X @ theta[:2], np.exp(-theta[2])
        if np.any(mu <= 0):
            return np.inf
        ways = special.gammaln(y + r) - special.gammaln(r) - special.gammaln(y + 1)
        return -np.sum(ways + special.xlogy(y, mu / (mu + r)) - r * np.log1p(mu / r))

    starts = ([1.0, 1.0, 2.0], [4.0, 0.1, 2.0], [0.1, 2.0, 2.0])
    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20_000, "maxfev": 20_000}
    best = min(optimize.minimize(loss, s, method="Nelder-Mead", options=options).fun for s in starts)
    assert fit.status.name in ("CONVERGED", "BOUNDARY")
    assert fit.llf == pytest.approx(-best, rel=1e-7)


@pytest.mark.parametrize("scale", SCALES)
def test_gumbel_in_other_units(scale):
    rng, X = sample(2)
    y = X.sum(1) + rng.gumbel(size=N)
    one, other = (jg.GLM(s * y, X, family="gumbel").fit() for s in (1.0, scale))
    assert other.converged
    np.testing.assert_allclose(np.asarray(other.params)[:2], scale * np.asarray(one.params)[:2], rtol=1e-8)
    assert other.llf == pytest.approx(one.llf - N * np.log(scale), abs=1e-7)


def test_censored_gumbel_in_other_units():
    rng, X = sample(3)
    time, limit = X.sum(1) + rng.gumbel(size=N), rng.uniform(2, 8, N)
    fits = [jg.GLM((s * np.minimum(time, limit), time <= limit), X, family=jg.censored(jg.Gumbel())).fit()
            for s in (1.0, 1e3)]  # fmt: skip
    assert all(fit.converged for fit in fits)
    np.testing.assert_allclose(np.asarray(fits[1].params)[:2], 1e3 * np.asarray(fits[0].params)[:2], rtol=1e-8)


def test_jeffreys_penalty_with_a_row_of_leverage_one():
    """Each group has (successes + 1/2) / (rows + 1): exact, as the model is saturated."""
    X = np.column_stack([np.ones(5), [0, 0, 0, 0, 1]])
    fit = jg.GLM([0, 1, 0, 1, 1], X, family="binomial", penalty="jeffreys").fit()
    assert fit.converged
    np.testing.assert_allclose(np.asarray(fit.params), [0.0, np.log(3)], atol=1e-8)


def test_separation_does_not_depend_on_the_order_of_classes():
    rng = np.random.default_rng(1)
    group = np.repeat(["u", "v"], [50, 10])
    y = rng.choice(list("abc"), 60)
    y[(group == "v") & (y == "c")] = "a"
    frame = pd.DataFrame(dict(x=rng.normal(size=60), g=group, y=y))
    swapped = frame.assign(y=frame["y"].map({"a": "a", "b": "c", "c": "b"}))
    with pytest.warns(jg.FitWarning):
        fits = [jg.glm("y ~ x + g", d, family="multinomial") for d in (frame, swapped)]
    assert [fit.status.name for fit in fits] == ["SEPARATED", "SEPARATED"]
    assert fits[0].llf == pytest.approx(fits[1].llf, rel=1e-9)


@pytest.mark.parametrize("family", ["negbin", "nb1", "zinb"])
def test_counts_with_less_than_poisson_variance(family):
    """The limit is Poisson's model, and alpha is said to tend to zero, however far out the last step ended."""
    y = np.array([2, 3, 4, 3, 2, 3, 4, 3, 3, 2, 5, 3.0])
    X = np.column_stack([np.ones(12), np.arange(12)])
    with pytest.warns(jg.FitWarning, match="alpha tends to 0"):
        fit = jg.GLM(y, X, family=family).fit()
    poisson = jg.GLM(y, X, family="poisson").fit()
    assert fit.status.name == "BOUNDARY"
    assert fit.llf == pytest.approx(poisson.llf, rel=1e-9)
    limits = np.asarray(fit.conf_int(method="profile"))
    np.testing.assert_allclose(limits[:2], np.asarray(poisson.conf_int(method="profile")), rtol=1e-6)
    assert limits[2, 0] == -np.inf
    assert np.isfinite(limits[2, 1])
    assert fit.profile("log(alpha)").status()["log(alpha)"][0].name == "INFINITE"
    with pytest.warns(jg.FitWarning, match="BOUNDARY"):
        members = jg.fit_batch(family, X, np.stack([y, y]))
    np.testing.assert_allclose(members.conf_int(method="profile")[1], limits, rtol=1e-6)


@pytest.mark.parametrize("mean", [1e4, 1e6, 1e9])
@pytest.mark.parametrize("seed", range(3))
def test_counts_of_billions(mean, seed):
    """The terms of the log-likelihood are as large as the counts, so their rounding hides what steps gain. Negative
    binomials of large means are Gamma distributed, but for a share of 1 / mean."""
    rng, X = sample(seed)
    mu = mean * np.exp(X @ [0.0, 0.3] * 0.5)
    y = rng.poisson(mu * rng.gamma(2, 0.5, size=N)).astype(float)
    fit = jg.GLM(y, X, family="negbin").fit()
    limit = jg.GLM(y, X, family="gamma", dispersion="ml").fit().with_cov("observed")
    assert fit.converged
    np.testing.assert_allclose(np.asarray(fit.params)[:2], np.asarray(limit.params)[:2], atol=20 / mean + 1e-7)
    np.testing.assert_allclose(np.asarray(fit.bse)[:2], np.asarray(limit.bse)[:2], rtol=20 / mean + 1e-5)


@pytest.mark.parametrize("family", ["negbin", "nb1"])
@pytest.mark.parametrize("mean", [1e3, 1e5, 1e7])
def test_large_counts_without_overdispersion(family, mean):
    """alpha is about 0 or tends to it; either way the log-likelihood is at least Poisson's, and close to it."""
    rng, X = sample(1)
    y = rng.poisson(mean * np.exp(0.3 * X[:, 1])).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        fit = jg.GLM(y, X, family=family).fit()
    assert fit.status.name in ("CONVERGED", "BOUNDARY")
    poisson = jg.GLM(y, X, family="poisson").fit().llf
    assert -1e-14 * N * mean <= fit.llf - poisson + 1e-9 * abs(poisson) <= 10.0


@pytest.mark.parametrize("seed", [0, 6, 7, 13])
def test_tweedie_without_zeros_is_gamma(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=200)
    X = np.column_stack([np.ones(200), x])
    y = rng.gamma(2.0, np.exp(0.5 + 0.3 * x) / 2)
    with pytest.warns(jg.FitWarning, match="p tends to 2"):
        fit = jg.GLM(y, X, family="tweedie").fit()
    limit = jg.GLM(y, X, family="gamma", dispersion="ml").fit()
    assert fit.status.name == "BOUNDARY"
    assert fit.llf == pytest.approx(limit.llf, abs=1e-4)
    np.testing.assert_allclose(np.asarray(fit.params)[:2], np.asarray(limit.params)[:2], atol=1e-5)
