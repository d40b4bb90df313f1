"""Counts of many genes in two conditions and two batches, with all that an experiment does not know."""

from dataclasses import dataclass

import numpy as np

NAMES = ("Intercept", "condition", "batch")
FLOOR, SLOPE = 0.05, 1.5  # of the overdispersion: alpha = (FLOOR + SLOPE / mean) * exp(normal)
SPREAD = 0.5  # of log alpha around that trend
FEWEST = 10  # counts in all samples; genes with fewer are left out, as everyone does


@dataclass(frozen=True)
class Study:
    """G genes by n samples."""

    counts: np.ndarray  # (G, n)
    X: np.ndarray  # (n, 3): columns NAMES
    genes: list[str]
    changed: np.ndarray  # (G,) whether the condition changes the gene
    effect: np.ndarray  # (G,) natural log of the fold change
    alpha: np.ndarray  # (G,) overdispersion: variance = mu + alpha mu^2
    depth: np.ndarray  # (n,) how deeply each sample was sequenced


def simulate(genes: int, samples: int, share: float, effect: float, seed: int) -> Study:
    """share: of genes that change; effect: standard deviation of their log fold changes."""
    rng = np.random.default_rng(seed)
    sample = np.arange(samples)
    X = np.column_stack([np.ones(samples), sample % 2, (sample // 2) % 2]).astype(float)
    mean = np.exp(rng.normal(np.log(50), 1.6, genes))
    alpha = (FLOOR + SLOPE / mean) * np.exp(rng.normal(0, SPREAD, genes))
    changed = np.arange(genes) < round(share * genes)
    lfc = np.where(changed, rng.normal(0, effect, genes), 0.0)
    depth = np.exp(rng.normal(0, 0.4, samples))
    moved = np.outer(lfc, X[:, 1] - 0.5) + np.outer(rng.normal(0, 0.3, genes), X[:, 2] - 0.5)
    mu = mean[:, None] * depth * np.exp(moved)
    counts = rng.poisson(mu * rng.gamma(1 / alpha[:, None], alpha[:, None], mu.shape)).astype(float)
    kept = np.flatnonzero(counts.sum(axis=1) >= FEWEST)
    names = [f"gene {i}" for i in kept]
    return Study(counts[kept], X, names, changed[kept], lfc[kept], alpha[kept], depth)


def size_factors(counts: np.ndarray) -> np.ndarray:
    """Depth (n,) of the samples by the median of ratios to the geometric mean, over genes without a zero, or with the
    fewest. Source: Anders and Huber (2010), equation 5."""
    zeros = np.sum(counts == 0, axis=1)
    logs = np.log(np.maximum(counts[zeros == zeros.min()], 0.5))
    factors = np.exp(np.median(logs - logs.mean(axis=1, keepdims=True), axis=0))
    return factors / np.exp(np.mean(np.log(factors)))
