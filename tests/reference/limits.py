"""The table of a maximum at infinity (separation, alpha -> 0): what must be said, and what has a finite limit."""

from collections.abc import Callable

import numpy as np

from . import measure
from .case import Case
from .fits import Fits
from .quantity import Quantity, at, differs, plain

absolute = plain(measure.absolute)


def status(case: Case) -> str:
    """Dispersion at its edge is a boundary; coefficients that run away are separation."""
    return "BOUNDARY" if "theta" in (case.get("expected.diverging") or ()) else "SEPARATED"


def limit(kind: str) -> Callable[[Case], np.ndarray | None]:
    """Finite limits of this kind; standard errors only of coefficients, not of contrasts of runaways."""

    def stored(case: Case) -> np.ndarray | None:
        values = case.array(f"expected.finite_limits.{kind}")
        return None if values is None else values[_chosen(case, kind)]

    return stored


def _chosen(case: Case, kind: str) -> np.ndarray:
    plain_names = [kind == "coef" or name in case.names for name in case.get("expected.finite_limits.names")]
    return np.asarray(plain_names, bool)


def contrast(case: Case, name: str) -> np.ndarray:
    """Coefficients of a contrast such as "Exposure3-Exposure2"; a column's own name comes first."""
    column = {n: np.eye(len(case.names))[i] for i, n in enumerate(case.names)}
    if name in column:
        return column[name]
    plus, minus = next((a, b) for a, b in _splits(name) if a in column and b in column)
    return column[plus] - column[minus]


def _splits(name: str):
    return ((name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "-")


def contrasts(fits: Fits) -> np.ndarray:
    names, p = fits.case.get("expected.finite_limits.names"), len(fits.case.names)
    return np.stack([contrast(fits.case, n) for n in names]) @ np.asarray(fits.default.params, float)[:p]


def limit_se(fits: Fits) -> np.ndarray:
    names = fits.case.get("expected.finite_limits.names")
    se = dict(zip(fits.case.names, np.asarray(fits.default.bse, float), strict=False))
    return np.asarray([se[n] for n in names if n in se])


def numbers(fits: Fits) -> bool:
    """Whether any number that a user sees is NaN."""
    fit = fits.default
    seen = [fit.params, fit.llf, fit.deviance, fit.linear_predictor, fit.fittedvalues, fit.aic, fit.bic]
    return bool(np.isnan(np.concatenate([np.ravel(np.asarray(s, float)) for s in seen])).any())


INFINITE_MAXIMUM = (
    Quantity("status", status, lambda f: f.default.status.name, 0, differs),
    Quantity("converged", lambda c: False, lambda f: f.default.converged, 0, differs),
    Quantity("nan", lambda c: False, numbers, 0, differs),
    Quantity("logLik", at("expected.supremum_logLik"), lambda f: f.default.llf, 1e-6, absolute),
    Quantity("deviance", at("expected.infimum_deviance"), lambda f: f.default.deviance, 2e-6, absolute),
    Quantity("limits", limit("coef"), contrasts, 1e-6, absolute),
    Quantity("limit_se", limit("se"), limit_se, 1e-5),
    Quantity("summary", lambda c: True, lambda f: bool(str(f.default.summary())), 0, differs),
)


def infinite_maximum(case: Case) -> tuple[Quantity, ...]:
    """All rows for a case without a finite maximum."""
    return INFINITE_MAXIMUM
