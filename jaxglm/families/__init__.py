"""The built-in families and what a user needs to write another."""

from .base import Family, family, inside
from .categorical import AdjacentCategory, ContinuationRatio, Multinomial, Ordinal
from .continuous import Exponential, Gamma, Gaussian, InverseGaussian
from .counts import Binomial, Geometric, NegativeBinomial, Poisson
from .quasi import Quasi, quasi
from .support import Classes, Support, binary, counts, interval, nonnegative, positive, reals, successes, unit

__all__ = [
    "AdjacentCategory",
    "Binomial",
    "Classes",
    "ContinuationRatio",
    "Exponential",
    "Family",
    "Gamma",
    "Gaussian",
    "Geometric",
    "InverseGaussian",
    "Multinomial",
    "NegativeBinomial",
    "Ordinal",
    "Poisson",
    "Quasi",
    "Support",
    "binary",
    "counts",
    "family",
    "inside",
    "interval",
    "nonnegative",
    "positive",
    "quasi",
    "reals",
    "successes",
    "unit",
]
