"""Penalties: functions of the coefficients that are subtracted from the log-likelihood."""

from dataclasses import replace
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np

from .pytree import pytree


class Penalty:
    """Base of all penalties: a pytree whose call gives the value at theta (P,); autodiff does the rest."""

    invariant: ClassVar[bool] = False  # whether, but for a constant, it is the same in every basis of the columns
    curved: ClassVar[bool] = True  # whether `parts` has its exact Hessian
    absolute: ClassVar[bool] = False  # whether it must know the dispersion of the log-likelihood that it belongs to
    is_function: ClassVar[bool] = True  # else `parts` has no value: it moves the gradient, whose root is the estimate

    def __call__(self, problem, theta):
        """Value of the penalty at theta (P,)."""
        raise AttributeError(f"{type(self).__name__} needs a method __call__(problem, theta)")

    def parts(self, problem, theta):
        """Value, gradient (P,) and Hessian (P, P) that steps are taken with."""
        value, slope = jax.value_and_grad(self, 1)(problem, theta)
        return value, slope, jax.hessian(self, 1)(problem, theta)

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def check_family(self, family) -> None:
        """Raises ValueError where the penalty is not made for a family."""

    def check_profile(self) -> None:
        """Raises ValueError where there is nothing to profile."""
        if not self.is_function:
            raise ValueError(f"{self.name} solves an equation: there is no function of the coefficients to profile. "
                             "Use method='wald', or penalty='jeffreys'.")  # fmt: skip

    def bound(self, constant: np.ndarray, further: int, log_volume: float) -> Self:
        """The penalty of one model, from its columns that are constant (p,), the number of further parameters, and the
        log determinant of the columns as given in the basis of the solver."""
        return self

    def at_dispersion(self, phi: float) -> Self:
        """The penalty times phi where it is absolute: the solver works at unit dispersion."""
        return self


@pytree
class Ridge(Penalty):
    """sum(strength * theta^2) / 2. `strength`: a number, or one for each coefficient (0 leaves it free).

    In `glm` and `GLM` a number is for the columns of the mean that are not constant, and the log-likelihood is that at
    unit dispersion.
    """

    strength: float | jax.Array = 0.0

    def __call__(self, problem, theta):
        return 0.5 * jnp.sum(jnp.asarray(self.strength, theta.dtype) * theta * theta)

    def bound(self, constant, further, log_volume):
        given, p = np.asarray(self.strength, float), len(constant)
        if np.any(~(given >= 0)) or given.ndim > 1:
            raise ValueError(f"the strength of a ridge penalty must be numbers >= 0; it is {self.strength!r}.")
        if given.ndim and len(given) not in (p, p + further):
            raise ValueError(f"the strength of a ridge penalty must be a number or {p} of them; it has {len(given)}.")
        own = given if given.ndim else np.where(constant, 0.0, given)
        return replace(self, strength=np.pad(own, (0, p + further - len(own))))
