"""Families of shares that may be nothing or all."""

import jax.numpy as jnp

from ..elementary import log, log1p
from ..links import Identity, Link, Log, Logit, SoftPlus
from ..numerics import log1mexp, log_expit, softplus
from ..pytree import pytree
from .base import Family
from .continuous import Beta
from .support import closed_unit

SPREADS = (1.0, 4.0, 16.0)  # precisions to begin with, in units of that of the shares without covariates
RARE = 1e-3  # least share of an end in the start


@pytree
class OrderedBeta(Family):
    """Shares from 0 to 1, both ends included, of one process: P(0) = 1 - g(logit(mu) - cut), P(1) = g(logit(mu) - cut -
    gap) with g the logistic function, and in between a Beta with mean mu and precision phi. The cutpoints are cut and
    cut + gap, so that any predictors keep their order. The mean of the response is not mu, but near it.

    Source: Kubinec (2023), Political Analysis 31, 519-536.
    """

    mu: Link = Logit()
    phi: Link = Log()
    cut: Link = Identity()
    gap: Link = SoftPlus()  # with a log link cut and gap would go to infinity along a curve where no share is 0
    support = closed_unit

    def loglik(self, y, mu, phi, cut, gap):
        end = (y == 0) | (y == 1)
        above = mu.log - mu.log1m - cut.value  # logit of P(y > 0)
        log_one = log_expit(above - gap.value)
        log_between = log_expit(above) - softplus(above - gap.value) + log1mexp(-gap.value)
        inside = log_between + Beta().loglik(jnp.where(end, 0.5, y), mu, phi)
        return jnp.where(end, jnp.where(y == 0, -softplus(above), log_one), inside)

    def shared_starts(self, mean):
        """Cutpoints and a few precisions, of the model without covariates."""
        between = lambda y: (y > 0) & (y < 1)  # noqa: E731
        zero, one = (jnp.clip(mean(lambda y, e=e: 1.0 * (y == e)), RARE, 0.5 - RARE) for e in (0.0, 1.0))
        share, centre = mean(between), mean(lambda y: y)
        inner = mean(lambda y: jnp.where(between(y), y, 0.0)) / share
        variance = mean(lambda y: jnp.where(between(y), (y - inner) ** 2, 0.0)) / share
        precision = jnp.maximum(inner * (1 - inner) / variance - 1, 1.0)
        cut = _logit(centre) + _logit(zero)
        gap = _logit(centre) - _logit(one) - cut
        starts = (dict(phi=k * precision, cut=cut, gap=gap) for k in SPREADS)
        further = [n for n in self.predictors if n != "mu"]
        return tuple(tuple(self.link_of(n).forward(values[n]) for n in further) for values in starts)


def _logit(share):
    return log(share) - log1p(-share)
