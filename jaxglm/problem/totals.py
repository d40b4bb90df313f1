"""Sums over the rows of a problem: the objective, its gradient in theta and the information."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..design import Borrowed, blocks
from ..numerics import dot, factor
from .data import Problem, beside, linear_predictors
from .rows import expected_information, row_logliks, rows

BLOCK = 4096  # rows of one block: X, its weighted copy and the row vectors stay in the cache
SINGLE_BLOCK = 1 << 19  # elements of X up to which one block is faster


class Evaluation(NamedTuple):
    """The objective at one theta: weighted log-likelihood less penalty, its gradient (P,), the information (P, P) =
    minus its Hessian, and the mean squared standardised score, the dispersion (1 for a family without one)."""

    loglik: jax.Array
    gradient: jax.Array
    information: jax.Array
    spread: jax.Array


def objective(problem: Problem, theta):
    """Weighted log-likelihood less the penalty, a scalar."""
    total = over_blocks(problem, lambda part: weighted_sum(part, row_logliks(part, theta)))
    return total if problem.penalty is None else total - problem.penalty(problem, theta)


def gradient(problem: Problem, theta):
    """Gradient of the objective in theta (P,)."""

    def block(part):
        return to_coefficients(part, rows(part, linear_predictors(part, theta)).score)

    total = over_blocks(problem, block)
    return total if problem.penalty is None else total - problem.penalty.parts(problem, theta)[1]


def evaluate(problem: Problem, theta, *, expected: bool = False, steps: bool = False) -> Evaluation:
    """Objective, gradient and information in one pass over the rows. The information is the observed one, or the
    expected one of an exponential dispersion model with a single predictor. steps: for those of a solver, to which a
    penalty that is no function is an objective, too."""
    if expected and not (len(problem.designs) == 1 and problem.family.traits.edm):
        raise ValueError(
            f"the expected information of {problem.family.name} with predictors for "
            f"{', '.join(problem.family.predictors)} is not available; use information='observed'."
        )
    scaled = len(problem.designs) == 1 and problem.family.traits.dispersion is not None

    def block(part):
        eta = linear_predictors(part, theta)
        at = rows(part, eta)
        curvature = ((-expected_information(part, eta, at),),) if expected else at.curvature
        one = jnp.ones((), at.loglik.dtype)
        return Evaluation(
            weighted_sum(part, at.loglik),
            to_coefficients(part, at.score),
            information_from(part, curvature),
            weighted_sum(part, _mean_square(at.score[0], curvature[0][0])) if scaled else one,
        )

    total = over_blocks(problem, block)
    size = problem.n if problem.weights is None else jnp.sum(problem.weights)
    total = total._replace(spread=total.spread / size if scaled else jnp.ones_like(total.loglik))
    return total if problem.penalty is None else _penalised(problem, theta, total, steps)


def _penalised(problem, theta, at: Evaluation, steps: bool) -> Evaluation:
    value, slope, bend = problem.penalty.parts(problem, theta)
    at = at._replace(loglik=at.loglik - value, gradient=at.gradient - slope, information=at.information + bend)
    if problem.penalty.is_function or not steps:
        return at
    # Of a root all that can rise is minus its distance: it is a maximum, and a Newton step promises just that gain.
    # Where data are separated the likelihood has no curvature left: without the penalty's own, steps would be endless.
    bend = _bend(problem, theta)
    bend = at.information + 0.5 * (bend + bend.T)
    return at._replace(loglik=-0.5 * dot(at.gradient, factor(bend).solve(at.gradient)), information=bend)


def _bend(problem, theta):
    """Derivative of the penalty's gradient (P, P)."""
    return jax.jacfwd(lambda at: problem.penalty.parts(problem, at)[1])(theta)


def _mean_square(score, curvature):
    size = jnp.abs(curvature)
    return jnp.where(size > 0, score**2 / jnp.where(size > 0, size, 1.0), 0.0)


def curvature(problem: Problem, theta):
    """Minus the Hessian of the objective (P, P), exact under any penalty: for the derivative of a solution."""
    if problem.penalty is None or problem.penalty.curved:
        return evaluate(problem, theta).information
    return evaluate(replace(problem, penalty=None), theta).information + _bend(problem, theta)


def weighted_sum(problem: Problem, values):
    return jnp.sum(values) if problem.weights is None else dot(problem.weights, values)


def _weighted(problem: Problem, values):
    return values if problem.weights is None else beside(problem.weights, values) * values


def to_coefficients(problem: Problem, score):
    """X_k' W score_k for each predictor, joined (P,): the gradient in theta from that in eta."""
    parts = [d.rmatmat(_weighted(problem, s)) for d, s in zip(problem.designs, score, strict=True)]
    return jnp.concatenate(parts)


def information_from(problem: Problem, curvature):
    """Information in theta (P, P) from the curvature of the rows in eta, [j][k] (n,) each; without a penalty."""
    D = problem.designs
    # times -1, which XLA cancels with autodiff's; it would compute a sign in a pass of its own
    block = [[D[j].gram(-1.0 * _weighted(problem, curvature[j][k]), D[k]) for k in range(j + 1)] for j in range(len(D))]
    full = [[block[j][k] if k <= j else block[k][j].T for k in range(len(D))] for j in range(len(D))]
    return jnp.block(full)


def over_blocks(problem: Problem, total):
    """Sum of `total(rows)` over blocks of rows, so that nothing as large as X is ever written."""
    K = problem.family.tied or 1  # a row has K lines of X and a curvature of K times K
    elements, size = problem.n * K * max(sum(problem.sizes), K), max(BLOCK // K, 1)
    if elements <= SINGLE_BLOCK or problem.n < 2 * size:
        return total(problem)
    margin = max((d.margin for d in problem.designs if isinstance(d, Borrowed)), default=0)
    begin, count = blocks(problem.n, margin, size)

    def add(i, sum_):
        return jax.tree.map(jnp.add, sum_, total(problem.rows(begin + i * size, size)))

    first = total(problem.ends(begin, margin)) if begin else _zeros(lambda: total(problem.rows(0, size)))
    return lax.fori_loop(0, count, add, first)


def _zeros(function):
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(function))
