"""A large matrix on the host that the device reads where it is."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..numerics import Array
from ..pytree import pytree, static
from .dense import Dense, Ones, blocks, outer

BLOCK = 1 << 18  # elements of a block of rows
ALIGNED = 8  # numbers of 64 bits from one aligned address to the next


@pytree
class Borrowed:
    """A matrix X (n, p) in memory that the device uses without a copy: row by row in one vector, which begins at the
    first element that is aligned as the device wants it. Made by `lend`.

    The rows at both ends, of which the vector may have a part only, are stored apart. The verbs go from block to block.
    """

    flat: Array  # (n p - ALIGNED,)
    before: Array  # scalar, elements of X before the first of these, less than ALIGNED
    first: Array  # (k, p), rows at the beginning
    last: Array  # (k, p), rows at the end
    n: int = static()

    @property
    def shape(self) -> tuple[int, int]:
        return self.n, self.first.shape[1]

    @property
    def X(self):
        """A copy, block by block."""
        return self._joined(lambda X: X.X)

    @property
    def margin(self) -> int:
        """Rows at each end that `rows` has not."""
        return self.first.shape[0]

    def matvec(self, beta):
        return self._joined(lambda X: X.matvec(beta))

    def rmatmat(self, m):
        return self._summed(lambda X, m: X.rmatmat(m), m)

    def gram(self, w, other):
        if isinstance(other, Ones):
            return self.rmatmat(w)[:, None]
        if other is self:
            return self._summed(lambda X, w: X.gram(w, X), w)
        return self._summed(lambda X, w, Z: X.gram(w, Dense(Z)), w, other.X)

    def form(self, V, other):
        if isinstance(other, Ones):
            return self.matvec(V[:, 0])
        if other is self:
            return self._joined(lambda X: X.form(V, X))
        return self._joined(lambda X, Z: X.form(V, Dense(Z)), other.X)

    def times(self, matrix) -> Dense:
        return Dense(self._joined(lambda X: X.times(matrix).X))

    def empty(self, dtype) -> Dense:
        return Dense(jnp.zeros((self.n, 0), dtype))

    def rows(self, start, size: int) -> Dense:
        """Rows between those at both ends."""
        p = self.shape[1]
        return Dense(lax.dynamic_slice_in_dim(self.flat, start * p - self.before, size * p).reshape(size, p))

    def ends(self, a: int, b: int) -> Dense:
        k = self.margin
        inner = self.rows(k, a - k), self.rows(self.n - b, b - k)
        return Dense(jnp.concatenate([self.first, *(part.X for part in inner), self.last]))

    def take(self, index) -> Dense:
        k, p = self.margin, self.shape[1]
        at = (index * p - self.before)[:, None] + np.arange(p)
        X = self.flat[jnp.clip(at, 0, self.flat.shape[0] - 1)]
        for rows, place in ((self.first, index), (self.last, index - (self.n - k))):
            X = jnp.where(((place >= 0) & (place < k))[:, None], rows[jnp.clip(place, 0, k - 1)], X)
        return Dense(X)

    def prepared(self) -> "Borrowed":
        return self

    def _blocks(self, function: Callable, arrays: tuple):
        """What a function of a design and rows of arrays (n, ...) makes of the rows at both ends, how many of these
        are the first, the function of a block between them by its number, and the number of blocks."""
        size, b = min(max(BLOCK // self.shape[1], 1), self.n - 2 * self.margin), self.margin
        a, count = blocks(self.n, b, size)

        def block(i):
            start = a + i * size
            return function(self.rows(start, size), *(lax.dynamic_slice_in_dim(v, start, size) for v in arrays))

        return function(self.ends(a, b), *(outer(v, a, b) for v in arrays)), a, block, count

    def _summed(self, function: Callable, *arrays):
        ends, _, block, count = self._blocks(function, arrays)
        return lax.fori_loop(0, count, lambda i, total: jax.tree.map(jnp.add, total, block(i)), ends)

    def _joined(self, function: Callable, *arrays):
        ends, a, block, count = self._blocks(function, arrays)
        middle = lax.map(block, jnp.arange(count))
        return jnp.concatenate([ends[:a], middle.reshape(-1, *ends.shape[1:]), ends[a:]])


def lend(X: np.ndarray, put: Callable) -> Borrowed | Dense:
    """The design of a matrix (n, p) on the host whose memory the function `put` lends to the device; the matrix as it
    is where its memory has gaps or is too little."""
    n, p = X.shape
    k = -(-ALIGNED // p)
    if not X.flags.c_contiguous or X.ctypes.data % X.itemsize or n < 4 * k:
        return Dense(X)
    before = -X.ctypes.data // X.itemsize % ALIGNED
    flat = X.reshape(-1)[before : before + n * p - ALIGNED]
    return Borrowed(put(flat), np.asarray(before), X[:k].copy(), X[n - k :].copy(), n)


def aligned(shape: tuple[int, ...], dtype: Any = float) -> np.ndarray:
    """An array, not filled, whose memory the device takes as it is."""
    size, step = int(np.prod(shape)), 8 * ALIGNED // np.dtype(dtype).itemsize
    room = np.empty(size + step, dtype)
    begin = -room.ctypes.data // room.itemsize % step
    return room[begin : begin + size].reshape(shape)


def is_aligned(a: Any) -> bool:
    """Whether a CPU takes the array as it is: programs may then be called with it again and again."""
    return isinstance(a, np.ndarray) and a.flags.c_contiguous and a.ctypes.data % (8 * ALIGNED) == 0
