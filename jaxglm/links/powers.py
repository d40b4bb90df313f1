"""Links that are powers of the parameter, with their limit, the logarithm."""

from math import inf

import jax.numpy as jnp

from ..elementary import exp, log
from ..numerics import log1mexp
from .base import Link, link


@link
class Identity(Link):
    def inverse(self, eta):
        return eta

    def forward(self, value):
        return value


@link
class Log(Link):
    image = (0.0, inf)

    def inverse(self, eta):
        return exp(eta)

    def forward(self, value):
        return log(value)

    def log_inverse(self, eta):
        return eta

    def log1m_inverse(self, eta):
        return log1mexp(eta)


@link
class Inverse(Link):
    increasing = False

    def inverse(self, eta):
        return 1.0 / eta

    def forward(self, value):
        return 1.0 / value

    def log_inverse(self, eta):
        return -log(eta)


@link
class InverseSquared(Link):
    domain = (0.0, inf)
    image = (0.0, inf)
    increasing = False

    def inverse(self, eta):
        return 1.0 / jnp.sqrt(eta)

    def forward(self, value):
        return 1.0 / (value * value)

    def log_inverse(self, eta):
        return -0.5 * log(eta)


@link
class Sqrt(Link):
    domain = (0.0, inf)
    image = (0.0, inf)

    def inverse(self, eta):
        return eta * eta

    def forward(self, value):
        return jnp.sqrt(value)

    def log_inverse(self, eta):
        return 2.0 * log(eta)


@link
class Power(Link):
    """eta = mu^exponent; the exponent is an array leaf, and Log() is its limit at 0."""

    exponent: float = 1.0
    domain = (0.0, inf)
    image = (0.0, inf)

    @property
    def increasing(self):  # type: ignore[override]
        return self.exponent > 0

    def inverse(self, eta):
        return eta ** (1.0 / self.exponent)

    def forward(self, value):
        return value**self.exponent

    def log_inverse(self, eta):
        return log(eta) / self.exponent
