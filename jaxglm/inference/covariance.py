"""Covariances of the coefficients as functions of (problem, theta)."""

import jax.numpy as jnp

from ..numerics import factor
from ..problem import Problem, evaluate


def expected(problem: Problem, theta):
    """Inverse expected (Fisher) information."""
    return _inverse(evaluate(problem, theta, expected=True).information)


def observed(problem: Problem, theta):
    """Inverse observed information: minus the inverse Hessian of the log-likelihood."""
    return _inverse(evaluate(problem, theta).information)


def _inverse(information):
    """Inverse by its factor; NaN where the information is singular or not positive definite."""
    solved = factor(information)
    inverse = solved.solve(jnp.eye(information.shape[0], dtype=information.dtype))
    return jnp.where(solved.damping > 0, jnp.nan, (inverse + inverse.T) / 2)


KINDS = {"expected": expected, "observed": observed}


def covariance(problem: Problem, theta, kind: str):
    """Covariance (P, P) of theta of this kind, for the dispersion that the family has."""
    return KINDS[kind](problem, theta)
