"""Where eta may be, so that the parameter stays in its interval."""

from math import inf

import jax.numpy as jnp

from .base import FunctionLink, Interval, Link
from .fixed import Fixed


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
