"""HOST: tables of the distribution function of each row, and what is read off them: quantiles and random responses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..diagnostics import tails_at
from ..diagnostics.distribution import atoms_of, places_of_mass
from ..families import Family
from ..problem import row_loglik

TABLE = 1 << 22  # elements of a table of densities: rows times points
MOST_COUNTS = 1 << 16  # a table of 256 rows is then 128 MB
MISSED = 1e-9  # probability beyond the largest count of a table
POINTS, SEARCHES = 2049, 8  # of the final grid of a continuous density, and of the search for where its mass is
DEPTH = 45.0  # log-density below its maximum at which a density is cut off
POLISH = 4  # Newton steps from the value of the table; each doubles its digits


class Table(NamedTuple):
    """Distribution functions of some rows: `chance` (rows, G) at `points` of what has no mass of its own at a point,
    and the masses (rows, A) of the points that have."""

    rows: slice
    points: np.ndarray
    chance: np.ndarray
    masses: np.ndarray

    @property
    def total(self) -> np.ndarray:
        return self.chance[:, -1] + self.masses.sum(axis=1)

    def at(self, family: Family, row: int, u):
        """Responses of a row of the table where its distribution function reaches the share u of its total."""
        points, chance, left = self.points[row], self.chance[row], u * self.total[row]
        smooth = lambda left: _at_chance(family, points, chance, left)  # noqa: E731
        found = smooth(left)
        for atom, mass in zip(places_of_mass(family.support), self.masses[row], strict=True):
            below = _chance_at(family, points, chance, atom)
            beyond = left >= below
            left = np.where(beyond, left - mass, left)
            found = np.where(beyond, np.where(left > below, smooth(left), atom), found)
        return found


def _at_chance(family: Family, points, chance, u):
    """Where the distribution function of one row reaches u, by its points."""
    if family.support.whole:
        return points[np.searchsorted(chance[:-1], u, side="right")]
    return _response(family, np.interp(u, chance, points))


def _chance_at(family: Family, points, chance, atom: float) -> float:
    """What of one row lies below an atom, beside other atoms."""
    if family.support.whole:
        return float(np.append(0.0, chance)[np.searchsorted(points, atom)])
    return float(np.interp(_place(family, atom), points, chance))


def tables(family: Family, eta, trials) -> Iterator[Table]:
    """Tables of blocks of rows."""
    n = len(eta[0])
    block = 256 if family.support.whole else max(TABLE // (4 * POINTS), 1)
    for start in range(0, n, block):
        at = slice(start, min(start + block, n))
        index = np.minimum(np.arange(start, start + block), n - 1)  # filled up: another length would compile anew
        part = tuple(jnp.asarray(e[index]) for e in eta)
        if family.support.whole:
            points, chance = _counts(family, part, None if trials is None else trials[index])
        else:
            points, chance = _continuous(family, part)
        masses = _masses(family, part, chance[:, -1])
        yield Table(at, *(a[: at.stop - start] for a in (points, chance, masses)))


# --- counts


def _counts(family: Family, eta, trials):
    """Every count up to one beyond which there is next to nothing."""
    if trials is not None:
        top = int(family.support.most(trials).max())
    elif family.support.high < np.inf:
        top = int(family.support.high)
    else:
        top = 63
    low = int(family.support.low)
    while True:
        y = np.broadcast_to(np.arange(low, top + 1.0), (len(eta[0]), top + 1 - low))
        chance = np.cumsum(np.exp(_count_density(family, y, eta, trials)), axis=1)
        enough = trials is not None or family.support.high < np.inf or np.all(chance[:, -1] > 1 - MISSED)
        if enough or top > MOST_COUNTS:
            return y, chance
        top = 2 * top + 1


def _count_density(family: Family, y, eta, trials):
    if trials is None:
        return np.asarray(_density(family, y, eta))
    inside = y <= family.support.most(trials)[:, None]
    pair = (np.where(inside, y, 0.0), np.broadcast_to(trials[:, None], y.shape))
    return np.where(inside, _density(family, pair, eta), -np.inf)


@jax.jit
def _density(family, y, eta):
    """Log-densities (rows, G), -inf where they are NaN."""
    row = lambda y, eta: jax.vmap(lambda one: row_loglik(family, one, eta))(y)  # noqa: E731
    found = jax.vmap(row)(y, eta)
    return jnp.where(jnp.isnan(found), -jnp.inf, found)


# --- continuous responses, on an axis u that runs over all reals


def _continuous(family: Family, eta):
    """A grid over the mass of each density, found by ever closer looks, and the distribution function on it."""
    half = {"both": 60.0, "one": 200.0, "none": 34.0}[_ends(family)]
    low, high = np.full(len(eta[0]), -half), np.full(len(eta[0]), half)
    for _ in range(SEARCHES):
        u, log_density = _look(family, eta, low, high, 257)
        high_enough = log_density > np.max(log_density, axis=1, keepdims=True) - DEPTH
        first, last = np.argmax(high_enough, axis=1), 256 - np.argmax(high_enough[:, ::-1], axis=1)
        rows = np.arange(len(u))
        low, high = u[rows, np.maximum(first - 1, 0)], u[rows, np.minimum(last + 1, 256)]
    u, log_density = _look(family, eta, low, high, POINTS)
    density, step = np.exp(log_density), np.diff(u, axis=1)
    steps = np.cumsum((density[:, 1:] + density[:, :-1]) / 2 * step, axis=1)
    return u, np.pad(steps, ((0, 0), (1, 0)))


def _masses(family: Family, eta, inside):
    """Probabilities (rows, A) of the single points that may have a mass of their own."""
    if not places_of_mass(family.support):
        return np.zeros((len(inside), 0))
    return np.exp(np.asarray(_atoms(family, eta, np.log(inside)[:, None], inside)))


@jax.jit
def _atoms(family, eta, log_mass, like):
    return jax.vmap(lambda eta, log_mass, like: atoms_of(family, eta, log_mass, like)[1])(eta, log_mass, like)


def _look(family, eta, low, high, points: int):
    """Grid (rows, points) in u, and the log-density of u on it."""
    u = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, points)
    y = _response(family, u)
    inside = (y > family.support.low) & (y < family.support.high)
    density = np.asarray(_density(family, np.where(inside, y, family.support.example), eta))
    return u, np.where(inside, density + _log_slope(family, u), -np.inf)


def _ends(family: Family) -> str:
    """How many ends of the support are infinite."""
    infinite = np.isinf([family.support.low, family.support.high])
    return "both" if infinite.all() else "one" if infinite.any() else "none"


def _response(family: Family, u):
    low, high = family.support.low, family.support.high
    if _ends(family) == "both":
        return np.sinh(u)
    if _ends(family) == "one":
        return low + np.exp(u) if np.isinf(high) else high - np.exp(-u)
    return low + (high - low) / (1 + np.exp(-u))


def _place(family: Family, y: float) -> float:
    """Where on the axis a response is."""
    low, high = family.support.low, family.support.high
    if _ends(family) == "both":
        return float(np.arcsinh(y))
    with np.errstate(divide="ignore"):
        from_low, from_high = np.log(np.maximum(y - low, 0.0)), -np.log(np.maximum(high - y, 0.0))
    return float(from_low if high == np.inf else from_high if low == -np.inf else from_low + from_high)


def _log_slope(family: Family, u):
    if _ends(family) == "both":
        return np.log(np.cosh(u))
    if _ends(family) == "one":
        return u if np.isinf(family.support.high) else -u
    return np.log(family.support.high - family.support.low) - np.logaddexp(0, u) - np.logaddexp(0, -u)


# --- quantiles


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of the distributions of rows, from tables that are made once."""

    family: Family
    eta: tuple[np.ndarray, ...]
    blocks: list[Table]

    @classmethod
    def of(cls, family: Family, eta: tuple, trials=None) -> "Quantiles":
        """Raises: ValueError where a density does not add up to one."""
        with jax.enable_x64(True):
            blocks = list(tables(family, list(eta), trials))
        for table in blocks:
            check_mass(family.name, table)
        return cls(family, tuple(eta), blocks)

    def near(self, q: np.ndarray) -> np.ndarray:
        """The smallest response of each row whose distribution function is q (n,) or more, as near as the table has it:
        six digits of a continuous one, all of a whole number."""
        found = np.empty(len(q))
        for table in self.blocks:
            found[table.rows] = [table.at(self.family, row, p) for row, p in enumerate(q[table.rows])]
        return found

    def __call__(self, q: np.ndarray) -> np.ndarray:
        """As `near`, to rounding error."""
        found = self.near(q)
        return found if self.family.support.whole else _polished(self.family, found, self.eta, q)


