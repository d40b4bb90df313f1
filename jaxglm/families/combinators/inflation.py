"""A point of mass beside a family: inflation adds to what is there, a hurdle replaces it."""

import dataclasses
from functools import cached_property

import jax.numpy as jnp
import numpy as np

from ...links import Link, Logit
from ...pytree import pytree, static
from ..base import AnyFamily
from ..continuous import Beta
from ..support import Support
from ..tails import log_above
from .base import Combinator, of_distributions


@of_distributions
def zero_inflated(base: AnyFamily) -> "Inflated":
    """The family with extra zeros: `pi` is the probability of a structural zero. Source: Lambert (1992)."""
    return Inflated(base)


@of_distributions
def inflated(base: AnyFamily, *, at: float) -> "Inflated":
    """The family with extra mass at one point: `pi` is its probability.

    Raises: ValueError where the point is neither a response of the family nor at the end of its support.
    """
    support, at = base.support, float(at)
    if not support.low <= at <= support.high or (support.whole and at != round(at)):
        raise ValueError(f"inflated needs a point of the support of {base.name}, or its end; y must be "
                         f"{support.words}, and at is {at:g}.")
    return Inflated(base, at=at)


@of_distributions
def hurdle(base: AnyFamily) -> "Hurdle":
    """Zero or not, and if not a response of `base` that is not zero: `nonzero` is the probability of that.

    Source: Mullahy (1986), J. Econometrics 33.
    """
    return Hurdle(base)


@of_distributions
def zero_one_inflated(base: AnyFamily | None = None) -> "ZeroOneInflated":
    """Shares with extra mass at 0 and at 1: `end` is the probability of either, `one` that of 1 among them, so that any
    linear predictors give probabilities: P(0) = end (1 - one), P(1) = end one. Between the ends a response of `base`,
    by default Beta.

    Raises: ValueError where `base` has a mass at 0 or 1 itself.

    Source: Ospina and Ferrari (2010), Stat. Papers 51, whose alpha and gamma they are; zoi and coi of R's brms.
    """
    inner: AnyFamily = Beta() if base is None else base
    if any(_has_mass(inner.support, end) for end in (0.0, 1.0)):
        raise ValueError(
            f"zero_one_inflated needs a family without a mass at 0 or 1, such as Beta(); y of {inner.name} must be "
            f"{inner.support.words}."
        )
    return ZeroOneInflated(inner)


@pytree
class Inflated(Combinator):
    """Mixture of a point of mass and a family; see `inflated`."""

    base: AnyFamily
    pi: Link = Logit()
    at: float = static(default=0.0)

    @property
    def name(self):
        return f"ZeroInflated({self.base.name})" if self.at == 0 else f"Inflated({self.base.name}, at={self.at:g})"

    @cached_property
    def support(self) -> Support:  # type: ignore[override]
        return _with_point(self.base.support, self.at)

    def loglik(self, y, *parameters):
        *inner, pi = parameters
        here, shared = y == self.at, _has_mass(self.base.support, self.at)
        apart = y if shared else jnp.where(here, self.base.support.example, y)
        of_base = pi.log1m + self.base.loglik(apart, *inner)
        return jnp.where(here, jnp.logaddexp(pi.log, of_base) if shared else pi.log, of_base)

    def log_tails(self, y, *parameters):
        *inner, pi = parameters
        lower, upper = (pi.log1m + t for t in self.base.log_tails(y, *inner))
        below = jnp.where(y >= self.at, pi.log, -jnp.inf), jnp.where(y < self.at, pi.log, -jnp.inf)
        return jnp.logaddexp(lower, below[0]), jnp.logaddexp(upper, below[1])


@pytree
class ZeroOneInflated(Combinator):
    """Nothing, all, or a response of the family; see `zero_one_inflated`."""

    base: AnyFamily
    end: Link = Logit()
    one: Link = Logit()

    @cached_property
    def support(self) -> Support:  # type: ignore[override]
        return _with_point(_with_point(self.base.support, 0.0), 1.0)

    def loglik(self, y, *parameters):
        *inner, end, one = parameters
        here = (y == 0) | (y == 1)
        apart = jnp.where(here, self.base.support.example, y)
        which = jnp.where(y == 1, one.log, one.log1m)
        return jnp.where(here, end.log + which, end.log1m + self.base.loglik(apart, *inner))


@pytree
class Hurdle(Combinator):
    """A zero, or a response of the family given that it is not zero; see `hurdle`."""

    base: AnyFamily
    nonzero: Link = Logit()

    @cached_property
    def support(self) -> Support:  # type: ignore[override]
        return _with_point(self.base.support, 0.0)

    def loglik(self, y, *parameters):
        *inner, nonzero = parameters
        here, shared = y == 0, _has_mass(self.base.support, 0.0)
        apart = jnp.where(here, self.base.support.example, y)
        density = lambda t: self.base.loglik(t, *inner)  # noqa: E731
        rest = log_above(density, self.base.support, 0.0, y.dtype) if shared else 0.0
        return jnp.where(here, nonzero.log1m, nonzero.log + density(apart) - rest)


def _has_mass(support: Support, point: float) -> bool:
    return bool(point in support.atoms or (support.whole and not support.outside(np.asarray([point]))[0]))


def _with_point(support: Support, point: float) -> Support:
    if _has_mass(support, point):
        return support
    return dataclasses.replace(support, atoms=(*support.atoms, point), words=f"{support.words}, or {point:g}", hint="")
