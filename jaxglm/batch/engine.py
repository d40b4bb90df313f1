"""Chunks and rounds: members run through one compiled loop together, and the few that need longer are gathered anew.

Every step is one `vmap` of the single fit, so a member's numbers do not depend on its company. No chunk waits for its
slowest member: after a round the unfinished are compacted into further chunks, and at the end those that failed are
tried once more with other settings.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, islice, repeat
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..design import is_aligned
from ..solvers import Newton, Status
from .members import Members
from .programs import Outcome, advance_members, apply_to_members, begin_members, waits
from .threads import default_platform, in_turn, workers

ROUNDS = (6, 12, 32)  # steps of the rounds; the last one is repeated
AGAIN = 0.4  # cost in steps of gathering a member anew, weighed where there are many chunks and pilots tell the rest
CACHE_BYTES = 1 << 24  # working set of a chunk on a CPU: smaller ones are slower for their overhead
DEVICE_SHARE = 0.25  # of a GPU's memory for one chunk
ROW_ARRAYS = 12  # row-sized temporaries of one evaluation
MOST_MEMBERS = 65_536  # in one linear-algebra call: beyond, batched factorisations on GPUs went silently wrong
FEW_MEMBERS = (8, 64, 512)  # chunk sizes of small batches: padding costs them less than another compilation
RESCUED = (Status.MAX_STEPS, Status.NO_PROGRESS, Status.NON_FINITE, Status.INFEASIBLE)


@dataclass(frozen=True)
class Plan:
    """How a batch is worked through."""

    solver: Any
    expected: bool = False  # whether standard errors come from the expected information
    chunk: int | None = None  # members a program call; by default what fits the cache or the device
    back: Any = None  # (p, p): coefficients of the mean = back @ those that are fitted, where a basis stands in for X
    sharding: Any = None  # of the axis of the members over devices
    progress: Callable[[int, int], None] | None = None
    usual: int | None = None  # steps that most members need, where that is known; else those of the first chunks tell


def fit_members(members: Members, plan: Plan, start=None, index=None) -> Outcome:
    """Outcome of every member as NumPy arrays. start: (B, P), or a pytree that is a function of a member's problem, or
    found from the data. index: the members to fit, by default all; the others keep NaN and the status RUNNING. Standard
    errors are those of `plan.back @ theta`."""
    if not members.size:
        raise ValueError("a batch needs at least one member.")
    desk = Desk.of(members, plan)
    found = desk.empty()
    index = np.arange(members.size) if index is None else index
    begun = _first(desk, index, start, plan.solver)
    many = lambda index: len(index) > 4 * desk.workers * desk.size  # noqa: E731
    pilots = None
    if plan.usual is None:
        pilots = _round(desk, found, islice(begun, desk.workers), ROUNDS[many(index)])
    waiting = _joined(pilots, _round(desk, found, begun, plan.usual or _usual_steps(found)))
    later = chain(ROUNDS[1:], repeat(ROUNDS[-1]))
    while waiting is not None:  # every solver ends by itself, at max_steps if not before
        steps = _usual_steps(found, int(np.min(waiting[1].steps))) if many(waiting[0]) else next(later)
        waiting = _round(desk, found, _again(desk, waiting), steps)
    for solver, begin in _rescues(desk, found):
        _rescue(desk, found, solver, begin)
    return found


def chunk_size(members: Members, plan: Plan) -> int:
    """Members a call: a power of two whose working set stays in the cache of a CPU or in a share of a GPU's memory."""
    problem = members.one(0)
    lines = problem.family.tied or 1  # of a row; with them its curvature and products of that are as many times larger
    row_arrays = ROW_ARRAYS * len(problem.designs) + (2 * lines * lines if lines > 1 else 0)
    bytes_each = members.row_bytes + row_arrays * problem.n * 8
    size = plan.chunk or int(max(_budget() // max(bytes_each, 1), 8))
    few = next((s for s in FEW_MEMBERS if members.size <= s), None)
    largest = few or 1 << (members.size - 1).bit_length()
    return _evenly(min(1 << (size.bit_length() - 1), largest, MOST_MEMBERS), plan)


def _evenly(size: int, plan: Plan) -> int:
    """The size rounded up to one that the devices share evenly."""
    devices = 1 if plan.sharding is None else plan.sharding.num_devices
    return -(-size // devices) * devices


def _budget() -> float:
    if default_platform() == "cpu":
        return CACHE_BYTES
    return DEVICE_SHARE * ((jax.devices(default_platform())[0].memory_stats() or {}).get("bytes_limit") or 8 << 30)


def _usual_steps(found: Outcome, before: int = 0) -> int:
    """Steps of a round that cost least, if all need as many as those that ended so far with more than `before`: a round
    goes on for all of a chunk, and who needs more is gathered anew."""
    done = found.steps[(found.status != Status.RUNNING) & (found.steps > before)] - before
    if not len(done):
        return ROUNDS[before > 0]
    steps = np.arange(1, max(min(done.max(), ROUNDS[-1]), 1) + 1)
    more = np.maximum(done - steps[:, None], 0)
    return int(steps[np.argmin(steps + np.mean(more + AGAIN * (more > 0), axis=1))])


@dataclass(frozen=True)
class Desk:
    """Members at work: what they share is on the device, their own arrays are on the host."""

    members: Members
    plan: Plan
    size: int  # members a call

    @classmethod
    def of(cls, members: Members, plan: Plan) -> "Desk":
        shared = (a if b else jnp.asarray(a) for a, b in zip(members.leaves, members.batched, strict=True))
        return cls(replace(members, leaves=tuple(shared)), plan, chunk_size(members, plan))

    @property
    def parameters(self) -> int:
        return sum(self.members.one(0).sizes)

    def empty(self) -> Outcome:
        B, P = self.members.size, self.parameters
        own = lambda *shape: np.full(shape, np.nan)  # noqa: E731
        codes = np.full(B, Status.RUNNING.value), np.zeros(B, int)
        return Outcome(own(B, P), own(B, P), own(B), *codes, own(B), own(B))

    def chunks(self, index: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pieces of an index, and each filled up to the size with its last entry: a new length would compile anew."""
        for at in range(0, len(index), size):
            piece = index[at : at + size]
            yield piece, np.pad(piece, (0, size - len(piece)), mode="edge")

    def leaves(self, index: np.ndarray) -> tuple:
        """Leaves of the members at an index, on the devices that share the work."""
        together = bool(np.all(np.diff(index) == 1))
        run: Any = slice(int(index[0]), int(index[-1]) + 1) if together else index  # a view instead of a copy
        parts = zip(self.members.leaves, self.members.batched, strict=True)
        return tuple(self.placed(a[run]) if b else a for a, b in parts)

    def placed(self, a):
        lent = self.plan.sharding is None and default_platform() == "cpu" and is_aligned(a)
        return a if lent else jax.device_put(a, self.plan.sharding)

    @property
    def form(self) -> tuple:
        return self.members.structure, self.members.axes

    @cached_property
    def workers(self) -> int:
        """Programs that may run side by side."""
        leaves = zip(self.members.leaves, self.members.batched, strict=True)
        shapes = tuple((np.shape(a)[1:] if b else np.shape(a), str(a.dtype)) for a, b in leaves)
        return 1 if waits(self.members.structure, shapes) else workers(self.plan.sharding)


# --- rounds


def _first(desk: Desk, index: np.ndarray, start, solver):
    """Chunks of members with their first states."""
    def made(filled):
        leaves = desk.leaves(filled)
        begin = start if start is None or callable(start) else desk.placed(start[filled])
        return leaves, solver, begin_members(desk.form, leaves, solver, begin)

    for piece, filled in desk.chunks(index, desk.size):
        yield piece, partial(made, filled)


def _again(desk: Desk, waiting):
    """Chunks of the members that did not end, compacted."""
    index, states, solver = waiting
    size = _evenly(_fewer(desk.size, len(index)), desk.plan)

    def made(filled):
        return desk.leaves(index[filled]), solver, jax.tree.map(lambda a: desk.placed(a[filled]), states)

    for at, filled in desk.chunks(np.arange(len(index)), size):
        yield index[at], partial(made, filled)


def _fewer(size: int, members: int) -> int:
    """Chunk size for some members: the usual one, or an eighth of it again and again; any other would compile anew."""
    while size >= 8 * max(members, 64):
        size //= 8
    return size


def _joined(*waiting):
    """Several (index, states, solver) as one; None where nobody waits."""
    some = [w for w in waiting if w is not None]
    if len(some) < 2:
        return some[0] if some else None
    states = jax.tree.map(_chained, *(states for _, states, _ in some))
    return np.concatenate([index for index, _, _ in some]), states, some[0][2]


def _round(desk: Desk, found: Outcome, chunks, steps: int):
    """Run chunks for so many steps, store what ended, return (index, states, solver) of the rest, or None."""

    def work(chunk):
        piece, made = chunk
        leaves, solver, state = made()
        state, outcome = advance_members(desk.form, desk.plan.expected, leaves, solver, state, steps, desk.plan.back)
        outcome = Outcome(*(np.asarray(a)[: len(piece)] for a in outcome))
        running = np.flatnonzero(outcome.status == Status.RUNNING)
        rest = (piece[running], jax.tree.map(partial(_some, running), state), solver) if len(running) else None
        return piece, outcome, rest

    left: list = []
    for piece, outcome, rest in in_turn(work, chunks, desk.workers):
        _store(found, piece, outcome)
        left += [] if rest is None else [rest]
        if desk.plan.progress is not None:
            desk.plan.progress(int(np.sum(found.status != Status.RUNNING)), desk.members.size)
    return _joined(*left)


def _some(index, a):
    """Rows of an array, on the host; random keys can only be on the device."""
    return a[index] if jnp.issubdtype(a.dtype, jax.dtypes.prng_key) else np.asarray(a)[index]


def _chained(*parts):
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else jnp.concatenate(parts)


def _store(found: Outcome, index: np.ndarray, outcome: Outcome) -> None:
    for whole, part in zip(found, outcome, strict=True):
        whole[index] = part


def _rescues(desk: Desk, found: Outcome):
    """Other ways to try for members that failed: a damped start at zero, then the expected information."""
    solver = desk.plan.solver
    if not isinstance(solver, Newton):
        return
    yield replace(solver, damping=1.0), np.zeros((desk.members.size, desk.parameters))
    if desk.plan.expected and solver.information == "observed":
        yield replace(solver, damping=1.0, information="expected"), None


def _rescue(desk: Desk, found: Outcome, solver, start) -> None:
    """Fit the members that failed once more; keep what ends better."""
    failed = np.flatnonzero(np.isin(found.status, RESCUED))
    if not len(failed):
        return
    part = Desk.of(desk.members.take(failed), replace(desk.plan, solver=solver, progress=None))
    part = replace(part, size=_evenly(_fewer(desk.size, len(failed)), desk.plan))
    again, everyone = part.empty(), np.arange(len(failed))
    begun = _first(part, everyone, None if start is None else start[failed], solver)
    waiting = _round(part, again, begun, solver.max_steps)
    assert waiting is None, "a solver ends within max_steps"
    lower = again.loglik < found.loglik[failed] - 1e-9 * np.abs(found.loglik[failed])  # no maximum, whatever it says
    better = ~np.isin(again.status, RESCUED) & ~lower
    _store(found, failed[better], Outcome(*(a[better] for a in again)))


# --- any function of fitted members


def over_members(function: Callable, members: Members, *arrays, context=None, chunk: int | None = None) -> Any:
    """`function(problem, *rows of arrays)` of every member, in chunks: NumPy arrays (B, ...). Pass a named function.
    context: a pytree that all members share, then the function's second argument."""
    desk = Desk.of(members, Plan(solver=None, chunk=chunk))
    parts = []
    for piece, filled in desk.chunks(np.arange(members.size), desk.size):
        value = apply_to_members(function, desk.form, desk.leaves(filled), tuple(a[filled] for a in arrays), context)
        parts.append(jax.tree.map(partial(_head, len(piece)), value))
    return jax.tree.map(lambda *a: np.concatenate(a), *parts)


def _head(size: int, a) -> np.ndarray:
    return np.asarray(a)[:size]
