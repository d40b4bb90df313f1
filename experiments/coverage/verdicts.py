"""How often intervals cover, how sure that is, and on which side they miss."""

from typing import Any

import numpy as np

import jaxglm as jg
from experiments.coverage.intervals import Intervals

METHODS: tuple[str, ...] = ("Wald", "Wald HC3", "profile", "profile F", "wild", "pairs", "pairs BCa")
Row = dict[str, Any]


def verdict(method: str, found: Intervals, slope: float) -> Row:
    """Of the intervals that exist. One with an infinite limit exists: it cannot miss on that side."""
    limits = found.limits[~np.isnan(found.limits).any(axis=1)]
    count, low, high = len(limits), limits[:, 0] > slope, limits[:, 1] < slope
    share = lambda mask: float(np.mean(mask)) if count else None  # noqa: E731
    coverage = share(~low & ~high)
    row = {"method": method, "data sets": len(found.limits), "coverage": coverage}
    row |= {"MC error": None if coverage is None else float(np.sqrt(coverage * (1 - coverage) / count))}
    row |= {"misses above": share(low), "misses below": share(high), "no interval": len(found.limits) - count}
    with np.errstate(invalid="ignore"):
        width = float(np.median(limits[:, 1] - limits[:, 0])) if count else None
    return row | {"one limit infinite": int(np.sum(np.isinf(limits).any(axis=1))), "median width": width}


def statuses(fits: jg.BatchResults, found: dict[str, Intervals]) -> Row:
    """How the fits of all data sets ended, and which resamples had no estimate."""
    words = ", ".join(f"{count} {name.lower()}" for name, count in fits.status_counts.items())
    return {"data sets": len(fits), "fits": words, "resamples left out": found["pairs"].left_out}


def by_method(rows: list[Row]) -> list[Row]:
    """Coverage, one row a family, truth and size; one column a method."""
    cells: dict[tuple, Row] = {}
    for row in rows:
        key = tuple(row[k] for k in ("family", "model", "n"))
        cell = cells.setdefault(key, dict(zip(("family", "model", "n"), key, strict=True)) | dict.fromkeys(METHODS))
        cell[row["method"]] = row["coverage"]
    return list(cells.values())


def precision(rows: list[Row]) -> list[Row]:
    """What each method's coverage is an average of."""
    first = {row["method"]: row for row in reversed(rows)}
    return [{"method": name, "data sets a cell": first[name]["data sets"],
             "MC error at 0.95": float(np.sqrt(0.95 * 0.05 / first[name]["data sets"]))}
            for name in METHODS if name in first]  # fmt: skip
