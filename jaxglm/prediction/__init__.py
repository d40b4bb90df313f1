"""HOST: what a fit says of rows, its own or new ones."""

from .rows import Data, Predictors, data_of, parts_of, predictors_at, predictors_of
from .scales import SCALES, Curve, check_scale, curve

__all__ = [
    "SCALES", "Curve", "Data", "Predictors", "check_scale", "curve", "data_of", "parts_of", "predictors_at",
    "predictors_of",
]  # fmt: skip
