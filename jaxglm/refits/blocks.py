"""HOST: one fit many times over with other weights, responses or offsets, in blocks that fit into memory."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batch import Members, Outcome, Plan, fit_members
from ..compiled import program
from ..numerics import Array, dot, factor
from ..options import FitWarning
from ..predictors import present
from ..problem import evaluate, images, joined, linear_predictors, rows
from ..programs import in_float64
from ..pytree import pytree
from ..solvers import Newton, Status

FAR = 4.0  # gain in log-likelihood for each parameter, eight times that of a resample, beyond which a step is not sure
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

    Members begin at the estimates where those are a maximum, from the data elsewhere; where weights vary, at what one
    step from the estimates makes of the change.
    """
    block = max(BLOCK_ELEMENTS // fit.problem.n, 1)
    moved = _moved(fit)
    for start in range(0, size, block):
        stop = min(start + block, size)
        varied = changed(start, stop)
        members = Members.varied(fit.problem, stop - start, **varied)
        begin: Any = np.broadcast_to(fit.state.theta, (stop - start, len(fit.state.theta))) if fit.converged else None
        begin = moved if moved is not None and "weights" in varied else begin
        with jax.enable_x64(True):
            outcome = fit_members(members, plan(fit, _shifted(progress, start, size), errors=False), begin)
        yield slice(start, stop), members, outcome


@pytree
class Moved:
    """A start at estimates theta, moved to first order with the weights; not where that would lead far away."""

    theta: Array  # (P,)
    weights: Array  # (N,) of the fit
    influence: Array  # (N, P): change of theta with the weight of a row
    information: Array  # (P, P)

    def __call__(self, problem):
        moves = dot(problem.weights - self.weights, self.influence)
        gain = 0.5 * dot(dot(self.information, moves), moves)
        return self.theta + jnp.where(gain < FAR * (1 + len(moves)), moves, 0.0)


@in_float64
def _moved(fit: Any) -> Any:
    """None where the estimates are no maximum, a step may lead through a wall, or memory is worth more than a pass."""
    theta = np.asarray(fit.state.theta)
    if not fit.converged or fit.problem.family.constrained or fit.problem.n * len(theta) > BLOCK_ELEMENTS:
        return None
    return Moved(theta, np.asarray(fit._weights, float), *_influence(fit.problem, theta))


@program
def _influence(problem, theta):
    """Change of theta with the weight of each row (N, P), to first order, and the information (P, P)."""
    information = evaluate(problem, theta).information
    score, _ = joined(rows(problem, linear_predictors(problem, theta)))
    inverse = factor(information).solve(jnp.eye(len(theta), dtype=theta.dtype))
    return jnp.einsum("nk,nkm->nm", score, images(problem, inverse)), information


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
