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
    """Terms of the model without its intercepts: those of the formulas; for arrays each column is one.

    groups: {term: names of its columns}, in place of that; a column that is in none is a term of its own.
    A term of a formula that several predictors follow has columns in each. Parameters that all rows share are in no
    term.
    """
    slices = _own(fit) if groups is None else _grouped(fit.names, groups)
    apart = _apart(fit)
    return tuple(Term(name, columns, frozenset(factors)) for name, columns, factors in slices
                 if not apart.issuperset(columns))  # fmt: skip


def _own(fit: Any) -> list[tuple]:
    """(name, positions, factors) of the terms of each formula; one of a further parameter has its name before it."""
    own = set(fit.frame.modelled)
    found: dict[str, tuple] = {}
    for predictor, start in _placed(fit):
        label = f"{predictor.parameter}: " if predictor.parameter in own else ""
        for term in predictor.part.encode.terms:
            name = label + term.term
            factors = [label + f for f in term.factors]
            before = found.get(name, (name, (), factors))[1]
            found[name] = name, before + tuple(start + j for j in term.positions), factors
    return list(found.values())


def _placed(fit: Any) -> list[tuple]:
    """Predictors that have columns, with the position of their first in `fit.names`."""
    starts = np.cumsum([0, *(len(p.names) for p in fit.parts)])
    return [(p, int(start)) for p, start in zip(fit.parts, starts, strict=False) if not p.shared]


def _apart(fit: Any) -> set[int]:
    """Positions of the intercepts, and of the parameters that all rows share."""
    placed = _placed(fit)
    in_designs = {start + j for p, start in placed for j in range(len(p.names))}
    constant = {start + j for p, start in placed for j in range(len(p.names)) if _is_constant(p.part, j)}
    return constant | (set(range(len(fit.names))) - in_designs)


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


def _is_constant(part: Any, j: int) -> bool:
    """The intercept; a column of one value in an array model serves as one."""
    if part.formula is not None:
        return part.names[j] == "Intercept"
    column = part.X[:, j]
    return bool(column[0] != 0 and np.all(column == column[0]))


def droppable(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Terms that no other term contains: a main effect stays while its interaction is there.

    Source: Nelder (1977), J. R. Statist. Soc. A 140.
    """
    return tuple(t for t in terms if not any(t.factors < other.factors for other in terms))
