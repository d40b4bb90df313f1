"""HOST: rows that are the alternatives of choices, as lines of a block: a set of rows is an observation of K lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..batch import stack_sizes, stack_widths
from ..frame import Sets
from .blocks import Block, Given


class Seats(NamedTuple):
    """Where rows (N,) are in arrays (*shape, ...), whose last axis here is that of the places in a set."""

    shape: tuple[int, ...]  # (n, K), or (b, n, K)
    at: tuple[np.ndarray, ...]  # (N,) for each axis

    @classmethod
    def of(cls, sets: Sets) -> "Seats":
        """Of rows in sets that all members share."""
        return cls((sets.n, int(np.max(sets.sizes))), (sets.code, sets.place))

    def wide(self, values: Any, rank: int = 0) -> Any:
        """Values (..., N, ...) of rows, with `rank` axes beside them, as (..., *shape, ...); zero where is no row."""
        if values is None:
            return None
        axis = values.ndim - rank - 1
        before, beside = values.shape[:axis], values.shape[axis + 1 :]
        made = np.zeros((*before, *self.shape, *beside))
        made[(slice(None),) * axis + self.at] = values
        return made


@dataclass(frozen=True)
class Seating:
    """The seats of the rows (N,) of all members, member by member. A label in two members tells two sets."""

    number: np.ndarray  # (N,) of the set among those of its member
    place: np.ndarray  # (N,) in the set
    sets: np.ndarray  # (B,) number of sets of each member
    widest: np.ndarray  # (B,) rows of its largest set
    ends: np.ndarray  # (B + 1,) where the rows of each end

    @classmethod
    def of(cls, code: np.ndarray, ends: np.ndarray) -> "Seating":
        """code: (N,) of the set of each row."""
        B = len(ends) - 1
        member = np.repeat(np.arange(B), np.diff(ends))
        span = int(np.max(code, initial=0)) + 1
        pairs, every = np.unique(member * span + code, return_inverse=True)
        owner, whole = pairs // span, Sets(every, tuple(range(len(pairs))))
        begins = np.searchsorted(owner, np.arange(B))
        widest = np.zeros(B, int)
        np.maximum.at(widest, owner, whole.sizes)
        return cls(every - begins[member], whole.place, np.bincount(owner, minlength=B), widest, ends)

    def shapes(self) -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
        """Members that are padded to one shape (n, K), and that shape; those without sets are in none."""
        present = np.flatnonzero(self.sets)
        widths = stack_widths(self.widest[present], self.sets[present])
        for K in np.unique(widths):
            alike = present[widths == K]
            padded = stack_sizes(self.sets[alike])
            yield from ((alike[padded == n], (int(n), int(K))) for n in np.unique(padded))

    def seats(self, index: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, Seats]:
        """Positions of the rows of some members, and their seats in arrays (b, *shape)."""
        lengths = np.diff(self.ends)[index]
        at = np.repeat(self.ends[index] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        member = np.repeat(np.arange(len(index)), lengths)
        return at, Seats((len(index), *shape), (member, self.number[at], self.place[at]))


def in_lines(rows: Block, seats: Seats) -> Block:
    """A block of rows as one of their sets. Columns are contrasts to the first row of a set, as in a single fit; sets
    that are no choice have NaN for the place of the chosen row, and weights that differ within a set are NaN."""
    (X, offset), *_ = rows.given
    there = seats.wide(np.ones(len(seats.at[0]))) > 0
    sizes, K = there.sum(axis=-1), seats.shape[-1]
    with np.errstate(invalid="ignore"):
        X = seats.wide(X, 1)
        X = np.where(there[..., None], X - X[..., :1, :], 0.0)
    offset = seats.wide(offset)
    given = Given(X.reshape(*X.shape[:-3], -1, X.shape[-1]),
                  None if offset is None else offset.reshape(*offset.shape[:-2], -1))  # fmt: skip
    weights, frequency = (_common(seats.wide(a), there) for a in (rows.weights, rows.freq_weights))
    y = _places(seats.wide(rows.y), sizes), sizes.astype(float)
    return Block(rows.index, rows.pattern, (given,), y, weights, frequency, K)


def _places(y: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Place of the chosen row of each set (..., n) of responses (..., n, K); NaN in a set that is no choice."""
    choice = ((y == 0) | (y == 1)).all(axis=-1) & (y.sum(axis=-1) == 1) & (sizes > 1)
    return np.where(choice, np.argmax(y == 1, axis=-1), np.where(sizes > 0, np.nan, 0.0))


def _common(values: Any, there: np.ndarray) -> Any:
    """The value (..., n) that the rows of each set have in common; NaN where they differ."""
    if values is None:
        return None
    own = values[..., 0]
    return np.where(((values == own[..., None]) | ~there).all(axis=-1), own, np.nan)
