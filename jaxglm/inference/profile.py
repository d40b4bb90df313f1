"""Limits of one linear functional of theta: where its profile, or its score statistic, takes a given value.

Coordinates u make the search plain: theta = peak + T u with unit information at the peak, u[0] moves the functional (in
its standard errors, so u[0] = root is the Wald limit) and the others leave it alone. A step either moves the others
alone, a damped Newton step towards their restricted maximum, or u[0] as well: Newton on the signed root, kept inside
a bracket. Source: Venzon and Moolgavkar (1988), whose bordered system this solves with a safeguard.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..numerics import dot, eps, factor
from ..problem import Problem, evaluate, objective
from ..solvers import Worded
from ..solvers.lines import room

BARRIER_START, BARRIER_DROP, BARRIER_END = (
    1e-2,
    1e-2,
    1e-9,
)  # where predictors are constrained; moves a limit by the last
MAX_STEPS = 400
CLOSE = 1e-10  # in standard errors
FARTHEST = 1e12
UNSEEN = 1e-3  # drop of the objective up to which a parameter may start where it is seen
PLACES = (9.0, 12.0, 15.0, 20.0, 25.0, 30.0, 100.0, 500.0)  # linear predictors on the way to one whose exponential ends
# Decrement of the others at a limit. It moves the likelihood by its own size, a score by its root where the information
# is not the curvature.
STILL = {"likelihood": 1e-12, "score": 1e-15, "value": 1e-12}


class LimitStatus(Worded):
    """How the search for a limit ended."""

    SEARCHING = -1, "The search is still running."
    FOUND = 0, "The limit was found."
    INFINITE = 1, "There is no finite limit on this side: the statistic stays below the quantile (separation)."
    EDGE = 2, "The limit is the edge of the parameter space: beyond it no value is possible."
    NOT_FOUND = 3, "The search did not close in on a limit: the likelihood is flat, not smooth or of extreme scale."
    HIGHER = 4, "The profile rises above the fitted maximum, which is then none: fit again from another start."


class Found(NamedTuple):
    """A limit: its distance from the estimate, the drop of the objective there, the status and the steps taken."""

    shift: Any
    drop: Any
    status: Any
    steps: Any


class Search(NamedTuple):
    u: jax.Array  # accepted point
    step: jax.Array  # proposed from it
    outer: jax.Array  # whether the step moves u[0]
    value: jax.Array  # objective, with the barrier of the moment
    loglik: jax.Array  # objective
    gradient: jax.Array
    information: jax.Array
    damping: jax.Array
    low: jax.Array  # bracket of the limit in u[0]
    high: jax.Array
    reach: jax.Array  # how far one step may move u[0]
    last: tuple  # (u[0], statistic) of the settled point before, for the secant
    barrier: jax.Array
    steps: jax.Array
    status: jax.Array


class Ask(NamedTuple):
    """What is searched: the problem, its peak, the coordinates T, and the value that the statistic shall take."""

    problem: Problem
    theta: jax.Array
    peak: jax.Array
    floor: jax.Array  # decrement that rounding leaves
    T: jax.Array
    target: jax.Array


def limits(problem: Problem, theta, directions, targets, *, kind: str = "likelihood", expected: bool = False) -> Found:
    """Limits of directions (M, P) @ theta, one for each row; targets (M,) give the side by their sign.

    kind: "likelihood", the target is the signed root of twice the drop of the objective from its maximum at theta;
    "score", it is the signed root of the score statistic, with the expected information if asked for; "value", it is
    the shift of the functional itself, so that `drop` is that of the restricted maximum there.
    """
    peak, drops, start = _ends(problem, theta) if kind == "likelihood" else (None, None, theta)
    at = evaluate(problem, start)
    peak = at.loglik if peak is None else peak
    scale = problem.n + jnp.sum(theta * theta * jnp.abs(jnp.diagonal(at.information)))
    floor = scale * (32 * eps(theta)) ** 2

    def one(direction, target):
        side = jnp.where(target < 0, -1.0, 1.0).astype(theta.dtype)
        T, se = coordinates(at.information, side * direction)
        goal = jnp.abs(target) / se if kind == "value" else jnp.abs(target)
        endless = False if drops is None else _endless(direction, target, drops)
        found = _search(Ask(problem, start, peak, floor, T, goal), kind, expected, endless)
        return found._replace(shift=side * se * found.shift + dot(direction, start - theta))

    return jax.vmap(one)(directions, targets)


def _ends(problem: Problem, theta):
    """Of the parameters that all rows share: (peak, drops, start), drops (P, 2) being how far the objective drops at
    most on the way of each to minus and plus infinity, the others where they are; no less than its profile does. One
    that is so far out that no slope tells the way back starts where it is seen again."""
    shared = problem.shared
    if not len(shared):
        return None, None, theta
    places = jnp.asarray([*(-place for place in PLACES), *PLACES], theta.dtype)
    moved = jax.vmap(lambda k: jax.vmap(lambda place: theta.at[k].set(place))(places))(shared)
    values = jax.vmap(partial(objective, problem))(jnp.vstack([theta, moved.reshape(-1, len(theta))]))
    dropped = jnp.where(jnp.isnan(values), jnp.inf, values[0] - values)[1:].reshape(len(shared), -1)
    at = theta[shared, None]
    beyond = jnp.stack([places < at, places > at], 1)
    drops = jnp.full((len(theta), 2), jnp.inf, theta.dtype)
    drops = drops.at[shared].set(jnp.max(jnp.where(beyond, dropped[:, None], 0.0), axis=2))
    inward = (places * at > 0) & (jnp.abs(places) < jnp.abs(at)) & (dropped < UNSEEN)
    nearer = jnp.min(jnp.where(inward, jnp.abs(places), jnp.abs(at)), axis=1)
    return values[0], drops, theta.at[shared].set(jnp.copysign(nearer, theta[shared]))


def _endless(direction, target, drops):
    """Whether one parameter is asked for that never drops as far."""
    place = jnp.argmax(jnp.abs(direction))
    drop = drops[place, jnp.where(direction[place] * target > 0, 1, 0)]
    return (jnp.sum(direction != 0) == 1) & (drop < 0.5 * target**2)


def coordinates(information, direction):
    """(T, se): T' information T is the identity where that is regular, and direction' T = (se, 0, ..., 0)."""
    solved = factor(information)
    eye = jnp.eye(information.shape[0], dtype=information.dtype)
    root = solved.root.T * solved.scale[:, None]
    seen = dot(direction, root)
    se = jnp.sqrt(jnp.sum(seen * seen))
    aim = seen / jnp.where(se > 0, se, 1.0)
    mirror = aim.at[0].add(jnp.where(aim[0] < 0, -1.0, 1.0))  # Householder's, away from cancellation
    turned = eye - 2 * jnp.outer(mirror, mirror) / jnp.sum(mirror * mirror)
    turned = turned.at[:, 0].multiply(jnp.where(aim[0] < 0, 1.0, -1.0))
    return dot(root, turned), se


def _search(ask: Ask, kind: str, expected: bool, endless) -> Found:
    """The limit; endless: whether it is known that there is none."""
    final = lax.while_loop(lambda s: s.status < 0, lambda s: _step(ask, kind, expected, s), _begin(ask, endless))
    away = jnp.where(final.status == LimitStatus.INFINITE, jnp.inf, jnp.nan)
    known = (final.status == LimitStatus.FOUND) | (final.status == LimitStatus.EDGE)
    return Found(jnp.where(known, final.u[0], away), ask.peak - final.loglik, final.status, final.steps)


def _begin(ask: Ask, endless) -> Search:
    """At the peak, about to step to the Wald limit."""
    zero, P = jnp.zeros_like(ask.peak), ask.theta.shape[0]
    far = zero + jnp.inf
    constrained = ask.problem.family.constrained
    u, eye = jnp.zeros_like(ask.theta), jnp.eye(P, dtype=ask.theta.dtype)
    barrier = zero + (BARRIER_START if constrained else 0.0)
    return Search(
        u, step=ask.target * eye[0], outer=jnp.asarray(True), value=ask.peak, loglik=ask.peak, gradient=u,
        information=eye, damping=zero, low=zero, high=far, reach=far, last=(zero, zero), barrier=barrier,
        steps=jnp.int32(0), status=jnp.where(endless, _code("INFINITE"), _code("SEARCHING")),
    )  # fmt: skip


def _code(name: str):
    return jnp.int32(LimitStatus[name].value)


def _step(ask: Ask, kind: str, expected: bool, s: Search) -> Search:
    s = _judge(ask, kind == "score" and expected, s)
    s, found = _propose(ask, kind, s)
    return _inside_walls(ask, _next_barrier(s, found)) if ask.problem.family.constrained else s._replace(status=found)


def _judge(ask: Ask, expected: bool, s: Search) -> Search:
    """Accept or reject the proposed step. One that moves u[0] is too far where the objective has dropped far below the
    target: there all weights may have vanished."""
    u = s.u + s.step
    value, loglik, gradient, information = _evaluated(ask, u, s.barrier, expected)
    finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient)) & jnp.all(jnp.isfinite(information))
    near = ask.peak - loglik < 4.5 * ask.target**2 + 10
    rises = value >= s.value - 8 * eps(u) * jnp.abs(s.value)
    accept = finite & jnp.where(s.outer, near, rises)
    pick = lambda new, old: jnp.where(accept, new, old)  # noqa: E731
    lowered = jnp.where(s.damping < 8e-3, 0.0, s.damping / 8)
    raised = jnp.where(s.outer, s.damping, jnp.maximum(8 * s.damping, 0.05))
    shorter = jnp.where(accept, 2 * s.reach, jnp.abs(s.step[0]) / 4)
    return s._replace(
        u=pick(u, s.u), value=pick(value, s.value), loglik=pick(loglik, s.loglik),
        gradient=pick(gradient, s.gradient), information=pick(information, s.information),
        damping=pick(lowered, raised), reach=jnp.where(s.outer, shorter, s.reach), steps=s.steps + 1,
    )  # fmt: skip


def _evaluated(ask: Ask, u, barrier, expected: bool):
    theta, problem = ask.theta + dot(ask.T, u), ask.problem
    walled = replace(problem, barrier=barrier) if problem.family.constrained else problem
    at = evaluate(walled, theta, expected=expected)
    loglik = objective(problem, theta) if problem.family.constrained else at.loglik
    return at.loglik, loglik, dot(ask.T.T, at.gradient), dot(ask.T.T, dot(at.information, ask.T))


class Restricted(NamedTuple):
    """Of the restricted maximum near u: the others' step to it, its gain, and how they follow u[0]."""

    step: jax.Array
    decrement: jax.Array
    tangent: jax.Array
    slope: jax.Array  # of the profile in u[0]
    curvature: jax.Array  # information of u[0], the others adjusted for
    damped: jax.Array


