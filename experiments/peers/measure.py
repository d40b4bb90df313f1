"""Seconds of one competitor on one workload, and where it stopped."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.peers.competitors import Cannot, competitor
from experiments.peers.workloads import max_score

LEAST = 1.0  # seconds that a peer's warm runs take in all: the first few after a compilation are slower than the rest


def measured(workload: dict[str, Any], peer: str, repeats: int, budget: float) -> dict[str, Any]:
    """One row; a peer that is missing or cannot fit this model is a row that says so."""
    n, p = workload["X"].shape
    row = {
        "workload": workload["name"],
        "peer": peer,
        "rows": n,
        "columns": p,
        "first s": None,
        "median s": None,
        "min s": None,
        "max s": None,
    }
    row |= {"runs": 0, "max |score|": None, "note": ""}
    try:
        fit = competitor(peer).prepare(workload, peer)
    except ImportError as error:
        return row | {"note": f"not installed: {error.name}"}
    except Cannot as reason:
        return row | {"note": str(reason)}
    with warnings.catch_warnings():  # what a peer thinks of its stop is in max |score|
        warnings.simplefilter("ignore")
        return row | _timed(fit, workload, repeats, budget)


def _timed(fit: Callable[[], np.ndarray], workload: dict[str, Any], repeats: int, budget: float) -> dict[str, Any]:
    first, beta = _seconds(fit)
    runs: list[float] = []
    spent = 0.0
    while (len(runs) < repeats or spent < LEAST) and first + spent < budget:
        seconds, beta = _seconds(fit)
        runs.append(seconds)
        spent += seconds
    note = "" if runs else "first call only: over the budget"
    runs = runs or [first]
    times = {
        "first s": first,
        "median s": float(np.median(runs)),
        "min s": min(runs),
        "max s": max(runs),
        "runs": len(runs),
    }
    return times | {"max |score|": max_score(workload, beta), "note": note}


def _seconds(fit: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    beta = fit()
    return time.perf_counter() - start, np.asarray(beta)
