"""Families made of families: each takes any family, a user's too, and is one itself."""

from .base import Combinator
from .bounds import Censored, Truncated, censored, interval_censored, truncated
from .inflation import Hurdle, Inflated, hurdle, inflated, zero_inflated
from .mixture import Mixture, mixture

__all__ = [
    "Censored",
    "Combinator",
    "Hurdle",
    "Inflated",
    "Mixture",
    "Truncated",
    "censored",
    "hurdle",
    "inflated",
    "interval_censored",
    "mixture",
    "truncated",
    "zero_inflated",
]
