"""What a link is, the inverse of a map that only bisection knows, and the link that a user makes of functions."""

from collections.abc import Callable
from math import asinh, inf
from typing import ClassVar

import jax
import jax.numpy as jnp

from ..elementary import log, log1p
from ..pytree import pytree, static

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
        return log(self.inverse(eta))

    def log1m_inverse(self, eta):
        """log(1 - inverse(eta)), exact where the parameter rounds to one."""
        return log1p(-self.inverse(eta))

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
