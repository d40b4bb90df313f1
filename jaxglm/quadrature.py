"""Sums and integrals over the support of a density: panels that double in width away from its points of interest.

Whole numbers far from such a point are summed by a Gauss-Legendre rule for sums, so that a count of a million costs
what a small one does. All functions are of one observation, of static shapes; vmap them over rows.
"""

import math
from math import factorial, isinf
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.polynomial import legendre

from .elementary import exp, expm1, log, log1p
from .families import Family
from .problem import row_loglik

ORDER = 14  # nodes of a panel; with no more whole numbers than that the nodes are these: at 16 some weight is negative
SUMMED = 4096  # counts that are summed one by one where the density is not smooth
FINEST = 2.0**-36  # width of the panels next to a point of interest, in the coordinate of a continuous response
FARTHEST = 2.0**42  # distance of the last panel of counts
LOOKS, SEARCHES = 129, 50  # points of the coarse look for the mode, steps of the search that follows
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _gauss() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, weights, and what the weights of a sum over m points have besides, by powers of (2 / m)^2.

    Source: Euler and Maclaurin's formula at midpoints, exact for the polynomials that the rule interpolates.
    """
    at, weights = legendre.leggauss(ORDER)
    more = np.zeros((len(BERNOULLI), ORDER))
    for j, basis in enumerate(np.eye(ORDER)):
        share = weights * (2 * j + 1) / 2 * legendre.legval(at, basis)  # of the values in the j-th coefficient
        for r, number in enumerate(BERNOULLI, 1):
            slope = legendre.legder(basis, 2 * r - 1)
            ends = legendre.legval(1.0, slope) - legendre.legval(-1.0, slope)
            more[r - 1] -= (1 - 2.0 ** (1 - 2 * r)) * number / factorial(2 * r) * ends * share
    return at, weights, more


GAUSS, GAUSS_WEIGHTS, SUM_WEIGHTS = _gauss()


class Nodes(NamedTuple):
    """Where a density is evaluated: an expectation is the sum of exp(log_weight) density(y) value(y)."""

    y: Any  # (G,), or (counts, trials)
    log_weight: jax.Array  # -inf where a node does not count
    side: jax.Array  # -1 below the response that the nodes were made for, 0 at it (whole numbers only), 1 above


def log_density(family: Family, y, eta: tuple):
    """Log-likelihood of one observation, -inf where it is NaN."""
    value = row_loglik(family, y, eta)
    return jnp.where(jnp.isnan(value), -jnp.inf, value)


def nodes(family: Family, eta: tuple, y) -> Nodes:
    """Nodes of the distribution at linear predictors eta (scalars), fine about its mode and about y, which no panel
    straddles. y: a response; of a pair the second is the number of trials."""
    support = family.support
    single = y[0] if isinstance(y, tuple) else jnp.asarray(y)
    density = lambda at: log_density(family, (at, y[1]) if isinstance(y, tuple) else at, eta)  # noqa: E731
    if support.whole:
        high = y[1] if isinstance(y, tuple) else jnp.asarray(support.high, single.dtype)
        counts = _counts if support.smooth else _each_count
        at, weight = counts(density, single, jnp.asarray(support.low, single.dtype), high)
        side = jnp.sign(at - single).astype(int)
        return Nodes((at, jnp.full(at.shape, y[1])) if isinstance(y, tuple) else at, log(weight), side)
    axis = _axis(support.low, support.high, density, single.dtype)
    place, log_weight = _continuous(density, axis, axis.place(single))
    side = jnp.where(place > axis.place(single), 1, -1)
    return Nodes(axis.response(place), log_weight, side)


# --- whole numbers


def _counts(density, y, low, high):
    """Whole numbers or nodes for their sums, from low to high (included), and their weights."""
    top = jnp.minimum(high - low, FARTHEST)
    looks = low + jnp.minimum(1.0, top) + expm1(jnp.linspace(0.0, 1.0, LOOKS) * log1p(top))
    centres = jnp.floor(jnp.stack([y, _mode(density, looks)]))  # the ends may have more mass: they have panels anyway
    away = 2.0 ** np.arange(math.log(FARTHEST, 2))
    about = jnp.ravel(centres[:, None] + np.concatenate([-away, [0.0, 1.0], 1 + away]))
    edges = jnp.concatenate([about, low + away, jnp.stack([low, low + top + 1]), high - away])
    edges = jnp.sort(jnp.clip(edges, low, low + top + 1))
    start, size = edges[:-1, None], jnp.diff(edges)[:, None]
    few, number = size <= ORDER, jnp.arange(ORDER, dtype=start.dtype)
    at = jnp.where(few, start + number, start - 0.5 + size * (1 + GAUSS) / 2)
    weight = jnp.where(few, jnp.where(number < size, 1.0, 0.0), _sum_weights(jnp.where(few, ORDER + 1.0, size)))
    return jnp.ravel(jnp.where(weight > 0, at, low)), jnp.ravel(weight)


def _each_count(density, y, low, high):
    """Each of the first whole numbers, for a density that is none between them; the mass tells what is missing."""
    at = low + jnp.arange(SUMMED, dtype=y.dtype)
    return jnp.minimum(at, high), jnp.where(at <= high, 1.0, 0.0)


def _sum_weights(size):
    """Weights of the nodes for the sum over `size` whole numbers."""
    square, more = (2.0 / size) ** 2, 0.0
    for row in SUM_WEIGHTS[::-1]:
        more = square * (row + more)
    return size / 2 * (GAUSS_WEIGHTS + more)


# --- real numbers, as images of a coordinate u that runs over all reals


class Axis(NamedTuple):
    """The response at u: shift + scale sinh(u), exp(u) away from one end, or the logistic function between two."""

    low: float
    high: float
    shift: Any = 0.0
    scale: Any = 1.0
    reach: tuple[float, float] = (0.0, 0.0)  # where u and the response are finite, and the response is off its ends

    def response(self, u):
        if isinf(self.low) and isinf(self.high):
            return self.shift + self.scale * jnp.sinh(u)
        if isinf(self.high):
            return self.low + exp(u)
        if isinf(self.low):
            return self.high - exp(-u)
        return self.low + (self.high - self.low) * jax.nn.sigmoid(u)

    def place(self, y):
        y = jnp.clip(y, self.low, self.high)  # a single point with a mass may lie outside
        if isinf(self.low) and isinf(self.high):
            u = jnp.arcsinh((y - self.shift) / self.scale)
        elif isinf(self.high):
            u = log(y - self.low)
        elif isinf(self.low):
            u = -log(self.high - y)
        else:
            u = log(y - self.low) - log(self.high - y)
        return jnp.clip(u, *self.reach)

    def log_slope(self, u):
        """Log of d response / d u."""
        if isinf(self.low) and isinf(self.high):
            return log(self.scale) + jnp.abs(u) + log1p(exp(-2 * jnp.abs(u))) - math.log(2.0)
        if isinf(self.high):
            return u
        if isinf(self.low):
            return -u
        return math.log(self.high - self.low) + jax.nn.log_sigmoid(u) + jax.nn.log_sigmoid(-u)


def _axis(low: float, high: float, density, dtype) -> Axis:
    """The coordinate; where the response runs over all reals, in units of the spread of its density about its mode."""
    info = jnp.finfo(dtype)
    far, near = math.log(float(info.max)) - 4, -math.log(float(info.eps))
    if isinf(low) and isinf(high):
        plain = Axis(low, high, reach=(-far / 2, far / 2))
        shift = plain.response(_mode(lambda u: density(plain.response(u)), _looks(plain)))
        return plain._replace(shift=shift, scale=_spread(density, shift, far / 2))
    floor = -far if low == 0 or isinf(low) else -near
    ceiling = far if high == 0 or isinf(high) else near
    return Axis(low, high, reach=(floor, ceiling))


def _looks(axis: Axis):
    """Points of u for a first look, dense about 0."""
    return jnp.asarray(np.sinh(np.linspace(np.arcsinh(axis.reach[0]), np.arcsinh(axis.reach[1]), LOOKS)))


def _spread(density, mode, far: float):
    """Distance from the mode at which the log-density has fallen by one on both sides."""
    top = density(mode)

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        away = exp(middle)
        fallen = jnp.maximum(density(mode + away), density(mode - away)) < top - 1
        return jnp.where(fallen, low, middle), jnp.where(fallen, middle, high)

    start = jnp.asarray(-far, mode.dtype), jnp.asarray(far, mode.dtype)
    return exp(lax.fori_loop(0, SEARCHES, halve, start)[1])


def _continuous(density, axis: Axis, place):
    """Places of the nodes and the logs of their weights."""
    low, high = axis.reach
    mode = _mode(lambda u: density(axis.response(u)) + axis.log_slope(u), _looks(axis).astype(place.dtype))
    away = FINEST * 2.0 ** np.arange(math.log((high - low) / FINEST, 2))
    about = jnp.stack([place, mode])[:, None] + np.concatenate([-away, [0.0], away])
    edges = jnp.sort(jnp.clip(jnp.append(jnp.ravel(about), jnp.asarray(axis.reach)), low, high))
    half = jnp.diff(edges)[:, None] / 2
    at = jnp.ravel(edges[:-1, None] + half * (1 + GAUSS))
    return at, log(jnp.ravel(half * GAUSS_WEIGHTS)) + axis.log_slope(at)


def _mode(density, looks):
    """Where the log-density is largest, by a look at some points and a golden section about the best of them."""
    best = jnp.argmax(jax.vmap(density)(looks))
    ends = looks[jnp.maximum(best - 1, 0)], looks[jnp.minimum(best + 1, LOOKS - 1)]

    def shrink(_, ends):
        low, high = ends
        a, b = high - 0.6180339887 * (high - low), low + 0.6180339887 * (high - low)
        better = density(a) > density(b)
        return jnp.where(better, low, a), jnp.where(better, b, high)

    low, high = lax.fori_loop(0, SEARCHES, shrink, ends)
    return (low + high) / 2
