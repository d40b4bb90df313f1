"""HOST: refits of a fitted model without some of its columns, all by one compiled program.

The coefficients that are left span theta = N u. The design X N is filled up with columns of zeros to the width of X,
and a ridge of strength one on their coefficients, which the likelihood does not see, holds these at exactly zero: every
refit has the shapes of the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..design import Ones
from ..penalties import Ridge
from ..programs import solve
from ..solvers import Status

INDEPENDENT = 1e-10  # sine of an angle at or below which a column is a combination of the others
USABLE = (Status.CONVERGED, Status.SEPARATED, Status.BOUNDARY)  # the log-likelihood is at its supremum


@dataclass(frozen=True)
class Restricted:
    """A fit without some columns: `fit` has the coordinates of the whole model, its dropped coefficients at zero."""

    fit: Any
    span: np.ndarray  # (P, R): the theta that are left are span @ u
    usable: bool

    @property
    def rank(self) -> int:
        return self.span.shape[1]


def without(fit: Any, columns: Iterable[int]) -> Restricted:
    """The model without the columns at these positions of `fit.names`; the fit itself where that changes nothing."""
    parts = _parts(fit, set(columns))
    sizes = [part.shape[1] for part in parts]
    span = _block_diagonal(parts)
    if tuple(sizes) == fit.problem.sizes:
        return Restricted(fit, span, fit.status in USABLE)
    filled = [np.pad(part, ((0, 0), (0, len(part) - part.shape[1]))) for part in parts]
    designs = tuple(_mapped(d, m) for d, m in zip(fit.problem.designs, filled, strict=True))
    held: Any = np.concatenate([np.arange(len(part)) >= part.shape[1] for part in parts]).astype(float)
    problem = replace(fit.problem, designs=designs, penalty=Ridge(held))
    state, spread = _solved(fit, problem, _start(fit, span), held)
    theta = _block_diagonal(filled) @ state.theta
    moved = replace(fit, solved=fit.solved._replace(state=state._replace(theta=theta), spread=spread))
    return Restricted(moved, span, Status(int(state.status)) in USABLE)


def _solved(fit: Any, problem: Any, start: np.ndarray, held: np.ndarray):
    """From the start, and where that fails from the default one."""
    begin = np.zeros(len(held))
    begin[held == 0] = start
    expected = fit._edm
    solved = solve(problem, fit.solver, begin, expected)
    if Status(int(solved.state.status)) not in USABLE:
        solved = solve(problem, fit.solver, None, expected)
    return solved.state, solved.spread


def _start(fit: Any, span: np.ndarray) -> np.ndarray:
    """The coefficients u nearest to the estimate in the metric of its information, or plainly where that is none."""
    theta, information = np.asarray(fit.state.theta), fit.information
    try:
        near = np.linalg.solve(span.T @ information @ span, span.T @ (information @ theta))
    except np.linalg.LinAlgError:
        near = span.T @ theta
    return near if np.all(np.isfinite(near)) else np.zeros(span.shape[1])


def _mapped(design: Any, matrix: np.ndarray) -> Any:
    """The design times a matrix; untouched where that is the unit matrix."""
    if isinstance(design, Ones) or np.array_equal(matrix, np.eye(len(matrix))):
        return design
    return design.times(matrix)


def _parts(fit: Any, dropped: set[int]) -> list[np.ndarray]:
    """For each predictor a basis (P_k, R_k) of the coefficients that are left, in the coordinates of theta."""
    P = len(np.asarray(fit.state.theta))
    inward, present = fit._inward(np.eye(P)), fit._present[:P]
    edges = np.concatenate([[0], np.cumsum(fit.problem.sizes)])
    parts = []
    for k, (low, high) in enumerate(pairwise(edges)):
        keep = np.asarray([p not in dropped for p in present[low:high]], bool)
        left = inward[low:high, low:high][:, keep]
        spare = np.empty((high - low, 0)) if keep.all() else _spare(fit, k, dropped)
        parts.append(np.eye(high - low) if keep.all() else _basis(left, spare))
    return parts


def _basis(left: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the columns; unit vectors stay what they are."""
    if not spare.shape[1]:
        unit = np.count_nonzero(left, axis=0) == 1
        return left if unit.all() else np.linalg.qr(left / np.linalg.norm(left, axis=0))[0]
    both = np.concatenate([left, spare], axis=1)
    u, size, _ = np.linalg.svd(both / np.linalg.norm(both, axis=0), full_matrices=False)
    return u[:, size > INDEPENDENT]


def _spare(fit: Any, k: int, dropped: set[int]) -> np.ndarray:
    """Aliased columns of predictor k that are not dropped, in the coordinates of theta: they take over where their
    rivals leave."""
    part, start = fit.parts[k], sum(len(p.names) for p in fit.parts[:k])
    names = part.names
    aliased = [j for j in range(len(names)) if names[j] in part.aliased and start + j not in dropped]
    if part.shared or not aliased:
        return np.empty((fit.problem.sizes[k], 0))
    X = part.part.X[:, aliased]
    X = X[:, np.any(X != 0, axis=0)]
    if not X.shape[1]:
        return np.empty((fit.problem.sizes[k], 0))
    used = fit.frame.of_rows(fit._weights[: fit._n]) > 0
    columns = part.basis.columns[used]
    size = np.linalg.norm(columns, axis=0)
    return np.linalg.lstsq(columns / size, X[used], rcond=None)[0] / size[:, None]


def _block_diagonal(parts: list[np.ndarray]) -> np.ndarray:
    full = np.zeros((sum(len(p) for p in parts), sum(p.shape[1] for p in parts)))
    row = column = 0
    for part in parts:
        full[row : row + len(part), column : column + part.shape[1]] = part
        row, column = row + len(part), column + part.shape[1]
    return full
