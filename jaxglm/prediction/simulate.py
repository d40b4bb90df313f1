"""HOST: responses drawn from a fitted model, by the inverse of each row's distribution function: for any family."""

from typing import Any

import jax
import numpy as np

from ..families import Family
from .distribution import distribution_of, weighted_eta
from .quantiles import check_mass, tables
from .rows import check_no_sets, predictors_of, sets_of


def simulate(fit: Any, rng: Any, n: int = 1, *, new: Any = None, offset: Any = None, trials: Any = None,
             sets: Any = None) -> np.ndarray:
    """Responses (n, m); the arguments are described at `GLMResults.simulate`."""
    if not (isinstance(n, int | np.integer) and n > 0):
        raise ValueError(f"n must be a positive number of responses for each row; it is {n!r}.")
    fit.family.check_density("simulated responses")
    if fit.family.tied is not None:
        return _simulate_choices(fit, generator(rng), int(n), new, offset, sets)
    check_no_sets(fit, sets)
    family, eta, size = distribution_of(fit, new, offset, trials, weighted=True)
    return draws(family, list(eta), size, int(n), generator(rng))


def _simulate_choices(fit: Any, rng: np.random.Generator, n: int, new: Any, offset: Any, sets: Any) -> np.ndarray:
    """1 in the row of each set that is drawn, 0 in its others (n, m); NaN in a set that is not complete."""
    at = predictors_of(fit, new, offset)
    utility, *others = at.eta if new is not None else weighted_eta(fit, at)
    known = sets_of(fit, new, sets, len(utility))
    rows = known.complete(np.flatnonzero(np.isfinite(utility) & (known.code >= 0)))
    part = known.at(rows)
    eta = [part.side_by_side(utility[rows]), *(part.shared(e[rows], "parameters") for e in others)]
    drawn = draws(fit.family.with_tied(eta[0].shape[1]), eta, part.sizes.astype(float), n, rng)
    found = np.full((n, len(utility)), np.nan)
    found[:, rows] = drawn[:, part.code] == part.place
    return found


def generator(seed: Any) -> np.random.Generator:
    """NumPy's generator of a whole number, of a generator, or of a JAX key."""
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, int | np.integer) and seed >= 0:
        return np.random.default_rng(int(seed))
    if isinstance(seed, jax.Array):
        data = jax.random.key_data(seed)
        return np.random.default_rng(np.asarray(data).ravel())
    raise ValueError(f"key must be a whole number >= 0, a jax.random.key or a NumPy generator; it is {seed!r}.")


def draws(family: Family, eta: list, trials: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    """Responses (n, m), independent, of rows with linear predictors eta (m,), the first (m, K) where K are tied;
    successes where there are trials (m,), the number of an alternative where these are the numbers of them.

    Raises: ValueError for a density that does not add up to one.
    """
    uniform = rng.random((n, len(eta[0])))
    drawn = np.empty(uniform.shape)
    with jax.enable_x64(True):
        for table in tables(family, eta, trials):
            check_mass(family.name, table)
            for row, u in enumerate(uniform[:, table.rows].T):
                drawn[:, table.rows.start + row] = table.at(family, row, u)
    return drawn
