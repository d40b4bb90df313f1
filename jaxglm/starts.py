"""Starting values, from the data and by way of easier families."""

from dataclasses import replace
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .design import Tied
from .numerics import factor, once
from .problem import Problem, expected_information, masked, objective, over_blocks, rows, rows_and_bend, weighted_sum
from .solvers import Newton, run

EASY = Newton(tol=1e-4, max_steps=50)  # for fits that are only on the way
SUBSAMPLE = 20_000  # rows of the pilot fit that gives a large problem its start
SKETCH = 2048  # rows on which candidates for a start are made
COARSE = 512  # rows on which those are compared that lie far apart
SKETCHED = 16  # times as many rows as coefficients that a sketch must have
SHARED_STARTS = (-4.0, -1.5, 0.0, 1.5)  # linear predictors tried for all parameters beyond the first
# for one of them: units are unknown; the nearest first, as far out on a plateau every value is as good
SWEPT = (0.0, *(s * 2.0**k for k in range(7) for s in (-1.0, 1.0)))
FURTHER = 1e-8  # share of the log-likelihood that each place further back in this list must gain
BOUNDED = 1 / 16  # of that for a parameter between two ends, such as a probability


def initial(problem: Problem):
    """Starting theta (P,), from the data and by way of easier families where there are some."""
    steps = problem.family.easier()
    if not steps:
        return _begin(problem)
    theta = _begin(replace(problem, family=steps[0]))
    stacked = jax.tree.map(lambda *a: jnp.stack([jnp.asarray(v, problem.dtype) for v in a]), *steps)
    follow = lambda theta, family: (run(EASY, replace(problem, family=family), theta).theta, None)  # noqa: E731
    return lax.scan(follow, theta, stacked)[0]


def _begin(problem: Problem):
    """Starting theta (P,), from the data; for a large problem the fit of a subsample if that serves."""
    if problem.n <= 5 * SUBSAMPLE or problem.family.constrained:
        return _start(problem)
    sample = problem.take(_evenly(problem.n, SUBSAMPLE))
    pilot = run(Newton(tol=1e-3, max_steps=30, errors=False), sample, _start(sample)).theta
    empty = replace(problem, designs=tuple(d.empty(problem.dtype) for d in problem.designs))
    return jnp.where(objective(problem, pilot) >= objective(empty, pilot[:0]), pilot, 0.0)  # at zero without X


def _start(problem: Problem):
    """One weighted least squares step from a row-wise guess, which the mean of an exponential dispersion model seldom
    beats; the best of a few candidates where there are walls or further parameters, those then one after the other
    where they are more than a dispersion. Tied predictors have no mean to guess: they begin at zero."""
    family = problem.family
    if isinstance(problem.designs[0], Tied):
        return jnp.zeros(sum(problem.sizes), problem.dtype)
    if family.is_glm and not family.constrained:
        return _mean_candidates(problem)[0]
    known, sketch = family.shared_starts(partial(_mean, problem)), _sketch(problem, SKETCH)
    if known is None and family.traits.edm and len(problem.designs) == 2 and not family.constrained:
        return _levelled(sketch)
    candidates, coarse = _candidates(sketch, known), _sketch(sketch, COARSE)
    best = _best(coarse, candidates)
    plain = len(problem.designs) == 1 or (family.traits.edm and len(problem.designs) == 2)
    return best if plain or known is not None else _swept(coarse, best)


def _sketch(problem: Problem, size: int) -> Problem:
    """Some rows of a problem; all where a start must be inside the walls for each of them, or has many coefficients."""
    if problem.n < 2 * size or problem.family.constrained or size < SKETCHED * sum(problem.sizes):
        return problem
    return problem.take(_evenly(problem.n, size))


def _evenly(n: int, size: int) -> np.ndarray:
    """Rows at even distances; seldom whole ones, which periods in the data could have."""
    return np.arange(size) * n // size


