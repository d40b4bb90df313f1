"""HOST: predict(): one word, one number for each row."""

from typing import Any

import numpy as np

from . import distribution as dist
from .choices import predict_choice
from .rows import check_no_sets, predictors_of
from .scales import check_scale, curve

WORDS = ("mean", "linear", "var", "prob", "cdf", "quantile")


def predict(fit: Any, new: Any = None, which: str = "mean", *, offset: Any = None, parameter: str | None = None,
            at: Any = None, q: Any = None, trials: Any = None, sets: Any = None) -> np.ndarray:
    """Predictions; the arguments are described at `GLMResults.predict`."""
    check_scale(fit, "link", parameter)
    _check(which, parameter, at, q)
    if fit.family.tied is not None:
        return predict_choice(fit, new, which, offset, sets)
    check_no_sets(fit, sets)
    if which == "linear" or parameter is not None:
        return curve(fit, predictors_of(fit, new, offset), "link" if which == "linear" else "response", parameter).value
    found = dist.distribution_of(fit, new, offset, trials)
    levels = fit.family.support.levels
    if which == "mean" and levels:  # the mean of a class's indicator is its probability
        return dist.probability(found, tuple(range(len(levels))), fit.frame.y)
    if which == "var" and levels:
        raise ValueError(f"classes have no variance; which='prob' has their probabilities ({', '.join(levels)}).")
    if which in ("mean", "var"):
        return dist.mean(found) if which == "mean" else dist.variance(found)
    fit.family.check_density("probabilities and quantiles")
    if which == "quantile":
        return dist.quantile(found, q)
    if which == "cdf":
        return dist.cumulative(found, at)
    return dist.probability(found, at, 0.0 if found[2] is not None else fit.frame.y)


def _check(which: str, parameter: Any, at: Any, q: Any) -> None:
    if which not in WORDS:
        raise ValueError(f"unknown prediction {which!r}; choose from {', '.join(WORDS)}.")
    if parameter is not None and which not in WORDS[:2]:
        raise ValueError(f"parameter= is for which='mean' or 'linear'; which={which!r} is of the response.")
    if at is not None and which not in ("prob", "cdf"):
        raise ValueError("at= is for which='prob' or 'cdf'.")
    if q is not None and which != "quantile":
        raise ValueError("q= is for which='quantile'.")
