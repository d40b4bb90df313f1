"""Linear predictors along a direction in theta: how far they move, how large they are, where the walls are."""

from dataclasses import replace

import jax.numpy as jnp

from ..problem import Problem, linear_predictors, where_counted


def moves(problem: Problem, step):
    """Largest change of each linear predictor along a step in theta (K,)."""
    return jnp.stack([jnp.max(where_counted(problem, jnp.abs(e), 0.0), initial=0.0) for e in changes(problem, step)])


def norms(problem: Problem, theta):
    """Norm of each linear predictor over the rows that count (K,)."""
    squares = [jnp.sum(where_counted(problem, e * e, 0.0)) * (1 if e.ndim else problem.n)
               for e in linear_predictors(problem, theta)]  # fmt: skip
    return jnp.sqrt(jnp.stack(squares))


def changes(problem: Problem, step):
    """Change of every linear predictor along a step in theta."""
    return linear_predictors(replace(problem, offsets=(None,) * len(problem.offsets)), step)


def room(problem: Problem, theta, step):
    """How much of the step can be taken before 95 % of the way to the nearest wall."""
    eta = linear_predictors(problem, theta)
    change = changes(problem, step)
    free = jnp.asarray(jnp.inf, theta.dtype)
    for e, d, (low, high) in zip(eta, change, problem.family.eta_intervals(), strict=True):
        gap = jnp.where(d < 0, e - low, high - e).astype(e.dtype)
        ratio = jnp.where((d != 0) & jnp.isfinite(gap), 0.95 * gap / jnp.where(d != 0, jnp.abs(d), 1.0), jnp.inf)
        free = jnp.minimum(free, jnp.min(where_counted(problem, ratio, jnp.inf)))
    return free
