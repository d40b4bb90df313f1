"""Score tests against wider families, from the log-likelihood alone. Pure functions, with HOST twins."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..elementary import exp
from ..numerics import dot, factor
from ..problem import Problem, evaluate, gradient, linear_predictors, row_logliks, rows, weighted_sum
from .distribution import over_distribution


class ScoreTest(NamedTuple):
    """Score of a further parameter at its null value, and its variance when the others are estimated."""

    score: Any
    variance: Any

    @property
    def z(self) -> float:
        return float(self.score / np.sqrt(self.variance)) if self.variance > 0 else np.nan


def heterogeneity(problem: Problem, theta) -> ScoreTest:
    """Score of a variance of the first linear predictor among the rows: half the sum of score^2 + curvature.

    Its expectations are sums or integrals over the distribution of each row. Source: Cox (1983), Biometrika 70;
    Dean (1992), JASA 87, whose statistics for Poisson and binomial models with canonical links these are.
    """
    eta = tuple(jnp.broadcast_to(e, problem.n) for e in linear_predictors(problem, theta))
    at = rows(problem, eta)
    excess = 0.5 * (at.score[0] ** 2 + at.curvature[0][0])
    square, *cross = jax.vmap(lambda y, *e: _excess_moments(problem, y, e))(_safe(problem), *eta)
    pull = jnp.concatenate([d.rmatmat(_weighted(problem, c)) for d, c in zip(problem.designs, cross, strict=True)])
    return ScoreTest(weighted_sum(problem, excess), weighted_sum(problem, square) - _explained(problem, theta, pull))


def _excess_moments(problem: Problem, y, eta: tuple):
    """E[excess^2], then E[excess score_k] for each predictor, of one row."""

    def functions(ys):
        at = rows(Problem(problem.family, ys, (), ()), eta)
        excess = 0.5 * (at.score[0] ** 2 + at.curvature[0][0])
        return (excess**2, *(excess * s for s in at.score))

    return over_distribution(problem.family, y, eta, functions)


def zero_inflation(problem: Problem, theta) -> tuple[Any, Any, ScoreTest]:
    """Number of zeros, their expected number, and the score of a probability of further zeros.

    Source: van den Broek (1995), Biometrics 51, for the Poisson distribution; here for any.
    """
    y = problem.y
    single = y[0] if isinstance(y, tuple) else y
    empty = replace(problem, y=(jnp.zeros_like(single), y[1]) if isinstance(y, tuple) else jnp.zeros_like(single))
    chance = exp(row_logliks(empty, theta))
    zero = jnp.where(single == 0, 1.0, 0.0)
    pull = gradient(replace(empty, penalty=None), theta)  # E[(1{y = 0} / P(0) - 1) score] = score at y = 0
    total = lambda values: weighted_sum(problem, jnp.where(_counts(problem), values, 0.0))  # noqa: E731
    test = ScoreTest(total(zero / chance - 1), total(1 / chance - 1) - _explained(problem, theta, pull))
    return total(zero), total(chance), test


def _explained(problem: Problem, theta, pull):
    """What estimating theta takes from the variance of a score."""
    expected = len(problem.designs) == 1 and problem.family.traits.edm
    return dot(pull, factor(evaluate(problem, theta, expected=expected).information).solve(pull))


def _counts(problem: Problem):
    return jnp.ones(problem.n, bool) if problem.weights is None else problem.weights > 0


def _safe(problem: Problem):
    return problem.family.support.masked(problem.y, _counts(problem))


def _weighted(problem: Problem, values):
    return values if problem.weights is None else jnp.where(problem.weights > 0, problem.weights * values, 0.0)


_heterogeneity = program(heterogeneity)
_zero_inflation = program(zero_inflation)


def heterogeneity_of(problem: Problem, theta) -> ScoreTest:
    """HOST: `heterogeneity` as NumPy numbers."""
    with jax.enable_x64(True):
        return jax.device_get(_heterogeneity(problem, theta))


def zero_inflation_of(problem: Problem, theta) -> tuple[Any, Any, ScoreTest]:
    """HOST: `zero_inflation` as NumPy numbers."""
    with jax.enable_x64(True):
        return jax.device_get(_zero_inflation(problem, theta))
