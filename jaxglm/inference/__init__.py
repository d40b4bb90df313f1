"""Inference: pure functions of (problem, theta), and HOST functions of test statistics and p-values."""

from .covariance import KINDS, covariance
from .multiple import adjust_pvalues
from .tails import log_two_sided

__all__ = ["KINDS", "adjust_pvalues", "covariance", "log_two_sided"]
