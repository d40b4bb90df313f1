"""The special functions against 60-digit arithmetic with their derivatives, and the factorisation that tells."""

from functools import partial

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mpf

from jaxglm import gammas, numerics
from tests.mp import Errors, check, jax_derivatives, nothing_cancels

EPS32 = 2.0**-23
TOLERANCES = {np.float64: (1e-12, 1e-11, 1e-11), np.float32: (64 * EPS32, 512 * EPS32, 512 * EPS32)}


def grid(*magnitudes: float) -> list[float]:
    return sorted({s * m + 0.0 for m in magnitudes for s in (-1.0, 1.0)})


LINE = grid(0.0, 1e-8, 0.5, 1.0, 5.0, 9.0, 13.9, 14.1, 20.0, 37.0, 40.0)
POSITIVE = [1e-8, 1e-3, 0.5, 1.0, 1.5, 2.0, 3.7, 7.99, 8.0, 8.01, 20.0, 1e3, 1e6, 1e9]


def normal_log(x):
    tail = mpmath.erfc(abs(x) / mpmath.sqrt(2)) / 2
    return mpmath.log(tail) if x < 0 else mpmath.log1p(-tail)


def excess(k):
    return mpmath.loggamma(k) - (k * mpmath.log(k) - k)


def shifted_by_eight(x):
    """The largest of the terms of a log-gamma below 8: log Gamma(10)."""
    return 13.0 if x < 8 else 0.0


def factorial_shifted_by_eight(y):
    return shifted_by_eight(y + 1)


COUNTS = [0.0, 1.0, 2.0, 6.0, 7.0, 8.0, 100.0, 1023.0]
CANCELLING = {
    "gammaln": shifted_by_eight,
    "gammaln_excess": shifted_by_eight,
    "log_factorial": factorial_shifted_by_eight,
    "log_factorial of counts": factorial_shifted_by_eight,
}
ONE_ARGUMENT = {
    "log1mexp": (
        numerics.log1mexp,
        lambda x: mpmath.log(-mpmath.expm1(x)),
        [x for x in LINE if x < 0] + [-0.6931, -0.694],
    ),
    "softplus": (numerics.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), LINE),
    "log_ndtr": (lambda x: numerics.log_ndtr_pair(x)[0], normal_log, [*LINE, -7.9, -8.1, 7.9]),
    "log_1m_ndtr": (lambda x: numerics.log_ndtr_pair(x)[1], lambda x: normal_log(-x), [*LINE, -7.9, 7.9, 8.1]),
    "gammaln": (gammas.gammaln, mpmath.loggamma, POSITIVE),
    "gammaln_excess": (gammas.gammaln_excess, excess, POSITIVE),
    "log_factorial": (gammas.log_factorial, lambda y: mpmath.loggamma(y + 1), [*COUNTS, *POSITIVE, 1024.0]),
    "log_factorial of counts": (gammas.log_factorial, lambda y: mpmath.loggamma(y + 1), COUNTS),
}
every_dtype = pytest.mark.parametrize("dtype", TOLERANCES)


@every_dtype
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_value_slope_and_curvature(name, dtype):
    function, truth, x = ONE_ARGUMENT[name]
    errors = Errors()
    check(errors, name, function, truth, np.asarray(x, dtype), TOLERANCES[dtype], CANCELLING.get(name, nothing_cancels))
    assert not errors.lines, errors.report


@every_dtype
@pytest.mark.parametrize("y", [0.0, 1.0, 2.0, 7.0, 30.0, 1000.0, 1e6])
def test_gammaln_ratio_in_log_r(y, dtype):
    """log Gamma(y + r) - log Gamma(r) - y log r: terms of size y cancel, terms of size r must not.

    The derivatives are those in log r, the scale on which the dispersion of counts is fitted.
    """
    like = dtype(y)

    def truth(s):
        r = mpmath.exp(s)
        return mpmath.loggamma(y + r) - mpmath.loggamma(r) - y * s

    errors = Errors()
    s = np.log(np.asarray([1e-3, 0.1, 1.0, 2.5, 7.99, 8.01, 50.0, 1e4, 1e7, 1e12])).astype(dtype)
    check(
        errors,
        "ratio",
        lambda s: gammas.gammaln_ratio(like, jnp.exp(s)),
        truth,
        s,
        TOLERANCES[dtype],
        lambda s: 10 * (1 + y),
    )
    assert not errors.lines, errors.report


