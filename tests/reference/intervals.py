"""Profile likelihood intervals: the exact engine's of the joint likelihood, and R's."""

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from . import conventions as r
from . import measure
from .case import Case
from .fits import Fits
from .quantity import Quantity, at
from .yardsticks import has_likelihood, in_r_se

LEVEL = 0.05


def exact_limits(fits: Fits) -> np.ndarray:
    """In the order and on the scale of the exact engine, which has null where there is no limit."""
    limits = np.asarray(fits.joint.conf_int(LEVEL, method="profile"))
    whole = np.column_stack([r.joint(fits, limits[:, 0]), r.joint(fits, limits[:, 1])])
    return np.sort(np.where(np.isinf(whole), np.nan, whole), axis=1)


def r_limits(fits: Fits) -> np.ndarray:
    """R divides the deviance by Pearson's dispersion, and then takes the normal quantile, not that of t."""
    fit = r.inference(fits)
    z = norm.isf(LEVEL / 2) * r.scale(fits)
    alpha = 2 * (student.sf(z, fit.df_resid) if fit.use_t else norm.sf(z))
    return r.coefficients(fits, fit.conf_int(alpha, method="profile_f"))


def in_joint_units(ours, truth, case: Case) -> float:
    return measure.scaled(ours, truth, case.array("exact.se_observed")[:, None])


INTERVALS = (
    Quantity("ci_profile", at("exact.ci_profile.limits"), exact_limits, 1e-6, in_joint_units, when=has_likelihood),
    Quantity("R.ci_profile", at("fit.ci.profile_R"), r_limits, 1e-3, in_r_se),
)
