"""Where estimates go when the weights of the rows change, from the scores near the estimates alone."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..elementary import polynomial
from ..numerics import Array, dot, factor
from ..problem import evaluate, images, joined, linear_predictors, rows
from ..programs import in_float64
from ..pytree import pytree
from ..solvers import Newton

FAR = 4.0  # gain in log-likelihood for each parameter, eight times that of a resample, beyond which a step is not sure
LARGEST = 1 << 24  # elements of the influences, 128 MB, beyond which memory is worth more than a pass
DEGREE = 6  # of the polynomials that stand for the scores of the rows
WIDE = 5.0  # standard deviations of a predictor among resamples up to which they do
TIMES = 4  # steps on the polynomials, each of which leaves about a tenth of the way
SHRINK = 0.25  # of the gain of the last step that the next must be below to be trusted


@pytree
class Moved:
    """A start at estimates theta, moved with the weights; not where that would lead far away.

    The first step is that to first order. Where the score of a row is known as a polynomial in its predictor, further
    steps cost two products and no function of the family, and a replicate then needs one pass.
    """

    theta: Array  # (P,)
    influence: Array  # (N, P): change of theta with the weight of a row
    total: Array  # (P,): the sum of these by the weights of the fit, 0 where there is no penalty
    information: Array  # (P, P)
    inverse: Array  # (P, P)
    polynomial: list[Array]  # (N,) each: coefficients, the highest first; none where a solver has no quadratic steps

    def __call__(self, problem):
        """theta (P,), and the decrement from which it came near as quickly as Newton's steps would: infinite where
        nothing is known of that."""
        moves = first = dot(problem.weights, self.influence) - self.total
        gain = last = self._gain(first)
        sure = near = gain < FAR * (1 + len(first))
        # Of rows in single precision: what that loses is far below what a start is off by.
        design, weights, scores = jax.tree.map(_single, (problem.designs[0], problem.weights, self.polynomial))
        for _ in range(TIMES if scores else 0):
            step = self._step(design, weights, scores, moves)
            before, last = last, self._gain(step)
            moves, sure = moves + step, sure & (last < SHRINK * before)
        # The last step left a share r of its gain, as far as `first` led away. Newton's step from here leaves as much
        # less as it is shorter than `first`: r times that ratio, where the solver squares the decrement's to the last.
        known = jnp.where(sure, jnp.sqrt(last * gain), jnp.inf) if scores else jnp.full_like(gain, jnp.inf)
        return self.theta + jnp.where(sure, moves, jnp.where(near, first, 0.0)), known

    def _gain(self, step):
        return 0.5 * dot(dot(self.information, step), step)

    def _step(self, design, weights, coefficients, moves):
        """Step (P,) by the information of the fit from estimates moved so far."""
        score = polynomial(coefficients, design.matvec(_single(moves)))
        return dot(self.inverse, jnp.asarray(design.rmatmat(weights * score), self.theta.dtype))


def _single(a):
    return jnp.asarray(a, jnp.float32)


@in_float64
def moved_from(fit: Any) -> Any:
    """None where the estimates are no maximum, a step may lead through a wall, or memory is worth more than a pass."""
    theta, problem = np.asarray(fit.state.theta), fit.problem
    if not fit.converged or problem.family.constrained or problem.n * len(theta) > LARGEST:
        return None
    weights, solver = np.asarray(fit._weights, float), fit.solver
    quadratic = isinstance(solver, Newton) and solver.is_quadratic(problem)
    influence, total, information, inverse, found = _influence(problem, theta, weights)
    scores = list(found) if quadratic and len(found) and np.isfinite(found).all() else []
    return Moved(theta, influence, total, information, inverse, scores)


@program
def _influence(problem, theta, weights):
    """Change of theta with the weight of each row (N, P), to first order, and its sum by the weights (P,); the
    information (P, P) and its inverse; and the scores as polynomials (DEGREE + 1, N), none where rows have several
    predictors or there is a penalty."""
    information, eta = evaluate(problem, theta).information, linear_predictors(problem, theta)
    score, _ = joined(rows(problem, eta))
    inverse = factor(information).solve(jnp.eye(len(theta), dtype=theta.dtype))
    influence = jnp.einsum("nk,nkm->nm", score, images(problem, inverse))
    alone = len(eta) == 1 and eta[0].ndim == 1 and problem.penalty is None
    drawn = weights[:, None] * influence
    found = _polynomials(problem, eta[0], dot(drawn.T, drawn)) if alone else jnp.zeros((0, problem.n))
    return influence, jnp.sum(drawn, axis=0), information, inverse, found


def _polynomials(problem, eta, covariance):
    """Coefficients of the polynomials in e that agree with the scores at eta + e, at Chebyshev's points as far out as
    resamples with this covariance of theta may lead."""
    far = WIDE * jnp.sqrt(jnp.maximum(problem.designs[0].form(covariance, problem.designs[0]), 0.0))
    far = jnp.where(far > 0, far, 1.0)
    points = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    points[DEGREE // 2] = 0.0  # exact at the estimates themselves
    at = jax.lax.map(lambda u: rows(problem, (eta + u * far,)).score[0], jnp.asarray(points, eta.dtype))
    powers = far[None] ** np.arange(DEGREE, -1, -1)[:, None]
    return dot(np.linalg.inv(np.vander(points)), at) / powers
