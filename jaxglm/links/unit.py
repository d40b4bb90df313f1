"""Links of a parameter between 0 and 1: each is a distribution function, with both of its tails."""

import math
from math import pi

import jax
import jax.numpy as jnp

from ..elementary import exp, expm1, log, log1p
from ..numerics import expit, log1mexp, log_expit, log_ndtr_pair, softplus
from ..pytree import static
from .base import Link, link


@link
class Logit(Link):
    image = (0.0, 1.0)

    def inverse(self, eta):
        return expit(eta)

    def forward(self, value):
        return log(value) - log1p(-value)

    def log_inverse(self, eta):
        return log_expit(eta)

    def log1m_inverse(self, eta):
        return -softplus(eta)


@link
class Between(Link):
    """eta = logit of the share of the way from `low` to `high`."""

    low: float = static(default=0.0)
    high: float = static(default=1.0)

    @property
    def image(self):  # type: ignore[override]
        return self.low, self.high

    def inverse(self, eta):
        return self.low + (self.high - self.low) * expit(eta)

    def forward(self, value):
        return log(value - self.low) - log(self.high - value)


@link
class Probit(Link):
    image = (0.0, 1.0)

    def inverse(self, eta):
        return 0.5 * jax.lax.erfc(-eta * 0.7071067811865476)

    def forward(self, value):
        return jax.scipy.special.ndtri(value)

    def log_inverse(self, eta):
        return log_ndtr_pair(eta)[0]

    def log1m_inverse(self, eta):
        return log_ndtr_pair(eta)[1]


@link
class CLogLog(Link):
    """mu = 1 - exp(-exp(eta)): the minimum of many, proportional hazards."""

    image = (0.0, 1.0)

    def inverse(self, eta):
        t = exp(jnp.minimum(eta, 6.5))  # beyond, mu is 1 and the slope 0 in every dtype; exp(eta) may overflow
        return jnp.where(t < 1, -expm1(-t), 1.0 - exp(-t))  # expm1's slope is lost in the right tail

    def forward(self, value):
        return log(-log1p(-value))

    def log_inverse(self, eta):
        # log(1 - exp(-t)) = eta + log((1 - exp(-t)) / t): the series keeps the curvature -t/2 that cancels otherwise.
        t = exp(jnp.minimum(eta, 6.5))
        small = t < 0.3
        s = jnp.where(small, t, 0.1)
        s2 = s * s
        series = eta - s / 2 + s2 * (1 / 24 - s2 * (1 / 2880 - s2 * (1 / 181440 - s2 * (1 / 9676800 - s2 / 479001600))))
        return jnp.where(small, series, log1mexp(-jnp.where(small, 1.0, t)))

    def log1m_inverse(self, eta):
        # finite, so that 0 * log1m keeps a derivative of 0 instead of 0 * inf
        return -exp(jnp.minimum(eta, 0.98 * math.log(float(jnp.finfo(eta.dtype).max))))


@link
class LogLog(Link):
    """mu = exp(-exp(-eta)): the maximum of many."""

    image = (0.0, 1.0)

    def inverse(self, eta):
        return exp(-exp(jnp.minimum(-eta, 6.5)))

    def forward(self, value):
        return -log(-log(value))

    def log_inverse(self, eta):
        return CLogLog().log1m_inverse(-eta)

    def log1m_inverse(self, eta):
        return CLogLog().log_inverse(-eta)


@link
class Cauchit(Link):
    image = (0.0, 1.0)

    def inverse(self, eta):
        tail = eta < -1
        left = jnp.arctan(-1.0 / jnp.where(tail, eta, -2.0)) / pi  # 1/2 + arctan(eta)/pi cancels in the left tail
        return jnp.where(tail, left, 0.5 + jnp.arctan(jnp.where(tail, 0.0, eta)) / pi)

    def forward(self, value):
        return jnp.where(value < 0.5, -1.0 / jnp.tan(pi * value), jnp.tan(pi * (value - 0.5)))

    def log_inverse(self, eta):
        # 1 - mu is the mu of -eta: its logarithm needs log1p on the right. Far left, log(arctan(z) / z) by its series.
        right, far = eta > 1, eta < -50
        a = -jnp.where(far, eta, -50.0)
        z2 = 1.0 / a / a
        series = -z2 * (1 / 3 - z2 * (13 / 90 - z2 * (251 / 2835 - z2 * (3551 / 56700))))
        tail = -log(a) - math.log(pi) + series
        body = jnp.where(far | right, 0.0, eta)
        log_right = log1p(-self.inverse(-jnp.where(right, eta, 2.0)))
        return jnp.where(far, tail, jnp.where(right, log_right, log(self.inverse(body))))

    def log1m_inverse(self, eta):
        return self.log_inverse(-eta)
