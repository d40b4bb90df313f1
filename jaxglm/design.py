"""The design matrix of one predictor behind three verbs: matvec, rmatmat, gram. All n-sized products are here."""

import jax.numpy as jnp
from jax import lax

from .numerics import Array, dot
from .pytree import pytree, static


@pytree
class Dense:
    """A matrix X (n, p)."""

    X: Array

    @property
    def shape(self) -> tuple[int, int]:
        return self.X.shape  # type: ignore[return-value]

    def matvec(self, beta):
        """X beta, (n,)."""
        return dot(self.X, beta)

    def rmatmat(self, m):
        """m' X for m (n,), as a row: XLA's `X.T @ m` is six times slower on the CPU."""
        return dot(m, self.X)

    def gram(self, w, other: "Design"):
        """X' diag(w) X_other, (p, p_other)."""
        if isinstance(other, Ones):
            return self.rmatmat(w)[:, None]
        return dot((self.X * w[:, None]).T, other.X)

    def rows(self, start, size: int) -> "Dense":
        """The design of `size` rows from `start`."""
        return Dense(lax.dynamic_slice_in_dim(self.X, start, size))

    def take(self, index) -> "Dense":
        """The design of the rows at `index`."""
        return Dense(self.X[index])


@pytree
class Ones:
    """A column of ones: the design of a parameter that all n rows share."""

    n: int = static()

    @property
    def shape(self) -> tuple[int, int]:
        return self.n, 1

    def matvec(self, beta):
        """The coefficient itself, a scalar: what depends on it alone is then computed once, not n times."""
        return beta[0]

    def rmatmat(self, m):
        return jnp.sum(m, keepdims=True)

    def gram(self, w, other: "Design"):
        return other.rmatmat(w)[None, :]

    def rows(self, start, size: int) -> "Ones":
        return Ones(size)

    def take(self, index) -> "Ones":
        return Ones(index.shape[0])


Design = Dense | Ones
