"""Data frames of any kind, seen as named columns; and named columns as a frame of the kind that came in."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from .numeric import NUMBERS, numeric

FRAMES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}


def frame_kind(data: Any) -> str | None:
    """pandas, polars or pyarrow; numpy for a mapping of columns or a structured array; None for anything else."""
    if isinstance(data, np.ndarray):
        return "numpy" if data.dtype.names else None
    if isinstance(data, Mapping):
        return "numpy"
    return next((kind for kind in FRAMES if _is_native(data, kind)), None)


def _is_native(data: Any, kind: str) -> bool:
    module = sys.modules.get(kind)  # a frame of a library that nobody imported cannot exist
    return module is not None and isinstance(data, getattr(module, FRAMES[kind]))


@dataclass(frozen=True)
class Table:
    """Named columns of one length."""

    native: Any
    kind: str
    names: tuple[str, ...]
    n: int

    @classmethod
    def read(cls, data: Any, name: str = "data") -> "Table":
        data = data.to_native() if type(data).__module__.startswith("narwhals") else data
        kind = frame_kind(data)
        if kind is None:
            hint = " Collect it first." if type(data).__name__ == "LazyFrame" else ""
            raise ValueError(f"{name} must be a pandas or polars DataFrame, a pyarrow Table or a dict of columns; it "
                             f"is a {type(data).__name__}.{hint}")
        if kind == "numpy":
            data, n = _columns_of(data, name)
            return cls(data, kind, tuple(data), n)
        names = data.column_names if kind == "pyarrow" else data.columns
        return cls(data, kind, tuple(map(str, names)), data.num_rows if kind == "pyarrow" else len(data))

    def kept(self) -> "Table":
        """The same columns, whatever is added to or sorted in the frame later."""
        copy = {"pandas": lambda d: d.copy(deep=False), "polars": lambda d: d.clone()}.get(self.kind, lambda d: d)
        return replace(self, native=copy(self.native))

    def check(self, name: str, where: str) -> None:
        """Raises ValueError unless exactly one column has the name."""
        if name not in self.names:
            raise ValueError(f"{where}: there is no column {name!r}.{near(name, self.names)} {self._listed()}")
        if self.names.count(name) > 1:
            raise ValueError(f"{where}: {self.names.count(name)} columns have the name {name!r}. Rename all but one.")

    def _listed(self) -> str:
        more = f", ... ({len(self.names)} in all)" if len(self.names) > 12 else ""
        return f"The columns are: {', '.join(self.names[:12])}{more}."

    def raw(self, name: str) -> Any:
        """The column as its library holds it."""
        if self.kind == "pandas":
            return self.native.iloc[:, self.names.index(name)]
        return self.native[name]

    def series(self, name: str) -> Any:
        """The column as a pandas Series with rows 0, 1, ...; missing values as missing."""
        import pandas as pd

        column = self.raw(name)
        if self.kind == "pandas":
            return column.reset_index(drop=True)
        if self.kind == "polars":
            return _from_polars(column)
        if self.kind == "pyarrow":
            return column.to_pandas()
        return pd.Series(column).reset_index(drop=True)


def _columns_of(data: Any, name: str) -> tuple[dict[str, Any], int]:
    """Columns by name and their length; single values are repeated, one row if there is nothing longer."""
    keys = data if isinstance(data, Mapping) else data.dtype.names
    columns = {str(key): data[key] for key in keys}
    columns = {key: value if hasattr(value, "dtype") else np.asarray(value) for key, value in columns.items()}
    lengths = {key: len(value) for key, value in columns.items() if np.ndim(value) > 0}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key}: {length}" for key, length in list(lengths.items())[:8])
        raise ValueError(f"the columns of {name} must have one length; they have {shown}.")
    n = next(iter(lengths.values()), 1 if columns else 0)
    return {key: value if key in lengths else np.repeat(value, n) for key, value in columns.items()}, n


def _from_polars(column: Any) -> Any:
    import pandas as pd

    dtype = type(column.dtype).__name__
    if dtype == "Enum":
        return pd.Series(pd.Categorical(column.to_list(), categories=column.dtype.categories.to_list()))
    if column.dtype.is_numeric() and (column.null_count() or dtype == "Decimal"):
        return pd.Series(column.cast(sys.modules["polars"].Float64).to_numpy())
    if column.dtype.is_numeric() or column.dtype.is_temporal() or (dtype == "Boolean" and not column.null_count()):
        return pd.Series(column.to_numpy())
    return pd.Series(column.to_list(), dtype=object)  # Categorical too: its order is that of first use in the process


def plain(series: Any) -> Any:
    """A complete column as a numpy number, a boolean, a date, text, or a category of the levels present."""
    from pandas.api import types

    if isinstance(series.dtype, types.pandas_dtype("category").__class__):
        return series.cat.remove_unused_categories()
    inferred = types.infer_dtype(series) if series.dtype == object else ""
    if types.is_bool_dtype(series.dtype) or inferred == "boolean":
        return series.astype(bool)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
        return series.astype(np.float64)
    if types.is_numeric_dtype(series.dtype):
        return series if isinstance(series.dtype, np.dtype) else series.astype(np.float64)
    return series if getattr(series.dtype, "kind", "O") in "Mm" else series.astype(object)


def numeric_columns(data: Any, name: str, wanted: Sequence[str] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The numeric matrix of a frame (of the wanted columns, if given) and its column names."""
    table = Table.read(data, name)
    names = table.names if wanted is None else tuple(wanted)
    for column in names:
        table.check(column, name)
    whole = table.kind == "pandas" and wanted is None
    if whole and all(isinstance(dtype, np.dtype) and dtype.kind in NUMBERS for dtype in data.dtypes):
        return np.ascontiguousarray(data.to_numpy(np.float64)), names
    matrix = np.empty((table.n, len(names)))
    for j, column in enumerate(names):
        matrix[:, j] = _number_column(table.raw(column), column)
    return matrix, names


def _number_column(values: Any, column: str) -> np.ndarray:
    if hasattr(getattr(values, "dtype", None), "categories"):
        raise ValueError(f"column {column} must be numeric; it is categorical. In a formula it becomes a factor.")
    return numeric(values, f"column {column}")


def near(name: str, known: Sequence[str]) -> str:
    """' Did you mean ...?' with the nearest known name, or nothing."""
    lowered = {other.lower(): other for other in known}
    match = get_close_matches(name.lower(), list(lowered), 1, 0.6)
    return f" Did you mean {lowered[match[0]]!r}?" if match else ""


def check_index(**given: Any) -> None:
    """Raises ValueError if two pandas objects have different row labels: they would be paired by position."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return
    labelled = (pandas.DataFrame, pandas.Series)
    indexed = [(name, value.index) for name, value in given.items() if isinstance(value, labelled)]
    for name, index in indexed[1:]:
        first, reference = indexed[0]
        if len(index) == len(reference) and not index.equals(reference):
            raise ValueError(f"{name} and {first} have different row labels (index). Align them, or pass "
                             f"{name}.to_numpy() to pair them by position.")


def to_frame(columns: dict[str, np.ndarray], kind: str) -> Any:
    """A frame of the kind; for numpy a pandas frame if pandas is installed, else the columns as they are."""
    if kind == "polars":
        import polars as pl

        return pl.DataFrame(_native_text(columns))
    if kind == "pyarrow":
        import pyarrow as pa

        return pa.table(_native_text(columns))
    try:
        import pandas as pd
    except ImportError:
        return dict(columns)
    return pd.DataFrame(columns)


def _native_text(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: values if np.asarray(values).dtype.kind in NUMBERS else list(values)
            for name, values in columns.items()}
