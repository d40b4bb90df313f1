"""Every family beyond the first eight and every combinator: the laws, the traits, and distribution functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxglm as jg

PLAIN, NB = jg.Poisson(), jg.NegativeBinomial()
SHAPES = ((-0.4, 1.2), (0.3, 2.5))  # where a density of shares has its mass inside floating-point numbers
CHECKED = {  # family, points at which the integrals are taken (None: the usual three)
    "student": (jg.StudentT(), None),
    "log-normal": (jg.LogNormal(), None),
    "weibull": (jg.Weibull(), None),
    "log-logistic": (jg.LogLogistic(), None),
    "logistic": (jg.Logistic(), None),
    "gumbel": (jg.Gumbel(), None),
    "beta": (jg.Beta(), SHAPES),
    "beta-probit": (jg.Beta(mu=jg.Probit()), SHAPES),
    "beta-cloglog": (jg.Beta(mu=jg.CLogLog()), SHAPES),
    "asymmetric laplace": (jg.AsymmetricLaplace(tau=0.2, smoothing=0.3), None),
    "laplace": (jg.Laplace(), None),
    "tweedie": (jg.Tweedie(), None),
    "nb1": (jg.NegativeBinomial1(), None),
    "nb-p": (jg.NegativeBinomialP(), None),
    "generalised poisson": (jg.GeneralisedPoisson(), None),
    "conway-maxwell-poisson": (jg.ConwayMaxwellPoisson(), None),
    "poisson inverse gaussian": (jg.PoissonInverseGaussian(), None),
    "beta-binomial": (jg.BetaBinomial(mu=jg.Probit()), None),
    "zinb": (jg.zero_inflated(NB), None),
    "hurdle poisson": (jg.hurdle(PLAIN), None),
    "hurdle gamma": (jg.hurdle(jg.Gamma(mu=jg.Inverse())), None),
    "zero- and one-inflated beta": (
        jg.inflated(jg.inflated(jg.Beta(phi=jg.Fixed(5.0)), at=0), at=1),
        ((0.3, -1.0, 0.4),),
    ),
    "zero-one-inflated beta": (jg.zero_one_inflated(), ((-0.4, 1.2, 0.3, -0.5), (0.3, 2.5, -1.0, 0.2))),
    "ordered beta": (jg.OrderedBeta(), ((-0.4, 1.2, 0.3, -0.5), (0.3, 2.5, -1.0, 1.2))),
    "ordered beta by its mean": (jg.OrderedBeta(mu=jg.Probit(), gap=jg.Fixed(2.0)), ((-0.4, 1.2, -1.0),)),
    "threes": (jg.inflated(PLAIN, at=3), None),
    "positive poisson": (jg.truncated(PLAIN, 1), None),
    "counts from 2 to 9": (jg.truncated(PLAIN, 2, 9), None),
    "bounded gaussian": (jg.truncated(jg.Gaussian(), -1, 2), None),
    "mixture": (jg.mixture(jg.Gaussian(), jg.Gaussian()), None),
}


@pytest.mark.parametrize("name", CHECKED)
def test_laws_of_the_log_likelihood(name):
    family, at = CHECKED[name]
    verdicts = jg.check_family(family, at=at, verbose=False)
    assert len(verdicts) >= 4
    assert all(v.passed for v in verdicts), "\n".join(map(str, verdicts))


TRAITS = {
    "tweedie": (jg.Tweedie(), True, "phi", None),  # with a free power the dispersion is fitted with it
    "tweedie of known power": (jg.Tweedie(p=jg.Fixed(1.5)), True, "phi", "phi"),
    "conway-maxwell-poisson": (jg.ConwayMaxwellPoisson(), True, None, None),  # in terms of its mean
    "nb1": (jg.NegativeBinomial1(), False, None, None),
    "beta": (jg.Beta(), False, None, None),
    "zip": (jg.zero_inflated(PLAIN), False, None, None),
}


@pytest.mark.parametrize("name", TRAITS)
def test_traits(name):
    family, edm, dispersion, apart = TRAITS[name]
    assert (family.traits.edm, family.traits.dispersion, family.dispersion) == (edm, dispersion, apart)


def zip_by_hand(y, mu, pi):
    poisson = y * mu.log - mu.value - jax.lax.lgamma(y + 1)
    return jnp.where(y == 0, jnp.logaddexp(pi.log, pi.log1m + poisson), pi.log1m + poisson)


def test_zeros_that_are_not_poisson_are_seen():
    """Off zero the score of this family is that of a Poisson mean: only the edge of the support tells."""
    family = jg.Family.from_loglik(zip_by_hand, support=jg.counts, mu=jg.Log(), pi=jg.Logit())
    assert not family.traits.edm


# ---------------------------------------------------------------- distribution functions


@jax.jit
def tails(family, y, eta):
    return jax.vmap(lambda t: family.log_tails(t, *family.views(eta)))(y)


def scipy_beta(mean, precision):
    return stats.beta(mean * precision, (1 - mean) * precision)


TAILS = {  # family, eta, the same distribution by scipy, relative error
    "gamma of shape 0.3": (jg.Gamma(), (0.2, -np.log(0.3)), stats.gamma(0.3, scale=np.exp(0.2) / 0.3), 1e-10),
    "gamma of shape 900": (jg.Gamma(), (0.2, -np.log(900)), stats.gamma(900, scale=np.exp(0.2) / 900), 1e-10),
    "cauchy": (jg.StudentT(df=jg.Fixed(1.0)), (0.3, 0.5), stats.cauchy(0.3, np.exp(0.5)), 1e-10),
    "student": (jg.StudentT(), (0.3, 0.5, np.log(5)), stats.t(5, 0.3, np.exp(0.5)), 1e-10),
    "beta": (jg.Beta(), (0.4, np.log(7)), scipy_beta(1 / (1 + np.exp(-0.4)), 7.0), 1e-10),
    "inverse gaussian": (jg.InverseGaussian(), (np.log(5), 0.0), stats.invgauss(5.0), 1e-9),
    "poisson": (PLAIN, (np.log(200),), stats.poisson(200.0), 1e-10),
    "negative binomial": (NB, (np.log(3e3), np.log(3)), stats.nbinom(1 / 3, 1 / (1 + 9e3)), 1e-9),
    "gaussian": (jg.Gaussian(), (1.0, np.log(4)), stats.norm(1, 2), 1e-12),
    "weibull": (jg.Weibull(), (0.3, np.log(0.5)), stats.weibull_min(2, scale=np.exp(0.3)), 1e-12),
    "gumbel": (jg.Gumbel(), (0.3, 0.2), stats.gumbel_r(0.3, np.exp(0.2)), 1e-12),
}


@pytest.mark.parametrize("name", TAILS)
def test_both_tails(name, x64):
    family, eta, truth, tolerance = TAILS[name]
    y = np.unique(np.concatenate([truth.ppf([1e-9, 1e-3, 0.2, 0.49, 0.7]), truth.isf([1e-3, 1e-9])]))
    got = tails(family, jnp.asarray(y), tuple(jnp.asarray(e) for e in eta))
    for ours, theirs in zip(got, (truth.logcdf(y), truth.logsf(y)), strict=True):
        unit = np.maximum(1, np.abs(theirs)) if tolerance > 1e-12 else 1
        assert np.max(np.abs(np.asarray(ours) - theirs) / unit) < tolerance


def by_rate(y, mu):
    """A user's exponential, without a distribution function."""
    return -mu.log - jnp.exp(jnp.log(y) - mu.log)


