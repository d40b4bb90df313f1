"""Covariances of the coefficients as pure functions of (problem, theta): all of them from two facts of a fit.

With R R' the inverse information and Z = scores @ R (n, P), the rows' scores in units of R, each is R M R' for a small
matrix M: the identity for the model's own, Z'Z for HC (Z with its leverages taken out), the same of sums within groups
for clusters, (Z'Z)^-1 for the outer product of gradients. The factor R works where squares would overflow.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..elementary import expm1, log1p
from ..numerics import Array, dot, factor
from ..problem import Problem, evaluate, expected_information, images, joined, linear_predictors, rows

# power of 1 - leverage that each kind divides a row's score by; `ratio` (n,) is the leverage over its mean
DISCOUNTS = {
    "HC0": None,
    "HC1": None,
    "HC2": lambda ratio: jnp.full_like(ratio, 0.5),
    "HC3": lambda ratio: jnp.ones_like(ratio),
    "HC4": lambda ratio: jnp.minimum(4.0, ratio) / 2,
    "HC4m": lambda ratio: (jnp.minimum(1.0, ratio) + jnp.minimum(1.5, ratio)) / 2,
    "HC5": lambda ratio: jnp.minimum(ratio, jnp.maximum(4.0, 0.7 * jnp.max(ratio))) / 4,
}


class Scores(NamedTuple):
    """Scores (n, P) of one observation of each row in units of a root of the covariance, and the leverages (n,)."""

    scores: jax.Array
    leverage: jax.Array


def inverse_root(information):
    """R (P, P) with R R' the inverse of an information; NaN where that is singular or not positive definite. A
    coefficient without information (a row and column of zeros) is left out: its row of R is zero."""
    solved = factor(information)
    root = solved.scale[:, None] * solved.root.T
    present = jnp.diagonal(information) != 0
    return jnp.where(solved.damping > 0, jnp.nan, jnp.where(present[:, None], root, 0.0))


def standard_scores(problem: Problem, theta, root, *, kind: str = "HC0", expected: bool = False, counts=None) -> Scores:
    """Scores in units of `root` (P, P), with the leverage taken out as the kind does.

    counts: (n,) observations that a row stands for; its weight is then that of all of them. expected: whether leverages
    use the expected information of the first predictor, which is that of the mean of an exponential dispersion model.

    For K predictors the leverage of a row is a K x K block H = C G, where C is its own information of eta and G the
    covariance of eta that the model gives. HC3 divides the score by 1 - H: it is then the change of theta by one Newton
    step where the row is left out. HC2 divides by the root of 1 - H: a score of covariance C has C (1 - H) left after
    the fit. `leverage` is the trace of H; it adds up to the number of coefficients.
    Source: White (1980); MacKinnon and White (1985); Cribari-Neto (2004), and with Souza and Vasconcellos (2007).
    """
    per, score, curvature, units = parts_of_rows(problem, theta, root, expected=expected, counts=counts)
    gram = jnp.einsum("ijp,ikp->ijk", units, units, precision=lax.Precision.HIGHEST)
    leverage = jnp.einsum("ijk,ikj->i", curvature, gram, precision=lax.Precision.HIGHEST)
    discount = DISCOUNTS[kind]
    if discount is not None:
        times = jnp.where(per > 0, 1.0, 0.0) if counts is None else counts
        power = discount(leverage * jnp.sum(times) / jnp.sum(times * leverage))
        score = jax.vmap(_without_leverage)(score, curvature, gram, power)
    return Scores(jnp.einsum("ik,ikp->ip", score, units, precision=lax.Precision.HIGHEST), leverage)


class Parts(NamedTuple):
    """What scores and leverages are made of, of one observation of each row."""

    weight: Array  # (n,)
    score: Array  # (n, K)
    information: Array  # (n, K, K) of eta
    units: Array  # (n, K, P): eta of a row is known up to these in units of the covariance


def parts_of_rows(problem: Problem, theta, root, *, expected: bool = False, counts=None) -> Parts:
    """The arguments are those of `standard_scores`."""
    eta = linear_predictors(problem, theta)
    per = _weight_of_one(problem, counts)
    score, bend = joined(rows(problem, eta))
    information = per[:, None, None] * _row_information(problem, eta, -bend, expected)
    return Parts(per, per[:, None] * score, information, images(problem, root))


def _weight_of_one(problem: Problem, counts):
    weights = jnp.ones(problem.n, problem.dtype) if problem.weights is None else problem.weights
    if counts is None:
        return weights
    return jnp.where(counts > 0, weights / jnp.where(counts > 0, counts, 1.0), 0.0)


def _row_information(problem: Problem, eta, block, expected: bool):
    """Information of eta in each row (n, K, K). A dispersion beside an expected information is orthogonal to the
    mean."""
    if not expected:
        return block
    beside = block.at[:, 0, :].set(0.0).at[:, :, 0].set(0.0)
    return beside.at[:, 0, 0].set(expected_information(problem, eta))


def _without_leverage(score, curvature, gram, power):
    """(1 - C G)^-power score of one row; C G has the eigenvalues of the symmetric G^(1/2) C G^(1/2)."""
    if len(score) == 1:
        return score * (1 - curvature[0] * gram[0]) ** -power
    size, axes = jnp.linalg.eigh(gram)
    half = dot(axes * jnp.sqrt(jnp.maximum(size, 0.0)), axes.T)
    leverage, axes = jnp.linalg.eigh(dot(half, dot(curvature, half)))
    small = jnp.abs(leverage) < 1e-8
    gain = jnp.where(small, power, expm1(-power * log1p(-leverage)) / jnp.where(small, 1.0, leverage))
    return score + dot(curvature, dot(half, dot(axes, gain * dot(axes.T, dot(half, score)))))


def covariance(problem: Problem, theta, kind: str, *, expected: bool = False, counts=None, kept=None):
    """Covariance (P, P) of theta, for the dispersion that the family has and without a small-sample factor.

    kind: "expected" or "observed" information, "opg" (outer product of gradients), or "HC0" to "HC5".
    expected: whether the information in the others is the expected one, as for an exponential dispersion model.
    kept: (P,) coefficients that are there; the others have covariance 0.
    """
    model = kind in ("expected", "observed")
    information = evaluate(problem, theta, expected=kind == "expected" if model else expected).information
    root = inverse_root(information if kept is None else jnp.where(kept & kept[:, None], information, 0.0))
    if model:
        return dot(root, root.T)
    at = standard_scores(problem, theta, root, kind="HC0" if kind == "opg" else kind, expected=expected, counts=counts)
    scores = at.scores if counts is None else at.scores * jnp.sqrt(counts)[:, None]
    square = dot(scores.T, scores)
    outer = dot(root, inverse_root(square))
    return dot(outer, outer.T) if kind == "opg" else dot(root, dot(square, root.T))
