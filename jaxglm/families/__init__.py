"""The built-in families and what a user needs to write another."""

from .base import Family, family
from .categorical import AdjacentCategory, ContinuationRatio, Multinomial, Ordinal
from .continuous import Exponential, Gamma, Gaussian, InverseGaussian
from .counts import Binomial, Geometric, NegativeBinomial, Poisson
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
    "Support",
    "binary",
    "counts",
    "family",
    "interval",
    "nonnegative",
    "positive",
    "reals",
    "successes",
    "unit",
]
