"""Links: monotone maps from a linear predictor to one parameter, and the view of it that a log-likelihood receives."""

from collections.abc import Callable
from math import asinh, inf, log, pi
from typing import ClassVar

import jax
import jax.numpy as jnp

from .numerics import log1mexp, log_ndtr_pair, softplus
from .pytree import pytree, static

Interval = tuple[float, float]


link = pytree  # class decorator of a link: its numbers are leaves


class Link:
    """A monotone map `parameter = inverse(eta)`; derivatives are never written, JAX takes them."""

    domain: ClassVar[Interval] = (-inf, inf)  # where eta may be
    image: ClassVar[Interval] = (-inf, inf)  # where the parameter then is
    increasing: ClassVar[bool] = True

    def inverse(self, eta):
        """Parameter at the linear predictor eta."""
        raise AttributeError(f"{type(self).__name__} needs a method inverse(eta)")

    def forward(self, value):
        """Linear predictor at a parameter value, by bisection unless the link knows better."""
        return bisect(self, value)

    def log_inverse(self, eta):
        """log(inverse(eta)), exact where the parameter underflows."""
        return jnp.log(self.inverse(eta))

    def log1m_inverse(self, eta):
        """log(1 - inverse(eta)), exact where the parameter rounds to one."""
        return jnp.log1p(-self.inverse(eta))

    @staticmethod
    def from_inverse(
        inverse: Callable,
        forward: Callable | None = None,
        image: Interval | None = None,
        domain: Interval = (-inf, inf),
    ) -> "Link":
        """A link from its inverse, monotone on `domain`. Pass a named function: every new lambda compiles anew.

        forward: found by bisection if not given. image: where the parameter can be; if it is not given, a predictor
        whose parameter leaves the family's interval is rejected when it occurs.
        """
        return FunctionLink(inverse, forward, image, domain)


def _ends(link: Link) -> tuple[float, float]:
    """asinh of the ends of the domain, of 1e30 where they are infinite."""
    low, high = (asinh(min(max(e, -1e30), 1e30)) for e in link.domain)
    return low, high


def rises(link: Link, dtype):
    """Whether the link's inverse increases, judged at two points inside its domain."""
    low, high = _ends(link)
    low, high = max(low, min(-2.0, high - 4)), min(high, max(2.0, low + 4))
    at = lambda share: link.inverse(jnp.sinh(jnp.asarray(low + share * (high - low), dtype)))  # noqa: E731
    return at(0.7) > at(0.3)


def bisect(link: Link, value):
    """Root of `inverse(eta) = value` by bisection in asinh(eta)."""
    value = jnp.asarray(value)
    rising = rises(link, value.dtype)

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        below = (link.inverse(jnp.sinh(middle)) < value) == rising
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = jax.lax.fori_loop(0, 100, halve, tuple(jnp.full_like(value, e) for e in _ends(link)))
    return jnp.sinh((low + high) / 2)


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
        return jnp.exp(eta)

    def forward(self, value):
        return jnp.log(value)

    def log_inverse(self, eta):
        return eta

    def log1m_inverse(self, eta):
        return log1mexp(eta)


@link
class Logit(Link):
    image = (0.0, 1.0)

    def inverse(self, eta):
        positive = eta > 0
        t = jnp.exp(jnp.where(positive, -eta, eta))
        return jnp.where(positive, 1.0, t) / (1.0 + t)  # the slope keeps its right tail: s (1 - s) does not

    def forward(self, value):
        return jnp.log(value) - jnp.log1p(-value)

    def log_inverse(self, eta):
        return jnp.where(eta > 0, 0.0, eta) - self._tail(eta)

    def log1m_inverse(self, eta):
        return -jnp.where(eta > 0, eta, 0.0) - self._tail(eta)

    def _tail(self, eta):
        return softplus(-jnp.where(eta > 0, eta, -eta))  # shared by both logs, so it is computed once


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
        t = jnp.exp(jnp.minimum(eta, 6.5))  # beyond, mu is 1 and the slope 0 in every dtype; exp(eta) may overflow
        return jnp.where(t < 1, -jnp.expm1(-t), 1.0 - jnp.exp(-t))  # expm1's slope is lost in the right tail

    def forward(self, value):
        return jnp.log(-jnp.log1p(-value))

    def log_inverse(self, eta):
        # log(1 - exp(-t)) = eta + log((1 - exp(-t)) / t): the series keeps the curvature -t/2 that cancels otherwise.
        t = jnp.exp(jnp.minimum(eta, 6.5))
        small = t < 0.3
        s = jnp.where(small, t, 0.1)
        s2 = s * s
        series = eta - s / 2 + s2 * (1 / 24 - s2 * (1 / 2880 - s2 * (1 / 181440 - s2 * (1 / 9676800 - s2 / 479001600))))
        return jnp.where(small, series, log1mexp(-jnp.where(small, 1.0, t)))

    def log1m_inverse(self, eta):
        # finite, so that 0 * log1m keeps a derivative of 0 instead of 0 * inf
        return -jnp.exp(jnp.minimum(eta, 0.98 * log(float(jnp.finfo(eta.dtype).max))))


