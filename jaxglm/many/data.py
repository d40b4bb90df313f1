"""HOST: the data sets of a batch, as they were given, and as blocks of one shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np

from ..batch import stack_sizes
from ..frame import ModelFrame, without_column
from .blocks import Block, Given, rows_of
from .choices import Seating, Seats, in_lines


@dataclass(frozen=True)
class Stacked:
    """Data sets of one shape, stacked; a block is all of them, without a copy. `pattern` is a member's frame."""

    pattern: ModelFrame
    size: int
    given: tuple[Given, ...]
    y: Any
    weights: np.ndarray | None = None
    freq_weights: np.ndarray | None = None
    rows: np.ndarray | None = None  # (B, n), positions in the input where the members are rows of one frame

    @classmethod
    def alone(cls, frame: ModelFrame) -> "Stacked":
        """The data of one member as a batch of one."""
        given = tuple(Given(part.X, part.offset) for part in frame.parts)
        y, *sides = jax.tree.map(lambda a: a[None], (frame.y, frame.weights, frame.freq_weights))
        return cls(frame, 1, given, y, *sides)

    def blocks(self) -> Iterator[Block]:
        whole = Block(np.arange(self.size), self.pattern, self.given, self.y, self.weights, self.freq_weights)
        yield whole if self.pattern.sets is None else in_lines(whole, Seats.of(self.pattern.sets))

    @property
    def shared(self) -> bool:
        """Whether all members have the same designs."""
        return all(g.X.ndim == 2 for g in self.given)

    def frame(self, i: int) -> ModelFrame:
        """The data of one member."""
        at = self.take(i)
        rows = self.pattern.rows if at.rows is None else at.rows
        return self.pattern.with_designs(at.given, y=at.y, weights=at.weights, freq_weights=at.freq_weights, rows=rows)

    def with_classes(self, number: np.ndarray, levels: tuple[str, ...]) -> "Stacked":
        """With other numbers of the classes, which are among these levels."""
        return replace(self, y=renumbered(self.y, number), pattern=replace(self.pattern, levels=levels))

    def without_intercept(self) -> "Stacked":
        """Without the column of the first design that is one and the same constant in every member, if it has one."""
        X, offset = self.given[0]
        j = constant_column(X, self.freq_weights)
        if j is None:
            return self
        given = (Given(np.delete(X, j, axis=-1), offset), *self.given[1:])
        return replace(self, given=given, pattern=without_column(self.pattern, j))

    def take(self, at: Any) -> "Stacked":
        """The data sets at positions; arrays that all share stay as they are."""
        own: Any = lambda a, rank=1: a if a is None or a.ndim == rank else a[at]  # noqa: E731
        given = tuple(Given(own(X, 2), own(offset)) for X, offset in self.given)
        y, rows = jax.tree.map(own, (self.y, self.rows))
        size = len(at) if np.ndim(at) else 1
        return Stacked(self.pattern, size, given, y, own(self.weights), own(self.freq_weights), rows)


