"""Arrays to a ModelFrame: the design is taken as given."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .base import Columns, ModelFrame, Part, Sides, kept_rows
from .numeric import all_finite, numeric
from .response import read_response
from .sets import Sets
from .tables import check_index, frame_kind, numeric_columns


def from_arrays(y: Any, X: Any, *, names: Any = None, offset: Any = None, exposure: Any = None,
                weights: Any = None, freq_weights: Any = None, trials: Any = None, sets: Any = None,
                missing: str = "raise", reading: str = "numbers") -> ModelFrame:
    """The model frame of a response and a design as given (no intercept is added).

    y: (n,) numbers, booleans or values of two levels; or a tuple (successes, trials).
    X: (n, p) numbers, or a data frame of numeric columns; or a dict of such, one for each parameter, the mean first.
    names: p names, by default the frame's or x0, x1, ...; with a dict of designs a dict of such.
    offset: added to the linear predictor. exposure: > 0, its log is added. weights, freq_weights: >= 0.
    sets: a label for each row, where an observation is a set of rows.
    missing: "raise", or "drop" the rows with a missing value anywhere, and their whole sets.
    reading: of y, see `read_response`.
    Raises: ValueError, which names the argument and the first offending row.
    """
    check_index(**{_label(k): v for k, v in _designs(X).items()}, y=y, offset=offset, exposure=exposure,
                weights=weights, freq_weights=freq_weights, trials=trials, sets=sets)
    (_, main), *others = _read_designs(X, names).items()
    matrix, labels, kind = main
    n, p = matrix.shape
    if not n or not p:
        raise ValueError(f"X is empty: its shape is {matrix.shape}. A model needs at least one row and one column.")
    sides = Sides.read(n, offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    name = str(getattr(y, "name", None) or "y")
    response = read_response(y, sides.trials, name, reading=reading)
    further = {_label(k): made[0] for k, made in others}
    _check_length(response.columns(name) | further, n)
    members = None if sets is None else Sets.read(sets, n)
    absent = _missing({} if response.complete else response.columns(name), sides) | missing_columns(matrix, labels)
    absent |= members.absent if members else {}
    for k, (own, columns, _) in others:
        absent |= {f"{k}: {column}": mask for column, mask in missing_columns(own, columns).items()}
    rows = kept_rows(absent, n, missing)
    rows = members.complete(rows) if members else rows
    target = response.values
    if len(rows) < n:
        matrix, sides, target = matrix[rows], sides.at(rows), response.at(rows)
    encode = ArrayEncoder(labels, needs_offset=offset is not None or exposure is not None)
    parts = tuple(Part(k, d[rows] if len(rows) < n else d, columns, None, ArrayEncoder(columns), has_constant(d))
                  for k, (d, columns, _) in others)
    return ModelFrame(target, matrix, labels, sides.total_offset(), sides.weights, sides.freq_weights, n - len(rows),
                      rows, kind, None, name, encode, has_constant(matrix), response.success, parts, response.levels,
                      sets=members and members.at(rows))


def _designs(X: Any) -> dict[str, Any]:
    """Designs by parameter; one alone is under no name, and so is a dict of columns."""
    several = isinstance(X, dict) and any(len(np.shape(v)) == 2 for v in X.values())
    return X if several else {"": X}


def _label(parameter: str) -> str:
    return f"X[{parameter!r}]" if parameter else "X"


def _read_designs(X: Any, names: Any) -> dict[str, tuple[np.ndarray, tuple[str, ...], str]]:
    """Matrix, names of columns and kind of each design."""
    made = {}
    for parameter, given in _designs(X).items():
        matrix, own_names, kind = design(given, _label(parameter))
        chosen = names.get(parameter) if isinstance(names, dict) else names if not made else None
        labels = check_names(chosen, matrix.shape[1]) if chosen is not None or own_names is None else own_names
        made[parameter] = matrix, labels, kind
    return made


@dataclass(frozen=True)
class ArrayEncoder:
    """New rows of the design: an array with the same columns, or a frame that has them by name."""

    names: tuple[str, ...]
    needs_offset: bool = False  # the model was fitted with an offset that only the caller can extend to new rows
    factors: frozenset[str] = frozenset()  # every column is a number

    @property
    def variables(self) -> tuple[str, ...]:
        return self.names

    @property
    def needed(self) -> tuple[str, ...]:
        return self.names

    def columns(self, new: Any) -> dict[str, Any]:
        """The columns of new rows by name."""
        return dict(zip(self.names, self(new)[0].T, strict=True))

    @property
    def terms(self) -> tuple[Columns, ...]:
        """Each column is a term."""
        return tuple(Columns(name, (j,), tuple(name.split(":"))) for j, name in enumerate(self.names))

    def __call__(self, new: Any) -> tuple[np.ndarray, None]:
        matrix, own_names, _ = design(new, "new X", self.names)
        if own_names is None and matrix.shape[1] != len(self.names):
            raise ValueError(f"new X has {matrix.shape[1]} columns; the model has {len(self.names)}: "
                             f"{_listed(self.names)}.")
        missing_columns(matrix, self.names)  # infinite values raise; missing ones give NaN
        return matrix, None


def design(X: Any, name: str = "X", wanted: tuple[str, ...] | None = None) -> tuple[np.ndarray, Any, str]:
    """The matrix (n, p), the names of its columns if it has any, and the kind of input."""
    kind = frame_kind(X)
    if kind is not None:
        matrix, names = numeric_columns(X, name, wanted)
        return matrix, names, kind
    matrix = numeric(X, name)
    if matrix.ndim != 2:
        hint = f" For a single column pass {name}[:, None]." if matrix.ndim == 1 else ""
        raise ValueError(f"{name} must be two-dimensional, rows by columns; its shape is {matrix.shape}.{hint}")
    return matrix, None, "numpy"


def missing_columns(matrix: np.ndarray, names: tuple[str, ...],
                    rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """A mask of missing values for each column that has some; infinite values raise ValueError."""
    if all_finite(matrix):
        return {}
    absent = {}
    for name, column in zip(names, matrix.T, strict=True):
        if (infinite := np.isinf(column)).any():
            raise _infinite_error(name, column, infinite, rows)
        if (mask := np.isnan(column)).any():
            absent[name] = mask
    return absent


def _infinite_error(name: str, column: np.ndarray, infinite: np.ndarray, rows: np.ndarray | None) -> ValueError:
    first = int(np.argmax(infinite))
    row = first if rows is None else rows[first]
    return ValueError(f"the design must be finite; column {name} is infinite in {infinite.sum()} of {len(column)} rows "
                      f"(first: row {row}, {name} = {column[first]:g}). Drop or correct these rows.")


def has_constant(matrix: np.ndarray) -> bool:
    """True if a column has the same nonzero value in every row."""
    first = matrix[0]
    candidates = (first == matrix[-1]).nonzero()[0].tolist()
    return any(first[j] != 0 and bool((matrix[:, j] == first[j]).all()) for j in candidates)


def check_names(names: Sequence[str] | None, p: int) -> tuple[str, ...]:
    """p distinct names; x0, x1, ... where none are given."""
    if names is None:
        return _default_names(p)
    if isinstance(names, str) or len(names) != p:
        raise ValueError(f"names must be {p} names, one for each column of X; it is {names!r}.")
    names = tuple(map(str, names))
    if len(set(names)) < p:
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"names must differ from each other; given more than once: {_listed(twice)}.")
    return names


@lru_cache
def _default_names(p: int) -> tuple[str, ...]:
    return tuple(f"x{j}" for j in range(p))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _check_length(columns: dict[str, np.ndarray], n: int) -> None:
    for name, values in columns.items():
        if len(values) != n:
            raise ValueError(f"{name} has {len(values)} values, but X has {n} rows. They must match.")


def _missing(columns: dict[str, np.ndarray], sides: Sides) -> dict[str, np.ndarray]:
    return {name: np.isnan(values) for name, values in (columns | sides.columns()).items() if not all_finite(values)}
