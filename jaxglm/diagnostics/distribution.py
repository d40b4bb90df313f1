"""The distribution of a response at given parameters: tail probabilities and moments, for any family.

`tails` and `moments` are pure functions of one observation, `tails_at` and `moments_at` their HOST twins for rows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import logsumexp

from ..compiled import program
from ..elementary import exp
from ..families import Family, Support
from ..problem import Problem, rows
from ..quadrature import Nodes, log_density, nodes

CHUNK = 512  # rows of one call: their nodes take some ten megabytes


class Tails(NamedTuple):
    """Logs of P(Y < y), P(Y = y) and P(Y > y), and of their sum: 0 for a density that was resolved."""

    below: Any
    at: Any  # -inf for a continuous response
    above: Any
    mass: Any

    @property
    def cdf(self) -> np.ndarray:
        """P(Y <= y)."""
        return np.exp(np.logaddexp(self.below, self.at))

    @property
    def sf(self) -> np.ndarray:
        """P(Y > y)."""
        return np.exp(self.above)


class Moments(NamedTuple):
    """Mean and variance of the response on its own scale (successes of a pair), and the log of the mass."""

    mean: Any
    variance: Any
    mass: Any


def tails(family: Family, y, eta: tuple) -> Tails:
    """Tail probabilities of one response y, or pair (successes, trials), at linear predictors eta (scalars)."""
    spots, atoms, masses = _outcomes(family, eta, y)
    sides = jnp.concatenate([spots.side, jnp.sign(atoms - _single(y)).astype(int)])
    below, at, above = (logsumexp(jnp.where(sides == s, masses, -jnp.inf)) for s in (-1, 0, 1))
    return Tails(below, at, above, logsumexp(masses))


def moments(family: Family, y, eta: tuple) -> Moments:
    """Mean and variance of the response; of y only the number of trials matters, if it is a pair."""
    spots, atoms, masses = _outcomes(family, eta, y)
    values = jnp.concatenate([_single(spots.y), atoms])
    share = jax.nn.softmax(masses)  # the rounding of the log-likelihood cancels
    mean = _expectation(share, values)
    return Moments(mean, _expectation(share, (values - mean) ** 2), logsumexp(masses))


class Expected(NamedTuple):
    """Expected information of the K linear predictors of one response (K, K), and the log of the mass."""

    information: Any
    mass: Any


def expected(family: Family, y, eta: tuple) -> Expected:
    """Expected information in eta; of y only the number of trials matters, if it is a pair."""
    spots, atoms, masses = _outcomes(family, eta, y)
    values = spots.y if isinstance(y, tuple) else jnp.concatenate([spots.y, atoms])  # pairs have no atoms
    bend, share = rows(Problem(family, values, (), ()), eta).curvature, jax.nn.softmax(masses)
    block = [jnp.stack([-_expectation(share, b) for b in line]) for line in bend]
    return Expected(jnp.stack(block), logsumexp(masses))


def _single(y):
    return y[0] if isinstance(y, tuple) else y


def _expectation(share, values):
    return jnp.sum(jnp.where(share > 0, share * values, 0.0))


def over_distribution(family: Family, y, eta: tuple, functions: Callable) -> tuple:
    """Expectations of functions of the response, a count: functions(ys) returns arrays (G,) at responses ys (G,)."""
    spots, log_mass = _masses(family, eta, y)
    mass = exp(log_mass)
    return tuple(jnp.sum(jnp.where(mass > 0, mass * v, 0.0)) for v in functions(spots.y))


def _outcomes(family: Family, eta: tuple, y) -> tuple[Nodes, jax.Array, jax.Array]:
    """Nodes and single points, and the logs of the probabilities that they stand for, those of the points last."""
    spots, log_mass = _masses(family, eta, y)
    atoms, atom_mass = atoms_of(family, eta, log_mass, _single(y))
    return spots, atoms, jnp.concatenate([log_mass, atom_mass])


def _masses(family: Family, eta: tuple, y) -> tuple[Nodes, jax.Array]:
    """Nodes, and the log of the probability that each stands for."""
    spots = nodes(family, eta, y)
    density = jax.vmap(lambda one: log_density(family, one, eta))(spots.y)
    return spots, jnp.where(jnp.isneginf(spots.log_weight), -jnp.inf, density + spots.log_weight)


def atoms_of(family: Family, eta: tuple, log_mass, like):
    """Single points with a mass of their own, and its log. Where the support names none, it is its ends that may have
    one: what is missing in between tells whether the log-likelihood there is a probability or a density."""
    ends = places_of_mass(family.support)
    atoms = jnp.asarray(ends, jnp.result_type(like))
    if not ends:
        return atoms, jnp.zeros_like(atoms)
    chance = jnp.stack([log_density(family, end, eta) for end in atoms])
    if family.support.atoms:
        return atoms, chance
    missing = 1 - exp(logsumexp(log_mass))
    choices = jnp.asarray([[bool(c >> k & 1) for k in range(len(ends))] for c in range(2 ** len(ends))])
    added = jnp.sum(jnp.where(choices, exp(chance), 0.0), axis=1)
    return atoms, jnp.where(choices[jnp.argmin(jnp.abs(missing - added))], chance, -jnp.inf)


def places_of_mass(support: Support) -> list[float]:
    """Points, in order, that may have a mass of their own: those that the support names, else the ends of a closed
    continuous one."""
    ends = [e for e in (support.low, support.high) if np.isfinite(e) and support.closed and not support.whole]
    return sorted(support.atoms) or ends


_tails = program(jax.vmap(tails, in_axes=(None, 0, 0)))
_moments = program(jax.vmap(moments, in_axes=(None, 0, 0)))
_expected = program(jax.vmap(expected, in_axes=(None, 0, 0)))


def tails_at(family: Family, y, eta) -> Tails:
    """HOST: tail probabilities of every row as NumPy float64 arrays (n,).

    y: (n,), or a pair (successes, trials). eta: for each predictor of the family (n,), or one number for all rows.
    """
    return _by_chunks(_tails, family, y, eta)


def moments_at(family: Family, y, eta) -> Moments:
    """HOST: mean and variance of the response of every row as NumPy float64 arrays (n,); arguments as of `tails_at`."""
    return _by_chunks(_moments, family, y, eta)


def expected_at(family: Family, y, eta) -> Expected:
    """HOST: expected information (n, K, K) of every row as NumPy float64 arrays; arguments as of `tails_at`."""
    return _by_chunks(_expected, family, y, eta)


def _by_chunks(function: Callable, family: Family, y, eta):
    """The function of all rows, in chunks of few sizes: one compiled program serves all of one size."""
    y = tuple(np.asarray(a, float) for a in y) if isinstance(y, tuple) else np.asarray(y, float)
    n = len(y[0] if isinstance(y, tuple) else y)
    if not n:  # the shapes are those of some row
        some = np.full(1, family.support.example)
        found = _by_chunks(function, family, (some, np.ones(1)) if isinstance(y, tuple) else some, (0.0,) * len(eta))
        return jax.tree.map(lambda a: a[:0], found)
    eta = tuple(np.broadcast_to(np.asarray(e, float), n) for e in eta)
    size = min(CHUNK, max(32, 1 << (n - 1).bit_length()))
    family = family.in_arrays
    with jax.enable_x64(True):
        parts = [_part(function, family, (y, eta), start, size, n) for start in range(0, n, size)]
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:n], *parts)


def _part(function: Callable, family: Family, rows, start: int, size: int, n: int):
    index = np.minimum(np.arange(start, start + size), n - 1)  # filled up with the last row
    return jax.device_get(function(family, *jax.tree.map(lambda a: a[index], rows)))
