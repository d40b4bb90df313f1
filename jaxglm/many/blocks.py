"""HOST: blocks of members of one shape: what the likelihood sees of them, and the members of the engine."""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from ..basis import unchanged
from ..batch import Members, in_turn
from ..compiled import cores
from ..design import Dense, Ones, Tied
from ..families import Family
from ..frame import ModelFrame
from ..frame.numeric import all_finite
from ..links import Fixed
from ..predictors import Predictor, placed, predictors_on
from ..problem import Problem

SIDES = ("weights", "freq_weights")
MANY = 1 << 20  # responses from which several threads pay


class Given(NamedTuple):
    """The design of a formula and the offset of its predictors: n lines, one for each observation, or K of each."""

    X: np.ndarray  # (n, p) that all members share, or (b, n, p)
    offset: np.ndarray | None  # (n,), or (b, n)


class Block(NamedTuple):
    """Members of one number of observations n: their positions in the batch (b,), and arrays (b, n), or (n,) where
    shared."""

    index: np.ndarray
    pattern: ModelFrame  # the frame of a member, whose names and parameters these designs have
    given: tuple[Given, ...]  # the design of the first formula, then those of further parameters
    y: Any  # (b, n), or a tuple of such
    weights: np.ndarray | None
    freq_weights: np.ndarray | None
    tied: int | None = None  # lines K of the first design that an observation has, where that is a set of rows

    @property
    def n(self) -> int:
        return self.given[0].X.shape[-2] // (self.tied or 1)

    def design(self, columns: np.ndarray) -> Dense | Tied:
        """The design of lines (..., r)."""
        return Dense(columns) if self.tied is None else Tied(self.side_by_side(columns, 1))

    def side_by_side(self, values: Any, rank: int = 0) -> Any:
        """Values of lines, with `rank` axes beside them, as those of observations: (..., n, K, ...) of K tied."""
        if self.tied is None or values is None:
            return values
        at = values.ndim - rank - 1
        return values.reshape(*values.shape[:at], self.n, self.tied, *values.shape[at + 1 :])


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
        outside = np.isnan(y[0]) if block.tied else _outside(family.support, y)  # a set that is no choice has no place
        bad = np.broadcast_to(outside, (b, n)) & relevant
    valid: Any = ~bad.any(axis=1) & relevant.any(axis=1)
    for a in (*(g.offset for g in block.given), block.weights, block.freq_weights):
        if a is not None:
            valid &= np.isfinite(a).all(axis=-1)
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


def members_of(block: Block, data: Seen, family: Family, parts: tuple[Predictor, ...]) -> Members:
    """The members of a block with the columns of these predictors, (n, r) or (b, n, r); numbers of the family may have
    an axis of members. Predictors of one basis have one design: its columns are stored once."""
    family = family if block.tied is None else family.with_tied(block.tied)
    stored = {id(p.basis): block.design(p.basis.columns) for p in parts if not p.shared}
    designs = tuple(Ones(block.n) if p.shared else stored[id(p.basis)] for p in parts)
    places = placed(family, block.pattern.modelled)
    offsets = tuple(None if k is None else block.side_by_side(block.given[k].offset) for k in places)
    numbers = jax.tree.map(lambda v: np.asarray(v, float), families_of(family, block.index))
    tied = block.tied is not None
    problem = Problem(numbers, data.y, designs, offsets, data.weights)
    varies = lambda a, shared_rank: jax.tree.map(lambda v: np.ndim(v) > shared_rank, a)  # noqa: E731
    flags = replace(problem, family=varies(numbers, 0), y=varies(data.y, 1), designs=varies(designs, 2 + tied),
                    offsets=varies(offsets, 1 + tied), weights=varies(data.weights, 1))
    return Members.of(*Members.share(problem, flags), len(block.index))


def families_of(family: Family, index: np.ndarray) -> Family:
    """The family of some members, where its fixed numbers have an axis of members."""
    return jax.tree.map(lambda v: np.asarray(v, float)[index] if np.ndim(v) else v, family)


def member_family(family: Family, i: int) -> Family:
    """The family of one member."""
    return jax.tree.map(lambda v: float(np.asarray(v)[i]) if np.ndim(v) else v, family)


def presentable(frame: ModelFrame, family: Family) -> ModelFrame:
    """The frame with a valid response in the rows of weight zero whose own is not: nothing depends on it. Sets of
    weight zero that are no choice are left out."""
    absent = np.zeros(len(frame.X), bool)
    for counts in (frame.weights, frame.freq_weights):
        absent |= False if counts is None else counts == 0
    if frame.sets is not None:
        return rows_of(frame, ~(absent & ~frame.sets.choices(np.asarray(frame.y))[frame.sets.code]))
    absent &= family.support.outside(frame.y)
    if not absent.any():
        return frame
    with jax.enable_x64(True):
        return replace(frame, y=jax.tree.map(np.asarray, family.support.masked(frame.y, ~absent)))


def rows_of(frame: ModelFrame, at: np.ndarray, **changed: Any) -> ModelFrame:
    """The frame with the rows at positions, or where a mask is true."""
    own = partial(jax.tree.map, lambda a: a[at])
    sides = {name: own(getattr(frame, name)) for name in ("y", "rows", *SIDES)}
    sets = None if frame.sets is None else frame.sets.at(at)
    return frame.with_designs([own((p.X, p.offset)) for p in frame.parts], sets=sets, **sides, **changed)


def is_fixed(family: Family, name: str | None) -> bool:
    return name is not None and isinstance(family.link_of(name), Fixed)
