"""The built-in families and what a user needs to write another."""

from .base import Family, family, inside
from .continuous import Exponential, Gamma, Gaussian, InverseGaussian
from .counts import Binomial, Geometric, NegativeBinomial, Poisson
from .quasi import Quasi, quasi
from .support import Support, binary, counts, interval, nonnegative, positive, reals, successes, unit

__all__ = [
    "Binomial",
    "Exponential",
    "Family",
    "Gamma",
    "Gaussian",
    "Geometric",
    "InverseGaussian",
    "NegativeBinomial",
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
