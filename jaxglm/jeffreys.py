"""Jeffreys' penalty, minus half the log determinant of the information, and Firth's adjustment of the score: estimates
that are finite where the maximum likelihood is not, and less biased where it is."""

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import lax

from .elementary import log
from .penalties import Penalty
from .problem import (
    Problem,
    evaluate,
    expected_information,
    linear_predictors,
    over_blocks,
    rows,
    to_coefficients,
    where_counted,
)
from .pytree import pytree


class Reduction(Penalty):
    """Base of penalties by the information: their weight is the dispersion, and steps leave their curvature out."""

    invariant: ClassVar[bool] = True
    curved: ClassVar[bool] = False
    absolute: ClassVar[bool] = True

    def at_dispersion(self, phi):
        return replace(self, weight=phi)  # type: ignore[type-var]


@pytree
class Jeffreys(Reduction):
    """-weight (log det I(theta) / 2 + log_volume), with the information of all free parameters: the expected one of an
    exponential dispersion model with a single predictor, else the observed one.

    weight: the dispersion, where the problem is at unit dispersion. log_volume: a constant, so that the determinant is
    that of the columns as given. Steps and standard errors use the information without the penalty.

    Source: Firth (1993), Biometrika 80, eq. 2 and section 3.3; Kosmidis and Firth (2021), Biometrika 108, eq. 2.
    """

    weight: float | jax.Array = 1.0
    log_volume: float | jax.Array = 0.0

    def __call__(self, problem, theta):
        return -self.weight * (_half_log_det(*_root(_information(problem, theta))) + self.log_volume)

    def parts(self, problem, theta):
        """The gradient is a sum over rows, of leverages times the change of the row's information: no pass for each
        coefficient. The Hessian counts as zero."""
        L, scale = _root(_information(problem, theta))
        value = -self.weight * (_half_log_det(L, scale) + self.log_volume)
        inverse = _inverse(L, scale)
        slope = -0.5 * self.weight * over_blocks(problem, lambda part: _slope(part, theta, inverse))
        return value, slope, jnp.zeros_like(inverse)

    def bound(self, constant, further, log_volume):
        return replace(self, log_volume=log_volume)


@pytree
class MeanBias(Reduction):
    """No function but a pull at the score, weight sum_i h_i mu_i'' / (2 mu_i') x_i, with leverages h_i and the mean mu
    as a function of eta: the root of both together has no bias of first order. Under a canonical link it is the maximum
    with Jeffreys' penalty. For exponential dispersion models with a single predictor.

    weight: the dispersion, where the problem is at unit dispersion.
    Source: Firth (1993), Biometrika 80, 27-38; Kosmidis and Firth (2009), Biometrika 96, 793-804.
    """

    weight: float | jax.Array = 1.0
    is_function: ClassVar[bool] = False

    @property
    def name(self):
        return "mean bias reduction"

    def check_family(self, family):
        if not family.traits.edm or len(family.predictors) > 1:
            raise ValueError("penalty='mean_bias' is for exponential dispersion models with one predictor; "
                             f"{family.name} has {', '.join(family.predictors)}. penalty='jeffreys' is for all.")

    def __call__(self, problem, theta):
        return jnp.zeros((), theta.dtype)

    def parts(self, problem, theta):
        inverse = _inverse(*_root(_information(problem, theta)))
        pull = over_blocks(problem, lambda part: _pull(part, theta, inverse))
        return jnp.zeros((), theta.dtype), -self.weight * pull, jnp.zeros_like(inverse)


def _information(problem: Problem, theta):
    plain = replace(problem, penalty=None, barrier=None)
    return evaluate(plain, theta, expected=problem.family.is_glm).information


def _root(information):
    """(L, s): L L' is the information scaled to a unit diagonal by s; NaN where it is not positive definite."""
    diagonal = jnp.diagonal(information)
    scale = 1 / jnp.sqrt(jnp.where(diagonal > 0, diagonal, jnp.nan))
    return lax.linalg.cholesky(information * scale * scale[:, None], symmetrize_input=False), scale


def _inverse(L, scale):
    half = lax.linalg.triangular_solve(L, jnp.diag(scale), left_side=True, lower=True)
    return jnp.matmul(half.T, half, precision=lax.Precision.HIGHEST)


def _half_log_det(L, scale):
    return jnp.sum(log(jnp.diagonal(L)) - log(scale))


def _slope(problem: Problem, theta, inverse):
    """Gradient of log det I (P,) over the rows of a block: trace of inverse @ dI."""
    problem = replace(problem, penalty=None, barrier=None)
    eta = linear_predictors(problem, theta)
    ends = [sum(problem.sizes[:k]) for k in range(len(problem.sizes) + 1)]
    cut = [slice(*pair) for pair in pairwise(ends)]
    D = problem.designs
    forms = [[D[j].form(inverse[cut[j], cut[k]], D[k]) for k in range(len(D))] for j in range(len(D))]

    def shared(eta):
        """Information of every row in eta, summed with the forms held."""
        if problem.family.is_glm:
            return expected_information(problem, eta) * forms[0][0]
        bend = rows(problem, eta).curvature
        return -sum(bend[j][k] * forms[j][k] for j in range(len(D)) for k in range(len(D)))

    def along(k):
        tangent = tuple(jnp.ones_like(e) if j == k else jnp.zeros_like(e) for j, e in enumerate(eta))
        return jax.jvp(shared, (eta,), (tangent,))[1]

    return to_coefficients(problem, [along(k) for k in range(len(D))])


def _pull(problem: Problem, theta, inverse):
    """Sum of h mu'' / (2 mu') x (P,) over the rows of a block."""
    (eta,), (design,) = linear_predictors(problem, theta), problem.designs
    leverage = design.form(inverse, design) * expected_information(problem, (eta,))
    pull = 0.5 * leverage * _bend(problem.family.links[0], eta)
    return to_coefficients(problem, [where_counted(problem, pull, 0.0)])


def _bend(link, eta):
    """Second derivative of the mean in eta over the first; zero where the mean does not change."""
    one = jnp.ones_like(eta)
    slope, change = jax.jvp(lambda e: jax.jvp(link.inverse, (e,), (one,))[1], (eta,), (one,))
    return jnp.where(slope != 0, change / jnp.where(slope != 0, slope, 1.0), 0.0)
