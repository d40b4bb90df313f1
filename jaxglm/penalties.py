"""Penalties: functions of the coefficients that are subtracted from the log-likelihood."""

import jax
import jax.numpy as jnp

from .pytree import pytree


@pytree
class Ridge:
    """sum(strength * theta^2) / 2. `strength`: a number, or one for each coefficient (0 leaves it free)."""

    strength: float | jax.Array = 0.0

    def __call__(self, problem, theta):
        """Value of the penalty at theta (P,)."""
        return 0.5 * jnp.sum(jnp.asarray(self.strength, theta.dtype) * theta * theta)
