"""HOST: confidence limits from the replicates of a bootstrap: (m, P) to (P, 2)."""

import numpy as np

from ..results import special


def percentile(replicates: np.ndarray, alpha: float) -> np.ndarray:
    """Quantiles of the replicates."""
    return _quantiles(replicates, np.asarray([[alpha / 2, 1 - alpha / 2]]))


def basic(replicates: np.ndarray, estimate: np.ndarray, alpha: float) -> np.ndarray:
    """The quantiles reflected at the estimate: they are those of its error."""
    return 2 * estimate[:, None] - percentile(replicates, alpha)[:, ::-1]


def studentized(replicates: np.ndarray, errors: np.ndarray, estimate: np.ndarray, error: np.ndarray,
                alpha: float) -> np.ndarray:
    """Symmetric limits: as many standard errors (P,) as the replicates are away from the estimate in theirs (m, P)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(replicates - estimate) / errors
    width = _quantiles(t, np.full((1, 2), 1 - alpha)) * error[:, None]
    return estimate[:, None] + width * [-1, 1]


def bca(replicates: np.ndarray, estimate: np.ndarray, acceleration: np.ndarray, alpha: float) -> np.ndarray:
    """Quantiles at levels corrected for median bias and acceleration (P,)."""
    below = np.mean(replicates < estimate, axis=0) + np.mean(replicates == estimate, axis=0) / 2
    shift = special().ndtri(below)[:, None]
    moved = shift + special().ndtri([alpha / 2, 1 - alpha / 2])
    with np.errstate(invalid="ignore"):  # all replicates on one side of the estimate: there is no such interval
        return _quantiles(replicates, special().ndtr(shift + moved / (1 - acceleration[:, None] * moved)))


def _quantiles(replicates: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of each column at its row of levels: the (m + 1) level-th of m sorted values."""
    rows = np.broadcast_to(levels, (replicates.shape[1], 2))
    pairs = zip(replicates.T, rows, strict=True)
    return np.asarray([_quantile(column, row) for column, row in pairs])


def _quantile(column: np.ndarray, levels: np.ndarray) -> np.ndarray:
    if not len(column) or np.isnan(column).any() or np.isnan(levels).any():
        return np.full(2, np.nan)
    return np.quantile(column, levels, method="weibull")
