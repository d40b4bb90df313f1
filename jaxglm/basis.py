"""HOST: which columns are independent, and a well-conditioned basis for those when the columns nearly depend."""

from dataclasses import dataclass

import numpy as np

from .numerics import LARGEST, SMALLEST

INDEPENDENT = 1e-11  # sine of the angle between a column and the earlier ones below which it is aliased; Filip has 5e-8
COMFORTABLE = 1e-3  # the same sine above which the columns serve as they are
EXTENDED_SIZE = 20_000_000  # n p^2 up to which extended precision takes well under a second
CHECKED_SIZE = 200_000  # elements of X up to which it is checked before the fit; beyond, the solver's flag serves


@dataclass(frozen=True)
class Basis:
    """X[:, kept] = columns @ triangle; the solver works on `columns`. triangle is None where they are the same."""

    columns: np.ndarray  # (n, rank)
    triangle: np.ndarray | None  # (rank, rank)
    kept: np.ndarray  # positions of the independent columns of X

    def to_beta(self, gamma: np.ndarray) -> np.ndarray:
        """Coefficients of X[:, kept] from those of the basis; also for a matrix of column vectors."""
        return gamma if self.triangle is None else _backward(self.triangle, gamma)

    def from_beta(self, beta: np.ndarray) -> np.ndarray:
        return beta if self.triangle is None else (self.triangle @ beta).astype(float)


def unchanged(X: np.ndarray) -> Basis:
    """The columns of X (..., n, p) as they are."""
    return Basis(X, None, np.arange(X.shape[-1]))


def find_basis(X: np.ndarray, weights: np.ndarray | None = None, *, suspicious: bool = False) -> Basis:
    """Basis of the columns of X (n, p) over the rows of positive weight; `suspicious` skips the quick way out."""
    if not suspicious and (X.size > CHECKED_SIZE or comfortable(X, weights)):
        return unchanged(X)
    kept, triangle = _independent(X if weights is None else X[weights > 0])
    columns = X if len(kept) == X.shape[1] else X[:, kept]
    return Basis(_forward(triangle, columns), triangle, kept)


def comfortable(X: np.ndarray, weights: np.ndarray | None) -> bool:
    """Whether the columns (n, p) are far from depending on each other, over the rows of positive weight."""
    used = X if weights is None else X * (weights > 0)[:, None]
    gram = used.T @ used
    size = gram.diagonal()
    if not size.min(initial=1.0) > SMALLEST**2 or not size.max(initial=1.0) < LARGEST**2:
        return False
    try:
        pivots = np.linalg.cholesky(gram).diagonal() ** 2
    except np.linalg.LinAlgError:
        return False
    return bool((pivots > COMFORTABLE**2 * size).all())


def _independent(X):
    """Positions of the columns that do not depend on earlier ones, as R keeps them, and the triangle of their QR.

    Gram-Schmidt, twice for each column, in extended precision where the platform has it and the size allows: NIST's
    Filip (condition 1e15) keeps nine more digits of its residuals.
    """
    dtype = np.longdouble if X.size * X.shape[1] < EXTENDED_SIZE else np.float64
    scale = np.max(np.abs(X), axis=0, initial=0.0)
    q = np.zeros((len(X), min(X.shape)), dtype)
    triangle, kept = np.zeros((q.shape[1],) * 2, dtype), []
    for j in np.flatnonzero(scale > 0):
        rank = len(kept)
        if rank == q.shape[1]:
            break
        length, rest, shares = _orthogonal_part(q[:, :rank], X[:, j].astype(dtype) / scale[j])
        if np.linalg.norm(rest) > INDEPENDENT * length:
            size = np.sqrt(rest @ rest)
            q[:, rank] = rest / size
            triangle[:rank, rank], triangle[rank, rank] = shares * scale[j], size * scale[j]
            kept.append(int(j))
    return np.asarray(kept, int), triangle[: len(kept), : len(kept)]


def _orthogonal_part(q, column):
    """Length of the column, what is left of it outside the span of q, and its coordinates inside."""
    length, rest, shares = np.sqrt(column @ column), column, 0.0
    for _ in range(2):
        share = rest @ q
        rest, shares = rest - q @ share, shares + share
    return length, rest, shares


def _forward(triangle, columns) -> np.ndarray:
    """columns @ triangle^-1 in the precision of the triangle, rounded to float64."""
    made = np.empty((len(columns), len(triangle)), triangle.dtype)
    for j in range(len(triangle)):
        made[:, j] = (columns[:, j] - made[:, :j] @ triangle[:j, j]) / triangle[j, j]
    return made.astype(float)


def _backward(triangle, gamma) -> np.ndarray:
    """triangle^-1 @ gamma in the precision of the triangle, rounded to float64."""
    beta = gamma.astype(triangle.dtype)
    for i in reversed(range(len(triangle))):
        beta[i] = (beta[i] - triangle[i, i + 1 :] @ beta[i + 1 :]) / triangle[i, i]
    return beta.astype(float)
