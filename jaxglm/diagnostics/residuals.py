"""Residuals of rows: from their facts, from the variance function, and from the distribution of the response."""

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..families import Family
from ..links import Identity, Parameter
from ..problem import Problem, masked, over_rows
from .distribution import Tails
from .facts import Facts

FACTS = ("response", "working", "pearson", "deviance")
STEPS, REACH = 121, 3.2  # of the double exponential rule from the response to the mean


def residuals(at: Facts, weights, kind: str) -> np.ndarray:
    """Residuals (n,) of this kind from row facts on the host: response, working, pearson, deviance.

    Pearson is score / sqrt(expected information), for a unit dispersion; both sum-of-squares kinds carry the weights.
    """
    root = np.sqrt(weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = {
            "response": lambda: at.response - at.mean,
            "working": lambda: at.score / at.expected,
            "pearson": lambda: root * np.where(at.score == 0, 0.0, at.score / np.sqrt(at.expected)) * np.sign(at.slope),
            "deviance": lambda: root * np.sign(at.response - at.mean) * np.sqrt(np.maximum(at.deviance, 0.0)),
        }
        return table[kind]()


def variance(family: Family, y, eta: tuple, mean):
    """Variance of one response at this mean, of an exponential dispersion model: its score in the mean is affine in
    the response, with slope one over the variance."""

    def score(response):
        observed = family.support.at_mean(y, response)
        return jax.grad(lambda m: family.loglik(observed, Parameter(Identity(), m), *family.views(eta)[1:]))(mean)

    return 1 / jax.grad(score)(mean)


def anscombe(family: Family, y, eta: tuple):
    """Anscombe residual of one observation: the integral of V^(-1/3) from the mean to y, over its standard deviation.

    Source: Anscombe (1953); McCullagh and Nelder (1989), Generalized Linear Models, section 2.4.2. The integrand may be
    infinite at y: a double exponential rule (Takahasi and Mori, 1974) has its nodes dense there.
    """
    mean, response = family.views(eta)[0].value, family.support.response(y)
    t = jnp.linspace(-REACH, REACH, STEPS, dtype=mean.dtype)
    inner = jnp.pi / 2 * jnp.sinh(t)
    away = jax.nn.sigmoid(2 * inner)  # share of the way from y to the mean
    weight = 2 * REACH / (STEPS - 1) * jnp.pi * jnp.cosh(t) * away * jax.nn.sigmoid(-2 * inner)
    V = jax.vmap(lambda m: variance(family, y, eta, m))(response + (mean - response) * away)
    inside = (V > 0) & jnp.isfinite(V)
    root = jnp.where(inside, jnp.where(inside, V, 1.0) ** (-1 / 3), 0.0)
    return (response - mean) * jnp.sum(weight * root) / variance(family, y, eta, mean) ** (1 / 6)


@program
def _anscombe(problem, eta):
    y, eta = masked(problem, eta)
    return over_rows(lambda y, *e: anscombe(problem.family, y, e), y, eta)


def anscombe_of(problem: Problem, eta) -> np.ndarray:
    """HOST: Anscombe residuals (n,) at linear predictors eta, for unit weights."""
    with jax.enable_x64(True):
        return jax.device_get(_anscombe(problem, eta))


def quantile_residuals(tails: Tails, uniform) -> np.ndarray:
    """Standard normal quantiles (n,) of the distribution function at y; at a jump of it a place within is drawn.

    uniform: (n,) numbers in (0, 1). The smaller tail is used, in logs: no residual is infinite where its density is
    not zero. Source: Dunn and Smyth (1996), J. Comput. Graph. Statist. 5.
    """
    from scipy.special import ndtri_exp

    with np.errstate(divide="ignore"):
        lower = np.logaddexp(tails.below, np.log(uniform) + tails.at) - tails.mass
        upper = np.logaddexp(tails.above, np.log1p(-uniform) + tails.at) - tails.mass
    size = ndtri_exp(np.minimum(np.minimum(lower, upper), 0.0))
    return np.where(lower < upper, size, -size)