def _restricted(s: Search) -> Restricted:
    g, H = s.gradient, s.information
    solved = factor(H[1:, 1:], s.damping)
    step, tangent = solved.solve(g[1:]), -solved.solve(H[1:, 0])
    return Restricted(
        step, 0.5 * dot(g[1:], step), tangent, g[0] + dot(tangent, g[1:]), H[0, 0] + dot(H[0, 1:], tangent),
        solved.damping > 1e-3,
    )  # fmt: skip


def _propose(ask: Ask, kind: str, s: Search) -> tuple[Search, jax.Array]:
    """The next step, and the status if the search is over. u[0] moves once the others have settled: their decrement is
    small against the error of the statistic."""
    at, t = _restricted(s), s.u[0]
    statistic, rate = _statistic(ask, kind, s, at)
    error = ask.target - statistic
    settled = (at.decrement <= jnp.maximum(1e-2 * jnp.minimum(error**2, 1.0), STILL[kind]) + ask.floor) & ~at.damped
    below = error > 0
    low = jnp.where(settled & below, jnp.maximum(s.low, t), s.low)
    high = jnp.where(settled & ~below, jnp.minimum(s.high, t), s.high)
    newton = jnp.where(rate > 0, error / jnp.where(rate > 0, rate, 1.0), jnp.where(below, jnp.inf, -jnp.inf))
    move = jnp.clip(_inside(t + newton, t, low, high, ask.target, 2.0 if kind == "score" else 4.0) - t,
                    -s.reach, s.reach)  # fmt: skip
    status = _status(ask, kind, s._replace(low=low, high=high), at, settled, error, newton)
    done = status >= 0
    move = jnp.where(done, jnp.where(status == LimitStatus.FOUND, newton, 0.0), move)
    step = jnp.concatenate([jnp.where(settled, move, 0.0)[None], at.step + jnp.where(settled, move, 0.0) * at.tangent])
    return s._replace(
        u=jnp.where(done, s.u + step, s.u), step=jnp.where(done, 0.0, step), outer=settled, low=low, high=high,
        last=tuple(jnp.where(settled, new, old) for new, old in zip((t, statistic), s.last, strict=True)),
        loglik=jnp.where(done, s.loglik + at.decrement + at.slope * step[0], s.loglik),
    ), status  # fmt: skip