@every_dtype
def test_gammaln_ratio_vanishes_at_infinite_r(dtype):
    function = partial(gammas.gammaln_ratio, dtype(7.0))
    value = jax_derivatives(function, np.asarray([np.finfo(dtype).max / 1e3], dtype), 0)[0][0]
    assert abs(value) <= 7 * np.finfo(dtype).eps


def test_what_is_needed_of_one_member_only_stays_a_branch_under_several_axes():
    """A select would evaluate both sides; the numbers are those of every element alone."""
    function = jax.vmap(jax.vmap(lambda x: numerics.when(x > 2, jnp.exp, -x, x)))
    x = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(function(x), jnp.where(x > 2, jnp.exp(x), -x))
    assert jax.jit(function).lower(x).as_text().count("stablehlo.case") == 1


@every_dtype
def test_log_choose(dtype):
    pairs = [(1, 0), (1, 1), (10, 3), (49, 6), (1000, 500), (4000, 1), (600000, 291000), (2.5, 0.7)]
    with jax.enable_x64(dtype == np.float64):
        n, k = jnp.asarray(pairs, dtype).T
        got = np.asarray(gammas.log_choose(n, k), float)
    with mpmath.workdps(40):
        truth = [
            mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
            for n, k in ((mpf(float(a)), mpf(float(b))) for a, b in np.asarray(pairs, dtype))
        ]
        scale = [float(mpmath.loggamma(mpf(n) + 1)) for n, _ in pairs]  # three of this size cancel
    allowed = 8 * np.finfo(dtype).eps * (shifted_by_eight(0) + np.asarray(scale))
    assert (np.abs(got - np.asarray(truth, float)) <= allowed).all(), (got, truth)


def test_times_is_zero_where_the_count_is():
    k, log_p = jnp.asarray([0.0, 0.0, 2.0]), jnp.asarray([-jnp.inf, 3.0, -1.0])
    assert numerics.times(k, log_p).tolist() == [0.0, 0.0, -2.0]
    slope = jax.grad(lambda log_p: numerics.times(k, log_p).sum())(log_p)
    assert slope.tolist() == [0.0, 0.0, 2.0]


def spd(p: int, spread: float, seed: int = 0) -> np.ndarray:
    """A positive definite matrix whose columns have very different units."""
    rng = np.random.default_rng(seed)
    units = np.logspace(-spread, spread, p)
    A = rng.normal(size=(3 * p, p))
    return units[:, None] * (A.T @ A) * units


@pytest.mark.parametrize("spread", [0.0, 6.0])
def test_factor_solves_whatever_the_units(spread):
    A, b = spd(6, spread), np.arange(1.0, 7.0)
    with jax.enable_x64(True):
        factor = numerics.factor(jnp.asarray(A))
        x = np.asarray(factor.solve(jnp.asarray(b)))
        inverse = np.asarray(factor.solve(jnp.eye(6)))
    with mpmath.workdps(60):
        truth = np.asarray(mpmath.lu_solve(mpmath.matrix(A.tolist()), mpmath.matrix(b.tolist())).T.tolist()[0], float)
    assert float(factor.damping) == 0
    assert np.allclose(x, truth, rtol=1e-11)
    assert np.allclose(inverse @ b, truth, rtol=1e-9)


def test_factor_pivot_is_the_sine_squared_to_the_other_columns():
    X = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1e-3], [2.0, 1.0]])
    gram = X.T @ X
    cosine = gram[0, 1] / np.sqrt(gram[0, 0] * gram[1, 1])
    with jax.enable_x64(True):
        assert float(numerics.factor(jnp.asarray(gram)).pivot) == pytest.approx(1 - cosine**2, rel=1e-12)


