"""HOST: how well each row is predicted by the fit without it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..diagnostics import deletion_of, row_logliks_at
from ..frame import to_frame
from ..solvers import Status
from .joint import joint, unit_weights
from .refits import without_each

LEVERAGE = 0.3  # of an observation, beyond which one Newton step may be far from the fit without it
LOSS = 1.0  # of log score by leaving the observation out, likewise


@dataclass(frozen=True)
class LeaveOneOut:
    """Log scores of the rows, or of sets of them, by the fit without one observation of each; NaN where none counts."""

    log_score: np.ndarray  # (n,) log predictive density of one observation, times its weight
    in_sample: np.ndarray = field(repr=False)  # (n,) the same by the whole fit
    doubtful: np.ndarray = field(repr=False)  # (n,) whether one Newton step may not be enough, and no refit was made
    refitted: np.ndarray = field(repr=False)  # (n,) whether the row was left out by a refit that converged
    counted: np.ndarray = field(repr=False)
    kind: str = field(repr=False)
    labels: dict[str, np.ndarray] = field(default_factory=dict, repr=False)  # of sets, where the rows are theirs

    @property
    def elpd(self) -> float:
        """Sum of the log scores: expected log predictive density of as many new observations."""
        return float(np.sum(self.counted[self._seen] * self.log_score[self._seen]))

    @property
    def p_loo(self) -> float:
        """Effective number of parameters: log-likelihood less `elpd`."""
        return float(np.sum(self.counted[self._seen] * self.in_sample[self._seen])) - self.elpd

    @property
    def looic(self) -> float:
        """-2 elpd, on the scale of AIC."""
        return -2 * self.elpd

    @property
    def se(self) -> float:
        """Standard error of `looic`."""
        scores, n = self.log_score[self._seen], self.counted[self._seen]
        centred = scores - np.sum(n * scores) / np.sum(n)
        return 2 * float(np.sqrt(np.sum(n) / (np.sum(n) - 1) * np.sum(n * centred**2))) if np.sum(n) > 1 else np.nan

    @property
    def n_doubtful(self) -> int:
        return int(np.sum(self.doubtful))

    @property
    def _seen(self) -> np.ndarray:
        return self.counted > 0

    def summary_frame(self):
        """One row an observation, as a frame of the input's kind."""
        single = ("log_score", "in_sample", "doubtful", "refitted")
        return to_frame(self.labels | {name: getattr(self, name) for name in single}, self.kind)

    def __repr__(self):
        return (f"<LeaveOneOut elpd {self.elpd:.2f}, looic {self.looic:.2f} (se {self.se:.2f}), "
                f"p_loo {self.p_loo:.2f}, {self.n_doubtful} doubtful, {int(np.sum(self.refitted))} refitted>")


def loo(fit: Any, method: str = "approximate", *, progress=None) -> LeaveOneOut:
    """Leave-one-out log scores of the joint likelihood, an estimated dispersion left out and estimated with the rest.

    method: "approximate", one Newton step for each row; "mixed", rows where that is doubtful are refitted; "exact", all
        are. A row is doubtful where its leverage exceeds 0.3, or its log score falls by more than 1.
    progress: called with (fits done, fits).
    Raises: ValueError for another method, or a fit that has no maximum.
    Source: Pregibon (1981) for the step; Vehtari, Gelman and Gabry (2017), Stat. Comput. 27, for the summaries.
    """
    if method not in ("approximate", "mixed", "exact"):
        raise ValueError(f"unknown method {method!r} of loo; choose from approximate, mixed, exact.")
    fit.family.check_density("leave-one-out log scores")
    if not fit.converged:
        raise ValueError(f"leave-one-out needs a maximum; the fit ended as {fit.status.name}. {fit.message}")
    n, unit = fit._n, unit_weights(fit)
    problem, theta = joint(fit)
    at = deletion_of(problem, theta, unit, False)
    thetas = theta - at.step
    whole = unit * row_logliks_at(problem, np.tile(theta, (problem.n, 1)))
    scores = unit * row_logliks_at(problem, thetas)
    with np.errstate(invalid="ignore"):
        sure = (at.leverage < LEVERAGE) & (whole - scores < LOSS) & ~at.singular & np.isfinite(scores)
    counts = unit > 0
    chosen = counts if method == "exact" else counts & ~sure if method == "mixed" else np.zeros_like(counts)
    refitted = np.zeros_like(counts)
    if chosen.any():
        found, status = without_each(problem, theta, unit, fit.solver, False, rows=np.flatnonzero(chosen),
                                     progress=progress)  # fmt: skip
        refitted = status == Status.CONVERGED
        exact = unit * row_logliks_at(problem, np.where(refitted[:, None], found, theta))
        scores = np.where(refitted, exact, np.where(chosen, np.nan, scores))
    hide = lambda v: np.where(counts, v, np.nan)[:n]  # noqa: E731
    doubtful = (counts & ~sure & ~refitted)[:n]
    return LeaveOneOut(hide(scores), hide(whole), doubtful, refitted[:n], fit.counted, fit.frame.kind,
                       fit.frame.labels)  # fmt: skip
