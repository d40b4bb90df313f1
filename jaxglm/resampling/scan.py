"""HOST: score tests of many candidate columns, each added alone to a fitted model; refits of those that matter."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from ..batch import Members, Outcome, fit_members, over_members
from ..design import Dense
from ..frame import to_frame
from ..frame.arrays import design
from ..frame.tables import frame_kind
from ..inference import log_two_sided
from ..problem import linear_predictors
from ..refits import BLOCK_ELEMENTS, plan, warn_of_failures
from ..results import GLMResults
from ..solvers import Status
from .dispersion import dispersions
from .score import pieces, scores


@dataclass(frozen=True)
class Refits:
    """The model with one candidate added, for those whose p-value was small: arrays (hits,)."""

    index: np.ndarray  # position among the candidates
    statistic: np.ndarray  # likelihood ratio: twice the gain in log-likelihood over the dispersion of the null fit
    pvalues: np.ndarray
    log_pvalues: np.ndarray
    estimate: np.ndarray
    se: np.ndarray  # with the dispersion of the refit
    status: np.ndarray


@dataclass(frozen=True)
class ScoreScan:
    """Score tests of candidates, arrays (m,); NaN where the status is not CONVERGED.

    SINGULAR is a column that the null model explains (a constant beside an intercept, too), NON_FINITE one with a value
    missing, NO_PROGRESS one along which the observed information of the null fit is negative: a family that is no
    exponential dispersion model may have that where the effect is strong, and `refit` fits these too.
    """

    names: tuple[str, ...]
    statistic: np.ndarray  # chi-squared with one degree of freedom
    pvalues: np.ndarray
    log_pvalues: np.ndarray  # finite where the p-value itself is below the smallest float
    direction: np.ndarray  # sign of the effect
    estimate: np.ndarray  # coefficient after one Newton step from the null fit
    se: np.ndarray  # of that
    status: np.ndarray
    refits: Refits | None = None
    kind: str = field(default="numpy", repr=False)

    def to_frame(self):
        """One row a candidate, in the order given, as a frame of the input's kind; refits as columns lr_..."""
        words = np.asarray([Status(int(s)).name.lower() for s in self.status], object)
        table: dict[str, Any] = dict(
            name=np.asarray(self.names, object), statistic=self.statistic, p_value=self.pvalues,
            log_p_value=self.log_pvalues, estimate=self.estimate, std_error=self.se, status=words,
        )  # fmt: skip
        if self.refits is not None:
            parts = dict(lr_statistic="statistic", lr_p_value="pvalues", lr_estimate="estimate", lr_std_error="se")
            table |= {name: self._spread(getattr(self.refits, part)) for name, part in parts.items()}
        return to_frame(table, self.kind)

    def _spread(self, values) -> np.ndarray:
        full = np.full(len(self.names), np.nan)
        full[self.refits.index] = values  # type: ignore[union-attr]
        return full


def score_scan(fit: GLMResults, candidates: Any, *, names=None, refit: float | None = None) -> ScoreScan:
    """Score tests of each candidate column added alone to the fitted model, which is the null model; no refits.

    candidates: (n, m) array or frame of numbers, of any dtype, a row for each row of the data; NaN is a missing value,
        and the column then has no test. names: m names, by default the frame's or z0, z1, ...
    refit: a p-value; the model is refitted with each candidate below it, for the likelihood ratio and the estimate.
    The information is the expected one of an exponential dispersion model, the negative binomial with its alpha
    included, and the observed joint one otherwise; the dispersion is that of the null fit. Tests compare with the
    normal distribution, whatever the dispersion.
    Raises: ValueError for another number of rows or names, a null fit that is not at a maximum, refit outside (0, 1].
    Source: Rao (1948), Proc. Camb. Phil. Soc. 44; Cox and Hinkley (1974), section 9.3.
    """
    fit.family.check_single("score scans")
    if refit is not None and not 0 < refit <= 1:
        raise ValueError(f"refit is a p-value, in (0, 1]; it is {refit!r}.")
    matrix, labels, kind = _candidates(fit, candidates, names)
    found = scores(fit, pieces(fit), lambda a, b: _padded(fit, matrix[:, a:b]), len(labels))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        z = found.score / np.sqrt(found.information * fit.dispersion)
        estimate = found.score / found.information / found.scale
        se = np.sqrt(fit.dispersion / found.information) / found.scale
        log_p = log_two_sided(z)
        scan = ScoreScan(labels, z**2, np.exp(log_p), log_p, np.sign(z), estimate, se, found.status, kind=kind)
    if refit is None:
        return scan
    hits = np.flatnonzero((scan.pvalues < refit) | (scan.status == Status.NO_PROGRESS))
    return replace(scan, refits=_refits(fit, matrix, hits))


