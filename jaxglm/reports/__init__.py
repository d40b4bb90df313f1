"""HOST: what a fit says about itself: residuals, influence, predictive scores, tests of its assumptions, comparisons.

Every function takes the fit; the methods of GLMResults are one-line delegates to these.
"""

from .influence import Influence, influence
from .residuals import resid

__all__ = ["Influence", "influence", "resid"]
