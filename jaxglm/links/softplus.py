"""A link of positive parameters that is straight far out: log(1 + exp(eta))."""

from math import inf

import jax.numpy as jnp

from ..elementary import exp, expm1, log, log1p, polynomial
from ..numerics import softplus
from .base import Link, link

FEW = 0.1  # exp(eta) below which the logarithm is a series
SERIES = tuple((-1.0) ** k / (k + 1) for k in range(18, 0, -1))  # of log(1 + t) / t - 1, the highest power first


@link
class SoftPlus(Link):
    """mu = log(1 + exp(eta)): about exp(eta) below 0 and eta above."""

    image = (0.0, inf)

    def inverse(self, eta):
        return softplus(eta)

    def forward(self, value):
        return value + log(-expm1(-value))

    def log_inverse(self, eta):
        t = exp(jnp.minimum(eta, 0.0))
        few = t < FEW
        small = jnp.where(few, t, 0.0)
        series = eta + log1p(small * polynomial(SERIES, small))
        return jnp.where(few, series, log(softplus(jnp.where(few, 0.0, eta))))
