"""HOST: estimates that are functions of the coefficients: their gradients, averages, standard errors and frames."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..inference import log_two_sided
from ..prediction import Curve, Predictors

BLOCK = 4096  # rows whose gradients are held at a time


@dataclass(frozen=True)
class Estimates:
    """Values (m,) and their gradients in the fit's estimates, kept as products: the sum over parts (places, X, a) of
    a_i X_i at the places. So a row's gradient is never stored, and an average of n rows costs P numbers."""

    value: np.ndarray
    parts: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, at: Predictors, curve: Curve) -> "Estimates":
        """The values of a curve at these rows."""
        return cls(curve.value, tuple(part(at.places[k], at.designs[k], slope) for k, slope in curve.slope.items()))

    def times(self, factor: np.ndarray) -> "Estimates":
        return Estimates(factor * self.value, tuple((k, X, factor * a) for k, X, a in self.parts))

    def mapped(self, value: np.ndarray, slope: np.ndarray) -> "Estimates":
        """A function of each value by its value and slope there."""
        return Estimates(value, tuple((k, X, slope * a) for k, X, a in self.parts))

    def plus(self, other: "Estimates", value: np.ndarray) -> "Estimates":
        """The gradients added, with this value."""
        return Estimates(value, self.parts + other.parts)

    def averaged(self, groups: "Groups", size: int) -> "Estimates":
        """Averages of groups of rows as estimates of their own; size: of the fit's estimates."""
        gradient = np.zeros((len(groups), size))
        for g, (rows, share) in enumerate(groups):
            for places, X, a in self.parts:
                gradient[g, places] += (share * a[rows]) @ X[rows]
        value = np.array([share @ self.value[rows] for rows, share in groups])
        return Estimates(value, ((np.arange(size), gradient, np.ones(len(groups))),))

    def std_error(self, root: np.ndarray) -> np.ndarray:
        """Standard errors (m,) from a root (P, r) of the covariance of the fit's estimates, by the delta method."""
        out = np.empty(len(self.value))
        for start in range(0, len(out), BLOCK):
            rows = slice(start, start + BLOCK)
            out[rows] = np.linalg.norm(sum(a[rows, None] * (X[rows] @ root[k]) for k, X, a in self.parts), axis=1)
        return out


def part(places: np.ndarray, X: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A part of gradients: a_i X_i of rows X (n, p); of tied predictors (n, K, p) with a (n, K) the sums over these."""
    return (places, X, a) if a.ndim == 1 else (places, np.einsum("nk,nkp->np", a, X), np.ones(len(a)))


def along(derivative: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """A derivative (n, ...) in a predictor times the change of that, (n,) or, summed, (n, K) of K tied ones."""
    wide = moved.reshape(moved.shape + (1,) * (derivative.ndim - moved.ndim))
    return np.sum(wide * derivative, axis=tuple(range(1, moved.ndim)))


Groups = list[tuple[np.ndarray, np.ndarray]]  # positions of the rows of each group, and their shares of its average


def groups_of(counted: np.ndarray, codes: np.ndarray, size: int) -> Groups:
    """Groups of rows by their codes 0, 1, ..., each row counted as often as said. Raises ValueError without rows."""
    if not len(codes):
        raise ValueError("an average needs rows; new has none.")
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(size + 1))
    pieces = [order[a:b] for a, b in pairwise(ends)]
    with np.errstate(invalid="ignore"):
        return [(rows, counted[rows] / np.sum(counted[rows])) for rows in pieces]


def inference(fit: Any, estimate, std_error, alpha: float, null: Any = 0.0) -> dict[str, np.ndarray]:
    """Wald statistics, p-values and limits: Student's t where the tests of the coefficients use it."""
    half = fit._quantile(alpha) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (estimate - null) / std_error
    p_value = np.exp(log_two_sided(statistic, fit.df_resid if fit.use_t else None))
    return dict(estimate=estimate, std_error=std_error, statistic=statistic, p_value=p_value,
                conf_low=estimate - half, conf_high=estimate + half)  # fmt: skip


def stacked(tables: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Tables of the same columns, one below the other."""
    return {name: np.concatenate([np.asarray(table[name]) for table in tables]) for name in tables[0]}
