"""The design matrix of one predictor behind four verbs: matvec, rmatmat, gram, form. All n-sized products are here."""

from .borrowed import Borrowed, aligned, is_aligned, lend
from .dense import CROSSED_SIZE, Columns, Crossed, Dense, Ones, blocks, crossed, outer
from .tied import Tied

__all__ = [
    "CROSSED_SIZE",
    "Borrowed",
    "Columns",
    "Crossed",
    "Dense",
    "Design",
    "Ones",
    "Tied",
    "aligned",
    "blocks",
    "crossed",
    "design_of",
    "is_aligned",
    "lend",
    "outer",
]

Design = Dense | Columns | Borrowed | Tied | Ones


def design_of(X) -> Dense | Tied:
    """The design of a matrix (n, p), or of tied predictors (n, K, p)."""
    return Tied(X) if X.ndim == 3 else Dense(X)
