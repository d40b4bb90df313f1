"""A matrix as it is, by its columns with their products, and a column of ones."""

from collections.abc import Callable
from typing import Self

import jax.numpy as jnp
import numpy as np
from jax import lax

from ..kernel import within
from ..numerics import Array, dot, once
from ..pytree import pytree, static

CROSSED_SIZE = 1 << 18  # elements of the products of columns up to which they are worth keeping
ONCE_SIZE = 1 << 19  # elements of X, those of a member of a batch, up to which weights are best computed once


@pytree
class Whole:
    """What designs that are one array (n, ..., p) have in common."""

    X: Array

    def empty(self, dtype) -> Self:
        """The same rows without columns."""
        return type(self)(jnp.zeros((*self.X.shape[:-1], 0), dtype))

    def times(self, matrix) -> Self:
        """The design X matrix."""
        return type(self)(self.X @ matrix)

    def rows(self, start, size: int) -> Self:
        """The design of `size` rows from `start`."""
        return type(self)(lax.dynamic_slice_in_dim(self.X, start, size))

    def ends(self, a: int, b: int) -> Self:
        """The design of the first a and the last b rows."""
        return type(self)(outer(self.X, a, b))

    def take(self, index) -> Self:
        """The design of the rows at `index`."""
        return type(self)(self.X[index])


@pytree
class Dense(Whole):
    """A matrix X (n, p)."""

    @property
    def shape(self) -> tuple[int, int]:
        return self.X.shape  # type: ignore[return-value]

    def matvec(self, beta):
        """X beta, (n,)."""
        return dot(self.X, beta)

    def rmatmat(self, m):
        """m' X for m (n,), as a row: XLA's `X.T @ m` is six times slower on the CPU."""
        return dot(m, self.X)

    def gram(self, w, other):
        """X' diag(w) X_other, (p, p_other)."""
        if isinstance(other, Ones):
            return self.rmatmat(w)[:, None]
        w = once(w) if self.X.size <= ONCE_SIZE else w
        # written as it is to be multiplied, and not turned by the product: up to half of the time on a CPU
        turned = lax.optimization_barrier((self.X * w[:, None]).T)
        return dot(turned, other.X)

    def form(self, V, other):
        """x' V x_other of every row, (n,)."""
        if isinstance(other, Ones):
            return self.matvec(V[:, 0])
        return jnp.sum(dot(self.X, V) * other.X, axis=1)

    def prepared(self) -> "Dense | Columns":
        """The storage on which many Gram matrices are cheapest."""
        n, p = self.X.shape
        if not 0 < n * p * (p + 1) // 2 <= CROSSED_SIZE:
            return self
        columns = lax.optimization_barrier(self.X.T)  # the transposition fused into the products would stride
        return Columns(columns) if within.value else crossed(columns)


@pytree
class Columns:
    """A matrix by columns (p, n), for a kernel, in which a product of matrices is one of a matrix with each vector."""

    columns: Array

    @property
    def shape(self) -> tuple[int, int]:
        p, n = self.columns.shape
        return n, p

    def matvec(self, beta):
        return dot(beta, self.columns)

    def rmatmat(self, m):
        return lax.dot_general(m, self.columns, (((0,), (1,)), ((), ())), precision=lax.Precision.HIGHEST)

    def gram(self, w, other):
        return self.rmatmat(w)[:, None] if isinstance(other, Ones) else self._gram(w, other)

    def _gram(self, w, other):
        return lax.map(lambda column: dot(other.columns, column * w), self.columns)

    def form(self, V, other):
        if isinstance(other, Ones):
            return self.matvec(V[:, 0])
        columns = self.columns if other is self else other.X.T
        return jnp.sum(dot(V.T, self.columns) * columns, axis=0)

    @property
    def X(self):
        return self.columns.T

    def empty(self, dtype) -> "Dense":
        return Dense(self.X).empty(dtype)

    def times(self, matrix) -> "Dense":
        return Dense(self.X).times(matrix)

    def rows(self, start, size: int) -> Self:
        return self._cut(lambda a: lax.dynamic_slice_in_dim(a, start, size, axis=1))

    def ends(self, a: int, b: int) -> Self:
        return self._cut(lambda whole: outer(whole.T, a, b).T)

    def take(self, index) -> Self:
        return self._cut(lambda a: a[:, index])

    def prepared(self) -> Self:
        return self

    def _cut(self, function: Callable) -> Self:
        return type(self)(function(self.columns))


@pytree
class Crossed(Columns):
    """A matrix by columns with the products of its pairs of columns (p (p + 1) / 2, n).

    A Gram matrix is then one matrix-vector product, half the work of X' diag(w) X; under vmap over w all of them are
    one matrix product.
    """

    products: Array

    def _gram(self, w, other):
        if other is not self:
            return Dense(self.X).gram(w, other)
        p = self.columns.shape[0]
        i, j = np.tril_indices(p)
        position = np.zeros((p, p), int)
        position[i, j] = position[j, i] = np.arange(len(i))
        return dot(self.products, w)[position]

    def _cut(self, function: Callable) -> Self:
        return type(self)(function(self.columns), function(self.products))


def crossed(columns) -> Crossed:
    """The storage with products of a matrix by columns (p, n), on the host or the device."""
    i, j = np.tril_indices(columns.shape[0])
    return Crossed(columns, columns[i] * columns[j])


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

    def gram(self, w, other):
        return other.rmatmat(w)[None, :]

    def form(self, V, other):
        return other.matvec(V[0])

    def empty(self, dtype) -> "Dense":
        return Dense(jnp.zeros((self.n, 0), dtype))

    def rows(self, start, size: int) -> "Ones":
        return Ones(size)

    def ends(self, a: int, b: int) -> "Ones":
        return Ones(a + b)

    def take(self, index) -> "Ones":
        return Ones(index.shape[0])

    def prepared(self) -> "Ones":
        return self


def outer(a, first: int, last: int):
    """The first and the last rows of an array (n, ...)."""
    return jnp.concatenate([a[:first], a[a.shape[0] - last :]]) if last else a[:first]


def blocks(n: int, margin: int, size: int) -> tuple[int, int]:
    """Of n rows how many of the first are left over beside whole blocks, and how many of these there are. The margin at
    both ends is in none."""
    count, rest = divmod(n - 2 * margin, size)
    return margin + rest, count
