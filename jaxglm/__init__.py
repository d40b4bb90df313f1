"""Generalised linear models in which a family is only its log-likelihood; JAX takes the derivatives."""

from . import plot
from .check import check_family
from .families import (
    AsymmetricLaplace,
    Beta,
    BetaBinomial,
    Binomial,
    ConwayMaxwellPoisson,
    Exponential,
    Family,
    Gamma,
    Gaussian,
    GeneralisedPoisson,
    Geometric,
    Gumbel,
    InverseGaussian,
    Laplace,
    Logistic,
    LogLogistic,
    LogNormal,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomialP,
    Poisson,
    PoissonInverseGaussian,
    StudentT,
    Tweedie,
    Weibull,
    binary,
    censored,
    counts,
    family,
    hurdle,
    inflated,
    interval,
    interval_censored,
    mixture,
    multinomial,
    nonnegative,
    ordinal,
    positive,
    reals,
    truncated,
    unit,
    zero_inflated,
    zero_or_positive,
)
from .fit import Fit, fit
from .inference import adjust_pvalues
from .io import load
from .links import (
    Between,
    Cauchit,
    CLogLog,
    Fixed,
    Identity,
    Inverse,
    InverseSquared,
    Link,
    Log,
    Logit,
    LogLog,
    Power,
    Probit,
    Sqrt,
    link,
)
from .many import BatchResults, fit_batch
from .model import GLM, glm
from .named import Named
from .options import FitWarning
from .penalties import Ridge
from .problem import Problem
from .problem import make_problem as problem
from .resampling import bootstrap, cv, jackknife, permutation_test, score_scan
from .results import GLMResults
from .solvers import Gradient, Newton, Status
