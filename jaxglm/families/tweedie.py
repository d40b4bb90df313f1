"""The Tweedie family: exact zeros and a continuous positive part, with variance phi mu^p."""

import jax.numpy as jnp

from ..elementary import exp, log
from ..gammas import gammaln_excess
from ..links import Between, Link, Log
from ..numerics import eps
from ..sums import nodes_around
from .base import family
from .support import zero_or_positive

NEAREST = 1e-6  # of p to 2: as a sum of a million terms or more the Gamma distribution has lost its digits


@family
class Tweedie:
    """Sums of a Poisson number of Gamma variables, variance phi mu^p with 1 < p < 2: mass at 0, density above it.

    Source: Dunn and Smyth (2005), Stat. Comput. 15, eq. 4-6.
    """

    mu: Link = Log()
    phi: Link = Log()
    p: Link = Between(1.0, 2.0)
    support = zero_or_positive

    def loglik(self, y, mu, phi, p):
        beyond, short = jnp.maximum(p.value - 1, eps(y)), jnp.maximum(2 - p.value, NEAREST)
        some = y > 0
        log_y = log(jnp.where(some, y, 1.0))
        log_rate = short * mu.log - phi.log - log(short)  # of the Poisson number
        log_ratio = log_y - (phi.log + log(beyond) + beyond * mu.log)  # y over the scale of one Gamma variable
        series = _log_series(log_rate, log_ratio, short / beyond)
        return jnp.where(some, series - exp(log_ratio) - log_y, 0.0) - exp(log_rate)


def _log_series(log_rate, log_ratio, shape):
    """log of the sum over k >= 1 of rate^k ratio^(k shape) / (k! Gamma(k shape))."""

    def term(k):
        a, log_k = k * shape, log(k)
        large = k * (log_rate - log_k + 1) + a * (log_ratio - log(a) + 1)  # k + a at the peak: little cancels
        return large - log_k - gammaln_excess(k) - gammaln_excess(a)

    peak = (log_rate + shape * (log_ratio - log(shape))) / (1 + shape)
    return nodes_around(exp(jnp.clip(peak, 0.0, 30.0)), 1.0).log_sum(term)
