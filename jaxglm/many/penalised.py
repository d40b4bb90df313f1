"""HOST: the penalty of each member of a batch: that which its single fit would have."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ..basis import Basis, unchanged
from ..batch import Members
from ..families import Family
from ..penalties import Penalty
from ..predictors import Predictor
from .blocks import Block, Seen, members_of


def penalised(
    block: Block, data: Seen, family: Family, parts: tuple[Predictor, ...], penalty: Penalty | None
) -> Members:
    """The members of a block with their penalty. It is one for all where the same columns are constant in all."""
    members = members_of(block, data, family, parts)
    if penalty is None:
        return members
    constant = np.atleast_2d(_constant(block.given[0].X, data.weights, penalty))
    kinds, which = np.unique(constant, axis=0, return_inverse=True)
    bound = [_floats(_bound(penalty, kind, parts)) for kind in kinds]
    if len(bound) == 1:
        return members.penalised(bound[0])
    return members.penalised(jax.tree.map(lambda *own: np.stack(own)[which.ravel()], *bound), own=True)


def penalty_of(penalty: Penalty, X: np.ndarray, weights: np.ndarray | None, parts: tuple[Predictor, ...]) -> Penalty:
    """The penalty of one member with the first design X (n, p) and the weights (n,) of its likelihood."""
    return _floats(_bound(penalty, _constant(X, weights, penalty), parts))


def penalised_bases(designs: Sequence[np.ndarray], bases: Sequence[Basis], penalty: Penalty | None) -> Sequence[Basis]:
    """A penalty is one on the columns as they are; where it depends on the basis, on all of the first design."""
    if penalty is None:
        return bases
    pairs = zip(designs, bases, strict=True)
    plain = [b if b.triangle is None else Basis(X[:, b.kept], None, b.kept) for X, b in pairs]
    return plain if penalty.invariant else [unchanged(designs[0]), *plain[1:]]


def _bound(penalty: Penalty, constant: np.ndarray, parts: tuple[Predictor, ...]) -> Penalty:
    """The penalty of a member whose columns of the first design are constant (p,) or not; its basis are columns."""
    return penalty.bound(constant, sum(p.rank for p in parts[1:]), 0.0)


def _floats(penalty: Any) -> Any:
    return jax.tree.map(lambda v: np.asarray(v, float), penalty)


def _constant(X: np.ndarray, weights: np.ndarray | None, penalty: Penalty) -> np.ndarray:
    """Which columns of X (..., n, p) are constant (..., p) over the rows of positive weight, if the penalty asks."""
    if penalty.invariant:
        return np.zeros(X.shape[-1], bool)
    if weights is None:
        return np.ptp(X, axis=-2) == 0
    used = (weights > 0)[..., None]
    X, used = np.broadcast_arrays(X, used)
    high = np.max(X, axis=-2, where=used, initial=-np.inf)
    return ~(high > np.min(X, axis=-2, where=used, initial=np.inf))
