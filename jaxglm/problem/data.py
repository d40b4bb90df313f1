"""The data of a model: a pytree of all that its log-likelihood depends on, and its linear predictors."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..design import Design, Ones, design_of, is_aligned, outer
from ..families import Family
from ..numerics import Array
from ..pytree import pytree


@pytree
class Problem:
    """A pytree of everything that the log-likelihood depends on besides theta. Build it with `jaxglm.problem`."""

    family: Family
    y: Any  # (n,), or a tuple of such
    designs: tuple[Design, ...]  # one for each predictor of the family
    offsets: tuple[Array | None, ...]
    weights: Array | None = None
    penalty: Any = None
    barrier: jax.Array | None = None  # strength of the log-barrier at the walls of a constrained predictor

    @property
    def n(self) -> int:
        return self.designs[0].shape[0]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of coefficients of each predictor."""
        return tuple(d.shape[1] for d in self.designs)

    @property
    def first(self) -> np.ndarray:
        """Place in theta of the first coefficient of each predictor (K,)."""
        return np.cumsum([0, *self.sizes[:-1]])

    @property
    def shared(self) -> np.ndarray:
        """Places in theta of the parameters that all rows share."""
        return self.first[[isinstance(d, Ones) for d in self.designs]]

    @property
    def dtype(self):
        return jnp.result_type(jax.tree.leaves(self.y)[0])

    def split(self, theta) -> list[jax.Array]:
        """theta (P,) as one vector of coefficients for each predictor."""
        return jnp.split(theta, self.first[1:])

    def prepared(self) -> "Problem":
        """The same problem with its designs stored so that many passes over them are cheap."""
        return replace(self, designs=tuple(d.prepared() for d in self.designs))

    def rows(self, start, size: int) -> "Problem":
        """The problem of `size` consecutive rows."""
        return self._select(lambda a: lax.dynamic_slice_in_dim(a, start, size), lambda d: d.rows(start, size))

    def ends(self, first: int, last: int) -> "Problem":
        """The problem of the first and the last rows."""
        return self._select(lambda a: outer(a, first, last), lambda d: d.ends(first, last))

    def take(self, index) -> "Problem":
        """The problem of the rows at `index`."""
        return self._select(lambda a: a[index], lambda d: d.take(index))

    def _select(self, array, design) -> "Problem":
        y, offsets, weights = jax.tree.map(array, (self.y, self.offsets, self.weights))
        return replace(self, y=y, designs=tuple(map(design, self.designs)), offsets=offsets, weights=weights)


def make_problem(family: Family, X, y, *, offset=None, weights=None, penalty=None) -> Problem:
    """The problem of one design for the first parameter; every further free parameter is shared by all rows.

    X: (n, p), or (n, K, p) for K tied predictors. y: (n,), or a tuple (successes, trials) for Binomial. offset (n,), or
    (n, K); weights: (n,). The dtype is that of X.
    """
    family.check_links()
    X = _on_device(X)
    family = family.with_tied(X.shape[1]) if X.ndim == 3 else family
    dtype = jnp.result_type(X, jnp.float32) if jnp.issubdtype(X.dtype, jnp.floating) else jnp.result_type(float)
    cast = lambda a: None if a is None else jnp.asarray(a, dtype)  # noqa: E731
    if weights is not None:
        X = jnp.where(beside(jnp.asarray(weights) > 0, X), X, 0)  # 0 * NaN is NaN
    y = tuple(cast(a) for a in y) if isinstance(y, tuple) else cast(y)
    further = len(family.predictors) - 1
    designs = (design_of(X.astype(dtype)), *(Ones(X.shape[0]) for _ in range(further)))
    return Problem(family, y, designs, (cast(offset),) + (None,) * further, cast(weights), penalty)


def _on_device(X):
    """X there. Of memory of the host `jnp.asarray` holds two copies; `device_put` makes one, but none where it can use
    the caller's own, who may write to it."""
    if isinstance(X, np.ndarray) and not is_aligned(X):
        return jax.block_until_ready(jax.device_put(X))
    return jnp.asarray(X)


def linear_predictors(problem: Problem, theta) -> tuple[jax.Array, ...]:
    """eta_k = X_k beta_k + offset_k for each predictor, (n,), or a scalar that all rows share, or (n, K) of K that are
    tied: the only place that computes it."""
    parts = zip(problem.designs, problem.split(theta), problem.offsets, strict=True)
    return tuple(d.matvec(b) if o is None else d.matvec(b) + o for d, b, o in parts)


def where_counted(problem: Problem, values, otherwise: float):
    """values (n, ...), or one that all rows share, with another value in the rows of weight zero."""
    if problem.weights is None or not values.ndim:
        return values
    return jnp.where(beside(problem.weights > 0, values), values, otherwise)


def beside(of_rows, values):
    """What rows have (n,), with axes of length one so that it stands beside values (n, ...)."""
    return jnp.expand_dims(of_rows, tuple(range(1, values.ndim)))
