"""Gradient ascent by any optax transformation, on all rows or on random minibatches."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..numerics import dot, eps, factor
from ..problem import Problem, evaluate, gradient, objective
from ..pytree import pytree, static
from .base import Status, Trace, code


class GradientState(NamedTuple):
    theta: jax.Array
    loglik: jax.Array
    decrement: jax.Array
    scale: jax.Array  # theta = scale * what the transformation sees: unit curvature for every column
    inner: Any
    key: jax.Array
    steps: jax.Array
    status: jax.Array
    trace: Trace


@pytree
class Gradient:
    """Ascent on the mean log-likelihood by an optax transformation, columns scaled to unit curvature at the start.

    transformation: e.g. `optax.adam(1e-2)`, else `optax.lbfgs()`; make it once, a new one compiles anew. batch_size:
    rows of a random minibatch (then `max_steps` ends the run), needs `key`. tol: on the decrement with the curvature of
    the start; the status is then judged with the curvature of the end.
    """

    transformation: Any = static(default=None)
    batch_size: int | None = static(default=None)
    key: Any = None
    tol: float = 1e-14
    max_steps: int = 1000
    record: int = static(default=0)

    def __post_init__(self):
        if self.batch_size is not None and self.key is None:
            raise ValueError("batch_size needs a key: pass key=jax.random.key(seed).")

    @property
    def name(self) -> str:
        return "gradient ascent (optax)" if self.batch_size is None else "minibatch gradient ascent (optax)"

    def init(self, problem: Problem, start) -> GradientState:
        at = evaluate(problem, start)
        diagonal = jnp.abs(jnp.diagonal(at.information)) / problem.n
        scale = jnp.where(diagonal > 0, 1 / jnp.sqrt(jnp.where(diagonal > 0, diagonal, 1.0)), 1.0)
        fine = jnp.isfinite(at.loglik) & jnp.all(jnp.isfinite(at.gradient))
        return GradientState(
            theta=start,
            loglik=at.loglik,
            decrement=jnp.asarray(jnp.inf, start.dtype),
            scale=scale,
            inner=self._transformation.init(start / scale),
            key=jax.random.key(0) if self.key is None else self.key,
            steps=jnp.int32(0),
            status=jnp.where(fine, code(Status.RUNNING), code(Status.NON_FINITE)),
            trace=Trace.empty(self.record, start.dtype),
        )

    @property
    def _transformation(self):
        import optax  # imported late: Newton, the default, does not need it

        return optax.with_extra_args_support(self.transformation or optax.lbfgs())

    def step(self, problem: Problem, s: GradientState) -> GradientState:
        """One update; the last one also judges the end point by Newton's decrement."""
        key, draw = jax.random.split(s.key)
        part = problem if self.batch_size is None else _minibatch(problem, self.batch_size, draw)

        def loss(u):
            return -objective(part, s.scale * u) / part.n

        slope = -s.scale * gradient(part, s.theta) / part.n
        value = loss(s.theta / s.scale)
        parts = dict(value=value, grad=slope, value_fn=loss)
        update, inner = self._transformation.update(slope, s.inner, s.theta / s.scale, **parts)
        decrement = 0.5 * problem.n * dot(slope, slope)
        trace = s.trace.put(s.steps, -value * problem.n, decrement) if self.record else s.trace
        floor = problem.n * (32 * eps(s.theta)) ** 2
        arrived = (decrement < jnp.maximum(self.tol, floor)) & (self.batch_size is None)
        move = jnp.where(arrived, 0.0, s.scale * jnp.asarray(update))  # momentum would carry it past the optimum
        theta = s.theta + move
        ended = arrived | (s.steps + 1 >= self.max_steps) | ~jnp.all(jnp.isfinite(theta))
        moved = s._replace(theta=theta, inner=inner, key=key, steps=s.steps + 1, trace=trace)
        return jax.lax.cond(ended, lambda m: _judged(problem, m), lambda m: m, moved)


def _judged(problem: Problem, s: GradientState) -> GradientState:
    at = evaluate(problem, s.theta)
    decrement = 0.5 * dot(at.gradient, factor(at.information).solve(at.gradient))
    converged = decrement < jnp.maximum(5e-13, problem.n * (32 * eps(decrement)) ** 2)
    status = jnp.where(converged, code(Status.CONVERGED), code(Status.MAX_STEPS))
    status = jnp.where(jnp.isfinite(at.loglik), status, code(Status.NO_PROGRESS))
    return s._replace(loglik=at.loglik, decrement=decrement, status=status)


def _minibatch(problem: Problem, size: int, key) -> Problem:
    """Random rows, drawn with replacement, whose weights make the sum an unbiased estimate of the mean's."""
    index = jax.random.randint(key, (size,), 0, problem.n)
    return problem.take(index)
