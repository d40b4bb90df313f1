"""HOST: blocks of members to numbers: fits, members whose columns depend on each other, bad data, precision."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from ..basis import Basis, find_basis
from ..batch import Members, Outcome, Plan, fit_members, over_members
from ..families import Family
from ..frame import ModelFrame
from ..numerics import dot, factor
from ..options import Options, Response, unit_dispersion
from ..problem import evaluate
from ..solvers import Status
from .data import Block, Ragged, Seen, Stacked, families_of, members_of, presentable, seen

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

    def __post_init__(self):
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}; it is {self.precision!r}.")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk must be at least 1 member; it is {self.chunk!r}.")
        if self.penalty is not None and self.penalty.absolute and self.options.family.traits.dispersion:
            raise ValueError(
                f"the weight of this penalty is the dispersion of each {self.options.family.name} model, which a batch "
                "does not fit with it: fit the members one by one, or without the penalty."
            )

    @property
    def family(self) -> Family:
        return unit_dispersion(self.options.family)

    @property
    def expected(self) -> bool:
        """Whether standard errors come from the expected information, as those of a single fit."""
        return self.family.traits.edm and len(self.family.predictors) == 1

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

    def take(self, index) -> "Numbers":
        return Numbers(**{name: values[index] for name, values in vars(self).items()})


def fit_data(data: Stacked | Ragged, settings: Settings, start=None) -> Numbers:
    """Numbers of every member; start (B, P)."""
    p = data.pattern.X.shape[1] if isinstance(data, Ragged) else data.X.shape[-1]
    numbers = Numbers.empty(data.size, p + len(settings.family.predictors) - 1)
    for block in data.blocks():
        given = None if start is None else start[block.index]
        numbers.put(block.index, _fit_block(block, settings, given))
    _fit_deficient(data, settings, numbers, p)
    return numbers


def _fit_block(block: Block, settings: Settings, start) -> Numbers:
    data = seen(block, settings.family)
    basis = basis_of(block, settings)
    X = block.X if basis is None else basis.columns
    members = members_of(block, data, settings.family, X)
    if settings.penalty is not None:
        members = members.penalised(settings.penalty)
    if start is not None and basis is not None:
        start = into_basis(start, basis, block.X.shape[-1])
    outcome, accuracy = _fit_valid(members, data, settings, start, basis)
    return _numbers(block, data, outcome, accuracy, basis)


def basis_of(block: Block, settings: Settings) -> Basis | None:
    """Independent, well-conditioned columns of a shared design. A penalty is one on the columns as they are."""
    if block.X.ndim == 3:
        return None
    basis = find_basis(block.X)
    return basis if settings.penalty is None else replace(basis, columns=block.X[:, basis.kept], triangle=None)


def into_basis(start, basis: Basis, p: int):
    """Coefficients (B, .) of the p columns as given, and what follows them, as those of the basis."""
    beta = np.nan_to_num(start[:, :p][:, basis.kept])
    return np.concatenate([basis.from_beta(beta.T).T, start[:, p:]], axis=1)


def _fit_valid(members: Members, data: Seen, settings: Settings, start, basis) -> tuple[Outcome, np.ndarray]:
    back = None if basis is None or basis.triangle is None else basis.to_beta(np.eye(len(basis.kept)))
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


def _numbers(block: Block, data: Seen, outcome: Outcome, accuracy, basis: Basis | None) -> Numbers:
    b, p = len(block.index), block.X.shape[-1]
    kept = np.arange(p) if basis is None else basis.kept
    made = Numbers.empty(b, p + outcome.theta.shape[1] - len(kept))
    columns = np.concatenate([kept, np.arange(p, made.theta.shape[1])])
    theta = np.array(outcome.theta, float)
    if basis is not None:
        theta[:, : len(kept)] = basis.to_beta(theta[:, : len(kept)].T).T
    made.theta[:, columns], made.se[:, columns] = theta, outcome.se
    counts = np.broadcast_to(np.sum(data.counted, axis=-1), b)
    total = counts if data.weights is None else np.broadcast_to(np.sum(data.weights, axis=-1), b)
    plain = dict(loglik=outcome.loglik, n_iter=outcome.steps, decrement=outcome.decrement, spread=outcome.spread,
                 nobs=counts, weight=total, rank=np.full(b, len(kept)), accuracy=accuracy)
    for name, values in plain.items():
        getattr(made, name)[:] = values
    made.status[:] = np.where(data.valid, outcome.status, Status.INVALID_DATA.value)
    for values in (made.theta, made.se, made.loglik):
        values[~data.valid] = np.nan
    return made


def _fit_deficient(data: Stacked | Ragged, settings: Settings, numbers: Numbers, p: int) -> None:
    """Members whose columns depend on each other lose the later ones, as in a single fit, and are fitted anew."""
    if settings.penalty is not None:
        return
    ranks: dict[int, list[tuple[int, np.ndarray]]] = {}
    for i in np.flatnonzero(_suspicious(data, numbers)):
        frame = presentable(data.frame(int(i)), settings.family)
        used = Response.of(frame, settings.family).weights
        basis = find_basis(frame.X, used, suspicious=bool(numbers.status[i] == Status.SINGULAR))
        kept = basis.kept
        if not len(kept):
            numbers.theta[i], numbers.se[i] = np.nan, np.nan
        elif len(kept) < numbers.rank[i]:
            ranks.setdefault(len(kept), []).append((int(i), kept))
        elif basis.triangle is not None and not data.shared:
            numbers.put([i], _alone(frame, settings.of(np.asarray([i]))))
    for pairs in ranks.values():
        index, kept = np.asarray([i for i, _ in pairs]), [k for _, k in pairs]
        part = _narrow(data, index, kept)
        made = fit_data(part, settings.of(index))
        wide = Numbers.empty(len(index), numbers.theta.shape[1])
        wide.put(np.arange(len(index)), replace(made, theta=wide.theta, se=wide.se))
        for j, columns in enumerate(kept):
            at = np.concatenate([columns, np.arange(p, wide.theta.shape[1])])
            wide.theta[j, at], wide.se[j, at] = made.theta[j], made.se[j]
        numbers.put(index, wide)


def _alone(frame: ModelFrame, settings: Settings) -> Numbers:
    """A member whose columns nearly depend, on a well-conditioned basis of its own, as a single fit has it."""
    own = lambda a: None if a is None else a[None]  # noqa: E731
    y = tuple(map(own, frame.y)) if isinstance(frame.y, tuple) else own(frame.y)
    sides = {name: own(getattr(frame, name)) for name in ("offset", "weights", "freq_weights")}
    lone = replace(settings, chunk=None, sharding=None, progress=None)
    return fit_data(Stacked(frame, 1, frame.X, y, **sides), lone)


def _suspicious(data: Stacked | Ragged, numbers: Numbers) -> np.ndarray:
    """Mask (B,) of the members whose columns may depend on each other. Of infinite estimates the solver says that they
    are infinite, whatever else is wrong; so where designs differ all that failed are looked at."""
    if data.shared and data.weights is None and data.freq_weights is None:  # type: ignore[union-attr]
        return numbers.status == Status.SINGULAR
    return ~np.isin(numbers.status, (Status.CONVERGED, Status.INVALID_DATA))


def _narrow(data: Stacked | Ragged, index: np.ndarray, kept: list[np.ndarray]) -> Ragged:
    """Some members with some of their columns each, as ragged data."""
    frames = [data.frame(int(i)) for i in index]
    join = lambda parts: None if parts[0] is None else np.concatenate(parts)  # noqa: E731
    y: Any = [f.y for f in frames]
    y = tuple(map(np.concatenate, zip(*y, strict=True))) if isinstance(y[0], tuple) else np.concatenate(y)
    sides = {name: join([getattr(f, name) for f in frames]) for name in ("offset", "weights", "freq_weights")}
    X = np.concatenate([f.X[:, k] for f, k in zip(frames, kept, strict=True)])
    ends = np.concatenate([[0], np.cumsum([len(f.X) for f in frames])])
    return Ragged(replace(frames[0], y=y, X=X, rows=np.arange(len(X)), **sides), np.arange(len(X)), ends)
