"""HOST: responses drawn from a fitted model, by the inverse of each row's distribution function: for any family."""

import numpy as np

from ..families import Family
from ..links import Fixed
from ..prediction import draws
from ..programs import forward_link
from ..results import GLMResults


def simulated(fit: GLMResults, n: int, rng: np.random.Generator):
    """Responses (n, N) of the padded rows, or pairs of such, independent given the estimates; 0 in the padding.

    Raises: ValueError for responses of which only bounds are known, weights without a meaning for one response, a
        density that does not add up to one.
    """
    if fit.family.support.reading == "bounds":
        raise ValueError(f"which bounds of a new response {fit.family_name} would know is not modelled, so none can be "
                         'refitted. Use kind="pairs" or "wild"; fit.simulate() draws the responses themselves.')
    family, eta = _model(fit)
    trials = fit.problem.y[1] if isinstance(fit.problem.y, tuple) else None
    drawn = np.zeros((n, fit.problem.n))
    used = np.flatnonzero(fit.counted > 0)
    size = None if trials is None else trials[used]
    drawn[:, used] = draws(family, [e[used] for e in eta], size, n, rng)
    return drawn if trials is None else (drawn, np.broadcast_to(trials, drawn.shape))


def _model(fit: GLMResults) -> tuple[Family, list[np.ndarray]]:
    """The distribution of the data and linear predictors (N,) of its parameters: the dispersion over the weights."""
    n, N = fit._n, fit.problem.n
    if np.any((fit.counted != 0) & (fit.counted != 1)):
        raise ValueError("a row of frequency f is f responses, which one row cannot hold: repeat the rows to simulate.")
    weights = np.where(fit._weights > 0, fit._weights, 1.0)
    eta = [np.broadcast_to(e, (N, *e.shape[1:])) for e in fit._eta]
    if fit._phi is None:
        if np.any(weights[:n] != 1):
            raise ValueError(f"weights= of {fit.family_name} multiply its log-likelihood, which is then of no single "
                             'response: there is nothing to draw from. Use kind="pairs".')
        return fit.problem.family, eta
    link = fit.family.link_of(fit._phi)
    if fit._known_phi is not None:
        if np.any(weights[:n] != 1):
            raise ValueError('weights= beside a known dispersion cannot be simulated; use kind="pairs".')
        return fit.family.with_links(**{fit._phi: Fixed(fit.dispersion)}), eta
    phi = fit.family_params[fit._phi] / weights
    return fit.family, [*eta, forward_link(link, phi)]
