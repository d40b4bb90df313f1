"""Rows that are the same are one row that counts several times."""

from collections.abc import Sequence
from typing import Any

COUNT = "persons"


def tabulated(frame: Any, columns: Sequence[str]) -> Any:
    """The distinct rows of these columns, in sorted order, with their number in the column `COUNT`, for `freq_weights`:
    likelihood, standard errors, criteria and leave-one-out are those of the single rows."""
    return frame.groupby(list(columns), observed=True).size().rename(COUNT).reset_index()
