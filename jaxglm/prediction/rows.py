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
    come without one.
    """
    if new is None:
        columns, counted = fit.frame.columns, np.asarray(fit.counted, float)
        known, whole = fit.frame.encode(columns)[1], fit.frame.offset
        extra = whole if whole is None or known is None else whole - known
        return Data(columns, _sum(extra, Sides.read(len(counted), offset=offset).offset), counted)
    check_offset(fit, offset)
    columns = fit.frame.encode.columns(new)
    n = len(next(iter(columns.values()), ()))
    return Data(columns, Sides.read(n, offset=offset).offset, np.ones(n))


def check_offset(fit: Any, offset: Any) -> None:
    """Raises ValueError where only the caller can know the offset of new rows and does not give it."""
    if offset is None and fit.frame.encode.needs_offset:
        raise ValueError("the model was fitted with an array as offset or exposure: pass offset= for the new rows.")


def predictors_at(fit: Any, data: Data) -> Predictors:
    """Designs and linear predictors of these rows."""
    first = fit.family.parameters[0]
    X, known = fit.frame.encode(data.columns)
    return _assembled(fit, data.n, {first: (X, _sum(known, data.offset))})


def predictors_of(fit: Any, new: Any = None, offset: Any = None) -> Predictors:
    """As `predictors_at`, of new rows or of those of the fit, whose designs are there already; offset (n,) is added."""
    first = fit.family.parameters[0]
    if new is not None:
        check_offset(fit, offset)
    X, known = (fit.frame.X, fit.frame.offset) if new is None else fit.frame.encode(new)
    added = Sides.read(len(X), offset=offset).offset
    return _assembled(fit, len(X), {first: (X, _sum(known, added))})


def _assembled(fit: Any, n: int, encoded: Mapping[str, tuple[np.ndarray, Any]]) -> Predictors:
    """A parameter without a formula of its own is one number for all rows; a dispersion that has no coefficient is
    known, or follows from the residuals."""
    owners, names = np.asarray(fit.predictors), fit.family.predictors
    parts = []
    for name in names:
        block = np.flatnonzero(owners == name)
        mine = np.flatnonzero(owners[fit._present] == name)
        X, offset = encoded.get(name, (np.broadcast_to(1.0, (n, 1)), None))
        X = X[:, fit._present[mine] - block[0]] if len(block) else np.empty((n, 0))
        if not len(block):
            offset = float(forward_link(fit.family.link_of(name), np.asarray(fit.dispersion)))
        eta = X @ fit._estimates[mine] + (0.0 if offset is None else offset)
        parts.append((X, 0.0 if offset is None else offset, mine, eta))
    return Predictors(names, *(tuple(column) for column in zip(*parts, strict=True)))


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other
