"""The table of a finite maximum: laws and `exact` here, R's conventions and certified values in their own files."""

import numpy as np

from . import conventions as r
from . import measure
from .as_r import AS_R
from .case import Case
from .certified import CERTIFIED
from .fits import Fits, starts
from .hypotheses import HYPOTHESES
from .intervals import INTERVALS
from .quantity import Quantity, at, differs, plain
from .robust import ROBUST, clustered
from .yardsticks import (
    LAGGED,
    coefficient_tolerance,
    counts_all_rows,
    deviance_error,
    has_likelihood,
    in_joint_se,
    in_units,
    near_r,
)


def status(case: Case) -> str:
    return "BOUNDARY" if case.on_boundary else "CONVERGED"


def default_coefficients(fits: Fits) -> np.ndarray:
    return r.coefficients(fits, fits.default.params)[fits.case.kept]


def unit_se(fits: Fits) -> np.ndarray:
    """Expected standard errors with the dispersion taken out."""
    fit = r.inference(fits)
    return r.coefficients(fits, fit.bse)[fits.case.kept] / np.sqrt(fit.dispersion)


def unit_vcov(fits: Fits) -> np.ndarray:
    kept = np.flatnonzero(fits.case.kept)
    fit = r.inference(fits)
    return np.asarray(fit.cov_params())[np.ix_(kept, kept)] / fit.dispersion


LAWS = (
    Quantity("status", status, lambda f: f.default.status.name, 0, differs),
    Quantity("converged", lambda c: None if c.on_boundary else True, lambda f: f.default.converged, 0, differs),
)

EXACT = (
    Quantity("coef", at("exact.coef"), default_coefficients, coefficient_tolerance, in_units),
    Quantity("logLik", at("exact.logLik"), lambda f: f.default.llf, 1e-9, when=has_likelihood),
    Quantity("deviance", at("exact.deviance"), lambda f: f.default.deviance, 1e-9),
    Quantity("rss", at("exact.weighted_rss"), lambda f: f.default.deviance, 1e-9),
    Quantity("n_params", at("exact.n_parameters"), lambda f: f.default.n_params, 0, differs),
    Quantity("AIC", at("exact.AIC"), lambda f: f.default.aic, 1e-9, when=has_likelihood),
    Quantity("BIC", at("exact.BIC_rows"), lambda f: f.default.bic, 1e-9, when=counts_all_rows),
    Quantity(
        "estimate",
        lambda c: c.array("exact.estimate") if c.get("exact.se_observed") else None,
        lambda f: r.joint(f, f.joint.params),
        coefficient_tolerance,
        in_joint_se,
        has_likelihood,
    ),
    Quantity(
        "se_observed",
        at("exact.se_observed"),
        lambda f: np.abs(r.joint(f, f.joint.bse)),
        1e-6,
        when=has_likelihood,
    ),
    Quantity(
        "vcov_observed",
        at("exact.vcov_observed"),
        r.joint_vcov,
        1e-6,
        plain(measure.of_deviations),
        has_likelihood,
    ),
    Quantity("se_expected", at("exact.se_expected_dispersion1"), unit_se, 1e-6, when=has_likelihood),
    Quantity(
        "vcov_expected",
        at("exact.vcov_expected_dispersion1"),
        unit_vcov,
        1e-6,
        plain(measure.of_deviations),
        has_likelihood,
    ),
    Quantity("logLik_lm", at("exact.logLik_lm_convention"), r.gaussian_with_precisions, 1e-9),
)

BATCH = (
    Quantity("batch.converged", lambda c: True, lambda f: bool(f.of_member("converged")), 0, differs),
    Quantity(
        "batch.coef",
        at("exact.coef"),
        lambda f: r.coefficients(f, f.of_member("params")),
        coefficient_tolerance,
        lambda ours, truth, case: in_units(np.asarray(ours)[case.kept], truth, case),
    ),
    Quantity(
        "batch.se_expected",
        at("exact.se_expected_dispersion1"),
        lambda f: r.coefficients(f, f.of_member("bse")) / np.sqrt(f.of_member("dispersion")),
        1e-6,
        when=has_likelihood,
    ),
    Quantity("batch.logLik", at("exact.logLik"), lambda f: f.of_member("llf"), 1e-9, when=has_likelihood),
    Quantity("batch.R.se", at("fit.se"), lambda f: r.coefficients(f, f.of_member("bse")), LAGGED),
    Quantity("batch.R.deviance", at("fit.deviance"), lambda f: f.of_member("deviance"), near_r, deviance_error),
    Quantity("batch.R.dispersion", at("fit.dispersion"), lambda f: f.of_member("dispersion"), LAGGED),
)


def from_start(name: str) -> tuple[Quantity, ...]:
    """The same maximum from a start that the case names."""
    return (
        Quantity(f"status@{name}", status, lambda f: f.started[name].status.name, 0, differs),
        Quantity(
            f"coef@{name}",
            at("exact.coef"),
            lambda f: r.coefficients(f, f.started[name].params)[f.case.kept],
            coefficient_tolerance,
            in_units,
        ),
        Quantity(f"logLik@{name}", at("exact.logLik"), lambda f: f.started[name].llf, 1e-9),
    )


def finite_maximum(case: Case) -> tuple[Quantity, ...]:
    """All rows for a case whose maximum exists."""
    extra = tuple(q for name in starts(case) for q in from_start(name))
    robust = ROBUST + clustered(case)
    tables = LAWS + EXACT + AS_R + HYPOTHESES + INTERVALS + robust + CERTIFIED
    return tables + (BATCH if case.get("batch") else ()) + extra