def _polished(family: Family, y, eta, q):
    """Newton's steps on the distribution function itself, inside the support."""
    low, high = family.support.low, family.support.high
    between = (y > low) & (y < high) & ~np.isin(y, places_of_mass(family.support))
    for _ in range(POLISH):
        at = tails_at(family, y, eta)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = (q - at.cdf) / np.exp(log_densities(family, y, eta))
        moved = y + np.where(np.isfinite(step), step, 0.0)
        y = np.where(between & (moved > low) & (moved < high), moved, y)
    return y


def log_densities(family: Family, y: Any, eta: tuple) -> np.ndarray:
    """Log-likelihood of one response of each row, -inf where it is NaN."""
    one = lambda a: np.asarray(a, float)[:, None]  # noqa: E731
    with jax.enable_x64(True):
        given = tuple(map(one, y)) if isinstance(y, tuple) else one(y)
        return np.asarray(_density(family, given, tuple(np.asarray(e, float) for e in eta)))[:, 0]


def check_mass(name: str, table: Table) -> None:
    """Raises ValueError for a density that does not add up to one."""
    mass = table.total
    bad = ~(np.abs(mass - 1) < 1e-3)
    if bad.any():
        row = table.rows.start + int(np.argmax(bad))
        raise ValueError(f"the density of {name} at row {row} adds up to {mass[np.argmax(bad)]:.4g}, not 1: it has no "
                         'quantiles and cannot be drawn from. See check_family; to resample the rows, kind="pairs".')
