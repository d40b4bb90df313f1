"""Two families in one population."""

import dataclasses
from functools import cached_property

import jax.numpy as jnp

from ...links import Link, Logit
from ...pytree import pytree
from ..base import AnyFamily
from ..support import Support
from .base import Combinator, of_distributions


@of_distributions
def mixture(first: AnyFamily, second: AnyFamily) -> "Mixture":
    """Responses of `first` with probability `pi`, else of `second`, which must have the same support.

    Raises: ValueError where the supports differ.
    """
    one, two = (dataclasses.replace(f.support, words="", hint="", example=0.0) for f in (first, second))
    if one != two:
        raise ValueError(
            f"mixture needs two families of one support; y of {first.name} must be {first.support.words}, of "
            f"{second.name} {second.support.words}. Use inflated() or hurdle() for a point of mass."
        )
    return Mixture(first, second)


@pytree
class Mixture(Combinator):
    """A response of the first family with probability pi, else of the second; see `mixture`."""

    first: AnyFamily
    second: AnyFamily
    pi: Link = Logit()

    @cached_property
    def support(self) -> Support:  # type: ignore[override]
        return self.first.support

    def _both(self, method: str, y, parameters):
        one, two = parameters[: len(self.first.parameters)], parameters[len(self.first.parameters) : -1]
        return getattr(self.first, method)(y, *one), getattr(self.second, method)(y, *two)

    def loglik(self, y, *parameters):
        pi, (one, two) = parameters[-1], self._both("loglik", y, parameters)
        return jnp.logaddexp(pi.log + one, pi.log1m + two)

    def log_tails(self, y, *parameters):
        pi, (one, two) = parameters[-1], self._both("log_tails", y, parameters)
        lower, upper = (jnp.logaddexp(pi.log + a, pi.log1m + b) for a, b in zip(one, two, strict=True))
        return lower, upper
