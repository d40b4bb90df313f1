"""HOST: the distribution that a fit predicts for each row: its moments, probabilities and quantiles."""

from typing import Any

import numpy as np

from ..diagnostics import moments_at, tails_at
from ..families import Family
from ..frame import Sides
from ..programs import build_problem, facts_at, forward_link, inverse_link
from .quantiles import Quantiles, log_densities
from .rows import Predictors, predictors_of

Distribution = tuple[Family, tuple[np.ndarray, ...], np.ndarray | None]


def distribution_of(fit: Any, new: Any = None, offset: Any = None, trials: Any = None, *,
                    weighted: bool = False) -> Distribution:
    """The family, the linear predictors (m,) of its parameters and the trials (m,), if any, of each row.

    The dispersion is that of the standard errors. weighted: rows of the fit have the dispersion over their weight.
    """
    at = predictors_of(fit, new, offset)
    eta = at.eta if new is not None or not weighted else weighted_eta(fit, at)
    return fit.family, eta, trials_of(fit, new, trials, len(eta[0]))


def trials_of(fit: Any, new: Any, trials: Any, n: int) -> np.ndarray | None:
    """Trials of each row, for a response of pairs: given, those of the fit, or one."""
    if not has_trials(fit):
        if trials is not None:
            raise ValueError(f"trials= is for successes out of trials; {fit.family_name} has one number a row here.")
        return None
    if trials is not None:
        return np.array(Sides.read(n, trials=np.broadcast_to(trials, n)).trials)
    return np.ones(n) if new is not None else np.asarray(fit.problem.y[1])[:n]


def has_trials(fit: Any) -> bool:
    """Whether the response is successes out of trials."""
    return fit.family.support.pairs and isinstance(fit.problem.y, tuple)


def weighted_eta(fit: Any, at: Predictors) -> tuple[np.ndarray, ...]:
    """Predictors that the rows of the fit are drawn from. Prior weights divide the dispersion; without one, a weighted
    log-likelihood is that of no single response."""
    weights = fit.frame.weights
    if weights is None or has_trials(fit) or np.all((weights == 1) | (weights == 0)):
        return at.eta
    if fit._phi is None or fit._phi not in at.names:
        raise ValueError(f"weights= of {fit.family_name} multiply its log-likelihood, which is then of no single "
                         "response: there is nothing to draw from. Pass new= for responses of weight one.")
    k = at.names.index(fit._phi)
    link = fit.family.link_of(fit._phi)
    phi = inverse_link(link, at.eta[k])[0] / np.where(weights > 0, weights, 1.0)
    return (*at.eta[:k], forward_link(link, phi), *at.eta[k + 1 :])


def variance(distribution: Distribution) -> np.ndarray:
    """Variance of each response; of the proportion where there are trials."""
    family, eta, trials = distribution
    if not family.traits.edm:
        found = moments_at(family, _example(family, eta, trials), eta).variance
        return found if trials is None else found / trials**2
    rows = build_problem(family, np.zeros((len(eta[0]), 0)), np.full(len(eta[0]), family.support.example))
    padded = tuple(np.pad(e, (0, rows.n - len(e))) for e in eta)
    at = facts_at(rows, padded)
    return (at.slope**2 / at.expected)[: len(eta[0])] / (1.0 if trials is None else trials)


def mean(distribution: Distribution) -> np.ndarray:
    """Mean of each response; of the proportion where there are trials."""
    family, eta, trials = distribution
    if family.traits.edm:
        return inverse_link(family.links[0], eta[0])[0]
    found = moments_at(family, _example(family, eta, trials), eta).mean
    return found if trials is None else found / trials


def probability(distribution: Distribution, at: Any, observed: Any) -> np.ndarray:
    """P(Y = at) of each row: (m,) for a number or one for each row, (m, K) for K numbers as a tuple or list or range;
    by default of every value from the lowest possible to the highest possible or observed."""
    family, eta, trials = distribution
    if at is None:
        at = _support_values(family, trials, observed)
    return _over(at, len(eta[0]), lambda y: _point_mass(family, eta, trials, y))


def cumulative(distribution: Distribution, at: Any) -> np.ndarray:
    """P(Y <= at), in the shapes of `probability`."""
    family, eta, trials = distribution
    if at is None:
        raise ValueError("which='cdf' needs at=: the values whose probability not to be exceeded is wanted.")
    return _over(at, len(eta[0]), lambda y: _below(family, eta, trials, y))


def quantile(distribution: Distribution, q: Any) -> np.ndarray:
    """The smallest response not exceeded with probability q, in the shapes of `probability`."""
    family, eta, trials = distribution
    levels = np.asarray(q, float)
    if q is None or not np.all((levels > 0) & (levels < 1)):
        raise ValueError(f"q must be probabilities strictly between 0 and 1; it is {q!r}.")
    return _over(q, len(eta[0]), Quantiles.of(family, eta, trials))


def _over(values: Any, n: int, function: Any) -> np.ndarray:
    if not n:
        return np.empty((0, len(values)) if isinstance(values, tuple | list | range) else 0)
    if isinstance(values, tuple | list | range):
        return np.stack([function(np.full(n, float(v))) for v in values], axis=1)
    return function(np.broadcast_to(np.asarray(values, float), n))


def _support_values(family: Family, trials: Any, observed: Any) -> range:
    if not family.support.whole:
        raise ValueError(f"the response of {family.name} is continuous: a table of probabilities has no end. Give at=, "
                         "or use which='cdf'.")
    ends = (family.support.high if trials is None else np.max(trials), np.max(observed, initial=0))
    return range(int(family.support.low), int(ends[0] if np.isfinite(ends[0]) else ends[1]) + 1)


def _point_mass(family: Family, eta, trials, y) -> np.ndarray:
    if not family.support.whole:
        return np.exp(tails_at(family, y, eta).at)
    low, high = _ends(family, trials)
    possible = (y == np.round(y)) & (y >= low) & (y <= high) | np.isin(y, family.support.atoms)
    inside = np.where(possible, y, low)
    found = np.exp(log_densities(family, inside if trials is None else (inside, trials), eta))
    return np.where(possible, found, 0.0)


def _below(family: Family, eta, trials, y) -> np.ndarray:
    (low, high), support = _ends(family, trials), family.support
    y = np.floor(y) if support.whole else y
    known = (y >= low) & (y <= high) if support.closed or support.whole else (y > low) & (y < high)
    known |= bool(support.atoms) & np.isfinite(y)
    inside = np.where(known, y, low if support.whole else support.example)
    found = tails_at(family, inside if trials is None else (inside, trials), eta).cdf
    return np.where(known, np.minimum(found, 1.0), np.where(np.isnan(y), np.nan, y >= high))


def _ends(family: Family, trials) -> tuple[float, Any]:
    """Smallest and largest response."""
    return family.support.low, family.support.high if trials is None else trials


def _example(family: Family, eta, trials):
    example = np.full(len(eta[0]), family.support.example)
    return example if trials is None else (np.minimum(example, trials), trials)
