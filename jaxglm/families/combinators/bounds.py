"""What is known of a response only between bounds: truncated families and censored responses."""

import dataclasses
from functools import cached_property
from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...pytree import pytree, static
from ..base import AnyFamily
from ..support import Support
from ..tails import log_above, log_among, log_between
from .base import Combinator, of_distributions

EVENTS = " Events are 1 exact, 0 larger, 2 smaller, 3 in an interval."
FEW = 64  # counts of which each is taken


@of_distributions
def truncated(base: AnyFamily, lower: float = -inf, upper: float = inf) -> "Truncated":
    """The family given lower <= y <= upper: nothing outside these bounds could have been observed.

    Raises: ValueError where no response of the family lies between them.
    """
    support = base.support
    lower, upper = max(float(lower), support.low), min(float(upper), support.high)
    if not (lower < upper or (lower == upper and support.whole)):
        raise ValueError(
            f"truncated needs bounds with responses of {base.name} between them; they are lower = {lower:g}, "
            f"upper = {upper:g}, and y must be {support.words}."
        )
    return Truncated(base, lower, upper)


@of_distributions
def censored(base: AnyFamily) -> "Censored":
    """The family of a response that is known exactly or only to be larger, smaller, or in an interval.

    y: the pair (time, event), event 1 where the response is `time`, 0 where it is larger, 2 where it is smaller; or
    (time, event, end), where event 3 is an interval from time to end. A plain y is known exactly.
    """
    return Censored(base, Times(base.support, "event"))


@of_distributions
def interval_censored(base: AnyFamily) -> "Censored":
    """The family of a response of which bounds are known: y is the pair (lower, upper), equal where it is exact, and
    infinite where there is no bound."""
    return Censored(base, Times(base.support, "interval"))


@pytree
class Truncated(Combinator):
    """A family given that the response lies between bounds; see `truncated`."""

    base: AnyFamily
    lower: float = static()
    upper: float = static()

    @cached_property
    def support(self) -> Support:  # type: ignore[override]
        base = self.base.support
        words = f"{base.words}, from {self.lower:g} to {self.upper:g}"
        atoms = tuple(a for a in base.atoms if self.lower <= a <= self.upper)
        example = min(max(base.example, self.lower if base.whole else _inside(self.lower, self.upper)), self.upper)
        return dataclasses.replace(
            base, low=self.lower, high=self.upper, atoms=atoms, words=words, example=example, closed=base.whole, hint=""
        )

    def loglik(self, y, *parameters):
        density = lambda t: self.base.loglik(t, *parameters)  # noqa: E731
        support = self.base.support
        if support.whole and self.upper - self.lower < FEW:
            return density(y) - log_among(density, self.lower, self.upper, y.dtype)
        if support.whole and self.upper == support.high and self.lower - support.low < FEW:
            return density(y) - log_above(density, support, self.lower - 1, y.dtype)
        tails = lambda t: self.base.log_tails(t, *parameters)  # noqa: E731
        low, high = (jnp.asarray(b, y.dtype) for b in (self.lower, self.upper))
        return density(y) - log_between(tails, support, low, high)


