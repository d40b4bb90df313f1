"""HOST: a fit with all of its parameters: the likelihood that has the dispersion in it, the law of each row."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..design import Ones
from ..diagnostics import moments_at
from ..families import Family
from ..links import Fixed, Log
from ..problem import Problem


def unit_weights(fit: Any) -> np.ndarray:
    """Weight (N,) of one observation of each padded row: a row of frequency f has f of them. 0 where none counts."""
    counted = np.zeros(fit.problem.n)
    counted[: len(fit.counted)] = fit.counted
    return np.where(counted > 0, fit._weights / np.where(counted > 0, counted, 1.0), 0.0)


def joint(fit: Any) -> tuple[Problem, np.ndarray]:
    """The problem with the dispersion among its parameters, and its maximum; a known dispersion is held."""
    problem, theta = fit.problem, np.asarray(fit.state.theta)
    if fit._phi is None:
        return problem, theta
    if fit._known_phi is not None:
        return replace(problem, family=fit.family.with_links(**{fit._phi: Fixed(fit._known_phi)})), theta
    at = fit.family.predictors.index(fit._phi)
    insert = lambda values, new: (*values[:at], new, *values[at:])  # noqa: E731
    whole = replace(
        problem,
        family=fit.family,
        designs=insert(problem.designs, Ones(problem.n)),
        offsets=insert(problem.offsets, None),
    )
    parts = np.split(theta, np.cumsum(problem.sizes)[:-1])
    return whole, np.concatenate(insert(parts, np.asarray([fit._phi_fit[0]])))


def distribution_of(fit: Any) -> tuple[Family, tuple[np.ndarray, ...]]:
    """The family of the responses and linear predictors (n,) of all its parameters at the estimates.

    The dispersion is that of the standard errors, over the weight of the row. Weights of a family without a dispersion
    multiply its log-likelihood and say nothing of the distribution of a response.
    """
    n = len(fit.frame.X)
    eta = [np.broadcast_to(e, fit.problem.n)[:n] for e in fit._eta]
    if fit._phi is None:
        return fit.problem.family, tuple(eta)
    family = fit.family.with_links(**{fit._phi: Log()})
    weight = unit_weights(fit)[:n]
    phi = fit.dispersion / np.where(weight > 0, weight, 1.0)
    at = family.predictors.index(fit._phi)
    return family, (*eta[:at], np.log(phi), *eta[at:])


def responses(fit: Any):
    """y (n,), or the pair (successes, trials), as the likelihood sees it."""
    n = fit._n
    y = fit.problem.y
    return tuple(a[:n] for a in y) if isinstance(y, tuple) else y[:n]


def mean_and_variance(fit: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (n,) of one response of each row on the scale of the mean, the dispersion included; weights
    count only where they are precisions. For a family without a variance function by integrals."""
    n = len(fit.frame.X)
    if fit.family.traits.edm:
        at = fit._facts
        with np.errstate(divide="ignore", invalid="ignore"):
            return at.mean[:n], fit.dispersion * (at.slope**2 / at.expected)[:n]
    y = responses(fit)
    family, eta = distribution_of(fit)
    plain = np.asarray(family.support.response(y), float) if family.support.reading == "bounds" else y
    at = moments_at(family, plain, eta)
    trials = np.asarray(family.support.trials(y))
    return at.mean / trials, at.variance / trials**2
