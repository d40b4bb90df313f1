"""HOST: reports on the columns of the design: collinear ones, and those whose coefficients are infinite."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..frame import to_frame
from ..named import Named
from ..programs import predictors_of
from ..solvers import Status

MOST = 8  # columns that a message names
MOVES = 1e-3  # share of the fastest change that counts as a change


@dataclass(frozen=True)
class Collinearity:
    """How far the columns depend on each other.

    gvif: by term, the generalised variance inflation factor; for a term of one column the plain one.
    gvif_root: gvif^(1 / (2 df)), which compares between terms and with the root of a plain factor.
    condition_indices, proportions: Belsley's, of the columns scaled to unit length; proportions (P, P) of the variance
    of each coefficient (column) that comes from each index (row).
    """

    gvif: Named
    gvif_root: Named
    df: np.ndarray
    condition_indices: np.ndarray
    proportions: np.ndarray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    kind: str = field(repr=False)

    @property
    def condition_number(self) -> float:
        """Largest condition index; above 30 Belsley, Kuh and Welsch speak of strong dependence."""
        return float(self.condition_indices[-1])

    def summary_frame(self):
        """One row a term, as a frame of the input's kind."""
        terms = np.asarray(self.gvif.names, object)
        columns = dict(term=terms, df=self.df, gvif=np.asarray(self.gvif), gvif_root=np.asarray(self.gvif_root))
        return to_frame(columns, self.kind)


def collinearity(fit: Any) -> Collinearity:
    """Condition indices of the columns and variance inflation of the terms of the first linear predictor.

    Source: Belsley, Kuh and Welsch (1980), Regression Diagnostics, section 3.2; Fox and Monette (1992), JASA 87, from
    the covariance of the coefficients, so that the weights of the model count.
    """
    fit.family.check_single("collinearity measures")
    p = fit.parts[0]
    names = tuple(p.names[i] for i in p.basis.kept)
    used = fit._weights[: fit._n] > 0
    X = fit.frame.X[used][:, p.basis.kept] * np.sqrt(fit._weights[: fit._n][used])[:, None]
    _, values, V = np.linalg.svd(X / np.linalg.norm(X, axis=0), full_matrices=False)
    parts = (V / values[:, None]) ** 2
    rank = len(names)
    factors, roots, df = _inflation(names, fit.frame.X[:, p.basis.kept][used], fit._cov[:rank, :rank])
    return Collinearity(factors, roots, df, values[0] / values, parts / parts.sum(axis=0), names, fit.frame.kind)


def _inflation(names, X, covariance) -> tuple[Named, Named, np.ndarray]:
    varies = np.ptp(X, axis=0) > 0
    words = [term_of(n) for n, v in zip(names, varies, strict=True) if v]
    kept = covariance[np.ix_(varies, varies)]
    size = np.sqrt(np.diagonal(kept))
    R = kept / size / size[:, None]
    terms = tuple(dict.fromkeys(words))
    inside = [np.asarray([w == t for w in words]) for t in terms]
    logdet = lambda m: np.linalg.slogdet(m)[1] if len(m) else 0.0  # noqa: E731
    logs = np.asarray([logdet(R[np.ix_(i, i)]) + logdet(R[np.ix_(~i, ~i)]) - logdet(R) for i in inside])
    df = np.asarray([i.sum() for i in inside])
    return Named(np.exp(logs), terms), Named(np.exp(logs / (2 * np.maximum(df, 1))), terms), df


def term_of(name: str) -> str:
    """Term of a column: its name without levels and numbers of basis functions, which stand in brackets."""
    return re.sub(r"\[[^\[\]]*\]", "", name)


@dataclass(frozen=True)
class Separation:
    """Where the coefficients run to.

    direction: change of the coefficients for which the likelihood still rises, the largest entry 1 or -1, after each is
    multiplied by the largest size of its column; zero where the coefficient is finite. columns: those that are not.
    rows: positions of the rows whose linear predictor goes to infinity, in the fitted data; of choices those whose
    utility goes to infinity below that of the chosen row.
    """

    separated: bool
    direction: Named
    columns: tuple[str, ...]
    rows: np.ndarray = field(repr=False)
    message: str = ""

    def __str__(self):
        return self.message


def separation(fit: Any) -> Separation:
    """Which columns or levels have infinite coefficients, and in which rows the fitted mean is at its limit.

    The direction is Newton's step at the last point: there the likelihood has no curvature left along it but still a
    slope. Only a fit that ended as SEPARATED has one.
    """
    words = fit.names[: sum(len(p.names) for p in fit.parts)]
    moves = _runaway(fit) if fit.status == Status.SEPARATED else np.zeros(len(words))
    if not moves.any():
        text = f"The fit ended as {fit.status.name}: no coefficient runs to infinity along the data."
        return Separation(False, Named(moves, words), (), np.zeros(0, int), text)
    eta, used = _directions(fit), _used(fit)
    rows = np.flatnonzero(used & (np.abs(eta) > MOVES * np.max(np.abs(eta[used]))))
    columns = tuple(n for n, m in zip(words, moves, strict=True) if m)
    text = (f"The coefficients of {listed(words, moves)} run to infinity in these directions, and with them the linear "
            f"predictors of {len(rows)} of {int(np.sum(used))} rows. Drop or merge these columns or levels, or "
            "penalise.")
    return Separation(True, Named(moves, words), columns, rows, text)


def running(fit: Any) -> str:
    """The coefficients that still moved where the fit ended, with the signs of their directions; "" where none did."""
    return listed(fit.names, _runaway(fit), MOST)


def listed(words: tuple[str, ...], moves: np.ndarray, most: int | None = None) -> str:
    """The words that move, with signs: all of them, or only so many of the fastest."""
    order = np.sort(np.argsort(-np.abs(moves), kind="stable")[:most])
    shown = ", ".join(f"{words[j]} ({'+' if moves[j] > 0 else '-'})" for j in order if moves[j])
    left = np.count_nonzero(moves) - np.count_nonzero(moves[order])
    return f"{shown} and {left} more" if left else shown


def _runaway(fit: Any) -> np.ndarray:
    """Change of each coefficient along the last step times the size of its column, the largest 1 or -1; 0 where it is
    small beside that."""
    step = fit._last_step
    full = np.full(sum(len(p.names) for p in fit.parts), np.nan)
    full[fit._present[: len(step)]] = fit._outward(step)
    with np.errstate(over="ignore"):
        moves = np.nan_to_num(full * np.concatenate([_sizes(fit, p) for p in fit.parts]))
    largest = np.max(np.abs(moves))
    return np.where(np.abs(moves) > MOVES * largest, moves, 0.0) / (largest or 1.0)


def _used(fit: Any) -> np.ndarray:
    """Which rows count (N,)."""
    return fit.frame.of_rows(fit._weights[: fit._n] > 0)


def _sizes(fit: Any, predictor: Any) -> np.ndarray:
    """Largest absolute value of each column over the rows that count."""
    if predictor.part is None:
        return np.ones(1)
    return np.max(np.abs(predictor.part.X[_used(fit)]), axis=0, initial=0.0)


def _directions(fit: Any) -> np.ndarray:
    """Change of the first linear predictor of each row (N,); of an alternative, less that of the chosen one."""
    still = replace(fit.problem, offsets=(None,) * len(fit.problem.offsets))
    eta, sets = predictors_of(still, fit._last_step)[0][: fit._n], fit.frame.sets
    if sets is None:
        return eta
    chosen = fit.y.astype(int)
    return eta[sets.code, sets.place] - eta[sets.code, chosen[sets.code]]
