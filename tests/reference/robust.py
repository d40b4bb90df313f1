"""The table of robust covariances: sandwich's numbers, through `with_cov`."""

import re

import numpy as np

from . import conventions as r
from . import measure
from .case import Case
from .fits import Fits
from .quantity import Quantity, at, plain
from .yardsticks import lagged

IN_CASE = {kind: f"fit.robust_vcov.{kind}" for kind in ("HC0", "HC1", "HC2", "HC3")}
BESIDE = {"HC4": "fit.aux.HC4", "HC4m": "fit.aux.HC4m", "HC5": "fit.aux.HC5"}
SANDWICH = "fit.aux.sandwich_OPG"  # sandwich(): the outer product of gradients is its meat, not all of it
CLUSTERED = re.compile(r"cluster_(\w+?)_(HC0_noadj|HC0_default|default)")


def of_kind(kind: str, path: str, name: str = "") -> Quantity:
    return Quantity(f"R.{name or kind}", at(path), lambda f: covariance(f, kind), lagged, plain(measure.of_deviations))


def covariance(fits: Fits, kind: str, **more) -> np.ndarray:
    """Without the aliased coefficients, as R stores it, and with theta taken as known, as R does."""
    kept = np.flatnonzero(fits.case.kept)
    return r.inference(fits).with_cov(kind, **more).cov_params()[np.ix_(kept, kept)]


def clustered(case: Case) -> tuple[Quantity, ...]:
    """A row for each stored covariance of clusters; vcovCL's default for glm is G / (G - 1)."""
    found = [(name, CLUSTERED.fullmatch(name)) for name in case.get("fit.aux") or {}]
    return tuple(_by(name, *match.groups()) for name, match in found if match)


def _by(name: str, column: str, adjustment: str) -> Quantity:
    correction = "none" if adjustment.endswith("noadj") else "groups"

    def ours(fits: Fits) -> np.ndarray:
        return covariance(fits, "cluster", groups=fits.case.get(f"data.columns.{column}"), correction=correction)

    return Quantity(f"R.{name}", at(f"fit.aux.{name}"), ours, lagged, plain(measure.of_deviations))


ROBUST = (*(of_kind(kind, path) for kind, path in (IN_CASE | BESIDE).items()), of_kind("HC0", SANDWICH, "sandwich"))
