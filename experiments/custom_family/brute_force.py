"""A maximum without any calculus: a general optimiser, then Newton steps on finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

STEP = 1e-3  # of a difference, in units where every column has length 1


def maximise(density: Callable[..., Any], y: np.ndarray, X: np.ndarray, *, extra: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors of the coefficients of X and of `extra` parameters shared by all rows.

    density(y, eta, *shared) is the log-density of each row.
    """
    p = X.shape[1]
    scale = np.concatenate([np.linalg.norm(X, axis=0) / np.sqrt(len(y)), np.ones(extra)])

    def loss(u: np.ndarray) -> float:
        theta = u / scale
        return -float(np.sum(density(y, X @ theta[:p], *theta[p:])))

    u = minimize(loss, np.zeros(p + extra), method="BFGS").x
    for _ in range(5):
        u = u - np.linalg.solve(_hessian(loss, u), _gradient(loss, u))
    covariance = np.linalg.inv(_hessian(loss, u))
    return u / scale, np.sqrt(np.diag(covariance)) / scale


def _gradient(f: Callable[[np.ndarray], float], u: np.ndarray) -> np.ndarray:
    """Central differences at two step lengths, extrapolated to order four."""

    def slope(e, h):
        return (f(u + h * e) - f(u - h * e)) / (2 * h)

    return np.array([(4 * slope(e, STEP) - slope(e, 2 * STEP)) / 3 for e in np.eye(len(u))])


def _hessian(f: Callable[[np.ndarray], float], u: np.ndarray) -> np.ndarray:
    rows = [(_gradient(f, u + STEP * e) - _gradient(f, u - STEP * e)) / (2 * STEP) for e in np.eye(len(u))]
    return (np.array(rows) + np.array(rows).T) / 2
