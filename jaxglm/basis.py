"""HOST: which columns are independent, and a well-conditioned basis for those when the columns nearly depend."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

INDEPENDENT = 1e-11  # sine of the angle between a column and the earlier ones below which it is aliased; Filip has 5e-8
COMFORTABLE = 1e-3  # the same sine above which the columns serve as they are
CHECKED_SIZE = 2_000_000  # elements of X up to which the check is made before the fit; beyond, the solver's flag is used


@dataclass(frozen=True)
class Basis:
    """X[:, kept] = columns @ triangle; the solver works on `columns`. triangle is None where they are the same."""

    columns: np.ndarray  # (n, rank)
    triangle: np.ndarray | None  # (rank, rank)
    kept: np.ndarray  # positions of the independent columns of X

    def to_beta(self, gamma: np.ndarray) -> np.ndarray:
        """Coefficients of X[:, kept] from those of the basis; also for a matrix of column vectors."""
        return gamma if self.triangle is None else solve_triangular(self.triangle, gamma)

    def from_beta(self, beta: np.ndarray) -> np.ndarray:
        return beta if self.triangle is None else self.triangle @ beta


def find_basis(X: np.ndarray, weights: np.ndarray | None = None, *, suspicious: bool = False) -> Basis:
    """Basis of the columns of X (n, p) over the rows of positive weight; `suspicious` skips the quick way out."""
    everything = np.arange(X.shape[1])
    if not suspicious and (X.size > CHECKED_SIZE or _comfortable(X, weights)):
        return Basis(X, None, everything)
    used = X if weights is None else X[weights > 0]
    kept, triangle = _independent(used)
    columns = X if len(kept) == X.shape[1] else X[:, kept]
    return Basis(solve_triangular(triangle.T, columns.T, lower=True).T, triangle, kept)


def _comfortable(X, weights) -> bool:
    used = X if weights is None else X * (weights > 0)[:, None]
    gram = used.T @ used
    size = np.sqrt(np.diagonal(gram))
    if not np.all((size > 1e-100) & (size < 1e100)):
        return False
    try:
        return bool(np.min(np.diagonal(np.linalg.cholesky(gram / size / size[:, None]))) > COMFORTABLE)
    except np.linalg.LinAlgError:
        return False


def _independent(X):
    """Positions of the columns that do not depend on earlier ones, as R keeps them, and the triangle of their QR."""
    largest = np.max(np.abs(X), axis=0, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(X / scale, axis=0)
    scale = scale * np.where(length > 0, length, 1.0)
    kept = np.flatnonzero(largest > 0)
    while True:
        triangle = np.linalg.qr(X[:, kept] / scale[kept], mode="r")
        sines = np.abs(np.diagonal(triangle))
        dependent = np.flatnonzero(sines < INDEPENDENT)
        if not len(dependent) and len(kept) <= len(X):
            return kept, triangle * scale[kept]
        first = dependent[0] if len(dependent) else len(X)
        kept = np.delete(kept, first)  # one at a time: its noise direction would hide the columns after it
