"""Sums over whole numbers by few nodes, and the series of families, against multiprecision sums."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mpf

import jaxglm as jg
from jaxglm.sums import nodes_around, nodes_from, sum_rule

EPS32 = 2.0**-23
TOLERANCES = {np.float64: (1e-11, 1e-9, 1e-8), np.float32: (300 * EPS32, 3000 * EPS32, 3000 * EPS32)}
every_dtype = pytest.mark.parametrize("dtype", TOLERANCES)


@pytest.mark.parametrize("N", [16, 17, 160, 4096])
def test_the_rule_sums_polynomials(N):
    nodes, log_weights = sum_rule(N, 12)
    for degree in (0, 1, 2, 9, 23):
        exact = sum(mpf(k) ** degree for k in range(N))
        assert abs(np.sum(np.exp(log_weights) * nodes**degree) / float(exact) - 1) < 1e-11


@pytest.mark.parametrize("count", [1, 2, 15, 16, 31, 32, 33, 47, 48, 63, 64, 100, 1000, 12345])
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_every_term_counts_once(count, way, x64):
    """Of a sum of ones, and of a geometric series that falls on the way."""
    end = 7.0 + way * (count - 1)
    nodes = nodes_from(jnp.asarray(7.0), way, end)
    assert np.isclose(nodes.log_sum(jnp.zeros_like), np.log(count), rtol=1e-12, atol=1e-12)
    geometric = np.log(np.sum(np.exp(-0.05 * np.arange(count))))
    assert np.isclose(nodes.log_sum(lambda k: -0.05 * way * (k - 7)), geometric, rtol=1e-11, atol=1e-11)


def test_both_ways_from_a_centre(x64):
    for centre in (0.0, 3.0, 40.0, 1000.0):
        nodes = nodes_around(jnp.asarray(centre), 0.0)
        total = nodes.log_sum(lambda k, c=centre: k * jnp.log(c + 0.5) - (c + 0.5) - jax.lax.lgamma(k + 1))
        assert abs(float(total)) < 1e-11  # Poisson's probabilities


def conway(y, mu, nu):
    """By bisection of the rate in multiprecision sums."""
    top = int(20 * mu + 400)
    factorials = [mpmath.loggamma(k + 1) for k in range(top)]

    def sums(t):
        terms = [mpmath.exp(k * t - nu * g) for k, g in enumerate(factorials)]
        return mpmath.fsum(terms), mpmath.fsum(k * w for k, w in enumerate(terms))

    def gap(t):
        whole, weighted = sums(t)
        return weighted / whole - mu

    low, high = sorted((nu * mpmath.log(mu), mpmath.log(mu) + (nu - 1) * mpmath.log(1 + mu)))
    t = mpmath.findroot(gap, (low, high + mpf(10) ** -30), solver="anderson", tol=1e-40)
    return y * t - nu * mpmath.loggamma(y + 1) - mpmath.log(sums(t)[0])


def tweedie(y, mu, phi, p):
    rate, shape = mu ** (2 - p) / (phi * (2 - p)), (2 - p) / (p - 1)
    scale = phi * (p - 1) * mu ** (p - 1)
    step = mpmath.log(rate) + shape * mpmath.log(y / scale)
    top = int(6 * rate + 6 * y / scale) + 200
    terms = [mpmath.exp(k * step - mpmath.loggamma(k + 1) - mpmath.loggamma(k * shape)) for k in range(1, top)]
    return mpmath.log(mpmath.fsum(terms)) - mpmath.log(y) - rate - y / scale


def inverse_gaussian_mixture(y, mu, sigma):
    root = mpmath.sqrt(1 + 2 * sigma * mu)
    x = root / sigma
    bessel = mpmath.besselk(y - mpf(1) / 2, x) * mpmath.sqrt(2 * x / mpmath.pi)
    return y * mpmath.log(mu) + 1 / sigma - y * mpmath.log(root) + mpmath.log(bessel) - mpmath.loggamma(y + 1)


POINTS = {  # family, truth of (y, parameters), points (y, parameters); derivatives are those in the second parameter
    "conway": (jg.ConwayMaxwellPoisson, conway, [(2, 3.0, 0.3), (0, 0.4, 2.5), (45, 40.0, 0.6), (7, 9.0, 6.0)]),
    "tweedie": (jg.Tweedie, tweedie, [(0.3, 1.2, 0.8, 1.5), (4.0, 2.0, 0.05, 1.3), (0.02, 3.0, 2.0, 1.8)]),
    "pig": (
        jg.PoissonInverseGaussian,
        inverse_gaussian_mixture,
        [(0, 2.0, 0.7), (1, 2.0, 0.7), (9, 3.0, 2.0), (60, 30.0, 0.01), (300, 20.0, 4.0)],
    ),
}


def plain(family):
    """Identity links: parameters as they are."""
    return family().with_links(**dict.fromkeys(family().parameters, jg.Identity()))


@every_dtype
@pytest.mark.parametrize("name", POINTS)
def test_series(name, dtype):
    """Value, slope and curvature; of terms that cancel, those of the size of y log y are allowed for."""
    made, truth, points = POINTS[name]
    family = plain(made)

    def value(s, y, values):
        return family.loglik(y, *family.views((values[0], s, *values[2:])))

    with jax.enable_x64(dtype == np.float64):
        functions = [value, jax.grad(value), jax.grad(jax.grad(value))]
        compiled = jax.jit(lambda s, y, v: [f(s, y, v) for f in functions])
        for y, *values in points:
            y, *values = (dtype(v) for v in (y, *values))
            got = compiled(values[1], y, tuple(values))
            with mpmath.workdps(40):
                rest = [mpf(float(v)) for v in values]
                along = lambda s, y=y, r=rest: truth(mpf(float(y)), r[0], s, *r[2:])  # noqa: E731
                exact = [float(along(rest[1]))] + [float(mpmath.diff(along, rest[1], k)) for k in (1, 2)]
            floor = 1 + float(y) * abs(np.log(float(y) + 1e-9)) + 1 / float(values[1])
            for k, (ours, theirs) in enumerate(zip(got, exact, strict=True)):
                allowed = TOLERANCES[dtype][k] * (abs(theirs) + floor / float(values[1]) ** k)
                assert abs(float(ours) - theirs) <= allowed, (y, values, k, float(ours), theirs)
