"""Tails and moments of the response of any family, against SciPy, exact sums and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import betaln, gammaln
from scipy import stats

import jaxglm as jg
from jaxglm.diagnostics import moments_at, tails_at

N = 32  # one bucket: each family compiles once


def student(y, mu, s):
    """Student's t with three degrees of freedom."""
    z = (y - mu.value) / s.value
    return -2 * jnp.log1p(z * z / 3) - s.log + np.log(2 / (np.pi * np.sqrt(3)))


def beta(y, mu, phi):
    a, b = mu.value * phi.value, (1 - mu.value) * phi.value
    return (a - 1) * jnp.log(y) + (b - 1) * jnp.log1p(-y) - betaln(a, b)


def inflated(y, mu, p):
    """Poisson with further zeros."""
    count = y * mu.log - mu.value - gammaln(y + 1)
    return jnp.where(y == 0, jnp.logaddexp(p.log, p.log1m + count), p.log1m + count)


def waiting(y, mu, p):
    """A chance p of zero, else exponential."""
    return jnp.where(y == 0, p.log, p.log1m - mu.log - y / mu.value)


OWN = {
    "student": jg.Family.from_loglik(student, mu=jg.Identity(), s=jg.Log()),
    "beta": jg.Family.from_loglik(beta, support=jg.unit, mu=jg.Logit(), phi=jg.Log()),
    "inflated": jg.Family.from_loglik(inflated, support=jg.counts, mu=jg.Log(), p=jg.Logit()),
    "waiting": jg.Family.from_loglik(waiting, support=jg.nonnegative, mu=jg.Log(), p=jg.Logit()),
}


def negbin(mu, alpha):
    return stats.nbinom(1 / alpha, 1 / (1 + alpha * mu))


CASES = {  # family, eta, SciPy's distribution, largest error of a probability
    **{
        f"poisson-{m:g}": (jg.Poisson(), (np.log(m),), stats.poisson(m), 1e-8)
        for m in (1e-3, 0.5, 20, 333.3, 1e4, 1e6)
    },
    **{
        f"negbin-{m:g}-{a:g}": (jg.NegativeBinomial(), (np.log(m), np.log(a)), negbin(m, a), 1e-8)
        for m, a in ((5.0, 1.0), (1e5, 0.7), (1e5, 20.0), (1e3, 1e-6))
    },
    **{
        f"gaussian-{m:g}-{s:g}": (jg.Gaussian(), (m, 2 * np.log(s)), stats.norm(m, s), 1e-8)
        for m, s in ((0.0, 1.0), (1e3, 1e-3), (3.0, 1e5))
    },
    **{
        f"gamma-{m:g}-{p:g}": (jg.Gamma(), (np.log(m), np.log(p)), stats.gamma(1 / p, scale=m * p), 1e-8)
        for m, p in ((3.0, 0.5), (1e5, 1e-4), (2.0, 4.0))
    },
    "inverse_gaussian": (jg.InverseGaussian(), (np.log(2), np.log(1 / 0.7)), stats.invgauss(2 / 0.7, scale=0.7), 1e-8),
    "exponential": (jg.Exponential(), (np.log(3.0),), stats.expon(scale=3), 1e-8),
    "geometric": (jg.Geometric(), (np.log(3.0),), stats.nbinom(1, 0.25), 1e-8),
    "student": (OWN["student"], (0.5, 0.3), stats.t(3, 0.5, np.exp(0.3)), 1e-8),
    "beta-2-3": (OWN["beta"], (np.log(2 / 3), np.log(5)), stats.beta(2, 3), 1e-8),
    "beta-narrow": (OWN["beta"], (np.log(5 / 9), np.log(14e3)), stats.beta(5e3, 9e3), 1e-8),
}


@pytest.mark.parametrize("name", CASES)
def test_tails_are_scipys(name):
    family, eta, law, error = CASES[name]
    u = np.concatenate([[1e-8, 1 - 1e-8], np.linspace(0.01, 0.99, N - 2)])
    y = law.ppf(u).astype(float)
    found = tails_at(family, y, eta)
    below = law.cdf(y - 1) if family.support.whole else law.cdf(y)
    np.testing.assert_allclose(np.exp(found.below), below, atol=error)
    np.testing.assert_allclose(found.cdf, law.cdf(y), atol=error)
    np.testing.assert_allclose(found.sf, law.sf(y), atol=error)
    np.testing.assert_allclose(found.mass, 0, atol=error)
    assert np.isneginf(found.at).all() != family.support.whole


