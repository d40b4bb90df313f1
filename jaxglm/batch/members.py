"""The members of a batch: one Problem in which some leaves have an axis for the members, and the others are shared."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from ..design import Dense, crossed
from ..problem import Problem

SHARED_PRODUCTS = 1 << 25  # elements of the products of columns, 256 MB, up to which they are kept
WASTE = 0.25  # share of padding among the rows of ragged members that is put up with


@dataclass(frozen=True)
class Structure:
    """How leaves become a Problem. A design that several predictors have is stored once and is one object again, so
    that its products of columns serve all pairs of those predictors."""

    tree: Any  # of the Problem with each of its designs once
    place: tuple[int, ...]  # which of them each predictor has

    @classmethod
    def of(cls, problem: Problem) -> "Structure":
        known: dict[int, int] = {}
        place = tuple(known.setdefault(id(d), len(known)) for d in problem.designs)
        return cls(jax.tree.structure(_with_designs(problem, map(place.index, range(len(known))))), place)

    def leaves(self, problem: Problem) -> list:
        """The leaves of a Problem of this structure, or of its flags."""
        return jax.tree.leaves(_with_designs(problem, map(self.place.index, range(max(self.place) + 1))))

    def build(self, leaves) -> Problem:
        """The Problem of these leaves."""
        return _with_designs(jax.tree.unflatten(self.tree, leaves), self.place)

    def traced(self, leaves) -> Problem:
        """The Problem of these leaves in a program: weights that are whole numbers, a quarter of the memory, become
        what they stand for there."""
        problem = self.build(leaves)
        weights: Any = problem.weights
        return problem if weights is None else replace(problem, weights=weights.astype(problem.dtype))


def _with_designs(problem: Problem, index) -> Problem:
    """The problem with those of its designs, in this order."""
    return replace(problem, designs=tuple(problem.designs[k] for k in index))


@dataclass(frozen=True)
class Members:
    """B problems of one shape. `leaves` are those of the Problem that `structure` rebuilds, host arrays; where
    `batched` is true the first axis of a leaf is that of the members."""

    leaves: tuple[Any, ...]
    batched: tuple[bool, ...]
    structure: Structure
    size: int

    @classmethod
    def of(cls, problem: Problem, batched: Problem, size: int) -> "Members":
        """problem: with leaves (B, ...) or shared; batched: the same tree with a truth value for each leaf."""
        structure = Structure.of(problem)
        leaves, flags = structure.leaves(problem), tuple(map(bool, structure.leaves(batched)))
        if len(flags) != len(leaves):
            raise ValueError(f"{len(leaves)} leaves of a problem have {len(flags)} flags.")
        return cls(tuple(leaves), flags, structure, size)

    @classmethod
    def varied(cls, problem: Problem, size: int, **changed: Any) -> "Members":
        """One problem many times over, with an axis of members on what is given: y, weights, offset (of the first
        predictor), each (B, n). The design is shared and never replicated."""
        offset = changed.pop("offset", None)
        offsets = problem.offsets if offset is None else (offset, *problem.offsets[1:])
        whole = replace(problem, offsets=offsets, **changed)
        still = jax.tree.map(lambda _: False, whole)
        flags = replace(still, **{name: jax.tree.map(lambda _: True, value) for name, value in changed.items()})
        flags = flags if offset is None else replace(flags, offsets=(True, *still.offsets[1:]))
        return cls.of(*cls.share(whole, flags), size)

    @staticmethod
    def share(problem: Problem, flags: Problem) -> tuple[Problem, Problem]:
        """The problem with those of its designs that all members share stored for many weights at once, and its
        flags."""
        pairs = {id(d): (d, f) for d, f in zip(problem.designs, flags.designs, strict=True)}
        made = {k: (d, f) if any(jax.tree.leaves(f)) else _shared(d) for k, (d, f) in pairs.items()}
        designs, still = zip(*(made[id(d)] for d in problem.designs), strict=True)
        return replace(problem, designs=designs), replace(flags, designs=still)

    @property
    def axes(self) -> tuple[int | None, ...]:
        """in_axes of the leaves for vmap."""
        return tuple(0 if b else None for b in self.batched)

    def take(self, index) -> "Members":
        """The members at these positions."""
        leaves = tuple(a[index] if b else a for a, b in zip(self.leaves, self.batched, strict=True))
        return Members(leaves, self.batched, self.structure, len(index))

    def one(self, i: int) -> Problem:
        """The problem of one member."""
        leaves = (a[i] if b else a for a, b in zip(self.leaves, self.batched, strict=True))
        return self.structure.build(leaves)

    def astype(self, dtype) -> "Members":
        """The same members with floating leaves of this dtype."""
        cast = lambda a: np.asarray(a, dtype) if np.issubdtype(np.asarray(a).dtype, np.floating) else a  # noqa: E731
        return Members(tuple(map(cast, self.leaves)), self.batched, self.structure, self.size)

    def penalised(self, penalty: Any, own: bool = False) -> "Members":
        """The same members with a penalty that they share, or whose numbers have an axis of members: their own."""
        problem, flags = self.structure.build(self.leaves), self.structure.build(self.batched)
        numbers = jax.tree.map(lambda v: np.asarray(v, float), penalty)
        varies = jax.tree.map(lambda _: own, numbers)
        return Members.of(replace(problem, penalty=numbers), replace(flags, penalty=varies), self.size)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of one member in the leaves that have the members' axis."""
        return sum(a[0].nbytes for a, b in zip(self.leaves, self.batched, strict=True) if b and len(a))


