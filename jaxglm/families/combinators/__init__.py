"""Families made of families: each takes any family, a user's too, and is one itself."""

from .base import Combinator
from .bounds import Censored, Truncated, censored, interval_censored, truncated
from .inflation import Hurdle, Inflated, ZeroOneInflated, hurdle, inflated, zero_inflated, zero_one_inflated
from .mixture import Mixture, mixture

__all__ = [
    "Censored",
    "Combinator",
    "Hurdle",
    "Inflated",
    "Mixture",
    "Truncated",
    "ZeroOneInflated",
    "censored",
    "hurdle",
    "inflated",
    "interval_censored",
    "mixture",
    "truncated",
    "zero_inflated",
    "zero_one_inflated",
]
