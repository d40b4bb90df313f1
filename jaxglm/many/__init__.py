"""HOST: many models in one call: arrays with a batch axis, ragged lists, and groups of a data frame."""

from .front import fit_batch, fit_groups
from .results import BatchResults

__all__ = ["BatchResults", "fit_batch", "fit_groups"]
