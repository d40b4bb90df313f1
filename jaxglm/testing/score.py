"""HOST: score (Rao) tests: terms that a fitted model lacks, without a refit."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..compiled import program
from ..design import design_of
from ..frame import from_formula, without_intercept
from ..frame.arrays import design
from ..inference import score_information
from ..programs import in_float64
from ..solvers import Status
from .likelihood_ratio import check_unpenalised, design_matrix
from .table import HypothesisTest, log_tail

COLLINEAR = 1e-10  # squared sine at or below which the model explains a column
NOT_POSITIVE = ("No statistic: the observed information of the fit is not positive along these columns. Fit the larger "
                "model and compare by `lr_test`.")  # fmt: skip
_score_information = program(score_information)


@in_float64
def score_at(problem: Any, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (P,) and information (P, P) at theta on the host."""
    return _score_information(problem, theta)


def score_test(fit: Any, added: Any, data: Any = None, *, predictor: str | None = None) -> HypothesisTest:
    """Score test of columns or terms that the model lacks: what they would add, without a refit.

    added: terms of a formula ("x2 + C(g)"), for which `data` is the frame of the fit; or columns (n,) or (n, q), an
        array or a frame of numbers, with a row for each row of the fit or of its data.
    predictor: the parameter of the family whose predictor they are added to; by default the first.
    The statistic is divided by the dispersion of the fit, where that is estimated, and compared with chi-squared.
    Raises: ValueError for a fit that is not at its maximum, other rows, or columns that the model explains.
    Source: Rao (1948), Proc. Camb. Phil. Soc. 44; Cox and Hinkley (1974), section 9.3.
    """
    _check_maximum(fit)
    columns, names = _terms(fit, added, data) if isinstance(added, str) else _columns(fit, added, data)
    k = _position(fit, predictor)
    gradient, information = score_at(*_augmented(fit, k, _padded(fit, columns)))
    start = sum(fit.problem.sizes[: k + 1])
    new = np.arange(start, start + columns.shape[1])
    old = np.concatenate([np.arange(start), np.arange(start + _width(columns.shape[1]), len(gradient))])
    statistic, kept, note = quadratic(gradient, information, old, new)
    if not len(kept) and not note:
        raise ValueError(f"the model explains {', '.join(names[:6])} already: there is nothing to add.")
    out = [n for j, n in enumerate(names) if j not in kept] if not note else []
    notes = (f"Left out, for the model explains it: {', '.join(out)}.",) if out else ()
    statistic /= fit.dispersion
    log_p = float(log_tail(statistic, max(len(kept), 1), as_f=False))
    where = f" in {fit.problem.family.predictors[k]}" if k else ""
    return HypothesisTest("Score test", (f"no effect{where} of {', '.join(names[j] for j in kept)}",), statistic,
                          len(kept), np.inf, log_p, (*notes, *note), fit.frame.kind)  # fmt: skip


def quadratic(gradient: np.ndarray, information: np.ndarray, old: np.ndarray, new: np.ndarray):
    """Score statistic of the coefficients `new` beside those `old`: (statistic, positions in `new` that count, notes).

    The information is eliminated in this order, as Cholesky does, so that a column which the ones before it explain is
    seen by its pivot; NaN where a pivot is negative or missing: the observed information is no covariance there.
    """
    order = np.concatenate([old, new]).astype(int)
    U, V = gradient[order], information[np.ix_(order, order)]
    size = np.sqrt(np.abs(np.diagonal(V)))
    size = np.where(size > 0, size, 1.0)
    U, V = U / size, V / size[:, None] / size
    statistic, kept = 0.0, []
    for i in range(len(order)):
        pivot = V[i, i]
        if abs(pivot) <= COLLINEAR or (pivot < 0 and not V[i, i + 1 :].any()):
            continue  # explained by earlier ones, or orthogonal to all others as alpha at its edge
        if not pivot > 0:
            return np.nan, list(range(len(new))), (NOT_POSITIVE,)
        if i >= len(old):
            statistic, kept = statistic + U[i] ** 2 / pivot, [*kept, i - len(old)]
        U, V = _eliminated(U, V, i)
    return float(statistic), kept, ()


def _eliminated(U, V, i: int):
    """What is left of score and information beside coefficient i."""
    share = V[:, i] / V[i, i]
    share[: i + 1] = 0.0
    return U - share * U[i], V - np.outer(share, V[i])


