"""Every link against 60-digit arithmetic: the parameter, both its logarithms, their derivatives, and the way back."""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mpf

from jaxglm import links
from tests.mp import Errors, check, exp_minus, jax_derivatives

MAGNITUDES = (0.0, 1e-8, 0.5, 1.0, 5.0, 9.0, 20.0, 37.0, 40.0, 800.0, 1e20)
POINTS = sorted({s * m + 0.0 for m in MAGNITUDES for s in (-1.0, 1.0)})
DTYPES = (np.float64, np.float32)
# float32 loses |eta|^2 eps / 2 in exp(-eta^2 / 2) and about that in a derivative; float64 is held to the promise
VALUE = {np.float64: 1e-12, np.float32: 64 * 2.0**-23}
SLOPE = {np.float64: 1e-11, np.float32: 512 * 2.0**-23}


class Row(NamedTuple):
    link: links.Link
    inverse: Callable
    log_inverse: Callable
    log1m_inverse: Callable


def plain(link: links.Link, inverse: Callable) -> Row:
    """A row whose logarithms are those of the parameter, taken to 60 digits."""
    return Row(link, inverse, lambda x: mpmath.log(inverse(x)), lambda x: mpmath.log1p(-inverse(x)))


def normal_tail(x):
    return mpmath.erfc(x / mpmath.sqrt(2)) / 2


def log_normal(x):
    return mpmath.log(normal_tail(-x)) if x < 0 else mpmath.log1p(-normal_tail(x))


def cauchy(x):
    return mpmath.atan(-1 / x) / pi_() if x < -1 else mpf(1) / 2 + mpmath.atan(x) / pi_()


def log_cauchy(x):
    return mpmath.log(cauchy(x)) if x < 1 else mpmath.log1p(-cauchy(-x))


def pi_():
    return +mpmath.pi


def log_expm1(x):
    """log(1 - exp(-exp(x)))."""
    t = mpmath.exp(x)
    return mpmath.log(-mpmath.expm1(-t)) if t < 1 else mpmath.log1p(-exp_minus(t))


def complement(x):
    """1 - exp(-exp(x))."""
    t = mpmath.exp(x)
    return -mpmath.expm1(-t) if t < 1 else 1 - exp_minus(t)


def logistic_log(x):
    return -mpmath.log1p(mpmath.exp(-x))


def power(exponent: float) -> Row:
    return plain(links.Power(exponent), lambda x: x ** (1 / mpf(exponent)))


