"""Simulated batches: many small logistic data sets, and many count responses on one design; seeded."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

Workload = dict[str, Any]  # name, family, X (B, n, p) or (n, p), y (B, n)


def logistic(B: int, n: int, p: int) -> Workload:
    """Every member has a design of its own."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((B, n, p))
    X[..., 0] = 1.0
    beta = rng.standard_normal((B, p)) * 0.5
    y = (rng.random((B, n)) < expit(linear(X, beta))).astype(float)
    return {"name": "logistic", "family": "binomial", "X": X, "y": y}


def poisson(B: int, n: int, p: int) -> Workload:
    rng = np.random.default_rng(5)
    X = _shared(rng, n, p)
    beta = rng.standard_normal((B, p)) * 0.3
    y = rng.poisson(np.exp(linear(X, beta) + 1.0)).astype(float)
    return {"name": "poisson", "family": "poisson", "X": X, "y": y}


def negbin(B: int, n: int, p: int) -> Workload:
    """Every member has an overdispersion of its own, to be estimated."""
    rng = np.random.default_rng(6)
    X = _shared(rng, n, p)
    beta = rng.standard_normal((B, p)) * 0.3
    alpha = np.exp(rng.normal(-0.7, 0.6, (B, 1)))
    mu = np.exp(linear(X, beta) + 1.5)
    y = rng.poisson(mu * rng.gamma(1 / alpha, alpha, mu.shape)).astype(float)
    return {"name": "negbin", "family": "negbin", "X": X, "y": y}


WORKLOADS: dict[str, Callable[[int, int, int], Workload]] = {
    "logistic": logistic,
    "poisson": poisson,
    "negbin": negbin,
}


def _shared(rng: np.random.Generator, n: int, p: int) -> np.ndarray:
    X = rng.standard_normal((n, p)) * 0.5
    X[:, 0] = 1.0
    return X


def linear(X: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """eta (B, n)."""
    return beta @ X.T if X.ndim == 2 else (X @ beta[:, :, None])[..., 0]


def head(workload: Workload, members: int) -> Workload:
    """The first members."""
    X = workload["X"]
    return workload | {"X": X if X.ndim == 2 else X[:members], "y": workload["y"][:members]}


def separable(workload: Workload, share: float) -> tuple[Workload, np.ndarray]:
    """A copy in which a share of the members, at even distances, has a y that is the sign of a column; and which."""
    B = len(workload["y"])
    which = np.arange(0, B, max(round(1 / share), 1))
    y = workload["y"].copy()
    y[which] = workload["X"][which, :, 1] > 0
    return workload | {"y": y}, which
