"""Supports: where a response lives. They check y, stand in for masked rows, and give an error its words."""

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

AT_A_TIME = 1 << 15  # responses checked together


@jax.tree_util.register_static
@dataclass(frozen=True)
class Support:
    """A set of responses; `words` completes the sentence "y must be ..."."""

    words: str
    low: float = -inf
    high: float = inf
    closed: bool = False  # whether the ends belong to it: then a starting mean is shrunk away from them
    whole: bool = False  # whether it holds whole numbers only
    example: float = 1.0  # a valid response, used for rows of weight zero
    hint: str = ""
    reading: ClassVar[str] = "numbers"  # how the front door reads y: "numbers", "classes", or "bounds" of it
    levels: ClassVar[tuple[str, ...]] = ()  # names of the classes, where the responses are their numbers
    top: float | None = None  # largest log-density that any parameters give, where it is the same for every response
    smooth: bool = True  # whether the density of counts is smooth between them: else each has to be summed
    pairs: bool = False  # whether y may be a pair (successes, trials)
    atoms: tuple[float, ...] = ()  # single points that have a probability of their own beside the density

    def outside(self, y: Any) -> np.ndarray:
        """Mask of the rows that are not in the support."""
        y = np.asarray(y)
        if y.size <= AT_A_TIME:
            return self._outside(y)
        lines = max(1, AT_A_TIME * len(y) // y.size)  # in pieces that stay in the cache
        return np.concatenate([self._outside(y[k : k + lines]) for k in range(0, len(y), lines)])

    def _outside(self, y):
        bad = self._beyond(y)
        return bad & ~np.isin(y, self.atoms) if self.atoms and np.any(bad) else bad

    def _beyond(self, y):
        low, high = (np.less, np.greater) if self.closed else (np.less_equal, np.greater_equal)
        bad = ~np.isfinite(y) | (low(y, self.low) if self.low > -inf else False)
        bad = bad | (high(y, self.high) if self.high < inf else False)
        return bad | (y != np.round(y)) if self.whole else bad

    def check(self, y: Any, family: str) -> None:
        """Raise a ValueError that counts and shows the rows outside the support."""
        bad = np.flatnonzero(self.outside(y))
        if len(bad):
            raise ValueError(
                f"y for {family} must be {self.words}; {len(bad)} of {len(y)} rows are not "
                f"(first: row {bad[0]}, y = {y[bad[0]]:g}).{' ' + self.hint if self.hint else ''}"
            )

    def response(self, y):
        """y on the scale of the mean."""
        return y

    def trials(self, y):
        """How many trials each response stands for."""
        return 1.0 * (y == y)

    def most(self, size):
        """The largest response of a pair with this number in second place."""
        return size

    def at_mean(self, y, mean):
        """The response whose mean-scale value is `mean`."""
        return mean

    def masked(self, y, keep):
        """y with an inoffensive value where `keep` is false."""
        return jnp.where(keep, y, jnp.asarray(self.example, y.dtype))


@jax.tree_util.register_static
@dataclass(frozen=True)
class Successes(Support):
    """0/1, or a pair (successes, trials)."""

    words: str = "0 or 1, or a pair (successes, trials)"
    low: float = 0.0
    high: float = 1.0
    closed: bool = True
    whole: bool = True
    pairs: bool = True

    def outside(self, y):
        if not isinstance(y, tuple):
            return ~((y == 0) | (y == 1))
        k, n = y
        return ~(np.isfinite(k) & np.isfinite(n) & (k >= 0) & (n >= k))

    def check(self, y, family):
        if not isinstance(y, tuple):
            return super().check(y, family)
        bad = np.flatnonzero(self.outside(y))
        if len(bad):
            i = bad[0]
            raise ValueError(
                f"{family} needs 0 <= successes <= trials; {len(bad)} of {len(y[0])} rows are not "
                f"(first: row {i}, successes = {y[0][i]:g}, trials = {y[1][i]:g})."
            )

    def response(self, y):
        return y[0] / y[1] if isinstance(y, tuple) else y

    def trials(self, y):
        return y[1] if isinstance(y, tuple) else 1.0 * (y == y)

    def at_mean(self, y, mean):
        return (y[1] * mean, y[1]) if isinstance(y, tuple) else mean

    def masked(self, y, keep):
        one = lambda a: jnp.where(keep, a, jnp.ones_like(a))  # noqa: E731
        return tuple(one(a) for a in y) if isinstance(y, tuple) else one(y)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Classes(Support):
    """The numbers of the classes, 0, 1, ..."""

    reading: ClassVar[str] = "classes"
    levels: tuple[str, ...] = ()  # type: ignore[misc]
    low: float = 0.0
    closed: bool = True
    whole: bool = True
    example: float = 0.0
    top: float | None = 0.0

    @classmethod
    def of(cls, levels: tuple[str, ...]) -> "Classes":
        return cls(f"the number of a class, 0 to {len(levels) - 1}", levels=levels, high=max(len(levels) - 1.0, 1.0))


@jax.tree_util.register_static
@dataclass(frozen=True)
class Choices(Classes):
    """The number of the chosen alternative, 0, 1, ...; or a pair of it and the number of alternatives there were."""

    reading: ClassVar[str] = "numbers"
    levels: ClassVar[tuple[str, ...]] = ()  # type: ignore[misc]

    def response(self, y):
        return y[0] if isinstance(y, tuple) else y

    def trials(self, y):
        return 1.0 * (self.response(y) == self.response(y))

    def most(self, size):
        return size - 1.0

    def masked(self, y, keep):
        if not isinstance(y, tuple):
            return super().masked(y, keep)
        return jnp.where(keep, y[0], jnp.zeros_like(y[0])), jnp.where(keep, y[1], jnp.ones_like(y[1]))


def interval(low: float, high: float) -> Support:
    """Real numbers strictly between two ends."""
    middle = (low + high) / 2 if high - low < inf else (low + 1 if low > -inf else high - 1 if high < inf else 0.0)
    return Support(f"strictly between {low:g} and {high:g}", low, high, example=middle)


reals = Support("finite numbers", example=0.0)
positive = Support("positive", low=0.0, hint="Zeros need a family with mass at zero.")
nonnegative = Support("non-negative", low=0.0, closed=True)
unit = Support(
    "strictly between 0 and 1", low=0.0, high=1.0, example=0.5,
    hint="Shares of exactly 0 or 1 need OrderedBeta or zero_one_inflated(Beta()).",
)  # fmt: skip
closed_unit = Support(
    "from 0 to 1, both included", low=0.0, high=1.0, closed=True, example=0.5, atoms=(0.0, 1.0),
    hint="Divide percentages by 100.",
)  # fmt: skip
counts = Support("non-negative integers", low=0.0, closed=True, whole=True, hint="Use Gamma for positive reals.")
binary = Support("0 or 1", low=0.0, high=1.0, closed=True, whole=True)
successes = Successes()
zero_or_positive = Support("non-negative", low=0.0, closed=True, atoms=(0.0,))
