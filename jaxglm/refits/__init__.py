"""HOST: a fitted model fitted anew many times over: blocks of members, and the units that are drawn or left out."""

from .blocks import BLOCK_ELEMENTS, Progress, coefficients, columns, estimates, plan, refits, warn_of_failures
from .units import Units, labels, whole

__all__ = [
    "BLOCK_ELEMENTS",
    "Progress",
    "Units",
    "coefficients",
    "columns",
    "estimates",
    "labels",
    "plan",
    "refits",
    "warn_of_failures",
    "whole",
]