@dataclass(frozen=True)
class Ragged:
    """Data sets of several lengths in the rows of one frame: member i has rows[ends[i]:ends[i + 1]]."""

    whole: ModelFrame
    rows: np.ndarray
    ends: np.ndarray

    @property
    def size(self) -> int:
        return len(self.ends) - 1

    @property
    def pattern(self) -> ModelFrame:
        return self.whole

    @property
    def y(self) -> Any:
        return self.whole.y

    shared = False

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends)

    def frame(self, i: int) -> ModelFrame:
        """The data of one member."""
        return rows_of(self.whole, self.rows[self.ends[i] : self.ends[i + 1]], n_dropped=0)

    def with_classes(self, number: np.ndarray, levels: tuple[str, ...]) -> "Ragged":
        """With other numbers of the classes, which are among these levels."""
        return replace(self, whole=replace(self.whole, y=renumbered(self.whole.y, number), levels=levels))

    def without_intercept(self) -> "Ragged":
        """Without the column of the first design that is one and the same constant in every member, if it has one."""
        j = constant_column(self.whole.X, self.whole.freq_weights)
        return self if j is None else replace(self, whole=without_column(self.whole, j))

    def blocks(self) -> Iterator[Block]:
        """Members padded to a few lengths with rows of weight zero, or sets; members without rows are in no block."""
        if self.whole.sets is not None:
            yield from (self._block_of_sets(*alike) for alike in self._seating.shapes())
            return
        present = np.flatnonzero(self.lengths)
        padded = stack_sizes(self.lengths[present])
        for n in np.unique(padded):
            yield self._block(present[padded == n], int(n))

    def _block(self, index: np.ndarray, n: int) -> Block:
        place, whole = np.arange(n), self.whole
        real = place < self.lengths[index, None]
        at = self.rows[np.minimum(self.ends[index][:, None] + place, len(self.rows) - 1)]
        own = partial(jax.tree.map, lambda a: np.where(real if a.ndim == 1 else real[:, :, None], a[at], 0.0))
        frequency = real.astype(float) if whole.freq_weights is None else own(whole.freq_weights)
        given = tuple(Given(*own((part.X, part.offset))) for part in whole.parts)
        return Block(index, whole, given, own(whole.y), own(whole.weights), frequency)

    @cached_property
    def _seating(self) -> Seating:
        return Seating.of(self.whole.sets.code[self.rows], self.ends)  # type: ignore[union-attr]

    def _block_of_sets(self, index: np.ndarray, shape: tuple[int, int]) -> Block:
        at, seats = self._seating.seats(index, shape)
        whole, own = self.whole, partial(jax.tree.map, lambda a: a[self.rows[at]])
        frequency = np.ones(len(at)) if whole.freq_weights is None else own(whole.freq_weights)
        given = Given(own(whole.X), own(whole.offset))
        return in_lines(Block(index, whole, (given,), own(whole.y), own(whole.weights), frequency), seats)

    def stacked(self) -> "Stacked | Ragged":
        """As one stack where all members have one length; with a shared design where they have the same rows of X."""
        lengths, whole = self.lengths, self.whole
        if not len(lengths) or lengths.min() != lengths.max() or not lengths[0] or not self._same_sets:
            return self
        take = partial(jax.tree.map, lambda a: a[self.rows].reshape(self.size, lengths[0], *a.shape[1:]))
        given = tuple(Given(self._common(part.X, take), take(part.offset)) for part in whole.parts)
        sets = whole.sets and whole.sets.at(self.rows[: lengths[0]])
        pattern = replace(whole, n_dropped=0, rows=np.arange(lengths[0]), sets=sets)
        return Stacked(pattern, self.size, given, *map(take, (whole.y, whole.weights, whole.freq_weights, whole.rows)))

    @property
    def _same_sets(self) -> bool:
        """Whether members of one length have their rows in the same sets, if in any, under the same labels."""
        if self.whole.sets is None:
            return True
        labels = np.fromiter(self.whole.sets.labels, object)[self.whole.sets.code[self.rows]]
        told = (a.reshape(self.size, -1) for a in (self._seating.number, labels))
        return all(bool((a == a[0]).all()) for a in told)

    def _common(self, X: np.ndarray, take) -> np.ndarray:
        """The rows of X (n, p) that all members have, else those of each (B, n, p)."""
        n = self.lengths[0]
        first = X[self.rows[:n]]
        same = all(np.array_equal(X[self.rows[a : a + n]], first) for a in self.ends[:-1])
        return first if same else take(X)


def renumbered(codes: Any, number: np.ndarray) -> np.ndarray:
    """Codes with the number that each has got; NaN stays."""
    missing = np.isnan(codes)
    return np.where(missing, np.nan, number[np.where(missing, 0, codes).astype(int)])


def constant_column(X: np.ndarray, counts: np.ndarray | None) -> int | None:
    """Position of the first column of X (..., n, p) with one value, not zero, wherever it is finite and counts, for
    some member where all share it."""
    if counts is not None and counts.ndim >= X.ndim:
        counts = np.max(counts, axis=0)
    for j in range(X.shape[-1]):
        values = X[..., j]
        used = values[np.isfinite(values) & (True if counts is None else counts > 0)]
        if len(used) and used[0] != 0 and (used == used[0]).all():
            return j
    return None


def subset(data: Stacked | Ragged, index: np.ndarray) -> Stacked | Ragged:
    """The data sets of some members."""
    if isinstance(data, Stacked):
        return data.take(index)
    pieces = [data.rows[data.ends[i] : data.ends[i + 1]] for i in index]
    ends = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
    return Ragged(data.whole, np.concatenate(pieces), ends)