@link
class LogLog(Link):
    """mu = exp(-exp(-eta)): the maximum of many."""

    image = (0.0, 1.0)

    def inverse(self, eta):
        return jnp.exp(-jnp.exp(jnp.minimum(-eta, 6.5)))

    def forward(self, value):
        return -jnp.log(-jnp.log(value))

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
        tail = -jnp.log(a) - log(pi) + series
        body = jnp.where(far | right, 0.0, eta)
        log_right = jnp.log1p(-self.inverse(-jnp.where(right, eta, 2.0)))
        return jnp.where(far, tail, jnp.where(right, log_right, jnp.log(self.inverse(body))))

    def log1m_inverse(self, eta):
        return self.log_inverse(-eta)


@link
class Inverse(Link):
    increasing = False

    def inverse(self, eta):
        return 1.0 / eta

    def forward(self, value):
        return 1.0 / value

    def log_inverse(self, eta):
        return -jnp.log(eta)


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
        return -0.5 * jnp.log(eta)


@link
class Sqrt(Link):
    domain = (0.0, inf)
    image = (0.0, inf)

    def inverse(self, eta):
        return eta * eta

    def forward(self, value):
        return jnp.sqrt(value)

    def log_inverse(self, eta):
        return 2.0 * jnp.log(eta)


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
        return jnp.log(eta) / self.exponent


@link
class Fixed(Link):
    """Not a predictor: the parameter has this known value and no coefficients."""

    value: float = 1.0

    def inverse(self, eta):
        return jnp.asarray(self.value, jnp.result_type(eta))

    def forward(self, value):
        return jnp.zeros_like(value)


@link
class FunctionLink(Link):
    """A user's link; see `Link.from_inverse`."""

    inverse_function: Callable = static()
    forward_function: Callable | None = static(default=None)
    known_image: Interval | None = static(default=None)
    domain: Interval = static(default=(-inf, inf))  # type: ignore[misc]

    @property
    def image(self):  # type: ignore[override]
        return self.known_image or (-inf, inf)

    @property
    def increasing(self):  # type: ignore[override]
        return rises(self, jnp.float32)

    def inverse(self, eta):
        return self.inverse_function(eta)

    def forward(self, value):
        return bisect(self, value) if self.forward_function is None else self.forward_function(value)


class Parameter:
    """What a log-likelihood receives for one parameter: `.value`, `.log` and `.log1m`, each exact in its tail."""

    __slots__ = ("eta", "link")

    def __init__(self, link: Link, eta):
        self.link, self.eta = link, eta

    @property
    def value(self):
        return self.link.inverse(self.eta)

    @property
    def log(self):
        return self.link.log_inverse(self.eta)

    @property
    def log1m(self):
        return self.link.log1m_inverse(self.eta)


def is_constrained(link: Link, interval: Interval) -> bool:
    """Whether some eta is not allowed, so that a step can leave the parameter space."""
    if isinstance(link, Fixed) or is_unknown(link):
        return False
    inside = interval[0] <= link.image[0] and link.image[1] <= interval[1]
    return not (inside and link.domain == (-inf, inf))


def is_unknown(link: Link) -> bool:
    """Whether nothing is known of the link's image, so that the parameter itself must be looked at."""
    return isinstance(link, FunctionLink) and link.known_image is None and link.domain == (-inf, inf)


def eta_interval(link: Link, interval: Interval):
    """Open interval of eta on which the parameter is inside `interval`."""
    (low, high), (bottom, top) = link.domain, interval
    image_low, image_high = link.image
    at_low = link.forward(jnp.asarray(bottom)) if bottom > image_low else None
    at_high = link.forward(jnp.asarray(top)) if top < image_high or at_low is not None else None
    if at_low is None and at_high is None:
        return low, high
    ends = [e for e in (at_low, at_high) if e is not None]
    if len(ends) == 2:
        return jnp.minimum(*ends), jnp.maximum(*ends)
    rising = jnp.asarray(link.increasing)
    return jnp.where(rising, low, ends[0]), jnp.where(rising, ends[0], high)
