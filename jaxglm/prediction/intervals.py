"""HOST: predictions with standard errors and limits: of the mean, of its linear predictor, and of a new response."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..diagnostics import tails_at
from ..frame import to_frame
from ..programs import inverse_link
from .distribution import Distribution, distribution_of
from .quantiles import Quantiles
from .rows import Predictors, predictors_of
from .scales import check_scale, curve

KINDS = ("confidence", "prediction")
ROUNDS = 3  # of the fixed point between a limit and the uncertainty of the distribution function there
CHUNK = 512  # rows whose tables are held at a time
TINY = 1e-15  # probability beyond which no limit is looked for


@dataclass(frozen=True)
class Prediction:
    """Predictions (m,) of the mean, or of a parameter, and of its linear predictor with standard errors and limits."""

    mean: np.ndarray
    mean_se: np.ndarray
    mean_ci_lower: np.ndarray
    mean_ci_upper: np.ndarray
    linear: np.ndarray
    linear_se: np.ndarray
    kind: str
    observed: Any = None  # what the limits of a new response follow from

    @cached_property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        return limits(*self.observed)

    @property
    def obs_ci_lower(self) -> np.ndarray:
        """Lower limits (m,) of a new response; of the number of successes where there are trials."""
        return self._limits[0]

    @property
    def obs_ci_upper(self) -> np.ndarray:
        """Upper limits (m,) of a new response; of the number of successes where there are trials."""
        return self._limits[1]

    def summary_frame(self, kind: str = "confidence"):
        """All of it as a frame of the input's kind; kind "prediction" adds the limits of a new response.

        Raises: ValueError for another kind.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of interval {kind!r}; choose from {', '.join(KINDS)}.")
        columns = {name: values for name, values in vars(self).items() if isinstance(values, np.ndarray)}
        if kind == "prediction":
            columns |= dict(obs_ci_lower=self.obs_ci_lower, obs_ci_upper=self.obs_ci_upper)
        return to_frame(columns, self.kind)


def get_prediction(fit: Any, new: Any = None, *, offset: Any = None, alpha: float = 0.05, parameter: str | None = None,
                   trials: Any = None) -> Prediction:
    """Predictions with standard errors; the arguments are described at `GLMResults.get_prediction`."""
    check_scale(fit, "link", parameter)
    fit.family.check_single("predictions with standard errors")
    if parameter is None and fit.family.support.levels:
        raise ValueError("classes have no mean: predictions() has their probabilities with standard errors; or name a "
                         f"parameter: {', '.join(fit.family.predictors)}.")
    at, quantile = predictors_of(fit, new, offset), fit._quantile(alpha)
    k = at.names.index(parameter or fit.family.parameters[0])
    eta, se = at.eta[k], _std_errors(fit, at)[k]
    distribution = distribution_of(fit, new, offset, trials)
    if parameter is None and not fit.family.traits.edm:
        numbers = _of_mean(fit, at, distribution[2], quantile)
    else:
        mean, slope = inverse_link(fit.family.link_of(at.names[k]), eta)
        ends = [inverse_link(fit.family.link_of(at.names[k]), e)[0] for e in (eta - quantile * se, eta + quantile * se)]
        numbers = mean, np.abs(slope) * se, np.minimum(*ends), np.maximum(*ends)
    return Prediction(*numbers, eta, se, fit.frame.kind, (fit, at, distribution, alpha))


def _std_errors(fit: Any, at: Predictors) -> list[np.ndarray]:
    parts = zip(at.designs, at.places, strict=True)
    return [np.linalg.norm(X @ fit._root[place], axis=1) for X, place in parts]


def _of_mean(fit: Any, at: Predictors, trials: Any, quantile: float):
    """The mean where it is not a parameter itself: its limits are symmetric, by the delta method."""
    found = curve(fit, at, "response", None, trials)
    parts = ((found.slope[k][:, None] * (at.designs[k] @ fit._root[at.places[k]])) for k in found.slope)
    se = np.linalg.norm(sum(parts), axis=1)
    return found.value, se, found.value - quantile * se, found.value + quantile * se


# --- a new response


def limits(fit: Any, at: Predictors, distribution: Distribution, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits (m,) between which a new response falls with probability 1 - alpha, the estimates being uncertain.

    The normal score u(y) of a new response, which has variance 1 at the true parameters, has 1 + c^2 at the estimates,
    where c(y)^2 is the variance of u(y) by that of the linear predictors; the limits are where |u| is sqrt(1 + c^2)
    times the quantile of Student's t (normal where no dispersion is estimated). For a Gaussian response this is the
    exact t interval; for any other it is right to first order in the variance of the estimates.
    Source: Barndorff-Nielsen and Cox (1996), Prediction and asymptotics, Bernoulli 2.
    """
    n, t, directions = len(at.eta[0]), fit._quantile(alpha), _directions(fit, at)
    found = np.empty((2, n))
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        family, eta, trials = distribution
        part = family, tuple(e[rows] for e in eta), None if trials is None else trials[rows]
        found[:, rows] = _limits(part, [[d[rows] for d in shift] for shift in directions], t)
    return found[0], found[1]


def _limits(distribution: Distribution, directions, t: float) -> np.ndarray:
    """Both limits (2, m), each by a fixed point between the limit and the uncertainty there."""
    import scipy.special

    quantile = Quantiles.of(*distribution)
    chance = lambda score: np.clip(scipy.special.ndtr(score), TINY, 1 - TINY)  # noqa: E731
    found = []
    for score in (-t, t):
        widened = np.full(len(distribution[1][0]), score)
        for _ in range(ROUNDS):
            y = quantile.near(chance(widened))
            widened = score * np.sqrt(1 + _uncertainty(distribution, y, directions, score))
        found.append(quantile(chance(widened)))
    return np.stack(found)


def _directions(fit: Any, at: Predictors) -> list[list[np.ndarray]]:
    """For each column of a root of the covariance of a row's predictors, the shifts of the predictors (n,)."""
    moved = np.stack([X @ fit._root[place] for X, place in zip(at.designs, at.places, strict=True)], axis=1)
    if moved.shape[1] == 1:
        return [[np.linalg.norm(moved[:, 0], axis=1)]]
    root: Any = np.linalg.qr(np.swapaxes(moved, 1, 2), mode="r")
    return [[root[:, c, k] for k in range(moved.shape[1])] for c in range(root.shape[1])]


def _uncertainty(distribution: Distribution, y: np.ndarray, directions, sign: float) -> np.ndarray:
    """Variance of the normal score of y, from its change over one standard error to either side."""
    family, eta, trials = distribution
    total = np.zeros(len(y))
    for shift in directions:
        ends = [[e + side * d for e, d in zip(eta, shift, strict=True)] for side in (-1, 1)]
        low, high = (_score(family, y, trials, tuple(end), sign) for end in ends)
        with np.errstate(invalid="ignore"):
            total += ((high - low) / 2) ** 2
    return np.where(np.isfinite(total), total, 0.0)


def _score(family, y, trials, eta, sign: float) -> np.ndarray:
    """The normal score of P(Y <= y), for a lower limit of P(Y < y), by logs in both tails."""
    import scipy.special

    at = tails_at(family, y if trials is None else (y, trials), eta)
    below, above = np.asarray(at.below), np.asarray(at.above)
    if sign > 0:
        below = np.logaddexp(below, at.at)
    else:
        above = np.logaddexp(above, at.at)
    with np.errstate(all="ignore"):
        return np.where(below < above, scipy.special.ndtri_exp(np.minimum(below, 0)),
                        -scipy.special.ndtri_exp(np.minimum(above, 0)))
