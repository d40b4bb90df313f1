"""What a user holds to float64 NumPy, with errors that name the argument and its first offending row."""

import math
from numbers import Real
from typing import Any

import numpy as np

NUMBERS = "biuf"  # dtype kinds: boolean, integer, unsigned, float


def vector(values: Any, name: str, n: int | None = None) -> np.ndarray:
    """The float64 (n,) array of a column; missing values are NaN."""
    array = numeric(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = np.ascontiguousarray(array[:, 0])
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, a number for each row; its shape is {array.shape}.")
    if n is not None and len(array) != n:
        raise ValueError(f"{name} has {len(array)} values, but there are {n} rows. Give one value for each row of the "
                         "data as passed, before rows with missing values are dropped.")
    return array


def numeric(values: Any, name: str) -> np.ndarray:
    """A C-contiguous float64 array; the caller's own buffer where it is one already."""
    array = host(values, name)
    if array.dtype.kind in NUMBERS:
        return np.asarray(array, np.float64, order="C")
    if array.dtype.kind == "O":
        return _from_objects(array, name)
    if array.dtype.kind == "c":
        raise ValueError(f"{name} must be real; its dtype is {array.dtype}.")
    example = array.ravel()[0] if array.size else ""
    raise ValueError(f"{name} must be numeric; its dtype is {array.dtype} (first value: {str(example)!r}). {ADVICE}")


ADVICE = "Convert it to numbers, or use a formula with a data frame, where text columns become factors."


def host(values: Any, name: str) -> np.ndarray:
    """A NumPy array of any dtype, without a copy where possible."""
    if isinstance(values, np.ndarray):
        return _unmasked(values) if isinstance(values, np.ma.MaskedArray) else values
    if hasattr(values, "toarray"):
        raise ValueError(f"{name} is a sparse {type(values).__name__}; give a dense array, {name}.toarray().")
    if type(values).__module__.startswith("pyarrow"):  # its own conversion turns null keys of a dictionary into levels
        values = values.to_pylist() if values.null_count else values.to_numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from error


def _unmasked(values: np.ma.MaskedArray) -> np.ndarray:
    return np.ma.filled(values.astype(np.float64), np.nan) if values.dtype.kind in NUMBERS else values.filled()


def _from_objects(array: np.ndarray, name: str) -> np.ndarray:
    flat = [np.nan if is_missing(value) else value for value in array.ravel()]
    for i, value in enumerate(flat):
        if not is_number(value):
            row = np.unravel_index(i, array.shape)[0]
            raise ValueError(f"{name} must be numeric; row {row} holds {value!r} ({type(value).__name__}). {ADVICE}")
    return np.array(flat, np.float64).reshape(array.shape)


def is_missing(value: Any) -> bool:
    nan = isinstance(value, (float, np.floating)) and bool(np.isnan(value))
    return nan or value is None or type(value).__name__ in ("NAType", "NaTType")


def is_number(value: Any) -> bool:
    return isinstance(value, (Real, np.bool_)) or type(value).__name__ == "Decimal"


def all_finite(array: np.ndarray) -> bool:
    """True if no value is NaN or infinite. Allocates nothing; False also where the sum overflows. Not by a product with
    itself: BLAS would leave a thread behind that spins on a core for a while."""
    flat = array.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(flat.sum())


def counted(bad: np.ndarray, values: np.ndarray, name: str, rows: np.ndarray | None = None) -> str:
    """'3 of 500 rows are (first: row 17, y = -1)', to be followed by the verdict."""
    first = int(np.argmax(bad))
    row = first if rows is None else rows[first]
    verb = "is" if bad.sum() == 1 else "are"
    return f"{bad.sum()} of {len(bad)} rows (first: row {row}, {name} = {values[first]:g}) {verb}"
