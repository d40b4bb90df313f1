"""HOST: numbers of every member that are computed when asked for: deviance, and the maximum in the dispersion."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from ..batch import Members, over_members
from ..design import Dense, Ones
from ..diagnostics import facts
from ..families import Family
from ..links import Fixed, Link
from ..problem import Problem, linear_predictors, objective, weighted_sum
from ..solvers import Newton, run


def deviances(members: Members, theta: np.ndarray, chunk: int | None) -> np.ndarray:
    """Deviance (B,) at unit dispersion."""
    with jax.enable_x64(True):
        return over_members(_deviance, members, theta, chunk=chunk)


def _deviance(problem: Problem, theta):
    eta = tuple(e if e.ndim else jnp.broadcast_to(e, problem.n) for e in linear_predictors(problem, theta))
    unit = facts(replace(problem, designs=(), offsets=()), eta).deviance
    counts = unit if problem.weights is None else jnp.where(problem.weights > 0, unit, 0.0)
    return weighted_sum(problem, counts)


def best_dispersion(members: Members, theta: np.ndarray, chunk: int | None, link: Link, scale: np.ndarray) -> tuple:
    """Dispersion (B,) by maximum likelihood at the fitted means, and the log-likelihood there. link: of the dispersion;
    scale: (B,) a start."""
    with jax.enable_x64(True):
        return over_members(_best_dispersion, members, theta, scale, context=link, chunk=chunk)


def _best_dispersion(problem: Problem, phi: Link, theta, scale):
    eta = linear_predictors(problem, theta)[0]
    family = _with_dispersion(problem, phi)
    designs = (Dense(jnp.zeros((problem.n, 0), eta.dtype)), Ones(problem.n))
    held = replace(problem, family=family, designs=designs, offsets=(eta, None))
    state = run(Newton(tol=1e-20), held, phi.forward(scale)[None])
    return phi.inverse(state.theta[0]), state.loglik


def loglik_at(members: Members, theta: np.ndarray, chunk: int | None, phi: np.ndarray) -> np.ndarray:
    """Log-likelihood (B,) with the dispersion known."""
    with jax.enable_x64(True):
        return over_members(_loglik_at, members, theta, phi, chunk=chunk)


def _loglik_at(problem: Problem, theta, phi):
    return objective(replace(problem, family=_with_dispersion(problem, Fixed(phi))), theta)


def _with_dispersion(problem: Problem, link: Link) -> Family:
    """The family of a member, whose other numbers are its own, with this link of its dispersion."""
    return problem.family.with_links(**{problem.family.dispersion: link})  # type: ignore[dict-item]
