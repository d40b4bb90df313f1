"""HOST: the covariance by fits without each observation, or each group, in turn."""

from typing import Any

import numpy as np

from ..refits import Units, refits, warn_of_failures
from ..solvers import Status
from .roots import root_of_square


def jackknife_root(fit: Any, groups: Any) -> tuple[np.ndarray, str]:
    """Root (P, P) of the jackknife covariance in the coordinates of the solver, and words for it.

    Raises: ValueError for groups of another length or fewer than two units.
    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, eq. 11.5.
    """
    units = Units.of(fit, groups)
    without = lambda start, stop: {"weights": units.weights(units.without_one(start, stop))}  # noqa: E731
    outcomes = [outcome for *_, outcome in refits(fit, len(units.times), without)]
    theta, status = (np.concatenate([getattr(o, name) for o in outcomes]) for name in ("theta", "status"))
    warn_of_failures(status, "fits with one unit left out", "they are left out")
    good = status == Status.CONVERGED
    theta, times = theta[good], units.times[good]
    total = max(times.sum(), 1)
    centred = theta - times @ theta / total
    what = f"{units.total} {'rows' if groups is None else 'groups'}"
    return root_of_square(np.sqrt((total - 1) / total * times)[:, None] * centred), f"jackknife ({what})"
