"""Rows of a frame by the values of grouping columns."""

from typing import Any

import numpy as np

from .tables import Table


def group_columns(data: Any, by: str | tuple[str, ...] | list[str]) -> tuple[tuple[str, ...], list[Any]]:
    """Names of the grouping columns and their values for every row of the data; raises ValueError for unknown ones."""
    names = (by,) if isinstance(by, str) else tuple(by)
    table = Table.read(data)
    if not names:
        raise ValueError("by must name at least one column.")
    for name in names:
        table.check(name, f"by={name!r}")
    return names, [table.series(name) for name in names]


def group_codes(keys: list[Any]) -> tuple[np.ndarray, list]:
    """Number of the group of each row (N,), -1 without a key, and the labels of the groups in sorted order."""
    import pandas as pd

    index = pd.MultiIndex.from_arrays(keys) if len(keys) > 1 else pd.Index(keys[0])
    absent = np.logical_or.reduce([pd.isna(k).to_numpy() for k in keys])
    codes, levels = pd.factorize(index[~absent], sort=True)
    every = np.full(len(index), -1)
    every[~absent] = codes
    return every, levels.tolist()


def group_rows(keys: list[Any], kept: np.ndarray) -> tuple[list, np.ndarray, np.ndarray]:
    """Labels of the groups in sorted order, positions among the `kept` rows group by group, and where each group ends
    (B + 1,). A group of which no row was kept is there, without rows; rows without a key belong to none."""
    every, levels = group_codes(keys)
    mine = every[kept]
    order = np.argsort(mine, kind="stable")
    order = order[mine[order] >= 0]
    ends = np.searchsorted(mine[order], np.arange(len(levels) + 1))
    return levels, order, ends
