"""Fixed nodes for sums over whole numbers and integrals over a half-line, seen from where the mass is.

A sum over thousands of counts is as smooth as an integral: near its start every term is taken, further out Gauss's
rule for sums, in blocks about as long as they are far away. So 250 terms reach four million, to ten digits or more.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .elementary import exp, log

BASE, BLOCKS, IN_BLOCK = 16, 18, 12  # terms before the first block, number of blocks, nodes in a block
HALF_LINE = np.linspace(-3.7, 3.9, 141)  # at the ends exp(pi/2 sinh u) is 1e-14 and 1e17


@lru_cache(maxsize=64)
def sum_rule(N: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """m nodes and log-weights whose sum is that over 0, ..., N - 1 for polynomials of degree 2 m - 1.

    Source: Golub and Welsch (1969), Math. Comp. 23, with the recurrence of the discrete Chebyshev polynomials.
    """
    k = np.arange(1.0, m)
    off = np.sqrt(k**2 * (N**2 - k**2) / (4 * (4 * k**2 - 1)))
    nodes, vectors = np.linalg.eigh(np.diag(off, 1) + np.diag(off, -1))
    return nodes + (N - 1) / 2, np.log(N * vectors[0] ** 2)


@lru_cache(maxsize=1)
def _blocks():
    """Nodes and log-weights (2, BLOCKS, IN_BLOCK) of blocks of BASE 2^k terms, and of twice as many."""
    rules = [[sum_rule((BASE << k) * d, IN_BLOCK) for k in range(BLOCKS)] for d in (1, 2)]
    return tuple(np.asarray([[rule[i] for rule in row] for row in rules]) for i in (0, 1))


def _distances(count):
    """Distances 0, 1, ... and log-weights of a sum of `count` terms: exact ones, then blocks that grow.

    The number of terms beyond the exact ones, in units of BASE, is written in base 2 with digits 1 and 2 (so no length
    of block is left out); a digit says whether the block has its length or twice that.
    """
    dtype, power = count.dtype, 2.0 ** np.arange(BLOCKS)
    count = jnp.clip(count, 0.0, float(BASE << BLOCKS))
    rest = jnp.maximum(jnp.floor(count / BASE) - 1, 0.0)
    start = count - BASE * rest
    digits = jnp.sum(rest + 1 >= 2 * power)  # how many it has: the largest number of m of them is 2 (2^m - 1)
    bits = jnp.mod(jnp.floor((rest + 1 - 2.0**digits) / power), 2.0)
    used, twice = jnp.arange(BLOCKS) < digits, bits > 0
    lengths = jnp.where(used, BASE * power * (1 + bits), 0.0)
    starts = (start + jnp.cumsum(lengths) - lengths).astype(dtype)
    nodes, log_weights = (jnp.asarray(a, dtype) for a in _blocks())
    far = starts[:, None] + jnp.where(twice[:, None], nodes[1], nodes[0])
    far_weights = jnp.where(used[:, None], jnp.where(twice[:, None], log_weights[1], log_weights[0]), -jnp.inf)
    singles = jnp.arange(2 * BASE, dtype=dtype)
    near_weights = jnp.where(singles < start, jnp.zeros_like(singles), -jnp.inf)
    return jnp.concatenate([singles, far.ravel()]), jnp.concatenate([near_weights, far_weights.ravel()])


def half_line_rule() -> tuple[np.ndarray, np.ndarray]:
    """Distances and log-weights of an integral over (0, inf) of something that changes on the scale of 1.

    Source: Takahasi and Mori (1974), Publ. RIMS 9, the map for half-lines.
    """
    inner = np.pi / 2 * np.sinh(HALF_LINE)
    step = HALF_LINE[1] - HALF_LINE[0]
    return np.exp(inner), inner + np.log(step * np.pi / 2 * np.cosh(HALF_LINE))


def logsumexp(terms):
    """log of the sum of exp(terms) over the first axis; where all are minus infinity, that with derivatives of zero."""
    largest = lax.stop_gradient(jnp.max(terms, axis=0))
    finite = jnp.where(jnp.isfinite(largest), largest, 0.0)
    total = jnp.sum(exp(terms - finite), axis=0)
    return jnp.where(total > 0, log(jnp.where(total > 0, total, 1.0)) + finite, -jnp.inf)


class Nodes(NamedTuple):
    """Whole numbers k (m,) that stand for all in a range, and log-weights: minus infinity where a node is not used."""

    k: jax.Array
    log_weight: jax.Array

    def log_sum(self, log_term: Callable) -> jax.Array:
        """log of the sum of exp(log_term(k)) over the range; log_term is called once with all nodes, and must be
        smooth in k away from where the nodes start."""
        return logsumexp(jnp.where(self.log_weight > -jnp.inf, log_term(self.k) + self.log_weight, -jnp.inf))


def nodes_from(start, way: float, end) -> Nodes:
    """Nodes of start, start + way, ..., end; way is 1 or -1, start and end are whole."""
    start = lax.stop_gradient(jnp.asarray(start))
    end = lax.stop_gradient(jnp.asarray(end, start.dtype))
    distance, log_weight = _distances((end - start) * way + 1)
    return Nodes(start + way * jnp.where(log_weight > -jnp.inf, distance, 0.0), log_weight)


def nodes_around(centre, low, high=np.inf) -> Nodes:
    """Nodes of all whole numbers in [low, high], for terms that fall on both sides of the centre."""
    centre = jnp.clip(jnp.round(lax.stop_gradient(centre)), low, high)
    above, below = nodes_from(centre, 1.0, high), nodes_from(jnp.maximum(centre - 1, low), -1.0, low)
    below = below._replace(log_weight=jnp.where(centre > low, below.log_weight, -jnp.inf))
    return Nodes(*(jnp.concatenate(pair) for pair in zip(above, below, strict=True)))
