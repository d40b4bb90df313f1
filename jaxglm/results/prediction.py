"""HOST: predictions for the fitted rows or for new ones."""

from dataclasses import dataclass

import numpy as np

from .. import prediction
from ..prediction import Prediction
from .wald import Wald


@dataclass(frozen=True)
class Predicting(Wald):
    """What the model expects of rows."""

    def predict(self, new=None, which: str = "mean", *, offset=None, parameter: str | None = None, at=None, q=None,
                trials=None, sets=None) -> np.ndarray:
        """Predictions for new data, or for the fitted rows: (m,), or (m, K) for K values in a list.

        which: "mean", of classes the probability of each (m, K); "linear" predictor; "var" of the response; "prob",
        P(Y = at), by default of every whole number up to the largest possible or observed; "cdf", P(Y <= at);
        "quantile", the smallest response with a cdf >= q.
        new: a frame for a formula model, the design (m, p) for an array model. offset: (m,), added. parameter: of the
        family, in place of the mean. at, q: a number, one for each row as an array (m,), or a list or range of numbers.
        trials: of each row, where the response is successes out of trials; those of the fit, one for new rows. Mean and
        variance are then of the proportion, the others of the number of successes.
        sets: a label for each new row of a choice; by default the column that the fit was given. "mean" and "prob" are
        then the probability of each row to be the chosen one, "linear" is its utility; NaN where a set is incomplete.
        The dispersion is that of the standard errors; weights are not used: a response of weight one is predicted.
        Raises: ValueError for an unknown word or column, or a level that the model does not know.
        """
        return prediction.predict(self, new, which, offset=offset, parameter=parameter, at=at, q=q, trials=trials,
                                  sets=sets)

    def get_prediction(self, new=None, *, offset=None, alpha: float = 0.05, parameter: str | None = None,
                       trials=None) -> Prediction:
        """Predicted mean, or parameter, and linear predictor with standard errors and limits at level 1 - alpha, which
        are transformed from the scale of the link; and limits `obs_ci_lower`, `obs_ci_upper` of a new response.

        Where the mean is no parameter of the family it is a sum or integral, and its limits are symmetric.
        """
        return prediction.get_prediction(self, new, offset=offset, alpha=alpha, parameter=parameter, trials=trials)

    def simulate(self, key, n: int = 1, *, new=None, offset=None, trials=None, sets=None) -> np.ndarray:
        """New responses (n, m) for the fitted rows, or new ones, drawn from the fitted distribution: of any family.

        key: a whole number, a jax.random.key or a NumPy generator; the same one draws the same numbers. Prior weights
        of the fitted rows divide the dispersion. Where there are trials the numbers of successes are drawn.
        Of choices one row of each set is drawn: it has 1, the others 0; sets is that of `predict`.
        Raises: ValueError where weights have no meaning for one response, or a density does not add up to one.
        """
        return prediction.simulate(self, key, n, new=new, offset=offset, trials=trials, sets=sets)
