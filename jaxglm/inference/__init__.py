"""Inference: pure functions of (problem, theta), and HOST functions of test statistics and p-values."""

from .chi2 import log_chi2, log_f
from .covariance import DISCOUNTS, covariance, inverse_root, parts_of_rows, standard_scores
from .multiple import adjust_pvalues
from .score import score_information
from .tails import log_two_sided

__all__ = [
    "DISCOUNTS",
    "adjust_pvalues",
    "covariance",
    "inverse_root",
    "log_chi2",
    "log_f",
    "log_two_sided",
    "parts_of_rows",
    "score_information",
    "standard_scores",
]
