"""HOST: the sets of rows of a batch as they were given: one labelling that all members share, or each member's own."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..frame import Sets
from ..frame.numeric import host
from .arrays import as_long, as_rectangle, as_side
from .blocks import SIDES, Given, rows_of
from .data import Ragged, Stacked


def with_sets(data: Stacked | Ragged, sets: Any, mask: Any) -> Stacked | Ragged:
    """The data with the sets that their rows are in. A row that the mask leaves out is no alternative of any choice:
    it is as if it had not been given. Raises: ValueError where shapes do not fit or shared labels are missing.

    sets: labels (n,), (B, n) or a list, as Y is. Members with labels or masks of their own are ragged.
    """
    if sets is None:
        return data
    if isinstance(data, Ragged):
        lengths = data.lengths.tolist()
        used = None if mask is None else as_long(mask, "mask", lengths) != 0
        return _apart(data, as_long(sets, "sets", lengths, host), used)
    B, n = data.size, len(data.pattern.X)
    labels = as_rectangle(sets, "sets", host)
    if labels.shape not in ((n,), (B, n)):
        raise ValueError(f"sets must be a label for each row, ({n},) or ({B}, {n}); its shape is {labels.shape}.")
    used = np.ones(n, bool) if mask is None else as_side(mask, "mask", B, n) != 0
    if labels.ndim == used.ndim == 1:
        return _together(data, labels, np.flatnonzero(used))
    return _apart(_unstacked(data), np.broadcast_to(labels, (B, n)).ravel(), np.broadcast_to(used, (B, n)).ravel())


def _together(data: Stacked, labels: np.ndarray, rows: np.ndarray) -> Stacked:
    """These rows of every member, in sets that all share."""
    sets = Sets.read(labels[rows], len(rows))
    if (missing := sets.code < 0).any():
        raise ValueError(f"sets must have a label in every row; {missing.sum()} of {len(rows)} are missing (first: row "
                         f"{rows[missing][0]}). All members share them: mask these rows.")  # fmt: skip
    own: Any = lambda a: None if a is None else a[..., rows]  # noqa: E731
    given = tuple(Given(X[..., rows, :], own(offset)) for X, offset in data.given)
    sides = {name: own(getattr(data, name)) for name in SIDES}
    for name, values in sides.items():
        if values is not None and values.ndim == 1 and np.isfinite(values).all():
            sets.shared(values, name)
    pattern = replace(data.pattern, X=data.pattern.X[rows], rows=rows, sets=sets)
    return replace(data, pattern=pattern, given=given, y=own(data.y), **sides)


def _unstacked(data: Stacked) -> Ragged:
    """The members as the rows of one frame, one after the other."""
    B, n = data.size, len(data.pattern.X)
    long: Any = lambda a: None if a is None else np.broadcast_to(a, (B, n)).ravel()  # noqa: E731
    designs = [(np.broadcast_to(X, (B, *X.shape[-2:])).reshape(B * n, -1), long(offset)) for X, offset in data.given]
    sides = {name: long(getattr(data, name)) for name in ("y", *SIDES)}
    whole = data.pattern.with_designs(designs, rows=long(np.arange(n)), **sides)
    return Ragged(whole, np.arange(B * n), n * np.arange(B + 1))


def _apart(data: Ragged, labels: np.ndarray, used: np.ndarray | None) -> Ragged:
    """The used rows of members in sets of their own. A row without a label is a set by itself, which is no choice."""
    member = np.repeat(np.arange(data.size), data.lengths)
    rows = np.arange(len(member)) if used is None else np.flatnonzero(used)
    sets = Sets.read(labels[rows], len(rows)).within(member[rows]).completed()
    ends = np.searchsorted(member[rows], np.arange(data.size + 1))
    return Ragged(replace(rows_of(data.whole, rows), sets=sets), np.arange(len(rows)), ends)