def _levelled(sketch: Problem):
    """The mean's first candidate, or a constant mean where that is better, with the one further parameter at the best
    of a few levels or at the top of the parabola through three of them."""
    one = _constant(sketch.designs[1], sketch.dtype)
    step, flat, *_ = _mean_candidates(sketch)
    held = _held(sketch, step)
    levels = jnp.asarray(SHARED_STARTS, sketch.dtype)
    values = _objectives(held, levels[:, None] * one)
    best = jnp.argmax(values)
    top = _top(levels, values, best)
    risen = _objectives(held, (top * one)[None])[0]
    level, value = jnp.where(risen > values[best], top, levels[best]), jnp.maximum(risen, values[best])
    other = _objectives(_held(sketch, flat), (level * one)[None])[0]
    return jnp.concatenate([jnp.where(other > value, flat, step), level * one])


def _held(problem: Problem, mean) -> Problem:
    """The problem with the first predictor held where these coefficients have it, and no penalty on the others."""
    designs, offsets = problem.designs, problem.offsets
    eta = designs[0].matvec(mean) if offsets[0] is None else designs[0].matvec(mean) + offsets[0]
    return replace(problem, designs=(designs[0].empty(problem.dtype), *designs[1:]), offsets=(eta, *offsets[1:]),
                   penalty=None)  # fmt: skip


def _top(x, values, best):
    """Where the parabola through the largest value and those beside it has its top; x itself if it has none."""
    middle = jnp.clip(best, 1, len(x) - 2)
    (x0, x1, x2), (f0, f1, f2) = ([a[middle + k] for k in (-1, 0, 1)] for a in (x, values))
    rise, fall = (f1 - f0) / (x1 - x0), (f2 - f1) / (x2 - x1)
    bend = (fall - rise) / (x2 - x0)
    bent = jnp.isfinite(bend) & (bend < 0)
    top = jnp.clip((x0 + x1) / 2 - rise / jnp.where(bent, 2 * bend, 1.0), x0, x2)
    return jnp.where(bent, top, x[best])


def _swept(problem: Problem, theta):
    """theta with each predictor beyond the first at the best of a few constants, twice round where there are several.
    A constant further out must be better by more than rounding: from a plateau it is a long way back."""
    blocks, n = _constant_blocks(problem), len(SWEPT)
    constants = jnp.stack(blocks if len(blocks) == 1 else blocks + blocks)
    levels = jnp.asarray(SWEPT, theta.dtype)[:, None]

    def better(theta, constant):
        trials = jnp.where(constant != 0, levels * constant, theta)
        candidates = jnp.concatenate([theta[None], trials])
        values = _objectives(problem, candidates)
        margin = FURTHER * jnp.arange(n + 1) * (1 + jnp.abs(values))
        return candidates[jnp.argmax(jnp.where(jnp.isfinite(values), values - margin, -jnp.inf))], None  # 0 inf is NaN

    return lax.scan(better, theta, constants)[0]


def _constant_blocks(problem: Problem) -> list[jax.Array]:
    """For each predictor beyond the first the coefficients (P,) whose linear predictor there is about one."""
    parts = [_constant(d, problem.dtype) for d in problem.designs]
    still = [jnp.zeros_like(p) for p in parts]
    span = lambda k: BOUNDED if np.isfinite(problem.family.link_of(names[k]).image).all() else 1.0  # noqa: E731
    names = problem.family.predictors
    return [jnp.concatenate([*still[:k], span(k) * parts[k], *still[k + 1 :]]) for k in range(1, len(parts))]


def _candidates(problem: Problem, known) -> list[jax.Array]:
    """Coefficients of the first parameter, each with several values of the further ones: those known, or a few."""
    constants = [_constant(d, problem.dtype) for d in problem.designs[1:]]
    shared = [(eta,) * len(constants) for eta in (SHARED_STARTS if constants else (0.0,))] if known is None else known
    pairs = product(_mean_candidates(problem), shared)
    return [jnp.concatenate([mean, *(e * c for e, c in zip(eta, constants, strict=True))]) for mean, eta in pairs]


def _mean(problem: Problem, function):
    """Weighted average over the rows of a function of y."""
    y, _ = masked(problem, ())
    values = jax.vmap(function)(y).astype(problem.dtype)
    return weighted_sum(problem, values) / weighted_sum(problem, jnp.ones_like(values))


def _constant(design, dtype):
    """Coefficients whose linear predictor is as near to one as the design allows."""
    one = jnp.ones(design.shape[0], dtype)
    return factor(design.gram(one, design)).solve(design.rmatmat(one))


