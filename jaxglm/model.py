"""HOST: the front door. Words become objects, frames become problems, problems become results."""

import difflib
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import families as fam
from . import links as lnk
from .basis import Basis, find_basis
from .frame import ModelFrame, from_arrays, from_formula
from .links import Fixed, Link
from .programs import build_problem, solve
from .results import GLMResults
from .solvers import Newton, Status

FAMILIES = {
    "gaussian": fam.Gaussian, "normal": fam.Gaussian, "binomial": fam.Binomial, "bernoulli": fam.Binomial,
    "poisson": fam.Poisson, "gamma": fam.Gamma, "inverse_gaussian": fam.InverseGaussian,
    "inverse.gaussian": fam.InverseGaussian, "invgauss": fam.InverseGaussian, "negbin": fam.NegativeBinomial,
    "negative_binomial": fam.NegativeBinomial, "exponential": fam.Exponential, "geometric": fam.Geometric,
}  # fmt: skip
LINKS = {
    "identity": lnk.Identity, "log": lnk.Log, "logit": lnk.Logit, "probit": lnk.Probit, "cloglog": lnk.CLogLog,
    "loglog": lnk.LogLog, "cauchit": lnk.Cauchit, "inverse": lnk.Inverse, "inverse_squared": lnk.InverseSquared,
    "sqrt": lnk.Sqrt,
}  # fmt: skip


class FitWarning(UserWarning):
    """A fit did not converge; its status says why and what to do."""


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
    solver=None,
    dispersion: str | float = "pearson",
    missing: str = "drop",
    start=None,
    aliased: str = "drop",
) -> GLMResults:
    """Fit a generalised linear model from a formula and a data frame (pandas, polars, pyarrow, or a dict of columns).

    family, link: a word or an object. offset, exposure, weights, freq_weights, trials: a column name or an array.
    `weights` multiply the log-likelihood; `freq_weights` count rows; for proportions `weights` are the trials.
    dispersion: "pearson", "deviance", "ml", or a known number. missing: "drop" or "raise". aliased: "drop" columns that
    depend on earlier ones, as R does, or "raise". start: coefficients to begin from.

    Raises ValueError naming the column and rows where data or arguments do not fit; a fit that fails gets a status.
    """
    sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    options = Options(resolve_family(family, link), dispersion, aliased)
    return _fit(from_formula(formula, data, **sides, missing=missing), options, solver, start)


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
    ):
        sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
        self.options = Options(resolve_family(family, link), dispersion, aliased)
        self.frame = from_arrays(y, X, names=names, **sides, missing=missing)

    def fit(self, solver=None, start=None) -> GLMResults:
        """Maximum likelihood fit. solver: `Newton()` or `Gradient(...)`; start: coefficients to begin from (p,)."""
        return _fit(self.frame, self.options, solver, start)


@dataclass(frozen=True)
class Options:
    """What a user chose besides the data."""

    family: fam.Family
    dispersion: str | float = "pearson"
    aliased: str = "drop"

    def __post_init__(self):
        words = ("pearson", "deviance", "ml")
        known = self.dispersion in words if isinstance(self.dispersion, str) else self.dispersion > 0
        if not known:
            raise ValueError(f"dispersion must be {', '.join(words)} or a positive number; it is {self.dispersion!r}.")
        if self.aliased not in ("drop", "raise"):
            raise ValueError(f"aliased must be 'drop' or 'raise'; it is {self.aliased!r}.")


def resolve_family(family, link=None) -> fam.Family:
    """The family object for a word or an object, with another link for its first parameter if one is given."""
    chosen = _word(family, FAMILIES, "family") if isinstance(family, str) else family
    chosen = chosen() if isinstance(chosen, type) else chosen
    if not isinstance(chosen, fam.Family):
        raise ValueError(f"family must be a word or a Family; it is {family!r}. Words: {', '.join(FAMILIES)}.")
    if link is None:
        return chosen
    found = _word(link, LINKS, "link")() if isinstance(link, str) else link
    return chosen.with_links(**{chosen.parameters[0]: found})


def _word(word: str, table: dict, what: str):
    key = word.lower().replace(" ", "_").replace("-", "_")
    if key in table:
        return table[key]
    near = difflib.get_close_matches(key, table, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown {what} {word!r}.{hint} Words: {', '.join(table)}; or pass a {what} object.")


@dataclass(frozen=True)
class Response:
    """What the likelihood sees of the response: y or (successes, trials), and the weights that multiply it."""

    y: Any
    weights: np.ndarray | None
    counted: np.ndarray = field(repr=False)  # how often each row counts in n

    @classmethod
    def of(cls, frame: ModelFrame, family: fam.Family) -> "Response":
        y, weights, frequency = frame.y, frame.weights, frame.freq_weights
        pairs = family.support is fam.successes
        if isinstance(y, tuple) and not pairs:
            raise ValueError(f"{family.name} takes one response; (successes, trials) are for family='binomial'.")
        if frame.success not in (None, "True") and not pairs:
            raise ValueError(
                f"{frame.response} holds words, of which {frame.success!r} would count as 1; {family.name} needs "
                "numbers. Use family='binomial', or code the response."
            )
        if pairs and not isinstance(y, tuple) and weights is not None and np.all((y >= 0) & (y <= 1)):
            y, weights = (weights * y, weights), None  # proportions: the weights are the trials
        family.support.check(y, family.name)
        used = np.ones(len(frame.X)) if weights is None else (weights > 0).astype(float)
        if isinstance(y, tuple):
            used = used * (y[1] > 0)
        counted = used if frequency is None else used * frequency
        parts = [a for a in (weights, frequency, None if used.all() else used) if a is not None]
        return cls(y, np.prod(parts, axis=0) if parts else None, counted)


def _fit(frame: ModelFrame, options: Options, solver, start) -> GLMResults:
    solver = Newton() if solver is None else solver
    if not solver.record:
        solver = replace(solver, record=256)
    response = Response.of(frame, options.family)
    basis = find_basis(frame.X, response.weights)
    fitted = _attempt(frame, options, response, basis, solver, start)
    if fitted.state.status == Status.SINGULAR and basis.triangle is None:
        basis = find_basis(frame.X, response.weights, suspicious=True)
        fitted = _attempt(frame, options, response, basis, solver, start)
    if not fitted.converged:
        warnings.warn(f"{fitted.family_name} fit: {fitted.status.message}", FitWarning, stacklevel=3)
    return fitted


def _attempt(frame: ModelFrame, options: Options, response: Response, basis: Basis, solver, start) -> GLMResults:
    _check_aliased(frame, options, basis)
    family = unit_dispersion(options.family)
    problem = build_problem(family, basis.columns, response.y, frame.offset, response.weights)
    expected = family.traits.edm and len(family.predictors) == 1
    state, information, spread = solve(problem, solver, _start(start, frame, family, basis), expected)
    return GLMResults(
        frame=frame, family=options.family, dispersion_method=options.dispersion, problem=problem, basis=basis,
        state=state, solver=solver, information=information, spread=float(spread), counted=response.counted,
        cov_type="expected" if expected else "observed",
    )  # fmt: skip


def unit_dispersion(family: fam.Family) -> fam.Family:
    """The family with its dispersion at 1: coefficients of an exponential dispersion model do not depend on it."""
    name = family.traits.dispersion
    return family if name is None else family.with_links(**{name: Fixed(1.0)})


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
