"""Distribution functions from the log-likelihood: both tails as logs, by sums or quadratures of the density."""

import math
from math import inf

import jax
import jax.numpy as jnp
import numpy as np

from ..elementary import exp, log
from ..numerics import log1mexp
from ..sums import Nodes, half_line_rule, logsumexp, nodes_from
from .support import Support

LARGEST_HALF = -0.1  # log of what the smaller of two tails can be at most, with room for rounding


def integrated_tails(log_density, support: Support, y):
    """(log P(Y <= y), log P(Y > y)) of a density on the support: the smaller one to about 1e-10 of itself, the other
    as its complement. log_density(t) of one response."""
    if support.whole:
        return complementary(*_summed(log_density, support, y))
    lower, upper = _integrated(log_density, support, y)
    for atom in support.atoms:
        mass = log_density(jnp.asarray(atom, y.dtype))
        lower = jnp.logaddexp(lower, jnp.where(atom <= y, mass, -inf))
        upper = jnp.logaddexp(upper, jnp.where(atom > y, mass, -inf))
    return complementary(lower, upper)


def log_above(log_density, support: Support, point: float, dtype):
    """log P(Y > point) of counts, where only few lie below: as a complement where that is the larger part; beyond the
    first count always, whose log-probability keeps its digits where it is nearly certain."""
    if point < support.low:
        return jnp.zeros((), dtype)
    if point == support.low:
        first = log_density(jnp.asarray(point, dtype))
        return log1mexp(jnp.minimum(first, -jnp.finfo(dtype).tiny))
    below = Nodes(jnp.arange(support.low, point + 1, dtype=dtype), jnp.zeros(int(point + 1 - support.low), dtype))
    return complementary(*log_sums(log_density, below, nodes_from(jnp.asarray(point + 1, dtype), 1.0, support.high)))[1]


def log_among(log_density, lower: float, upper: float, dtype):
    """log P(lower <= Y <= upper) of counts, where these are few."""
    return logsumexp(jax.vmap(log_density)(jnp.arange(lower, upper + 1, dtype=dtype)))


def log_sums(log_density, *ranges: Nodes) -> tuple:
    """Logs of the sums over several ranges: the density is written once, for all of their nodes."""
    terms = jax.vmap(log_density)(jnp.concatenate([r.k for r in ranges]))
    ends = np.cumsum([len(r.k) for r in ranges])[:-1]
    pairs = zip(ranges, jnp.split(terms, ends), strict=True)
    return tuple(Nodes(r.k, r.log_weight).log_sum(lambda _, t=t: t) for r, t in pairs)


def log_between(tails, support: Support, lower, upper):
    """log P(lower <= Y <= upper) from `tails(y)`; a bound may be infinite."""
    start = lower - 1 if support.whole else lower
    bottom, top = start >= support.low, upper < support.high
    bottom = bottom if support.whole else start > support.low
    example = jnp.asarray(support.example, lower.dtype)
    lowers, uppers = jax.vmap(tails)(jnp.stack([jnp.where(bottom, start, example), jnp.where(top, upper, example)]))
    below, above = (lowers[0], uppers[0]), (lowers[1], uppers[1])
    below = jnp.where(bottom, below[0], -inf), jnp.where(bottom, below[1], 0.0)
    above = jnp.where(top, above[0], 0.0), jnp.where(top, above[1], -inf)
    return log_difference(below, above)


def log_difference(below, above):
    """log of the probability between two points, from (log P(Y <= y), log P(Y > y)) at each: of the two differences
    of tails the one of the smaller tail, which keeps its digits."""
    right = below[1] < above[0]
    large, small = jnp.where(right, below[1], above[0]), jnp.where(right, above[1], below[0])
    there = jnp.isfinite(large) & jnp.isfinite(small)
    # points that rounding has made one: their distance is put at the rounding unit, so that derivatives exist
    share = log1mexp(jnp.where(there, jnp.minimum(small - large, -jnp.finfo(large.dtype).eps), -1.0))
    return large + jnp.where(there, share, 0.0)


def complementary(lower, upper):
    """Two log-probabilities that add up to one, from two of which only the smaller is exact."""
    small = jnp.minimum(jnp.minimum(lower, upper), LARGEST_HALF)
    other = log1mexp(jnp.where(jnp.isfinite(small), small, -1e30))
    below = lower <= upper
    return jnp.where(below, lower, other), jnp.where(below, other, upper)


def _summed(log_density, support: Support, y):
    """Sums over the counts up to y, in two halves, each of which is fine near its outer end, and beyond y."""
    low, inside = support.low, y >= support.low
    y = jnp.where(inside, y, low)
    middle = jnp.floor((low + y) / 2)
    near, far = nodes_from(y, -1.0, middle + 1), nodes_from(jnp.full_like(y, low), 1.0, middle)
    near, far, upper = log_sums(log_density, near, far, nodes_from(y + 1, 1.0, support.high))
    lower = jnp.logaddexp(far, jnp.where(y > middle, near, -inf))
    return jnp.where(inside, lower, -inf), jnp.where(inside, upper, 0.0)


def _integrated(log_density, support: Support, y):
    """Integrals on either side of y."""
    within, below = (y > support.low) & (y < support.high), y <= support.low
    y = jnp.where(within, y, jnp.asarray(support.example, y.dtype))
    lower, upper = (_side(log_density, y, end, way) for end, way in ((support.low, -1.0), (support.high, 1.0)))
    outer = jnp.where(below, -inf, 0.0), jnp.where(below, 0.0, -inf)
    return jnp.where(within, lower, outer[0]), jnp.where(within, upper, outer[1])


def _side(log_density, y, end: float, way: float):
    """log of the integral from y to an end of the support, in steps as long as the density needs to change at y; on
    the way to a finite end they are those of the log-distance from it."""
    density = _from_infinity(log_density, y, way) if np.isinf(end) else _from_end(log_density, y, end, way)
    zero = jnp.zeros_like(y)
    slope, bend = jax.grad(density)(zero), jax.grad(jax.grad(density))(zero)
    rate = jnp.clip(jnp.nan_to_num(jnp.abs(slope) + jnp.sqrt(jnp.abs(bend))), 1e-30, 1e30)
    scale = jax.lax.stop_gradient(1.0 / rate)
    distance, log_weight = (jnp.asarray(a, y.dtype) for a in half_line_rule())
    return logsumexp(jax.vmap(density)(scale * distance) + log_weight) + log(scale)


def _from_infinity(log_density, y, way):
    cap = float(jnp.finfo(y.dtype).max) ** 0.5

    def density(d):
        return jnp.where(d < cap, log_density(y + way * jnp.minimum(d, cap)), -inf)

    return density


def _from_end(log_density, y, end, way):
    info = jnp.finfo(y.dtype)
    # below, it is the end itself
    floor = math.log(float(info.eps) * abs(end)) if end else -0.9 * math.log(float(info.max))
    reach = log(jnp.abs(end - y))

    def density(d):
        left = reach - d
        return jnp.where(left > floor, log_density(end - way * exp(jnp.maximum(left, floor))) + left, -inf)

    return density
