"""HOST: log p-values that stay finite where the p-value itself is below the smallest float."""

import numpy as np

FAR = 40.0  # from here on NODES nodes give log p to rounding error (at 10 they give 1e-11)
NODES = 24


def log_two_sided(statistic, df=None) -> np.ndarray:
    """Natural log of the two-sided p-value of each statistic; NaN where the statistic or df is NaN, or df <= 0.

    statistic: numbers of any shape, z statistics or, with df, Student's t; 0 gives 0, +-inf gives -inf.
    df: degrees of freedom, broadcast against the statistic; inf is the normal distribution.
    Source: Student's tail as an incomplete beta function, NIST DLMF 8.17.1; its tail as a Laplace integral, see `_far`.
    """
    size = np.abs(np.asarray(statistic, float))
    if df is None:
        return _normal(size)
    size, df = np.broadcast_arrays(size, np.asarray(df, float))
    given = np.where((df > 0) & np.isfinite(df), df, 1.0)
    student = np.where(df > 0, _student(size, given), np.nan)
    return np.where(np.isposinf(df), _normal(size), student)


def _normal(size):
    """Near 0 by the chance inside: log 2 + log(1/2 - tiny) would cancel."""
    special = _special()
    inside = special.erf(size / np.sqrt(2))
    return np.where(inside < 0.5, 0.0 + np.log1p(-np.minimum(inside, 0.5)), np.log(2) + special.log_ndtr(-size))


def _student(size, df):
    """Both ways meet wherever the other is guarded; ratio = |t| / sqrt(df) by logs, as its square may overflow."""
    with np.errstate(divide="ignore"):
        log_ratio = np.log(size) - np.log(df) / 2
    depth = df / 2 * np.logaddexp(0, 2 * log_ratio)
    far = (depth > FAR) | (log_ratio > 20)
    square = np.exp(2 * np.where(far, 0, log_ratio))
    return np.where(far, _far(np.where(far, depth, FAR), df / 2), _near(square, df / 2))


def _near(square, half):
    """log P(|T| > t) at t^2 = df * square, from whichever of the two chances is the smaller one.

    The argument of each incomplete beta function is the smaller one too: at df = 1e10 the larger is 1 - 1e-9, and its
    rounding would be multiplied by df.
    """
    beta, small, large = _special(), square / (1 + square), 1 / (1 + square)
    inner, centre = np.minimum(small, 0.5), square < 1
    outer = np.minimum(large, 0.5)
    inside = np.where(centre, beta.betainc(0.5, half, inner), beta.betaincc(half, 0.5, outer))
    outside = np.where(centre, beta.betaincc(0.5, half, inner), beta.betainc(half, 0.5, outer))
    return np.where(inside < 0.5, 0.0 + np.log1p(-np.minimum(inside, 0.5)), np.log(np.where(inside < 0.5, 1, outside)))


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
