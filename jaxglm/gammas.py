"""Log-gamma functions and differences of them, with derivatives in closed form: a third less to compile and to run than
what autodiff makes of them.

Below 8 the argument is shifted by 8: log Gamma(x) = log Gamma(x + 8) - log (x (x + 1) ... (x + 7)). From there on
Stirling's series is exact to rounding. Source: Abramowitz and Stegun (1972), 6.1.41, 6.3.18, 6.4.11.
"""

from collections.abc import Callable
from functools import lru_cache
from math import lgamma

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from .elementary import log, log1p
from .numerics import eps, once, when

HALF_LOG_2PI = 0.9189385332046727
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
SHIFT = 8
FACTORIALS = 1024  # counts below have their log factorial in a table


def _stirling(z, order: int = 0):
    """Derivative of gammaln(z) - ((z - 1/2) log z - z + log(2 pi) / 2) for z >= 8, of order 0, 1 or 2."""
    inverse = 1.0 / z
    square, total = inverse * inverse, 0.0
    for k, c in reversed(list(enumerate(STIRLING))):
        power = 2 * k + 1
        total = c * (1, -power, power * (power + 1))[order] + square * total
    return total * (inverse, square, square * inverse)[order]


def _log_rising(x):
    """log of x (x + 1) ... (x + 7): the factors pair up to x (x + 7) + 0, 6, 10, 12."""
    a, b, c, d = _pairs(x)
    if eps(x) > 1e-8:  # one product would overflow float32 at x = 1e5
        return log(a * b) + log(c * d)
    return log((a * b) * (c * d))


def _log_rising_slope(x):
    return (2 * x + 7) * sum(1.0 / a for a in _pairs(x))


def _log_rising_curvature(x):
    square = (2 * x + 7) ** 2
    return sum((2.0 - square * q) * q for q in (1.0 / a for a in _pairs(x)))


def _pairs(x):
    u = x * (x + 7)
    return u, u + 6, u + 10, u + 12


def _shifted(x):
    """Whether x is large, x or x + 8 where it is not, and x or 1 where it is: harmless where it is not used."""
    big = x >= SHIFT
    return big, jnp.where(big, x, x + SHIFT), jnp.where(big, 1.0, x)


def _with_slopes(value: Callable, *slopes: Callable) -> Callable:
    """A function of one number with these as its first derivatives; those beyond are autodiff's of the last."""
    if not slopes:
        return value
    slope = _with_slopes(*slopes)
    function = jax.custom_jvp(value)
    function.defjvps(lambda dx, _, x: once(slope(x)) * dx)
    return function


def _gammaln(x):
    big, z, small = _shifted(x)
    series = (z - 0.5) * log(z) - z + HALF_LOG_2PI + _stirling(z)
    value = series - jnp.where(big, 0.0, _log_rising(small))
    return jnp.where((x == 1) | (x == 2), 0.0, value)  # log P(0) of counts must not end in rounding


def _digamma_value(x):
    big, z, small = _shifted(x)
    return log(z) - 0.5 / z + _stirling(z, 1) - jnp.where(big, 0.0, _log_rising_slope(small))


def _trigamma(x):
    big, z, small = _shifted(x)
    inverse = 1.0 / z
    return inverse + 0.5 * inverse**2 + _stirling(z, 2) - jnp.where(big, 0.0, _log_rising_curvature(small))


_digamma = _with_slopes(_digamma_value, _trigamma)
_log_gamma = _with_slopes(_gammaln, _digamma)


def gammaln(x):
    """log Gamma(x), x > 0."""
    return _log_gamma(x)


def _excess(k):
    big, z, small = _shifted(k)
    series, log_z = HALF_LOG_2PI + _stirling(z), log(z)
    near = (z - 0.5) * log_z - z - _log_rising(small) - small * log(small) + small
    return series + jnp.where(big, -0.5 * log_z, near)


def _excess_slope(k):
    big, z, small = _shifted(k)
    near = log(z) - _log_rising_slope(small) - log(small)
    return _stirling(z, 1) - 0.5 / z + jnp.where(big, 0.0, near)


