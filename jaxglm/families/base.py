"""A family is its log-likelihood of one observation. Everything that this file derives comes from that function."""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from math import inf
from typing import Any, ClassVar, Self, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np

from ..links import Fixed, Identity, Interval, Link, Parameter, eta_interval, is_constrained
from ..pytree import pytree, static
from .support import Support, reals
from .tails import integrated_tails
from .traits import Traits, find_traits, is_canonical


class Family:
    """Base of all families: named parameters, each with a link, and `loglik(y, *parameters)` of one observation."""

    support: ClassVar[Support] = reals
    absorbs_intercept: ClassVar[bool] = False  # whether further parameters do what an intercept would
    ranges: ClassVar[dict[str, Interval]] = {}  # of numbers that are no parameters: between what they must lie
    parts: ClassVar[tuple["Family", ...]] = ()  # families that this one is made of
    is_density: ClassVar[bool] = True  # False for a quasi-likelihood, whose exponential adds up to nothing

    def loglik(self, y, *parameters: Parameter):
        """Log-density of one observation, a scalar, with all constants."""
        raise AttributeError(f"{self.name} needs a method loglik(y, {', '.join(self.parameters)})")

    @property
    def tied(self) -> int | None:
        """Number of tied predictors of the first parameter, where an observation is a set of as many rows, the
        alternatives of a choice."""
        return None

    def with_tied(self, number: int) -> Self:
        """The family of sets of at most so many rows; itself where an observation is one row."""
        return self

    def check_single(self, what: str) -> None:
        """Raises ValueError where an observation is a set of rows, which `what` are not made for."""
        if self.tied is not None:
            raise ValueError(f"{what} are of observations that are one row each; those of {self.name} are sets of rows."
                             " predictions() has the probability of each alternative.")

    def check_links(self) -> None:
        """Raises ValueError for a parameter that is no link."""
        for name, link in zip(self.parameters, self.links, strict=True):
            if not isinstance(link, Link):
                raise ValueError(f"{name} of {self.name} must be a link; where its value is known, Fixed({link!r}).")

    def check_numbers(self) -> None:
        """Raises ValueError for a known number that is outside of its interval, and for a parameter that is no link. On
        the host: numbers may be arrays, but not traced."""
        self.check_links()
        for part in self.parts:
            part.check_numbers()
        for name, (low, high) in self.ranges.items():
            value = getattr(self, name)
            if not np.all((low < np.asarray(value)) & (np.asarray(value) < high)):
                raise ValueError(f"{name} of {self.name} must be strictly between {low:g} and {high:g}; it is "
                                 f"{value!r}.")
        for name, link, (low, high) in zip(self.parameters, self.links, self.intervals, strict=True):
            known = link.value if isinstance(link, Fixed) else None
            if known is not None and not np.all((low <= np.asarray(known)) & (np.asarray(known) <= high)):
                raise ValueError(f"{name} of {self.name} must be from {low:g} to {high:g}; Fixed has {known!r}.")

    def check_density(self, what: str) -> None:
        """Raises ValueError where there is no distribution, which `what` needs."""
        if not self.is_density:
            raise ValueError(f"{what} need a distribution, which {self.name} does not have: only its mean and variance "
                             "are modelled. Fit a family that is a distribution.")

    def log_tails(self, y, *parameters: Parameter):
        """(log P(Y <= y), log P(Y > y)): sums or quadratures of the density, unless the family has a closed form."""
        return integrated_tails(lambda t: self.loglik(t, *parameters), self.support, y)

    @property
    def name(self) -> str:
        return type(self).__name__

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters; the first is the mean or location."""
        return tuple(f.name for f in dataclasses.fields(self) if isinstance(f.default, Link))  # type: ignore[arg-type]

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each parameter may be: the image of its default link."""
        defaults = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return tuple(defaults[name].image for name in self.parameters)  # type: ignore[union-attr]

    @cached_property
    def links(self) -> tuple[Link, ...]:
        return tuple(getattr(self, name) for name in self.parameters)

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """Names of the parameters that have a linear predictor, in order: those that are not Fixed."""
        return tuple(n for n, link in zip(self.parameters, self.links, strict=True) if not isinstance(link, Fixed))

    @property
    def regressed(self) -> tuple[str, ...]:
        """Parameters that follow the formula of the first where they have none of their own; further ones are shared by
        all rows."""
        return self.parameters[:1]

    def with_links(self, **links: Link) -> Self:
        """The same family with other links."""
        return dataclasses.replace(self, **links)  # type: ignore[type-var]

    def shared_starts(self, mean: Callable) -> tuple[tuple, ...] | None:
        """Candidates for the linear predictors of the parameters beyond the first, to begin from; None if a search has
        to find some.

        mean: (function of y) -> its average over the rows.
        """
        return None

    def easier(self) -> tuple[Self, ...]:
        """Families of the same form with other numbers, each nearer to this one: the maximum of one is the start of the
        next, and that of the last the start of the fit. For a log-likelihood that is too sharp to begin with."""
        return ()

    @cached_property
    def canonical(self) -> bool:
        """Whether the curvature in the first predictor does not depend on y, so that its observed and its expected
        information are the same. False for a link with numbers in it, which may be traced."""
        link = self.links[0]
        known = self.traits.edm and bool(self.traits.precisions) and not jax.tree.leaves(link)
        return known and is_canonical(link, self.traits)

    def with_levels(self, levels: tuple[str, ...]) -> Self:
        """The family of a response with these classes; of itself for a response of numbers."""
        return self

    def views(self, eta: tuple) -> tuple[Parameter, ...]:
        """Parameter views at the predictors eta, one entry for each name in `predictors`."""
        given = iter(eta)
        like = eta[0] if eta else jnp.zeros(())
        return tuple(Parameter(k, like if isinstance(k, Fixed) else next(given)) for k in self.links)

    @cached_property
    def constrained(self) -> bool:
        """Whether some linear predictor can leave the parameter space, as in Poisson with identity link."""
        return any(is_constrained(k, i) for k, i in zip(self.links, self.intervals, strict=True))

    def eta_intervals(self):
        """Allowed open interval of each linear predictor."""
        pairs = zip(self.links, self.intervals, strict=True)
        return tuple(eta_interval(k, i) for k, i in pairs if not isinstance(k, Fixed))

    @property
    def density(self):
        """What identifies the log-likelihood apart from links and numbers."""
        return type(self)

    @cached_property
    def dispersion(self) -> str | None:
        """Name of the parameter that only scales the score, so that the coefficients of the mean do not depend on it;
        none where a further parameter is free, which does depend on it."""
        others = [n for n in self.predictors[1:] if n != self.traits.dispersion]
        return None if others else self.traits.dispersion

    @cached_property
    def at_unit_dispersion(self) -> Self:
        """The same family with its dispersion, if it has one, fixed at 1."""
        return self.with_links(**{self.dispersion: Fixed(1.0)}) if self.dispersion else self

    @cached_property
    def in_arrays(self) -> Self:
        """The same family with its numbers as arrays of the host: to JAX a plain number is of another type, and so of
        another program. One object for all fits, which knows its traits."""
        return jax.tree.map(lambda v: np.asarray(v, float), self) if jax.tree.leaves(self) else self

    def link_of(self, name: str) -> Link:
        """Link of the parameter of this name."""
        return self.links[self.parameters.index(name)]

    @cached_property
    def is_glm(self) -> bool:
        """Whether this is an exponential dispersion model of which only the mean has a predictor."""
        return self.traits.edm and len(self.predictors) == 1

    @cached_property
    def traits(self) -> Traits:
        """What autodiff finds out about the log-likelihood; links do not matter for it, nor do numeric fields."""
        plain = {f.name: 0.7 for f in dataclasses.fields(self) if _is_number(f, getattr(self, f.name))}  # type: ignore[arg-type]
        bare = dataclasses.replace(self, **plain)  # type: ignore[type-var]
        return find_traits(self.density, bare.with_links(**dict.fromkeys(self.parameters, Identity())), self.intervals)

    @staticmethod
    def from_loglik(loglik: Callable, support: Support = reals, name: str | None = None, **links: Link) -> "Family":
        """A family from a function `loglik(y, *parameters)`; the keywords name its parameters and their links."""
        title = name or getattr(loglik, "__name__", "custom")
        pairs = tuple(links.items())
        return FunctionFamily(tuple(k for _, k in pairs), tuple(n for n, _ in pairs), loglik, support, title)


