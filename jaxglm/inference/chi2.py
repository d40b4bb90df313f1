"""HOST: log p-values of chi-squared and F statistics that stay finite where the p-value is below the smallest float."""

from collections.abc import Callable

import numpy as np

from .tails import _log_outside, _special

DEEP = -500.0  # log p below which the continued fractions take over: SciPy's tails underflow at -745
LARGE = 20.0  # Stirling's series is exact from here on
MOST_TERMS = 5000


def log_chi2(statistic, df) -> np.ndarray:
    """Natural log of P(chi-squared with df degrees of freedom > statistic); 0 at 0, -inf at inf.

    statistic: numbers >= 0 of any shape. df: > 0, broadcast. NaN where either is NaN or out of range.
    Source: the incomplete gamma function and its continued fraction, NIST DLMF 8.9.2.
    """
    s, df = np.broadcast_arrays(np.asarray(statistic, float), np.asarray(df, float))
    given = (s >= 0) & (df > 0) & np.isfinite(df)
    return _where(given, _gamma_tail, df / 2, s / 2)


def log_f(statistic, df, df_denom) -> np.ndarray:
    """Natural log of P(F with df and df_denom degrees of freedom > statistic); 0 at 0, -inf at inf.

    statistic: numbers >= 0 of any shape. df, df_denom: > 0, broadcast; df_denom = inf is chi-squared over df.
    Source: the incomplete beta function and its continued fraction, NIST DLMF 8.17.22.
    """
    f, d1, d2 = np.broadcast_arrays(*(np.asarray(a, float) for a in (statistic, df, df_denom)))
    given = (f >= 0) & (d1 > 0) & (d2 > 0) & np.isfinite(d1)
    finite = _where(given & np.isfinite(d2), _beta_tail, d2 / 2, d1 / 2, f)
    return np.where(np.isposinf(d2), log_chi2(f * d1, d1), finite)


def _where(given, function: Callable, *arguments) -> np.ndarray:
    """function of the entries that are given, NaN elsewhere."""
    out = np.full(np.shape(given), np.nan)
    with np.errstate(all="ignore"):
        out[given] = function(*(np.asarray(a)[given] for a in arguments))
    return out


def _gamma_tail(a, x):
    """log of the regularised upper incomplete gamma function Q(a, x)."""
    special = _special()
    log_p = _log_outside(special.gammainc(a, x), np.log(special.gammaincc(a, x)))
    deep = (log_p < DEEP) & np.isfinite(x)
    log_p[deep] = _deep_gamma(a[deep], x[deep])
    return log_p


def _deep_gamma(a, x):
    """By Q(a, x) = exp(-x) x^a / Gamma(a) / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))."""
    excess = (x - a) / a  # a log x - x about its value at x = a: the two are 1e7 at a = 1e6, their difference 1e3
    large = a * (np.log1p(excess) - excess) + (np.log(a) - np.log(2 * np.pi)) / 2 - _stirling(a)
    front = np.where(a >= LARGE, large, a * np.log(x) - x - _special().gammaln(a))
    return front - np.log(_fraction(x + 1 - a, lambda n: (-n * (n - a), x + 2 * n + 1 - a)))


def _beta_tail(a, b, f):
    """log P(F > f) = log I_y(a, b) at y = a / (a + b f), where a and b are half the degrees of freedom."""
    special, odds = _special(), f * b / a
    y, rest = 1 / (1 + odds), 1 / (1 + 1 / odds)
    small = odds > 1  # the argument is the smaller of y and 1 - y: the larger has lost digits
    outside = np.where(small, special.betainc(a, b, np.minimum(y, 0.5)), special.betaincc(b, a, np.minimum(rest, 0.5)))
    inside = np.where(small, special.betaincc(a, b, np.minimum(y, 0.5)), special.betainc(b, a, np.minimum(rest, 0.5)))
    log_p = _log_outside(inside, np.log(outside))
    deep = (log_p < DEEP) & np.isfinite(f)
    log_p[deep] = _deep_beta(a[deep], b[deep], f[deep])
    return log_p


def _deep_beta(a, b, f):
    """By I_y(a, b) = y^a (1 - y)^b / (a B(a, b)) / (1 + d1 / (1 + d2 / (1 + ...)))."""
    log_odds = np.log(f) + np.log(b) - np.log(a)  # the odds themselves may overflow
    y = np.exp(-np.logaddexp(0, log_odds))
    front = -a * np.logaddexp(0, log_odds) - b * np.logaddexp(0, -log_odds) + _log_ratio(a, b) - np.log(a)

    def term(n):
        m = n // 2
        even = m * (b - m) * y / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * y / ((a + 2 * m) * (a + 2 * m + 1))
        return (odd if n % 2 else even), np.ones_like(y)

    return front - np.log(_fraction(np.ones_like(y), term))


def _log_ratio(a, b):
    """log(1 / B(a, b)); where a is large the difference of two of its log-gammas has lost digits."""
    gammaln, big = _special().gammaln, np.maximum(a, LARGE)
    series = (big - 0.5) * np.log1p(b / big) + b * np.log(big + b) - b + _stirling(big + b) - _stirling(big)
    return np.where(a >= LARGE, series, gammaln(a + b) - gammaln(a)) - gammaln(b)


def _stirling(z):
    """log Gamma(z) - ((z - 1/2) log z - z + log(2 pi) / 2), for z >= 20."""
    inverse = 1 / z
    return inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 * (1 / 1260 - inverse**2 * (1 / 1680))))


def _fraction(first, term: Callable) -> np.ndarray:
    """first + a1 / (b1 + a2 / (b2 + ...)), by ratios of successive numerators and denominators (Lentz, 1976).

    term: n -> (a_n, b_n), arrays.
    """
    value = upper = np.asarray(first, float)
    lower = np.zeros_like(value)
    for n in range(1, MOST_TERMS):
        a, b = term(n)
        upper, lower = b + a / upper, 1 / (b + a * lower)
        value = value * (upper * lower)
        if np.all(np.abs(upper * lower - 1) < 1e-16):
            break
    return value
