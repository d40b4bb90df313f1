"""HOST: rows that a fit is asked about, and the designs and linear predictors of every parameter there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..frame import Sides
from ..frame.sets import Sets
from ..programs import forward_link


@dataclass(frozen=True)
class Choice:
    """Rows that are the alternatives of choices: each is changed by itself, among the others of its set as they are."""

    sets: Sets
    others: Mapping[str, Any]  # the columns of the others
    whole: frozenset[str]  # columns that tell of the one who chooses, the same in all rows of a set: they change in all

    def changed(self, columns: Mapping[str, Any]) -> "Choice":
        return replace(self, others={**self.others, **{k: v for k, v in columns.items() if k in self.whole}})


@dataclass(frozen=True)
class Data:
    """Columns by name, as the encoder of a fit reads them, and what they do not tell of their rows."""

    columns: Mapping[str, Any]
    offset: Any  # (n,) that is added to what the columns say, or None
    counted: np.ndarray  # how often each row counts in an average (n,)
    choice: Choice | None = None  # where an observation is a set of rows

    @property
    def n(self) -> int:
        return len(self.counted)

    def changed(self, **columns: Any) -> "Data":
        """The same rows with other values in some columns."""
        choice = None if self.choice is None else self.choice.changed(columns)
        return replace(self, columns={**self.columns, **columns}, choice=choice)


class Predictors(NamedTuple):
    """For each parameter of the family that has a predictor: its design (n, p_k), its offset, which of the fit's
    estimates are its coefficients, and eta_k = X_k beta_k + offset_k (n,). Where a row is one of K alternatives the
    first has those of all of them, (n, K, p) and (n, K), and `alternative` is the row's number among them and K."""

    names: tuple[str, ...]
    designs: tuple[np.ndarray, ...]
    offsets: tuple[Any, ...]
    places: tuple[np.ndarray, ...]
    eta: tuple[np.ndarray, ...]
    alternative: tuple[np.ndarray, np.ndarray] | None = None


def data_of(fit: Any, new: Any = None, offset: Any = None, sets: Any = None) -> Data:
    """The rows of the fit, or new ones: a frame for a formula model, the design (n, p) for a model of arrays.

    offset: (n,), added to the first predictor. sets: of new rows, see `sets_of`. Raises: ValueError where the fit has
    an array as offset and new rows come without one, and where a row is in no set.
    """
    data = _data_of(fit, new, offset)
    if fit.family.tied is None:
        check_no_sets(fit, sets)
        return data
    known = sets_of(fit, new, sets, data.n)
    if (lost := known.code < 0).any():
        raise ValueError(f"sets must not be missing; {lost.sum()} of {data.n} rows have none (first: row "
                         f"{np.argmax(lost)}). Drop these rows.")
    return replace(data, choice=Choice(known, data.columns, _of_choosers(fit)))


def sets_of(fit: Any, new: Any, sets: Any, n: int) -> Sets:
    """The sets of the n rows of the fit, or of new ones. Raises: ValueError where only the caller can know them."""
    known = fit.frame.sets
    if new is None and sets is None:
        return known
    if sets is not None:
        return Sets.of(new, sets, n)
    if known.name is None:
        raise ValueError("the fit was given its sets as an array, which only the caller can extend: pass sets= for the "
                         "new rows.")
    return Sets.of(new, known.name, n)


def check_no_sets(fit: Any, sets: Any) -> None:
    """Raises ValueError where sets are given to a fit whose observations are single rows."""
    if sets is not None:
        raise ValueError(f"sets= is for choices among rows; an observation of {fit.family_name} is one row.")


def _of_choosers(fit: Any) -> frozenset[str]:
    """The columns that are the same in all rows of every set of the fit."""
    import pandas as pd

    codes = {name: pd.factorize(np.asarray(column))[0] for name, column in fit.frame.columns.items()}
    return frozenset(name for name, code in codes.items() if not fit.frame.sets.contrasts(code).any())


def _data_of(fit: Any, new: Any, offset: Any) -> Data:
    if new is None:
        columns, counted = fit.frame.columns, np.asarray(fit.frame.of_rows(fit.counted), float)
        known, whole = fit.frame.part("").encoded(columns)[1], fit.frame.offset
        extra = whole if whole is None or known is None else whole - known
        return Data(columns, _sum(extra, Sides.read(len(counted), offset=offset).offset), counted)
    check_offset(fit, offset)
    columns = new_columns(fit, new)
    n = len(next(iter(columns.values()), ()))
    return Data(columns, Sides.read(n, offset=offset).offset, np.ones(n))


