"""Differences between a fit and the numbers that are stored for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Row = dict[str, Any]


def compare(fit: Any, model: Mapping[str, Any], config: Any) -> list[Row]:
    """One row a quantity: its largest difference from the stored number."""
    stored = model["numbers"]
    differences = {
        "coefficients": (_apart(fit.params, stored["coef"], stored["se"]), config.tol_coef),
        "standard errors": (_apart(fit.bse, stored["se"], stored["se"]), config.tol_se),
        "log-likelihood": (_relative(fit.llf, stored["loglik"]), config.tol_loglik),
        "deviance": (_relative(fit.deviance, stored["deviance"]), config.tol_loglik),
        "null deviance": (_relative(fit.null_deviance, stored["null_deviance"]), config.tol_loglik),
        "AIC": (_relative(fit.aic, stored["aic"]), config.tol_loglik),
        "dispersion": (_relative(fit.dispersion, stored["dispersion"]), config.tol_se),
        "residual df": (float(abs(fit.df_resid - stored["df_residual"])), 0.0),
    }
    about = {key: model[key] for key in ("family", "link", "dataset")}
    head = {"model": model["name"], **about, "n": int(fit.nobs), "status": fit.status.name}
    rows = [{**head, "quantity": key, "difference": d, "tolerance": tol} for key, (d, tol) in differences.items()]
    return [{**row, "verdict": bool(fit.converged and row["difference"] <= row["tolerance"])} for row in rows]


def _apart(given: Any, stored: list[float], unit: list[float]) -> float:
    """The largest difference in units; by position, because R has other names for the same columns."""
    given = np.asarray(given)
    if given.shape != np.shape(stored):
        return float("inf")
    return float(np.max(np.abs(given - stored) / unit))


def _relative(given: float, stored: float) -> float:
    return float(abs(given - stored) / abs(stored))


def summary_row(name: str, rows: list[Row]) -> Row:
    """A model's largest differences side by side."""
    differences = {row["quantity"]: row["difference"] for row in rows if row["quantity"] != "residual df"}
    head = {key: rows[0][key] for key in ("family", "link", "n")}
    return {"model": name, **head, **differences, "verdict": all(row["verdict"] for row in rows)}


def worst(rows: list[Row]) -> list[Row]:
    """One row a quantity: where it differs most."""
    found = {}
    for row in sorted(rows, key=lambda row: row["difference"]):
        found[row["quantity"]] = row
    keys = ("quantity", "difference", "tolerance")
    return [{key: row[key] for key in keys} | {"in": row["model"], "verdict": row["verdict"]} for row in found.values()]
