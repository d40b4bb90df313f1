"""How good tests are where the truth is known."""

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

LEVELS = (0.05, 0.10, 0.20)
Row = dict[str, Any]


class Tested(NamedTuple):
    """Estimates and tests (G,) of the condition; NaN where there is none."""

    estimate: np.ndarray
    se: np.ndarray
    p: np.ndarray
    adjusted: np.ndarray

    @classmethod
    def of(cls, fits: Any) -> "Tested":
        own = fits.coef("condition")
        p = np.where(fits.converged, own["p_value"], np.nan)
        return cls(own["estimate"], own["std_error"], p, fits.adjusted("condition", "bh"))


def verdicts(tested: Tested, changed: np.ndarray, effect: np.ndarray) -> Row:
    """Calibration of the p-values of genes that do not change, false discoveries, power, and the estimates."""
    null = tested.p[~changed & np.isfinite(tested.p)]
    covered = np.abs(tested.estimate - effect) < 1.959964 * tested.se
    fitted = np.isfinite(tested.p)
    row = {"tests": int(fitted.sum()), "null tests": len(null), "null p < 0.05": float(np.mean(null < 0.05))}
    row |= {"KS": float(stats.kstest(null, "uniform").statistic)}
    for level in LEVELS:
        with np.errstate(invalid="ignore"):
            found = tested.adjusted <= level
        row[f"FDR at {level:g}"] = float(np.sum(found & ~changed) / max(np.sum(found), 1))
        row[f"power at {level:g}"] = float(np.mean(found[changed]))
    row["lfc rmse"] = float(np.sqrt(np.mean((tested.estimate - effect)[changed & fitted] ** 2)))
    return row | {"95 % limits cover": float(np.mean(covered[fitted]))}


def averaged(rows: list[Row]) -> Row:
    """Means over data sets; Monte-Carlo errors of the share below 0.05, from the number of tests, and of the false
    discovery rate, from how it varies between data sets."""
    row = {key: float(np.mean([r[key] for r in rows])) for key in rows[0]}
    rates, tests = [r["FDR at 0.05"] for r in rows], sum(r["null tests"] for r in rows)
    apart = float(np.std(rates, ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else None
    return row | {"MC error": float(np.sqrt(0.05 * 0.95 / max(tests, 1))), "MC error of FDR at 0.05": apart}


def alpha_errors(alpha: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Mean and root mean square of log(alpha / truth) over genes with an alpha that is not 0."""
    apart = np.log(alpha / truth)[np.isfinite(alpha) & (alpha > 1e-8)]
    return float(np.mean(apart)), float(np.sqrt(np.mean(apart**2)))
