"""HOST: contrasts between the levels of a factor, by marginal means."""

from itertools import product
from typing import Any

import numpy as np

from ..prediction import Data, data_of
from .comparisons import check_contrast, compared, tabled
from .variables import Variable, names_of, variables_of

MARGINS = ("observed", "balanced")


def contrasts(fit: Any, factor: str, *, method: Any = "pairwise", margins: str = "observed",
              contrast: str = "difference", by: Any = None, scale: str = "response", parameter: str | None = None,
              adjust: str | None = None, new: Any = None, offset: Any = None, sets: Any = None,
              alpha: float = 0.05) -> Any:
    """Contrasts between levels; the arguments are described at `GLMResults.contrasts`."""
    check_contrast(contrast)
    if margins not in MARGINS:
        raise ValueError(f"unknown margins {margins!r}; choose from {', '.join(MARGINS)}.")
    variable = variables_of(fit, factor)[0]
    if variable.numeric:
        raise ValueError(f"{factor} is a number, which has no levels to compare: use avg_comparisons or C({factor}).")
    rows = data_of(fit, new, offset, sets) if margins == "observed" else balanced(fit, variable)
    found = compared(fit, rows, variable, method, contrast, scale, parameter)
    return tabled(fit, rows, found, by, True, alpha, adjust)


def balanced(fit: Any, factor: Variable) -> Data:
    """A grid with a row for each combination of the levels of the other factors; numbers and offsets at their means."""
    fit.family.check_single("margins of a balanced grid")
    data = data_of(fit)
    others = {v.name: v for v in variables_of(fit, names_of(fit))}
    levels = {name: v.levels for name, v in others.items() if not v.numeric and name != factor.name}
    grid = np.array(list(product(*(range(len(known)) for known in levels.values()))), int)
    codes = dict(zip(levels, grid.T, strict=True))
    share = data.counted / np.sum(data.counted)
    columns = {factor.name: _taken(data.columns[factor.name], np.zeros(len(grid), int))}
    for name in data.columns.keys() - {factor.name}:
        column = data.columns[name]
        if name in levels:
            rows = np.array([_first(column, level) for level in levels[name]])
            columns[name] = _taken(column, rows[codes[name]])
        else:
            columns[name] = _constant(column, share @ np.asarray(column, float), len(grid))
    offset = None if data.offset is None else np.full(len(grid), share @ data.offset)
    return Data(columns, offset, np.ones(len(grid)))


def _first(column: Any, level: Any) -> int:
    return int(np.argmax(np.asarray(column == level)))


def _taken(column: Any, rows: np.ndarray) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else column.iloc[rows].reset_index(drop=True)


def _constant(column: Any, value: float, size: int) -> Any:
    numbers = np.full(size, value)
    return numbers if isinstance(column, np.ndarray) else type(column)(numbers)
