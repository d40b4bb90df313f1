"""HOST: the variables of a model: numbers or levels, and columns in which they are changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..frame.tables import near
from ..prediction import Data, parts_of

Change = tuple[str, Any, Any]  # label of a contrast, and the columns with the high and the low value


@dataclass(frozen=True)
class Variable:
    """A column that the terms use. levels: of a factor, a boolean, or a number that is only 0 or 1, in their order."""

    name: str
    levels: tuple[Any, ...]  # () for a number
    summary: tuple[float, ...] = (np.nan,) * 5  # of a number: smallest, quartiles with the median, largest
    sd: float = np.nan

    @property
    def low(self) -> float:
        return self.summary[0]

    @property
    def high(self) -> float:
        return self.summary[-1]

    @property
    def quartiles(self) -> tuple[float, float]:
        return self.summary[1], self.summary[3]

    @property
    def numeric(self) -> bool:
        return not self.levels

    @property
    def span(self) -> float:
        """The range, or the size where that is zero."""
        return self.high - self.low or max(abs(self.high), 1.0)


def variables_of(fit: Any, wanted: str | Iterable[str] | None = None) -> list[Variable]:
    """The variables of these names, or all that are not constant, with levels and ranges in the rows of the fit.

    Raises: ValueError for a name that no term uses.
    """
    known, columns = names_of(fit), fit.frame.columns
    if wanted is None:
        return [v for v in (_variable(fit, name, columns[name]) for name in known) if _varies(v)]
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for name in names:
        if name not in known:
            raise ValueError(f"variables: the model has no variable {name!r}.{near(str(name), known)} "
                             f"It has: {', '.join(known)}.")
    return [_variable(fit, name, columns[name]) for name in names]


def names_of(fit: Any) -> tuple[str, ...]:
    """Names of the columns that the terms of any parameter are made of."""
    return tuple(dict.fromkeys(name for part in parts_of(fit).values() for name in part.variables))


def _varies(variable: Variable) -> bool:
    return len(variable.levels) > 1 or variable.high > variable.low


def _variable(fit: Any, name: str, column: Any) -> Variable:
    if hasattr(column.dtype, "categories"):
        present = set(column)
        return Variable(name, tuple(level for level in column.dtype.categories if level in present))
    values = np.asarray(column)
    levelled = any(name in part.encode.factors for part in parts_of(fit).values())
    if values.dtype.kind in "iuf" and not levelled and set(np.unique(values)) != {0, 1}:
        numbers = values.astype(float)
        return Variable(name, (), tuple(np.quantile(numbers, np.arange(5) / 4).tolist()),
                        float(np.std(numbers, ddof=int(len(numbers) > 1))))
    return Variable(name, tuple(sorted(set(values.tolist()), key=_order)))


def _order(level: Any) -> tuple[bool, Any]:
    """Numbers by size, then words."""
    number = isinstance(level, int | float)
    return not number, level if number else str(level)


def at_level(data: Data, variable: Variable, level: Any) -> Data:
    """The rows with the variable at one level.

    Raises: ValueError for a level that the model does not know.
    """
    if level not in variable.levels:
        listed = ", ".join(map(str, variable.levels))
        raise ValueError(f"{variable.name} has no level {level!r}; the model knows {listed}.")
    column = data.columns[variable.name]
    if isinstance(column, np.ndarray):
        return data.changed(**{variable.name: np.full(data.n, level, float)})
    import pandas as pd

    if hasattr(column.dtype, "categories"):
        held: Any = pd.Series(pd.Categorical([level] * data.n, dtype=column.dtype))
        return data.changed(**{variable.name: held})
    return data.changed(**{variable.name: pd.Series([level] * data.n, dtype=column.dtype)})


def at_number(data: Data, variable: Variable, values: Any) -> Data:
    """The rows with other numbers of the variable: (n,), or one for all of them."""
    numbers = np.broadcast_to(np.asarray(values, float), data.n)
    column = data.columns[variable.name]
    if isinstance(column, np.ndarray):
        return data.changed(**{variable.name: numbers})
    import pandas as pd

    return data.changed(**{variable.name: pd.Series(np.array(numbers))})


def numbers_of(data: Data, variable: Variable) -> np.ndarray:
    return np.asarray(data.columns[variable.name], float)


def group_codes(data: Data, by: str | Iterable[str] | None) -> tuple[dict[str, np.ndarray], np.ndarray, int]:
    """Labels of the groups by column, the group of each row, and how many groups there are; one without `by`.

    Raises: ValueError for an unknown column.
    """
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    for name in names:
        if name not in data.columns:
            raise ValueError(f"by: there is no column {name!r}.{near(name, tuple(data.columns))} Columns: "
                             f"{', '.join(data.columns)}; pass new= with a frame that has it.")
    if not names:
        return {}, np.zeros(data.n, int), 1
    return _grouped({name: data.columns[name] for name in names})


def _grouped(columns: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray, int]:
    import pandas as pd

    frame = pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    grouped = frame.groupby(list(columns), sort=True, dropna=False)
    codes = grouped.ngroup().to_numpy()
    first = np.unique(codes, return_index=True)[1]
    labels = {name: frame[name].to_numpy()[first] for name in columns}
    return labels, codes, len(first)
