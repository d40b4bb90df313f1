"""HOST: one fit many times over with other weights, responses or offsets, in blocks that fit into memory."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..batch import Members, Outcome, Plan, fit_members
from ..options import FitWarning
from ..predictors import present
from ..solvers import Newton, Status
from .moved import moved_from

BLOCK_ELEMENTS = 1 << 24  # of the arrays that vary among the members, 128 MB: more would only fill the host's memory

Progress = Callable[[int, int], None] | None


def plan(fit: Any, progress: Progress = None, *, errors: bool = True) -> Plan:
    """The solver of the fit, without its history. errors: whether standard errors are wanted."""
    solver = replace(fit.solver, record=0)
    if isinstance(solver, Newton):
        solver = replace(solver, errors=errors)
    return Plan(solver, expected=fit._edm, progress=progress)


def refits(
    fit: Any, size: int, changed: Callable[[int, int], dict[str, Any]], progress: Progress = None
) -> Iterator[tuple[slice, Members, Outcome]]:
    """Blocks of members with their outcomes, without standard errors. changed(start, stop): arrays (stop - start, N) of
    what varies there.

    Members begin at the estimates where those are a maximum, from the data elsewhere; where weights vary, at what the
    change of them makes of the estimates (`Moved`).
    """
    block = max(BLOCK_ELEMENTS // fit.problem.n, 1)
    moved = moved_from(fit)
    for start in range(0, size, block):
        stop = min(start + block, size)
        varied = changed(start, stop)
        members = Members.varied(fit.problem, stop - start, **varied)
        settings = plan(fit, _shifted(progress, start, size), errors=False)
        begin: Any = np.broadcast_to(fit.state.theta, (stop - start, len(fit.state.theta))) if fit.converged else None
        if moved is not None and varied.keys() == {"weights"}:
            begin, settings = moved, replace(settings, usual=1 if moved.polynomial else None)
        with jax.enable_x64(True):
            outcome = fit_members(members, settings, begin)
        yield slice(start, stop), members, outcome


def _shifted(progress: Progress, start: int, size: int) -> Progress:
    return None if progress is None else lambda done, _: progress(start + done, size)


def estimates(fit: Any, size: int, changed, progress: Progress = None) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (size, P) by the names of `columns`, and statuses (size,)."""
    blocks = [outcome for _, _, outcome in refits(fit, size, changed, progress)]
    theta = np.concatenate([o.theta for o in blocks])
    return coefficients(fit, theta), np.concatenate([o.status for o in blocks])


def coefficients(fit: Any, theta: np.ndarray) -> np.ndarray:
    """theta (B, .) of the solver's basis as coefficients (B, P); NaN for aliased columns."""
    full = np.full((len(theta), len(columns(fit))), np.nan)
    full[:, present(fit.parts)] = fit._outward(theta.T).T
    return full


def columns(fit: Any) -> tuple[str, ...]:
    """Names of the coefficients that are fitted anew: all but a dispersion, which is not one of them."""
    return sum((p.names for p in fit.parts), ())


def warn_of_failures(status: np.ndarray, what: str, consequence: str) -> None:
    """One warning that counts the members that did not converge, by their status."""
    codes, counts = np.unique(status[status != Status.CONVERGED.value], return_counts=True)
    if len(codes):
        listed = ", ".join(f"{counts[i]} {Status(int(codes[i])).name.lower()}" for i in np.argsort(-counts))
        message = f"{counts.sum()} of {len(status)} {what} did not converge ({listed}); {consequence}."
        warnings.warn(message, FitWarning, stacklevel=3)
