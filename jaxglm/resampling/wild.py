"""HOST: the wild bootstrap without refits: scores of the rows, or of groups of them, times random multipliers; and the
standard errors of the replicates."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..covariances import pieces_of
from ..predictors import present
from ..refits import Progress, Units, blocks, columns

PART = 1 << 20  # elements of the matrices of units that are held at a time
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


class Replicates(NamedTuple):
    """Coefficients of replicates with their standard errors, and the standard errors (P,) of the fit: all of them
    robust ones, made of scores."""

    params: np.ndarray  # (n, P)
    errors: np.ndarray  # (n, P)
    error: np.ndarray


class Scored(NamedTuple):
    """R rows, those of a unit one after the other. A row that is there f times is f rows of as many units, or one of f
    times the score where it is in a group."""

    score: np.ndarray  # (R, K)
    information: np.ndarray  # (R, K, K) of its predictors
    images: np.ndarray  # (R, K, q): its predictors change by these with the q coordinates of a step
    first: np.ndarray  # (U + 1,) the first row of each unit, and R
    root: np.ndarray  # (P, q): so do the coefficients

    def scores(self, units: slice) -> np.ndarray:
        """Scores (u, q) of these units in the coordinates of a step."""
        rows, first = self._rows(units)
        return np.add.reduceat(np.einsum("rk,rkq->rq", self.score[rows], self.images[rows]), first)

    def bends(self, units: slice) -> np.ndarray:
        """What a step takes from the scores of these units, as changes of the coefficients (u, P, q)."""
        rows, first = self._rows(units)
        images = self.images[rows]
        whole = np.add.reduceat(np.swapaxes(images, 1, 2) @ (self.information[rows] @ images), first)
        return self.root @ whole

    def _rows(self, units: slice) -> tuple[slice, np.ndarray]:
        first = self.first[units.start : units.stop + 1]
        return slice(first[0], first[-1]), first[:-1] - first[0]

    def parts(self) -> Iterator[slice]:
        """Units whose matrices fit into the cache."""
        count = len(self.first) - 1
        each = max(int(PART / (len(self.score) / count) / self.root.shape[1] ** 2), 1)
        return (slice(start, min(start + each, count)) for start in range(0, count, each))

    def errors(self, drawn: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Robust standard errors (b, P) of replicates with these multipliers (b, U) and steps (b, q). There the score
        of a unit is v s - H D: as it was, times its multiplier, less what the step D takes from it, by its information
        H. For a Gaussian response that is the score of the refit. The squares are summed by their three products."""
        square, (P, q) = np.zeros((len(drawn), len(self.root))), self.root.shape
        for units in self.parts():
            v, moves, bends = drawn[:, units], self.scores(units) @ self.root.T, self.bends(units)
            crossed = (v @ (moves[:, :, None] * bends).reshape(-1, P * q)).reshape(-1, P, q) @ steps[:, :, None]
            taken = np.swapaxes(bends, 0, 1)
            taken = np.swapaxes(taken, 1, 2) @ taken  # (P, q, q)
            square += v**2 @ moves**2 - 2 * crossed[:, :, 0] + np.einsum("bq,pqb->bp", steps, taken @ steps.T)
        return np.sqrt(np.maximum(square, 0.0))


def perturbed(fit: Any, n: int, units: Units, multiplier: Multiplier, rng, progress: Progress = None) -> Replicates:
    """The fit, its coefficients moved by I^-1 sum_u v_u s_u with a multiplier v_u for each unit, n times."""
    if not fit.converged:
        raise ValueError(f'kind="wild" perturbs the scores at a maximum; this fit is {fit.status.name.lower()}. Use '
                         'kind="pairs", which fits anew.')
    by = _scored(fit, units)
    scores = by.scores(slice(0, len(by.first) - 1))
    moves, errors = map(np.concatenate, zip(*_blocks(by, scores, n, multiplier, rng, progress), strict=True))
    at = present(fit.parts)

    def full(values: np.ndarray) -> np.ndarray:
        wide = np.full((*values.shape[:-1], len(columns(fit))), np.nan)
        wide[..., at] = values[..., : len(at)]  # a dispersion by ML comes last
        return wide

    error = np.linalg.norm(scores @ by.root.T, axis=0)
    return Replicates(full(np.asarray(fit.params)[at] + moves[:, : len(at)]), full(errors), full(error))


def _scored(fit: Any, units: Units) -> Scored:
    pieces = pieces_of(fit)
    used = np.flatnonzero(pieces.counts > 0)
    used = used[np.argsort(units.code[used], kind="stable")]
    rows = np.repeat(used, units.times[units.code[used]])  # a unit of several rows is there once
    times = units.weight[rows] * pieces.counts[rows] / fit._weights[rows]  # observations of a row in its unit
    at = pieces.parts()
    score, information = times[:, None] * at.score[rows], times[:, None, None] * at.information[rows]
    alone = len(used) == len(units.times)
    first = np.arange(len(rows)) if alone else np.flatnonzero(np.diff(units.code[rows], prepend=-1))
    return Scored(score, information, at.units[rows], np.append(first, len(rows)), pieces.outward(pieces.root))


def _blocks(by: Scored, scores, n: int, multiplier: Multiplier, rng, progress: Progress) -> Iterator[tuple]:
    """Moves of the coefficients and their standard errors, (b, P) each; scores: (U, q) of the units."""
    block = max(blocks.BLOCK_ELEMENTS // len(scores), 1)
    for start in range(0, n, block):
        drawn = multiplier.drawn(rng, (min(block, n - start), len(scores)))
        steps = drawn @ scores
        yield steps @ by.root.T, by.errors(drawn, steps)
        if progress is not None:
            progress(min(start + block, n), n)
