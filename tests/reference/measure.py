"""Errors of a quantity: our numbers against the stored ones, as one number."""

import numpy as np


def _differences(ours, truth) -> np.ndarray:
    """|ours - truth|, 0 where both are NaN (an aliased coefficient) or the same infinity."""
    ours, truth = np.broadcast_arrays(np.asarray(ours, float), np.asarray(truth, float))
    same = (ours == truth) | (np.isnan(ours) & np.isnan(truth))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.abs(ours - truth))


def worst(values) -> float:
    """Largest error; NaN counts as infinite."""
    values = np.atleast_1d(values)
    return float(np.max(np.where(np.isnan(values), np.inf, values), initial=0.0))


def absolute(ours, truth) -> float:
    return worst(_differences(ours, truth))


def scaled(ours, truth, unit) -> float:
    """In units of `unit`, elementwise."""
    differences = _differences(ours, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        return worst(np.where(differences == 0, 0.0, differences / unit))


def relative(ours, truth) -> float:
    return scaled(ours, truth, np.abs(truth))


def of_largest(ours, truth) -> float:
    """In units of the largest stored value: for vectors whose small entries are differences of large numbers."""
    return scaled(ours, truth, np.nanmax(np.abs(truth)))


def of_deviations(ours, truth) -> float:
    """A covariance matrix in units of its standard deviations."""
    sd = np.sqrt(np.diagonal(truth))
    return scaled(ours, truth, np.outer(sd, sd))
