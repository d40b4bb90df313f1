"""HOST: the dispersion of each member of a batch of refits, whose coefficients do not depend on it."""

from dataclasses import replace

import jax
import numpy as np

from ..batch import Members, Outcome, Plan, fit_members
from ..design import Dense, Ones
from ..programs import forward_link, inverse_link
from ..results import GLMResults
from ..solvers import Newton


def log_dispersions(fit: GLMResults, eta: np.ndarray, weights: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Maximum likelihood of the dispersion (b,) on the scale of its link, with the mean of each member held at eta.

    eta, weights: (b, N). near: dispersions (b,) to begin from.
    """
    N, link = fit.problem.n, fit.family.link_of(fit._phi)  # type: ignore[arg-type]
    held = replace(fit.problem, family=fit.family, designs=(Dense(np.zeros((N, 0))), Ones(N)), offsets=(None, None),
                   penalty=None)
    members = Members.varied(held, len(eta), weights=weights, offset=eta)
    with jax.enable_x64(True):
        found = fit_members(members, Plan(Newton()), np.asarray(forward_link(link, near))[:, None])
    return found.theta[:, 0]


def dispersions(fit: GLMResults, members: Members, outcome: Outcome, eta, df_resid: float) -> np.ndarray:
    """Dispersion (b,) of each member by the method of the fit; 1 for a family without one.

    eta: () -> linear predictors (b, N), asked for where the dispersion is by maximum likelihood.
    """
    if fit._phi is None or fit._known_phi is not None:
        return np.full(members.size, fit.dispersion)
    if fit.dispersion_method == "pearson":
        return outcome.spread * fit._total_weight / df_resid
    deviance = fit.deviance - 2 * (outcome.loglik - float(fit.state.loglik))
    if fit.dispersion_method == "deviance":
        return deviance / df_resid
    weights = np.broadcast_to(fit._weights, (members.size, fit.problem.n))
    theta = log_dispersions(fit, eta(), weights, deviance / fit._total_weight)
    return inverse_link(fit.family.link_of(fit._phi), theta)[0]
