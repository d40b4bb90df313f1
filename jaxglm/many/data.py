"""HOST: the data sets of a batch, as they were given, and as blocks of one shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np

from ..batch import Members, stack_sizes
from ..design import Dense, Ones
from ..families import Family
from ..frame import ModelFrame
from ..frame.numeric import all_finite
from ..links import Fixed
from ..problem import Problem


class Block(NamedTuple):
    """Members of one number of rows n: their positions in the batch (b,), and arrays (b, n), or (n,) where shared."""

    index: np.ndarray
    X: np.ndarray  # (n, p), or (b, n, p)
    y: Any  # (b, n), or a pair of such
    offset: np.ndarray | None
    weights: np.ndarray | None
    freq_weights: np.ndarray | None


@dataclass(frozen=True)
class Stacked:
    """Data sets of one shape, stacked; a block is all of them, without a copy. `pattern` is a member's frame."""

    pattern: ModelFrame
    size: int
    X: np.ndarray
    y: Any
    offset: np.ndarray | None = None
    weights: np.ndarray | None = None
    freq_weights: np.ndarray | None = None
    rows: np.ndarray | None = None  # (B, n), positions in the input where the members are rows of one frame

    def blocks(self) -> Iterator[Block]:
        yield Block(np.arange(self.size), self.X, self.y, self.offset, self.weights, self.freq_weights)

    @property
    def shared(self) -> bool:
        """Whether all members have the same design."""
        return self.X.ndim == 2

    def frame(self, i: int) -> ModelFrame:
        """The data of one member."""
        own = lambda a: a if a is None or a.ndim == 1 else a[i]  # noqa: E731
        y = tuple(own(a) for a in self.y) if isinstance(self.y, tuple) else own(self.y)
        X = self.X if self.shared else self.X[i]
        rows = self.pattern.rows if self.rows is None else self.rows[i]
        return replace(self.pattern, y=y, X=X, offset=own(self.offset), weights=own(self.weights),
                       freq_weights=own(self.freq_weights), rows=rows)


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

    shared = False

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends)

    def frame(self, i: int) -> ModelFrame:
        """The data of one member."""
        at = self.rows[self.ends[i] : self.ends[i + 1]]
        own = lambda a: None if a is None else a[at]  # noqa: E731
        y = tuple(map(own, self.whole.y)) if isinstance(self.whole.y, tuple) else own(self.whole.y)
        sides = {name: own(getattr(self.whole, name)) for name in ("offset", "weights", "freq_weights")}
        return replace(self.whole, y=y, X=self.whole.X[at], rows=self.whole.rows[at], n_dropped=0, **sides)

    def blocks(self) -> Iterator[Block]:
        """Members padded to a few lengths with rows of weight zero; members without rows are in no block."""
        present = np.flatnonzero(self.lengths)
        padded = stack_sizes(self.lengths[present])
        for n in np.unique(padded):
            yield self._block(present[padded == n], int(n))

    def _block(self, index: np.ndarray, n: int) -> Block:
        place = np.arange(n)
        real = place < self.lengths[index, None]
        at = self.rows[np.minimum(self.ends[index][:, None] + place, len(self.rows) - 1)]
        own = lambda a: None if a is None else np.where(real, a[at], 0.0)  # noqa: E731
        y = tuple(map(own, self.whole.y)) if isinstance(self.whole.y, tuple) else own(self.whole.y)
        frequency = real.astype(float) if self.whole.freq_weights is None else own(self.whole.freq_weights)
        X = np.where(real[:, :, None], self.whole.X[at], 0.0)
        return Block(index, X, y, own(self.whole.offset), own(self.whole.weights), frequency)

    def stacked(self) -> "Stacked | Ragged":
        """As one stack where all members have one length; with a shared design where they have the same rows of X."""
        lengths = self.lengths
        if not len(lengths) or lengths.min() != lengths.max() or not lengths[0]:
            return self
        def take(a) -> Any:
            return None if a is None else a[self.rows].reshape(self.size, lengths[0], *a.shape[1:])

        whole, X = self.whole, self.whole.X
        first = X[self.rows[: lengths[0]]]
        same = all(np.array_equal(X[self.rows[a : a + lengths[0]]], first) for a in self.ends[:-1])
        y = tuple(map(take, whole.y)) if isinstance(whole.y, tuple) else take(whole.y)
        design = first if same else take(X)
        pattern = replace(whole, n_dropped=0, rows=np.arange(lengths[0]))
        sides = take(whole.offset), take(whole.weights), take(whole.freq_weights)
        return Stacked(pattern, self.size, design, y, *sides, take(whole.rows))


