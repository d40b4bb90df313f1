"""HOST: the data sets of a batch, as they were given, and as blocks of one shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import numpy as np

from ..basis import Basis
from ..batch import Members, in_turn, stack_sizes
from ..compiled import cores
from ..design import Dense, Ones
from ..families import Family
from ..frame import ModelFrame, without_column
from ..frame.numeric import all_finite
from ..links import Fixed
from ..predictors import Predictor, placed, predictors_on
from ..problem import Problem

SIDES = ("weights", "freq_weights")
MANY = 1 << 20  # responses from which several threads pay


class Given(NamedTuple):
    """The design of a formula and the offset of its predictors."""

    X: np.ndarray  # (n, p) that all members share, or (b, n, p)
    offset: np.ndarray | None  # (n,), or (b, n)


class Block(NamedTuple):
    """Members of one number of rows n: their positions in the batch (b,), and arrays (b, n), or (n,) where shared."""

    index: np.ndarray
    pattern: ModelFrame  # the frame of a member, whose names and parameters these designs have
    given: tuple[Given, ...]  # the design of the first formula, then those of further parameters
    y: Any  # (b, n), or a tuple of such
    weights: np.ndarray | None
    freq_weights: np.ndarray | None

    @property
    def n(self) -> int:
        return self.given[0].X.shape[-2]


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
        yield Block(np.arange(self.size), self.pattern, self.given, self.y, self.weights, self.freq_weights)

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
        at = self.rows[self.ends[i] : self.ends[i + 1]]
        own = partial(jax.tree.map, lambda a: a[at])
        sides = {name: own(getattr(self.whole, name)) for name in ("y", "rows", *SIDES)}
        return self.whole.with_designs([own((p.X, p.offset)) for p in self.whole.parts], n_dropped=0, **sides)

    def with_classes(self, number: np.ndarray, levels: tuple[str, ...]) -> "Ragged":
        """With other numbers of the classes, which are among these levels."""
        return replace(self, whole=replace(self.whole, y=renumbered(self.whole.y, number), levels=levels))

    def without_intercept(self) -> "Ragged":
        """Without the column of the first design that is one and the same constant in every member, if it has one."""
        j = constant_column(self.whole.X, self.whole.freq_weights)
        return self if j is None else replace(self, whole=without_column(self.whole, j))

    def blocks(self) -> Iterator[Block]:
        """Members padded to a few lengths with rows of weight zero; members without rows are in no block."""
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

    def stacked(self) -> "Stacked | Ragged":
        """As one stack where all members have one length; with a shared design where they have the same rows of X."""
        lengths, whole = self.lengths, self.whole
        if not len(lengths) or lengths.min() != lengths.max() or not lengths[0]:
            return self
        take = partial(jax.tree.map, lambda a: a[self.rows].reshape(self.size, lengths[0], *a.shape[1:]))
        given = tuple(Given(self._common(part.X, take), take(part.offset)) for part in whole.parts)
        pattern = replace(whole, n_dropped=0, rows=np.arange(lengths[0]))
        return Stacked(pattern, self.size, given, *map(take, (whole.y, whole.weights, whole.freq_weights, whole.rows)))

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
    """Position of the first column of X (..., n, p) with one value, not zero, wherever it is finite and counts."""
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


class Seen(NamedTuple):
    """What the likelihood sees of a block: y, the weights that multiply it, how often each row counts, who is valid."""

    y: Any
    weights: np.ndarray | None
    counted: np.ndarray  # (b, n) or (n,)
    valid: np.ndarray  # (b,)


def seen(block: Block, family: Family) -> Seen:
    """The response of a block; members with values that no likelihood takes are not valid, the others never know."""
    y, weights, frequency = block.y, block.weights, block.freq_weights
    b, n = len(block.index), block.n
    if family.support.pairs and not isinstance(y, tuple) and weights is not None:
        y, weights = (weights * y, weights), None  # proportions: the weights are the trials
    used = np.ones(n) if weights is None else (weights > 0).astype(float)
    used = used * (y[1] > 0) if family.support.pairs and isinstance(y, tuple) else used
    counted = used if frequency is None else used * frequency
    parts = [a for a in (weights, frequency, None if np.all(used) else used) if a is not None]
    total = None if not parts else parts[0] if len(parts) == 1 else parts[0] * parts[1] if len(parts) == 2 else (
        parts[0] * parts[1] * parts[2])
    relevant = np.broadcast_to(counted > 0, (b, n))
    with np.errstate(invalid="ignore"):
        bad = np.broadcast_to(_outside(family.support, y), (b, n)) & relevant
    valid: Any = ~bad.any(axis=1) & relevant.any(axis=1)
    for a in (*(g.offset for g in block.given), block.weights, block.freq_weights):
        if a is not None:
            valid &= np.broadcast_to(np.isfinite(a), (b, n)).all(axis=1)
    for X, _ in block.given:
        if X.ndim == 3 and not all_finite(X):  # one pass without a mask as large as X
            valid &= np.isfinite(X.reshape(b, -1)).all(axis=1)
    return Seen(y, total, counted, valid)


def _outside(support: Any, y: Any) -> np.ndarray:
    """Mask of the responses that are not in the support; of many, every core looks at a part."""
    if isinstance(y, tuple) or y.size < MANY or len(y) < cores():
        return support.outside(y)
    return np.concatenate(list(in_turn(support.outside, np.array_split(y, cores()), cores())))


def as_given(block: Block, family: Family) -> tuple[Predictor, ...]:
    """The predictors of a block on the columns as they were given."""
    return predictors_on(block.pattern, family, [unchanged(X) for X, _ in block.given])


def names_of(pattern: ModelFrame, family: Family) -> tuple[str, ...]:
    """Names of the P coefficients of a member."""
    parts = predictors_on(pattern, family, [unchanged(part.X) for part in pattern.parts])
    return sum((p.names for p in parts), ())


def unchanged(X: np.ndarray) -> Basis:
    """The columns of X (..., n, p) as they are."""
    return Basis(X, None, np.arange(X.shape[-1]))


def members_of(block: Block, data: Seen, family: Family, parts: tuple[Predictor, ...]) -> Members:
    """The members of a block with the columns of these predictors, (n, r) or (b, n, r); numbers of the family may have
    an axis of members. Predictors of one basis have one design: its columns are stored once."""
    dense = {id(p.basis): Dense(p.basis.columns) for p in parts if not p.shared}
    designs = tuple(Ones(block.n) if p.shared else dense[id(p.basis)] for p in parts)
    places = placed(family, block.pattern.modelled)
    offsets = tuple(None if k is None else block.given[k].offset for k in places)
    numbers = jax.tree.map(lambda v: np.asarray(v, float), families_of(family, block.index))
    problem = Problem(numbers, data.y, designs, offsets, data.weights)
    varies = lambda a, shared_rank: jax.tree.map(lambda v: np.ndim(v) > shared_rank, a)  # noqa: E731
    flags = replace(problem, family=varies(numbers, 0), y=varies(data.y, 1), designs=varies(designs, 2),
                    offsets=varies(offsets, 1), weights=varies(data.weights, 1))
    return Members.of(*Members.share(problem, flags), len(block.index))


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
    if not absent.any():
        return frame
    with jax.enable_x64(True):
        return replace(frame, y=jax.tree.map(np.asarray, family.support.masked(frame.y, ~absent)))


def is_fixed(family: Family, name: str | None) -> bool:
    return name is not None and isinstance(family.link_of(name), Fixed)
