"""exp, log and their kin against 40-digit arithmetic, in units of the last place; their ends, derivatives, dtypes."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from jaxglm import elementary
from jaxglm.compiled import program
from jaxglm.gammas import gammaln, log_factorial

RNG = np.random.default_rng(3)
WIDE, NEAR = RNG.uniform(-707, 709, 400), RNG.normal(size=400)
SMALL = RNG.choice([-1.0, 1.0], 200) * 10.0 ** RNG.uniform(-300, -1, 200)
POSITIVE = np.concatenate([np.exp(RNG.uniform(-707, 709, 400)), RNG.uniform(0.4, 2.5, 400), 1 + 1e-3 * NEAR])
# name: the arguments, and how many units of the last place the value may be off
CASES = {
    "exp": (np.concatenate([WIDE, NEAR, SMALL]), 1.0),
    "expm1": (np.concatenate([RNG.uniform(-40, 709, 400), NEAR, SMALL]), 2.0),
    "log": (POSITIVE, 1.0),
    "log1p": (np.concatenate([POSITIVE, SMALL, RNG.uniform(-0.999, 1.0, 400)]), 2.0),
}
ENDS = [0.0, -0.0, 1.0, -1.0, -2.0, np.inf, -np.inf, np.nan, 709.78, 709.79, -709.0, -1e300, 1e300]
every = pytest.mark.parametrize("name", CASES)


@every
def test_values_are_right_to_the_last_places(name):
    x, limit = CASES[name]
    with jax.enable_x64(True), mpmath.workdps(40):
        values = np.asarray(jax.jit(getattr(elementary, name))(x))
        exact = [getattr(mpmath, name)(mpmath.mpf(float(a))) for a in x]
        off = [abs(float((mpmath.mpf(float(v)) - e) / float(np.spacing(abs(float(e))))))
               for v, e in zip(values, exact, strict=True)]  # fmt: skip
    assert max(off) < limit, x[np.argmax(off)]


@every
def test_ends_are_those_of_the_library(name):
    with jax.enable_x64(True):
        found = getattr(elementary, name)(jnp.asarray(ENDS))
        np.testing.assert_allclose(found, getattr(jnp, name)(jnp.asarray(ENDS)), rtol=1e-15)


@every
def test_derivatives_of_both_modes_are_those_of_the_library(name):
    ours, theirs = getattr(elementary, name), getattr(jnp, name)
    with jax.enable_x64(True):
        for x in (0.3, 1.7, 4.0):
            for order in (
                jax.grad,
                lambda f: jax.grad(jax.grad(f)),
                lambda f: jax.jacfwd(jax.jacrev(jax.jacfwd(f))),
            ):
                assert float(order(ours)(x)) == pytest.approx(float(order(theirs)(x)), rel=1e-14)


@every
def test_other_dtypes_are_kept_and_left_to_xla(name):
    ours, theirs = getattr(elementary, name), getattr(jnp, name)
    with jax.enable_x64(True):
        single = jnp.asarray([0.2, 0.9], jnp.float32)
        assert ours(single).dtype == jnp.float32
        np.testing.assert_array_equal(ours(single), theirs(single))
        assert (single * ours(0.5)).dtype == jnp.float32  # a plain number makes nothing double
        assert float(ours(2)) == float(theirs(2))
    assert ours(jnp.asarray(0.5)).dtype == jnp.float32  # without 64-bit numbers there is no other


def test_only_programs_with_much_to_do_have_the_arithmetic():
    @jax.jit
    def inner(x):
        return elementary.exp(x)

    def function(x):
        seen.append(" exp " in str(jax.make_jaxpr(inner)(x)))  # a cached trace would be that of the other program
        return inner(x)

    seen: list[bool] = []
    with jax.enable_x64(True):
        short, long = program(function), program(function, long=True)
        np.testing.assert_allclose(short(np.ones(3)), long(np.ones(3)), rtol=1e-15)
        function(jnp.ones(3))
    assert seen == [True, False, False]


def test_log_factorials_of_many_members_are_those_of_each():
    counts = np.arange(12.0).reshape(3, 4)
    others = counts + np.array([[0.0], [0.5], [2000.0]])
    with jax.enable_x64(True):
        for y in (counts, others, np.zeros((0, 4))):
            found = jax.jit(jax.vmap(jax.vmap(log_factorial)))(y)
            np.testing.assert_allclose(found, gammaln(jnp.asarray(y) + 1.0), rtol=1e-14, atol=1e-14)
        slope = jax.vmap(jax.grad(log_factorial))(others.ravel())
        np.testing.assert_allclose(slope, jax.scipy.special.digamma(others.ravel() + 1), rtol=1e-13)
