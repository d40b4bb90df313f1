"""What rows say about a fitted model: facts, residuals, distributions, influence. Pure functions with HOST twins."""

from .assumptions import ScoreTest, heterogeneity_of, zero_inflation_of
from .distribution import Moments, Tails, moments, moments_at, tails, tails_at
from .facts import Facts, facts
from .influence import Deletion, deletion, deletion_of, row_logliks_at
from .residuals import FACTS, anscombe, anscombe_of, quantile_residuals, residuals

__all__ = [
    "FACTS",
    "Deletion",
    "Facts",
    "Moments",
    "ScoreTest",
    "Tails",
    "anscombe",
    "anscombe_of",
    "deletion",
    "deletion_of",
    "facts",
    "heterogeneity_of",
    "moments",
    "moments_at",
    "quantile_residuals",
    "residuals",
    "row_logliks_at",
    "tails",
    "tails_at",
    "zero_inflation_of",
]  # fmt: skip