def _excess_curvature(k):
    big, z, small = _shifted(k)
    inverse = 1.0 / z
    near = inverse - _log_rising_curvature(small) - 1.0 / small
    return _stirling(z, 2) + 0.5 * inverse**2 + jnp.where(big, 0.0, near)


_log_gamma_excess = _with_slopes(_excess, _excess_slope, _excess_curvature)


def gammaln_excess(k):
    """log Gamma(k) - (k log k - k), which stays small as k grows."""
    return _log_gamma_excess(k)


def gammaln_ratio(y, r):
    """log Gamma(y + r) - log Gamma(r) - y log r: sum of log(1 + j / r) over j < y, stable up to r = inf.

    The plain difference is off by 15 at r = 1e7 in float32, and hides the slope in 1/r in float64.
    """
    return _ratio(y, r)


@jax.custom_jvp
def _ratio(y, r):
    big, z, small = _shifted(r)
    series = (z + y - 0.5) * log1p(y / z) - y + _stirling(z + y) - _stirling(z)
    shifted = y * log1p(SHIFT / small) - (_log_rising(small + y) - _log_rising(small))
    return series + jnp.where(big, 0.0, shifted)


@jax.custom_jvp
def _ratio_slope(y, r):
    """d/dr of the ratio: digamma(y + r) - digamma(r) - y / r."""
    big, z, small = _shifted(r)
    t = y / z
    series = log1p(t) - t + 0.5 * t / (z + y) + _stirling(z + y, 1) - _stirling(z, 1)
    shifted = -SHIFT * y / (small * (small + SHIFT)) - (_log_rising_slope(small + y) - _log_rising_slope(small))
    return series + jnp.where(big, 0.0, shifted)


def _ratio_curvature(y, r):
    """d2/dr2 of the ratio: trigamma(y + r) - trigamma(r) + y / r^2."""
    big, z, small = _shifted(r)
    t, after = y / z, 1.0 / (z + y)
    series = t * t * after - 0.5 * t * after * (1.0 / z + after) + _stirling(z + y, 2) - _stirling(z, 2)
    again = 2 * SHIFT * y * (small + SHIFT / 2) / (small * (small + SHIFT)) ** 2
    shifted = again - (_log_rising_curvature(small + y) - _log_rising_curvature(small))
    return series + jnp.where(big, 0.0, shifted)


def _in_both(value: Callable, in_y: Callable, in_r: Callable):
    """Rule of a function of (y, r): y is data nearly always, so its part is only made where it is asked for."""

    def rule(primals, tangents):
        parts = [once(slope(*primals)) * t for slope, t in zip((in_y, in_r), tangents, strict=True)
                 if not isinstance(t, SymbolicZero)]  # fmt: skip
        out = value(*primals)
        return out, sum(parts, jnp.zeros_like(out))

    return rule


_ratio.defjvp(_in_both(_ratio, lambda y, r: _digamma(y + r) - log(r), _ratio_slope), symbolic_zeros=True)
_ratio_slope.defjvp(
    _in_both(_ratio_slope, lambda y, r: _trigamma(y + r) - 1.0 / r, _ratio_curvature), symbolic_zeros=True
)


@jax.custom_jvp
def log_factorial(y):
    """log Gamma(y + 1), y >= 0: of small counts from a table, half of the time, where all are such."""
    other = ~((y >= 0) & (y < FACTORIALS) & (y == jnp.floor(y)))
    index = jnp.where(other, 0, y).astype(jnp.int32)
    known = jnp.asarray(_log_factorials(), jnp.result_type(y, 1.0))[index]
    return jnp.where(other, when(jnp.any(other), lambda y: gammaln(y + 1.0), known, y), known)


log_factorial.defjvps(lambda dy, _, y: _digamma(y + 1) * dy)


@lru_cache(maxsize=1)
def _log_factorials() -> np.ndarray:
    """Logs of 0!, 1!, ..."""
    return np.array([lgamma(k + 1.0) for k in range(FACTORIALS)])


def log_choose(n, k):
    """Log of the binomial coefficient, also for non-integers."""
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k)