def subset(data: Stacked | Ragged, index: np.ndarray) -> Stacked | Ragged:
    """The data sets of some members."""
    if isinstance(data, Ragged):
        pieces = [data.rows[data.ends[i] : data.ends[i + 1]] for i in index]
        ends = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
        return Ragged(data.whole, np.concatenate(pieces), ends)
    own = lambda a: a if a is None or a.ndim == 1 else a[index]  # noqa: E731
    y = tuple(map(own, data.y)) if isinstance(data.y, tuple) else own(data.y)
    X = data.X if data.shared else data.X[index]
    sides = own(data.offset), own(data.weights), own(data.freq_weights)
    return Stacked(data.pattern, len(index), X, y, *sides, None if data.rows is None else data.rows[index])


class Seen(NamedTuple):
    """What the likelihood sees of a block: y, the weights that multiply it, how often each row counts, who is valid."""

    y: Any
    weights: np.ndarray | None
    counted: np.ndarray  # (b, n) or (n,)
    valid: np.ndarray  # (b,)


def seen(block: Block, family: Family) -> Seen:
    """The response of a block; members with values that no likelihood takes are not valid, the others never know."""
    y, weights, frequency = block.y, block.weights, block.freq_weights
    b, n = len(block.index), block.X.shape[-2]
    if family.support.pairs and not isinstance(y, tuple) and weights is not None:
        y, weights = (weights * y, weights), None  # proportions: the weights are the trials
    used = np.ones(n) if weights is None else (weights > 0).astype(float)
    used = used * (y[1] > 0) if isinstance(y, tuple) else used
    counted = used if frequency is None else used * frequency
    parts = [a for a in (weights, frequency, None if np.all(used) else used) if a is not None]
    total = None if not parts else parts[0] if len(parts) == 1 else parts[0] * parts[1] if len(parts) == 2 else (
        parts[0] * parts[1] * parts[2])
    relevant = np.broadcast_to(counted > 0, (b, n))
    with np.errstate(invalid="ignore"):
        bad = np.broadcast_to(family.support.outside(y), (b, n)) & relevant
    valid: Any = ~bad.any(axis=1) & relevant.any(axis=1)
    for a in (block.offset, block.weights, block.freq_weights):
        if a is not None:
            valid &= np.broadcast_to(np.isfinite(a), (b, n)).all(axis=1)
    if block.X.ndim == 3 and not all_finite(block.X):  # one pass without a mask as large as X
        valid &= np.isfinite(block.X.reshape(b, -1)).all(axis=1)
    return Seen(y, total, counted, valid)


def members_of(block: Block, data: Seen, family: Family, X: np.ndarray) -> Members:
    """The members of a block with design X (n, r) or (b, n, r); numbers of the family may have an axis of members."""
    b, n = len(block.index), X.shape[-2]
    designs = (Dense(X), *(Ones(n) for _ in family.predictors[1:]))
    offsets = (block.offset, *(None for _ in family.predictors[1:]))
    numbers = jax.tree.map(lambda v: np.asarray(v, float), families_of(family, block.index))
    problem = Problem(numbers, data.y, designs, offsets, data.weights)
    varies = lambda a, shared_rank: jax.tree.map(lambda v: np.ndim(v) > shared_rank, a)  # noqa: E731
    flags = replace(problem, family=varies(numbers, 0), y=varies(data.y, 1), designs=varies(designs, 2),
                    offsets=varies(offsets, 1), weights=varies(data.weights, 1))
    if X.ndim == 2:
        problem, flags = Members.share(problem, flags)
    return Members.of(problem, flags, b)


def families_of(family: Family, index: np.ndarray) -> Family:
    """The family of some members, where its fixed numbers have an axis of members."""
    return jax.tree.map(lambda v: np.asarray(v, float)[index] if np.ndim(v) else v, family)


def member_family(family: Family, i: int) -> Family:
    """The family of one member."""
    return jax.tree.map(lambda v: float(np.asarray(v)[i]) if np.ndim(v) else v, family)


def presentable(frame: ModelFrame, family: Family) -> ModelFrame:
    """The frame with a valid response in the rows of weight zero whose own is not: nothing depends on it."""
    absent = np.zeros(len(frame.X), bool)
    for counts in (frame.weights, frame.freq_weights):
        absent |= False if counts is None else counts == 0
    absent &= family.support.outside(frame.y)
    valid = lambda a: np.where(absent, family.support.example, a)  # noqa: E731
    return replace(frame, y=tuple(map(valid, frame.y)) if isinstance(frame.y, tuple) else valid(frame.y))


def is_fixed(family: Family, name: str | None) -> bool:
    return name is not None and isinstance(family.link_of(name), Fixed)
