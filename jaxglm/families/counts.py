"""Families of counts."""

import jax.numpy as jnp

from ..links import Link, Log, Logit
from ..numerics import gammaln, gammaln_ratio, log_choose, softplus, times
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
        return times(y, mu.log) - mu.value - gammaln(y + 1)


@family
class NegativeBinomial:
    """Counts with variance mu + alpha mu^2 (NB2); R's theta is 1 / alpha."""

    mu: Link = Log()
    alpha: Link = Log()
    support = counts

    def loglik(self, y, mu, alpha):
        r = jnp.exp(-alpha.log)
        combinations = gammaln_ratio(y, r) - gammaln(y + 1)
        return combinations + times(y, mu.log) - (y + r) * softplus(mu.log + alpha.log)


@family
class Geometric:
    """Failures before the first success, with mean mu: NegativeBinomial at alpha = 1."""

    mu: Link = Log()
    support = counts

    def loglik(self, y, mu):
        return times(y, mu.log) - (y + 1) * softplus(mu.log)
