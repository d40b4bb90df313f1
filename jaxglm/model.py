"""HOST: the front door. Words become objects, frames become problems, problems become results."""

import warnings
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from . import families as fam
from .basis import CHECKED_SIZE, Basis, find_basis
from .frame import ModelFrame, from_arrays, from_formula, group_columns
from .links import Link
from .many import fit_groups
from .options import FitWarning, Options, Response, resolve_family, resolve_penalty, unit_dispersion
from .penalties import Penalty
from .programs import build_problem, solve
from .results import GLMResults
from .solvers import Newton, Status

DISPERSION_TURNS = 50


def glm(
    formula: str,
    data: Any,
    *,
    family: str | fam.Family = "gaussian",
    link: str | Link | None = None,
    offset=None,
    exposure=None,
    weights=None,
    freq_weights=None,
    trials=None,
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

    family, link: a word or an object. offset, exposure, weights, freq_weights, trials: a column name or an array.
    `weights` multiply the log-likelihood; `freq_weights` count rows; for proportions `weights` are the trials.
    dispersion: "pearson", "deviance", "ml", or a known number. missing: "drop" or "raise". aliased: "drop" columns that
    depend on earlier ones, as R does, or "raise". start: coefficients to begin from.
    penalty: "jeffreys", half the log determinant of the information is added to the log-likelihood (Firth's logistic
    regression); or `Ridge(strength)` on the columns as given. Standard errors and AIC are those at the estimates.

    Raises ValueError naming the column and rows where data or arguments do not fit; a fit that fails gets a status.
    """
    sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    options = Options(resolve_family(family, link), dispersion, aliased, resolve_penalty(penalty))
    if by is None:
        return _fit(from_formula(formula, data, **sides, missing=missing), options, solver, start)
    groups, keys = group_columns(data, by)
    frame = from_formula(formula, data, **sides, missing=missing, apart=groups)
    return fit_groups(frame, groups, keys, options, solver, start)


class GLM:
    """A generalised linear model of arrays: X (n, p) is the design as given, with its column of ones if there is to be
    an intercept; y (n,), or (successes, trials) for Binomial. Arguments as in `glm`; names: of the columns."""

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
        dispersion: str | float = "pearson",
        missing: str = "raise",
        aliased: str = "drop",
        penalty=None,
    ):
        sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
        self.options = Options(resolve_family(family, link), dispersion, aliased, resolve_penalty(penalty))
        self.frame = from_arrays(y, X, names=names, **sides, missing=missing)

    def fit(self, solver=None, start=None) -> GLMResults:
        """Maximum likelihood fit. solver: `Newton()` or `Gradient(...)`; start: coefficients to begin from (p,)."""
        return _fit(self.frame, self.options, solver, start)


def _fit(frame: ModelFrame, options: Options, solver, start) -> GLMResults:
    solver = Newton() if solver is None else solver
    if not solver.record:
        solver = replace(solver, record=256)
    response = Response.of(frame, options.family)
    if options.penalty is not None:
        return _warned(_penalised(frame, options, response, solver, start, options.penalty))
    basis = find_basis(frame.X, response.weights)
    fitted = _attempt(frame, options, response, basis, solver, start)
    if fitted.state.status == Status.SINGULAR and basis.triangle is None:
        basis = find_basis(frame.X, response.weights, suspicious=True)
        fitted = _attempt(frame, options, response, basis, solver, start)
    return _warned(fitted)


def _warned(fitted: GLMResults) -> GLMResults:
    if not fitted.converged:
        warnings.warn(f"{fitted.family_name} fit: {fitted.status.message}", FitWarning, stacklevel=4)
    return fitted


def _penalised(
    frame: ModelFrame, options: Options, response: Response, solver, start, penalty: Penalty
) -> GLMResults:
    """A penalty that depends on the basis has the columns as they are. Where the dispersion weighs the penalty it is
    found by turns with the coefficients."""
    large = frame.X.size > CHECKED_SIZE
    as_given = Basis(frame.X, None, np.arange(frame.X.shape[1]))
    basis = find_basis(frame.X, response.weights, suspicious=large) if penalty.invariant else as_given
    volume = 0.0 if basis.triangle is None else float(np.sum(np.log(np.abs(np.diagonal(basis.triangle)))))
    used = frame.X if response.weights is None else frame.X[response.weights > 0]
    further = len(unit_dispersion(options.family).predictors) - 1
    penalty, phi = penalty.bound(np.ptp(used, axis=0) == 0, further, volume), 1.0
    if penalty.absolute and options.family.traits.dispersion:
        phi = _attempt(frame, options, response, basis, solver, start).dispersion
    for _ in range(DISPERSION_TURNS):
        fitted = _attempt(frame, options, response, basis, solver, start, penalty.at_dispersion(phi))
        start, last, phi = fitted.params, phi, fitted.dispersion
        if not penalty.absolute or not fitted.converged or not abs(phi - last) > 1e-10 * phi:
            return fitted
    return replace(fitted, state=fitted.state._replace(status=Status.MAX_STEPS.value))


def _attempt(
    frame: ModelFrame, options: Options, response: Response, basis: Basis, solver, start, penalty=None
) -> GLMResults:
    _check_aliased(frame, options, basis)
    family = unit_dispersion(options.family)
    problem = build_problem(family, basis.columns, response.y, frame.offset, response.weights)
    problem = replace(problem, penalty=jax.tree.map(lambda v: np.asarray(v, float), penalty))
    expected = family.traits.edm and len(family.predictors) == 1
    state, information, spread = solve(problem, solver, _start(start, frame, family, basis), expected)
    return GLMResults(
        frame=frame, family=options.family, dispersion_method=options.dispersion, problem=problem, basis=basis,
        state=state, solver=solver, information=information, spread=float(spread), counted=response.counted,
        cov_type="expected" if expected else "observed",
    )  # fmt: skip


def _check_aliased(frame: ModelFrame, options: Options, basis: Basis) -> None:
    if len(basis.kept) == len(frame.names):
        return
    dropped = [n for i, n in enumerate(frame.names) if i not in basis.kept]
    if options.aliased == "raise":
        raise ValueError(
            f"columns {', '.join(dropped)} are constant multiples or combinations of earlier columns. "
            "Drop them, or pass aliased='drop' to have NaN coefficients for them."
        )
    if not len(basis.kept):
        raise ValueError("the design has no column that is not zero: there is no coefficient to fit.")


def _start(start, frame: ModelFrame, family: fam.Family, basis: Basis):
    """Start in the coordinates of the basis; a start without the shared parameters begins those at 0."""
    if start is None:
        return None
    given = np.asarray(start, float).ravel()
    p, further = len(frame.names), len(family.predictors) - 1
    if len(given) not in (p, p + further):
        sizes = f"{p} or {p + further}" if further else f"{p}"
        raise ValueError(f"start must have {sizes} coefficients; it has {len(given)}.")
    shared = given[p:] if len(given) > p else np.zeros(further)
    return np.concatenate([basis.from_beta(np.nan_to_num(given[basis.kept])), shared])
