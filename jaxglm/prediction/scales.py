"""HOST: what is predicted of a row as a function of its linear predictors, with its derivatives in them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..diagnostics import moments
from ..diagnostics.distribution import atoms_of
from ..elementary import exp
from ..links import Identity
from ..problem import Problem, rows
from ..programs import filled, in_float64
from ..quadrature import nodes
from .rows import Predictors

SCALES = ("response", "link")


class Curve(NamedTuple):
    """A function of a row's linear predictors: values (n,), slopes by predictor, second derivatives by their pairs;
    what is not there is zero. Where a predictor is K tied ones there is an axis (K) for it."""

    value: np.ndarray
    slope: dict[int, np.ndarray]
    bend: dict[tuple[int, int], np.ndarray]


class Probability(NamedTuple):
    """The scale of P(Y = y)."""

    y: float


def scales_of(fit: Any, scale: Any, parameter: str | None) -> list[tuple[str | None, Any]]:
    """The scales that an effect has: of a response of classes the probability of each class, with its name."""
    levels = fit.family.support.levels
    if not levels or scale != "response" or parameter is not None:
        return [(None, scale)]
    return [(level, Probability(float(k))) for k, level in enumerate(levels)]


def check_scale(fit: Any, scale: str, parameter: str | None) -> None:
    """Raises ValueError for an unknown scale, or a parameter without a linear predictor."""
    if scale not in SCALES and not isinstance(scale, Probability):
        raise ValueError(f"unknown scale {scale!r}; choose from {', '.join(SCALES)}.")
    if parameter is not None and parameter not in fit.family.predictors:
        raise ValueError(f"unknown parameter {parameter!r}; {fit.family_name} has {', '.join(fit.family.predictors)}.")


def curve(fit: Any, at: Predictors, scale: str = "response", parameter: str | None = None, trials: Any = None) -> Curve:
    """The mean of the response, or this parameter of its distribution; on scale "link" their linear predictor. Of an
    alternative of a choice its probability, or utility.

    trials: (n,) of a response of pairs whose first parameter is not its mean; one where not given.
    """
    check_scale(fit, scale, parameter)
    if isinstance(scale, Probability):
        return _probability_curve(fit.family, at, np.full(len(at.eta[0]), scale.y))
    if at.alternative is not None and scale == "response" and parameter is None:
        return _probability_curve(fit.family.with_tied(at.eta[0].shape[1]), at, at.alternative)
    k = at.names.index(parameter or fit.family.parameters[0])
    if at.eta[k].ndim > 1:
        return _own_curve(at, k, Identity() if scale == "link" else fit.family.link_of(at.names[k]))
    if scale == "link":
        return Curve(at.eta[k], {k: np.ones(len(at.eta[k]))}, {})
    if parameter is None and not fit.family.traits.edm:
        return _mean_curve(fit, at, trials)
    value, slope, bend = link_curve(fit.family.link_of(at.names[k]), at.eta[k])
    return Curve(value, {k: slope}, {(k, k): bend})


def _own_curve(at: Predictors, k: int, link: Any) -> Curve:
    """A function of the row's own one of the tied predictors."""
    n, K = at.eta[k].shape
    number = at.alternative[0].astype(int)  # type: ignore[index]
    value, slope, bend = link_curve(link, at.eta[k][np.arange(n), number])
    mine = np.eye(K)[number]
    return Curve(value, {k: slope[:, None] * mine}, {(k, k): bend[:, None, None] * mine[:, :, None] * mine[:, None]})


def _probability_curve(family: Any, at: Predictors, y: Any) -> Curve:
    """P(Y = y): its derivatives are those of exp(loglik)."""
    K = range(len(at.eta))
    value, slope, bend = probability_curve(family, y, tuple(at.eta))
    return Curve(value, {k: slope[k] for k in K}, {(j, k): bend[j][k] for j in K for k in K})


@in_float64
def probability_curve(family: Any, y: Any, eta: tuple):
    """P(Y = y) of each row with its first two derivatives in eta."""
    found = _probability_curve_of(family, *jax.tree.map(filled, (y, eta)))
    return jax.tree.map(lambda a: np.asarray(a)[: len(eta[0])], found)


