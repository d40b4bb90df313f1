"""The true value and derivatives of a function at a double, to 60 digits."""

from collections.abc import Callable
from math import inf

import mpmath
from mpmath import mpf

DIGITS = 60
TAIL_DIGITS = 420  # one minus a normal probability at 40 starts at the 350th digit
HUGE = mpf(10) ** 8  # exp(-exp(20)) has more digits in its exponent than memory; it is 0 in every dtype


def exp_minus(t):
    """exp(-t), and 0 where that is beyond every floating-point format."""
    return mpf(0) if t > HUGE else mpmath.exp(-t)


def derivatives(f: Callable, x: float, order: int) -> list:
    """f and its first derivatives at x, as mpf; None where f is not defined or leaves the reals."""
    values = _derivatives(f, x, order, DIGITS)
    saturated = values[0] is not None and order > 0 and 0 < abs(values[0] - 1) < mpf(10) ** -20
    return _derivatives(f, x, order, TAIL_DIGITS) if saturated or values[0] == 1 else values


def _derivatives(f: Callable, x: float, order: int, digits: int) -> list:
    with mpmath.workdps(digits):
        try:
            values = [+f(mpf(x))] + [mpmath.diff(f, mpf(x), k) for k in range(1, order + 1)]
        except (ZeroDivisionError, ValueError, OverflowError):
            return [None] * (order + 1)
        real = mpmath.im(values[0]) == 0  # the logarithm of a negative parameter is not
        return [mpmath.re(v) if real and mpmath.isfinite(v) else None for v in values]


def to_float(value, finfo) -> float:
    """Nearest number of the dtype: infinite where it overflows."""
    return inf * int(mpmath.sign(value)) if abs(value) > mpf(float(finfo.max)) else float(value)
