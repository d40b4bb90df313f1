"""What a fit says of counts: criteria, frequencies, and residuals, each row as often as it counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from experiments.counts.tabulate import COUNT, tabulated
from jaxglm.diagnostics import quantile_residuals, tails_at
from jaxglm.reports.joint import distribution_of, responses

GRID = 400  # points of a quantile plot
SEED = 1  # of the places drawn within the jumps of a distribution function


@dataclass(frozen=True)
class Judged:
    """A fit and what is said of it. expected: (bars,) frequencies; residuals: (persons,), sorted; scores: (rows,) log
    leave-one-out density of one person of each row."""

    fit: Any
    expected: np.ndarray
    residuals: np.ndarray
    loo: Any
    seconds: float

    @property
    def quantiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles of the standard normal and of the residuals, each (GRID,)."""
        share = (np.arange(GRID) + 0.5) / GRID
        share = np.concatenate([share[:1] / 40, share[:1] / 8, share, 1 - share[:1] / 8, 1 - share[:1] / 40])
        return ndtri(share), np.quantile(self.residuals, share)


def expected_frequencies(fit: Any, frame: Any, bars: int) -> np.ndarray:
    """Sum over the persons of the probabilities of 0, 1, ..., bars - 1; those of equal covariates are found once."""
    covariates = [c for c in frame.columns if c not in (fit.frame.response, COUNT)]
    groups = frame.groupby(covariates, observed=True)[COUNT].sum().reset_index()
    return groups[COUNT].to_numpy(float) @ fit.predict(groups, which="prob", at=list(range(bars)))


def residuals(fit: Any) -> np.ndarray:
    """Quantile residuals of all persons, sorted: each has a place of its own within the jump of its count."""
    family, eta = distribution_of(fit)
    tails, times = tails_at(family, responses(fit), eta), fit.counted.astype(int)
    each = type(tails)(*(np.repeat(part, times) for part in tails))
    return np.sort(quantile_residuals(each, np.random.default_rng(SEED).uniform(1e-12, 1, times.sum())))


def loo_difference(one: Any, other: Any) -> tuple[float, float]:
    """LOO-IC of one fit less that of another of the same rows, and the standard error of this difference."""
    n, d = one.counted, -2 * (one.log_score - other.log_score)
    total = float(np.sum(n * d))
    return total, float(np.sqrt(np.sum(n) * np.average((d - total / np.sum(n)) ** 2, weights=n) * np.sum(n) / (np.sum(n) - 1)))
