"""HOST: rows that a fit is asked about, and the designs and linear predictors of every parameter there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..frame import Sides
from ..programs import forward_link


@dataclass(frozen=True)
class Data:
    """Columns by name, as the encoder of a fit reads them, and what they do not tell of their rows."""

    columns: Mapping[str, Any]
    offset: Any  # (n,) that is added to what the columns say, or None
    counted: np.ndarray  # how often each row counts in an average (n,)

    @property
    def n(self) -> int:
        return len(self.counted)

    def changed(self, **columns: Any) -> "Data":
        """The same rows with other values in some columns."""
        return replace(self, columns={**self.columns, **columns})


class Predictors(NamedTuple):
    """For each parameter of the family that has a predictor: its design (n, p_k), its offset, which of the fit's
    estimates are its coefficients, and eta_k = X_k beta_k + offset_k (n,)."""

    names: tuple[str, ...]
    designs: tuple[np.ndarray, ...]
    offsets: tuple[Any, ...]
    places: tuple[np.ndarray, ...]
    eta: tuple[np.ndarray, ...]


def data_of(fit: Any, new: Any = None, offset: Any = None) -> Data:
    """The rows of the fit, or new ones: a frame for a formula model, the design (n, p) for a model of arrays.

    offset: (n,), added to the first predictor. Raises: ValueError where the fit has an array as offset and new rows
    come without one, and where an observation is not one row.
    """
    fit.family.check_single("effects")
    return _data_of(fit, new, offset)


def _data_of(fit: Any, new: Any, offset: Any) -> Data:
    if new is None:
        columns, counted = fit.frame.columns, np.asarray(fit.counted, float)
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
    encoded = {name: part.encoded(data.columns) for name, part in parts_of(fit).items()}
    return _assembled(fit, data.n, encoded, data.offset)


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
