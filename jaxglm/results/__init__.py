"""HOST: what a user holds after a fit. Numbers are NumPy float64, computed when first asked for.

One class in storeys: each inherits the one below and uses nothing above it. Fitted has the fields, then come Rows,
Likelihood, Coefficients, Wald and Predicting; GLMResults is the roof, and the only one that anybody makes.
"""

from ..prediction import Prediction
from .glm import GLMResults
from .wald import special

__all__ = ["GLMResults", "Prediction", "special"]
