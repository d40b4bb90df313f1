"""HOST: predictions of choices: rows are alternatives, each has a utility, and within its set a probability."""

from typing import Any

import numpy as np

from ..frame.sets import Sets
from .rows import predictors_of


def predict_choice(fit: Any, new: Any, which: str, offset: Any, sets: Any) -> np.ndarray:
    """Probability of each row (m,) to be the chosen one of its set; its utility for which="linear".

    sets: a label for each of the new rows; by default those in the column that the fit has its sets from.
    """
    if which not in ("mean", "prob", "linear"):
        raise ValueError(f"which={which!r} is of single responses; a choice has which='prob' and 'linear'.")
    eta = predictors_of(fit, new, offset).eta[0]
    return eta if which == "linear" else sets_of(fit, new, sets, len(eta)).probabilities(eta)


def sets_of(fit: Any, new: Any, sets: Any, n: int) -> Sets:
    """The sets of the n rows of the fit, or of new ones. Raises: ValueError where only the caller can know them."""
    known = fit.frame.sets
    if new is None and sets is None:
        return known
    if sets is not None:
        return Sets.of(new, sets, n)
    if known.name is None:
        raise ValueError("the fit was given its sets as an array, which only the caller can extend: pass sets= for the "
                         "new rows.")
    return Sets.of(new, known.name, n)


def check_no_sets(fit: Any, sets: Any) -> None:
    """Raises ValueError where sets are given to a fit whose observations are single rows."""
    if sets is not None:
        raise ValueError(f"sets= is for choices among rows; an observation of {fit.family_name} is one row.")