def _candidates(fit: GLMResults, candidates, names) -> tuple[np.ndarray, tuple[str, ...], str]:
    """The matrix as it is, without the rows that the fit dropped; names; the kind of frame."""
    if isinstance(candidates, np.ndarray) and candidates.ndim == 2 and candidates.dtype.kind in "biuf":
        matrix, own, kind = candidates, None, "numpy"  # not converted: a scan reads it in blocks
    else:
        matrix, own, kind = design(candidates, "candidates")
    n, dropped = len(fit.frame.X), fit.n_dropped
    if dropped and len(matrix) == n + dropped:
        matrix = matrix[fit.frame.rows]
    if len(matrix) != n or not matrix.shape[1]:
        raise ValueError(f"candidates must have {n} rows, one for each row of the fit, and at least one column; their "
                         f"shape is {matrix.shape}.")
    given = names if names is not None else own if own is not None else [f"z{j}" for j in range(matrix.shape[1])]
    if isinstance(given, str) or len(given) != matrix.shape[1]:
        raise ValueError(f"names must be {matrix.shape[1]} names, one for each candidate; there are {len(given)}.")
    return matrix, tuple(map(str, given)), kind if frame_kind(candidates) else fit.frame.kind


def _padded(fit: GLMResults, block) -> np.ndarray:
    """Columns (N, b) over the padded rows, zero where a row does not count."""
    n = len(fit.frame.X)
    full = np.zeros((fit.problem.n, block.shape[1]))
    full[:n] = block
    full[:n][fit._weights[:n] <= 0] = 0.0
    return full


# --- refits with the candidate as the last column of the first design


def _refits(fit: GLMResults, matrix, hits: np.ndarray) -> Refits:
    block = max(BLOCK_ELEMENTS // (fit.problem.n * (len(fit.basis.kept) + 1)), 1)
    parts = [_refit(fit, _padded(fit, matrix[:, hits[at : at + block]])) for at in range(0, len(hits), block)]
    gain, estimate, se, status = (np.concatenate(p) for p in zip(*parts, strict=True)) if parts else np.zeros((4, 0))
    warn_of_failures(status, "refits", "see `refits.status`")
    statistic = 2 * np.maximum(gain, 0.0) / fit.dispersion
    log_p = log_two_sided(np.sqrt(statistic))
    return Refits(hits, statistic, np.exp(log_p), log_p, estimate, se, status.astype(int))


def _refit(fit: GLMResults, columns: np.ndarray):
    """Gain in log-likelihood, estimate, standard error and status (h,) with each of the columns (N, h)."""
    rank, h = len(fit.basis.kept), columns.shape[1]
    members = _with_column(fit, columns)
    start = np.repeat(np.insert(fit.state.theta, rank, 0.0)[None], h, axis=0)
    with jax.enable_x64(True):
        outcome: Outcome = fit_members(members, plan(fit), start)
        eta = lambda: over_members(linear_predictors, members, outcome.theta)[0]  # noqa: E731
        phi = dispersions(fit, members, outcome, eta, fit.df_resid - 1)
    gain = outcome.loglik - float(fit.state.loglik)
    return gain, outcome.theta[:, rank], outcome.se[:, rank] * np.sqrt(phi), outcome.status


def _with_column(fit: GLMResults, columns: np.ndarray) -> Members:
    """The model with each column added: a member each, with a design of its own."""
    problem, h = fit.problem, columns.shape[1]
    X: Any = problem.designs[0].X  # type: ignore[union-attr]
    shared = np.broadcast_to(X, (h, *X.shape))
    own = Dense(np.concatenate([shared, columns.T[:, :, None]], axis=2))
    still: Any = jax.tree.map(lambda _: False, problem)
    return Members.of(replace(problem, designs=(own, *problem.designs[1:])),
                      replace(still, designs=(Dense(True), *still.designs[1:])), h)  # type: ignore[arg-type]
