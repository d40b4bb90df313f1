"""What rows say about a fitted model: their facts, residuals and distributions. Pure functions, with HOST entry points."""

from .distribution import Moments, Tails, moments, moments_at, tails, tails_at
from .facts import Facts, facts, residuals

__all__ = ["Facts", "Moments", "Tails", "facts", "moments", "moments_at", "residuals", "tails", "tails_at"]
