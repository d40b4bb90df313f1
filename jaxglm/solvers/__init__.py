"""Solvers: one flat loop, and the two that step through it."""

from .base import Status, Trace, Worded, run
from .gradient import Gradient
from .newton import Newton

__all__ = ["Gradient", "Newton", "Status", "Trace", "Worded", "run"]
