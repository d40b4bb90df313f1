"""Families of counts."""

import math
from dataclasses import replace

import jax.numpy as jnp
from jax import lax

from ..elementary import exp, log
from ..gammas import gammaln, gammaln_ratio, log_choose, log_factorial
from ..links import Identity, Link, Log, Logit
from ..numerics import softplus, times
from ..sums import nodes_around
from .base import family
from .support import counts, successes


@family
class Binomial:
    """0/1, or successes out of trials: y is then the pair (successes, trials)."""

    mu: Link = Logit()
    support = successes

    def loglik(self, y, mu):
        k, n = y if isinstance(y, tuple) else (y, 1.0)
        constant = log_choose(n, k) if isinstance(y, tuple) else 0.0
        return constant + times(k, mu.log) + times(n - k, mu.log1m)


@family
class Poisson:
    """Counts with variance mu."""

    mu: Link = Log()
    support = counts

    def loglik(self, y, mu):
        return times(y, mu.log) - mu.value - log_factorial(y)


@family
class NegativeBinomial:
    """Counts with variance mu + alpha mu^2 (NB2); R's theta is 1 / alpha."""

    mu: Link = Log()
    alpha: Link = Log()
    support = counts

    def loglik(self, y, mu, alpha):
        r = exp(-alpha.log)
        combinations = gammaln_ratio(y, r) - log_factorial(y)
        return combinations + times(y, mu.log) - (y + r) * softplus(mu.log + alpha.log)


@family
class Geometric:
    """Failures before the first success, with mean mu: NegativeBinomial at alpha = 1."""

    mu: Link = Log()
    support = counts

    def loglik(self, y, mu):
        return times(y, mu.log) - (y + 1) * softplus(mu.log)


@family
class NegativeBinomial1:
    """Counts with variance mu (1 + alpha) (NB1)."""

    mu: Link = Log()
    alpha: Link = Log()
    support = counts

    def loglik(self, y, mu, alpha):
        r = exp(mu.log - alpha.log)
        return gammaln_ratio(y, r) - log_factorial(y) + times(y, mu.log) - (y + r) * softplus(alpha.log)


@family
class NegativeBinomialP:
    """Counts with variance mu + alpha mu^p (NB-P): p = 1 is NB1 and p = 2 is NB2.

    Source: Greene (2008), Econ. Lett. 99, eq. 7.
    """

    mu: Link = Log()
    alpha: Link = Log()
    p: Link = Identity()
    support = counts

    def loglik(self, y, mu, alpha, p):
        log_r = (2 - p.value) * mu.log - alpha.log
        r = exp(log_r)
        return gammaln_ratio(y, r) - log_factorial(y) + times(y, mu.log) - (y + r) * softplus(mu.log - log_r)


@family
class GeneralisedPoisson:
    """Counts with variance mu (1 + alpha)^2. Source: Consul and Famoye (1992), Commun. Stat. Theory 21, eq. 2.3."""

    mu: Link = Log()
    alpha: Link = Log()
    support = counts

    def loglik(self, y, mu, alpha):
        some = y > 0
        spread = jnp.where(some, log(jnp.where(some, y, 1.0)) + alpha.log - mu.log, 0.0)  # log of alpha y / mu
        grown = jnp.where(some, (y - 1) * softplus(spread), 0.0)
        level = (mu.value + y * alpha.value) * exp(-softplus(alpha.log))
        return times(y, mu.log) + grown - y * softplus(alpha.log) - level - log_factorial(y)


@family
class BetaBinomial:
    """Successes out of trials whose probability varies as a Beta with mean mu; rho is the correlation of two trials."""

    mu: Link = Logit()
    rho: Link = Logit()
    support = successes

    def loglik(self, y, mu, rho):
        k, n = y if isinstance(y, tuple) else (y, jnp.ones_like(y))
        constant = log_choose(n, k) if isinstance(y, tuple) else 0.0
        log_size = rho.log1m - rho.log  # of the Beta: a + b
        least = 0.2 * math.log(float(jnp.finfo(log_size.dtype).tiny))  # 1 / a^4 must not overflow
        a, b, size = (exp(jnp.maximum(t + log_size, least)) for t in (mu.log, mu.log1m, 0.0))
        varying = gammaln_ratio(k, a) + gammaln_ratio(n - k, b) - gammaln_ratio(n, size)
        return constant + times(k, mu.log) + times(n - k, mu.log1m) + varying


@family
class PoissonInverseGaussian:
    """Counts whose rate varies as an inverse Gaussian: variance mu + sigma mu^2, a longer tail than NB2.

    Source: Dean, Lawless and Willmot (1989), Can. J. Stat. 17, eq. 2; the Bessel function of half-integer order is the
    sum of 10.49.12 in the NIST Handbook (2010).
    """

    mu: Link = Log()
    sigma: Link = Log()
    support = replace(counts, smooth=False)

    def loglik(self, y, mu, sigma):
        log_root = 0.5 * softplus(math.log(2.0) + sigma.log + mu.log)  # of sqrt(1 + 2 sigma mu)
        root = exp(log_root)
        log_x = log_root - sigma.log
        bessel = _log_bessel_sum(jnp.maximum(y - 1, 0.0), log_x)
        return times(y, mu.log) - y * log_root - 2 * mu.value / (1 + root) + bessel - log_factorial(y)


def _log_bessel_sum(n, log_x):
    """log of the sum over k = 0, ..., n of (n + k)! / (k! (n - k)! (2 x)^k)."""

    def term(k):
        return gammaln(n + k + 1) - gammaln(k + 1) - gammaln(n - k + 1) - k * (log_x + math.log(2.0))

    x = exp(jnp.clip(lax.stop_gradient(log_x), -30.0, 30.0))
    centre = n * n / (x + jnp.sqrt(x * x + n * n))  # where the ratio of two terms is one
    return nodes_around(centre, 0.0, n).log_sum(term)