LINKS = {
    "identity": plain(links.Identity(), lambda x: x),
    "log": plain(links.Log(), mpmath.exp)._replace(log_inverse=lambda x: x),
    "logit": Row(links.Logit(), lambda x: 1 / (1 + mpmath.exp(-x)), logistic_log, lambda x: logistic_log(-x)),
    "probit": Row(links.Probit(), lambda x: normal_tail(-x), log_normal, lambda x: log_normal(-x)),
    "cloglog": Row(links.CLogLog(), complement, log_expm1, lambda x: -mpmath.exp(x)),
    "loglog": Row(
        links.LogLog(), lambda x: exp_minus(mpmath.exp(-x)), lambda x: -mpmath.exp(-x), lambda x: log_expm1(-x)
    ),
    "cauchit": Row(links.Cauchit(), cauchy, log_cauchy, lambda x: log_cauchy(-x)),
    "inverse": plain(links.Inverse(), lambda x: 1 / x),
    "inverse_squared": plain(links.InverseSquared(), lambda x: 1 / mpmath.sqrt(x)),
    "sqrt": plain(links.Sqrt(), lambda x: x * x),
    "softplus": plain(links.SoftPlus(), lambda x: mpmath.log1p(mpmath.exp(x))),
    "power(0.5)": power(0.5),
    "power(2)": power(2.0),
    "power(-1.5)": power(-1.5),
    "power(-1)": power(-1.0),
}
FUNCTIONS = ("inverse", "log_inverse", "log1m_inverse")
every_link = pytest.mark.parametrize("name", LINKS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def points(row: Row, dtype, limit: float = inf) -> np.ndarray:
    """Table points strictly inside the domain where the parameter is finite."""
    low, high = row.link.domain
    inside = [x for x in POINTS if low < x < high and abs(x) <= limit]
    return np.asarray([x for x in inside if x or not isinstance(row.link, links.Inverse)], dtype)


def defined(row: Row, function: str, x: np.ndarray) -> np.ndarray:
    """Mask of the points where the logarithm exists: the parameter is above 0, or below 1."""
    value = [row.inverse(mpf(float(e))) for e in x]
    ranges = {"inverse": lambda v: True, "log_inverse": lambda v: v > 0, "log1m_inverse": lambda v: v < 1}
    logs_of_tails = row.link.image == (0.0, 1.0)  # there the logarithm exists everywhere, 60 digits or not
    return np.asarray([logs_of_tails or ranges[function](v) for v in value], bool)


@every_dtype
@every_link
def test_values(name, dtype):
    errors, row = Errors(), LINKS[name]
    for function in FUNCTIONS:
        x = points(row, dtype)
        x = x[defined(row, function, x)]
        check(errors, function, getattr(row.link, function), getattr(row, function), x, [VALUE[dtype]])
    assert not errors.lines, errors.report


@every_dtype
@every_link
def test_derivatives(name, dtype):
    errors, row = Errors(), LINKS[name]
    for function in FUNCTIONS:
        x = points(row, dtype, limit=40.0)
        x = x[defined(row, function, x)]
        tolerances = [VALUE[dtype], SLOPE[dtype], SLOPE[dtype]]
        check(errors, function, getattr(row.link, function), getattr(row, function), x, tolerances)
    assert not errors.lines, errors.report


@every_dtype
@every_link
def test_no_nan_on_the_domain(name, dtype):
    row = LINKS[name]
    for function in FUNCTIONS:
        x = points(row, dtype)
        x = x[defined(row, function, x)]
        for order, values in enumerate(jax_derivatives(getattr(row.link, function), x, 2)):
            assert not np.isnan(values).any(), (function, order, x[np.isnan(values)])


@every_dtype
@every_link
def test_round_trip(name, dtype):
    """forward(inverse(eta)) is eta up to the rounding of the parameter between them."""
    row = LINKS[name]
    x, eps = points(row, dtype), np.finfo(dtype).eps
    value, slope = jax_derivatives(row.link.inverse, x, 1)
    low, high = row.link.image
    usable = (
        (value > low) & (value < high) & (np.abs(slope) > np.finfo(dtype).tiny) & (np.abs(value) > np.finfo(dtype).tiny)
    )
    usable &= np.isfinite(value) & ((value != 0) | (x == 0))
    x, value, slope = x[usable], value[usable], slope[usable]
    with jax.enable_x64(dtype == np.float64):
        back = np.asarray(row.link.forward(jnp.asarray(value, dtype)), float)
    allowed = 16 * eps * (np.abs(x) + np.abs(value / slope))
    assert (np.abs(back - x) <= allowed).all(), list(zip(x, back, allowed, strict=True))


def softplus_link(eta):
    return jnp.logaddexp(eta, 0.0)


def test_a_link_from_its_inverse_alone():
    link = links.Link.from_inverse(softplus_link, image=(0.0, inf))
    value = np.asarray([1e-6, 0.3, 1.0, 7.0, 400.0])
    with jax.enable_x64(True):
        eta = link.forward(jnp.asarray(value))
        assert np.allclose(link.inverse(eta), value, rtol=1e-12)
        assert np.allclose(link.log_inverse(eta), np.log(value), rtol=1e-9)


def test_a_falling_link_from_its_inverse_alone():
    link = links.Link.from_inverse(lambda eta: jnp.exp(-eta), image=(0.0, inf))
    with jax.enable_x64(True):
        assert np.allclose(
            link.forward(jnp.asarray([1e-3, 1.0, 50.0])), -np.log([1e-3, 1.0, 50.0]), rtol=1e-12, atol=1e-14
        )


def test_fixed_ignores_eta():
    link = links.Fixed(0.5)
    with jax.enable_x64(True):
        assert float(link.inverse(jnp.asarray(3.0))) == 0.5
        assert float(jax.grad(link.inverse)(jnp.asarray(3.0))) == 0.0


@every_link
def test_image_and_direction_are_as_declared(name):
    row = LINKS[name]
    x = points(row, np.float64, limit=9.0)
    x = x[x > 0] if isinstance(row.link, links.Inverse) else x  # two branches
    with jax.enable_x64(True):
        value = np.asarray(row.link.inverse(jnp.asarray(x)))
    assert (np.diff(value) * (1 if row.link.increasing else -1) >= 0).all()
    assert ((value >= row.link.image[0]) & (value <= row.link.image[1])).all()


def test_no_two_links_have_the_same_structure():
    """Compiled programs are found by structure: one link must never run another's."""
    structures = {name: jax.tree_util.tree_structure(row.link) for name, row in LINKS.items()}
    for name, structure in structures.items():
        same = [other for other, s in structures.items() if s == structure]
        assert len({type(LINKS[other].link) for other in [name, *same]}) == 1, (name, same)


def test_a_program_compiled_for_one_link_does_not_serve_another():
    compiled = jax.jit(lambda link, eta: link.inverse(eta))
    eta = np.float32(0.25)
    got = {name: float(compiled(row.link, eta)) for name, row in LINKS.items()}
    expected = {name: float(row.inverse(mpf(0.25))) for name, row in LINKS.items()}
    assert got == pytest.approx(expected, rel=1e-5)
