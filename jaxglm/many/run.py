"""HOST: blocks of members to numbers: fits, members whose columns depend on each other, bad data, precision."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np

from ..basis import unchanged
from ..batch import Members, Outcome, Plan, fit_members, over_members
from ..families import Family
from ..frame import ModelFrame, Sets
from ..numerics import dot, factor
from ..options import Options, Response, check_dispersion, check_penalty, unit_dispersion
from ..predictors import (
    Predictor,
    basis_for,
    find_predictors,
    inward,
    outward,
    placed,
    predictors_on,
    present,
)
from ..problem import evaluate
from ..solvers import Status
from .blocks import SIDES, Block, Seen, families_of, names_of, presentable, seen
from .data import Ragged, Stacked
from .penalised import penalised, penalised_bases

PRECISIONS = ("float64", "mixed", "float32")


@dataclass(frozen=True)
class Settings:
    """How a batch is fitted."""

    options: Options
    solver: Any
    penalty: Any = None
    precision: str = "float64"
    chunk: int | None = None
    sharding: Any = None
    progress: Callable[[int, int], None] | None = None
    modelled: tuple[str, ...] = ()  # further parameters that have a design of their own

    def __post_init__(self):
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}; it is {self.precision!r}.")
        if self.chunk is not None and not (isinstance(self.chunk, int | np.integer) and self.chunk >= 1):
            raise ValueError(f"chunk must be a whole number of members, at least 1; it is {self.chunk!r}.")
        check_dispersion(self.options, self.modelled)
        check_penalty(self.penalty, self.family)
        if self.penalty is not None:
            self.penalty.check_family(self.family)
        if self.penalty is not None and self.penalty.absolute and self.options.family.traits.dispersion:
            raise ValueError(
                f"the weight of this penalty is the dispersion of each {self.options.family.name} model, which a batch "
                "does not fit with it: fit the members one by one, or without the penalty."
            )

    @property
    def family(self) -> Family:
        return unit_dispersion(self.options.family, self.modelled)

    @property
    def expected(self) -> bool:
        """Whether standard errors come from the expected information, as those of a single fit."""
        return self.family.is_glm

    @property
    def n_shared(self) -> int:
        """Number of parameters that have one value for all rows of a member."""
        return placed(self.family, self.modelled).count(None)

    def of(self, index: np.ndarray) -> "Settings":
        """The settings of some members."""
        return replace(self, options=replace(self.options, family=families_of(self.options.family, index)))


@dataclass(frozen=True)
class Numbers:
    """Arrays of a fitted batch, one entry for each member: (B, P) or (B,)."""

    theta: np.ndarray  # coefficients, then the shared parameters on the scale of their links; NaN where aliased
    se: np.ndarray  # at unit dispersion
    loglik: np.ndarray  # at unit dispersion
    status: np.ndarray
    n_iter: np.ndarray
    decrement: np.ndarray
    spread: np.ndarray
    nobs: np.ndarray
    weight: np.ndarray  # sum of the weights
    rank: np.ndarray
    accuracy: np.ndarray  # distance from the maximum in standard errors, by a float64 evaluation; NaN if not asked for

    @classmethod
    def empty(cls, B: int, P: int) -> "Numbers":
        own = lambda *shape: np.full(shape, np.nan)  # noqa: E731
        codes = np.full(B, Status.INVALID_DATA.value), np.zeros(B, int)
        zeros = np.zeros(B), np.zeros(B), np.zeros(B, int)
        return cls(own(B, P), own(B, P), own(B), *codes, own(B), own(B), *zeros, own(B))

    def put(self, index, other: "Numbers") -> None:
        for name, values in vars(other).items():
            getattr(self, name)[index] = values

    def copy(self) -> "Numbers":
        return Numbers(**{name: values.copy() for name, values in vars(self).items()})


def fit_data(data: Stacked | Ragged, settings: Settings, start=None) -> Numbers:
    """Numbers of every member; start (B, P)."""
    numbers = Numbers.empty(data.size, len(names_of(data.pattern, settings.family)))
    for block in data.blocks():
        given = None if start is None else start[block.index]
        numbers.put(block.index, _fit_block(block, settings, given))
    _fit_deficient(data, settings, numbers)
    return numbers


def checked_start(start, members: int, P: int) -> np.ndarray | None:
    """The start as an array; raises ValueError unless it has a row for each member."""
    if start is None:
        return None
    start = np.asarray(start, float)
    if start.shape != (members, P):
        raise ValueError(f"start must have shape ({members}, {P}), a row for each member; it is {start.shape}.")
    return start


def _fit_block(block: Block, settings: Settings, start) -> Numbers:
    data, parts = seen(block, settings.family), fitted_on(block, settings)
    members = penalised(block, data, settings.family, parts, settings.penalty)
    outcome, accuracy = _fit_valid(members, data, settings, None if start is None else into(parts, start), parts)
    return _numbers(block, data, outcome, accuracy, parts)


def fitted_on(block: Block, settings: Settings) -> tuple[Predictor, ...]:
    """The predictors of a block as they are fitted: a design that all share has independent, well-conditioned
    columns."""
    family = settings.family
    bases = [basis_for(family, k, X) if X.ndim == 2 else unchanged(X) for k, (X, _) in enumerate(block.given)]
    bases = penalised_bases([X for X, _ in block.given], bases, settings.penalty)
    return predictors_on(block.pattern, family, bases)


def into(parts: tuple[Predictor, ...], start: np.ndarray) -> np.ndarray:
    """Coefficients (B, P) of the columns as given in the bases of the predictors (B, .)."""
    return inward(parts, np.nan_to_num(start[:, present(parts)]).T).T


def _fit_valid(members: Members, data: Seen, settings: Settings, start, parts) -> tuple[Outcome, np.ndarray]:
    changed = any(p.basis.triangle is not None for p in parts)
    back = outward(parts, np.eye(len(present(parts)))) if changed else None
    plan = Plan(settings.solver, settings.expected, settings.chunk, back, settings.sharding, settings.progress)
    index, accuracy = np.flatnonzero(data.valid), np.full(members.size, np.nan)
    with jax.enable_x64(True):
        if settings.precision != "float64":
            half = lambda a: None if a is None else np.asarray(a, np.float32)  # noqa: E731
            rough = fit_members(members.astype(np.float32), replace(plan, back=half(back)), half(start), index)
            start = np.nan_to_num(rough.theta)
            if settings.precision == "float32":
                accuracy = over_members(_distance, members, start, chunk=settings.chunk)
                return rough, accuracy
        return fit_members(members, plan, start, index), accuracy


def _distance(problem, theta):
    """Distance from the maximum in standard errors: sqrt(g' H^-1 g)."""
    at = evaluate(problem, theta)
    return dot(at.gradient, factor(at.information).solve(at.gradient)) ** 0.5


def _numbers(block: Block, data: Seen, outcome: Outcome, accuracy, parts: tuple[Predictor, ...]) -> Numbers:
    b, places = len(block.index), present(parts)
    made = Numbers.empty(b, sum(len(p.names) for p in parts))
    made.theta[:, places] = outward(parts, np.array(outcome.theta, float).T).T
    made.se[:, places] = outcome.se
    counts = np.broadcast_to(np.sum(data.counted, axis=-1), b)
    total = counts if data.weights is None else np.broadcast_to(np.sum(data.weights, axis=-1), b)
    plain = dict(loglik=outcome.loglik, n_iter=outcome.steps, decrement=outcome.decrement, spread=outcome.spread,
                 nobs=counts, weight=total, rank=np.full(b, _rank(parts)), accuracy=accuracy)
    for name, values in plain.items():
        getattr(made, name)[:] = values
    made.status[:] = np.where(data.valid, outcome.status, Status.INVALID_DATA.value)
    for values in (made.theta, made.se, made.loglik):
        values[~data.valid] = np.nan
    return made


def _rank(parts: tuple[Predictor, ...]) -> int:
    """Number of coefficients of columns."""
    return sum(p.rank for p in parts if not p.shared)


def _fit_deficient(data: Stacked | Ragged, settings: Settings, numbers: Numbers) -> None:
    """Members whose columns depend on each other lose the later ones, as in a single fit, and are fitted anew."""
    if settings.penalty is not None and not settings.penalty.invariant:
        return
    alike: dict[tuple[int, ...], list[tuple[int, tuple[Predictor, ...]]]] = {}
    for i in np.flatnonzero(_suspicious(data, numbers)):
        frame = presentable(data.frame(int(i)), settings.family)
        used = frame.of_rows(Response.of(frame, settings.family).weights)
        singular = bool(numbers.status[i] == Status.SINGULAR)
        parts = find_predictors(frame.contrasted(), settings.family, used, suspicious=singular)
        if not all(p.rank for p in parts):
            numbers.theta[i], numbers.se[i] = np.nan, np.nan
        elif _rank(parts) < numbers.rank[i]:
            alike.setdefault(tuple(p.rank for p in parts), []).append((int(i), parts))
        elif settings.penalty is None and not data.shared and any(p.basis.triangle is not None for p in parts):
            numbers.put([i], _alone(frame, settings.of(np.asarray([i]))))
    for members in alike.values():
        index = np.asarray([i for i, _ in members])
        numbers.put(index, _fit_narrow(data, settings.of(index), members, numbers.theta.shape[1]))


def _fit_narrow(data, settings: Settings, members: list[tuple[int, tuple[Predictor, ...]]], P: int) -> Numbers:
    """Members with as many of their columns each; NaN for the others among P."""
    narrow = _narrow([(data.frame(i), parts) for i, parts in members], settings.family)
    made = fit_data(narrow, replace(settings, progress=None))
    wide = Numbers.empty(len(members), P)
    wide.put(np.arange(len(members)), replace(made, theta=wide.theta, se=wide.se))
    for j, (_, parts) in enumerate(members):
        wide.theta[j, present(parts)], wide.se[j, present(parts)] = made.theta[j], made.se[j]
    return wide


def _alone(frame: ModelFrame, settings: Settings) -> Numbers:
    """A member whose columns nearly depend, on a well-conditioned basis of its own, as a single fit has it."""
    return fit_data(Stacked.alone(frame), replace(settings, chunk=None, sharding=None, progress=None))


def _suspicious(data: Stacked | Ragged, numbers: Numbers) -> np.ndarray:
    """Mask (B,) of the members whose columns may depend on each other. Of infinite estimates the solver says that they
    are infinite, whatever else is wrong; so where designs differ all that failed are looked at."""
    if data.shared and data.weights is None and data.freq_weights is None:  # type: ignore[union-attr]
        return numbers.status == Status.SINGULAR
    return ~np.isin(numbers.status, (Status.CONVERGED, Status.INVALID_DATA))


def _narrow(members: list[tuple[ModelFrame, tuple[Predictor, ...]]], family: Family) -> Ragged:
    """Some members with some of their columns each, as ragged data."""
    frames, join = [], partial(jax.tree.map, lambda *a: np.concatenate(a))
    for frame, parts in members:
        places = placed(family, [p.parameter for p in frame.further])
        kept = dict(zip(places, (p.basis.kept for p in parts), strict=True))
        frames.append(_with_columns(frame, [kept[k] for k in range(len(frame.parts))]))
    first, lengths = frames[0], [len(f.X) for f in frames]
    designs = [join(*own) for own in zip(*([(p.X, p.offset) for p in f.parts] for f in frames), strict=True)]
    sides = {name: join(*(getattr(f, name) for f in frames)) for name in ("y", *SIDES)}
    rows = np.arange(sum(lengths))
    sets = None if first.sets is None else Sets.joined([f.sets for f in frames if f.sets])
    whole = first.with_designs(designs, rows=rows, sets=sets, **sides)
    return Ragged(whole, rows, np.concatenate([[0], np.cumsum(lengths)]))


def _with_columns(frame: ModelFrame, kept: list[np.ndarray]) -> ModelFrame:
    """The frame with these columns of its designs."""
    names = [tuple(np.asarray(part.names, object)[k]) for part, k in zip(frame.parts, kept, strict=True)]
    further = tuple(replace(part, names=own) for part, own in zip(frame.further, names[1:], strict=True))
    narrow = replace(frame, names=names[0], further=further)
    return narrow.with_designs([(part.X[:, k], part.offset) for part, k in zip(frame.parts, kept, strict=True)])
