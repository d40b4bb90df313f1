"""Dtype rules, a factorisation that tells when it failed, and special functions that keep their tails."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import linalg

Array = jax.Array | np.ndarray  # on the device, or on its way there
HIGHEST = lax.Precision.HIGHEST  # float32 products are TF32 by default on recent GPUs
HALF_LOG_2PI = 0.9189385332046727
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)


def eps(x) -> float:
    """Rounding unit of the dtype of x."""
    return float(jnp.finfo(jnp.result_type(x)).eps)


def dot(a, b):
    return jnp.matmul(a, b, precision=HIGHEST)


def times(k, log_p):
    """k * log_p, and 0 at k = 0 even where log_p is infinite: y log mu at y = 0, mu = 0."""
    return jnp.where(k == 0, 0.0, k * jnp.where(k == 0, 0.0, log_p))


def log1mexp(x):
    """log(1 - exp(x)) for x < 0, to full relative precision at both ends."""
    near = x > -0.6931
    small = jnp.log(-jnp.expm1(jnp.where(near, x, -1.0)))
    return jnp.where(near, small, jnp.log1p(-jnp.exp(jnp.where(near, -1.0, x))))


def softplus(x):
    """log(1 + exp(x)) whose first two derivatives keep their tails on both sides."""
    positive = x > 0
    return jnp.where(positive, x, 0.0) + jnp.log1p(jnp.exp(-jnp.where(positive, x, -x)))


def log_ndtr(x):
    """Log of the normal distribution function.

    The library version loses the second derivative in the left tail, where x + phi/Phi cancels: below the cut the
    asymptotic series carries -x^2/2 explicitly, so its curvature -1 + 1/x^2 is exact.
    """
    cut = -14.0 if jnp.finfo(x.dtype).bits == 64 else -8.0
    z = jnp.where(x < cut, x, 2 * cut)
    body = jnp.clip(x, cut, 40.0)  # beyond 40 the value and all derivatives are 0
    left = jnp.log(0.5 * lax.erfc(-jnp.minimum(body, 0.0) * 0.7071067811865476))
    right = jnp.log1p(-0.5 * lax.erfc(jnp.where(body > 0, body, 1.0) * 0.7071067811865476))
    tail = -0.5 * z * z - jnp.log(-z) - HALF_LOG_2PI + jnp.log1p(_mills_series(z))
    return jnp.where(x < cut, tail, jnp.where(x > 0, right, left))


def _mills_series(x):
    """sum_k (-1)^k (2k-1)!! / x^(2k), k >= 1, by Horner's rule."""
    inverse_square = 1.0 / x / x
    total = jnp.ones_like(x)
    for k in range(12, 1, -1):
        total = 1.0 - (2 * k - 1) * inverse_square * total
    return -inverse_square * total


def _stirling(z):
    """gammaln(z) - ((z - 1/2) log z - z + log(2 pi) / 2) for z >= 8."""
    inverse = 1.0 / z
    square, total = inverse * inverse, 0.0
    for c in reversed(STIRLING):
        total = c + square * total
    return total * inverse


def _rising(x, shift):
    """x (x + 1) ... (x + 7) with every factor divided by `shift`'s own, as one logarithm."""
    product = jnp.ones_like(x)
    for j in range(8):
        product = product * ((x + j) / shift(j))
    return jnp.log(product)


def gammaln(x):
    """log Gamma(x), x > 0: Stirling's series after a shift by 8. Its derivatives cost a quarter of the library's."""
    big = x >= 8
    z = jnp.where(big, x, x + 8)
    series = (z - 0.5) * jnp.log(z) - z + HALF_LOG_2PI + _stirling(z)
    return series - jnp.where(big, 0.0, _rising(jnp.where(big, 1.0, x), lambda j: 1.0))


def gammaln_ratio(y, r):
    """log Gamma(y + r) - log Gamma(r) - y log r: sum of log(1 + j / r) over j < y, stable up to r = inf.

    The plain difference is off by 15 at r = 1e7 in float32, and hides the slope in 1/r in float64.
    """
    big = r >= 8
    small_r = jnp.where(big, 1.0, r)
    z = jnp.where(big, r, r + 8)
    series = (z + y - 0.5) * jnp.log1p(y / z) - y + _stirling(z + y) - _stirling(z)
    shifted = y * jnp.log1p(8.0 / small_r) - _rising(small_r + y, lambda j: small_r + j)
    return series + jnp.where(big, 0.0, shifted)


def gammaln_excess(k):
    """log Gamma(k) - (k log k - k), which stays small as k grows."""
    big = k >= 8
    small, large = jnp.where(big, 1.0, k), jnp.where(big, k, 8.0)
    series = HALF_LOG_2PI - 0.5 * jnp.log(large) + _stirling(large)
    return jnp.where(big, series, gammaln(small) - small * jnp.log(small) + small)


def log_choose(n, k):
    """Log of the binomial coefficient, also for non-integers; 0 at k = 0 and k = n."""
    edge = (k == 0) | (k == n)
    inner = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return jnp.where(edge, 0.0, inner)


class Factor(NamedTuple):
    """Cholesky factor of the equilibrated matrix `D^-1/2 (A + damping |D|) D^-1/2`."""

    cholesky: jax.Array
    scale: jax.Array
    damping: jax.Array
    pivot: jax.Array  # smallest squared pivot: sin^2 of the angle between a column and the others

    def solve(self, b):
        scale = self.scale if b.ndim == 1 else self.scale[:, None]
        return linalg.cho_solve((self.cholesky, True), b * scale) * scale


def factor(A, damping: Array | float = 0.0) -> Factor:
    """Factor of A with at least this damping, raised until it exists; unit diagonal first, so units do not matter."""
    diagonal = jnp.abs(jnp.diagonal(A))
    tiny = jnp.finfo(A.dtype).tiny
    scale = jnp.where(diagonal > tiny, 1.0 / jnp.sqrt(jnp.maximum(diagonal, tiny)), 1.0)
    unit = A * scale[:, None] * scale
    present = jnp.where(diagonal > tiny, 1.0, 0.0).astype(A.dtype)
    floor = 16 * A.shape[-1] * eps(A)
    nothing = Factor(jnp.zeros_like(unit), scale, jnp.asarray(damping, A.dtype), jnp.asarray(-1.0, A.dtype))

    def attempt(carry):
        tries, last = carry
        raised = jnp.where(tries == 0, last.damping, jnp.maximum(30 * last.damping, floor))
        return tries + 1, _attempt(unit, scale, present, raised)

    # a loop that runs once as a rule: the factorisation is compiled in one place only
    return lax.while_loop(lambda c: ~(c[1].pivot > 0) & (c[1].damping < 1e3), attempt, (jnp.int32(0), nothing))[1]


def _attempt(unit, scale, present, damping):
    # An all-zero row and column would be singular at any damping: its diagonal is set to one, its step stays zero.
    L = linalg.cholesky(unit + jnp.diag(damping * present + (1.0 - present)), lower=True)
    pivot = jnp.min(jnp.diagonal(L) ** 2 / (1.0 + damping), initial=jnp.inf)
    return Factor(L, scale, damping, jnp.where(jnp.isnan(pivot), -1.0, pivot))
