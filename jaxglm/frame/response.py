"""The response: numbers, two named levels coded 0 and 1, or successes with their trials."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .base import Pair, check_successes
from .numeric import NUMBERS, all_finite, counted, host, is_missing, is_number, numeric, vector

PAIR = ("successes", "trials")


class Counts(NamedTuple):
    """What cbind(successes, failures) means on the left of a formula."""

    successes: Any
    failures: Any


@dataclass(frozen=True)
class Response:
    values: Any  # (n,), or a tuple of such
    success: str | None = None
    levels: tuple[str, ...] = ()  # names of the classes, where y holds their numbers
    parts: tuple[str, ...] = PAIR  # names of the arrays of a tuple
    complete: bool = False  # whether it is known that no value is missing

    def columns(self, name: str) -> dict[str, np.ndarray]:
        if isinstance(self.values, tuple):
            return dict(zip(self.parts, self.values, strict=True))
        return {name: self.values}

    def at(self, rows: np.ndarray) -> Any:
        if isinstance(self.values, tuple):
            return tuple(values[rows] for values in self.values)
        return self.values[rows]


def read_response(y: Any, trials: np.ndarray | None, name: str, rows: np.ndarray | None = None, *,
                  reading: str = "numbers") -> Response:
    """The response as float64; raises ValueError for text of other than two levels, infinite values, wrong trials.

    y: numbers, booleans, values of two levels, a tuple (successes, trials) of arrays, or Counts.
    rows: positions of the values in the data that the user knows, for messages.
    reading: "numbers"; "classes", whose labels become numbers; "bounds", a tuple of arrays that say between which
    bounds the response is.
    """
    if reading == "classes":
        return read_classes(y, name)
    if reading == "bounds":
        return _read_bounds(y, name)
    if isinstance(y, Bounds):
        raise ValueError(f"{name}: of the responses Surv(...) and between(...) only bounds are known; wrap the family, "
                         "as in family=jaxglm.censored(jaxglm.Weibull()).")
    if trials is not None and _is_pair(y):
        raise ValueError(f"{name} holds the trials already; leave out trials=.")
    if not _is_pair(y) and trials is None:
        values, success = coded(y, name)
        return Response(values, success, complete=_check_finite(values, name, rows))
    pair = _pair(y, trials, name)
    check_successes(*pair, rows)
    complete = [_check_finite(values, column, rows) for column, values in zip(PAIR, pair, strict=True)]
    return Response(pair, complete=all(complete))


def _read_bounds(y: Any, name: str) -> Response:
    """(time, event), (time, event, end) or (lower, upper) as given; what they mean is the family's to say. Bounds may
    be infinite."""
    if not isinstance(y, tuple):
        return Response(*coded(y, name))
    values = tuple(vector(part, f"part {k} of {name}") for k, part in enumerate(y, 1))
    for k, part in enumerate(values[1:], 2):
        if len(part) != len(values[0]):
            raise ValueError(f"part {k} of {name} has {len(part)} values, but the first has {len(values[0])}.")
    return Response(values, parts=tuple(f"part {k} of {name}" for k in range(1, len(values) + 1)))


class Bounds(tuple):
    """What is known of a response between bounds, by a word on the left of a formula."""


def surv(time: Any, event: Any, *end: Any) -> Bounds:
    """What Surv(time, event) means on the left of a formula."""
    return Bounds((time, event, *end))


def between(lower: Any, upper: Any) -> Bounds:
    """What between(lower, upper) means on the left of a formula."""
    return Bounds((lower, upper))


def read_classes(y: Any, name: str) -> Response:
    """Numbers 0, 1, ... of the classes of y and their names: in declared order, or sorted. A missing value is NaN.

    Raises ValueError for fewer than two classes, for a declared one that does not occur, and for values that look
    continuous.
    """
    declared = getattr(getattr(y, "dtype", None), "categories", None)
    values = host(y, name)
    if values.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, a class for each row; its shape is {values.shape}.")
    plain = declared is None and values.dtype.kind in NUMBERS
    codes, levels, present = _of_numbers(values) if plain else _of_labels(values.tolist(), declared)
    _check_classes(levels, present, name, int(np.sum(~np.isnan(codes))))
    return Response(codes, None, tuple(_word_of(level) for level in levels))


def _of_numbers(values: np.ndarray) -> tuple[np.ndarray, list, set]:
    """Codes, levels, and the levels that occur, of numbers, without a loop over them."""
    levels, codes = np.unique(values, return_inverse=True)
    codes = codes.astype(float)
    codes[np.isnan(values)] = np.nan
    known = levels[~np.isnan(levels)].tolist()
    return codes, known, set(known)


def _of_labels(values: list, declared: Any) -> tuple[np.ndarray, list, set]:
    present = {v for v in set(values) if not is_missing(v)}
    levels = _sorted(present) if declared is None else list(declared)
    position = {level: k for k, level in enumerate(levels)}
    return np.array([position.get(v, np.nan) for v in values], float), levels, present


def _sorted(values: set) -> list:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _word_of(level: Any) -> str:
    return f"{level:g}" if is_number(level) and not isinstance(level, bool) else str(level)


def _check_classes(levels: list, present: set, name: str, n: int) -> None:
    never = [level for level in levels if level not in present]
    if never:
        raise ValueError(f"no row of {name} is of class {never[0]!r}: it has no probability to estimate. Drop "
                         "the level that does not occur.")
    if len(levels) < 2:
        raise ValueError(f"{name} has {len(levels)} class{'es' * (len(levels) != 1)}; a model of classes needs two.")
    if len(levels) > 100 and 2 * len(levels) > n:
        raise ValueError(f"{name} has {len(levels)} different values in {n} rows: these are not classes. Use a family "
                         "for numbers, or cut the values into classes.")


def _is_pair(y: Any) -> bool:
    return isinstance(y, Counts) or (isinstance(y, tuple) and len(y) == 2 and all(np.ndim(part) > 0 for part in y))


def _pair(y: Any, trials: np.ndarray | None, name: str) -> Pair:
    if trials is not None:
        return vector(y, name, len(trials)), trials
    successes = vector(y[0], f"successes of {name}")
    other = vector(y[1], f"failures of {name}" if isinstance(y, Counts) else f"trials of {name}", len(successes))
    return successes, successes + other if isinstance(y, Counts) else other


def _check_finite(values: np.ndarray, name: str, rows: np.ndarray | None) -> bool:
    """Whether no value is missing; raises ValueError for infinite ones."""
    if all_finite(values):
        return True
    if (infinite := np.isinf(values)).any():
        raise ValueError(f"{name} must be finite; {counted(infinite, values, name, rows)} not.")
    return False


def coded(y: Any, name: str) -> tuple[np.ndarray, str | None]:
    """Values as float64, and the level that was coded 1 (the second of two, as in R) if they were not numbers."""
    dtype = getattr(y, "dtype", None)
    declared = type(dtype).__name__ in ("CategoricalDtype", "Enum")  # a polars Categorical has no order of its own
    values = host(y, name)
    if values.ndim == 2 and values.shape[1] == 2:
        raise ValueError(f"{name} must be one-dimensional; its shape is {values.shape}. For counts of successes pass "
                         "the tuple (successes, trials).")
    if values.dtype.kind == "b":
        return vector(values, name), "True"
    if not declared and values.dtype.kind not in "OUS":
        return vector(values, name), None
    return _from_levels(values, list(getattr(dtype, "categories", [])) if declared else None, name)


def _from_levels(values: np.ndarray, declared: list | None, name: str) -> tuple[np.ndarray, str | None]:
    values = values.astype(object)
    present = [value for value in values.ravel() if not is_missing(value)]
    if declared is None and all(is_number(value) for value in present):
        booleans = bool(present) and all(isinstance(value, (bool, np.bool_)) for value in present)
        return vector(numeric(values, name), name), "True" if booleans else None
    _, success = _two_levels(present, declared, name)
    codes = [np.nan if is_missing(value) else float(value == success) for value in values]
    return np.array(codes), str(success)


def _two_levels(present: list, declared: list | None, name: str) -> list:
    used = set(present)
    levels = declared if declared is not None else sorted(used, key=str)
    if len(levels) > 2:  # declared but absent levels do not count
        levels = [level for level in levels if level in used]
    if len(levels) == 2:
        return levels
    shown = ", ".join(map(repr, levels[:5])) + (", ..." if len(levels) > 5 else "")
    raise ValueError(f"the response {name} is not numeric and has {len(levels)} level{'s' * (len(levels) != 1)} "
                     f"({shown}); a response of names needs exactly two, of which the second is the success. "
                     f"Give numbers, or a comparison such as {name} == {levels[-1] if levels else 'yes'!r}.")
