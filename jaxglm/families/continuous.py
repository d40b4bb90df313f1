"""Families of a continuous response. `phi` is the dispersion: variance = phi V(mu); `sigma` is a scale: for positive
responses that of log y, whose centre is log mu."""

import math
from dataclasses import replace
from math import inf
from typing import ClassVar

import jax.numpy as jnp

from ..elementary import exp, expm1, log, log1p
from ..gammas import HALF_LOG_2PI, gammaln, gammaln_excess, gammaln_ratio
from ..links import Identity, Link, Log, Logit
from ..numerics import log1mexp, log_expit, log_ndtr_pair, softplus
from .base import family
from .support import positive, unit

WIDEST, SHARPENINGS = 4.0, 14  # smoothing that a path to a sharp corner begins with, and its steps


@family
class Gaussian:
    """Real numbers with variance phi."""

    mu: Link = Identity()
    phi: Link = Log()

    def loglik(self, y, mu, phi):
        return -0.5 * (y - mu.value) ** 2 / phi.value - 0.5 * phi.log - HALF_LOG_2PI

    def log_tails(self, y, mu, phi):
        return log_ndtr_pair((y - mu.value) * exp(-0.5 * phi.log))


@family
class Gamma:
    """Positive numbers with variance phi mu^2; the shape is 1 / phi."""

    mu: Link = Log()
    phi: Link = Log()
    support = positive

    def loglik(self, y, mu, phi):
        log_ratio = log(y) - mu.log
        shape = exp(-phi.log)
        return shape * (log_ratio - expm1(log_ratio)) - gammaln_excess(shape) - log(y)


@family
class InverseGaussian:
    """Positive numbers with variance phi mu^3."""

    mu: Link = Log()
    phi: Link = Log()
    support = positive

    def loglik(self, y, mu, phi):
        distance = expm1(log(y) - mu.log) ** 2 / y
        return -0.5 * distance / phi.value - 0.5 * phi.log - 1.5 * log(y) - HALF_LOG_2PI


@family
class Exponential:
    """Waiting times with mean mu."""

    mu: Link = Log()
    support = positive

    def loglik(self, y, mu):
        return -mu.log - exp(log(y) - mu.log)

    def log_tails(self, y, mu):
        hazard = exp(log(y) - mu.log)
        return log1mexp(-hazard), -hazard


def _log_distance(y, mu, sigma):
    """How far log y is from its centre, in units of its scale."""
    return (log(y) - mu.log) / sigma.value


@family
class LogNormal:
    """Positive numbers whose logarithm is Gaussian: median mu, and sigma the standard deviation of log y."""

    mu: Link = Log()
    sigma: Link = Log()
    support = positive

    def loglik(self, y, mu, sigma):
        z = _log_distance(y, mu, sigma)
        return -0.5 * z * z - HALF_LOG_2PI - sigma.log - log(y)

    def log_tails(self, y, mu, sigma):
        return log_ndtr_pair(_log_distance(y, mu, sigma))


@family
class Weibull:
    """Waiting times with P(Y > y) = exp(-(y / mu)^(1 / sigma)): the shape is 1 / sigma; sigma = 1 is Exponential."""

    mu: Link = Log()
    sigma: Link = Log()
    support = positive

    def loglik(self, y, mu, sigma):
        z = _log_distance(y, mu, sigma)
        return z - exp(z) - sigma.log - log(y)

    def log_tails(self, y, mu, sigma):
        hazard = exp(_log_distance(y, mu, sigma))
        return log1mexp(-hazard), -hazard


@family
class LogLogistic:
    """Positive numbers with odds P(Y <= y) / P(Y > y) = (y / mu)^(1 / sigma); mu is the median."""

    mu: Link = Log()
    sigma: Link = Log()
    support = positive

    def loglik(self, y, mu, sigma):
        z = _log_distance(y, mu, sigma)
        return log_expit(z) - softplus(z) - sigma.log - log(y)

    def log_tails(self, y, mu, sigma):
        z = _log_distance(y, mu, sigma)
        return log_expit(z), -softplus(z)


@family
class Logistic:
    """Real numbers with P(Y <= y) = 1 / (1 + exp(-(y - mu) / sigma))."""

    mu: Link = Identity()
    sigma: Link = Log()

    def loglik(self, y, mu, sigma):
        z = (y - mu.value) / sigma.value
        return log_expit(z) - softplus(z) - sigma.log

    def log_tails(self, y, mu, sigma):
        z = (y - mu.value) / sigma.value
        return log_expit(z), -softplus(z)


