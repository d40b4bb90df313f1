"""Multiprecision truth for stable functions: values and derivatives by mpmath, and errors in rounding units."""

from .compare import Errors, check, jax_derivatives, nothing_cancels
from .truth import derivatives, exp_minus, to_float

__all__ = ["Errors", "check", "derivatives", "exp_minus", "jax_derivatives", "nothing_cancels", "to_float"]
