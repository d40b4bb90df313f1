"""Dtype rules, a factorisation that tells when it failed, and special functions that keep their tails."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap

from .elementary import exp, expm1, log, log1p, polynomial
from .kernel import within

Array = jax.Array | np.ndarray  # on the device, or on its way there
HIGHEST = lax.Precision.HIGHEST  # float32 products are TF32 by default on recent GPUs
ELIMINATED = 32  # columns of a small matrix, of which a batch is eliminated together, and one in a kernel
SMALLEST, LARGEST = 1e-100, 1e100  # sizes of columns between which their squares may be summed
# 2 atanh(s) / s in powers of s^2, the highest first: the polynomial nearest to it on [0, 1/9], to 5e-17
ATANH = (0.17780763826113302, 0.09880789048764786, 0.13591305485579894, 0.15363676248891633, 0.1818285980047391,
         0.22222190861346283, 0.2857142911165716, 0.399999999952876, 0.6666666666668257, 2.0)  # fmt: skip
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


@jax.custom_jvp
def once(a):
    """a, such that XLA computes it once, and not anew for every column that it is broadcast over: it does not copy a
    division into its users, which it does with barriers."""
    return a / (1.0 + 0.0 * a)


once.defjvps(lambda da, _, a: da)


def when(needed, function, otherwise, *operands):
    """`function(*operands)` where a flag is set, else `otherwise`. Under vmap it is evaluated for all members where the
    flag of one is set: the rule of `lax.cond` does so always, and first copies what they share for each of them."""

    @custom_vmap
    def chosen(needed, otherwise, *operands):
        return lax.cond(needed, lambda: function(*operands), lambda: otherwise)

    @chosen.def_vmap
    def _(size, batched, needed, otherwise, *operands):
        axes = jax.tree.map(lambda b: 0 if b else None, tuple(batched[2:]))
        values = jax.vmap(function, in_axes=axes, axis_size=size)
        whole = lambda a, b: a if b else jnp.broadcast_to(a, (size, *a.shape))  # noqa: E731
        otherwise = jax.tree.map(whole, otherwise, batched[1])
        needed = whole(needed, batched[0])
        found = when(jnp.any(needed), values, otherwise, *operands)  # of a further axis too
        pick = lambda a, b: jnp.where(needed.reshape(size, *(1,) * (a.ndim - 1)), a, b)  # noqa: E731
        return jax.tree.map(pick, found, otherwise), jax.tree.map(lambda _: True, otherwise)

    return chosen(needed, otherwise, *operands)


def times(k, log_p):
    """k * log_p, and 0 at k = 0 even where log_p is infinite: y log mu at y = 0, mu = 0. d/dk is log_p throughout."""
    return k * jnp.where((k == 0) & ~jnp.isfinite(log_p), 0.0, log_p)


def log1mexp(x):
    """log(1 - exp(x)) for x < 0, to full relative precision at both ends."""
    near = x > -0.6931
    small = log(-expm1(jnp.where(near, x, -1.0)))
    return jnp.where(near, small, log1p(-exp(jnp.where(near, -1.0, x))))


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
    t = exp(-jnp.abs(x))
    return jnp.where(x > 0, 1.0, t) * (1.0 / (1.0 + t))  # one reciprocal for this and its complement


@jax.custom_jvp
def expit_complement(x):
    """1 / (1 + exp(x)), the slope of log_expit."""
    t = exp(-jnp.abs(x))
    return jnp.where(x > 0, t, 1.0) * (1.0 / (1.0 + t))


def _log1p_tail(x):
    """log(1 + t) = 2 atanh(t / (2 + t)) at t = exp(-|x|), to 3 ulp in half the time of the library's for any t."""
    t = exp(-jnp.abs(x))
    s = t / (2.0 + t)
    return t * polynomial(ATANH, s * s) / (2.0 + t)  # ends in a division: see `once`


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
    smaller = -0.5 * a * a - log1p(2 * z) + log(0.5 * _chebyshev(SCALED_ERFC, (z - 3.75) / (z + 3.75)))
    larger = log1p(-exp(smaller))
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
    """The equilibrated matrix `D^-1/2 (A + damping |D|) D^-1/2`, by the inverse of its Cholesky factor."""

    root: jax.Array  # inverse of the Cholesky factor: root' root is the inverse of the equilibrated matrix
    scale: jax.Array
    damping: jax.Array
    pivot: jax.Array  # smallest squared pivot: sin^2 of the angle between a column and the others; 0 if one is zero

    def solve(self, b):
        scale = self.scale if b.ndim == 1 else self.scale[:, None]
        return dot(self.root.T, dot(self.root, b * scale)) * scale


def factor(A, damping: Array | float = 0.0) -> Factor:
    """Factor of A with at least this damping, raised until it exists; unit diagonal first, so units do not matter."""
    diagonal = jnp.abs(jnp.diagonal(A))
    tiny = jnp.finfo(A.dtype).tiny
    scale = 1.0 / jnp.where(diagonal > tiny, jnp.sqrt(jnp.maximum(diagonal, tiny)), 1.0)  # a division last: see `once`
    unit = A * scale[:, None] * scale
    present = jnp.where(diagonal > tiny, 1.0, 0.0).astype(A.dtype)
    floor = 16 * A.shape[-1] * eps(A)
    damping = jnp.asarray(damping, A.dtype)
    enough = 1e3 * (1 + damping)

    def again(carry):
        tried, last = carry
        more = jnp.where(tried > 0, jnp.maximum(30 * last.damping, floor), damping)
        return tried + 1, _attempt(unit, scale, present, more)

    def failed(carry):
        tried, last = carry
        return (tried == 0) | (~(last.pivot > 0) & (last.damping < enough))

    nothing = Factor(unit, scale, damping, damping)
    # within a kernel the first attempt is one of the loop, as the compiler takes as long for each that it meets
    first = (0, nothing) if within.value else (1, _attempt(unit, scale, present, damping))
    _, found = lax.while_loop(failed, again, first)
    return found._replace(pivot=jnp.where(jnp.all(present > 0), found.pivot, 0.0))


