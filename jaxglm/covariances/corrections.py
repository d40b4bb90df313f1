"""HOST: the small-sample factors of robust covariances, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Correction:
    """A factor of a covariance from n observations, p coefficients of the mean and G clusters."""

    words: str
    factor: Callable[[float, float, float], float]
    clusters: bool = False  # whether it needs clusters


CORRECTIONS = {
    "none": Correction("", lambda n, p, G: 1.0),
    "df": Correction("n/(n-p)", lambda n, p, G: n / (n - p)),
    "groups": Correction("G/(G-1)", lambda n, p, G: G / (G - 1), clusters=True),
    "groups-df": Correction("G/(G-1) (n-1)/(n-p)", lambda n, p, G: G / (G - 1) * (n - 1) / (n - p), clusters=True),
}


def correction_of(name: str, kind: str, fit: Any = None) -> Correction:
    """The factor of this name; raises ValueError for an unknown one or one that does not suit the kind, or the fit."""
    if name not in CORRECTIONS:
        raise ValueError(f"unknown correction {name!r}; choose from {', '.join(CORRECTIONS)}.")
    found = CORRECTIONS[name]
    if found.clusters and kind != "cluster":
        raise ValueError(f"correction {name!r}, {found.words}, counts clusters; {kind!r} has none. "
                         "Choose 'none' or 'df'.")
    if name.endswith("df") and fit is not None and not fit.df_resid > 0:
        raise ValueError(f"correction {name!r}, {found.words}, needs more observations than coefficients; there are "
                         f"{fit.df_resid:g} residual degrees of freedom.")
    return found
