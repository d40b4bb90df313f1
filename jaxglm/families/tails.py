"""Distribution functions from the log-likelihood: both tails as logs, by sums or quadratures of the density."""

from math import inf, log

import jax
import jax.numpy as jnp

from ..numerics import expit, log1mexp, log_expit
from ..quadrature import half_line_rule, logsumexp, nodes_from
from .support import Support

LARGEST_HALF = -0.1  # log of what the smaller of two tails can be at most, with room for rounding


def integrated_tails(log_density, support: Support, y):
    """(log P(Y <= y), log P(Y > y)) of a density on the support: the smaller one to about 1e-10 of itself, the other
    as its complement. log_density(t) of one response."""
    both = _summed(log_density, support, y) if support.whole else _integrated(log_density, support, y)
    return complementary(*both)


def complementary(lower, upper):
    """Two log-probabilities that add up to one, from two of which only the smaller is exact."""
    small = jnp.minimum(jnp.minimum(lower, upper), LARGEST_HALF)
    other = log1mexp(jnp.where(jnp.isfinite(small), small, -1e30))
    below = lower <= upper
    return jnp.where(below, lower, other), jnp.where(below, other, upper)


def _summed(log_density, support: Support, y):
    """Sums over the counts up to y, in two halves, each of which is fine near its outer end, and beyond y."""
    each = jax.vmap(log_density)
    low, inside = support.low, y >= support.low
    y = jnp.where(inside, y, low)
    middle = jnp.floor((low + y) / 2)
    upper_half = nodes_from(y, -1.0, middle + 1).log_sum(each)
    lower_half = nodes_from(jnp.full_like(y, low), 1.0, middle).log_sum(each)
    lower = jnp.logaddexp(lower_half, jnp.where(y > middle, upper_half, -inf))
    upper = nodes_from(y + 1, 1.0, support.high).log_sum(each)
    return jnp.where(inside, lower, -inf), jnp.where(inside, upper, 0.0)


def _integrated(log_density, support: Support, y):
    """Integrals on either side of y, on a line to which the support is stretched, scaled by how fast the density
    changes at y."""
    at = _onto_line(support, jax.lax.stop_gradient(y))

    def density(v):
        t, log_slope, inside = _from_line(support, v)
        return jnp.where(inside, log_density(t) + log_slope, -inf)

    slope, bend = jax.grad(density)(at), jax.grad(jax.grad(density))(at)
    scale = 1.0 / jnp.clip(jnp.nan_to_num(jnp.abs(slope) + jnp.sqrt(jnp.abs(bend))), 1e-6, 1e9)
    scale = jax.lax.stop_gradient(scale)
    distance, log_weight = (jnp.asarray(a, at.dtype) for a in half_line_rule())
    moving = _onto_line(support, y)  # carries the derivative in y, where that is a parameter

    def side(way):
        terms = jax.vmap(density)(moving + way * scale * distance)
        return logsumexp(terms + log_weight) + jnp.log(scale)

    return side(-1.0), side(1.0)


def _onto_line(support: Support, y):
    low, high = support.low, support.high
    if low == -inf and high == inf:
        return y
    if high == inf:
        return jnp.log(y - low)
    return -jnp.log(high - y) if low == -inf else jnp.log(y - low) - jnp.log(high - y)


def _from_line(support: Support, v):
    """Response at a point of the line, log of its slope there, and whether it can be told from the support's ends."""
    low, high = support.low, support.high
    info = jnp.finfo(v.dtype)
    if low == -inf and high == inf:
        cap = float(info.max) ** 0.5
        return jnp.clip(v, -cap, cap), jnp.zeros_like(v), jnp.abs(v) < cap
    if low == -inf or high == inf:
        way, cap = (1.0 if high == inf else -1.0), 0.9 * log(float(info.max))
        near = jnp.clip(v, -cap, cap)
        away = jnp.exp(way * near)
        return (low + away if high == inf else high - away), way * near, jnp.abs(v) < cap
    top, bottom = -log(float(info.eps)), -0.9 * log(float(info.max))
    near = jnp.clip(v, bottom, top)
    log_slope = log_expit(near) + log_expit(-near) + log(high - low)
    return low + (high - low) * expit(near), log_slope, (v > bottom) & (v < top)