def _attempt(unit, scale, present, damping):
    # An all-zero row and column would be singular at any damping: its diagonal is set to one, its step stays zero.
    eye = jnp.eye(unit.shape[0], dtype=unit.dtype)
    root, pivots = _inverse_root(unit + eye * (damping * present + (1.0 - present)))
    pivot = jnp.min(pivots / (1.0 + damping), initial=jnp.inf)
    return Factor(root, scale, damping, jnp.where(jnp.isnan(pivot), -1.0, pivot))


@jax.custom_jvp
def _inverse_root(A):
    """Inverse of the Cholesky factor of A (P, P), and the squared pivots (P,): NaN or negative where there is none."""
    return _eliminated_alone(A) if within.value and 0 < A.shape[-1] <= ELIMINATED else _decomposed(A)


@_inverse_root.defjvp
def _(primals, tangents):
    root, pivots = _inverse_root(*primals)
    moved = jnp.tril(dot(dot(root, tangents[0]), root.T))
    diagonal = jnp.diagonal(moved)
    slope = -dot(moved - jnp.diag(0.5 * diagonal), root)
    return (root, pivots), (slope, pivots * diagonal)


def root_and_sine(A):
    """Of A = X'X (P, P): R (P, P) with R R' its inverse, NaN where there is none, and the smallest sine of the angle
    between a column of X and those before it, 0 where one is zero or not finite."""
    diagonal = jnp.diagonal(A)
    present = diagonal > 0
    scale = lax.rsqrt(jnp.where(present, diagonal, 1.0))
    root, pivots = _inverse_root(A * scale[:, None] * scale)
    least = jnp.min(jnp.where(present, pivots, 0.0), initial=1.0)
    return jnp.where(least > 0, (root * scale).T, jnp.nan), jnp.sqrt(jnp.where(least > 0, least, 0.0))


def _by_lapack(A):
    L = lax.linalg.cholesky(A, symmetrize_input=False)
    eye = jnp.eye(A.shape[0], dtype=A.dtype)
    return lax.linalg.triangular_solve(L, eye, left_side=True, lower=True), jnp.diagonal(L) ** 2


_decomposed = custom_vmap(_by_lapack)


@_decomposed.def_vmap
def _(size, batched, A):
    """LAPACK on a batch waits for other threads inside XLA's pool: two programs at a time can wait for each other."""
    small = 0 < A.shape[-1] <= ELIMINATED
    alone = _eliminated if small else partial(lax.map, _by_lapack)
    return lax.platform_dependent(A, cpu=alone, default=jax.vmap(_by_lapack)), (True, True)


def _eliminated(A):
    """The same of A (B, P, P), by elimination below the diagonal, with the inverse growing where zeros would be.
    Members come last meanwhile, so that neighbours in memory do the same."""
    P = A.shape[-1]
    j = jnp.arange(P)
    i = j[:, None]

    def lines(k, M):
        """Row k, and its share in each row below. Known before the step that uses them, which then works in place."""
        row, column = lax.dynamic_index_in_dim(M, k, 0, False), lax.dynamic_index_in_dim(M, k, 1, False)
        share = jnp.where(i > k, column / lax.dynamic_index_in_dim(row, k, 0), 0.0)
        return jnp.where(i == k, 1.0, row), share

    def eliminate(k, carry):
        M, row, share = carry
        M = jnp.where(((i > k) & (j == k))[:, :, None], 0.0, M) - share[:, None] * row
        return M, *lines(k + 1, M)

    M = jnp.moveaxis(A, 0, -1)
    M = lax.fori_loop(0, P - 1, eliminate, (M, *lines(0, M)))[0]
    pivots = jnp.sum(jnp.where((i == j)[:, :, None], M, 0.0), axis=1)
    root = jnp.where((i > j)[:, :, None], M, jnp.eye(P, dtype=A.dtype)[:, :, None])
    root = root * (1.0 / jnp.sqrt(pivots))[:, None]  # a division last, or each of P elements would have the root anew
    return jnp.moveaxis(root, -1, 0), pivots.T


def _eliminated_alone(A):
    """The same of one A (P, P), in a few lines for the compiler."""
    P = A.shape[-1]
    j = jnp.arange(P)
    i = j[:, None]

    def eliminate(k, M):
        row, column = lax.dynamic_index_in_dim(M, k, 0), lax.dynamic_index_in_dim(M, k, 1)
        share = jnp.where(i > k, column / lax.dynamic_index_in_dim(row, k, 1), 0.0)
        return jnp.where((i > k) & (j == k), 0.0, M) - share * jnp.where(j == k, 1.0, row)

    M = lax.fori_loop(0, P - 1, eliminate, A)
    pivots = jnp.diagonal(M)
    return jnp.where(i > j, M, jnp.eye(P, dtype=A.dtype)) * lax.rsqrt(pivots)[:, None], pivots