def _statistic(ask: Ask, kind: str, s: Search, at: Restricted):
    """The statistic at the restricted maximum, and its rate of change with u[0]."""
    t = s.u[0]
    if kind == "value":
        return t, jnp.ones_like(t)
    if kind == "likelihood":
        root = jnp.sqrt(jnp.maximum(2 * (ask.peak - s.loglik - at.decrement), 0.0))
        return root, jnp.where(root > 0, -at.slope / jnp.where(root > 0, root, 1.0), 1.0)
    score = -at.slope / jnp.sqrt(jnp.where(at.curvature > 0, at.curvature, jnp.nan))
    score = jnp.where(jnp.isnan(score), 0.0, score)
    run = t - s.last[0]
    return score, jnp.where(run != 0, (score - s.last[1]) / jnp.where(run != 0, run, 1.0), 1.0)


def _inside(proposed, t, low, high, target, growth: float):
    """The proposed u[0], or the middle of the bracket if it is outside; without an upper end not too far at once."""
    middle = jnp.where(jnp.isfinite(high), (low + high) / 2, growth * t + target)
    proposed = jnp.where((proposed > low) & (proposed < high), proposed, middle)
    return jnp.minimum(proposed, jnp.where(jnp.isfinite(high), high, growth * t + target))


def _status(ask: Ask, kind: str, s: Search, at: Restricted, settled, error, newton):
    """FOUND where u[0] and the others have both arrived; INFINITE where what the profile can still drop, about its
    slope times the distance (for a tail that decays like 1 / u), is nothing against what it should."""
    t, tiny = s.u[0], CLOSE * (1 + s.u[0])
    rounding = 16 * eps(t) * jnp.abs(ask.peak) / ask.target if kind == "likelihood" else 0.0
    arrived = (jnp.abs(newton) <= tiny) | (jnp.abs(error) <= rounding)
    still = (at.decrement <= STILL[kind] + ask.floor) & settled
    wanted = 0.5 * error * (2 * ask.target - error)
    flat = (jnp.abs(at.slope) * t < 1e-6 * wanted) & (t >= ask.target) & (kind == "likelihood")
    closed = (s.reach < 1e-11 * (1 + t)) | (s.high - s.low < 1e-13 * (1 + t))
    higher = settled & (s.loglik > ask.peak + 1e-6 * (1 + 1e-6 * jnp.abs(ask.peak))) & ~(s.barrier > BARRIER_END)
    status = jnp.where(s.steps >= MAX_STEPS * (4 if ask.problem.family.constrained else 1), _code("NOT_FOUND"), -1)
    status = jnp.where(higher, _code("HIGHER"), status)
    status = jnp.where(closed, _code("EDGE"), status)
    status = jnp.where(settled & (error > 0) & (flat | (t > FARTHEST)), _code("INFINITE"), status)
    return jnp.where(still & arrived, _code("FOUND"), status).astype(jnp.int32)


def _inside_walls(ask: Ask, s: Search) -> Search:
    free = room(ask.problem, ask.theta + dot(ask.T, s.u), dot(ask.T, s.step))
    return s._replace(step=jnp.minimum(1.0, free) * s.step)


def _next_barrier(s: Search, status) -> Search:
    """After the limit under one barrier comes that under a weaker one, from there."""
    again = (status >= 0) & (status != LimitStatus.NOT_FOUND) & (s.barrier > BARRIER_END)
    anew = lambda fresh, old: jnp.where(again, fresh, old)  # noqa: E731
    return s._replace(
        status=anew(_code("SEARCHING"), status), barrier=anew(s.barrier * BARRIER_DROP, s.barrier),
        step=anew(0.0, s.step), outer=s.outer | again, damping=anew(0.0, s.damping), low=anew(0.0, s.low),
        high=anew(jnp.inf, s.high), reach=anew(jnp.inf, s.reach),
    )  # fmt: skip
