"""HOST: the fit without each observation, as a batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..batch import Members, Plan, fit_members
from ..problem import Problem
from ..solvers import Status

BLOCK_ELEMENTS = 1 << 24  # of the weights of a block of members, 128 MB


def without_each(
    problem: Problem,
    theta: np.ndarray,
    unit: np.ndarray,
    solver: Any,
    expected: bool,
    *,
    rows: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """theta (N, P) without one observation of each padded row, and the status of each fit (N,).

    unit: (N,) weight of one observation, 0 where there is none. rows: which are left out, by default all that count.
    Elsewhere, and where a fit did not converge, theta is NaN. Fits begin at `theta`.
    """
    chosen = np.flatnonzero(unit > 0) if rows is None else rows
    found = np.full((problem.n, len(theta)), np.nan)
    status = np.full(problem.n, int(Status.RUNNING))
    plan = Plan(replace(solver, record=0), expected=expected)
    whole = np.ones(problem.n) if problem.weights is None else np.asarray(problem.weights)
    block = max(BLOCK_ELEMENTS // problem.n, 1)
    for start in range(0, len(chosen), block):
        index = chosen[start : start + block]
        weights = np.tile(whole, (len(index), 1))
        weights[np.arange(len(index)), index] -= unit[index]
        members = Members.varied(problem, len(index), weights=weights)
        report = None if progress is None else _shifted(progress, start, len(chosen))
        with jax.enable_x64(True):
            outcome = fit_members(members, replace(plan, progress=report), np.tile(theta, (len(index), 1)))
        good = outcome.status == Status.CONVERGED
        found[index[good]], status[index] = outcome.theta[good], outcome.status
    return found, status


def _shifted(progress, start: int, size: int):
    return lambda done, _: progress(start + done, size)
