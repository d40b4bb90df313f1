"""Inference: pure functions of (problem, theta), and HOST functions of test statistics and p-values."""

from .covariance import DISCOUNTS, covariance, inverse_root, standard_scores
from .multiple import adjust_pvalues
from .tails import log_two_sided

__all__ = ["DISCOUNTS", "adjust_pvalues", "covariance", "inverse_root", "log_two_sided", "standard_scores"]
