"""Inference: pure functions of (problem, theta)."""

from .covariance import KINDS, covariance

__all__ = ["KINDS", "covariance"]
