"""HOST: the wild bootstrap without refits: scores of the rows, or of groups of them, times random multipliers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..covariances import pieces_of
from ..predictors import present
from ..refits import Progress, Units, blocks, columns

ROOT5 = np.sqrt(5.0)


class Multiplier(NamedTuple):
    """A distribution of mean 0 and variance 1 on a few points."""

    points: np.ndarray
    chance: np.ndarray

    def drawn(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Independent draws; one uniform number each, so that they do not depend on how they are cut into blocks."""
        return self.points[np.searchsorted(np.cumsum(self.chance)[:-1], rng.random(size), side="right")]


# Sources: Mammen (1993), Annals of Statistics 21; Webb (2023), Canadian Journal of Economics 56
MULTIPLIERS = {
    "rademacher": Multiplier(np.array([-1.0, 1.0]), np.full(2, 0.5)),
    "mammen": Multiplier(np.array([1 - ROOT5, 1 + ROOT5]) / 2, np.array([ROOT5 + 1, ROOT5 - 1]) / (2 * ROOT5)),
    "webb": Multiplier(np.sqrt([1.5, 1.0, 0.5, 0.5, 1.0, 1.5]) * np.repeat([-1.0, 1.0], 3), np.full(6, 1 / 6)),
}


def multiplier_of(name: str | None) -> Multiplier:
    """The distribution of this name, Rademacher's by default; raises ValueError for an unknown one."""
    name = "rademacher" if name is None else name
    if name not in MULTIPLIERS:
        raise ValueError(f"unknown multipliers {name!r}; choose from {', '.join(MULTIPLIERS)}.")
    return MULTIPLIERS[name]


def perturbed(fit: Any, n: int, units: Units, multiplier: Multiplier, rng, progress: Progress = None) -> np.ndarray:
    """Coefficients (n, P) of the fit, each moved by I^-1 sum_u v_u s_u with a multiplier v_u for each unit."""
    if not fit.converged:
        raise ValueError(f'kind="wild" perturbs the scores at a maximum; this fit is {fit.status.name.lower()}. Use '
                         'kind="pairs", which fits anew.')
    influence = _influence(fit, units)
    moved = np.concatenate(list(_blocks(influence, units.times, n, multiplier, rng, progress)))
    full = np.full((n, len(columns(fit))), np.nan)
    at = present(fit.parts)
    full[:, at] = np.asarray(fit.params)[at] + moved[:, : len(at)]  # a dispersion by ML comes last
    return full


def _influence(fit: Any, units: Units) -> np.ndarray:
    """I^-1 s_u (U, P) of every unit, counted once: of one observation of a row, or of a whole group of rows."""
    pieces = pieces_of(fit)
    scores, used = pieces.scores("HC0")[0], np.flatnonzero(pieces.counts > 0)
    times = units.weight[used] * pieces.counts[used] / fit._weights[used]  # observations of a row in its unit
    total = [np.bincount(units.code[used], times * column, len(units.times)) for column in scores[used].T]
    return np.stack(total, axis=1) @ pieces.outward(pieces.root).T


def _blocks(influence, times, n: int, multiplier: Multiplier, rng, progress: Progress) -> Iterator[np.ndarray]:
    """Moves of the coefficients (b, P). A unit that is there several times has as many multipliers."""
    starts, total = np.cumsum(times) - times, int(times.sum())
    block = max(blocks.BLOCK_ELEMENTS // total, 1)
    for start in range(0, n, block):
        drawn = multiplier.drawn(rng, (min(block, n - start), total))
        yield (drawn if total == len(times) else np.add.reduceat(drawn, starts, axis=1)) @ influence
        if progress is not None:
            progress(min(start + block, n), n)