@family
class Gumbel:
    """Largest of many: P(Y <= y) = exp(-exp(-(y - mu) / sigma)); mu is the mode."""

    mu: Link = Identity()
    sigma: Link = Log()

    def loglik(self, y, mu, sigma):
        z = (y - mu.value) / sigma.value
        return -z - exp(-z) - sigma.log

    def log_tails(self, y, mu, sigma):
        hazard = exp((mu.value - y) / sigma.value)
        return -hazard, log1mexp(-hazard)


@family
class Beta:
    """Shares strictly between 0 and 1 with variance mu (1 - mu) / (1 + phi): phi is the precision."""

    mu: Link = Logit()
    phi: Link = Log()
    support = unit

    def loglik(self, y, mu, phi):
        least = 0.2 * math.log(float(jnp.finfo(phi.log.dtype).tiny))  # 1 / a^4 must not overflow
        log_a, log_b = mu.log + phi.log, mu.log1m + phi.log  # not stacked: autodiff would pad its way back
        a, b = exp(jnp.maximum(log_a, least)), exp(jnp.maximum(log_b, least))
        beyond = jnp.minimum(log_a - least, 0.0) + jnp.minimum(log_b - least, 0.0)  # -log Gamma(a) is log(a) there
        log_y, log_rest = log(y), log1p(-y)
        excess = gammaln_excess(phi.value) - gammaln_excess(a) - gammaln_excess(b) + beyond
        return a * (log_y - mu.log) + b * (log_rest - mu.log1m) + excess - log_y - log_rest


@family
class StudentT:
    """Real numbers with scale sigma and tails of df degrees of freedom; df = inf is Gaussian."""

    mu: Link = Identity()
    sigma: Link = Log()
    df: Link = Log()

    def loglik(self, y, mu, sigma, df):
        z = (y - mu.value) / sigma.value
        constant = gammaln_ratio(0.5, 0.5 * df.value) - HALF_LOG_2PI - sigma.log
        return constant - 0.5 * (df.value + 1) * log1p(z * z / df.value)


def _sharpened(family):
    """Smoothings from wide to that of the family, in equal ratios: seen from afar the corner has no curvature."""
    shares = [k / SHARPENINGS for k in range(SHARPENINGS)]
    widths = [family.smoothing * jnp.maximum(WIDEST / family.smoothing, 1.0) ** (1 - share) for share in shares]
    return tuple(replace(family, smoothing=w) for w in widths)


@family
class AsymmetricLaplace:
    """Quantile regression as a likelihood: mu is the quantile at tau, and the corner of the check function at mu is
    rounded over `smoothing` times sigma; the smaller, the nearer to the linear programme's quantile.

    Source: Yu and Moyeed (2001), Stat. Probab. Lett. 54, eq. 3; the rounding is Zheng (2011), Int. J. Mach. Learn. 2.
    """

    mu: Link = Identity()
    sigma: Link = Log()
    tau: float = 0.5
    smoothing: float = 0.01
    ranges: ClassVar = {"tau": (0.0, 1.0), "smoothing": (0.0, inf)}

    def easier(self):
        return _sharpened(self)

    def loglik(self, y, mu, sigma):
        z, h = (y - mu.value) / sigma.value, jnp.asarray(self.smoothing, y.dtype)
        left, right = h * (1 - self.tau), h * self.tau
        normaliser = log(h) + gammaln(left) + gammaln(right) - gammaln(h)
        return -self.tau * z - h * softplus(-z / h) - normaliser - sigma.log


@family
class Laplace:
    """Real numbers with exponential tails and a rounded tip: robust as Huber's function, quadratic within `smoothing`
    sigmas of mu and linear beyond."""

    mu: Link = Identity()
    sigma: Link = Log()
    smoothing: float = 0.5
    ranges: ClassVar = {"smoothing": (0.0, inf)}

    def easier(self):
        return _sharpened(self)

    def loglik(self, y, mu, sigma):
        z, h = (y - mu.value) / sigma.value, jnp.asarray(self.smoothing, y.dtype)
        distance = h * (softplus(2 * z / h) + softplus(-2 * z / h))  # 2 |z| far out
        return -0.5 * distance - (log(0.5 * h) + 2 * gammaln(0.5 * h) - gammaln(h)) - sigma.log
