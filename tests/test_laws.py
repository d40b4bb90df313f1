"""Laws of every log-likelihood: normalisation, Bartlett's identities, and the textbook forms of what is derived."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxglm as jg
from jaxglm.diagnostics import facts
from jaxglm.problem import Problem, expected_information
from tests.members import MEMBERS

CHECKED = (  # every family, every link
    "gaussian-identity", "bernoulli-logit", "binomial-probit", "binomial-cloglog", "binomial-loglog",
    "binomial-cauchit", "binomial-log", "poisson-log", "poisson-identity", "poisson-sqrt", "poisson-power",
    "gamma-log", "gamma-inverse", "inverse_gaussian-log", "inverse_gaussian-inverse_squared", "negbin-log",
    "negbin(0.5)-log", "exponential-log", "geometric-log",
)  # fmt: skip


@pytest.mark.parametrize("name", CHECKED)
def test_laws_of_the_log_likelihood(name):
    verdicts = jg.check_family(MEMBERS[name].family, verbose=False)
    assert len(verdicts) >= 3
    assert all(v.passed for v in verdicts), "\n".join(map(str, verdicts))


def no_factorial(y, mu):
    return y * mu.log - mu.value


def no_normaliser(y, mu):
    return -jnp.exp(jnp.log(y) - mu.log)


def score_of_half_the_data(y, mu):
    return -jax.lax.stop_gradient(mu.log) - jnp.exp(jnp.log(y) - mu.log)


def fraying(y, mu):
    return y * jnp.log(mu.value) + (1 - y) * jnp.log1p(-mu.value)


def halved_curvature(y, mu):
    """The right value and score of an exponential, and a curvature that is not theirs."""
    eta = mu.log
    still = jax.lax.stop_gradient(eta)
    right = lambda e: -e - jnp.exp(jnp.log(y) - e)  # noqa: E731
    return jax.lax.stop_gradient(right(eta)) + (eta - still) * (jnp.exp(jnp.log(y) - 0.25 * eta - 0.75 * still) - 1)


WRONG = {  # function, support, link, the laws that fail
    "a constant forgotten": (no_factorial, jg.counts, jg.Log(), {0, 1, 2}),
    "a normaliser forgotten": (no_normaliser, jg.positive, jg.Log(), {0, 1, 2}),
    "a part without derivative": (score_of_half_the_data, jg.positive, jg.Log(), {1, 2}),
    "a wrong second derivative": (halved_curvature, jg.positive, jg.Log(), {2}),
    "logarithms of a rounded parameter": (fraying, jg.binary, jg.Logit(), {3}),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_log_likelihood_fails(what, capsys):
    function, support, link, broken = WRONG[what]
    verdicts = jg.check_family(jg.Family.from_loglik(function, support=support, mu=link))
    assert {j for j, v in enumerate(verdicts) if not v.passed} == broken
    assert capsys.readouterr().out.count("FAIL") == len(broken)


# ---------------------------------------------------------------- textbook forms of what is derived


def logistic_deviance(y, mu):
    return 2 * (special.xlogy(y, y / mu) + special.xlogy(1 - y, (1 - y) / (1 - mu)))


def nb_deviance(alpha, y, mu):
    return 2 * (special.xlogy(y, y / mu) - (y + 1 / alpha) * np.log((1 + alpha * y) / (1 + alpha * mu)))


def gamma_deviance(y, mu):
    return 2 * ((y - mu) / mu - np.log(y / mu))


COUNTS = np.asarray([0.0, 1.0, 2.0, 7.0, 40.0])
SIZES = np.asarray([1e-3, 0.4, 1.0, 2.5, 30.0])
TEXTBOOK = {  # family, y, mean, unit variance, unit deviance
    "gaussian": (jg.Gaussian(phi=jg.Fixed(1.0)), SIZES - 2, SIZES, np.ones_like, lambda y, mu: (y - mu) ** 2),
    "bernoulli": (
        jg.Binomial(mu=jg.Probit()), np.asarray([0.0, 1.0]), np.asarray([1e-6, 0.2, 0.5, 0.9, 1 - 1e-6]),
        lambda mu: mu * (1 - mu), logistic_deviance,
    ),
    "poisson": (
        jg.Poisson(), COUNTS, SIZES, lambda mu: mu, lambda y, mu: 2 * (special.xlogy(y, y / mu) - (y - mu)),
    ),
    "poisson-sqrt": (
        jg.Poisson(mu=jg.Sqrt()), COUNTS, SIZES, lambda mu: mu,
        lambda y, mu: 2 * (special.xlogy(y, y / mu) - (y - mu)),
    ),
    "gamma-inverse": (
        jg.Gamma(mu=jg.Inverse(), phi=jg.Fixed(1.0)), SIZES, SIZES, np.square, gamma_deviance,
    ),
    "inverse gaussian": (
        jg.InverseGaussian(phi=jg.Fixed(1.0)), SIZES, SIZES, lambda mu: mu**3,
        lambda y, mu: (y - mu) ** 2 / (mu**2 * y),
    ),
    "negbin": (
        jg.NegativeBinomial(alpha=jg.Fixed(0.6)), COUNTS, SIZES, lambda mu: mu + 0.6 * mu**2, partial(nb_deviance, 0.6),
    ),
    "exponential": (jg.Exponential(), SIZES, SIZES, np.square, gamma_deviance),
    "geometric": (jg.Geometric(), COUNTS, SIZES, lambda mu: mu + mu**2, partial(nb_deviance, 1.0)),
}  # fmt: skip
facts_at = jax.jit(facts)


def grid(y, mean):
    return tuple(a.ravel() for a in np.meshgrid(y, mean))


@pytest.mark.parametrize("name", TEXTBOOK)
def test_variance_information_and_deviance(name, x64):
    family, y, mean, variance, deviance = TEXTBOOK[name]
    y, mean = grid(y, mean)
    eta = family.links[0].forward(jnp.asarray(mean))
    at = jax.device_get(facts_at(Problem(family, jnp.asarray(y), (), ()), (eta,)))
    assert np.allclose(at.mean, mean, rtol=1e-12)
    assert np.allclose(at.slope**2 / at.expected, variance(mean), rtol=1e-9)
    assert np.allclose(at.score, at.slope * (y - mean) / variance(mean), rtol=1e-9, atol=1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = deviance(y, mean)
    assert np.allclose(at.deviance, expected, rtol=1e-10, atol=1e-12)
    assert (at.deviance >= -1e-15).all()


def test_counts_with_trials(x64):
    k, n = np.asarray([0.0, 3.0, 8.0, 5.0, 1.0]), np.asarray([8.0, 8.0, 8.0, 5.0, 1.0])
    mean = np.asarray([0.1, 0.375, 0.9, 0.7, 0.2])
    eta = jnp.log(mean / (1 - mean))
    at = jax.device_get(facts_at(Problem(jg.Binomial(), (jnp.asarray(k), jnp.asarray(n)), (), ()), (eta,)))
    assert np.allclose(at.expected, n * mean * (1 - mean), rtol=1e-12)
    assert np.allclose(at.response, k / n)
    assert np.allclose(at.deviance, n * logistic_deviance(k / n, mean), rtol=1e-10, atol=1e-13)
    choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    exact = choose + special.xlogy(k, mean) + special.xlog1py(n - k, -mean)
    assert np.allclose(at.loglik, exact, rtol=1e-12, atol=1e-13)


def test_a_deviance_near_zero_keeps_its_digits(x64):
    """A mean within 1e-7 of y: the difference of two log-likelihoods has no digit left."""
    y = np.asarray([3.0, 50.0, 1000.0])
    mean = y * (1 + 1e-7)
    at = facts_at(Problem(jg.Poisson(), jnp.asarray(y), (), ()), (jnp.log(mean),))
    assert np.allclose(at.deviance, (y - mean) ** 2 / y, rtol=1e-5)


@pytest.mark.parametrize("phi", [0.3, 2.0])
def test_the_expected_information_scales_with_the_dispersion(phi, x64):
    family = jg.Gamma(phi=jg.Fixed(phi))
    y = jnp.asarray([0.2, 1.0, 5.0])
    at = expected_information(Problem(family, y, (), ()), (jnp.zeros(3) + 0.3,))
    assert np.allclose(at, 1 / phi, rtol=1e-12)


def test_the_expected_information_beside_a_shared_parameter(x64):
    y, mean, alpha = jnp.asarray([0.0, 2.0, 9.0]), jnp.asarray([0.5, 2.0, 7.0]), 0.4
    eta = (jnp.log(mean), jnp.log(jnp.asarray(alpha)))
    at = expected_information(Problem(jg.NegativeBinomial(), y, (), ()), eta)
    assert np.allclose(at, mean / (1 + alpha * mean), rtol=1e-12)


# ---------------------------------------------------------------- traits


def student(y, mu, scale):
    return -2.5 * jnp.log1p(((y - mu.value) / scale.value) ** 2 / 4) - scale.log


def by_shape(y, mu, shape):
    ratio = jnp.log(y) - mu.log
    return shape.value * (ratio - jnp.exp(ratio)) + shape.value * shape.log - jax.lax.lgamma(shape.value) - jnp.log(y)


def log_normal(y, mu, phi):
    return -0.5 * (jnp.log(y) - mu.value) ** 2 / phi.value - 0.5 * phi.log - jnp.log(y)


TRAITS = {
    "gaussian": (jg.Gaussian(), True, "phi"),
    "gaussian with known phi": (jg.Gaussian(phi=jg.Fixed(2.0)), True, "phi"),
    "gamma": (jg.Gamma(mu=jg.Inverse()), True, "phi"),
    "inverse gaussian": (jg.InverseGaussian(), True, "phi"),
    "binomial": (jg.Binomial(mu=jg.CLogLog()), True, None),
    "poisson": (jg.Poisson(), True, None),
    "negbin": (jg.NegativeBinomial(), True, None),
    "exponential": (jg.Exponential(), True, None),
    "geometric": (jg.Geometric(), True, None),
    "student": (jg.Family.from_loglik(student, mu=jg.Identity(), scale=jg.Log()), False, None),
    "gamma by shape": (
        jg.Family.from_loglik(by_shape, support=jg.positive, mu=jg.Log(), shape=jg.Log()), True, None,
    ),
    "log-normal": (
        jg.Family.from_loglik(log_normal, support=jg.positive, mu=jg.Identity(), phi=jg.Log()), False, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAITS)
def test_traits(name):
    family, edm, dispersion = TRAITS[name]
    assert (family.traits.edm, family.traits.dispersion) == (edm, dispersion)
