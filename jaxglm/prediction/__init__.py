"""HOST: what a fit says of rows, its own or new ones."""

from .intervals import Prediction, get_prediction
from .predict import predict
from .rows import Data, Predictors, data_of, parts_of, predictors_at, predictors_of
from .scales import SCALES, Curve, check_scale, curve, scales_of
from .simulate import draws, simulate

__all__ = [
    "SCALES", "Curve", "Data", "Prediction", "Predictors", "check_scale", "curve", "data_of", "draws", "get_prediction",
    "parts_of", "predict", "predictors_at", "predictors_of", "scales_of", "simulate",
]  # fmt: skip