def new_columns(fit: Any, new: Any) -> dict[str, Any]:
    """Columns of new data by name. Raises: ValueError where arrays for several parameters are not a mapping of them."""
    first, *others = parts_of(fit).items()
    if first[1].formula is not None or not others:
        return {k: v for _, part in (first, *others) for k, v in part.columns(new).items()}
    wanted = [first[0], *(name for name, _ in others)]
    if not isinstance(new, Mapping) or not set(wanted) <= set(new):
        raise ValueError(f"new must be a dict of designs for {', '.join(wanted)}, as the model was fitted with.")
    return {k: v for name, part in (first, *others) for k, v in part.columns(new[name]).items()}


def parts_of(fit: Any) -> dict[str, Any]:
    """The designs that the model was given, by parameter."""
    return {fit.family.parameters[0]: fit.frame.part("")} | {part.parameter: part for part in fit.frame.further}


def check_offset(fit: Any, offset: Any) -> None:
    """Raises ValueError where only the caller can know the offset of new rows and does not give it."""
    if offset is None and fit.frame.encode.needs_offset:
        raise ValueError("the model was fitted with an array as offset or exposure: pass offset= for the new rows.")


def predictors_at(fit: Any, data: Data) -> Predictors:
    """Designs and linear predictors of these rows."""
    found = _encoded(fit, data, data.columns)
    if data.choice is None:
        return found
    others = data.choice.others
    return _among(found, found if others is data.columns else _encoded(fit, data, others), data.choice.sets)


def _encoded(fit: Any, data: Data, columns: Mapping[str, Any]) -> Predictors:
    encoded = {name: part.encoded(columns) for name, part in parts_of(fit).items()}
    return _assembled(fit, data.n, encoded, data.offset)


def _among(own: Predictors, others: Predictors, sets: Sets) -> Predictors:
    """The rows with the first predictor of all alternatives: their own beside those of the others."""
    n = len(sets.code)

    def wide(mine, theirs):
        found = sets.side_by_side(np.broadcast_to(theirs, (n, *np.shape(theirs)[1:])))[sets.code]
        found[np.arange(n), sets.place] = mine
        return found

    pairs = {name: (getattr(own, name), getattr(others, name)) for name in ("designs", "offsets", "eta")}
    first = {name: (wide(mine[0], theirs[0]), *mine[1:]) for name, (mine, theirs) in pairs.items()}
    return own._replace(**first, alternative=(sets.place.astype(float), sets.sizes[sets.code].astype(float)))


def predictors_of(fit: Any, new: Any = None, offset: Any = None) -> Predictors:
    """As `predictors_at`, of new rows or of those of the fit, whose designs are there already; offset (n,) is added."""
    if new is not None:
        return predictors_at(fit, _data_of(fit, new, offset))
    n, encoded = len(fit.frame.X), {name: (part.X, part.offset) for name, part in parts_of(fit).items()}
    return _assembled(fit, n, encoded, Sides.read(n, offset=offset).offset)


def _assembled(fit: Any, n: int, encoded: Mapping[str, tuple[np.ndarray, Any]], offset: Any) -> Predictors:
    """A parameter without a design of its own has that of the first, or is one number for all rows."""
    first, start, parts = fit.family.parameters[0], 0, {}
    for p in fit.parts:
        own = first if p.parameter not in encoded else p.parameter
        X, known = (np.broadcast_to(1.0, (n, 1)), None) if p.shared else encoded[own]
        total = _sum(known, offset) if own == first and not p.shared else known
        parts[p.parameter] = _predictor(fit, X[:, p.basis.kept], total, np.arange(start, start + p.rank))
        start += p.rank
    parts |= {k: _dispersion(fit, k, n, start) for k in fit.family.predictors if k not in parts}
    names = fit.family.predictors
    return Predictors(names, *(tuple(column) for column in zip(*(parts[k] for k in names), strict=True)))


def _predictor(fit: Any, X: np.ndarray, offset: Any, place: np.ndarray) -> tuple:
    offset = 0.0 if offset is None else offset
    return X, offset, place, X @ fit._estimates[place] + offset


def _dispersion(fit: Any, name: str, n: int, place: int) -> tuple:
    """The dispersion outside the fit of the mean: the last estimate if that is by maximum likelihood, else a number."""
    if len(fit._estimates) > place:
        return _predictor(fit, np.broadcast_to(1.0, (n, 1)), None, np.arange(place, place + 1))
    eta = float(forward_link(fit.family.link_of(name), np.asarray(fit.dispersion)))
    return _predictor(fit, np.empty((n, 0)), eta, np.arange(0))


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other