def _check_maximum(fit: Any) -> None:
    check_unpenalised(fit)
    inside = fit.family.traits.edm and not fit.family.constrained and fit.status == Status.BOUNDARY
    if not (fit.converged or inside):
        raise ValueError(f"a score test needs the maximum of the smaller model; this fit is {fit.status.name.lower()}. "
                         f"{fit.message}")  # fmt: skip


def _position(fit: Any, predictor: str | None) -> int:
    names = fit.problem.family.predictors
    if predictor is not None and predictor not in names:
        raise ValueError(f"unknown predictor {predictor!r}; this fit has {', '.join(names)}.")
    return 0 if predictor is None else names.index(predictor)


# ---------------------------------------------------------------- the columns


def _columns(fit: Any, added: Any, data: Any) -> tuple[np.ndarray, list[str]]:
    if data is not None:
        raise ValueError("data belongs to terms of a formula; columns are given as they are.")
    added = np.asarray(added)[:, None] if np.ndim(added) == 1 and not isinstance(added, dict) else added
    matrix, own, _ = design(added, "the columns to add")
    n, dropped = len(fit.frame.X), fit.n_dropped
    if dropped and len(matrix) == n + dropped:
        matrix = matrix[fit.frame.rows]
    if len(matrix) != n or not matrix.shape[1]:
        raise ValueError(f"the columns to add must have {n} rows, one for each row of the fit; their shape is "
                         f"{matrix.shape}.")  # fmt: skip
    names = list(own) if own is not None else [f"z{j}" for j in range(matrix.shape[1])]
    return _checked(fit, matrix, names), names


def _terms(fit: Any, added: str, data: Any) -> tuple[np.ndarray, list[str]]:
    """Columns that the formula with these terms has beside those of the fit, coded as it would code them."""
    if fit.formula is None:
        raise ValueError("this fit has no formula to add terms to: pass the columns themselves.")
    if data is None:
        raise ValueError(f"score_test({added!r}) needs data=, the frame that was fitted: a fit does not keep it.")
    reading = fit.family.support.reading
    frame = from_formula(f"{fit.frame.formula} + {added.removeprefix('+')}", data, reading=reading)
    frame = without_intercept(frame) if fit.family.absorbs_intercept else frame
    where = {int(row): i for i, row in enumerate(frame.rows)}
    lost = [int(row) for row in fit.frame.rows if int(row) not in where]
    if lost:
        raise ValueError(f"{added} is missing in {len(lost)} of the {len(fit.frame.X)} rows of the fit (first: row "
                         f"{lost[0]}). Fit the model to the complete rows first.")  # fmt: skip
    rows = [where[int(row)] for row in fit.frame.rows]
    new = [j for j, name in enumerate(frame.names) if name not in fit.frame.names]
    if not new:
        raise ValueError(f"the model has {added} already: there is nothing to add.")
    return frame.X[rows][:, new], [frame.names[j] for j in new]


def _checked(fit: Any, matrix: np.ndarray, names: list[str]) -> np.ndarray:
    used: Any = fit.frame.of_rows(fit._weights[: fit._n] > 0)
    bad = ~np.isfinite(matrix) & used[:, None]
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(f"the columns to add must be finite; {names[column]} is not in row {row}.")
    return np.where(used[:, None], matrix, 0.0)


def _width(q: int) -> int:
    """Number of columns that q are filled up to, so that few programs are compiled."""
    return 1 << (q - 1).bit_length()


def _padded(fit: Any, columns: np.ndarray) -> np.ndarray:
    """Columns over the padded observations, of largest entry 1, filled up with columns of zeros; of sets what differs
    in them, (N, K, .)."""
    columns = columns if fit.frame.sets is None else fit.frame.sets.contrasts(columns)
    scale = np.max(np.abs(columns), axis=0)
    wide: Any = fit.frame.side_by_side(columns / np.where(scale > 0, scale, 1.0))
    full = np.zeros((fit.problem.n, *wide.shape[1:-1], _width(columns.shape[1])))
    full[: len(wide), ..., : columns.shape[1]] = wide
    return full


def _augmented(fit: Any, k: int, columns: np.ndarray) -> tuple[Any, np.ndarray]:
    """The problem with these columns at the end of predictor k, and theta with zeros for them."""
    designs = list(fit.problem.designs)
    designs[k] = design_of(np.concatenate([design_matrix(fit.problem, k), columns], axis=-1))
    at = sum(fit.problem.sizes[: k + 1])
    theta = np.insert(np.asarray(fit.state.theta, float), [at] * columns.shape[-1], 0.0)
    return replace(fit.problem, designs=tuple(designs)), theta