def _best(problem: Problem, candidates):
    """The candidate of the largest objective."""
    stacked = jnp.stack(candidates)
    return stacked[jnp.argmax(_objectives(problem, stacked))]


def _objectives(problem: Problem, candidates):
    """The objective at each of the candidates (C, P); minus infinity where there is none."""
    values = lax.map(lambda theta: objective(_interior(problem), theta), candidates)  # vmap would hold C times the rows
    return jnp.where(jnp.isnan(values), -jnp.inf, values)


def _interior(problem: Problem) -> Problem:
    """With a weak barrier where the mean is constrained, so that a start on the wall does not win."""
    barrier = jnp.asarray(0.1, problem.dtype) if problem.family.constrained else None
    return replace(problem, barrier=barrier)


def _mean_candidates(problem: Problem) -> list[jax.Array]:
    """One weighted least squares step from a row-wise guess of the mean, a constant mean, zero, points between the
    first two if there are walls, and where the scores are no residuals a step from the constant."""
    family = problem.family
    average = _average(problem)
    constant = family.links[0].forward(average)
    constant = once(jnp.where(jnp.isfinite(constant), constant, 0.0))  # or every row would have its logarithm anew

    def block(part, from_rows):
        design, offset, guess = part.designs[0], part.offsets[0], _guess(part, average, constant)
        guess = jnp.where(from_rows, guess, constant)
        w = jnp.ones_like(guess) if part.weights is None else part.weights
        eta = (guess, *(jnp.zeros((), guess.dtype) for _ in part.designs[1:]))
        at, bias = _rows_and_bias(part, eta, w)
        h = expected_information(part, eta, at) if family.traits.edm else -at.curvature[0][0]
        score = at.score[0] - bias
        known = jnp.isfinite(h) & jnp.isfinite(score)  # not where the scale is far from the 1 that it is here
        h, score = jnp.where(known, jnp.maximum(h, 0.0), 1.0) * w, jnp.where(known, score, 0.0) * w
        free = 0.0 if offset is None else offset
        return (
            design.gram(h, design),
            design.rmatmat(h * (guess - free) + score),
            design.rmatmat(h * (constant - free)),
        )

    def solved(from_rows):
        gram, towards_y, towards_constant = over_blocks(problem, lambda part: block(part, from_rows))
        solve = factor(gram).solve
        return solve(towards_y), solve(towards_constant)

    if family.traits.edm:
        (step, flat), further = solved(True), []
    else:
        (step, risen), (flat, _) = lax.map(solved, jnp.array([True, False]))
        further = [risen]
    blends = [0.5 * step + 0.5 * flat, 0.1 * step + 0.9 * flat] if family.constrained else []
    return [step, flat, jnp.zeros_like(step), *blends, *further]


def _rows_and_bias(part: Problem, eta: tuple, w):
    """Rows at a guess that follows y, and what a step from there is off by on average: half the slope of the curvature
    times the variance of the guess. That is known for a canonical link without a dispersion, to second order: 1 / w,
    times a quarter for a mean half-way to y, and no more than 1 of few counts. Elsewhere it is left out."""
    family = part.family
    if not (family.canonical and family.traits.dispersion is None and len(eta) == 1):
        return rows(part, eta), 0.0

    at, bend = rows_and_bend(part, eta)
    share = 0.25 if family.support.closed else 1.0
    return at, -0.5 * bend / (1.0 - w * at.curvature[0][0] / share)


def _response(problem: Problem):
    """y, and y on the scale of the mean, with harmless values in rows of weight zero."""
    y, _ = masked(problem, ())
    return y, problem.family.support.response(y)


def _guess(problem: Problem, average, constant):
    """Row-wise linear predictor of a mean at y, or between y and the average where y may be on the edge."""
    _, response = _response(problem)
    mean = 0.5 * (response + average) if problem.family.support.closed else response
    eta = once(problem.family.links[0].forward(mean))
    return jnp.where(jnp.isfinite(eta), eta, constant)


def _average(problem: Problem):
    y, response = _response(problem)
    trials = problem.family.support.trials(y)
    return weighted_sum(problem, trials * response) / weighted_sum(problem, trials)
