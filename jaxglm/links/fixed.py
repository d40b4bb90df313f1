"""The link of a parameter that is known."""

import jax.numpy as jnp

from .base import Link, link


@link
class Fixed(Link):
    """Not a predictor: the parameter has this known value and no coefficients."""

    value: float = 1.0

    def inverse(self, eta):
        return jnp.asarray(self.value, jnp.result_type(eta))

    def forward(self, value):
        return jnp.zeros_like(value)
