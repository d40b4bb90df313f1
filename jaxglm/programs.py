"""HOST: NumPy in, NumPy out: the few compiled programs that the front door runs, always in float64.

Rows are padded with weight zero up to a size bucket, so that new data of about the same size compile nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, wraps
from math import isfinite
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .compiled import program
from .design import Dense, Ones, design_of, lend
from .diagnostics import Facts, facts
from .families import Family
from .fit import Fit, FitPrograms, fit, fit_and_information, is_small_fit
from .numerics import LARGEST, SMALLEST, factor, root_and_sine
from .problem import Problem, evaluate, linear_predictors
from .solvers import Newton, Trace, run

LARGEST_BUCKET = 1 << 16  # beyond, padding costs more memory than a compilation is worth
STEPS = ((1 << 13, 4), (1 << 15, 8), (LARGEST_BUCKET, 32))  # up to n rows, sizes in an octave: padding costs time
LENT, LENT_ROWS = 1 << 21, 1 << 14  # elements and rows of a design from which a copy of it is worth avoiding


def bucket(n: int) -> int:
    """Number of rows to pad n to: a power of two or three quarters of one, at least 24; finer steps from 8,192 on; n
    itself where it is large."""
    n, power = max(n, 24), max(32, 1 << (n - 1).bit_length())
    return next((-(-n // (power // k)) * (power // k) for limit, k in STEPS if n <= limit), n)


def in_float64(function: Callable) -> Callable:
    """Run under 64-bit JAX whatever the global flag says, and bring arrays back as NumPy."""

    @wraps(function)
    def wrapped(*args, **kwargs):
        with jax.enable_x64(True):
            return jax.device_get(function(*args, **kwargs))

    return wrapped


def build_problem(family: Family, X, y, offset=None, weights=None, further=None) -> Problem:
    """The padded problem of host arrays: NumPy float64 leaves, put on the device by the program that runs it.

    X: (n, p), or (n, K, p) of K tied predictors, whose offset is (n, K).
    further: for each further predictor (columns (n, p), offset), or None where all rows share its value, as all do if
    nothing is given.
    """
    n = len(X)
    size = bucket(n)
    pad = _padding(size)
    if size <= LARGEST_BUCKET and weights is None:
        weights = np.ones(n)  # always there below the limit: without them the program would be another
    y = tuple(map(pad, y)) if isinstance(y, tuple) else pad(y)
    further = [None] * (len(family.predictors) - 1) if further is None else further
    designs = (design_of(pad(X)), *(Ones(size) if f is None else Dense(pad(f[0])) for f in further))
    offsets = (pad(offset), *(None if f is None else pad(f[1]) for f in further))
    return Problem(family.in_arrays, y, designs, offsets, pad(weights))


def _padding(size: int) -> Callable:
    """The function that adds rows of zeros to (n, ...) up to this size; an array that it knows it does not copy again
    (classes have one design), and None stays None."""
    known: dict[int, tuple] = {id(None): (None, None)}  # with the array itself, so that it lives and its id is its own

    def pad(a: Any) -> Any:
        if id(a) not in known:
            known[id(a)] = a, _padded(a, size)
        return known[id(a)][1]

    return pad


def _padded(a: np.ndarray, size: int) -> np.ndarray:
    if len(a) == size:
        return np.ascontiguousarray(a)
    full = np.zeros((size, *a.shape[1:]))
    full[: len(a)] = a
    return full


def _solved(problem, solver, start, expected):
    """All results as one vector: every further array costs 10 us on its way to the host, a small fit takes 100."""
    fitted, information, spread = fit_and_information(problem, solver, start, expected)
    root, sine = _root_and_sine(problem, solver, information)
    found = fitted, information, spread, root, sine
    return jnp.concatenate([jnp.ravel(a).astype(float) for a in jax.tree.leaves(found)])


def _root_and_sine(problem: Problem, solver, information):
    """A root of the inverse information, and the smallest sine between columns of the design, over the rows that count;
    NaN where looking at it is a good part of the fit."""
    if not is_small_fit(problem, solver):
        return root_and_sine(information)[0], jnp.full((), jnp.nan)
    design = problem.prepared().designs[0]
    counted: Any = problem.weights  # always there in a small problem
    gram = design.gram((counted > 0).astype(float), design)
    size = jnp.diagonal(gram)
    moderate = jnp.all((size > SMALLEST**2) & (size < LARGEST**2))
    roots, sines = jax.vmap(root_and_sine)(jnp.stack([information, gram]))  # one function for the compiler
    return roots[0], jnp.where(moderate, sines[1], 0.0)


_fits = FitPrograms(_solved, static_argnames="expected")


def _lent(problem: Problem) -> Problem:
    """The problem with large designs in the memory where they are, if a CPU is to read them: NumPy's is seldom aligned
    as JAX would have it, which otherwise makes a copy as large as all there is."""
    if jax.default_backend() != "cpu":
        return problem
    return replace(problem, designs=tuple(map(_lent_design, problem.designs)))


def _lent_design(design: Any) -> Any:
    large = isinstance(design, Dense) and design.X.size >= LENT and len(design.X) >= LENT_ROWS
    return lend(np.asarray(design.X), jax.device_put) if large else design


def _on_device(solver: Newton) -> Newton:
    """The solver with its numbers on the device: to bring them there takes a tenth of a small fit."""
    try:
        return _known_there(solver)
    except TypeError:  # its numbers are arrays
        return solver


@lru_cache(maxsize=16)
def _known_there(solver: Newton) -> Newton:
    return jax.device_put(jax.tree.map(np.asarray, solver))


class Solved(NamedTuple):
    """A fit and its information, at dispersion 1."""

    state: Fit
    information: np.ndarray  # (P, P), expected or observed
    spread: float  # mean squared standardised score
    root: np.ndarray | None = None  # (P, P), R with R R' the inverse of the information, where it is known
    sine: float = np.nan  # smallest of the angle between a column and those before it, if the design was looked at


def solve(problem: Problem, solver, start, expected: bool) -> Solved:
    """The fit, its information (expected or observed), and what goes with them."""
    P, record = sum(problem.sizes), solver.record
    with jax.enable_x64(True):
        run = _fits.of(problem, solver)
        given = (problem, _on_device(solver)) if run is _fits.small else (_lent(problem), solver)
        flat = np.asarray(run(*given, start, expected))
    numbers: Any = flat[P : P + 4].tolist()
    loglik, status, steps, decrement = numbers
    trace: Any = flat[P + 4 :][: 2 * record].reshape(2, record)
    fitted: Any = Fit(flat[:P], loglik, int(status), int(steps), decrement, Trace(*trace))  # type: ignore[arg-type]
    rest = flat[P + 4 + 2 * record :]
    information, root = rest[: P * P].reshape(P, P), rest[P * P + 1 : -1].reshape(P, P)
    return Solved(fitted, information, rest.item(P * P), root if isfinite(rest.item(-2)) else None, rest.item(-1))


@program(static_argnames="expected")
def _information(problem, theta, expected):
    at = evaluate(problem, theta, expected=expected)
    return at.information, at.spread


@in_float64
def information_at(problem: Problem, theta, expected: bool) -> tuple[np.ndarray, float]:
    """Information (expected or observed) and the mean squared standardised score at theta."""
    found: Any = _information(problem, theta, expected)
    return found


@program
def _newton_step(problem, theta):
    at = evaluate(problem, theta)
    return factor(at.information).solve(at.gradient)


@in_float64
def newton_step(problem: Problem, theta) -> np.ndarray:
    """Newton's step (P,) from theta."""
    return _newton_step(problem, theta)


