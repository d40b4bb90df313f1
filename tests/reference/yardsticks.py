"""Units and tolerances of the tables: how far a number may be, and from what.

`exact` holds our precision. R's own numbers are off by what its last step left: the tolerance of each is that distance,
which the case tells, so that a difference of ours cannot hide behind it.
"""

import numpy as np

from . import measure
from .case import Case

LAGGED = 1e-6  # R's standard errors and dispersion use the IRLS weights of the step before: 3e-7 off in the worst case


def lagged(case: Case) -> float:
    return 1e-4 if case.ill_conditioned else LAGGED


def coefficient_unit(case: Case) -> np.ndarray:
    """Standard errors; the coefficients themselves where those do not apply (perfect fit, boundary)."""
    truth, se = np.abs(case.array("exact.coef")), case.array("exact.se_observed")
    if case.zero_residual:  # a coefficient that is zero is judged by what its column adds to y
        return np.maximum(truth, np.abs(case.y).max() / np.abs(case.X).max(axis=0))
    if se is None:
        se = _quasi_se(case)
    return truth if case.on_boundary or se is None else se[: len(truth)]


def _quasi_se(case: Case) -> np.ndarray | None:
    unit, phi = case.array("exact.se_expected_dispersion1"), case.get("fit.dispersion")
    return None if unit is None else unit * np.sqrt(phi)


def in_units(ours, truth, case: Case) -> float:
    return measure.scaled(ours, truth, coefficient_unit(case))


def coefficient_tolerance(case: Case) -> float:
    return 1e-6 if case.ill_conditioned and not case.zero_residual else 1e-8


def in_joint_se(ours, truth, case: Case) -> float:
    unit = case.array("exact.se_observed")
    return measure.scaled(ours, truth, np.append(coefficient_unit(case), unit[len(case.array("exact.coef")) :]))


def deviance_error(ours, truth, case: Case) -> float:
    """A saturated model has deviance zero: rounding is then in units of the null deviance."""
    return measure.scaled(ours, truth, case.get("fit.null_deviance") if case.saturated else np.abs(truth))


def near_r(case: Case) -> float:
    """Ten times R's distance from the maximum; residuals of a saturated model are square roots of rounding."""
    truth, se = case.array("exact.coef"), case.array("fit.se")[case.kept]
    return 1e-6 if case.saturated else max(1e-9, 10 * measure.scaled(case.array("fit.coef")[case.kept], truth, se))


def near_r_theta(case: Case) -> float:
    """A deviance is stationary in the coefficients, but not in the theta that R stopped at."""
    theta, truth = case.get("fit.aux.theta.value"), case.get("exact.aux.theta")
    return 1e-9 if truth is None else max(1e-9, 10 * measure.relative(theta, truth))


def first_rows(ours, truth, case: Case) -> float:
    """A vector over rows, of which the case stores the first fifty."""
    if np.shape(ours) != case.y.shape:
        return np.inf
    rows = np.flatnonzero(~clamped(case))
    unit = np.abs(case.y).max() if case.saturated else np.abs(truth[rows]).max()
    return measure.scaled(np.asarray(ours)[rows], truth[rows], unit)


def near_r_influence(case: Case) -> float:
    """R's leverages have the IRLS weights of the step before, as its standard errors do."""
    return max(LAGGED, near_r(case))


def first_counted(ours, truth, case: Case) -> float:
    """The first fifty rows of positive weight; the largest entry is the unit."""
    ours = np.asarray(ours)[: len(truth)]
    return measure.scaled(ours, truth, np.nanmax(np.abs(truth), initial=0.0))


def clamped(case: Case) -> np.ndarray:
    """Stored rows where R's cloglog holds mu, or its derivative, at machine epsilon."""
    mu = case.array("fit.mu")
    return (1 - mu < 1e-14) if case.raw["model"]["link"] == "cloglog" else np.zeros(len(mu), bool)


def in_r_se(ours, truth, case: Case) -> float:
    """Coefficients or limits in R's standard errors."""
    se = case.array("fit.se")
    return measure.scaled(ours, truth, se if np.ndim(truth) == 1 else se[:, None])


def has_likelihood(case: Case) -> bool:
    return not case.zero_residual


def counts_all_rows(case: Case) -> bool:
    """The exact BIC counts rows of weight zero; for us they are absent."""
    return has_likelihood(case) and (case.weights is None or bool((case.weights > 0).all()))
