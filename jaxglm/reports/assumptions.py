"""HOST: tests of what a family assumes: its variance, its zeros, and the fit between predicted and observed means."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..diagnostics import heterogeneity_of, zero_inflation_of
from ..frame import to_frame
from .joint import joint, mean_and_variance

KINDS = ("pearson", "score", "cameron_trivedi")


@dataclass(frozen=True)
class AssumptionTest:
    """A test statistic with its p-value. ratio: observed over expected, 1 where the model holds."""

    name: str
    statistic: float
    df: float  # of a chi-square statistic or of Student's t; inf for a normal one
    pvalue: float
    ratio: float
    alternative: str


@dataclass(frozen=True)
class ZeroInflation(AssumptionTest):
    """Also the number of zeros, and how many the model expects."""

    observed: float = np.nan
    expected: float = np.nan


def overdispersion_test(fit: Any, kind: str = "score") -> AssumptionTest:
    """Test of the variance that the family implies against a larger one.

    kind: "score", of a variance among the linear predictors of the rows, one-sided, for any family whose dispersion is
        known; "pearson", Pearson's chi2 against its degrees of freedom, for large expected counts; "cameron_trivedi",
        the regression of ((y - mu)^2 - V) / V on mu without intercept, one-sided.
    Raises: ValueError for another kind, or a family whose dispersion is estimated: it absorbs what is tested.
    Source: Dean (1992), JASA 87; Cameron and Trivedi (1990), J. Econometrics 46, with their g(mu) = mu^2.
    """
    fit.family.check_single("overdispersion tests")
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of overdispersion_test; choose from {', '.join(KINDS)}.")
    if fit._phi is not None and fit._known_phi is None:
        raise ValueError(f"the dispersion of {fit.family_name} is estimated, so there is no other to test it against. "
                         "Give dispersion=, or see resid('quantile').")
    if kind == "score":
        test = heterogeneity_of(*joint(fit))
        pvalue = _upper_normal(test.z)
        return AssumptionTest("score test of heterogeneity", test.z, np.inf, pvalue, _ratio(fit), "greater")
    return _pearson(fit) if kind == "pearson" else _cameron_trivedi(fit)


def _ratio(fit: Any) -> float:
    return fit.pearson_chi2 / fit.dispersion / fit.df_resid if fit.df_resid > 0 else np.nan


def _pearson(fit: Any) -> AssumptionTest:
    from scipy.special import chdtrc

    statistic = fit.pearson_chi2 / fit.dispersion
    pvalue = float(chdtrc(fit.df_resid, statistic)) if fit.df_resid > 0 else np.nan
    return AssumptionTest("Pearson's chi2", statistic, fit.df_resid, pvalue, _ratio(fit), "greater")


def _cameron_trivedi(fit: Any) -> AssumptionTest:
    from scipy.special import stdtr

    used, (mean, variance) = fit.counted > 0, mean_and_variance(fit)
    w, mean, variance = fit._weights[: fit._n][used], mean[used], variance[used]
    z = ((fit.y[used] - mean) ** 2 - variance) / variance
    slope = np.sum(w * z * mean) / np.sum(w * mean**2)
    df = float(np.sum(fit.counted)) - 1
    se = np.sqrt(np.sum(w * (z - slope * mean) ** 2) / df / np.sum(w * mean**2))
    t = float(slope / se)
    return AssumptionTest("Cameron and Trivedi's regression", t, df, float(stdtr(df, -t)), _ratio(fit), "greater")


def _upper_normal(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-z))


def zero_inflation_test(fit: Any) -> ZeroInflation:
    """Score test of more (or fewer) zeros than the distribution of each row has; two-sided, chi-square with one df.

    Raises: ValueError for a family whose responses are not counts.
    Source: van den Broek (1995), Biometrics 51, 738-743, for Poisson; here for any family of counts.
    """
    fit.family.check_single("zero inflation tests")
    from scipy.special import chdtrc

    support = fit.family.support
    if not support.whole or support.low != 0:
        raise ValueError(f"a test of zeros needs counts; the responses of {fit.family_name} are {support.words}.")
    observed, expected, test = zero_inflation_of(*joint(fit))
    statistic = float(test.z**2)
    ratio = float(observed / expected)
    return ZeroInflation("score test of zero inflation", statistic, 1, float(chdtrc(1, statistic)), ratio, "two-sided",
                         float(observed), float(expected))  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """Predicted against observed means of bins of rows with similar predictions, arrays (bins,)."""

    lower: np.ndarray  # predictions of a bin: from, to
    upper: np.ndarray
    count: np.ndarray  # observations, trials for binomial
    predicted: np.ndarray  # mean prediction
    observed: np.ndarray  # mean response
    se: np.ndarray  # standard error of `observed` if the model holds
    statistic: float  # sum of ((observed - predicted) / se)^2
    df: int
    pvalue: float  # Hosmer and Lemeshow's; NaN unless the responses are successes
    kind: str = field(repr=False)

    def summary_frame(self):
        """The bins as a frame of the input's kind."""
        single = ("lower", "upper", "count", "predicted", "observed", "se")
        return to_frame({name: getattr(self, name) for name in single}, self.kind)


