"""HOST: what a model means on the scale of its response: slopes, comparisons, averages, contrasts, the delta method."""

from .comparisons import comparisons
from .contrasts import contrasts
from .delta import delta
from .predictions import avg_predictions, predictions
from .slopes import slopes

__all__ = ["avg_predictions", "comparisons", "contrasts", "delta", "predictions", "slopes"]
