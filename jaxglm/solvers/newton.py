"""Newton's method with Levenberg damping, and a log-barrier where the mean is constrained."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..numerics import dot, eps, factor, once, when
from ..problem import Problem, evaluate
from ..pytree import pytree, static
from .base import Status, Trace, code
from .lines import moves, norms, room

BARRIER_START, BARRIER_DROP, BARRIER_END = 0.1, 0.05, 1e-13
INEXACT = 1e-7  # share of the tolerance where the penalty's curvature is left out
SAME = 1e-10  # relative change of the information by the last step that is left out of it
ROUNDED = 8.0  # roots of the rounding unit that a long sum may be wrong by
ROUNDING = 1e3  # damping beyond which steps from a point that is the maximum by its slope are not tried any more
QUIET, LOUD = 1e-4, 1e-3  # gain of a step that the rounding of terms of 1e9 would hide, and what that could be
SURE = 100.0  # times the tolerance, of a decrement that the next step makes smaller by the square of `SAME`
TURNED = 0.3  # share of the last step above which one back is shortened
AHEAD = 1e-4  # share of the tolerance that the next decrement must be below to be left unseen: 4e-8 standard errors
FOLLOWED = 1e-4  # decrement below which a drift to infinity is looked for
FAR = 9.0  # linear predictor of a shared parameter beyond which it may be at the end of its interval
UNKNOWN, HARDLY = 1e-6, 1.0  # curvature there up to which it is: at what looks like a maximum, and where no step helps
SLOWLY = 0.01  # share of the last decrement above which it is: near a maximum the next is far less


class NewtonState(NamedTuple):
    theta: jax.Array  # best point so far
    step: jax.Array  # proposed from it
    loglik: jax.Array  # objective there, with the barrier of the moment
    gradient: jax.Array
    information: jax.Array
    damping: jax.Array
    decrement: jax.Array  # g' H^-1 g / 2: the gain still possible
    expected_gain: jax.Array  # of the proposed step, by the quadratic model
    spread: jax.Array  # mean squared standardised score
    singular: jax.Array  # whether the information is singular
    moved: jax.Array  # largest change of each linear predictor that the last step proposed (K,)
    drift: jax.Array  # for how many steps each has moved on without shrinking (K,)
    clipped: jax.Array  # whether the wall shortened the proposed step
    barrier: jax.Array
    central: tuple  # (theta, barrier) on the central path, to come back to when the walls are active
    reached: jax.Array  # what it was if the best point is the maximum but for rounding, by its step without damping
    steps: jax.Array
    status: jax.Array
    trace: Trace


@pytree
class Newton:
    """Newton steps on the observed or the expected information (Fisher scoring).

    Stops when the decrement `g' H^-1 g / 2`, the gain in log-likelihood still possible, is below `tol`, and then takes
    the step that was just computed. Curvature that is not positive definite, overshoot and steps that leave the
    parameter space raise the damping, which starts at zero.
    """

    information: str = static(default="observed")
    tol: float = 1e-11
    max_steps: int = 200
    damping: float = 0.0  # of the first step; raised and lowered as steps fail and succeed
    record: int = static(default=0)  # number of steps whose history is kept
    errors: bool = static(default=True)  # whether the last information is to stand for that at the maximum
    ahead: float = AHEAD  # if not: share of the tolerance up to which the next decrement is left unseen

    def __post_init__(self):
        if self.information not in ("observed", "expected"):
            raise ValueError(f"information must be 'observed' or 'expected'; it is {self.information!r}.")

    @property
    def name(self) -> str:
        return "Newton" if self.information == "observed" else "Fisher scoring"

    def is_quadratic(self, problem: Problem) -> bool:
        """Whether its steps square what is left, as those on the curvature do: of Fisher scoring where both kinds of
        information are the same, of a penalty where its curvature is known."""
        curved = problem.penalty is None or problem.penalty.curved
        return curved and (self.information == "observed" or problem.family.canonical)

    def init(self, problem: Problem, start) -> NewtonState:
        zero, size = jnp.zeros((), start.dtype), start.shape[0]
        barrier = zero
        if problem.family.constrained:
            barrier = zero + BARRIER_START * jnp.clip(_spread(problem, start), 1e-10, 1.0)
        return NewtonState(
            theta=start,
            step=jnp.zeros_like(start),
            loglik=zero - jnp.inf,
            gradient=jnp.zeros_like(start),
            information=jnp.eye(size, dtype=start.dtype),
            damping=zero + self.damping,
            decrement=zero + jnp.inf,
            expected_gain=zero,
            spread=zero + 1,
            singular=jnp.asarray(False),
            moved=jnp.zeros(len(problem.designs), start.dtype),
            drift=jnp.zeros(len(problem.designs), jnp.int32),
            clipped=jnp.asarray(False),
            barrier=barrier,
            central=(start, barrier),
            reached=code(Status.RUNNING),
            steps=jnp.int32(0),
            status=code(Status.RUNNING),
            trace=Trace.empty(self.record, start.dtype),
        )

    def step(self, problem: Problem, s: NewtonState) -> NewtonState:
        """Evaluate the proposed step, accept or reject it, propose the next."""
        walled = replace(problem, barrier=s.barrier) if problem.family.constrained else problem
        before, near = s.decrement, (s.damping < 1e-3) & (s.decrement <= self._tolerance(problem, s))
        s = self._judge(walled, s, near)
        s = self._conclude(problem, self._propose(walled, s), before, near)
        return self._along_the_path(s) if problem.family.constrained else s

    def _tolerance(self, problem: Problem, s: NewtonState):
        """Decrement at which the maximum is reached. It has a rounding floor, from the rounding of eta."""
        floor = (problem.n + _weighted_square(s.information, s.theta)) * (32 * eps(s.theta)) ** 2
        # steps on a curvature that is not exact shrink by a factor, so what remains is as large as the last
        tol = self.tol * (1.0 if problem.penalty is None or problem.penalty.curved else INEXACT)
        return tol * jnp.clip(s.spread, 1e-10, 1.0) + floor

    def _judge(self, problem: Problem, s: NewtonState, near) -> NewtonState:
        """Accept the trial or not. From a point `near` the maximum the gain may be less than the rounding of the sum,
        which is then allowed for; a sharp log-likelihood can fall further. Where little is to be gained, the sum may be
        all rounding (a billion counted in each row): a slope that falls is then as good."""
        trial = s.theta + s.step
        at = evaluate(problem, trial, expected=self.information == "expected", steps=True)
        finite = jnp.isfinite(at.loglik) & jnp.isfinite(jnp.sum(at.gradient)) & jnp.isfinite(jnp.sum(at.information))
        slack = 8 * eps(trial) * jnp.abs(s.loglik)
        allowed = slack + jnp.where(near, ROUNDED * eps(trial) ** 0.5, 0.0)
        flatter = (_slope(s, at.gradient) < 0.5 * _slope(s)) & (s.expected_gain < QUIET)
        flatter = flatter & (at.loglik >= s.loglik - LOUD)
        accept = finite & ((at.loglik >= s.loglik - allowed) | jnp.isneginf(s.loglik) | flatter)
        gain = jnp.where(jnp.isneginf(s.loglik), s.expected_gain, at.loglik - s.loglik)
        first = s.steps == 0
        kept = s._replace(
            theta=jnp.where(accept, trial, jnp.where(first, 0.0, s.theta)),  # after an impossible start zero is tried
            loglik=jnp.where(accept, at.loglik, s.loglik),
            gradient=jnp.where(accept, at.gradient, s.gradient),
            information=once(jnp.where(accept, at.information, s.information)),
            spread=jnp.where(accept, at.spread, s.spread),
            damping=_damping(s, accept, gain, (s.expected_gain > allowed) & ~flatter),
            steps=s.steps + 1,
            status=jnp.where((s.steps == 1) & ~accept & jnp.isneginf(s.loglik), code(Status.NON_FINITE), s.status),
        )
        return kept

    def _propose(self, problem: Problem, s: NewtonState) -> NewtonState:
        solved = factor(s.information, s.damping)
        step = solved.solve(s.gradient)
        decrement = 0.5 * dot(s.gradient, step)
        # (H + damping |D|) step = g, so that the model's gain g' step - step' H step / 2 needs no product with H
        gain = decrement + 0.5 * solved.damping * _weighted_square(s.information, step)
        singular = (solved.damping > s.damping) | (solved.pivot < 64 * step.shape[0] * eps(step) + 4 * s.damping)
        if problem.family.constrained:
            free = room(problem, s.theta, step)
            step, clipped = jnp.minimum(1.0, free) * step, free < 1
        else:
            clipped = s.clipped
        if problem.penalty is not None and not problem.penalty.curved:
            share = _share(s, step)
            step, gain = share * step, share * gain
        return s._replace(
            step=step, expected_gain=gain, decrement=decrement, singular=singular, clipped=clipped,
            trace=s.trace.put(s.steps - 1, s.loglik, decrement) if self.record else s.trace,
        )  # fmt: skip

    def _conclude(self, problem: Problem, s: NewtonState, before, near) -> NewtonState:
        """Set the status if this was the last step. before: the decrement of the last one, which was `near` or not."""
        undamped = s.damping < 1e-3
        s = _follow(problem, s, before, undamped)
        endless = s.drift >= 5
        family = problem.family
        responses = np.isin(family.predictors, family.regressed)  # of classes every one is a mean
        limit = jnp.where(jnp.any(endless & responses), code(Status.SEPARATED), code(Status.BOUNDARY))
        lost = _vanished(problem, s, HARDLY)
        ended = jnp.where(s.singular, code(Status.SINGULAR), code(Status.CONVERGED))
        ended = jnp.where(_vanished(problem, s, UNKNOWN) | (s.singular & lost), code(Status.BOUNDARY), ended)
        small = self._tolerance(problem, s)
        # The information at this last point stands for that at the end. Its relative change over a step is the root of
        # the ratio of the decrements after and before, and this step is shorter by as much: where the change of errors
        # would count, one step more is asked for.
        changed = jnp.where(jnp.isfinite(before), SAME * before, 1e-2 * small)
        if self.errors:
            surely = s.decrement <= jnp.minimum(changed, SURE * small)
        else:
            left = _next_decrement(s.decrement, before, self.is_quadratic(problem))
            surely = (s.decrement <= small) | (left <= self.ahead * small)
        slowly = near & (s.decrement <= small)
        still = ~jnp.any(s.drift > 0) & (surely | slowly)
        gone = jnp.any(endless) & (s.decrement <= self.tol + small)
        free = undamped & ~(s.barrier > 0)
        at_rest = (s.decrement <= small) & ~jnp.any(s.drift > 0)
        reached = jnp.where(undamped, jnp.where(at_rest, ended, code(Status.RUNNING)), s.reached)
        stuck = self._stuck(s, reached, lost)
        done = jnp.where(free & still, ended, jnp.where(free & gone, limit, stuck))
        done = jnp.where(s.status == Status.RUNNING, done, s.status)
        last = jnp.where((done == Status.CONVERGED) | (done == Status.SINGULAR), s.step, 0.0)
        gained = jnp.where(done == Status.CONVERGED, s.expected_gain, 0.0)
        return s._replace(status=done, theta=s.theta + last, loglik=s.loglik + gained, reached=reached)

    def _stuck(self, s: NewtonState, reached, lost):
        """The status if no step helps or none is left: that of a maximum, or of a parameter at the end of its interval,
        where rounding hides the rest of the way."""
        otherwise = lambda status: jnp.where(lost, code(Status.BOUNDARY), code(status))  # noqa: E731
        # damping is relative to the curvature: where that underflows even a large one leaves steps that are not small
        still_there = ((s.damping > 1e8) & (s.decrement < FOLLOWED) & jnp.all(s.moved < 1e-6)) | (s.damping > 1e25)
        stuck = jnp.where(still_there, otherwise(Status.NO_PROGRESS), s.status)
        at_maximum = (reached != Status.RUNNING) & (s.damping > ROUNDING) & ~(s.barrier > 0)
        stuck = jnp.where(at_maximum, reached, stuck)
        none_left = (stuck == Status.RUNNING) & (s.steps >= self.max_steps)
        return jnp.where(none_left, otherwise(Status.MAX_STEPS), stuck)

    def _along_the_path(self, s: NewtonState) -> NewtonState:
        """Follow the central path inwards; from each point of it try whether Newton without the barrier gets home."""
        running = s.status == Status.RUNNING
        walled = s.barrier > 0
        centred = running & walled & (s.damping < 1e-3) & (s.decrement <= 0.01 * s.barrier)
        home = running & ~walled & (s.clipped | (s.damping > 0))
        theta, barrier = s.central
        at_wall = home & (barrier * BARRIER_DROP < BARRIER_END)
        barrier = jnp.where(centred, s.barrier, barrier)
        moved = centred | home
        return s._replace(
            theta=jnp.where(home, theta, s.theta),
            step=jnp.where(moved, 0.0, s.step),
            loglik=jnp.where(moved, -jnp.inf, s.loglik),
            damping=jnp.where(moved, 0.0, s.damping),
            barrier=jnp.where(centred, 0.0, jnp.where(home, barrier * BARRIER_DROP, s.barrier)),
            central=(jnp.where(centred, s.theta, theta), barrier),
            status=jnp.where(at_wall, code(Status.BOUNDARY), s.status),
        )


def _spread(problem: Problem, start):
    """What a dispersion that is 1 during the fit may be in truth: a barrier is to be weak beside the log-likelihood."""
    spread = evaluate(problem, start).spread if problem.family.traits.dispersion else jnp.ones((), start.dtype)
    return jnp.where(jnp.isfinite(spread), spread, 1.0)


def out_of_sight(eta, curvature, least: float = HARDLY):
    """Whether a parameter that all rows share is so far out that the log-likelihood hardly knows it any more."""
    return (abs(eta) > FAR) & ~(abs(curvature) > least)


def _vanished(problem: Problem, s: NewtonState, least: float):
    """Whether one is out of sight: a step too many led there for a drift to be seen, or rounding hides the way."""
    gone = [out_of_sight(s.theta[k], s.information[k, k], least) for k in problem.shared]
    return jnp.any(jnp.stack(gone)) if gone else jnp.asarray(False)


def _share(s: NewtonState, step):
    """How much of a step to take where the penalty's curvature is left out: b times that of the log-likelihood turns
    each step into minus b times the last, for ever at b = 1 (a row of leverage one under Jeffreys' penalty)."""
    ahead = dot(s.information, s.step)
    size = dot(s.step, ahead)
    back = jnp.clip(-dot(step, ahead) / jnp.where(size > 0, size, 1.0), 0.0, 1.0)
    return jnp.where((size > 0) & (back > TURNED), 1.0 / (1.0 + back), 1.0)


def _damping(s: NewtonState, accept, gain, promised):
    """Levenberg's rule: less after a step that gained what was promised, or of which nothing that rounding would leave
    was, more after one that did not."""
    ratio = jnp.where(promised, gain / jnp.where(promised, s.expected_gain, 1.0), 1.0)
    lower = jnp.where(s.damping / 8 < 1e-3, 0.0, s.damping / 8)
    accepted = jnp.where(ratio > 0.5, lower, jnp.where(ratio < 0.1, jnp.maximum(4 * s.damping, 0.01), s.damping))
    return jnp.where(accept, accepted, jnp.maximum(8 * s.damping, 0.05))


def _next_decrement(decrement, before, quadratic: bool):
    """What is left of a decrement by a step: its ratio to the one before, squared where convergence is quadratic. Where
    that ratio is not small, the same."""
    quick = decrement < SLOWLY * before
    ratio = jnp.where(quick & jnp.isfinite(before), decrement / jnp.where(quick, before, 1.0), 1.0)
    return decrement * (ratio**2 if quadratic else ratio)


def _slope(s: NewtonState, gradient=None):
    """Squared norm of a gradient, of that at the best point, by the curvature there."""
    g, size = s.gradient if gradient is None else gradient, jnp.abs(jnp.diagonal(s.information))
    return jnp.sum(jnp.where(size > 0, g * g / jnp.where(size > 0, size, 1.0), 0.0))


def _weighted_square(information, v):
    """Sum of v_j^2 |H_jj|: v' H v as if the columns were orthogonal."""
    return jnp.sum(v * v * jnp.abs(jnp.diagonal(information)))


def _follow(problem: Problem, s: NewtonState, before, undamped) -> NewtonState:
    """Count for how long each linear predictor has drifted: near a maximum the steps shrink quadratically, towards
    infinity they hardly shrink although the gain vanishes."""
    none = jnp.zeros_like(s.moved)
    suspect = (s.decrement < FOLLOWED) & ~(s.decrement < SLOWLY * before)
    moved = when(suspect, moves, none, problem, s.step)
    far = undamped & (moved > 1e-3) & (moved > 0.3 * s.moved)
    drifts = far & (moved > 1e-6 * when(jnp.any(far), norms, none, problem, s.theta))
    return s._replace(moved=moved, drift=jnp.where(drifts, s.drift + 1, 0))
