"""HOST: cross-validation: each row is predicted by the fit without its fold, all folds as one batch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from ..batch import over_members
from ..diagnostics import Facts
from ..links import Fixed
from ..problem import linear_predictors
from ..refits import Progress, labels, refits, warn_of_failures, whole
from ..results import GLMResults
from ..solvers import Status
from .dispersion import log_dispersions

USABLE = (Status.CONVERGED, Status.SEPARATED, Status.BOUNDARY)  # at the others the coefficients are of no maximum


@dataclass(frozen=True)
class CrossValidation:
    """Out-of-fold scores of the rows, or of sets of them; NaN for those of weight zero and where the fold could not be
    fitted."""

    scores: np.ndarray  # (repeats, n)
    mu: np.ndarray  # (repeats, n) means predicted without the row's fold; of choices the probability of every row
    fold: np.ndarray  # (repeats, n) fold of each row; -1 where its weight is zero
    status: np.ndarray  # (repeats, folds)
    weights: np.ndarray = field(repr=False)  # (n,) of the rows in every sum

    @property
    def n_failed(self) -> int:
        """Number of folds whose fit did not converge."""
        return int(np.sum(self.status != Status.CONVERGED))

    @property
    def total(self) -> float:
        """Weighted sum of the scores, averaged over the repeats."""
        return float(np.mean(self._sums(self.scores)))

    @property
    def mean(self) -> float:
        """Weighted mean of the scores, averaged over the repeats."""
        return float(np.mean(self._sums(self.scores) / self._sums(np.ones_like(self.scores))))

    @property
    def se(self) -> float:
        """Standard error of the mean from the spread of the folds; repeats do not make it smaller.

        Source: Hastie, Tibshirani and Friedman (2009), section 7.10.1, the folds weighted by their rows.
        """
        return float(np.mean([self._spread(r) for r in range(len(self.fold))]))

    @property
    def fold_means(self) -> np.ndarray:
        """Weighted mean score of each fold (repeats, folds)."""
        sizes, sums = self._by_fold()
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums / sizes

    def _spread(self, r: int) -> float:
        sizes, means = self._by_fold()[0][r], self.fold_means[r]
        used = sizes > 0
        share = sizes[used] / np.sum(sizes)
        center = share @ means[used]
        return np.sqrt(share @ (means[used] - center) ** 2 / max(np.sum(used) - 1, 1)) if used.sum() > 1 else np.nan

    def _sums(self, values) -> np.ndarray:
        return np.sum(np.where(np.isnan(self.scores), 0.0, self.weights * values), axis=1)

    def _by_fold(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and weighted scores summed by fold, each (repeats, folds)."""
        kept = ~np.isnan(self.scores)
        w, s = np.where(kept, self.weights, 0.0), np.where(kept, self.weights * self.scores, 0.0)
        count = lambda r, a: np.bincount(self.fold[r] + 1, a[r], self.status.shape[1] + 1)[1:]  # noqa: E731
        repeats = range(len(self.fold))
        return np.stack([count(r, w) for r in repeats]), np.stack([count(r, s) for r in repeats])


def cv(
    fit: GLMResults,
    *,
    folds: int = 10,
    repeats: int = 1,
    groups=None,
    seed: int = 0,
    score: str | Callable = "loglik",
    progress: Progress = None,
) -> CrossValidation:
    """Scores of each row under the model fitted without the row's fold; of each set where rows are the alternatives of
    choices, which are never split.

    folds: 2 to the number of rows or groups. repeats: how often the rows are dealt anew. groups: a label for each row;
    a group is never split. seed: of NumPy's generator.
    score: "loglik", with an estimated dispersion at its maximum likelihood in the other folds; "deviance", the unit
        deviance; or a function (y, mu) -> (n,) of the responses on the scale of the mean and their predicted means; of
        the alternatives of choices, 1 or 0 and their probabilities: its values are added up within each set.
    Raises: ValueError for another score, folds out of range, groups of another length.
    Source: Stone (1974), JRSS B 36; Geisser (1975), JASA 70.
    """
    if not callable(score) and score not in ("loglik", "deviance"):
        raise ValueError(f"unknown score {score!r} of cv; choose from loglik, deviance, or pass a function (y, mu).")
    if score == "loglik":
        fit.family.check_density("log scores")
    fold = _dealt(fit, whole(folds, "folds", 2), whole(repeats, "repeats"), groups, whole(seed, "seed", 0))
    eta, status = _out_of_fold(fit, fold, folds, with_phi=score == "loglik", progress=progress)
    found = [_scored(fit, score, *_finite(e)) for e in zip(*eta, strict=True)]
    scores, mu = (np.stack([f[k] for f in found]) for k in (0, 1))
    warn_of_failures(status.ravel(), "folds", "rows of a fold without a maximum have no score")
    return CrossValidation(scores, mu, fold, status, fit._weights[: fit._n])


