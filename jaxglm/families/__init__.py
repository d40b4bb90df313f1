"""The built-in families and what a user needs to write another."""

from .base import Family, family
from .continuous import (
    AsymmetricLaplace,
    Beta,
    Exponential,
    Gamma,
    Gaussian,
    Gumbel,
    InverseGaussian,
    Laplace,
    Logistic,
    LogLogistic,
    LogNormal,
    StudentT,
    Weibull,
)
from .conway import ConwayMaxwellPoisson
from .counts import (
    BetaBinomial,
    Binomial,
    GeneralisedPoisson,
    Geometric,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomialP,
    Poisson,
    PoissonInverseGaussian,
)
from .support import Support, binary, counts, interval, nonnegative, positive, reals, successes, unit, zero_or_positive
from .tweedie import Tweedie
from .combinators import censored, hurdle, inflated, interval_censored, mixture, truncated, zero_inflated
