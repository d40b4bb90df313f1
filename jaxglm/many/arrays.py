"""HOST: the arrays of many data sets, stacked or in lists, checked: responses, designs and what stands beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..families import Family
from ..frame import ModelFrame, Part
from ..frame.arrays import ArrayEncoder, check_names, has_constant
from ..frame.numeric import host, numeric
from ..frame.response import read_classes
from .blocks import Given
from .data import Ragged, Stacked


class GivenResponse(NamedTuple):
    """The parts of a response as they were given, and how they are read."""

    parts: tuple[Any, ...]  # y, or successes and trials, or bounds
    reading: str  # "numbers", "classes" or "bounds"

    @classmethod
    def of(cls, Y: Any, trials: Any, family: Family) -> "GivenResponse":
        """Raises: ValueError where the family takes no such response."""
        support: Any = family.support
        reading = support.reading
        parts = Y if isinstance(Y, tuple) else (Y,)
        if reading == "numbers" and len(parts) == 1 and trials is not None:
            parts = (*parts, trials)
        elif trials is not None:
            raise ValueError(f"trials= is for one response of family='binomial'; Y of {family.name} needs none beside "
                             "it. Leave out trials=.")
        if reading == "bounds" and len(parts) > len(support.parts):
            raise ValueError(f"Y of {family.name} has {len(parts)} parts; they are {', '.join(support.parts)}.")
        if reading == "bounds" or len(parts) == 1 or (support.pairs and len(parts) == 2):
            return cls(parts, reading)
        if support.pairs:
            raise ValueError(f"Y of {family.name} is one response or a pair (successes, trials); it has {len(parts)} "
                             "parts.")  # fmt: skip
        raise ValueError(f"{family.name} takes one response; trials and (successes, trials) are for family='binomial'.")

    @property
    def ragged(self) -> bool:
        """Whether members differ in their number of rows."""
        first = self.parts[0]
        return isinstance(first, list) and len({np.size(y) for y in first}) > 1

    def read(self, one: Callable, used: np.ndarray | None) -> tuple[Any, tuple[str, ...]]:
        """y and the names of its classes. one: (values, name, reader) -> an array of all members; used: true where an
        observation counts."""
        if self.reading != "classes":
            names = ("Y", *(("trials",) if self.reading == "numbers" else ("Y", "Y")))
            values = [one(part, name, numeric) for part, name in zip(self.parts, names, strict=False)]
            return (tuple(values) if len(values) > 1 else values[0]), ()
        labels: Any = one(self.parts[0], "Y", host)
        if used is not None:
            labels = np.where(used, labels.astype(object), None)
        read = read_classes(labels.ravel(), "Y")
        return read.values.reshape(labels.shape), read.levels


@dataclass(frozen=True)
class Designs:
    """Designs by parameter as they were given; one alone is under no name."""

    given: dict[str, Any]
    names: Any

    @classmethod
    def of(cls, X: Any, names: Any) -> "Designs":
        if isinstance(X, dict) and not X:
            raise ValueError("X is an empty dict; it needs a design for the first parameter, such as {'mu': X}.")
        made = cls(X if isinstance(X, dict) else {"": X}, names)
        for key in set(names) - set(made.given) if isinstance(names, dict) else ():
            known = ", ".join(made.given) if isinstance(X, dict) else "one, and names= a list"
            raise ValueError(f"names has {key!r}, but there is no such design; X has {known}.")
        return made

    def label(self, parameter: str) -> str:
        return f"X[{parameter!r}]" if parameter else "X"

    def read(self, one: Callable) -> dict[str, np.ndarray]:
        """one: (values, label) -> an array of all members, whose last axis is that of the columns."""
        return {k: one(values, self.label(k)) for k, values in self.given.items()}

    def columns(self, parameter: str, p: int) -> tuple[str, ...]:
        """Names of the p columns of one design."""
        names = self.names if isinstance(self.names, dict) else {next(iter(self.given)): self.names}
        return check_names(names.get(parameter), p)


def read_batch(family: Family, X, Y, names, sides: dict, mask) -> Stacked | Ragged:
    """The data sets of a batch as they were given to `fit_batch`. Raises: ValueError where shapes do not fit."""
    response = GivenResponse.of(Y, sides["trials"], family)
    beside = {k: v for k, v in (sides | {"mask": mask}).items() if v is not None and k != "trials"}
    read = _ragged if response.ragged else _stacked
    return read(Designs.of(X, names), response, beside)


def _stacked(designs: Designs, response: GivenResponse, beside: dict) -> Stacked:
    B, n = _shape(response)
    side = {k: as_side(v, k, B, n) for k, v in beside.items()}
    y, levels = response.read(lambda values, name, reader: _like_y(values, name, reader, B, n), side.get("mask"))
    side, found = _without_masked(side, designs.read(as_rectangle))
    for k, X in found.items():
        _check_design(X, designs.label(k), B, n)
    offset = _offset(side)
    pattern = _pattern({k: X if X.ndim == 2 else X[0] for k, X in found.items()}, designs, offset is not None, levels)
    given = tuple(Given(X, None if j else offset) for j, X in enumerate(found.values()))
    return Stacked(pattern, B, given, y, side.get("weights"), side.get("freq_weights"))


def _shape(response: GivenResponse) -> tuple[int, int]:
    """Members and rows."""
    shape = as_rectangle(response.parts[0], "Y", host).shape
    if len(shape) != 2:
        hint = " For one response use GLM, or Y[None, :]." if len(shape) == 1 else ""
        raise ValueError(f"Y must be two-dimensional, members by rows; its shape is {shape}.{hint}")
    if not all(shape):
        raise ValueError(f"Y is empty: its shape is {shape}.")
    return shape


def _like_y(values, name: str, reader: Callable, B: int, n: int) -> np.ndarray:
    """A part of the response (B, n)."""
    if name == "trials":
        return np.broadcast_to(as_side(values, name, B, n), (B, n))
    array = as_rectangle(values, name, reader)
    if array.shape != (B, n):
        raise ValueError(f"the parts of Y must have one shape, {(B, n)}; one has {array.shape}.")
    return array


def as_rectangle(values, name: str, reader: Callable = numeric) -> np.ndarray:
    if isinstance(values, list) and values:
        parts = [reader(v, name) for v in values]
        shapes = {a.shape for a in parts}
        if len(shapes) > 1:
            raise ValueError(f"{name} is a list of arrays of several shapes, but the members of Y have one length: "
                             f"{', '.join(map(str, sorted(shapes)))}.")
        return np.stack(parts)
    return reader(values, name)


def _check_design(X: np.ndarray, label: str, B: int, n: int) -> None:
    if X.ndim == 2 and X.shape[0] == n and X.shape[1]:
        if not np.isfinite(X).all():
            raise ValueError(f"{label} must be finite: all members share it. Drop or mask the rows that are not.")
        return
    if X.ndim != 3 or X.shape[:2] != (B, n) or not X.shape[2]:
        raise ValueError(f"{label} must be (n, p) or (B, n, p) with B = {B} and n = {n} of Y; its shape is {X.shape}.")


def as_side(values, name: str, B: int, n: int) -> np.ndarray:
    """A side array as (n,) or (B, n), checked; a missing value makes its member invalid."""
    array = as_rectangle(values, name)
    if array.ndim == 0:
        array = np.full(n, float(array))
    if array.shape not in ((n,), (B, n)):
        raise ValueError(f"{name} must be ({n},) or ({B}, {n}); its shape is {array.shape}.")
    _check_sign(array, name)
    return array


def _check_sign(array: np.ndarray, name: str) -> None:
    if name == "mask" and np.isnan(array).any():
        raise ValueError(f"mask must be true or false; {np.isnan(array).sum()} of {array.size} values are missing.")
    bad = array <= 0 if name == "exposure" else array < 0
    if name in ("exposure", "weights", "freq_weights", "trials") and bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        need = "> 0" if name == "exposure" else ">= 0"
        raise ValueError(f"{name} must be {need}; {bad.sum()} of {bad.size} values are not "
                         f"(first: position {where}, {array[where]:g}).")


def _offset(side: dict[str, np.ndarray]) -> np.ndarray | None:
    logged = [np.log(side["exposure"])] if "exposure" in side else []
    parts = [a for a in (side.get("offset"), *logged) if a is not None]
    return sum(parts[1:], parts[0]) if parts else None


def _without_masked(side: dict, designs: dict) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Side arrays and designs in which masked rows count zero times and hold nothing that is not finite."""
    if "mask" not in side:
        return side, designs
    used = side["mask"] != 0
    kept = {name: _where(used, values) for name, values in side.items() if name in ("offset", "weights")}
    kept["freq_weights"] = np.where(used, side.get("freq_weights", 1.0), 0.0)
    return side | kept, {k: _where(_rows(used, X)[..., None], X) for k, X in designs.items()}


