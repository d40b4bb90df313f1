"""95 % intervals of the slope in every data set, by every method: one call for all data sets."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

import jaxglm as jg
from experiments.coverage.truths import Sets
from jaxglm.inference import inverse_root, parts_of_rows
from jaxglm.problem import evaluate
from jaxglm.resampling.intervals import bca, percentile, studentized
from jaxglm.resampling.wild import MULTIPLIERS, Scored

ALPHA = 0.05
TOGETHER = 1 << 22  # numbers of resampled weights at a time, 32 MB


class Intervals(NamedTuple):
    """Limits (b, 2) of the slope in the first b data sets; NaN where there is no interval."""

    limits: np.ndarray
    left_out: float = 0.0  # share of the resamples without an estimate


def fitted(sets: Sets, counts=None, start=None) -> jg.BatchResults:
    """All data sets in one call. Frequencies (B, N) even where all share them: resamples are then the same program."""
    B = len(sets.y[0] if isinstance(sets.y, tuple) else sets.y)
    counts = np.broadcast_to(sets.counts, (B, len(sets.X))) if counts is None else counts
    return jg.fit_batch(sets.family, sets.X, sets.y, names=("one", "x"), freq_weights=counts, start=start)


def likelihood(fits: jg.BatchResults) -> dict[str, Intervals]:
    """Wald intervals of fits that converged; profile intervals wherever there is one, if only one limit is finite."""
    have = fits.converged[:, None]
    wald = {"Wald": fits, "Wald HC3": fits.with_cov("HC3")}
    found = {name: np.where(have, f.conf_int(ALPHA)[:, 1], np.nan) for name, f in wald.items()}
    methods = {"profile": "profile"} | ({"profile F": "profile_f"} if fits.use_t else {})
    found |= {name: fits.limits("x", alpha=ALPHA, method=word).values[:, 0] for name, word in methods.items()}
    return {name: Intervals(limits) for name, limits in found.items()}


# --- wild bootstrap: the scores of the rows, no refits


def wild(sets: Sets, fits: jg.BatchResults, size: int, resamples: int, rng) -> Intervals:
    """Studentized limits in the first data sets; what a row adds is one vmapped function of all of them."""
    some, n = sets.take(slice(size)), int(sets.counts.sum())
    with jax.enable_x64(True):
        theta = np.nan_to_num(fits.params[:size])
        made = _scored(fits.settings.family, fits.settings.expected, some.X, some.counts, some.y, theta)
    score, information, images, root = map(np.asarray, made)
    limits = np.full((size, 2), np.nan)
    for i in np.flatnonzero(fits.converged[:size]):
        by = Scored(score[i, :n], information[i, :n], images[i, :n], np.arange(n + 1), root[i, 1:])
        scores = by.scores(slice(0, n))
        drawn = MULTIPLIERS["rademacher"].drawn(rng, (resamples, n))
        steps, slope = drawn @ scores, fits.params[i, 1:]
        moves, error = steps @ by.root.T, np.linalg.norm(scores @ by.root.T, axis=0)
        limits[i] = studentized(slope + moves, by.errors(drawn, steps), slope, error, ALPHA)[0]
    return Intervals(limits)


def _scored(family: Any, expected: bool, X, weights, y, theta):
    """Of every data set the scores of the rows, their information, images and the root, as in `Scored`."""

    def one(y, theta):
        problem = jg.problem(family, X, y, weights=weights)
        root = inverse_root(evaluate(problem, theta, expected=expected).information)
        at = parts_of_rows(problem, theta, root, expected=expected)
        return at.score, at.information, at.units, root

    return jax.jit(jax.vmap(one))(y, theta)


# --- bootstrap of rows


def pairs(sets: Sets, fits: jg.BatchResults, size: int, resamples: int, rng) -> dict[str, Intervals]:
    """Percentile and BCa limits in the first data sets, by refits to resampled rows and without each row."""
    n, chosen = int(sets.counts.sum()), np.flatnonzero(fits.converged[:size])
    limits = {name: np.full((size, 2), np.nan) for name in ("pairs", "pairs BCa")}
    left_out = []
    for block in _blocks(chosen, (resamples + n) * len(sets.X)):
        drawn = rng.multinomial(n, np.full(n, 1 / n), (len(block), resamples))
        replicates = _refits(sets, fits, block, drawn)
        without = _refits(sets, fits, block, np.broadcast_to(1 - np.eye(n), (len(block), n, n)))
        left_out.append(np.isnan(replicates).mean())
        for i, values, jack in zip(block, replicates, without, strict=True):
            values = values[np.isfinite(values), None]
            limits["pairs"][i] = percentile(values, ALPHA)[0]
            limits["pairs BCa"][i] = bca(values, fits.params[i, [1]], _acceleration(jack), ALPHA)[0]
    share = float(np.mean(left_out)) if left_out else 0.0
    return {name: Intervals(values, share) for name, values in limits.items()}


def _blocks(index: np.ndarray, each: int) -> Iterator[np.ndarray]:
    size = max(TOGETHER // each, 1)
    yield from (index[k : k + size] for k in range(0, len(index), size))


def _refits(sets: Sets, fits: jg.BatchResults, index: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Slopes (b, r) of data sets with these frequencies of their rows (b, r, n); NaN without an estimate."""
    b, r, n = counts.shape
    padded = np.zeros((b * r, len(sets.X)))
    padded[:, :n] = counts.reshape(b * r, n)
    again = np.repeat(index, r)
    found = fitted(sets.take(again), padded, fits.params[again])
    return np.where(found.converged, found.params[:, 1], np.nan).reshape(b, r)


def _acceleration(without: np.ndarray) -> np.ndarray:
    """As that of `jaxglm.resampling.Jackknife`, of one coefficient."""
    influence = np.nanmean(without) - without[np.isfinite(without)]
    square = np.sum(influence**2)
    return np.asarray([np.sum(influence**3) / (6 * square**1.5) if square > 0 else 0.0])
