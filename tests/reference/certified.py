"""The table of NIST's certified values (Statistical Reference Datasets)."""

import numpy as np

from . import measure
from .case import Case
from .conventions import coefficients
from .quantity import Quantity, at, differs, plain
from .yardsticks import coefficient_tolerance, has_likelihood, in_units


def certified_tolerance(path: str):
    """NIST takes the printed decimals as exact, `exact` the stored doubles: their distance is nobody's error."""

    def tolerance(case: Case) -> float:
        error = in_units if path == "coef" else plain(measure.relative)
        gap = error(_exact_twin(case, path), case.array(f"nist_certified.{path}"), case)
        return max(3 * gap, coefficient_tolerance(case))

    return tolerance


def _exact_twin(case: Case, path: str):
    if path == "coef":
        return case.array("exact.coef")
    n, p = case.X.shape
    sigma = case.get("exact.aux.sigma") * np.sqrt(n / (n - p))
    return sigma * case.array("exact.se_expected_dispersion1") if path == "se" else sigma


CERTIFIED = (
    Quantity(
        "NIST.coef",
        at("nist_certified.coef"),
        lambda f: coefficients(f, f.default.params),
        certified_tolerance("coef"),
        in_units,
    ),
    Quantity(
        "NIST.se", at("nist_certified.se"), lambda f: f.default.bse, certified_tolerance("se"), when=has_likelihood
    ),
    Quantity(
        "NIST.residual_sd",
        at("nist_certified.residual_sd"),
        lambda f: np.sqrt(f.default.dispersion),
        certified_tolerance("residual_sd"),
        when=has_likelihood,
    ),
    Quantity(
        "NIST.residual_sd",
        at("nist_certified.residual_sd"),
        lambda f: np.sqrt(f.default.dispersion),
        1e-12,
        lambda ours, truth, case: measure.scaled(ours, truth, np.abs(case.y).max()),
        lambda c: c.zero_residual,
    ),
    Quantity("NIST.df_residual", at("nist_certified.df_residual"), lambda f: f.default.df_resid, 0, differs),
    Quantity(
        "NIST.r_squared",
        at("nist_certified.r_squared"),
        lambda f: 1 - f.default.deviance / f.default.null_deviance,
        1e-9,
    ),
)