@pytest.mark.parametrize("A", [-np.eye(3), np.diag([1.0, -1.0, 2.0]), np.ones((3, 3)) - 1e-3 * np.eye(3)])
def test_factor_damps_until_it_exists(A):
    with jax.enable_x64(True):
        factor = numerics.factor(jnp.asarray(A))
        x = np.asarray(factor.solve(jnp.ones(3)))
    assert float(factor.damping) > 0
    assert float(factor.pivot) > 0
    assert np.isfinite(x).all()
    assert x @ np.ones(3) > 0


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_factor_of_an_empty_column_stands_still(dtype):
    A = np.diag([2.0, 0.0, 5.0]).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        x = np.asarray(numerics.factor(jnp.asarray(A)).solve(jnp.asarray([2.0, 0.0, 5.0], dtype)))
    assert x.dtype == dtype
    assert np.allclose(x, [1.0, 0.0, 1.0])


def test_factor_of_nan_ends():
    with jax.enable_x64(True):
        factor = numerics.factor(jnp.full((2, 2), jnp.nan))
    assert not float(factor.pivot) > 0


def test_factor_is_batched():
    matrices = np.stack([spd(4, 2.0, s) for s in range(3)] + [-np.eye(4)])
    with jax.enable_x64(True):
        many = jax.vmap(lambda A: numerics.factor(A).solve(jnp.ones(4)))(jnp.asarray(matrices))
        each = [numerics.factor(jnp.asarray(A)).solve(jnp.ones(4)) for A in matrices]
        assert np.allclose(many, np.stack([np.asarray(e) for e in each]), rtol=1e-10)


def test_dot_keeps_the_dtype():
    a = jnp.ones((2, 3), jnp.float32)
    assert numerics.dot(a, a.T).dtype == jnp.float32


def matrices(P: int) -> np.ndarray:
    """Of a batch (5, P, P): two regular, one of extreme units, one with a column of zeros, one that is indefinite."""
    rng = np.random.default_rng(P)
    X = rng.normal(size=(5, 3 * P, P))
    A = np.einsum("bni,bnj->bij", X, X)
    A[1] *= np.outer(*[10.0 ** rng.uniform(-100, 100, P)] * 2)
    A[2, 0], A[2, :, 0] = 0.0, 0.0
    A[3] -= 2 * np.linalg.eigvalsh(A[3])[P // 2] * np.eye(P)
    return A


@pytest.mark.parametrize("P", [1, 2, 7, 33])
def test_a_batch_is_factored_like_each_matrix_alone(P):
    """Whether it is eliminated together or, where matrices are larger, handed to LAPACK one by one."""
    A, b = matrices(P), np.random.default_rng(0).normal(size=(5, P))
    told = lambda A, b: (lambda f: (f.solve(b), f.pivot, f.damping))(numerics.factor(A))  # noqa: E731
    with jax.enable_x64(True):
        together = jax.jit(jax.vmap(told))(A, b)
        alone = [told(jnp.asarray(a), jnp.asarray(c)) for a, c in zip(A, b, strict=True)]
        for got, want in zip(together, zip(*alone, strict=True), strict=True):
            for g, w in zip(np.asarray(got), np.asarray(want), strict=True):
                np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-12 * np.max(np.abs(w)))
        np.testing.assert_allclose(A[0] @ np.asarray(together[0])[0], b[0], rtol=1e-9, atol=1e-9)


def test_two_matrices_of_a_batch_have_their_own_pivots():
    with jax.enable_x64(True):
        grams = jnp.asarray([[[1.0, c], [c, 1.0]] for c in (0.0, 0.6, 0.8)])
        np.testing.assert_allclose(jax.vmap(lambda a: numerics.factor(a).pivot)(grams), [1.0, 0.64, 0.36], rtol=1e-14)
