"""The fit as a pure function, and the derivative of its solution."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from .compiled import SmallProgram, outside, program
from .design import CROSSED_SIZE
from .families import Family
from .numerics import ELIMINATED, factor
from .problem import Problem, curvature, evaluate, gradient, objective
from .solvers import Newton, Status, Trace, run
from .starts import initial

LEAN = Newton(errors=False, ahead=1e-8)  # what is left unseen is below 5e-10 standard errors
SMALL_ROWS = 1 << 13  # rows of a fit that may be one kernel, on one core
LONG = 1 << 17  # rows times coefficients from which a fit is worth more of the compiler's time


class Fit(NamedTuple):
    """A fit without its data: theta (P,), loglik, status (code), steps, decrement, and the history if recorded."""

    theta: jax.Array
    loglik: jax.Array
    status: jax.Array
    steps: jax.Array
    decrement: jax.Array
    trace: Trace


def fit(problem: Problem, *, solver=None, start=None) -> Fit:
    """Maximum of the objective of `problem`, a pure function: jit, vmap and grad go through it. Called outside of these
    it runs a program of its own, compiled once for a structure and the shapes; numbers of a family are traced in both.

    start: theta (P,), by default found from the data. The derivative of theta is the implicit one, by the observed
    joint information at the solution, in forward and reverse mode. solver: by default Newton's method without the last
    pass over the rows, which only the information would need that is not returned.
    """
    solver = LEAN if solver is None else solver
    start = None if start is None else lax.stop_gradient(jnp.asarray(start, problem.dtype))
    return (_programs.of(problem, solver) if outside() else _solution)(problem, solver, start)


def _solved(problem: Problem, solver, start) -> Fit:
    begin, state = _ended(problem.prepared(), solver, start)
    return concluded(problem, begin, state)


def _ended(prepared: Problem, solver, start):
    """Where a solver begins and how it ends."""
    begin = initial(prepared) if start is None else start
    return begin, run(solver, prepared, begin)


_solution = jax.custom_jvp(_solved)


class FitPrograms:
    """A function of a problem, a solver and more that fits, as a program in three makes: one kernel; soon compiled;
    and, for many rows of more than a mean, worth more of the compiler's time. A mean is little work beside its
    products, which are the same in both."""

    def __init__(self, function: Callable, **options):
        self.small = SmallProgram(function, **options)
        self.quick, self.long = (program(function, long=long, **options) for long in (False, True))

    def of(self, problem: Problem, solver) -> Callable:
        """The one that suits a problem."""
        if is_small_fit(problem, solver) and _is_alone(problem):
            return self.small
        slow = problem.n * sum(problem.sizes) >= LONG and not problem.family.is_glm
        return self.long if slow else self.quick


_programs = FitPrograms(_solved)


def is_small(family: Family, n: int, p: int, solver) -> bool:
    """Whether a fit of a mean to n rows and p columns has so little to do that on a CPU it is best one kernel: products
    of columns are to stay in a core's own cache."""
    few = n <= SMALL_ROWS and 0 < p <= ELIMINATED and n * p * (p + 1) // 2 <= CROSSED_SIZE
    return few and family.is_glm and isinstance(solver, Newton)


def is_small_fit(problem: Problem, solver) -> bool:
    """The same of a problem, without a penalty."""
    return problem.penalty is None and is_small(problem.family, problem.n, sum(problem.sizes), solver)


def _is_alone(problem: Problem) -> bool:
    """Whether all that has rows is on one device."""
    rows = jax.tree.leaves((problem.y, problem.offsets, problem.weights, getattr(problem.designs[0], "X", None)))
    return all(len(a.sharding.device_set) == 1 for a in rows if isinstance(a, jax.Array))


def concluded(problem: Problem, start, state) -> Fit:
    """The fit that a solver's last state stands for; walls are looked at once more, without the barrier."""
    status, loglik = state.status, state.loglik
    if problem.family.constrained or not _maximises(problem):
        loglik = objective(problem, state.theta)
    if problem.family.constrained:
        walled = (status == Status.NON_FINITE) & ~jnp.isnan(objective(problem, start))
        status = jnp.where(walled, jnp.int32(Status.INFEASIBLE.value), status)
    return Fit(state.theta, loglik, status, state.steps, state.decrement, state.trace)


def _maximises(problem: Problem) -> bool:
    """Whether the estimates are a maximum, and not the root of an equation, whose derivative has no symmetry."""
    return problem.penalty is None or problem.penalty.is_function


def fit_and_information(problem: Problem, solver, start, expected: bool) -> tuple[Fit, jax.Array, jax.Array]:
    """The fit, its information (P, P), and the mean squared standardised score; not for derivatives of the fit."""
    prepared = problem.prepared()
    begin, state = _ended(prepared, solver, start)
    information, spread = information_of(prepared, solver, state, expected)
    return concluded(problem, begin, state), information, spread


def information_of(problem: Problem, solver, state, expected: bool):
    """Information (P, P) and mean squared standardised score where a solver ended: its own if it has the one asked for.
    What it has is of the point before the last step, which makes no difference to the information, but does to an
    estimate of the dispersion."""
    family = problem.family
    own = isinstance(solver, Newton) and not family.constrained and family.traits.dispersion is None
    if own and _maximises(problem) and (family.canonical or expected == (solver.information == "expected")):
        return jnp.where(jnp.isfinite(state.loglik), state.information, jnp.nan), state.spread
    at = evaluate(problem, state.theta, expected=expected)
    return at.information, at.spread


@_solution.defjvp
def _solution_jvp(primals, tangents):
    problem, solver, start = primals
    solved = _solution(problem, solver, start)
    theta = solved.theta
    _, moved_gradient = jax.jvp(lambda p: gradient(p, theta), (problem,), (tangents[0],))
    _, moved_loglik = jax.jvp(lambda p: objective(p, theta), (problem,), (tangents[0],))
    bend = lax.stop_gradient(curvature(problem, theta))
    solve = factor(bend).solve if _maximises(problem) else lambda b: jnp.linalg.solve(bend, b)
    d_theta = solve(moved_gradient)
    still = jax.tree.map(_no_tangent, solved)
    return solved, still._replace(theta=d_theta, loglik=moved_loglik)


def _no_tangent(a):
    inexact = jnp.issubdtype(a.dtype, jnp.inexact)
    return jnp.zeros_like(a) if inexact else jnp.zeros(a.shape, jax.dtypes.float0)
