"""What a fit says of counts: criteria, frequencies, and residuals, each row as often as it counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, ndtri

from experiments.counts.tabulate import COUNT
from jaxglm.diagnostics import quantile_residuals, tails_at
from jaxglm.reports.joint import distribution_of, responses

GRID = 200  # points of a quantile plot
SEED = 1  # of the places drawn within the jumps of a distribution function


@dataclass(frozen=True)
class Judged:
    """A fit and what is said of it. expected: (bars,) frequencies; residuals: (persons,), sorted; loo: leave-one-out
    log scores, None of a fit at the edge of its parameters; seconds: of the fit, with its compilation."""

    fit: Any
    expected: np.ndarray
    residuals: np.ndarray
    loo: Any
    seconds: float

    @property
    def looic(self) -> float | None:
        return self.loo and self.loo.looic

    @property
    def quantiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles of the standard normal and of the residuals, of equal length."""
        share = expit(np.linspace(-10, 10, GRID))  # dense towards both ends
        share = share[(share > 1 / len(self.residuals)) & (share < 1 - 1 / len(self.residuals))]
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


def judged(fit: Any, frame: Any, bars: int, seconds: float) -> Judged:
    """What there is to say of a fit of a tabulated frame."""
    expected = expected_frequencies(fit, frame, bars)
    return Judged(fit, expected, residuals(fit), fit.loo("mixed") if fit.converged else None, seconds)


def loo_difference(one: Any, other: Any) -> tuple[float, float]:
    """LOO-IC of one fit less that of another of the same rows, and the standard error of this difference."""
    n, apart = one.counted, -2 * (one.log_score - other.log_score)
    total, persons = float(np.sum(n * apart)), np.sum(n)
    return total, float(np.sqrt(persons / (persons - 1) * np.sum(n * (apart - total / persons) ** 2)))
