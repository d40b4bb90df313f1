"""HOST: the linear predictors of a model: which parameter has which columns, and the basis the solver sees of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .basis import Basis, comfortable, find_basis, unchanged
from .families import Family
from .frame import ModelFrame, Part
from .frame.tables import near
from .links import Fixed, Identity
from .problem import Problem
from .programs import build_problem

ALONE = Basis(np.ones((0, 1)), None, np.arange(1))  # of a value that all rows share: no columns are stored


@dataclass(frozen=True)
class Predictor:
    """One linear predictor. part: its columns; None where all rows share one value."""

    parameter: str
    part: Part | None
    basis: Basis
    names: tuple[str, ...]  # of its coefficients, as users see them

    @property
    def rank(self) -> int:
        return len(self.basis.kept)

    @property
    def shared(self) -> bool:
        return self.part is None

    @property
    def constant(self) -> bool:
        """Whether it can be any one value for all rows."""
        return self.part is None or self.part.has_intercept

    @property
    def aliased(self) -> tuple[str, ...]:
        """Columns without a coefficient, because they depend on earlier ones."""
        kept = set(self.basis.kept.tolist())
        return tuple(n for i, n in enumerate(self.names) if i not in kept)

    def columns(self) -> tuple[np.ndarray, np.ndarray | None] | None:
        """What the solver sees: independent columns (n, rank) and the offset; None where all rows share one value."""
        return None if self.part is None else (self.basis.columns, self.part.offset)


def find_predictors(
    frame: ModelFrame, family: Family, weights: np.ndarray | None = None, *, suspicious: bool = False,
    trusted: bool = False,
) -> tuple[Predictor, ...]:  # fmt: skip
    """The predictors of the family's free parameters, in order. `suspicious` looks at the columns more closely; those
    that are `trusted` are taken as they are."""
    designs = [part.X for part in frame.parts]
    if trusted:
        return predictors_on(frame, family, [unchanged(X) for X in designs])
    return predictors_on(frame, family, find_bases(designs, family, weights, suspicious=suspicious))


def find_bases(
    designs: Sequence[np.ndarray], family: Family, weights: np.ndarray | None = None, *, suspicious: bool = False
) -> list[Basis]:
    """Bases of the design of the first formula and of those of further ones, each (n, p)."""
    return [basis_for(family, k, X, weights, suspicious=suspicious) for k, X in enumerate(designs)]


def basis_for(family: Family, place: int, X: np.ndarray, weights=None, *, suspicious: bool = False) -> Basis:
    """Basis of a design; of the first one, 0, beside a constant where parameters of the family stand for it."""
    basis = find_basis(X, weights, suspicious=suspicious)
    return _beside_constant(X, weights, basis) if family.absorbs_intercept and place == 0 else basis


def predictors_on(frame: ModelFrame, family: Family, bases: Sequence[Basis]) -> tuple[Predictor, ...]:
    """The predictors of the family's free parameters, in order, on a basis for each of the designs of the frame."""
    given, places = frame.parts, placed(family, frame.modelled)
    several, made = places.count(0) > 1, []
    for k, at in zip(family.predictors, places, strict=True):
        if at is None:
            made.append(Predictor(k, None, ALONE, (shared_name(family, k),)))
            continue
        plain = at == 0 and not several
        names = given[at].names if plain else tuple(f"{k}: {name}" for name in given[at].names)
        part = frame.part(k) if at == 0 else replace(given[at], parameter=k)
        made.append(Predictor(k, part, bases[at], names))
    return tuple(made)


def problem_on(frame: ModelFrame, family: Family, parts: Sequence[Predictor], y: Any, weights: Any) -> Problem:
    """The padded problem of a frame on these predictors, from what the likelihood sees of the response."""
    X, offset = frame.side_by_side(parts[0].basis.columns), frame.side_by_side(frame.offset)
    return build_problem(family, X, y, offset, weights, [p.columns() for p in parts[1:]])


def placed(family: Family, further: Sequence[str]) -> tuple[int | None, ...]:
    """Which design each predictor has: 0 is that of the first formula, 1, 2, ... are those of the `further` parameters;
    None where all rows share one value."""
    own = {name: k for k, name in enumerate(further, 1)}
    place = dict.fromkeys((family.predictors[0], *family.regressed), 0) | own
    return tuple(place.get(name) for name in family.predictors)


def _beside_constant(X, weights, basis: Basis) -> Basis:
    """The basis without columns that depend on a constant and earlier ones."""
    wide = np.column_stack([np.ones(len(X)), X])
    if comfortable(wide, weights):
        return basis
    wide = find_basis(wide, weights, suspicious=True)
    kept = wide.kept[wide.kept > 0] - 1
    return basis if len(kept) == len(basis.kept) else replace(find_basis(X[:, kept], weights), kept=kept)


def shared_name(family: Family, parameter: str) -> str:
    """Name of the coefficient of a parameter that all rows share, on the scale of its link: log(alpha)."""
    link = family.link_of(parameter)
    return parameter if isinstance(link, Identity) else f"{type(link).__name__.lower()}({parameter})"


def check_parameters(frame: ModelFrame, family: Family, first: str | None) -> None:
    """Raises ValueError unless each design belongs to a free parameter of the family, the first to its first."""
    given = ((first,) if first is not None else ()) + frame.modelled
    known = family.parameters
    for name in given:
        if name not in known:
            raise ValueError(f"{family.name} has no parameter {name!r}.{near(name, known)} It has: {', '.join(known)}.")
        if isinstance(family.link_of(name), Fixed):
            raise ValueError(f"{name} of {family.name} is fixed, but has a formula. Leave out one of them.")
    if first is not None and first != known[0]:
        raise ValueError(f"the first formula, that with the response, must be of {known[0]!r}, the first parameter of "
                         f"{family.name}; it is of {first!r}.")


def outward(predictors: Iterable[Predictor], values: np.ndarray) -> np.ndarray:
    """Coefficients (P, ...) of the columns as given, from those of the bases: theta, or columns of vectors."""
    return _each(predictors, values, lambda p, part: p.basis.to_beta(part))


def inward(predictors: Iterable[Predictor], values: np.ndarray) -> np.ndarray:
    """Coefficients (P, ...) in the bases of the solver: the inverse of `outward`."""
    return _each(predictors, values, lambda p, part: p.basis.from_beta(part))


def _each(predictors, values: np.ndarray, change) -> np.ndarray:
    predictors = tuple(predictors)
    if len(predictors) == 1:  # splitting and joining takes 25 us of a small fit
        return change(predictors[0], np.asarray(values))
    ends = np.cumsum([p.rank for p in predictors])
    parts = np.split(np.asarray(values), ends[:-1])
    return np.concatenate([change(p, part) for p, part in zip(predictors, parts, strict=True)])


def present(predictors: Iterable[Predictor]) -> np.ndarray:
    """Positions of the coefficients that exist among all names."""
    starts, found = 0, []
    for p in predictors:
        found.append(starts + p.basis.kept)
        starts += len(p.names)
    return np.concatenate(found)


def with_basis(predictor: Predictor, part: Part, basis: Basis) -> Predictor:
    """The predictor with other columns."""
    return replace(predictor, part=part, basis=basis, names=part.names)