def _rows(used: np.ndarray, X: np.ndarray) -> Any:
    """The rows of a design that are used, by some member where all share it."""
    return np.any(used, axis=0) if used.ndim == 2 and X.ndim == 2 else used


def _where(used, values: np.ndarray) -> np.ndarray:
    return values if np.isfinite(values).all() else np.where(used | np.isfinite(values), values, 0.0)


def _pattern(found: dict[str, np.ndarray], designs: Designs, needs_offset: bool, levels: tuple[str, ...]) -> ModelFrame:
    """The frame that every member's is like."""
    named = {k: designs.columns(k, X.shape[1]) for k, X in found.items()}
    (first, X), *others = found.items()
    further = tuple(Part(k, Z, named[k], None, ArrayEncoder(named[k]), has_constant(Z)) for k, Z in others)
    return ModelFrame(np.empty(0), X, named[first], None, None, None, 0, np.arange(len(X)), "numpy", None, "y",
                      ArrayEncoder(named[first], needs_offset), has_constant(X), None, further, levels)


def _ragged(designs: Designs, response: GivenResponse, beside: dict) -> Ragged:
    lengths = [len(y) for y in response.parts[0]]
    for k, given in designs.given.items():
        if not isinstance(given, list | tuple) or len(given) != len(lengths):
            raise ValueError(f"Y is a list of {len(lengths)} members of different lengths; {designs.label(k)} must be "
                             "a list of as many matrices.")
    side = {k: as_long(v, k, lengths) for k, v in beside.items()}
    y, levels = response.read(lambda values, name, reader: as_long(values, name, lengths, reader), side.get("mask"))
    found = designs.read(lambda values, label: as_long(values, label, lengths))
    for name, values in side.items():
        _check_sign(values, name)
    side, found = _without_masked(side, found)
    offset = _offset(side)
    pattern = _pattern(found, designs, offset is not None, levels)
    constant = [has_constant(X[: lengths[0]]) if lengths[0] else has_constant(X) for X in found.values()]
    further = tuple(replace(p, has_intercept=c) for p, c in zip(pattern.further, constant[1:], strict=True))
    whole = replace(pattern, y=y, offset=offset, weights=side.get("weights"), freq_weights=side.get("freq_weights"),
                    has_intercept=constant[0], further=further)
    return Ragged(whole, np.arange(sum(lengths)), np.concatenate([[0], np.cumsum(lengths)]))


def as_long(parts, name: str, lengths: list[int], reader: Callable = numeric) -> np.ndarray:
    if not isinstance(parts, list | tuple) or len(parts) != len(lengths):
        raise ValueError(f"{name} must be a list of {len(lengths)} arrays, one for each member, as Y is.")
    arrays = [reader(part, name) for part in parts]
    _check_sizes(arrays, name, lengths)
    return np.concatenate(arrays)


def _check_sizes(arrays: Sequence[np.ndarray], name: str, lengths: list[int]) -> None:
    widths = {a.shape[1:] for a in arrays}
    if len(widths) > 1:
        raise ValueError(f"{name} must have the same columns in every member; shapes end in {sorted(widths)}.")
    for i, (array, n) in enumerate(zip(arrays, lengths, strict=True)):
        if len(array) != n:
            raise ValueError(f"member {i}: {name} has {len(array)} rows, but Y has {n}.")
