"""Simulated responses of families with several parameters, each with its log-likelihood in SciPy.

theta is laid out alike by all competitors: coefficients of the mean, then shared parameters as each workload says.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax
from scipy.stats import beta, nbinom

ROWS, COLUMNS = 20_000, 10
STEP = 1e-5  # of the central differences that give the score


def _mean(seed: int, n: int, p: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """A generator, X with an intercept, and eta with a spread of a half."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 0] = 1.0
    return rng, X, X @ (0.5 * rng.standard_normal(p) / np.sqrt(p))


def _workload(name: str, X, y, loglik: Callable) -> dict[str, Any]:
    return {"name": name, "family": name, "X": X, "y": y, "offset": None, "loglik": loglik}


def _negbin_rows(X, theta, y):
    alpha, mu = np.exp(theta[0]), np.exp(X)
    return nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mu))


def negbin(scale: float) -> dict[str, Any]:
    """theta: beta, log(alpha)."""
    rng, X, eta = _mean(11, int(ROWS * scale), COLUMNS)
    y = rng.negative_binomial(2, 2 / (2 + np.exp(eta + 0.5))).astype(float)
    return _workload("negbin", X, y, lambda t: _negbin_rows(X @ t[:-1], t[-1:], y).sum())


def zinb(scale: float) -> dict[str, Any]:
    """theta: beta, log(alpha), logit(pi)."""
    workload = negbin(scale)
    X, n = workload["X"], len(workload["X"])
    y = workload["y"] * (np.random.default_rng(12).random(n) > 0.25)

    def loglik(t):
        counts = log_expit(-t[-1]) + _negbin_rows(X @ t[:-2], t[-2:-1], y)
        return np.where(y == 0, np.logaddexp(log_expit(t[-1]), counts), counts).sum()

    return _workload("zinb", X, y, loglik)


def beta_(scale: float) -> dict[str, Any]:
    """theta: beta, log(precision)."""
    rng, X, eta = _mean(13, int(ROWS * scale), COLUMNS)
    mu = expit(eta)
    y = np.clip(rng.beta(5 * mu, 5 * (1 - mu)), 1e-9, 1 - 1e-9)

    def loglik(t):
        mu, phi = expit(X @ t[:-1]), np.exp(t[-1])
        return beta.logpdf(y, mu * phi, (1 - mu) * phi).sum()

    return _workload("beta", X, y, loglik)


def ordinal(scale: float) -> dict[str, Any]:
    """theta: beta without an intercept, three cutpoints."""
    rng, X, eta = _mean(14, int(ROWS * scale), COLUMNS)
    X = np.ascontiguousarray(X[:, 1:])
    y = np.searchsorted([-1.0, 0.0, 1.0], eta + rng.logistic(size=len(eta))).astype(float)

    def loglik(t):
        below = expit(np.array([-np.inf, *t[-3:], np.inf])[:, None] - X @ t[:-3])
        rows, k = np.arange(len(y)), y.astype(int)
        return np.log(below[k + 1, rows] - below[k, rows]).sum()

    return _workload("ordinal", X, y, loglik)


def multinomial(scale: float) -> dict[str, Any]:
    """theta: beta of the second to the fifth class, the first being the base."""
    n, p, classes = int(50_000 * scale), 20, 5
    rng, X, _ = _mean(15, n, p)
    y = (0.3 * X @ rng.standard_normal((p, classes)) + rng.gumbel(size=(n, classes))).argmax(axis=1).astype(float)

    def loglik(t):
        eta = np.column_stack([np.zeros(n), X @ t.reshape(classes - 1, p).T])
        return log_softmax(eta, axis=1)[np.arange(n), y.astype(int)].sum()

    return _workload("multinomial", X, y, loglik)


RESPONSES = {"negbin": negbin, "zinb": zinb, "beta": beta_, "ordinal": ordinal, "multinomial": multinomial}


def max_score(workload: dict[str, Any], theta: np.ndarray) -> float:
    """Largest |d loglik / d theta| by central differences: about 1e-6 is their rounding."""
    loglik, steps = workload["loglik"], STEP * np.eye(len(theta))
    return float(max(abs(loglik(theta + h) - loglik(theta - h)) / (2 * STEP) for h in steps))
