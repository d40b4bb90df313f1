"""HOST: what a fit says about itself: residuals, influence, predictive scores, tests of its assumptions, comparisons.

Every function takes the fit; the methods of GLMResults are one-line delegates to these.
"""

from .assumptions import (
    AssumptionTest,
    Calibration,
    ZeroInflation,
    calibration,
    overdispersion_test,
    zero_inflation_test,
)
from .columns import Collinearity, Separation, collinearity, separation
from .influence import Influence, influence
from .loo import LeaveOneOut, loo
from .quality import aicc, compare, null_model, pseudo_r2
from .residuals import resid

__all__ = [
    "AssumptionTest", "Calibration", "Collinearity", "Influence", "LeaveOneOut", "Separation", "ZeroInflation", "aicc",
    "calibration", "collinearity", "compare", "influence", "loo", "null_model", "overdispersion_test", "pseudo_r2",
    "resid", "separation", "zero_inflation_test",
]  # fmt: skip
