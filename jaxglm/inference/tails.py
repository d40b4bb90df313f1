"""HOST: log p-values that stay finite where the p-value itself is below the smallest float."""

import numpy as np

FAR = 30.0  # a p-value of about 1e-13; from here on NODES nodes give log p to rounding error
NODES = 12


def log_two_sided(statistic, df=None) -> np.ndarray:
    """Natural log of the two-sided p-value of each statistic; NaN where the statistic or df is NaN, or df <= 0.

    statistic: numbers of any shape, z statistics or, with df, Student's t; 0 gives 0, +-inf gives -inf.
    df: degrees of freedom, broadcast against the statistic; inf is the normal distribution.
    Source: Student's tail as an incomplete beta function, NIST DLMF 8.17.1; its tail as a Laplace integral, see `_far`.
    """
    size = np.abs(np.asarray(statistic, float))
    if df is None:
        return np.asarray(_normal(size))
    size, df = np.broadcast_arrays(size, np.asarray(df, float))
    given = np.where((df > 0) & np.isfinite(df), df, 1.0)
    student = np.where(df > 0, _student(size, given), np.nan)
    return np.where(np.isposinf(df), _normal(size), student)


def _normal(size):
    special = _special()
    return _log_outside(special.erf(size / np.sqrt(2)), np.log(2) + special.log_ndtr(-size))


def _log_outside(inside, log_outside):
    """Near statistic 0 from the chance inside: at z = 1e-6 log(2 * 0.4999996) has lost ten digits."""
    return 0.0 + np.where(inside < 0.5, np.log1p(-np.minimum(inside, 0.5)), log_outside)


def _student(size, df):
    """Each element takes one of two ways; past a ratio of e^20 `_far` is exact at any depth and `_near` underflows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(size) - np.log(df) / 2  # by logs: the square of |t| / sqrt(df) may overflow
        depth = df / 2 * np.logaddexp(0, 2 * log_ratio)
    far = (depth > FAR) | (log_ratio > 20)
    log_p = np.empty(size.shape)
    log_p[far] = _far(depth[far], df[far] / 2)
    log_p[~far] = _near(np.exp(2 * log_ratio[~far]), df[~far] / 2)
    return log_p


def _near(square, half):
    """log P(|T| > t) where square = t^2 / df and half = df / 2.

    The argument of each incomplete beta function is the smaller of x and 1 - x: at df = 1e10 the larger one is about
    1 - 1e-9, and its rounding is multiplied by df.
    """
    special, centre, smaller = _special(), square < 1, np.minimum(square, 1) / (1 + square)
    parameters = np.where(centre, 0.5, half), np.where(centre, half, 0.5)
    below, above = special.betainc(*parameters, smaller), special.betaincc(*parameters, smaller)
    return _log_outside(np.where(centre, below, above), np.log(np.where(centre, above, below)))


def _far(depth, half):
    """log P(|T| > t) where depth = (df / 2) log(1 + t^2 / df) is large, at half = df / 2.

    With s = x exp(-v / half) the incomplete beta integral at x = exp(-depth / half) becomes exp(-depth) / (half B(half,
    1/2)) times the integral over v > 0 of exp(-v) / sqrt(1 - exp(-(depth + v) / half)), whose nearest singularity is at
    v = -depth: Gauss-Laguerre converges fast, for every df.
    """
    integral = sum(
        weight / np.sqrt(-np.expm1(-(depth + v) / half))
        for v, weight in zip(*np.polynomial.laguerre.laggauss(NODES), strict=True)
    )
    return np.log(integral) - depth - _log_scale(half)


def _log_scale(half):
    """log(half B(half, 1/2)); by Stirling's series from 20 on, where the difference of two gammaln has lost digits."""
    gammaln, inverse = _special().gammaln, 1 / np.maximum(half, 20)
    series = inverse * (1 / 8 - inverse**2 * (1 / 192 - inverse**2 * (1 / 640 - inverse**2 * 17 / 14336)))
    low = np.minimum(half, 20)
    ratio = np.where(half < 20, gammaln(low + 1) - gammaln(low + 0.5), np.log(np.maximum(half, 20)) / 2 + series)
    return np.log(np.pi) / 2 + ratio


def _special():
    """scipy.special, imported when the first p-value is asked for."""
    import scipy.special

    return scipy.special