@program
def _probability_curve_of(family, y, eta):
    at, K = rows(Problem(family, y, (), ()), eta), range(len(eta))
    p, outer = exp(at.loglik), jax.vmap(jnp.multiply.outer)
    times = jax.vmap(jnp.multiply)
    bend = tuple(tuple(times(p, outer(at.score[j], at.score[k]) + at.curvature[j][k]) for k in K) for j in K)
    return p, tuple(times(p, s) for s in at.score), bend


def _mean_curve(fit: Any, at: Predictors, trials: Any) -> Curve:
    """The mean as a sum or integral over the density, of which every parameter may be part."""
    n, K = len(at.eta[0]), range(len(at.eta))
    pairs = fit.family.support.pairs and isinstance(fit.problem.y, tuple)
    size = (np.ones(n) if trials is None else trials,) if pairs else ()
    value, slope, bend = mean_curve(fit.family, tuple(at.eta), size)
    return Curve(value, {k: slope[k] for k in K}, {(j, k): bend[j][k] for j in K for k in K})


@in_float64
def mean_curve(family: Any, eta: tuple, trials: tuple = ()):
    """The mean of each row's response (of the proportion where there are trials) with its first two derivatives."""
    found = _mean_curve_of(family, tuple(map(filled, eta)), tuple(map(filled, trials)))
    return jax.tree.map(lambda a: np.asarray(a)[: len(eta[0])], found)


@program
def _mean_curve_of(family, eta, trials):
    def one(row):
        eta, trials = row
        like = jnp.asarray(family.support.example, eta[0].dtype)
        value, slope, bend = mean_derivatives(family, (like, trials[0]) if trials else like, eta)
        return jax.tree.map(lambda a: a / trials[0] if trials else a, (value, slope, bend))

    return jax.lax.map(one, (eta, trials), batch_size=64)


def mean_derivatives(family: Any, y, eta: tuple):
    """The mean of the response of one row and its derivatives in eta: expectations of (Y - mean) times s_k and times
    s_j s_k + h_jk, where s is the score and h the Hessian of the log-likelihood. Of y only the trials matter."""
    places, log_weight = _places(family, y, eta)
    at = rows(Problem(family, places, (), ()), eta)
    log_mass = at.loglik + log_weight
    counts = jnp.isfinite(log_mass) & (log_mass > -700)
    mass = jnp.where(counts, exp(jnp.where(counts, log_mass, 0.0)), 0.0)
    value = moments(family, y, eta).mean
    away = (places[0] if isinstance(places, tuple) else places) - value
    expect = lambda v: jnp.sum(jnp.where(counts, mass * away * jnp.where(counts, v, 0.0), 0.0))  # noqa: E731
    K = range(len(eta))
    slope = tuple(expect(at.score[k]) for k in K)
    return value, slope, tuple(tuple(expect(at.score[j] * at.score[k] + at.curvature[j][k]) for k in K) for j in K)


def _places(family: Any, y, eta: tuple):
    """Responses whose weighted densities sum up to one, those at an end with a mass of its own included."""
    spots = nodes(family, eta, y)
    if isinstance(y, tuple):
        return spots.y, spots.log_weight
    density = rows(Problem(family, spots.y, (), ()), eta).loglik + spots.log_weight
    ends, mass = atoms_of(family, eta, jnp.where(jnp.isnan(density), -jnp.inf, density), y)
    return jnp.append(spots.y, ends), jnp.append(spots.log_weight, jnp.where(jnp.isneginf(mass), -jnp.inf, 0.0))


@in_float64
def link_curve(link: Any, eta: np.ndarray):
    """The parameter at eta (n,) and its first two derivatives."""
    return tuple(np.asarray(a)[: len(eta)] for a in _link_curve(link, filled(eta)))


@program
def _link_curve(link, eta):
    one = jnp.ones_like(eta)
    first = lambda e: jax.jvp(link.inverse, (e,), (one,))  # noqa: E731
    (value, slope), (_, bend) = jax.jvp(first, (eta,), (one,))
    return value, slope, bend
