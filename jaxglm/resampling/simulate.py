"""HOST: responses drawn from a fitted model, by the inverse of each row's distribution function: for any family."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from ..families import Family, successes
from ..links import Fixed
from ..problem import row_loglik
from ..programs import forward_link
from ..results import GLMResults

TABLE = 1 << 22  # elements of a table of densities: rows times points
MOST_COUNTS = 1 << 16  # a table of 256 rows is then 128 MB
MISSED = 1e-9  # probability beyond the largest count of a table
POINTS, SEARCHES = 2049, 8  # of the final grid of a continuous density, and of the search for where its mass is
DEPTH = 45.0  # log-density below its maximum at which a density is cut off


def simulated(fit: GLMResults, n: int, rng: np.random.Generator):
    """Responses (n, N) of the padded rows, or pairs of such, independent given the estimates; 0 in the padding.

    Raises: ValueError for weights without a meaning for one response, a density that does not add up to one.
    """
    family, eta = _model(fit)
    trials = fit.problem.y[1] if isinstance(fit.problem.y, tuple) else None
    drawn = np.zeros((n, fit.problem.n))
    used = np.flatnonzero(fit.counted > 0)
    uniform = rng.random((n, len(used)))
    size = None if trials is None else trials[used]
    with jax.enable_x64(True):
        for at, points, chance in _tables(family, [e[used] for e in eta], size):
            _check_mass(fit, chance[:, -1], used[at])
            rows = zip(used[at], uniform[:, at].T, points, chance, strict=True)
            for row, u, its_points, its_chance in rows:
                drawn[:, row] = _quantiles(family, its_points, its_chance, u * its_chance[-1])
    return drawn if trials is None else (drawn, np.broadcast_to(trials, drawn.shape))


def _model(fit: GLMResults) -> tuple[Family, list[np.ndarray]]:
    """The distribution of the data and linear predictors (N,) of its parameters: the dispersion over the weights."""
    n, N = len(fit.frame.X), fit.problem.n
    if np.any((fit.counted != 0) & (fit.counted != 1)):
        raise ValueError("a row of frequency f is f responses, which one row cannot hold: repeat the rows to simulate.")
    weights = np.where(fit._weights > 0, fit._weights, 1.0)
    eta = [np.broadcast_to(e, N) for e in fit._eta]
    if fit._phi is None:
        if np.any(weights[:n] != 1):
            raise ValueError(f"weights= of {fit.family_name} multiply its log-likelihood, which is then of no single "
                             'response: there is nothing to draw from. Use kind="pairs".')
        return fit.problem.family, eta
    link = fit.family.link_of(fit._phi)
    if fit._known_phi is not None:
        if np.any(weights[:n] != 1):
            raise ValueError('weights= beside a known dispersion cannot be simulated; use kind="pairs".')
        return fit.family.with_links(**{fit._phi: Fixed(fit.dispersion)}), eta
    phi = fit.family_params[fit._phi] / weights
    return fit.family, [*eta, forward_link(link, phi)]


def _whole(family: Family) -> bool:
    return family.support.whole or family.support == successes


def _quantiles(family: Family, points, chance, u):
    if _whole(family):
        return points[np.searchsorted(chance[:-1], u, side="right")]
    return _response(family, np.interp(u, chance, points))


def _tables(family: Family, eta, trials) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Rows in blocks: points (rows, G) and the distribution function there."""
    n = len(eta[0])
    block = 256 if _whole(family) else max(TABLE // (4 * POINTS), 1)
    for start in range(0, n, block):
        at = slice(start, min(start + block, n))
        index = np.minimum(np.arange(start, start + block), n - 1)  # filled up: another length would compile anew
        part = tuple(jnp.asarray(e[index]) for e in eta)
        if _whole(family):
            points, chance = _counts(family, part, None if trials is None else trials[index])
        else:
            points, chance = _continuous(family, part)
        yield at, points[: at.stop - start], chance[: at.stop - start]


# --- counts


def _counts(family: Family, eta, trials):
    """Every count up to one beyond which there is next to nothing."""
    if trials is not None:
        top = int(trials.max())
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
    inside = y <= trials[:, None]
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


def _log_slope(family: Family, u):
    if _ends(family) == "both":
        return np.log(np.cosh(u))
    if _ends(family) == "one":
        return u if np.isinf(family.support.high) else -u
    return np.log(family.support.high - family.support.low) - np.logaddexp(0, u) - np.logaddexp(0, -u)


def _check_mass(fit: GLMResults, mass, rows) -> None:
    bad = ~(np.abs(mass - 1) < 1e-3)
    if bad.any():
        row = int(rows[np.argmax(bad)])
        raise ValueError(f"the density of {fit.family_name} at row {row} adds up to {mass[np.argmax(bad)]:.4g}, not 1: "
                         'it cannot be drawn from. See check_family; or use kind="pairs".')
