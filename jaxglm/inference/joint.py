"""The joint problem of a model with an estimated dispersion, and a penalty of its unit dispersion there."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from ..design import Ones
from ..families import Family
from ..links import Fixed
from ..penalties import Penalty
from ..problem import Problem
from ..pytree import pytree


def joint_problem(problem: Problem, family: Family, phi) -> tuple[Problem, int]:
    """A problem at unit dispersion with the dispersion of `family` as one more parameter that all rows share, and its
    position in theta. phi: its maximum likelihood estimate, the scale of a penalty."""
    at = family.predictors.index(family.traits.dispersion)  # type: ignore[arg-type]
    put = lambda parts, new: (*parts[:at], new, *parts[at:])  # noqa: E731
    penalty = None if problem.penalty is None else AtUnitDispersion(problem.penalty, phi)
    designs, offsets = put(problem.designs, Ones(problem.n)), put(problem.offsets, None)
    joint = replace(problem, family=family, designs=designs, offsets=offsets, penalty=penalty)
    return joint, sum(problem.sizes[:at])


@pytree
class AtUnitDispersion(Penalty):
    """A penalty of the problem at unit dispersion, as one of the joint problem in which the dispersion is free: over
    the dispersion phi, so that both have the same coefficients at phi."""

    penalty: Any
    phi: float | jax.Array

    def __call__(self, problem, theta):
        return self.penalty(*self._inner(problem, theta)) / self.phi

    def parts(self, problem, theta):
        value, slope, bend = self.penalty.parts(*self._inner(problem, theta))
        at = self._position(problem)
        wide = lambda a: jnp.insert(a, at, 0.0, axis=0)  # noqa: E731
        return value / self.phi, wide(slope) / self.phi, wide(wide(bend).T) / self.phi

    @property
    def curved(self):  # type: ignore[override]
        return self.penalty.curved

    @property
    def invariant(self):  # type: ignore[override]
        return self.penalty.invariant

    def _position(self, problem) -> int:
        return sum(problem.sizes[: problem.family.predictors.index(problem.family.traits.dispersion)])

    def _inner(self, problem, theta):
        name = problem.family.traits.dispersion
        at = problem.family.predictors.index(name)
        family = problem.family.with_links(**{name: Fixed(1.0)})
        without = lambda parts: parts[:at] + parts[at + 1 :]  # noqa: E731
        unit = replace(problem, family=family, designs=without(problem.designs), offsets=without(problem.offsets))
        return replace(unit, penalty=None), jnp.delete(theta, self._position(problem))
