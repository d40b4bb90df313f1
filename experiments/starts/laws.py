"""Families with local maxima and maxima at the edge, and data sets drawn from them with a truth of their own each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import expit

import jaxglm as jg

SLOPES = 2  # columns beside the intercept


@dataclass(frozen=True)
class Law:
    """A family; what draws its responses (and their trials) from eta, (B, n) each, (B, 1) where shared; and the ranges
    of the shared linear predictors."""

    family: Any
    draw: Callable[..., Any]
    shared: tuple[tuple[float, float], ...]
    level: float  # mean of the first linear predictor


@dataclass(frozen=True)
class Sample:
    """Data sets X (B, n, p), y (B, n) or (successes, trials), and their truth (B, P)."""

    X: np.ndarray
    y: Any
    truth: np.ndarray


def _negbin(rng: Any, eta: Any, log_alpha: Any) -> Any:
    alpha = np.exp(log_alpha)
    return rng.poisson(np.exp(eta) * rng.gamma(np.broadcast_to(1 / alpha, eta.shape)) * alpha)


def _inflated(rng: Any, eta: Any, log_alpha: Any, logit_pi: Any) -> Any:
    return np.where(rng.random(eta.shape) < expit(logit_pi), 0, _negbin(rng, eta, log_alpha))


def _hurdle(rng: Any, eta: Any, log_alpha: Any, logit_nonzero: Any) -> Any:
    size = np.exp(-log_alpha)
    law: Any = stats.nbinom(size, size / (size + np.exp(eta)))
    none = law.pmf(0)
    positive = np.maximum(law.ppf(none + (1 - none) * rng.random(eta.shape)), 1)
    return np.where(rng.random(eta.shape) < expit(logit_nonzero), positive, 0)


def _beta_binomial(rng: Any, eta: Any, logit_rho: Any) -> Any:
    trials, size = rng.integers(1, 21, eta.shape), np.exp(-logit_rho)  # 1 / rho - 1 = a + b
    return rng.binomial(trials, rng.beta(expit(eta) * size, expit(-eta) * size)), trials


def _student(rng: Any, eta: Any, log_sigma: Any, log_df: Any) -> Any:
    return eta + np.exp(log_sigma) * rng.standard_t(np.broadcast_to(np.exp(log_df), eta.shape))


LAWS = {
    "zero-inflated NB": Law(jg.zero_inflated(jg.NegativeBinomial()), _inflated, ((-2, 1), (-2, 1)), 1.0),
    "hurdle NB": Law(jg.hurdle(jg.NegativeBinomial()), _hurdle, ((-2, 1), (-1, 2)), 1.0),
    "beta-binomial": Law(jg.BetaBinomial(), _beta_binomial, ((-4, 0),), 0.0),
    "Student t": Law(jg.StudentT(), _student, ((-2, 4), (0.5, 3)), 0.0),
}


def sample(law: Law, data_sets: int, rows: int, seed: int) -> Sample:
    """Data sets with normal covariates; coefficients normal with standard deviation 0.5, shared linear predictors
    uniform in their ranges."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(data_sets, rows, 1 + SLOPES))
    X[:, :, 0] = 1
    beta = rng.normal(scale=0.5, size=(data_sets, 1 + SLOPES))
    beta[:, 0] += law.level
    shared = np.column_stack([rng.uniform(*ends, size=data_sets) for ends in law.shared])
    y = law.draw(rng, np.einsum("bnp,bp->bn", X, beta), *shared.T[:, :, None])
    return Sample(X, y, np.column_stack([beta, shared]))
