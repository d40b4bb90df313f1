"""What families made of others share: the parameters of their parts, then their own."""

import dataclasses
from collections.abc import Callable
from functools import cached_property, wraps

from ...links import Link
from ..base import Family, Traits


class Combinator(Family):
    """A family whose fields are families, links of its own parameters, and static numbers.

    Parameters of a single part keep their names; those of several get the number of the part, as in mu1, mu2. An own
    parameter whose name is taken gets the next free number: pi, pi2.
    """

    @cached_property
    def parts(self) -> tuple[Family, ...]:  # type: ignore[override]
        values = (getattr(self, f.name) for f in dataclasses.fields(self))  # type: ignore[arg-type]
        return tuple(v for v in values if isinstance(v, Family))

    @cached_property
    def _places(self) -> dict[str, tuple[str, str]]:
        """For each parameter the field that it lies in, and its name inside a part ("" where it is the field)."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        inner = [f.name for f in fields if isinstance(getattr(self, f.name), Family)]
        several = len(inner) > 1
        pairs = ((i, field, name) for i, field in enumerate(inner, 1) for name in getattr(self, field).parameters)
        places = {f"{name}{i}" if several else name: (field, name) for i, field, name in pairs}
        for f in fields:
            if isinstance(f.default, Link):
                places[_free_name(f.name, places)] = (f.name, "")
        return places

    @property
    def parameters(self):  # type: ignore[override]
        return tuple(self._places)

    @cached_property
    def links(self):  # type: ignore[override]
        return tuple(
            getattr(self, field).link_of(name) if name else getattr(self, field)
            for field, name in self._places.values()
        )

    @cached_property
    def intervals(self):  # type: ignore[override]
        own = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        inner = [i for part in self.parts for i in part.intervals]
        return (*inner, *(own[field].image for field, name in self._places.values() if not name))  # type: ignore[union-attr]

    def with_links(self, **links: Link):
        changed = {}
        for field in dict.fromkeys(field for field, _ in self._places.values()):
            mine = {inner: links[n] for n, (where, inner) in self._places.items() if where == field and n in links}
            if mine:
                changed[field] = mine[""] if "" in mine else getattr(self, field).with_links(**mine)
        return dataclasses.replace(self, **changed)  # type: ignore[type-var]

    @property
    def traits(self) -> Traits:  # type: ignore[override]
        """The first parameter is that of a part, which is not the mean of the whole."""
        return Traits(edm=False, dispersion=None)

    @property
    def name(self):
        return f"{type(self).__name__}({', '.join(part.name for part in self.parts)})"


def of_distributions(make: Callable) -> Callable:
    """A function that makes one family of others; raises ValueError where one of them is not a distribution."""

    @wraps(make)
    def checked(*parts, **more):
        for part in parts:
            if isinstance(part, Family):
                part.check_density(f"the parts of {make.__name__}(...)")
        return make(*parts, **more)

    return checked


def _free_name(name: str, taken) -> str:
    """The name, or with the first number from 2 on that makes it a new one."""
    tries = (name, *(f"{name}{i}" for i in range(2, len(taken) + 3)))
    return next(t for t in tries if t not in taken)
