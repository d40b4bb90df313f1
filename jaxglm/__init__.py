"""Generalised linear models in which a family is only its log-likelihood; JAX takes the derivatives."""

from . import plot
from .check import check_family
from .families import (
    AdjacentCategory,
    AsymmetricLaplace,
    Beta,
    BetaBinomial,
    Binomial,
    ConditionalLogit,
    ContinuationRatio,
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
    Multinomial,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomialP,
    OrderedBeta,
    Ordinal,
    Poisson,
    PoissonInverseGaussian,
    Quasi,
    StudentT,
    Tweedie,
    Weibull,
    binary,
    censored,
    closed_unit,
    counts,
    family,
    hurdle,
    inflated,
    interval,
    interval_censored,
    mixture,
    nonnegative,
    positive,
    quasi,
    reals,
    truncated,
    unit,
    zero_inflated,
    zero_one_inflated,
    zero_or_positive,
)
from .fit import Fit, fit
from .frame import person_periods
from .inference import adjust_pvalues
from .inference.profile import LimitStatus
from .io import load
from .jeffreys import Jeffreys, MeanBias
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
    SoftPlus,
    Sqrt,
    link,
)
from .many import BatchResults, fit_batch
from .model import GLM, glm
from .named import Named
from .options import FitWarning
from .penalties import Penalty, Ridge
from .problem import Problem
from .problem import make_problem as problem
from .profiles import Profile
from .reports import compare
from .resampling import bootstrap, cv, jackknife, permutation_test, score_scan
from .results import GLMResults
from .solvers import Gradient, Newton, Status
from .tables import ModelTable, table
from .testing import anova_of_fits as anova
from .testing import lr_test, vuong_test
