"""Log-likelihoods in their tails: value, score and curvature of one row against 60-digit arithmetic."""

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mpf

import jaxglm as jg
from jaxglm.problem import row_loglik
from tests.mp import derivatives, exp_minus, to_float

pytestmark = pytest.mark.usefixtures("x64")
FAR = (37.0, 40.0, 800.0, 1e20)
REAL = tuple(s * e for e in FAR for s in (-1, 1))
DOUBLE = np.finfo(np.float64)


class Row(NamedTuple):
    family: jg.Family
    loglik: Callable  # (y, eta) -> mpf
    y: tuple
    eta: tuple = REAL


def poisson(y, eta):
    mu = mpmath.exp(eta)
    return y * eta - mu - mpmath.loggamma(y + 1)


def logistic(y, eta):
    return -y * mpmath.log1p(mpmath.exp(-eta)) - (1 - y) * mpmath.log1p(mpmath.exp(eta))


def normal_tail(x):
    return mpmath.erfc(x / mpmath.sqrt(2)) / 2


def probit(y, eta):
    return y * mpmath.log(normal_tail(-eta)) + (1 - y) * mpmath.log(normal_tail(eta))


def log_complement(t):
    return mpmath.log(-mpmath.expm1(-t)) if t < 1 else mpmath.log1p(-exp_minus(t))


def cloglog(y, eta):
    t = mpmath.exp(eta)
    return y * log_complement(t) - (1 - y) * t


def loglog(y, eta):
    return cloglog(1 - y, -eta)


def gamma(y, eta):
    shape, ratio = mpf(2.5), y * mpmath.exp(-eta)
    return shape * (mpmath.log(shape) + mpmath.log(ratio)) - shape * ratio - mpmath.loggamma(shape) - mpmath.log(y)


def gamma_inverse(y, eta):
    return gamma(y, -mpmath.log(eta))


def wald(y, eta):
    mu = mpmath.exp(eta)
    return -((y - mu) ** 2) / (2 * mpf(0.5) * mu**2 * y) - mpmath.log(2 * mpmath.pi * mpf(0.5) * y**3) / 2


def negative_binomial(y, eta):
    r, mu = mpf(2), mpmath.exp(eta)
    constant = mpmath.loggamma(y + r) - mpmath.loggamma(r) - mpmath.loggamma(y + 1)
    return constant + y * (eta - mpmath.log(mu + r)) - r * mpmath.log1p(mu / r)


def geometric(y, eta):
    return y * eta - (y + 1) * mpmath.log1p(mpmath.exp(eta))


def exponential(y, eta):
    return -eta - y * mpmath.exp(-eta)


def gaussian(y, eta):
    return -((y - eta) ** 2) / 4 - mpmath.log(4 * mpmath.pi) / 2


ZERO_ONE, COUNTS, SIZES = (0.0, 1.0), (0.0, 3.0, 1e6), (1e-8, 1.0, 1e8)
B = jg.Binomial
ROWS = {
    "gaussian-identity": Row(jg.Gaussian(phi=jg.Fixed(2.0)), gaussian, (-1e8, 0.0, 2.0)),
    "bernoulli-logit": Row(B(), logistic, ZERO_ONE),
    "bernoulli-probit": Row(B(mu=jg.Probit()), probit, ZERO_ONE),
    "bernoulli-cloglog": Row(B(mu=jg.CLogLog()), cloglog, ZERO_ONE),
    "bernoulli-loglog": Row(B(mu=jg.LogLog()), loglog, ZERO_ONE),
    "poisson-log": Row(jg.Poisson(), poisson, COUNTS),
    "gamma-log": Row(jg.Gamma(phi=jg.Fixed(0.4)), gamma, SIZES),
    "gamma-inverse": Row(jg.Gamma(mu=jg.Inverse(), phi=jg.Fixed(0.4)), gamma_inverse, SIZES, FAR),
    "inverse_gaussian-log": Row(jg.InverseGaussian(phi=jg.Fixed(0.5)), wald, SIZES),
    "negbin-log": Row(jg.NegativeBinomial(alpha=jg.Fixed(0.5)), negative_binomial, COUNTS),
    "geometric-log": Row(jg.Geometric(), geometric, COUNTS),
    "exponential-log": Row(jg.Exponential(), exponential, SIZES),
}


def library(row: Row, y, eta) -> list[np.ndarray]:
    """Log-likelihood and its first two derivatives in eta."""
    value = lambda e, y: row_loglik(row.family, y, (e,))  # noqa: E731
    order = [value, jax.grad(value), jax.grad(jax.grad(value))]
    program = jax.jit(lambda e, y: [jax.vmap(f)(e, y) for f in order])
    return [np.asarray(v) for v in program(jnp.asarray(eta), jnp.asarray(y))]


def exact(row: Row, y: float, eta: float) -> list:
    """The same to 60 digits; None where arithmetic gives up."""
    try:
        return derivatives(lambda e: row.loglik(mpf(y), e), eta, 2)
    except (OverflowError, MemoryError):
        return [None] * 3


def terms(y: float, eta: float, order: int) -> float:
    """Size of the terms that a log-likelihood or its derivative adds up: their rounding is unavoidable."""
    scale = max(1.0, abs(y))
    return scale * (1 + abs(eta)) + scale * np.log(scale) if order == 0 else scale


@pytest.mark.parametrize("name", ROWS)
def test_tails(name):
    row = ROWS[name]
    y, eta = (a.ravel() for a in np.meshgrid(row.y, row.eta))
    got, wrong, compared = library(row, y, eta), [], 0
    for i in range(len(y)):
        for order, truth in enumerate(exact(row, float(y[i]), float(eta[i]))):
            if truth is None or abs(truth) > float(DOUBLE.max) ** 0.99:
                continue
            target, value, compared = to_float(truth, DOUBLE), float(got[order][i]), compared + 1
            rounding = DOUBLE.eps * terms(float(y[i]), float(eta[i]), order)
            allowed = 1e-11 * abs(target) + 4 * rounding + 1e-300 ** (1 / (1 + order))
            if not isfinite(value) or abs(value - target) > allowed:
                wrong.append(f"order {order} y={y[i]:g} eta={eta[i]:g}: {value!r}, truth {target!r}")
    assert compared > len(y), "too few comparisons to mean anything"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ROWS)
def test_no_nan_in_the_tails(name):
    """Where a value is finite its derivatives are numbers; a value may be minus infinity, never plus."""
    row = ROWS[name]
    y, eta = (a.ravel() for a in np.meshgrid(row.y, row.eta))
    value, *slopes = library(row, y, eta)
    assert not np.isnan(value).any()
    assert not np.isposinf(value).any()
    for slope in slopes:
        bad = np.isfinite(value) & np.isnan(slope)
        assert not bad.any(), list(zip(y[bad], eta[bad], strict=True))