def _inside(low: float, high: float) -> float:
    if low == -inf:
        return -inf
    return (low + high) / 2 if high < inf else low + 1


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class Times:
    """Where a censored response lives: a support, and how y says what is known of it."""

    of: Support
    kind: str  # "event" or "interval"

    closed, pairs, top, reading, levels = True, False, None, "bounds", ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What the arrays of y are."""
        return ("lower", "upper") if self.kind == "interval" else ("time", "event", "end")

    @property
    def words(self) -> str:
        how = "a pair (time, event)" if self.kind == "event" else "a pair (lower, upper), lower not above upper"
        return f"{how}, with bounds that are {self.of.words}"

    @property
    def low(self) -> float:
        return self.of.low

    @property
    def high(self) -> float:
        return self.of.high

    @property
    def example(self) -> float:
        return self.of.example

    @property
    def whole(self) -> bool:
        return self.of.whole

    @property
    def smooth(self) -> bool:
        return self.of.smooth

    @property
    def atoms(self) -> tuple[float, ...]:
        return self.of.atoms

    def bounds(self, y):
        """Lower and upper bound of the response, equal where it is known."""
        if not isinstance(y, tuple):
            return y, y
        if self.kind == "interval":
            return y
        time, event, *end = y
        lower = jnp.where(event == 2, -jnp.inf, time)
        upper = jnp.where(event == 0, jnp.inf, time)
        return lower, jnp.where(event == 3, end[0], upper) if end else upper

    def outside(self, y: Any) -> np.ndarray:
        """Mask of the rows of which nothing is known or whose bounds contradict each other or the support."""
        lower, upper = (np.asarray(b) for b in self.bounds(tuple(map(np.asarray, y)) if isinstance(y, tuple) else y))
        some = np.where(np.isfinite(lower), lower, upper)
        bad = np.isnan(lower) | np.isnan(upper) | (lower > upper) | ~np.isfinite(some)
        for bound in (lower, upper):
            beyond = np.isfinite(bound) & ~((bound == self.low) | (bound == self.high))
            bad |= beyond & self.of.outside(np.where(beyond, bound, self.example))
        bad |= (lower == upper) & self.of.outside(np.where(lower == upper, lower, self.example))
        return bad | self._codes(y)

    def _codes(self, y):
        if self.kind == "interval" or not isinstance(y, tuple):
            return False
        return ~np.isin(y[1], (0, 1, 2, 3) if len(y) == 3 else (0, 1, 2))

    def check(self, y: Any, family: str) -> None:
        bad = np.flatnonzero(self.outside(y))
        if len(bad):
            parts = y if isinstance(y, tuple) else (y,)
            shown = ", ".join(f"{part[bad[0]]:g}" for part in parts)
            raise ValueError(
                f"y for {family} must be {self.words}; {len(bad)} of {len(parts[0])} rows are not "
                f"(first: row {bad[0]}, y = ({shown}))." + (EVENTS if self.kind == "event" else "")
            )

    def response(self, y):
        """The bound that is known, or the middle of two."""
        lower, upper = self.bounds(y)
        low_known, high_known = jnp.isfinite(lower), jnp.isfinite(upper)
        low, high = jnp.where(low_known, lower, 0.0), jnp.where(high_known, upper, 0.0)
        inside = jnp.clip((low + high) / jnp.maximum(1.0 * low_known + 1.0 * high_known, 1.0), self.low, self.high)
        return inside

    def trials(self, y):
        first = y[0] if isinstance(y, tuple) else y
        return 1.0 * (first == first)

    def at_mean(self, y, mean):
        return mean

    def masked(self, y, keep):
        """An exact and inoffensive response where `keep` is false."""
        if not isinstance(y, tuple):
            return jnp.where(keep, y, jnp.asarray(self.example, y.dtype))
        other = 1.0 if self.kind == "event" else self.example
        fill = (self.example, other, self.example)[: len(y)]
        return tuple(jnp.where(keep, a, jnp.asarray(v, a.dtype)) for a, v in zip(y, fill, strict=True))


@pytree
class Censored(Combinator):
    """A family of which only bounds are known in some rows; see `censored`."""

    base: AnyFamily
    support: Times = static()  # type: ignore[assignment]

    def loglik(self, y, *parameters):
        if not isinstance(y, tuple):
            return self.base.loglik(y, *parameters)
        lower, upper = self.support.bounds(y)
        exact = lower == upper
        known = jnp.where(exact, lower, jnp.asarray(self.support.example, lower.dtype))
        tails = lambda t: self.base.log_tails(t, *parameters)  # noqa: E731
        between = log_between(tails, self.base.support, *_apart(lower, upper, exact))
        return jnp.where(exact, self.base.loglik(known, *parameters), between)


def _apart(lower, upper, exact):
    """Bounds that differ: those of exact responses are taken away."""
    return jnp.where(exact, -jnp.inf, lower), jnp.where(exact, jnp.inf, upper)
