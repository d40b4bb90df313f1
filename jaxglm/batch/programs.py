"""The programs of a batch: each is compiled once for a structure of the members, a chunk size and a solver."""

from functools import lru_cache, partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jax import lax

from ..compiled import program
from ..fit import concluded, information_of
from ..kernel import LAPACK, primitives
from ..numerics import dot, factor
from ..problem import evaluate
from ..solvers import Status
from ..starts import initial


class Outcome(NamedTuple):
    """What is kept of each member: theta and its standard errors at unit dispersion (B, P), the rest (B,)."""

    theta: Any
    se: Any
    loglik: Any
    status: Any
    steps: Any
    decrement: Any
    spread: Any  # mean squared standardised score; 1 for a family without a dispersion


@program(static_argnames="form", long=True)
def begin_members(form, leaves, solver, start):
    """Solver states (C, ...) before the first step. start: (C, P); a function of the problem, which also tells from
    which decrement it came near, infinite where it does not know; or None."""

    def one(leaves, start):
        problem = form[0].traced(leaves)
        if callable(start):
            begin, before = cast(Any, start)(problem)
            return solver.init(problem, begin)._replace(decrement=before)
        return solver.init(problem, initial(problem) if start is None else start)

    return jax.vmap(one, in_axes=(form[1], None if callable(start) else 0))(leaves, start)


@program(static_argnames=("form", "expected"), long=True)
def advance_members(form, expected, leaves, solver, state, steps, back):
    """The states after at most so many steps, and what they stand for if they ended there."""

    def step(leaves, s):
        return solver.step(form[0].traced(leaves), s)

    def passes(carry):
        k, s = carry
        running = s.status == Status.RUNNING
        moved = jax.vmap(step, in_axes=(form[1], 0))(leaves, s)
        return k + 1, jax.tree.map(lambda new, old: jnp.where(_column(running, new), new, old), moved, s)

    unfinished = lambda c: (c[0] < steps) & jnp.any(c[1].status == Status.RUNNING)  # noqa: E731
    state = lax.while_loop(unfinished, passes, (jnp.int32(0), state))[1]
    return state, jax.vmap(partial(_outcome, form[0], expected, back, solver), in_axes=(form[1], 0))(leaves, state)


def _column(mask, like):
    return mask.reshape(mask.shape + (1,) * (like.ndim - 1))


def _outcome(structure, expected, back, solver, leaves, state) -> Outcome:
    problem = structure.traced(leaves)
    fitted = concluded(problem, state.theta, state)
    information, spread = information_of(problem, solver, state, expected)
    wanted = getattr(solver, "errors", True)
    se = _errors(information, back) if wanted else jnp.full_like(fitted.theta, jnp.nan)
    penalty = 0.0 if problem.penalty is None else problem.penalty(problem, fitted.theta)
    return Outcome(fitted.theta, se, fitted.loglik + penalty, fitted.status, fitted.steps, fitted.decrement, spread)


def _errors(information, back):
    """Standard errors (P,) of `back @ theta` at unit dispersion."""
    solved = factor(information)
    root = solved.root * solved.scale  # root' root is the inverse
    if back is not None:
        p = back.shape[0]
        root = jnp.concatenate([dot(root[:, :p], back.T), root[:, p:]], axis=1)
    return jnp.where(solved.damping > 0, jnp.nan, jnp.sqrt(jnp.sum(root * root, axis=0)))


@program(static_argnames=("function", "form"))
def apply_to_members(function, form, leaves, arrays, context):
    shared = () if context is None else (context,)
    one = lambda leaves, arrays: function(form[0].traced(leaves), *shared, *arrays)  # noqa: E731
    return jax.vmap(one, in_axes=(form[1], 0))(leaves, arrays)


@lru_cache(maxsize=256)
def waits(structure, shapes) -> bool:
    """Whether an evaluation of a member of such leaves calls LAPACK, which on a batch waits for other threads."""
    leaves = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
    problem = structure.build(leaves)
    theta = jax.ShapeDtypeStruct((sum(problem.sizes),), problem.dtype)
    return not LAPACK.isdisjoint(primitives(jax.make_jaxpr(evaluate)(problem, theta)))
