"""HOST: standard errors of every member of another kind than the fit's own."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batch import over_members
from ..covariances import USUAL, correction_of
from ..inference import DISCOUNTS, covariance
from .blocks import as_given, seen
from .data import Ragged, Stacked, subset
from .penalised import penalised
from .run import Settings

KINDS = ("expected", "observed", "opg", *DISCOUNTS)
OF_DISPERSION = {"expected": 0.5, "observed": 0.5, "opg": 1.0}  # power of phi in a standard error


def check_kind(kind: str, correction: str | None) -> None:
    """Raises ValueError for an unknown kind or correction."""
    if kind not in KINDS:
        raise ValueError(f"unknown covariance {kind!r} of a batch; choose from {', '.join(KINDS)}. Clusters and the "
                         "jackknife are for single fits: fits[i].with_cov(...).")
    correction_of(correction or USUAL.get(kind, "none"), kind)


def standard_errors(fits: Any, kind: str, correction: str | None) -> np.ndarray:
    """Standard errors (B, P) of this kind, dispersion and small-sample factor included; NaN where there is no fit."""
    found = np.full(fits.params.shape, np.nan)
    for index, penalty in fits._alike(np.arange(len(fits))):
        settings = replace(fits.settings.of(index), penalty=penalty)
        data = fits.data if len(index) == len(fits) else subset(fits.data, index)
        found[index] = _unscaled(data, settings, fits.params[index], kind)
    chosen = correction_of(correction or USUAL.get(kind, "none"), kind)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(fits.df_resid > 0, chosen.factor(fits.nobs, fits.numbers.rank, np.nan), np.nan)
        scale = fits.dispersion ** OF_DISPERSION.get(kind, 0.0) * np.sqrt(factor if chosen.words else 1.0)
    return np.where(np.isnan(fits.params), np.nan, found * scale[:, None])


def _unscaled(data: Stacked | Ragged, settings: Settings, params: np.ndarray, kind: str) -> np.ndarray:
    """Standard errors (B, P) at unit dispersion."""
    found, family = np.full(params.shape, np.nan), settings.family
    for block in data.blocks():
        parts, view = as_given(block, family), seen(block, family)
        members = penalised(block, view, family, parts, settings.penalty)
        theta = params[block.index]
        kept, counts = ~np.isnan(theta), np.broadcast_to(view.counted, (len(theta), block.n))
        with jax.enable_x64(True):
            found[block.index] = over_members(
                _errors_of(kind, settings.expected), members, np.nan_to_num(theta), kept, counts, chunk=settings.chunk
            )
    return found


@lru_cache(maxsize=32)
def _errors_of(kind: str, expected: bool):
    def errors(problem, theta, kept, counts):
        found = covariance(problem, theta, kind, expected=expected, counts=counts, kept=kept)
        return jnp.sqrt(jnp.diagonal(found))

    return errors
