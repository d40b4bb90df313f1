"""Simulated data of the sizes that people complain about; seeded, and with no copy of X on the way."""

from typing import Any

import numpy as np
from scipy.special import expit

from experiments.peers import responses

SMALL = ("small_logistic",)  # sizes that `scale` leaves alone


def _model(
    name: str, n: int, p: int, seed: int, spread: float
) -> tuple[np.random.Generator, dict[str, Any], np.ndarray]:
    """A generator, the workload so far, and eta: an intercept and standard normal columns, var(eta) = spread^2."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 0] = 1.0
    beta = rng.standard_normal(p) * spread / np.sqrt(p)
    return rng, {"name": name, "X": X, "offset": None}, X @ beta


def _logistic(name: str, n: int, p: int, seed: int) -> dict[str, Any]:
    rng, workload, eta = _model(name, n, p, seed, 1.0)
    return workload | {"family": "binomial", "y": (rng.random(n) < expit(eta)).astype(float)}


def _poisson(name: str, n: int, p: int, seed: int) -> dict[str, Any]:
    rng, workload, eta = _model(name, n, p, seed, 0.5)
    offset = np.log(rng.uniform(0.2, 2.0, n))
    return workload | {"family": "poisson", "offset": offset, "y": rng.poisson(np.exp(eta + offset)).astype(float)}


def _gamma(name: str, n: int, p: int, seed: int) -> dict[str, Any]:
    rng, workload, eta = _model(name, n, p, seed, 0.5)
    return workload | {"family": "gamma", "y": rng.gamma(2.0, np.exp(eta) / 2.0)}


WORKLOADS = {
    "small_logistic": lambda scale: _logistic("small_logistic", 500, 10, 3),
    "large_logistic": lambda scale: _logistic("large_logistic", int(1_000_000 * scale), 50, 0),
    "large_poisson": lambda scale: _poisson("large_poisson", int(300_000 * scale), 100, 1),
    "large_gamma": lambda scale: _gamma("large_gamma", int(300_000 * scale), 30, 2),
    **responses.RESPONSES,
}


def max_score(workload: dict[str, Any], beta: np.ndarray) -> float:
    """Largest |d loglik / d beta| at dispersion 1: zero at the optimum."""
    if "loglik" in workload:
        return responses.max_score(workload, beta)
    eta = workload["X"] @ beta + (0.0 if workload["offset"] is None else workload["offset"])
    mu = expit(eta) if workload["family"] == "binomial" else np.exp(eta)
    residual = (workload["y"] - mu) / (mu if workload["family"] == "gamma" else 1.0)
    return float(np.max(np.abs(residual @ workload["X"])))