def _shared(design) -> tuple[Any, Any]:
    """A design that all members share, with the products of its columns where they are not too large; and its flags."""
    if isinstance(design, Dense):
        n, p = design.X.shape
        design = crossed(np.ascontiguousarray(design.X.T)) if 0 < n * p * (p + 1) // 2 <= SHARED_PRODUCTS else design
    return design, jax.tree.map(lambda _: False, design)


def stack_sizes(sizes: np.ndarray) -> np.ndarray:
    """Padded number of rows for each ragged member: as few sizes as leave at most a quarter of all rows as padding.

    Candidates are quarter octaves (a program is compiled for each size that occurs).
    """
    return _few(np.asarray([_quarter_octave(int(n)) for n in sizes], int), sizes, np.ones(len(sizes)))


def stack_widths(widths: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Padded widths of the rows of each ragged member, of which it has so many: as few as leave at most a quarter of
    all places as padding."""
    return _few(widths, widths, times)


def _few(rounded: np.ndarray, sizes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The fewest of the rounded sizes that will do for all; each size counts so many times."""
    if not len(sizes):
        return rounded
    present = np.unique(rounded)
    rows = np.asarray([(sizes * times)[rounded == s].sum() for s in present], float)
    counts = np.asarray([times[rounded == s].sum() for s in present], float)
    for pieces in range(1, len(present) + 1):
        padded, ends = _cheapest(present, counts, pieces)
        if padded <= rows.sum() / (1 - WASTE) or pieces == len(present):
            tops = present[np.asarray(ends)]
            return tops[np.searchsorted(tops, rounded)]
    raise AssertionError("the last round returns")


def _quarter_octave(n: int) -> int:
    """n rounded up to 4, 5, 6 or 7 times a power of two; at least 8."""
    unit = 1 << max((max(n, 8) - 1).bit_length() - 3, 0)
    return -(-max(n, 8) // unit) * unit


def _cheapest(sizes, counts, pieces: int) -> tuple[float, list[int]]:
    """Fewest padded rows if the sorted sizes are cut into this many runs, each padded to its largest, and where they
    end: dynamic programming over the ends."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    m = len(sizes)
    best = [(sizes[j] * total[j + 1], [j]) for j in range(m)]
    for _ in range(pieces - 1):
        best = [min((best[i][0] + sizes[j] * (total[j + 1] - total[i + 1]), [*best[i][1], j]) for i in range(j))
                if j else best[0] for j in range(m)]
    return best[-1]
