"""Conway-Maxwell-Poisson: counts more or less dispersed than Poisson's, in terms of their mean.

The rate that belongs to a mean is found by Newton steps in a bracket; its derivative is the implicit one.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..elementary import exp, log
from ..gammas import gammaln, log_factorial
from ..links import Link, Log
from ..numerics import softplus, times
from ..sums import logsumexp, nodes_around
from .base import family
from .support import counts

STEPS = 30  # Newton steps, or halvings where those leave the bracket


@family
class ConwayMaxwellPoisson:
    """Counts with P(Y = y) proportional to rate^y / (y!)^nu: nu = 1 is Poisson, above it less dispersed, below more.
    mu is the mean, as of the other families; the rate that gives it is found inside.

    Source: Huang (2017), Stat. Model. 17, eq. 2-3; the bracket of the rate is E[Y] = rate E[(Y + 1)^(1 - nu)] with
    Jensen's inequality.
    """

    mu: Link = Log()
    nu: Link = Log()
    support = counts

    def loglik(self, y, mu, nu):
        series = Series.about(exp(jnp.clip(mu.log, -1.0, 30.0)))
        log_rate = log_rate_of(mu.log, nu.value, series)
        return times(y, log_rate) - nu.value * log_factorial(y) - series.log_normaliser(log_rate, nu.value)


class Series(NamedTuple):
    """Counts that stand for all, with their log-weights and log-factorials: the sums need no more special function."""

    k: jax.Array
    log_weight: jax.Array
    log_factorial: jax.Array

    @classmethod
    def about(cls, mean):
        nodes = nodes_around(jnp.floor(mean), 0.0)
        return cls(*nodes, gammaln(nodes.k + 1))

    def _terms(self, log_rate, nu):
        return self.k * log_rate - nu * self.log_factorial + self.log_weight

    def log_normaliser(self, log_rate, nu):
        """log of the sum over k of rate^k / (k!)^nu."""
        return logsumexp(self._terms(log_rate, nu))

    def mean_and_variance(self, log_rate, nu):
        terms = self._terms(log_rate, nu)
        p = exp(terms - logsumexp(terms))
        away = self.k - self.k[0]  # nothing cancels at a large mean
        shift = jnp.sum(p * away)
        return self.k[0] + shift, jnp.maximum(jnp.sum(p * (away - shift) ** 2), 1e-8)  # beyond all nodes it is zero


@jax.custom_jvp
def log_rate_of(log_mu, nu, series: Series):
    """log of the rate whose mean is mu."""
    ends = nu * log_mu, log_mu + (nu - 1) * softplus(log_mu)
    low, high = jnp.minimum(*ends), jnp.maximum(*ends)

    def better(_, state):
        low, high, at = state
        mean, variance = series.mean_and_variance(at, nu)
        gap = log_mu - log(mean)
        low, high = jnp.where(gap > 0, at, low), jnp.where(gap > 0, high, at)
        newton = at + gap * mean / variance
        inside = (newton >= low) & (newton <= high)
        return low, high, jnp.where(inside, newton, 0.5 * (low + high))

    return lax.fori_loop(0, STEPS, better, (low, high, 0.5 * (low + high)))[2]


@log_rate_of.defjvp
def _log_rate_jvp(primals, tangents):
    (log_mu, nu, series), (d_log_mu, d_nu, _) = primals, tangents
    log_rate = log_rate_of(log_mu, nu, series)
    mean, variance = series.mean_and_variance(log_rate, nu)
    moved = jax.jvp(lambda v: series.mean_and_variance(log_rate, v)[0], (nu,), (d_nu,))[1]
    return log_rate, (d_log_mu * mean - moved) / variance