@pytest.mark.parametrize("name", [n for n in CASES if n != "student"])
def test_moments_are_scipys(name):
    family, eta, law, _ = CASES[name]
    found = moments_at(family, np.full(3, law.median()), eta)
    mean, variance = law.stats("mv")
    np.testing.assert_allclose(found.mean, mean, rtol=1e-8, atol=1e-8 * np.sqrt(variance))
    np.testing.assert_allclose(found.variance, variance, rtol=1e-6)


@pytest.mark.parametrize("trials", [1, 12, 1000, 10**6])
def test_successes(trials):
    law, eta = stats.binom(trials, 0.3), (np.log(0.3 / 0.7),)
    y = np.concatenate([[0.0, trials], law.ppf(np.linspace(0.01, 0.99, N - 2))])
    found = tails_at(jg.Binomial(), (y, np.full(N, float(trials))), eta)
    np.testing.assert_allclose(found.cdf, law.cdf(y), atol=1e-8)
    np.testing.assert_allclose(np.exp(found.above), law.sf(y), atol=1e-8)
    at = moments_at(jg.Binomial(), (y, np.full(N, float(trials))), eta)
    np.testing.assert_allclose(at.variance, trials * 0.21, rtol=1e-7)


def test_zero_or_one():
    found = tails_at(jg.Binomial(), np.asarray([0.0, 1.0]), (0.4,))
    p = 1 / (1 + np.exp(-0.4))
    np.testing.assert_allclose(found.cdf, [1 - p, 1], rtol=1e-14)


def test_extra_zeros_of_counts_and_of_positive_numbers():
    p, zero = 1 / (1 + np.exp(-0.4)), np.zeros(4)
    y = np.concatenate([zero, stats.poisson(1000).rvs(N - 4, random_state=1)])
    found = tails_at(OWN["inflated"], y, (np.log(1000), 0.4))
    np.testing.assert_allclose(found.cdf, p + (1 - p) * stats.poisson(1000).cdf(y), atol=1e-10)
    y = np.concatenate([zero, stats.expon(scale=2).rvs(N - 4, random_state=1)])
    found = tails_at(OWN["waiting"], y, (np.log(2), 0.4))
    np.testing.assert_allclose(found.cdf, p + (1 - p) * stats.expon(scale=2).cdf(y), atol=1e-10)
    np.testing.assert_allclose(np.exp(found.at[:4]), p, rtol=1e-12)
    assert np.isneginf(found.at[4:]).all()
    at = moments_at(OWN["waiting"], y, (np.log(2), 0.4))
    np.testing.assert_allclose(at.mean, 2 * (1 - p), rtol=1e-10)


def test_an_end_that_belongs_to_the_support_has_no_mass_of_its_own():
    """An exponential on numbers from zero on: its log-likelihood at zero is a density."""
    own = jg.Family.from_loglik(lambda y, mu: -mu.log - y / mu.value, support=jg.nonnegative, mu=jg.Log())
    found = tails_at(own, np.asarray([0.0, 1.0]), (0.0,))
    np.testing.assert_allclose(found.cdf, [0, -np.expm1(-1)], atol=1e-10)


def test_far_tails_keep_their_logs():
    y = np.asarray([-35.0, -10.0, 10.0, 35.0])
    found = tails_at(jg.Gaussian(), y, (0.0, 0.0))
    np.testing.assert_allclose(found.below, stats.norm.logcdf(y), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.above, stats.norm.logsf(y), rtol=1e-10, atol=1e-12)
    found = tails_at(jg.Poisson(), np.asarray([400.0]), (np.log(20.0),))
    exact = np.logaddexp.reduce(stats.poisson(20).logpmf(np.arange(401, 600)))
    np.testing.assert_allclose(found.above, exact, rtol=1e-12)


def test_a_density_that_is_none_is_seen():
    half = jg.Family.from_loglik(lambda y, mu: -mu.log - y / mu.value - np.log(2), support=jg.positive, mu=jg.Log())
    np.testing.assert_allclose(tails_at(half, np.ones(2), (0.0,)).mass, np.log(0.5), rtol=1e-9)


def test_rows_have_their_own_predictors():
    mean = np.linspace(1, 50, 600)  # more than one chunk
    y = stats.poisson(mean).rvs(random_state=2).astype(float)
    np.testing.assert_allclose(tails_at(jg.Poisson(), y, (np.log(mean),)).cdf, stats.poisson(mean).cdf(y), atol=1e-9)