def _is_number(f: dataclasses.Field, value) -> bool:
    return not f.metadata.get("static") and not isinstance(value, Link | tuple)


AnyFamily = Any  # a Family: type checkers do not see that the decorator makes one


def inside(family: Family, mean):
    """The mean clipped into the open interval of the parameter: at its ends the score would be infinite."""
    low, high = family.intervals[0]
    info = jnp.finfo(mean.dtype)
    floor = low + info.tiny if low > -inf else -info.max
    return jnp.clip(mean, floor, high - info.epsneg if high < inf else info.max)


@dataclass_transform(frozen_default=True)
def family(cls):
    """Class decorator: the fields are parameters with their default links (or numbers), `loglik` is the density.

    Raises: TypeError where there is no `loglik` or no parameter with a link.
    """
    body = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
    made: Any = pytree(type(cls.__name__, (Family, *(b for b in cls.__bases__ if b is not object)), body))
    if "loglik" not in body:
        raise TypeError(f"family {cls.__name__} needs loglik(self, y, ...): the log-density of one observation")
    if not any(isinstance(f.default, Link) for f in dataclasses.fields(made)):
        raise TypeError(f"family {cls.__name__} needs a parameter with a link, such as `mu: Link = Log()`")
    return made


@pytree
class FunctionFamily(Family):
    """A family whose log-likelihood is a plain function; see `Family.from_loglik`."""

    link_values: tuple[Link, ...]
    names: tuple[str, ...] = static()
    function: Callable = static()
    support: Support = static(default=reals)  # type: ignore[misc]
    title: str = static(default="custom")

    def loglik(self, y, *parameters):
        return self.function(y, *parameters)

    @property
    def name(self):
        return self.title

    @property
    def parameters(self):  # type: ignore[override]
        return self.names

    @property
    def intervals(self):  # type: ignore[override]
        return tuple((0.0, inf) if isinstance(k, Fixed) else k.image for k in self.link_values)

    @property
    def links(self):
        return self.link_values

    @property
    def density(self):
        return self.function

    def with_links(self, **links):
        values = tuple(links.get(n, k) for n, k in zip(self.names, self.link_values, strict=True))
        return dataclasses.replace(self, link_values=values)
