"""Families of classes: y holds the number of the class, 0, 1, ...; the front door turns labels into these numbers."""

import dataclasses
from typing import Self

import jax.numpy as jnp
from jax import lax

from ..elementary import exp, expm1, log
from ..links import Identity, Interval, Link, Logit, Parameter
from ..pytree import pytree, static
from .base import Family, Traits
from .support import Choices, Classes

RARE = 1e-3  # share of a class that a search begins with at least
FAR = 10.0  # of a cutpoint that takes no part
REAL: Interval = (-float("inf"), float("inf"))


class Categorical(Family):
    """Base: the levels are known when the response is, and say how many parameters there are."""

    levels: tuple[str, ...]

    @property
    def support(self) -> Classes:  # type: ignore[override]
        return Classes.of(self.levels)

    def with_levels(self, levels: tuple[str, ...]) -> Self:
        """The family of a response with these classes, if it does not have its own."""
        return self if self.levels else dataclasses.replace(self, levels=tuple(levels))  # type: ignore[type-var]


@pytree
class Multinomial(Categorical):
    """Classes without an order: log(P(class) / P(first class)), a predictor for each further class."""

    levels: tuple[str, ...] = static(default=())  # type: ignore[misc]
    own_links: tuple[Link, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.levels[1:]

    @property
    def regressed(self):
        return self.parameters

    @property
    def links(self) -> tuple[Link, ...]:  # type: ignore[override]
        return self.own_links or (Identity(),) * len(self.parameters)

    @property
    def intervals(self) -> tuple[Interval, ...]:  # type: ignore[override]
        return (REAL,) * len(self.parameters)

    def with_links(self, **links: Link) -> "Multinomial":
        pairs = zip(self.parameters, self.links, strict=True)
        return dataclasses.replace(self, own_links=tuple(links.get(n, k) for n, k in pairs))

    def shared_starts(self, mean):
        return ((0.0,) * (len(self.predictors) - 1),)

    def loglik(self, y, *parameters):
        eta = jnp.stack([jnp.zeros_like(parameters[0].value), *(p.value for p in parameters)])
        largest = jnp.max(eta)
        return _of_class(eta, y) - largest - log(jnp.sum(exp(eta - largest)))


@pytree
class ConditionalLogit(Family):
    """The choice of one alternative from a set: P(k) is in proportion to exp(utility of k). The utilities are tied
    predictors: each alternative has columns of its own, the coefficients are common.

    y: the number of the chosen alternative; or a pair of it and the number of alternatives, which stand first.
    Source: McFadden (1974), Conditional logit analysis of qualitative choice behavior.
    """

    utility: Link = Identity()
    alternatives: int = static(default=2)  # type: ignore[misc]
    absorbs_intercept = True

    @property
    def support(self) -> Choices:  # type: ignore[override]
        return Choices("the number of an alternative", high=self.alternatives - 1.0)

    @property
    def tied(self) -> int:
        return self.alternatives

    def with_tied(self, number: int) -> "ConditionalLogit":
        return dataclasses.replace(self, alternatives=number)

    @property
    def traits(self) -> Traits:  # type: ignore[override]
        return Traits(edm=False, dispersion=None)

    def loglik(self, y, utility: Parameter):
        chosen, size = y if isinstance(y, tuple) else (y, self.alternatives)
        there = jnp.arange(self.alternatives) < size
        largest = lax.stop_gradient(jnp.max(jnp.where(there, utility.value, -jnp.inf)))
        eta = jnp.where(there, utility.value - largest, 0.0)
        return _of_class(eta, chosen) - log(jnp.sum(jnp.where(there, exp(eta), 0.0)))


class Ordered(Categorical):
    """Base of classes in an order: mu shifts them all, a cutpoint stands between each two neighbours. The cutpoints
    take the place of an intercept. A formula for a cutpoint relaxes proportional odds there."""

    mu: Link
    cuts: tuple[Link, ...]
    absorbs_intercept = True

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("mu", *(f"{a}|{b}" for a, b in zip(self.levels, self.levels[1:], strict=False)))

    @property
    def links(self) -> tuple[Link, ...]:  # type: ignore[override]
        return (self.mu, *(self.cuts or (Identity(),) * (len(self.parameters) - 1)))

    @property
    def intervals(self) -> tuple[Interval, ...]:  # type: ignore[override]
        return (self.mu.image, *(REAL,) * (len(self.parameters) - 1))

    def with_links(self, **links: Link) -> Self:
        mu, *cuts = (links.get(n, k) for n, k in zip(self.parameters, self.links, strict=True))
        return dataclasses.replace(self, mu=mu, cuts=tuple(cuts))  # type: ignore[type-var]

    def shared_starts(self, mean):
        """Cutpoints of the model without covariates. A class of no row has a share, too: at its own, none, everything
        is flat, and a search would end where it begins."""
        found = [mean(lambda y, k=k: y == k) for k in range(len(self.levels))]
        shares = [jnp.maximum(share, RARE) for share in found]
        below = [sum(shares[: k + 1]) / sum(shares) for k in range(len(self.levels) - 1)]
        free = [k for k, name in enumerate(self.parameters[1:]) if name in self.predictors]
        return (tuple(self._cut(below, k) + self._lift(found, k) for k in free),)

    def _lift(self, found: list, k: int):
        """What cutpoint k begins above its share, by the shares of the classes that were found."""
        return 0.0

    def _cut(self, below: list, k: int):
        """Cutpoint k at which the shares of responses `below` each cutpoint are those of the sample."""
        return self.mu.forward(below[k])


@pytree
class Ordinal(Ordered):
    """Cumulative model: link(P(y <= k)) = cutpoint_k - mu. With a logit: proportional odds.

    Source: McCullagh (1980), JRSS B 42.
    """

    mu: Link = Logit()
    levels: tuple[str, ...] = static(default=())  # type: ignore[misc]
    cuts: tuple[Link, ...] = ()

    def _lift(self, found, k):
        """Below a class of no row between two others a cutpoint begins out of order: the next one stands for both."""
        return jnp.where(found[k + 1] == 0, FAR, 0.0) if k + 2 < len(found) else 0.0

    def loglik(self, y, mu, *cuts):
        c = jnp.stack([c.value for c in cuts]) - mu.eta
        last = len(self.levels) - 1
        lowest, highest = y == 0, y == last
        upper, lower = _lowest_from(c, jnp.minimum(y, last - 1)), _lowest_from(c, jnp.maximum(y - 1, 0))
        ordered = lowest | highest | (upper > lower)
        low = jnp.where(lowest | ~ordered, upper - 1, lower)
        high = jnp.where(highest, lower + 1, upper)
        return jnp.where(ordered, _log_between(mu.link, low, high, lowest, highest), -jnp.inf)


@pytree
class ContinuationRatio(Ordered):
    """Sequential model: link(P(y = k | y >= k)) = cutpoint_k - mu."""

    mu: Link = Logit()
    levels: tuple[str, ...] = static(default=())  # type: ignore[misc]
    cuts: tuple[Link, ...] = ()

    def loglik(self, y, mu, *cuts):
        c = jnp.stack([c.value for c in cuts]) - mu.eta
        k = jnp.arange(len(cuts))
        return jnp.sum(jnp.where(k < y, mu.link.log1m_inverse(c), 0.0)) + jnp.sum(
            jnp.where(k == y, mu.link.log_inverse(c), 0.0)
        )

    def _cut(self, below, k):
        at_least = 1.0 - below[k - 1] if k else 1.0
        return self.mu.forward((below[k] - (below[k - 1] if k else 0.0)) / at_least)


@pytree
class AdjacentCategory(Ordered):
    """Adjacent classes: log(P(y = k) / P(y = k + 1)) = cutpoint_k - mu."""

    mu: Link = Identity()
    levels: tuple[str, ...] = static(default=())  # type: ignore[misc]
    cuts: tuple[Link, ...] = ()

    def loglik(self, y, mu, *cuts):
        steps = mu.value - jnp.stack([c.value for c in cuts])
        eta = jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps)])
        largest = jnp.max(eta)
        return _of_class(eta, y) - largest - log(jnp.sum(exp(eta - largest)))

    def _cut(self, below, k):
        own = below[k] - (below[k - 1] if k else 0.0)
        following = (below[k + 1] if k + 1 < len(below) else 1.0) - below[k]
        return log(own / following)


def _lowest_from(cuts, k):
    """The lowest of the cutpoints k, k + 1, ...: cutpoint k where they are in order. Where they are not, a class of no
    row would have a negative probability, which the others would gain; so it has none, whatever its cutpoint."""
    beyond = jnp.where(jnp.arange(cuts.shape[0]) >= k, lax.stop_gradient(cuts), jnp.inf)
    return _of_class(cuts, jnp.argmin(beyond))


def _of_class(values, y):
    """The value of class y. A sum, not an index: its derivative is no scatter."""
    return jnp.sum(jnp.where(jnp.arange(values.shape[0]) == y, values, 0.0))


def _log_between(link: Link, low, high, lowest, highest):
    """log(F(high) - F(low)) for low < high, from the tail that keeps its digits; F(low) is 0 where `lowest`, F(high) is
    1 where `highest`."""
    left = ~highest & (lowest | (link.inverse((low + high) / 2) < 0.5))
    outer = jnp.where(left, link.log_inverse(high), link.log1m_inverse(low))
    inner = jnp.where(left, link.log_inverse(low), link.log1m_inverse(high))
    return outer + jnp.where(lowest | highest, 0.0, log(-expm1(inner - outer)))