def test_a_tail_without_a_closed_form_has_derivatives(x64):
    """Of log P(Y > y) = -y exp(-eta): slope y exp(-eta), curvature minus that."""
    family = jg.Family.from_loglik(by_rate, support=jg.positive, mu=jg.Log())
    survival = jax.jit(lambda e: family.log_tails(jnp.asarray(3.0), *family.views((e,)))[1])
    slope, curvature = jax.jit(jax.grad(survival))(0.4), jax.jit(jax.hessian(survival))(0.4)
    assert np.allclose([slope, curvature], [3 * np.exp(-0.4), -3 * np.exp(-0.4)], rtol=1e-10)


# ---------------------------------------------------------------- limits


@jax.jit
def logliks(family, y, eta):
    return jax.vmap(lambda t: family.loglik(t, *family.views(eta)))(y)


COUNTS = np.asarray([0.0, 1.0, 4.0, 30.0])
REALS = np.asarray([-2.0, 0.1, 5.0])
LIMITS = {  # a family at the edge of its further parameters, and the simpler one there
    "t of many degrees": (jg.StudentT(), (0.3, 0.2, 36.0), jg.Gaussian(), (0.3, 0.4), REALS),
    "nb1 without overdispersion": (jg.NegativeBinomial1(), (0.7, -37.0), PLAIN, (0.7,), COUNTS),
    "generalised without overdispersion": (jg.GeneralisedPoisson(), (0.7, -37.0), PLAIN, (0.7,), COUNTS),
    "pig without overdispersion": (jg.PoissonInverseGaussian(), (0.7, -37.0), PLAIN, (0.7,), COUNTS),
    "nb-p at 2": (jg.NegativeBinomialP(), (0.7, -0.2, 2.0), NB, (0.7, -0.2), COUNTS),
    "nb-p at 1": (jg.NegativeBinomialP(), (0.7, -0.2, 1.0), jg.NegativeBinomial1(), (0.7, -0.2), COUNTS),
    "cmp at nu = 1": (jg.ConwayMaxwellPoisson(), (0.7, 0.0), PLAIN, (0.7,), COUNTS),
    "cmp at nu = 0": (jg.ConwayMaxwellPoisson(), (0.7, -37.0), jg.Geometric(), (0.7,), COUNTS),
    "zip without zeros": (jg.zero_inflated(PLAIN), (0.7, -40.0), PLAIN, (0.7,), COUNTS),
    "weibull of shape 1": (jg.Weibull(), (0.7, 0.0), jg.Exponential(), (0.7,), REALS[1:]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limit(name, x64):
    family, eta, simpler, its_eta, y = LIMITS[name]
    as_arrays = lambda values: tuple(jnp.asarray(v) for v in values)  # noqa: E731
    got, truth = (logliks(f, jnp.asarray(y), as_arrays(e)) for f, e in ((family, eta), (simpler, its_eta)))
    assert np.allclose(got, truth, rtol=1e-12, atol=1e-12)


def test_a_beta_whose_mean_underflows(x64):
    """At a probit of -40 the mean is exp(-804.6): there the density is mean phi / (y (1 - y))."""
    got = logliks(jg.Beta(mu=jg.Probit()), jnp.asarray([0.3]), tuple(jnp.asarray(e) for e in (-40.0, 0.3)))
    wanted = stats.norm.logcdf(-40) + 0.3 - np.log(0.3) + (np.exp(0.3) - 1) * np.log(0.7)
    assert np.allclose(got, wanted, rtol=1e-13)


def test_beta_binomial_without_correlation(x64):
    y = (jnp.asarray([0.0, 3.0, 7.0]), jnp.asarray([7.0, 7.0, 7.0]))
    got, truth = (logliks(f, y, e) for f, e in ((jg.BetaBinomial(), (0.3, -37.0)), (jg.Binomial(), (0.3,))))
    assert np.allclose(got, truth, rtol=1e-12)
