"""Dtype rules, a factorisation that tells when it failed, and special functions that keep their tails."""

from functools import partial
from math import prod
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap

Array = jax.Array | np.ndarray  # on the device, or on its way there
HIGHEST = lax.Precision.HIGHEST  # float32 products are TF32 by default on recent GPUs
SCALED_ERFC = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
    0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-05, 4.13902798607301e-06,
    7.74038306619849e-07, -2.1886401049234397e-07, 1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10,
    -6.318088340886684e-11, 2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
    3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17,
    5.068148904796111e-17, -2.2370566594359995e-18, -2.187342944303018e-18, 2.6766327399258762e-20,
)  # fmt: skip


def eps(x) -> float:
    """Rounding unit of the dtype of x."""
    return float(jnp.finfo(jnp.result_type(x)).eps)


def dot(a, b):
    return jnp.matmul(a, b, precision=HIGHEST)


def when(needed, function, otherwise, *operands):
    """`function(*operands)` where a flag is set, else `otherwise`. Under vmap it is evaluated for all members where the
    flag of one is set: the rule of `lax.cond` does so always, and first copies what they share for each of them."""

    @custom_vmap
    def chosen(needed, otherwise, *operands):
        return lax.cond(needed, lambda: function(*operands), lambda: otherwise)

    @chosen.def_vmap
    def _(size, batched, needed, otherwise, *operands):
        axes = jax.tree.map(lambda b: 0 if b else None, tuple(batched[2:]))
        values = lambda: jax.vmap(function, in_axes=axes, axis_size=size)(*operands)  # noqa: E731
        whole = lambda a, b: a if b else jnp.broadcast_to(a, (size, *a.shape))  # noqa: E731
        otherwise = jax.tree.map(whole, otherwise, batched[1])
        needed = whole(needed, batched[0])
        found = lax.cond(jnp.any(needed), values, lambda: otherwise)
        pick = lambda a, b: jnp.where(needed.reshape(size, *(1,) * (a.ndim - 1)), a, b)  # noqa: E731
        return jax.tree.map(pick, found, otherwise), jax.tree.map(lambda _: True, otherwise)

    return chosen(needed, otherwise, *operands)


def times(k, log_p):
    """k * log_p, and 0 at k = 0 even where log_p is infinite: y log mu at y = 0, mu = 0. d/dk is log_p throughout."""
    return k * jnp.where((k == 0) & ~jnp.isfinite(log_p), 0.0, log_p)


def log1mexp(x):
    """log(1 - exp(x)) for x < 0, to full relative precision at both ends."""
    near = x > -0.6931
    small = jnp.log(-jnp.expm1(jnp.where(near, x, -1.0)))
    return jnp.where(near, small, jnp.log1p(-jnp.exp(jnp.where(near, -1.0, x))))


@jax.custom_jvp
def softplus(x):
    """log(1 + exp(x))."""
    return jnp.maximum(x, 0.0) + _log1p_tail(x)


@jax.custom_jvp
def log_expit(x):
    """log(1 / (1 + exp(-x)))."""
    return jnp.minimum(x, 0.0) - _log1p_tail(x)


@jax.custom_jvp
def expit(x):
    """1 / (1 + exp(-x)), the slope of softplus."""
    t = jnp.exp(-jnp.abs(x))
    return jnp.where(x > 0, 1.0, t) / (1.0 + t)


@jax.custom_jvp
def expit_complement(x):
    """1 / (1 + exp(x)), the slope of log_expit."""
    t = jnp.exp(-jnp.abs(x))
    return jnp.where(x > 0, t, 1.0) / (1.0 + t)


def _log1p_tail(x):
    return jnp.log1p(jnp.exp(-jnp.abs(x)))


# Autodiff's own expressions for these are right but five times as long, to compile and to run, and s (1 - s) has no
# tail. All four are functions of exp(-|x|) at the same x, which is then computed once.
softplus.defjvps(lambda dx, _, x: expit(x) * dx)
log_expit.defjvps(lambda dx, _, x: expit_complement(x) * dx)
expit.defjvps(lambda dx, _, x: expit(x) * expit_complement(x) * dx)
expit_complement.defjvps(lambda dx, _, x: -expit(x) * expit_complement(x) * dx)