def _dealt(fit: GLMResults, folds: int, repeats: int, groups, seed: int) -> np.ndarray:
    """The fold of each row (repeats, n): as many rows, or groups, in each as in any other, or one fewer."""
    used = np.flatnonzero(fit.counted > 0)
    given = np.arange(len(used)) if groups is None else labels(fit, groups)[used]
    code = np.unique(given, return_inverse=True)[1]
    units = code.max() + 1
    if folds > units:
        alone = "rows" if fit.frame.sets is None else "sets"
        raise ValueError(f"folds must be at most the number of {alone if groups is None else 'groups'}, {units}; it is "
                         f"{folds}.")
    rng, fold = np.random.default_rng(seed), np.full((repeats, fit._n), -1)
    for r in range(repeats):
        fold[r, used] = (rng.permutation(units) % folds)[code]
    return fold


def _out_of_fold(fit: GLMResults, fold, folds: int, *, with_phi: bool, progress: Progress):
    """Linear predictors (repeats, N, ...) of each predictor, of an estimated dispersion too, and statuses."""
    repeats, n = fold.shape
    with_phi = with_phi and fit._phi is not None and fit._known_phi is None
    shapes = [(repeats, fit.problem.n, *e.shape[1:]) for e in fit._eta] + [(repeats, fit.problem.n)] * with_phi
    eta, status = tuple(np.full(shape, np.nan) for shape in shapes), []

    def training(start, stop):
        weights = np.repeat(fit._weights[None], stop - start, axis=0)
        for m in range(start, stop):
            weights[m - start, :n][fold[m // folds] == m % folds] = 0.0
        return {"weights": weights}

    for block, members, outcome in refits(fit, repeats * folds, training, progress):
        with jax.enable_x64(True):
            at = over_members(linear_predictors, members, outcome.theta)
        if with_phi:
            weights = training(block.start, block.stop)["weights"]
            at = (*at, log_dispersions(fit, at[0], weights, np.maximum(outcome.spread, 1e-300)))
        for m in range(block.start, block.stop):
            rows, j = np.flatnonzero(fold[m // folds] == m % folds), m - block.start
            if outcome.status[j] in USABLE:
                for whole_, part in zip(eta, at, strict=True):
                    whole_[m // folds, rows] = part[j] if part.ndim == 1 else part[j, rows]
        status.append(outcome.status)
    return eta, np.concatenate(status).reshape(repeats, folds)


def _finite(eta) -> tuple[np.ndarray, tuple]:
    """Which rows (N,) have predictors, and predictors without a NaN for the others."""
    have = np.all([np.isfinite(e).reshape(len(e), -1).all(axis=1) for e in eta], axis=0)
    beside = lambda e: have.reshape(-1, *(1,) * (e.ndim - 1))  # noqa: E731
    return have, tuple(np.where(beside(e), e, np.nanmean(e) if np.isfinite(e).any() else 0.0) for e in eta)


def _scored(fit: GLMResults, score, have, eta) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the observations (n,) and means of the rows at linear predictors of the padded observations."""
    n, K = fit._n, len(fit.problem.family.predictors)
    have, plain = have[:n], fit._facts_at(eta[:K])
    y, mu = _responses(fit, plain, eta)
    rows: Any = fit.frame.of_rows(have)
    if callable(score):
        found = np.full(len(y), np.nan)
        found[rows] = _called(score, y[rows], mu[rows])
        values = found if fit.frame.sets is None else fit.frame.sets.side_by_side(found).sum(axis=1)
    elif score == "deviance":
        values = plain.deviance[:n]
    else:
        values = fit._facts_at(eta, _whole_family(fit)).loglik[:n]
    return np.where(have, values, np.nan), np.where(rows, mu, np.nan)


def _responses(fit: GLMResults, plain: Facts, eta) -> tuple[np.ndarray, np.ndarray]:
    """Responses of the rows on the scale of the mean, and their means; of sets who was chosen, and probabilities."""
    n, sets = fit._n, fit.frame.sets
    if sets is None:
        return plain.response[:n], plain.mean[:n]
    return np.asarray(fit.frame.y, float), sets.probabilities(eta[0][sets.code, sets.place])


def _whole_family(fit: GLMResults):
    """The family of the data's distribution: with its dispersion estimated, or where the user fixed it."""
    if fit._phi is None or fit._known_phi is None:
        return fit.problem.family if fit._phi is None else fit.family
    return fit.family.with_links(**{fit._phi: Fixed(fit._known_phi)})


def _called(score: Callable, y, mu) -> np.ndarray:
    values = np.asarray(score(y, mu), float)
    if values.shape != y.shape:
        raise ValueError(f"score(y, mu) must return a number for each row, shape {y.shape}; it is {values.shape}.")
    return values