_predictors = program(linear_predictors)
_facts = program(facts)


@in_float64
def predictors_of(problem: Problem, theta) -> tuple[np.ndarray, ...]:
    return _predictors(problem, theta)


_penalty = program(lambda problem, theta: problem.penalty(problem, theta))


@in_float64
def penalty_at(problem: Problem, theta) -> float:
    """Value of the problem's penalty at theta."""
    return _penalty(problem, theta)


@in_float64
def facts_at(problem: Problem, eta) -> Facts:
    """Row facts at linear predictors eta, one (n,) for each predictor of the problem's family."""
    return _facts(replace(problem, designs=(), offsets=(), penalty=None), eta)


@in_float64
def inverse_link(link, eta):
    """Parameter and its slope d parameter / d eta at eta, a scalar or (m,)."""
    eta = np.asarray(eta, float)
    if not eta.ndim:
        return _inverse_link(link, eta)
    parameter, slope = jax.device_get(_inverse_link(link, filled(eta)))  # sliced on the host: a slice would compile
    return parameter[: len(eta)], slope[: len(eta)]


def filled(a: np.ndarray) -> np.ndarray:
    """What rows have (n, ...) filled up to the size bucket with that of the last; with zeros where there is none."""
    widths = [(0, bucket(len(a)) - len(a)), *[(0, 0)] * (a.ndim - 1)]
    return np.pad(a, widths, mode="edge" if len(a) else "constant")


@program
def _inverse_link(link, eta):
    return jax.jvp(link.inverse, (eta,), (jnp.ones_like(eta),))


@program
def _maximise_shared(problem, start):
    state = run(Newton(tol=1e-20), problem, start)
    return state.theta, state.loglik, evaluate(problem, state.theta).information


@in_float64
def maximise_shared(problem: Problem, eta: np.ndarray, family: Family, start: float):
    """(theta, loglik, information) of the one free parameter that all rows share, with the mean held at eta (n,)."""
    designs = (Dense(np.zeros((len(eta), 0))), Ones(len(eta)))
    held = replace(problem, family=family, designs=designs, offsets=(eta, None), penalty=None)
    return _maximise_shared(held, np.asarray([start]))


@program
def _fitted_predictors(problem):
    return linear_predictors(problem, fit(problem).theta)


@in_float64
def null_predictor(problem: Problem, held: tuple[np.ndarray, ...] = ()) -> np.ndarray:
    """Linear predictor (n,) of the intercept-only model of the first parameter with the same offset; `held` are the
    predictors (n,) of the others."""
    n = problem.n
    fixed = tuple(Dense(np.zeros((n, 0))) for _ in held)
    offsets = (problem.offsets[0], *(np.broadcast_to(e, n) for e in held))
    return _fitted_predictors(replace(problem, designs=(Ones(n), *fixed), offsets=offsets))[0]


@in_float64
def null_predictors(problem: Problem, free: list[bool]) -> tuple[np.ndarray, ...]:
    """Linear predictors of the model in which all rows share every parameter that is free; the others are 0."""
    designs = tuple(Ones(d.shape[0]) if f else d.empty(float) for f, d in zip(free, problem.designs, strict=True))
    return _fitted_predictors(replace(problem, designs=designs))


@in_float64
def forward_link(link, value):
    """Linear predictor at a parameter value."""
    return _forward_link(link, jnp.asarray(value))


@program
def _forward_link(link, value):
    return link.forward(value)
