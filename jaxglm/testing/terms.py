"""HOST: which columns belong to which term of a model, and which terms may be dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..frame.tables import near


@dataclass(frozen=True)
class Term:
    """Columns that enter and leave a model together."""

    name: str
    columns: tuple[int, ...]  # positions in `fit.names`
    factors: frozenset[str]  # x:C(g) has x and C(g)


def all_terms(fit: Any, groups: Mapping[str, Sequence[str]] | None = None) -> tuple[Term, ...]:
    """Terms of the model without its intercept: those of the formula; for arrays each column is one.

    groups: {term: names of its columns}, in place of that; a column that is in none is a term of its own.
    Parameters that all rows share are in no term.
    """
    names = fit.frame.names
    slices = _grouped(names, groups) if groups is not None else _own(fit.frame)
    constant = {j for j, name in enumerate(names) if _is_constant(fit.frame, j, name)}
    return tuple(Term(name, columns, frozenset(factors)) for name, columns, factors in slices
                 if not constant.issuperset(columns))  # fmt: skip


def _own(frame: Any) -> list[tuple]:
    if frame.formula is None:
        return [(name, (j,), name.split(":")) for j, name in enumerate(frame.names)]
    slices = frame.encode.spec.term_slices.items()
    return [(str(term), tuple(range(s.start, s.stop)), [f.expr for f in term.factors]) for term, s in slices]


def _grouped(names: tuple[str, ...], groups: Mapping[str, Sequence[str]]) -> list[tuple]:
    position = {name: j for j, name in enumerate(names)}
    taken: dict[int, str] = {}
    for term, members in groups.items():
        for member in (members,) if isinstance(members, str) else members:
            _check_member(member, term, position, taken)
            taken[position[member]] = term
    owner = [taken.get(j, name) for j, name in enumerate(names)]
    listed = dict.fromkeys(owner)
    return [(term, tuple(j for j, o in enumerate(owner) if o == term), term.split(":")) for term in listed]


def _check_member(member: str, term: str, position: dict[str, int], taken: dict[int, str]) -> None:
    if member not in position:
        raise ValueError(f"terms: {term!r} lists {member!r}, which is no column of the model."
                         f"{near(str(member), tuple(position))} Columns: {', '.join(position)}.")
    if position[member] in taken:
        raise ValueError(f"terms: the column {member!r} is in {taken[position[member]]!r} and in {term!r}; "
                         "a column belongs to one term.")


def _is_constant(frame: Any, j: int, name: str) -> bool:
    """The intercept; a column of one value in an array model serves as one."""
    if frame.formula is not None:
        return name == "Intercept"
    column = frame.X[:, j]
    return bool(column[0] != 0 and np.all(column == column[0]))


def droppable(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Terms that no other term contains: a main effect stays while its interaction is there.

    Source: Nelder (1977), J. R. Statist. Soc. A 140.
    """
    return tuple(t for t in terms if not any(t.factors < other.factors for other in terms))