def calibration(fit: Any, bins: int = 10) -> Calibration:
    """Table of predicted and observed means in `bins` groups of rows of about equal size, by predicted mean.

    Rows of equal prediction share a bin. With successes the sum of squares is Hosmer and Lemeshow's statistic, which
    has about bins - 2 degrees of freedom; NaN with fewer than three bins.
    Raises: ValueError for bins that are no whole number of at least 2, a single prediction for all rows, or responses
        of which only bounds are known.
    Source: Hosmer and Lemeshow (1980), Comm. Statist. A9.
    """
    fit.family.check_single("calibration bins")
    if not isinstance(bins, int) or bins < 2:
        raise ValueError(f"bins must be a whole number, at least 2; it is {bins!r}.")
    if fit.family.support.reading == "bounds":
        raise ValueError(f"calibration compares means with responses, of which {fit.family_name} knows only bounds. "
                         'resid("quantile") is standard normal if the model holds.')
    used, (mean, variance) = fit.counted > 0, mean_and_variance(fit)
    y, weight = fit.problem.y, fit._weights[: fit._n][used]
    trials = np.asarray(fit.problem.family.support.trials(y))[: fit._n][used]
    mean, response = mean[used], fit.y[used]
    group = _groups(mean, bins, fit.counted[used])
    total = lambda v: np.bincount(group, v)  # noqa: E731
    n = total(weight * trials)
    se = np.sqrt(total(weight * trials**2 * variance[used])) / n
    predicted, observed = total(weight * trials * mean) / n, total(weight * trials * response) / n
    statistic, df = float(np.sum(((observed - predicted) / se) ** 2)), len(n) - 2
    low, high = (np.asarray([f(mean[group == g]) for g in range(len(n))]) for f in (np.min, np.max))
    pvalue = _hosmer(fit, statistic, df)
    return Calibration(low, high, n, predicted, observed, se, statistic, df, pvalue, fit.frame.kind)


def _hosmer(fit: Any, statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    support = fit.family.support
    return float(chdtrc(df, statistic)) if support.whole and support.high == 1 and df > 0 else np.nan


def _groups(mean: np.ndarray, bins: int, counted: np.ndarray) -> np.ndarray:
    """Bin of each row: cuts at quantiles of the predictions, so that equal ones stay together."""
    order = np.argsort(mean, kind="stable")
    reached = np.cumsum(counted[order]) / np.sum(counted)
    cuts = mean[order][np.searchsorted(reached, np.arange(1, bins) / bins - 1e-12)]
    group = np.searchsorted(np.unique(cuts), mean, side="left")
    found = np.unique(group, return_inverse=True)[1]
    if found.max() == 0:
        raise ValueError("all rows have the same prediction: there is one bin, and nothing to calibrate.")
    return found
