"""HOST: groups of rows that are not independent, and the sums of scores within them."""

import warnings
from itertools import combinations
from typing import Any

import numpy as np

from ..refits import labels


def clusterings(fit: Any, groups: Any) -> list[np.ndarray]:
    """Codes 0, 1, ... (n,) of the clusters of each fitted row, one array for each way of clustering.

    groups: a column name or an array with a value for each row; a list of those for several ways.
    Raises: ValueError for no groups, missing ones, another length, or a single cluster.
    """
    if groups is None:
        raise ValueError('with_cov("cluster") needs groups=: a column of the data or a value for each row.')
    ways = groups if _several(fit, groups) else [groups]
    used = fit.counted > 0
    found = [np.unique(labels(fit, way)[used], return_inverse=True)[1] for way in ways]
    for way, codes in zip(ways, found, strict=True):
        _check_number(codes.max() + 1, f"groups={way!r}" if isinstance(way, str) else "groups", len(fit._estimates))
    return found


def _several(fit: Any, groups: Any) -> bool:
    """Whether this is a list of ways to cluster: of names or arrays, and not of a label for each row."""
    if not isinstance(groups, list | tuple) or len(groups) in (len(fit.frame.X), len(fit.frame.X) + fit.n_dropped):
        return False
    return len(groups) > 0 and all(isinstance(g, str) or np.ndim(g) == 1 for g in groups)


def _check_number(G: int, name: str, P: int) -> None:
    if G < 2:
        raise ValueError(f"{name}: all rows are in one cluster; a clustered covariance needs at least two, and is "
                         "good with about forty or more.")
    if G <= P:
        warnings.warn(f"{name}: {G} clusters for {P} coefficients. The covariance has rank {G - 1} at most: standard "
                      "errors are too small as a rule, and no test of all coefficients is possible.", stacklevel=6)


def crossed(codes: list[np.ndarray]) -> list[tuple[int, np.ndarray]]:
    """Sign and codes of every intersection of the clusterings, by inclusion and exclusion.

    Source: Cameron, Gelbach and Miller (2011), J. Business & Economic Statistics 29, eq. 2.11.
    """
    return [((-1) ** (size + 1), np.unique(np.stack(some), axis=1, return_inverse=True)[1].ravel())
            for size in range(1, len(codes) + 1) for some in combinations(codes, size)]


def sums(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sums (G, P) of scores (n, P) within clusters."""
    return np.stack([np.bincount(codes, weights=column) for column in scores.T], axis=1)


def named(groups: Any, codes: list[np.ndarray]) -> str:
    """cluster by firm (240) and year (8)."""
    ways = [groups] if len(codes) == 1 else groups
    parts = [f"{way} ({c.max() + 1})" if isinstance(way, str) else f"{c.max() + 1} groups"
             for way, c in zip(ways, codes, strict=True)]
    return f"cluster by {' and '.join(parts)}"
