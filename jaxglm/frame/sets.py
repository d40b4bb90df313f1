"""Choice sets: rows of the data that are the alternatives of one choice, and the same rows side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .numeric import host, is_missing
from .tables import Table


@dataclass(frozen=True)
class Sets:
    """Which set each row is in. Of N rows in n sets of at most K, a row is at (code, place) of arrays (n, K, ...)."""

    code: np.ndarray  # (N,) 0, 1, ... in order of appearance; -1 without a label
    labels: tuple[Any, ...]  # of the sets
    name: str | None = None  # of their column in the data

    @classmethod
    def read(cls, values: Any, n: int, name: str | None = None) -> "Sets":
        """Sets of n rows from the label of each. Raises: ValueError for another number of labels."""
        given = host(values, "sets")
        if given.shape != (n,):
            raise ValueError(f"sets must be a label for each of the {n} rows of the data as passed; its shape is "
                             f"{given.shape}.")
        known: dict[Any, int] = {}
        code = [-1 if is_missing(v) else known.setdefault(v, len(known)) for v in given.tolist()]
        return cls(np.asarray(code, int), tuple(known), name)

    @classmethod
    def of(cls, data: Any, sets: Any, n: int) -> "Sets":
        """Sets of the n rows of data: its column of that name, or a label for each row."""
        if not isinstance(sets, str):
            return cls.read(sets, n)
        table = Table.read(data)
        table.check(sets, f"sets={sets!r}")
        return cls.read(table.raw(sets), n, sets)

    @classmethod
    def joined(cls, several: Sequence["Sets"]) -> "Sets":
        """The sets of several data, whose rows follow each other."""
        ends = np.cumsum([0, *(s.n for s in several)])
        code = np.concatenate([s.code + end for s, end in zip(several, ends, strict=False)])
        return cls(code, tuple(label for s in several for label in s.labels), several[0].name)

    def within(self, group: np.ndarray) -> "Sets":
        """The sets of rows that have the number of a group (N,) in common as well: a label that occurs in two groups
        tells two sets, one in each."""
        inside = self.code >= 0
        pairs = (group[inside] + 1) * max(self.n, 1) + self.code[inside]
        _, first, number = np.unique(pairs, return_index=True, return_inverse=True)
        order, code = np.argsort(first), np.full(len(self.code), -1)
        code[inside] = np.argsort(order)[number]
        labels = tuple(self.labels[c] for c in self.code[inside][first[order]])
        return Sets(code, labels, self.name)

    def completed(self) -> "Sets":
        """The sets in which each row without a label is one of its own."""
        lost = np.flatnonzero(self.code < 0)
        code = self.code.copy()
        code[lost] = self.n + np.arange(len(lost))
        return Sets(code, self.labels + (None,) * len(lost), self.name)

    @property
    def absent(self) -> dict[str, np.ndarray]:
        """A mask of the rows without a label, under the name of the column."""
        return {self.name or "sets": self.code < 0}

    def complete(self, rows: np.ndarray) -> np.ndarray:
        """Those of the rows whose whole set is among them. Raises: ValueError where none is."""
        lost = np.setdiff1d(np.arange(len(self.code)), rows)
        kept = rows[~np.isin(self.code[rows], self.code[lost])]
        if not len(kept):
            raise ValueError(f"no complete set is left: each of the {len(self.labels)} sets has a row with a missing "
                             "value.")
        return kept

    def at(self, rows: np.ndarray) -> "Sets":
        """The sets of these rows alone."""
        present, code = np.unique(self.code[rows], return_inverse=True)
        return Sets(code, tuple(self.labels[c] for c in present), self.name)

    @property
    def n(self) -> int:
        return len(self.labels)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Number of rows of each set (n,)."""
        return np.bincount(self.code, minlength=self.n)

    @cached_property
    def _first(self) -> np.ndarray:
        """The first row of each set."""
        return np.unique(self.code, return_index=True)[1]

    @cached_property
    def place(self) -> np.ndarray:
        """How many rows of its set stand before each row (N,)."""
        order = np.argsort(self.code, kind="stable")
        found = np.empty(len(order), int)
        found[order] = np.arange(len(order)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        return found

    def side_by_side(self, values: np.ndarray) -> np.ndarray:
        """Values (N, ...) of rows as (n, K, ...), zero where a set has fewer than K."""
        wide = np.zeros((self.n, int(np.max(self.sizes)), *values.shape[1:]))
        wide[self.code, self.place] = values
        return wide

    def contrasts(self, values: np.ndarray) -> np.ndarray:
        """Values (N, ...) less those of the first row of the set: what is constant within sets is exactly zero."""
        return values - values[self._first][self.code]

    def shared(self, values: np.ndarray, name: str) -> np.ndarray:
        """The value that all rows of a set share (n,). Raises: ValueError where they differ."""
        own = values[self._first]
        differ = np.flatnonzero(values != own[self.code])
        if len(differ):
            k = self.code[differ[0]]
            raise ValueError(f"{name} must be the same in all rows of a set; in set {self.labels[k]!r} they are "
                             f"{own[k]} and {values[differ[0]]}.")
        return own

    def chosen(self, y: np.ndarray, name: str) -> np.ndarray:
        """Place of the row with 1 in each set (n,), where the others have 0. Raises: ValueError for other numbers, no
        or two chosen in a set, and sets of one row."""
        if (bad := (y != 0) & (y != 1)).any():
            raise ValueError(f"{name} must be 1 for the alternative that was chosen and 0 for the others; {bad.sum()} "
                             f"of {len(y)} rows have other values (first: {y[bad][0]:g}).")
        times = np.bincount(self.code, weights=y, minlength=self.n)
        self._check(times != 1, lambda k: f"each set must have exactly one row with {name} = 1; set "
                                          f"{self.labels[k]!r} has {times[k]:g}")  # fmt: skip
        self._check(self.sizes < 2, lambda k: f"a set of one row is no choice; set {self.labels[k]!r} has one row")
        return self.place[y == 1][np.argsort(self.code[y == 1])]

    def choices(self, y: np.ndarray) -> np.ndarray:
        """Which sets are a choice (n,): of two rows or more, with 1 in one of them and 0 in the others."""
        count = lambda mask: np.bincount(self.code, weights=mask, minlength=self.n)  # noqa: E731
        return (count(y == 1) == 1) & (count((y != 0) & (y != 1)) == 0) & (self.sizes > 1)

    def _check(self, bad: np.ndarray, words: Any) -> None:
        if bad.any():
            raise ValueError(f"{words(int(np.argmax(bad)))} ({bad.sum()} of {self.n} sets are so). Drop or correct "
                             "these sets.")

    def probabilities(self, eta: np.ndarray) -> np.ndarray:
        """exp(eta) (N,) over its sum within the set; NaN in a set with a NaN, and without a set."""
        inside = self.code >= 0
        code, eta = self.code[inside], eta[inside]
        top = np.full(self.n, -np.inf)
        np.fmax.at(top, code, eta)
        size = np.exp(eta - top[code])
        found = np.full(len(inside), np.nan)
        found[inside] = size / np.bincount(code, weights=size, minlength=self.n)[code]
        return found
