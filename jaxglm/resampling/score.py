"""HOST: score (Rao) statistics of columns added to a fitted model one at a time, without refits.

With row scores s, row curvatures h and weights w of the null fit, a column z has the score U = z' W s and, beside the
null model's parameters, the information V = z' W h z - c' I^-1 c, where c is its information with those.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..numerics import dot, factor
from ..problem import expected_information, linear_predictors, rows
from ..results import GLMResults
from ..solvers import Status

BLOCK_ELEMENTS = 1 << 21  # of a block of columns: 16 MB
COLLINEAR = 1e-10  # V over z' W h z, a squared sine, at or below which the null model explains the column


class Pieces(NamedTuple):
    """What the statistics need of the null fit, weights applied: of the first k predictors, in the basis of the fit."""

    score: Any  # (N,)
    curvature: Any  # k of (N,): minus d2 l / d eta_0 d eta_j
    information: Any  # (P, P)


class Scores(NamedTuple):
    """Of each column over its scale (m,): score and information, both NaN where the status is not CONVERGED."""

    score: np.ndarray
    information: np.ndarray
    scale: np.ndarray  # largest size of an entry
    status: np.ndarray


def pieces(fit: GLMResults) -> Pieces:
    """Row scores and information at the estimates: expected for an exponential dispersion model, observed otherwise.

    The score of such a model is c (y - mean), so that its mean is orthogonal to every further parameter (alpha of the
    negative binomial): the first predictor stands alone. The observed information is no substitute: at a null fit that
    lacks a strong effect it may be negative along the column (Morgan, Palmer and Ridout, 2007).
    """
    # alpha at its edge, 0, leaves the mean where it would be for Poisson: inside
    inside = fit.family.traits.edm and not fit.family.constrained and fit.status == Status.BOUNDARY
    if not (fit.converged or inside):
        raise ValueError(f"a score test needs the maximum of the null model; the fit given is {fit.status.name.lower()}"
                         f". {fit.message}")
    with jax.enable_x64(True):
        found = jax.device_get(_pieces(fit.problem, np.asarray(fit.state.theta), fit.family.traits.edm))
    return found if fit.family.traits.edm else found._replace(information=fit.information)


@partial(jax.jit, static_argnames="expected")
def _pieces(problem, theta, expected):
    eta = linear_predictors(problem, theta)
    at, design = rows(problem, eta), problem.designs[0]
    curvature = [expected_information(problem, eta)] if expected else [-c for c in at.curvature[0]]
    w = jnp.ones(problem.n) if problem.weights is None else problem.weights
    weighted = [jnp.broadcast_to(w * h, w.shape) for h in curvature]
    return Pieces(w * at.score[0], weighted, design.gram(weighted[0], design) if expected else None)


def scores(fit: GLMResults, null: Pieces, columns, m: int) -> Scores:
    """Scores of m columns. columns(start, stop): those of the padded rows (N, stop - start)."""
    N = fit.problem.n
    b = max(8, 1 << max(min(BLOCK_ELEMENTS // N, m).bit_length() - 1, 0))
    found = []
    with jax.enable_x64(True):
        held = jax.device_put((fit.problem.designs[: len(null.curvature)], null))
        for start in range(0, m, b):
            stop = min(start + b, m)
            block = np.zeros((N, b))
            block[:, : stop - start] = columns(start, stop)
            found.append([a[: stop - start] for a in jax.device_get(_block(*held, block))])
    return _judged(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@jax.jit
def _block(designs, null: Pieces, Z):
    """Score, information beside the null model and information alone of each column over its scale, and the scale."""
    scale = jnp.max(jnp.abs(Z), axis=0)
    Z = Z / jnp.where(scale > 0, scale, 1.0)  # squares of a column of 1e-170 would be zero
    crossed = lambda z: jnp.concatenate(  # noqa: E731
        [d.rmatmat(h * z) for d, h in zip(designs, null.curvature, strict=True)]
    )
    c = jax.vmap(crossed, in_axes=1, out_axes=1)(Z)
    alone = dot(null.curvature[0], Z * Z)
    explained = jnp.sum(c * factor(null.information).solve(c), axis=0)
    return dot(null.score, Z), alone - explained, alone, scale


def _judged(score, information, alone, scale) -> Scores:
    finite = np.isfinite(score) & np.isfinite(information) & np.isfinite(scale)
    with np.errstate(invalid="ignore"):
        fine, bent = finite & (information > COLLINEAR * np.abs(alone)), information < -COLLINEAR * np.abs(alone)
        status = np.where(bent, Status.NO_PROGRESS.value, Status.SINGULAR.value)
        status = np.where(finite, status, Status.NON_FINITE.value)
    score, information = (np.where(fine, a, np.nan) for a in (score, information))
    return Scores(score, information, scale, np.where(fine, Status.CONVERGED.value, status))
