"""What each row says about a fitted mean: variance, expected curvature, unit deviance. Pure functions."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..families import Family, inside
from ..links import Identity, Parameter
from ..problem import Problem, expected_information, masked, over_rows, rows

NODES, NODE_WEIGHTS = (a.tolist() for a in np.polynomial.legendre.leggauss(8))


class Facts(NamedTuple):
    """Row facts at eta, each (n,): weights are not applied, and a dispersion parameter counts as the family has it."""

    response: Any  # y on the scale of the mean
    mean: Any
    slope: Any  # d mean / d eta
    score: Any  # d loglik / d eta
    expected: Any  # expected information of eta
    deviance: Any  # 2 (saturated - fitted log-likelihood)
    loglik: Any


def facts(problem: Problem, eta: tuple) -> Facts:
    """Row facts of the first parameter at linear predictors eta, one (n,) for each predictor."""
    family = problem.family
    y, eta = masked(problem, eta)
    link = family.links[0]
    mean, slope = jax.jvp(link.inverse, (eta[0],), (jnp.ones_like(eta[0]),))
    at = rows(problem, eta)
    expected = expected_information(problem, eta) if family.traits.edm else -at.curvature[0][0]
    deviance = over_rows(lambda y, *e: _unit_deviance(family, y, e), y, eta)
    response = family.support.response(y)
    return Facts(response, mean, slope, at.score[0], expected, deviance, at.loglik)


def _unit_deviance(family: Family, y, eta):
    if family.support.top is not None:
        return 2 * (family.support.top - family.loglik(y, *family.views(eta)))
    return _mean_deviance(family, y, eta) if family.traits.edm else _searched_deviance(family, y, eta)


def _loglik_at(family: Family, y, eta, mean):
    """Log-likelihood with the first parameter at this value and the others at eta."""
    return family.loglik(y, Parameter(Identity(), mean), *family.views(eta)[1:])


def _mean_deviance(family: Family, y, eta):
    """Twice the gain from moving the mean to y, clipped into the interior.

    Where the gain is below 1e-6 the difference of two log-likelihoods has lost digits: there it is the integral of the
    score from the mean to y, which has not.
    """
    mean = inside(family, family.views(eta)[0].value)
    target = inside(family, family.support.response(y))
    plain = _loglik_at(family, y, eta, target) - family.loglik(y, *family.views(eta))
    score = jax.grad(lambda m: _loglik_at(family, y, eta, m))
    nodes = [(0.5 + 0.5 * x, 0.5 * w) for x, w in zip(NODES, NODE_WEIGHTS, strict=True)]
    integral = sum(w * score(mean + u * (target - mean)) for u, w in nodes) * (target - mean)
    return 2 * jnp.where(plain < 1e-6, integral, plain)


def _searched_deviance(family: Family, y, eta):
    """Twice the gain from the best first predictor, found by golden section in asinh(eta): for any log-likelihood."""
    low, high = jnp.asarray(-40.0, eta[0].dtype), jnp.asarray(40.0, eta[0].dtype)

    def value(t):
        gain = family.loglik(y, *family.views((jnp.sinh(t / 4), *eta[1:])))
        return jnp.where(jnp.isnan(gain), -jnp.inf, gain)

    def shrink(_, bounds):
        low, high = bounds
        a, b = high - 0.618034 * (high - low), low + 0.618034 * (high - low)
        better = value(a) > value(b)
        return jnp.where(better, low, a), jnp.where(better, b, high)

    low, high = jax.lax.fori_loop(0, 80, shrink, (low, high))
    fitted = family.loglik(y, *family.views(eta))
    return 2 * jnp.maximum(value((low + high) / 2) - fitted, 0.0)
