"""Numbers as words."""

import math
from collections.abc import Sequence
from typing import Any


def number(value: Any) -> str:
    """Five significant digits, without an exponent between 1e-4 and 1e6."""
    value = float(value)
    large = math.isfinite(value) and 1e5 <= abs(value) < 1e6
    return f"{value:.0f}" if large else f"{value:.5g}"


def count(value: Any) -> str:
    """A number of rows: an integer where it is one."""
    value = float(value)
    return f"{value:,.0f}" if math.isfinite(value) and value == round(value) else f"{value:,.5g}"


def p_value(p: float) -> str:
    if p < 1e-16:
        return "<1e-16"
    return f"{p:.1e}" if p < 1e-4 else f"{p:.4f}"


def test_statistic(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e4 else f"{value:.4g}"


def exponent(value: float) -> int:
    return math.floor(math.log10(value)) if value > 0 else 0


def decimals_of(estimates: Sequence[float], errors: Sequence[float]) -> int | None:
    """Decimals that show four digits of the largest standard error and three of the smallest; None if too many."""
    sizes = [abs(v) for v in errors if math.isfinite(v) and v] or [abs(v) for v in estimates if math.isfinite(v) and v]
    if not sizes:
        return 4
    decimals = max(3 - exponent(max(sizes)), 2 - exponent(min(sizes)), 0)
    largest = max([*sizes, *(abs(v) for v in estimates if math.isfinite(v))])
    return decimals if exponent(largest) + decimals <= 9 else None


def decimal(value: float, decimals: int | None) -> str:
    """The value with these decimals, or five significant digits where they would hide or drown it."""
    if decimals is None or not math.isfinite(value) or abs(value) >= 1e9 or 0 < abs(value) < 0.5 * 10**-decimals:
        return f"{value:.5g}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text
