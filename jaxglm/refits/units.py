"""HOST: what is drawn or left out together: single observations, or whole groups of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..design import aligned
from .arriving import Arriving

NARROW = 1 << 16  # numbers that 16 bits tell apart
TOGETHER = 1 << 16  # draws that stay in the cache on their way to counts


@dataclass(frozen=True)
class Units:
    """The exchangeable pieces of the data: U of them, of which some occur several times (freq_weights)."""

    code: np.ndarray  # (N,) unit of each padded row
    times: np.ndarray  # (U,) how often the unit is there
    weight: np.ndarray  # (N,) weight of a row where its unit counts once; 0 for rows that do not count

    @classmethod
    def of(cls, fit: Any, groups=None) -> "Units":
        """Observations of the fit, a row of frequency f being f of them; or its groups of rows."""
        N, used = fit.problem.n, np.flatnonzero(fit.counted > 0)
        code, weight = np.zeros(N, int), np.zeros(N)
        if groups is not None:
            code[used] = np.unique(labels(fit, groups)[used], return_inverse=True)[1]
            weight[used] = fit._weights[used]
            return cls(code, np.ones(code.max() + 1, int), weight)._several("groups")
        frequency = fit.counted[used]
        if np.any(frequency != np.round(frequency)):
            raise ValueError("freq_weights must be whole numbers to resample observations; some are not. Use weights= "
                             "for weights that are not counts, or groups=.")
        code[used], weight[used] = np.arange(len(used)), fit._weights[used] / frequency
        return cls(code, frequency.astype(int), weight)._several("observations")

    def _several(self, what: str) -> "Units":
        if self.total < 2:
            raise ValueError(f"resampling needs at least two {what}; there is {self.total}.")
        return self

    @property
    def total(self) -> int:
        return int(self.times.sum())

    def weights(self, counts: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Row weights (b, N) of samples that hold each unit so often: counts (b, U). out: where to, if given."""
        U = counts.shape[1]
        full = np.empty((len(counts), len(self.code))) if out is None else out
        if self._rows_are_units:  # gathering them would take four times as long
            np.multiply(counts, self.weight[:U], out=full[:, :U], casting="unsafe")  # into whole numbers where all are
            full[:, U:] = 0.0
        else:
            np.multiply(counts[:, self.code], self.weight, out=full)
        return full

    @cached_property
    def _rows_are_units(self) -> bool:
        U = len(self.times)
        return np.array_equal(self.code[:U], np.arange(U)) and not np.any(self.weight[U:])

    def resampled(self, rng: np.random.Generator, b: int) -> Arriving:
        """Row weights (b, N) of samples of as many units as there are, drawn with replacement: while the first are
        fitted."""
        counts = self._rows_are_units and self.total < NARROW and np.all(self.weight[: len(self.times)] == 1)
        weights = aligned((b, len(self.code)), np.uint16 if counts else float)
        return Arriving(weights, self._draws(rng, weights))

    def _draws(self, rng: np.random.Generator, weights: np.ndarray) -> Iterator[int]:
        """Fill the weights (b, N), and tell after each piece how many rows are there."""
        U, total, done = len(self.times), self.total, 0
        owner = np.repeat(np.arange(U), self.times) if np.any(self.times != 1) else None
        together, narrow = max(TOGETHER // total, 1), np.uint16 if total <= NARROW else np.int64
        place = np.empty((together, total), int)
        for part in np.split(weights, range(together, len(weights), together)):
            m = len(part)
            picked = rng.integers(total, size=(m, total), dtype=narrow)
            picked = picked if owner is None else owner[picked]
            np.add(picked, U * np.arange(m)[:, None], out=place[:m])
            self.weights(np.bincount(place[:m].ravel(), minlength=m * U).reshape(m, U), part)
            done += m
            yield done

    def without_one(self, start: int, stop: int) -> np.ndarray:
        """Counts (b, U) of the samples that miss one of the units start, ..., stop - 1."""
        counts = np.repeat(self.times[None], stop - start, axis=0)
        counts[np.arange(stop - start), np.arange(start, stop)] -= 1
        return counts


def labels(fit: Any, groups: Any) -> np.ndarray:
    """The group of each observation (n,). groups: a label for each row of the data, dropped rows with or without, or
    the name of a column of the data."""
    given = fit.frame.column(groups, "groups") if isinstance(groups, str) else np.asarray(groups)
    n = len(fit.frame.X)
    if given.shape == (n + fit.n_dropped,):
        given = given[fit.frame.rows]
    if given.shape != (n,):
        given_as = f"{n} rows" + (f", {n + fit.n_dropped} with the dropped ones" if fit.n_dropped else "")
        raise ValueError(f"groups must be a label for each row of the data ({given_as}); its shape is {given.shape}.")
    missing = np.asarray([_is_missing(g) for g in given]) if given.dtype == object else given != given
    if missing.any():
        raise ValueError(f"groups must not be missing; {missing.sum()} of {n} are (first: row {np.argmax(missing)}).")
    return fit.frame.of_observations(given.astype(str) if given.dtype == object else given, "groups")


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def whole(value: Any, name: str, least: int = 1) -> int:
    """The argument as an int; raises ValueError unless it is a whole number and not too small."""
    good = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least
    if not good:
        raise ValueError(f"{name} must be a whole number, at least {least}; it is {value!r}.")
    return int(value)
