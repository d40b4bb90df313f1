"""Log-likelihoods and scores of the workloads, by hand in NumPy: the judge of all who take part."""

import numpy as np
from scipy.special import digamma, expit, gammaln

from experiments.batched.workloads import Workload, linear

STEP = 1e-5  # of the differences of the score
NO_ALPHA = -15.0  # log alpha below which a negative binomial is a Poisson in double precision


def logliks(workload: Workload, theta: np.ndarray) -> np.ndarray:
    """Log-likelihood (B,) at coefficients (B, P); the last one of a negative binomial is log alpha."""
    y, eta = workload["y"], linear(workload["X"], theta[:, : workload["X"].shape[-1]])
    if workload["family"] == "binomial":
        return np.sum(y * eta - np.logaddexp(0, eta), axis=1)
    constant = np.sum(gammaln(y + 1), axis=1)
    plain = np.sum(y * eta - np.exp(eta), axis=1) - constant
    if workload["family"] == "poisson":
        return plain
    alpha = np.exp(np.maximum(theta[:, -1:], NO_ALPHA))
    r, grown = 1 / alpha, np.log1p(alpha * np.exp(eta))
    full = np.sum(gammaln(y + r) - gammaln(r) + y * (eta + np.log(alpha)) - (y + r) * grown, axis=1) - constant
    return np.where(theta[:, -1] > NO_ALPHA, full, plain)


def scores(workload: Workload, theta: np.ndarray) -> np.ndarray:
    """Derivatives (B, P) of the log-likelihoods."""
    X, y = workload["X"], workload["y"]
    eta = linear(X, theta[:, : X.shape[-1]])
    if workload["family"] != "negbin":
        return _columns(X, y - (expit(eta) if workload["family"] == "binomial" else np.exp(eta)))
    alpha, mu = np.exp(np.maximum(theta[:, -1:], NO_ALPHA)), np.exp(eta)
    residual = (y - mu) / (1 + np.exp(theta[:, -1:]) * mu)
    own = (np.log1p(alpha * mu) - digamma(y + 1 / alpha) + digamma(1 / alpha)) / alpha + residual
    slope = np.where(theta[:, -1] > NO_ALPHA, np.sum(own, axis=1), 0.0)
    return np.column_stack([_columns(X, residual), slope])


def distances(workload: Workload, theta: np.ndarray) -> np.ndarray:
    """How far each member is from its maximum, in standard errors: sqrt(g' H^-1 g); infinite where -H is not positive
    definite. The Hessian is made of differences of the score."""
    P = theta.shape[1]
    shift = np.eye(P) * STEP
    columns = [(scores(workload, theta - shift[k]) - scores(workload, theta + shift[k])) / (2 * STEP) for k in range(P)]
    information = np.stack(columns, axis=-1)
    information = (information + information.transpose(0, 2, 1)) / 2
    if workload["family"] == "negbin":  # at alpha = 0 only the other coefficients have a maximum inside
        information[theta[:, -1] <= NO_ALPHA, -1] = information[theta[:, -1] <= NO_ALPHA, :, -1] = np.eye(P)[-1]
    good = np.isfinite(information).all(axis=(1, 2)) & np.isfinite(theta).all(axis=1)
    good[good] = np.linalg.eigvalsh(information[good])[:, 0] > 0
    found, gradient = np.full(len(theta), np.inf), scores(workload, theta)
    step = np.linalg.solve(information[good], gradient[good][..., None])[..., 0]
    found[good] = np.sqrt(np.sum(gradient[good] * step, axis=1))
    return found


def _columns(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """X' s of every member."""
    return rows @ X if X.ndim == 2 else (rows[:, None, :] @ X)[:, 0]