def log_ndtr_pair(x):
    """Logs of the normal distribution function at x and at -x: (log Phi(x), log(1 - Phi(x))).

    The library's loses the second derivative in the left tail, where x + phi/Phi cancels; here -x^2/2 stands alone, so
    its curvature is exact. Source: Shepherd and Laframboise (1981), Math. Comp. 36, eq. 3: a Chebyshev series of
    (1 + 2 z) exp(z^2) erfc(z) in (z - 3.75) / (z + 3.75), here to degree 27.
    """
    right = x > 0
    a = jnp.where(right, x, -x)
    z = a * 0.7071067811865476
    smaller = -0.5 * a * a - jnp.log1p(2 * z) + jnp.log(0.5 * _chebyshev(SCALED_ERFC, (z - 3.75) / (z + 3.75)))
    larger = jnp.log1p(-jnp.exp(smaller))
    return jnp.where(right, larger, smaller), jnp.where(right, smaller, larger)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _chebyshev(series: tuple[float, ...], u):
    """Clenshaw's sum of a Chebyshev series; its derivative is another series, half the size of the sum's own."""
    one, two = jnp.zeros_like(u), jnp.zeros_like(u)
    for c in reversed(series[1:]):
        one, two = c + 2 * u * one - two, one
    return series[0] + u * one - two


@_chebyshev.defjvp
def _chebyshev_jvp(series, primals, tangents):
    (u,), (du,) = primals, tangents
    slope = tuple(np.polynomial.chebyshev.chebder(series).tolist())
    return _chebyshev(series, u), _chebyshev(slope, u) * du


class Factor(NamedTuple):
    """Cholesky factor of the equilibrated matrix `D^-1/2 (A + damping |D|) D^-1/2`."""

    cholesky: jax.Array
    scale: jax.Array
    damping: jax.Array
    pivot: jax.Array  # smallest squared pivot: sin^2 of the angle between a column and the others; 0 if one is zero

    def solve(self, b):
        scale = self.scale if b.ndim == 1 else self.scale[:, None]
        columns = (b * scale).reshape(b.shape[0], prod(b.shape[1:]))
        half = lax.linalg.triangular_solve(self.cholesky, columns, left_side=True, lower=True)
        whole = lax.linalg.triangular_solve(self.cholesky, half, left_side=True, lower=True, transpose_a=True)
        return whole.reshape(b.shape) * scale


def factor(A, damping: Array | float = 0.0) -> Factor:
    """Factor of A with at least this damping, raised until it exists; unit diagonal first, so units do not matter."""
    diagonal = jnp.abs(jnp.diagonal(A))
    tiny = jnp.finfo(A.dtype).tiny
    scale = jnp.where(diagonal > tiny, 1.0 / jnp.sqrt(jnp.maximum(diagonal, tiny)), 1.0)
    unit = A * scale[:, None] * scale
    present = jnp.where(diagonal > tiny, 1.0, 0.0).astype(A.dtype)
    floor = 16 * A.shape[-1] * eps(A)
    first = _attempt(unit, scale, present, jnp.asarray(damping, A.dtype))
    enough = 1e3 * (1 + first.damping)
    found = lax.while_loop(
        lambda last: ~(last.pivot > 0) & (last.damping < enough),
        lambda last: _attempt(unit, scale, present, jnp.maximum(30 * last.damping, floor)),
        first,
    )
    return found._replace(pivot=jnp.where(jnp.all(present > 0), found.pivot, 0.0))


def _attempt(unit, scale, present, damping):
    # An all-zero row and column would be singular at any damping: its diagonal is set to one, its step stays zero.
    eye = jnp.eye(unit.shape[0], dtype=unit.dtype)
    L = lax.linalg.cholesky(unit + eye * (damping * present + (1.0 - present)), symmetrize_input=False)
    pivot = jnp.min(jnp.diagonal(L) ** 2 / (1.0 + damping), initial=jnp.inf)
    return Factor(L, scale, damping, jnp.where(jnp.isnan(pivot), -1.0, pivot))
