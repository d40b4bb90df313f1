"""HOST: roots R of covariances R R': squares of extreme scales would overflow in the product."""

import numpy as np

NEGATIVE = 1e-10  # share of the largest eigenvalue down to which a negative one is rounding


def inverse_root(information: np.ndarray) -> np.ndarray:
    """R with R R' the inverse of an information matrix; NaN where that is not positive definite."""
    size = np.sqrt(np.abs(information.diagonal()))
    size[~(size > 0)] = 1.0
    try:
        triangle = np.linalg.cholesky(information / size / size[:, None])
    except np.linalg.LinAlgError:
        return np.full(information.shape, np.nan)
    return np.linalg.solve(triangle, np.diag(1 / size)).T


def lengths(root: np.ndarray) -> np.ndarray:
    """Lengths (P,) of the rows of a root (P, m): standard errors, of any scale."""
    with np.errstate(over="ignore"):
        squares = (root * root).sum(axis=1)
    if squares.min(initial=1.0) > 1e-200 and squares.max(initial=1.0) < 1e200:
        return np.sqrt(squares)
    largest = np.max(np.abs(root), axis=1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return scale * np.linalg.norm(root / scale[:, None], axis=1)


def root_of_square(rows: np.ndarray) -> np.ndarray:
    """R (P, min(m, P)) with R R' = rows' rows, of any rank; rows: (m, P)."""
    if not np.isfinite(rows).all():
        return np.full((rows.shape[1],) * 2, np.nan)
    return np.asarray(np.linalg.qr(rows, mode="r")).T


def inverse_root_of_square(rows: np.ndarray) -> np.ndarray:
    """R (P, P) with R R' the inverse of rows' rows; raises ValueError where that is singular."""
    triangle = root_of_square(rows).T
    if np.isnan(triangle).any():
        return triangle
    singular = triangle.shape[0] < triangle.shape[1] or np.linalg.cond(triangle) > 1e12
    if singular:
        raise ValueError("the outer product of gradients is singular: the rows have fewer different scores than there "
                         'are coefficients. Use "expected", "observed" or a robust kind.')
    return np.linalg.solve(triangle, np.eye(len(triangle)))


def root_of_symmetric(matrix: np.ndarray, fix: bool) -> np.ndarray:
    """R (P, P) with R R' the matrix. One that is not positive semidefinite loses its negative eigenvalues if `fix`.

    Raises: ValueError for a negative eigenvalue without `fix`.
    Source: Cameron, Gelbach and Miller (2011), section 2.3.
    """
    if not np.isfinite(matrix).all():
        return np.full(matrix.shape, np.nan)
    values, axes = np.linalg.eigh(matrix)
    least = values[0] / max(values[-1], np.finfo(float).tiny)
    if least < -NEGATIVE and not fix:
        raise ValueError(
            "this covariance of several clusterings is not positive semidefinite (its smallest eigenvalue is "
            f"{least:.2g} of the largest, in units of the model's own covariance): some linear combinations of the "
            "coefficients would have a negative variance. That happens with few clusters. Pass fix=True to set "
            "negative eigenvalues to zero, or cluster one way."
        )
    return axes * np.sqrt(np.maximum(values, 0.0))
