"""HOST: R beta = r from text, names or matrices: independent rows, consistent values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..summary import number
from .hypothesis import parse
from .terms import all_terms

INDEPENDENT = 1e-9  # sine of the angle between a row and the earlier ones below which it says nothing new


@dataclass(frozen=True)
class Restriction:
    """matrix (q, P) @ coefficients = value (q,), with independent rows; P without the aliased coefficients."""

    matrix: np.ndarray
    value: np.ndarray
    lines: tuple[str, ...]
    notes: tuple[str, ...]


def restriction(fit: Any, hypothesis: Any, value: Any = None) -> Restriction:
    """The restriction on the coefficients of a fit that a hypothesis says; see `wald_test`. Raises: ValueError."""
    rows = _rows(fit, hypothesis, value)
    lines = tuple(_line(row, fit.names) for row in rows)
    rows, lines, notes = _estimable(fit, rows, lines, skip=_is_text(hypothesis))
    kept = _independent(rows, lines)
    if len(kept) < len(rows):
        notes += (f"Follows from the others: {', '.join(n for i, n in enumerate(lines) if i not in kept)}.",)
    chosen = rows[kept]
    return Restriction(chosen[:, :-1], -chosen[:, -1], tuple(lines[i] for i in kept), notes)


def _rows(fit: Any, hypothesis: Any, value: Any) -> np.ndarray:
    """(q, P + 1): coefficients and constant of expressions that are 0."""
    P = len(fit.names)
    if _is_text(hypothesis):
        if value is not None:
            raise ValueError("value belongs to a matrix; in text write it into the hypothesis: 'x = 2'.")
        parts = (hypothesis,) if isinstance(hypothesis, str) else hypothesis
        vocabulary = _vocabulary(fit)
        return np.concatenate([parse(part, vocabulary, P) for part in parts])
    if value is None and isinstance(hypothesis, tuple) and len(hypothesis) == 2 and np.ndim(hypothesis[0]) > np.ndim(
        hypothesis[1]
    ):
        hypothesis, value = hypothesis
    matrix = np.atleast_2d(_numbers(hypothesis, "the hypothesis"))
    constants = _numbers(0.0 if value is None else value, "value")
    if matrix.ndim != 2 or matrix.shape[1] != P:
        raise ValueError(f"a hypothesis matrix needs {P} columns, one for each of `fit.names`; its shape is "
                         f"{matrix.shape}. Names: {', '.join(fit.names)}.")  # fmt: skip
    if constants.shape not in ((), (len(matrix),)):
        raise ValueError(f"value must be a number or {len(matrix)} of them, one for each row; its shape is "
                         f"{constants.shape}.")  # fmt: skip
    return np.column_stack([matrix, -np.broadcast_to(constants, len(matrix))])


def _is_text(hypothesis: Any) -> bool:
    return isinstance(hypothesis, str) or (
        isinstance(hypothesis, Sequence) and len(hypothesis) > 0 and all(isinstance(h, str) for h in hypothesis)
    )


def _numbers(values: Any, what: str) -> np.ndarray:
    try:
        found = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be text, the names of terms, a matrix, or a pair (matrix, value); it is "
                         f"{values!r}.") from error  # fmt: skip
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{what} must be finite; it has NaN or infinite entries.")
    return found


def _vocabulary(fit: Any) -> dict[str, tuple[int, ...]]:
    """Positions of coefficients by name, and of the columns of terms."""
    terms = {term.name: term.columns for term in all_terms(fit)}
    return terms | {name: (j,) for j, name in enumerate(fit.names)}


def _estimable(fit: Any, rows: np.ndarray, lines: tuple[str, ...], *, skip: bool):
    """Rows without the columns of aliased coefficients. An equation that needs one cannot be tested; if `skip`, one
    that says of it alone that it is zero, as a term does of its columns, is left out with a note."""
    absent = np.setdiff1d(np.arange(len(fit.names)), fit._present)
    needs = rows[:, absent].any(axis=1)
    alone = needs & skip & (np.count_nonzero(rows, axis=1) == 1)
    blocked = needs if needs.all() else needs & ~alone
    if blocked.any():
        aliased = ", ".join(fit.names[j] for j in absent)
        raise ValueError(f"hypothesis '{lines[int(np.argmax(blocked))]}' is about an aliased coefficient, which the "
                         f"data do not determine (aliased: {aliased}). Test the others.")  # fmt: skip
    left = tuple(line for line, out in zip(lines, alone, strict=True) if out)
    notes = (f"Left out, for the coefficient is aliased: {', '.join(left)}.",) if left else ()
    keep = np.flatnonzero(~needs)
    return rows[keep][:, [*fit._present, -1]], tuple(lines[i] for i in keep), notes


def _independent(rows: np.ndarray, lines: tuple[str, ...]) -> list[int]:
    """Positions of the rows that do not follow from earlier ones; raises ValueError where one contradicts them."""
    scale = np.max(np.abs(rows[:, :-1]), axis=0, initial=0.0)
    unit = rows[:, :-1] / np.where(scale > 0, scale, 1.0)
    kept: list[int] = []
    for i, row in enumerate(unit):
        earlier = unit[kept]
        weights = np.linalg.lstsq(earlier.T, row, rcond=None)[0] if kept else np.zeros(0)
        if np.linalg.norm(row - weights @ earlier) > INDEPENDENT * np.linalg.norm(row):
            kept.append(i)
            continue
        implied, size = weights @ rows[kept, -1], np.abs(weights) @ np.abs(rows[kept, -1]) + abs(rows[i, -1])
        if abs(implied - rows[i, -1]) > INDEPENDENT * size:
            raise ValueError(f"the hypothesis contradicts itself: '{lines[i]}' cannot hold together with "
                             f"{', '.join(repr(lines[j]) for j in kept) or 'any coefficients'}.")  # fmt: skip
    if not kept:
        raise ValueError("the hypothesis restricts nothing: every equation in it holds for all coefficients.")
    return kept


def _line(row: np.ndarray, names: Sequence[str]) -> str:
    """2 x - z = 1."""
    words = []
    for j in np.flatnonzero(row[:-1]).tolist():
        size = "" if abs(row[j]) == 1 else f"{number(abs(row[j]))} "
        sign = ("- " if row[j] < 0 else "+ ") if words else ("-" if row[j] < 0 else "")
        words.append(f"{sign}{size}{names[j]}")
    return f"{' '.join(words) or '0'} = {number(0.0 - row[-1])}"
