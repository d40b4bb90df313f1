"""What a fit would lose without one observation of each row: one Newton step from the estimates. Pure functions."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..compiled import program
from ..numerics import factor
from ..problem import Problem, evaluate, expected_information, images, joined, linear_predictors, row_logliks, rows


class Deletion(NamedTuple):
    """Per row, when one observation of it is left out; for a unit dispersion.

    With w the weight of the observation, s (K,) its score, C (K, K) its information, X_i (K, P) its rows of the
    designs, J the information of all and Q = X_i J^-1 X_i', the step is J^-1 X_i' (I - w C Q)^-1 w s: Newton's for the
    likelihood without the observation. Source: Pregibon (1981), Ann. Statist. 9, for K = 1.
    """

    leverage: Any  # (n,) trace of w C Q: its share of the P coefficients
    step: Any  # (n, P) theta less theta without it
    distance: Any  # (n,) step' J step
    gain: Any  # (n,) w s' Q (I - w C Q)^-1 w s: what the log-likelihood of the observation lost, twice, by refitting
    shift: Any  # (n,) change of the first linear predictor
    variance: Any  # (n,) of the first linear predictor
    singular: Any  # (n,) whether nothing is left to estimate some coefficient from


def deletion(problem: Problem, theta, unit, *, expected: bool) -> Deletion:
    """unit: (n,) weight of one observation of each row, 0 for those that do not count. expected: which information."""
    score, information = _row_calculus(problem, theta, expected)
    A, root = _images(problem, evaluate(problem, theta, expected=expected).information)
    Q = jnp.einsum("nkp,njp->nkj", A, A)
    share = unit[:, None, None] * jnp.einsum("nkl,nlj->nkj", information, Q)
    rest = jnp.eye(Q.shape[1], dtype=Q.dtype) - share
    singular = jnp.abs(jnp.linalg.det(rest)) < 64 * jnp.finfo(Q.dtype).eps * Q.shape[1] * A.shape[2]
    pull = jnp.linalg.solve(rest, (unit[:, None] * score)[:, :, None])[:, :, 0]
    moved = jnp.einsum("nkj,nj->nk", Q, pull)
    return Deletion(
        leverage=jnp.trace(share, axis1=1, axis2=2),
        step=jnp.einsum("nkp,nk->np", A, pull) @ root.T,
        distance=jnp.einsum("nk,nk->n", pull, moved),
        gain=unit * jnp.einsum("nk,nk->n", score, moved),
        shift=moved[:, 0],
        variance=Q[:, 0, 0],
        singular=singular,
    )


def _row_calculus(problem: Problem, theta, expected: bool):
    """Score (n, K) and information (n, K, K) of every row."""
    eta = linear_predictors(problem, theta)
    at = rows(problem, eta)
    score, curvature = joined(at)
    return score, expected_information(problem, eta)[:, None, None] if expected else -curvature


def _images(problem: Problem, information):
    """A (n, K, P) with A A' = X_i J^-1 X_i' for each row, and the root R of J^-1 = R R' that it is the image of."""
    solved = factor(information)
    root = solved.scale[:, None] * solved.root.T
    return images(problem, root), root


def logliks_at(problem: Problem, thetas):
    """Log-likelihood (n,) of row i at thetas[i], for thetas (n, P)."""

    def one(i, theta):
        return row_logliks(problem.take(i[None]), theta)[0]

    return jax.vmap(one)(jnp.arange(problem.n), thetas)


_deletion = program(deletion, static_argnames="expected")
_logliks = program(logliks_at)


def deletion_of(problem: Problem, theta, unit, expected: bool) -> Deletion:
    """HOST: `deletion` as NumPy float64 arrays."""
    with jax.enable_x64(True):
        return jax.device_get(_deletion(problem, theta, unit, expected=expected))


def row_logliks_at(problem: Problem, thetas):
    """HOST: `logliks_at` as a NumPy float64 array."""
    with jax.enable_x64(True):
        return jax.device_get(_logliks(problem, thetas))
