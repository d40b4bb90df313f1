"""Families of a continuous response. `phi` is the dispersion: variance = phi V(mu)."""

import jax.numpy as jnp

from ..links import Identity, Link, Log
from ..numerics import HALF_LOG_2PI, gammaln_excess
from .base import family
from .support import positive


@family
class Gaussian:
    """Real numbers with variance phi."""

    mu: Link = Identity()
    phi: Link = Log()

    def loglik(self, y, mu, phi):
        return -0.5 * (y - mu.value) ** 2 / phi.value - 0.5 * phi.log - HALF_LOG_2PI


@family
class Gamma:
    """Positive numbers with variance phi mu^2; the shape is 1 / phi."""

    mu: Link = Log()
    phi: Link = Log()
    support = positive

    def loglik(self, y, mu, phi):
        log_ratio = jnp.log(y) - mu.log
        shape = jnp.exp(-phi.log)
        return shape * (log_ratio - jnp.expm1(log_ratio)) - gammaln_excess(shape) - jnp.log(y)


@family
class InverseGaussian:
    """Positive numbers with variance phi mu^3."""

    mu: Link = Log()
    phi: Link = Log()
    support = positive

    def loglik(self, y, mu, phi):
        distance = jnp.expm1(jnp.log(y) - mu.log) ** 2 / y
        return -0.5 * distance / phi.value - 0.5 * phi.log - 1.5 * jnp.log(y) - HALF_LOG_2PI


@family
class Exponential:
    """Waiting times with mean mu."""

    mu: Link = Log()
    support = positive

    def loglik(self, y, mu):
        return -mu.log - jnp.exp(jnp.log(y) - mu.log)
