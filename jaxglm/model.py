"""HOST: the front door. Words become objects, frames become problems, problems become results."""

import warnings
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from . import families as fam
from .basis import CHECKED_SIZE, COMFORTABLE, Basis
from .fit import is_small
from .frame import ModelFrame, from_arrays, from_formula, group_columns
from .links import Link
from .many import fit_groups
from .options import (
    FitWarning,
    Options,
    Response,
    as_observed,
    check_dispersion,
    for_frame,
    resolve_family,
    resolve_penalty,
    unit_dispersion,
)
from .penalties import Penalty
from .predictors import Predictor, check_parameters, find_predictors, inward, present, problem_on
from .programs import bucket, solve
from .results import GLMResults
from .solvers import Newton, Status

Parts = tuple[Predictor, ...]
DISPERSION_TURNS = 50
RECORDED = Newton(record=256)  # steps whose history results keep


def glm(
    formula: str | dict[str, str],
    data: Any,
    *,
    family: str | fam.Family = "gaussian",
    link: str | Link | None = None,
    offset=None,
    exposure=None,
    weights=None,
    freq_weights=None,
    trials=None,
    sets=None,
    by: str | list[str] | None = None,
    solver=None,
    dispersion: str | float = "pearson",
    missing: str = "drop",
    start=None,
    aliased: str = "drop",
    penalty=None,
) -> Any:
    """Fit a generalised linear model from a formula and a data frame (pandas, polars, pyarrow, or a dict of columns).

    Returns GLMResults; with `by`, one or several columns, a model for each group of rows in one call: BatchResults.

    formula: "y ~ x", or one for each of several parameters, {"mu": "y ~ x", "phi": "~ z"}, that of the first parameter
    first; the others are shared by all rows. family, link: a word or an object; of a response Surv(time, event) or
    between(lower, upper) it is the family of what is only partly seen.
    offset, exposure, weights, freq_weights, trials: a column name or an array.
    `weights` multiply the log-likelihood; `freq_weights` count rows; for proportions `weights` are the trials.
    sets: a column or array that tells which rows are the alternatives of one choice, for family="conditional_logit";
    one row of each set has response 1, the others 0. With `by` a set is the rows of one group with one label.
    dispersion: "pearson", "deviance", "ml", or a known number. missing: "drop" or "raise". aliased: "drop" columns that
    depend on earlier ones, as R does, or "raise". start: coefficients to begin from.
    penalty: "jeffreys", half the log determinant of the information is added to the log-likelihood (Firth's logistic
    regression); "mean_bias", Firth's adjustment of the score, the same for a canonical link; or `Ridge(strength)` on
    the columns as given. Standard errors and AIC are those at the estimates.

    Raises ValueError naming the column and rows where data or arguments do not fit; a fit that fails gets a status.
    """
    sides: Any = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    first = next(iter(formula.values()), "") if isinstance(formula, dict) else formula
    seen = as_observed(resolve_family(family, link), first)
    options = Options(seen, dispersion, aliased, resolve_penalty(penalty))
    groups, keys = ((), []) if by is None else group_columns(data, by)
    frame = from_formula(formula, data, **sides, sets=sets, missing=missing, apart=groups, keys=keys,
                         reading=options.family.support.reading)
    options, frame = for_frame(options, frame)
    check_parameters(frame, options.family, _first(formula))
    if by is None:
        return _fit(frame, options, solver, start)
    return fit_groups(frame, groups, keys, options, solver, start)


class GLM:
    """A generalised linear model of arrays: X (n, p) is the design as given, with its column of ones if there is to be
    an intercept; y (n,), or (successes, trials) for Binomial. Several parameters: a dict {"mu": X, "phi": Z}.
    Arguments as in `glm`; names: of the columns."""

    def __init__(
        self,
        y,
        X,
        *,
        family: str | fam.Family = "gaussian",
        link: str | Link | None = None,
        names=None,
        offset=None,
        exposure=None,
        weights=None,
        freq_weights=None,
        trials=None,
        sets=None,
        dispersion: str | float = "pearson",
        missing: str = "raise",
        aliased: str = "drop",
        penalty=None,
    ):
        sides: Any = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
        options = Options(resolve_family(family, link), dispersion, aliased, resolve_penalty(penalty))
        reading = options.family.support.reading
        frame = from_arrays(y, X, names=names, **sides, sets=sets, missing=missing, reading=reading)
        self.options, self.frame = for_frame(options, frame)
        check_parameters(self.frame, self.options.family, _first(X) if self.frame.further else None)

    def fit(self, solver=None, start=None) -> GLMResults:
        """Maximum likelihood fit. solver: `Newton()` or `Gradient(...)`; start: coefficients to begin from (p,)."""
        return _fit(self.frame, self.options, solver, start)


def _first(designs: Any) -> str | None:
    """The parameter of the first of several designs."""
    return next(iter(designs), None) if isinstance(designs, dict) else None


