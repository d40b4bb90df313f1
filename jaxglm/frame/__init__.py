"""HOST: a formula and a data frame, or arrays, to plain NumPy float64. All checking of shapes and values is here."""

from .arrays import from_arrays
from .base import ModelFrame, Part, Sides, without_column, without_intercept
from .formula import from_formula
from .groups import group_columns, group_rows
from .periods import PersonPeriods, person_periods
from .sets import Sets
from .tables import to_frame

__all__ = [
    "ModelFrame",
    "Part",
    "PersonPeriods",
    "Sets",
    "Sides",
    "from_arrays",
    "from_formula",
    "group_columns",
    "group_rows",
    "person_periods",
    "to_frame",
    "without_column",
    "without_intercept",
]
