"""HOST: predictions of choices: rows are alternatives, each has a utility, and within its set a probability."""

from typing import Any

import numpy as np

from .rows import predictors_of, sets_of


def predict_choice(fit: Any, new: Any, which: str, offset: Any, sets: Any) -> np.ndarray:
    """Probability of each row (m,) to be the chosen one of its set; its utility for which="linear".

    sets: a label for each of the new rows; by default those in the column that the fit has its sets from.
    """
    if which not in ("mean", "prob", "linear"):
        raise ValueError(f"which={which!r} is of single responses; a choice has which='prob' and 'linear'.")
    eta = predictors_of(fit, new, offset).eta[0]
    return eta if which == "linear" else sets_of(fit, new, sets, len(eta)).probabilities(eta)
