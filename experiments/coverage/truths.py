"""Where data come from: for each family its own distribution, and one with the same mean and another variance."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, ndtri

TRIALS = 5  # of a row of the overdispersed binomial
Draw = Callable[[np.random.Generator, np.ndarray, np.ndarray], Any]  # (rng, means (B, n), x (n,)) -> y


class Truth(NamedTuple):
    """A mean, the distribution that the family assumes, and one that it does not."""

    beta: tuple[float, float]  # intercept and slope; the mean is right under both
    inverse: Callable[[np.ndarray], np.ndarray]
    right: Draw
    wrong: Draw
    right_words: str
    wrong_words: str
    right_short: str
    wrong_short: str


def _uneven(x):
    """A variance that grows away from the middle of x, where a row has the most to say about the slope."""
    return 0.2 + x**2


def _bernoulli(rng, mean, x):
    return rng.binomial(1, mean).astype(float), np.ones_like(mean)


def _beta_binomial(rng, mean, x):
    chance = rng.beta(2 * mean, 2 * (1 - mean))  # correlation 1 / (1 + 2) within a row
    return rng.binomial(TRIALS, chance).astype(float), np.full_like(mean, TRIALS)


def _gamma(rng, mean, phi):
    return np.maximum(rng.gamma(1 / phi, mean * phi), 1e-300)


TRUTHS = {
    "gaussian": Truth(
        (1.0, 0.5),
        lambda eta: eta,
        lambda rng, mean, x: rng.normal(mean, 1.0),
        lambda rng, mean, x: rng.normal(mean, np.sqrt(_uneven(x))),
        "variance 1",
        "variance 0.2 + x^2",
        "constant variance",
        "variance grows with |x|",
    ),
    "binomial": Truth(
        (0.3, 1.5),
        expit,
        _bernoulli,
        _beta_binomial,
        "one trial a row",
        f"{TRIALS} trials a row that share a beta-distributed probability (intraclass correlation 1/3)",
        "one trial a row",
        "beta-binomial",
    ),
    "poisson": Truth(
        (1.0, 0.5),
        np.exp,
        lambda rng, mean, x: rng.poisson(mean).astype(float),
        lambda rng, mean, x: rng.poisson(_gamma(rng, mean, 0.5)).astype(float),
        "variance mu",
        "variance mu + mu^2 / 2 (gamma-mixed)",
        "variance mu",
        "overdispersed",
    ),
    "gamma": Truth(
        (1.0, 0.5),
        np.exp,
        lambda rng, mean, x: _gamma(rng, mean, 0.5),
        lambda rng, mean, x: _gamma(rng, mean, 0.5 * np.broadcast_to(_uneven(x), mean.shape)),
        "variance mu^2 / 2",
        "variance (0.2 + x^2) mu^2 / 2",
        "constant dispersion",
        "dispersion grows with |x|",
    ),
}


class Sets(NamedTuple):
    """B data sets of n rows on one design, padded with rows that count 0 times."""

    family: str
    X: np.ndarray  # (N, 2)
    y: Any  # (B, N), or a pair of such
    counts: np.ndarray  # (N,) 1 for the first n rows
    slope: float  # what the intervals are to cover

    def take(self, some: slice | np.ndarray) -> "Sets":
        y = tuple(a[some] for a in self.y) if isinstance(self.y, tuple) else self.y[some]
        return self._replace(y=y)


def drawn(family: str, which: str, n: int, padded: int, B: int, seed: list[int]) -> Sets:
    """Data sets of one truth; x are the normal scores of n ranks."""
    truth, rng = TRUTHS[family], np.random.default_rng(seed)
    x = ndtri((np.arange(n) + 0.5) / n)
    mean = np.broadcast_to(truth.inverse(truth.beta[0] + truth.beta[1] * x), (B, n))
    y = getattr(truth, which)(rng, mean, x)
    fill = lambda a: np.pad(a, ((0, 0), (0, padded - n)), constant_values=1.0)  # noqa: E731
    X = np.zeros((padded, 2))
    X[:n] = np.column_stack([np.ones(n), x])
    counts = (np.arange(padded) < n).astype(float)
    return Sets(family, X, tuple(map(fill, y)) if isinstance(y, tuple) else fill(y), counts, truth.beta[1])
