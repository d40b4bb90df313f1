"""Several linear predictors in each row, with common coefficients."""

import jax.numpy as jnp
from jax import lax

from ..numerics import dot
from ..pytree import pytree
from .dense import Ones, Whole


@pytree
class Tied(Whole):
    """K linear predictors in each row, with columns of their own and one vector of coefficients: X (n, K, p).

    eta and the score are then (n, K), the curvature (n, K, K): of the verbs those that a sum over rows needs.
    """

    @property
    def shape(self) -> tuple[int, int]:
        return self.X.shape[0], self.X.shape[2]

    def matvec(self, beta):
        """X_k beta, (n, K)."""
        return dot(self.X, beta)

    def rmatmat(self, m):
        return dot(jnp.ravel(m), self._flat)

    def gram(self, w, other):
        """The sum over j and k of X_j' diag(w_jk) X_k: one product of n K rows, not K^2 of n."""
        if isinstance(other, Ones):
            return self.rmatmat(w)[:, None]
        if other is not self:
            raise TypeError("tied predictors stand alone or beside parameters that all rows share.")
        turned = jnp.einsum("njk,nkp->njp", w, self.X, precision=lax.Precision.HIGHEST)
        return dot(turned.reshape(self._flat.shape).T, self._flat)

    def form(self, V, other):
        """x_j' V x_k of every row, (n, K, K); (n, K) beside a column of ones."""
        if isinstance(other, Ones):
            return self.matvec(V[:, 0])
        return jnp.einsum("njp,pq,nkq->njk", self.X, V, other.X, precision=lax.Precision.HIGHEST)

    @property
    def _flat(self):
        n, K, p = self.X.shape
        return self.X.reshape(n * K, p)

    def prepared(self) -> "Tied":
        return self
