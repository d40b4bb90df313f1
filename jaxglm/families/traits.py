"""What autodiff finds out about a log-likelihood, at a few probe points."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..links import Identity, Interval, Link, Parameter
from .support import Support


@dataclass(frozen=True)
class Traits:
    """`edm`: the score in the first parameter is affine in y with its root at y, so that parameter is the mean of an
    exponential dispersion model. `dispersion`: name of the parameter that only scales this score, as phi does.
    `precisions`: pairs of a mean and the slope of the score in y there, which is 1 / V(mean) up to a factor."""

    edm: bool
    dispersion: str | None
    precisions: tuple[tuple[float, float], ...] = ()


@lru_cache(maxsize=256)
def find_traits(density, standard, intervals: tuple[Interval, ...]) -> Traits:
    """Traits of the log-likelihood of a family whose links are all the identity; `density` identifies it."""
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        y, values = _probe_points(standard.support, intervals)
        others = tuple(v[0] for v in values[1:])
        facts = lambda y, *v: _score_facts(standard, y, v, others)  # noqa: E731
        found = jax.device_get(program(jax.vmap(facts))(y, *values))
    slope, root, scaling, precision = found
    zero = lambda a: bool(np.all(np.abs(a) < 1e-8))  # noqa: E731
    pure = [n for n, s in zip(standard.parameters[1:], scaling, strict=True) if zero(s)]
    edm = zero(slope) and zero(root)
    pairs = tuple(zip(values[0].tolist(), precision.tolist(), strict=True))
    return Traits(edm, pure[0] if edm and pure else None, pairs)


@lru_cache(maxsize=256)
def is_canonical(link: Link, traits: Traits) -> bool:
    """Whether the slope of the mean in the predictor is in proportion to V."""
    means, precisions = np.transpose(traits.precisions)

    def slope(mean):
        eta = link.forward(mean)
        return jax.jvp(link.inverse, (eta,), (jnp.ones_like(eta),))[1]

    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        weights = precisions * jax.device_get(program(jax.vmap(slope))(means))
    return bool(np.all(np.abs(weights - weights[0]) <= 1e-8 * np.abs(weights[0])))


def _score_facts(standard, y, values, others):
    """Per probe: d2 score / dy2, score at y = mean, d(phi * score)/d phi for each further parameter, and d score / dy
    at these `others`."""

    def score(y, values):
        return jax.grad(lambda m: _loglik_at(standard, y, (m, *values[1:])))(values[0])

    unit = jnp.abs(score(y, values)) + 1.0
    slope = jax.grad(jax.grad(score))(y, values) / unit
    root = score(values[0], values) / unit

    def scaled(x, j):
        moved = values[:j] + (x,) + values[j + 1 :]
        return x * score(y, moved)

    scaling = tuple(jax.grad(scaled)(values[j], j) / unit for j in range(1, len(values)))
    return slope, root, scaling, jax.grad(score)(y, (values[0], *others))


def _loglik_at(family, y, values):
    """Log-likelihood at parameter values instead of linear predictors."""
    return family.loglik(y, *(Parameter(Identity(), v) for v in values))


def _probe_points(support: Support, intervals: tuple[Interval, ...]):
    """Interior points of y and of each parameter, irregular so that no identity holds by accident; then the ends that
    belong to the support, where a density may be another one, as with inflated zeros."""
    base = np.asarray([0.13, 0.31, 0.47, 0.59, 0.71, 0.88])
    turned = [np.roll(base, 2 * j + 1) ** (1 + 0.1 * j) for j in range(len(intervals))]
    ends = [e for e in (support.low, support.high) if support.closed and np.isfinite(e)]
    y = np.concatenate([_spread(base, (support.low, support.high)), ends])
    pick = np.arange(len(y)) % len(base)
    return y, tuple(_spread(u, i)[pick] for u, i in zip(turned, intervals, strict=True))


def _spread(u, interval: Interval):
    low, high = interval
    if low == -inf and high == inf:
        return 4 * u - 2
    if high == inf:
        return low + 3 * u
    return high - 3 * u if low == -inf else low + (high - low) * u