def _fit(frame: ModelFrame, options: Options, solver, start) -> GLMResults:
    solver = RECORDED if solver is None else solver
    if not solver.record:
        solver = replace(solver, record=RECORDED.record)
    response = Response.of(frame, options.family)
    check_dispersion(options, frame.modelled)
    family = unit_dispersion(options.family, frame.modelled)
    if options.penalty is not None:
        return _warned(_penalised(frame, options, response, family, solver, start))
    contrasted, weights = frame.contrasted(), frame.of_rows(response.weights)
    trusted = _looked_at_later(frame, options, family, solver)
    parts = find_predictors(contrasted, family, weights, trusted=trusted)
    fitted = _attempt(frame, options, response, family, parts, solver, start)
    doubtful = fitted.state.status == Status.SINGULAR or (trusted and not fitted.solved.sine > COMFORTABLE)
    if doubtful and any(p.basis.triangle is None for p in parts if not p.shared):
        parts = find_predictors(contrasted, family, weights, suspicious=True)
        fitted = _attempt(frame, options, response, family, parts, solver, start)
    return _warned(fitted)


def _looked_at_later(frame: ModelFrame, options: Options, family: fam.Family, solver) -> bool:
    """Whether the columns may be taken as they are until the program that fits has looked at them."""
    if options.aliased == "raise" or family.absorbs_intercept or not (frame.has_intercept or frame.X.any()):
        return False
    return is_small(family, bucket(len(frame.X)), frame.X.shape[1], solver)


def _warned(fitted: GLMResults) -> GLMResults:
    if not fitted.converged:
        warnings.warn(f"{fitted.family_name} fit: {fitted.message}", FitWarning, stacklevel=4)
    return fitted


def _penalised(frame, options: Options, response: Response, family: fam.Family, solver, start) -> GLMResults:
    """A penalty that depends on the basis has the columns as they are. Where the dispersion weighs the penalty it is
    found by turns with the coefficients."""
    parts = find_predictors(frame, family, response.weights, suspicious=frame.X.size > CHECKED_SIZE)
    penalty: Penalty = options.penalty  # type: ignore[assignment]
    penalty.check_family(family)
    if not penalty.invariant:
        as_given = Basis(frame.X, None, np.arange(frame.X.shape[1]))
        parts = (replace(parts[0], basis=as_given), *parts[1:])
    used = frame.X if response.weights is None else frame.X[response.weights > 0]
    further = sum(p.rank for p in parts[1:])
    penalty, phi = penalty.bound(np.ptp(used, axis=0) == 0, further, sum(map(_log_volume, parts))), 1.0
    if penalty.absolute and options.family.traits.dispersion:
        phi = _attempt(frame, options, response, family, parts, solver, start).dispersion
    for _ in range(DISPERSION_TURNS):
        fitted = _attempt(frame, options, response, family, parts, solver, start, penalty.at_dispersion(phi))
        start, last, phi = fitted.params, phi, fitted.dispersion
        if not penalty.absolute or not fitted.converged or not abs(phi - last) > 1e-10 * phi:
            return fitted
    return replace(fitted, solved=fitted.solved._replace(state=fitted.state._replace(status=Status.MAX_STEPS.value)))


def _log_volume(part: Predictor) -> float:
    """Log of the determinant of the change from the basis to the columns."""
    triangle = part.basis.triangle
    return 0.0 if triangle is None else float(np.sum(np.log(np.abs(np.diagonal(triangle)))))


def _attempt(
    frame, options, response: Response, family: fam.Family, parts: Parts, solver, start, penalty=None
) -> GLMResults:
    _check_aliased(options, parts)
    problem = problem_on(frame, family, parts, response.y, response.weights)
    if penalty is not None:
        problem = replace(problem, penalty=jax.tree.map(lambda v: np.asarray(v, float), penalty))
    expected = family.is_glm
    return GLMResults(
        frame=frame, family=options.family, dispersion_method=options.dispersion, problem=problem, parts=parts,
        solved=solve(problem, solver, _start(start, parts), expected), solver=solver, counted=response.counted,
        cov_type="expected" if expected else "observed",
    )  # fmt: skip


def _check_aliased(options: Options, parts: Parts) -> None:
    dropped = [name for p in parts for name in p.aliased]
    if dropped and options.aliased == "raise":
        raise ValueError(
            f"columns {', '.join(dropped)} are constant multiples or combinations of earlier columns. "
            "Drop them, or pass aliased='drop' to have NaN coefficients for them."
        )
    if not all(p.rank for p in parts):
        raise ValueError("the design has no column that is not zero: there is no coefficient to fit.")


def _start(start, parts: Parts):
    """Start in the coordinates of the bases; a start without the shared parameters begins those at 0."""
    if start is None:
        return None
    given, P = np.asarray(start, float).ravel(), sum(len(p.names) for p in parts)
    further = sum(p.shared for p in parts)
    if len(given) not in (P - further, P):
        sizes = f"{P - further} or {P}" if further else f"{P}"
        raise ValueError(f"start must have {sizes} coefficients; it has {len(given)}.")
    if len(given) < P:
        position = np.repeat([not p.shared for p in parts], [len(p.names) for p in parts])
        given = _spread(given, position)
    return inward(parts, np.nan_to_num(given[present(parts)]))


def _spread(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The values where there is a place for them, zero elsewhere."""
    full = np.zeros(len(where))
    full[where] = values
    return full
