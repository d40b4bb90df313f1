"""The analysis, with jaxglm at every step: overdispersion of each gene, its trend, shrinkage, tests."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import jaxglm as jg
from experiments.differential_expression.simulate import NAMES, Study, size_factors

SURE = 1.0  # standard error of log alpha, up to which a gene tells how much genes differ
LEAST = 0.01  # variance of the prior, if the genes do not differ at all
RARE = 1e-8  # alpha below which an estimate is no estimate, but a boundary


@dataclass(frozen=True)
class Shrinkage:
    """From the estimates of single genes to those that borrow from all."""

    mean: np.ndarray  # (G,) of counts at equal depth
    single: np.ndarray  # (G,) alpha of each gene by itself
    trend: np.ndarray  # (G,) alpha of a typical gene of this mean
    shrunk: np.ndarray  # (G,)
    corrected: np.ndarray  # (G,) shrunk, for the degrees of freedom that the coefficients took
    coefficients: np.ndarray  # of the trend: alpha = c0 + c1 / mean
    prior_sd: float  # of log alpha around the trend


@dataclass(frozen=True)
class Analysis:
    """Fits of every gene by several ways to deal with alpha, and the seconds that each took."""

    fits: dict[str, Any]
    seconds: dict[str, float]
    shrinkage: Shrinkage
    offset: np.ndarray


def analyse(study: Study) -> Analysis:
    """All ways on the same data. The seconds of 'shrunk' are those of the whole way, the first fits included."""
    offset = np.log(size_factors(study.counts))
    seconds: dict[str, float] = {}
    single = _timed(seconds, "gene by gene", lambda: _fit(study, offset, jg.NegativeBinomial()))
    shrinkage = _timed(seconds, "shrunk", lambda: shrink(study, offset, single))
    fixed = lambda alpha: _fit(study, offset, jg.NegativeBinomial(alpha=jg.Fixed(alpha)))  # noqa: E731
    begun = seconds["gene by gene"] + seconds["shrunk"]
    fits = {"shrunk": _timed(seconds, "shrunk", lambda: fixed(shrinkage.shrunk)), "gene by gene": single}
    seconds["shrunk"] += begun
    fits["shrunk, df"] = _timed(seconds, "shrunk, df", lambda: fixed(shrinkage.corrected))
    seconds["shrunk, df"] += begun
    fits["true alpha"] = _timed(seconds, "true alpha", lambda: fixed(study.alpha))
    fits["Poisson"] = _timed(seconds, "Poisson", lambda: _fit(study, offset, jg.Poisson()))
    return Analysis(fits, seconds, shrinkage, offset)


def _fit(study: Study, offset: np.ndarray, family: Any) -> Any:
    return jg.fit_batch(family, study.X, study.counts, offset=offset, names=NAMES, labels=study.genes)


def _timed(seconds: dict[str, float], what: str, call: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    value = call()
    seconds[what] = time.perf_counter() - start
    return value


def shrink(study: Study, offset: np.ndarray, fits: Any) -> Shrinkage:
    """Empirical Bayes for log alpha: a normal prior around the trend, a normal likelihood of each estimate."""
    mean = np.mean(study.counts / np.exp(offset), axis=1)
    log_alpha, se = fits.params[:, -1], fits.bse[:, -1]
    told = fits.converged & (log_alpha > np.log(RARE)) & np.isfinite(se)
    trend = _trend(np.exp(log_alpha[told]), mean[told])
    log_trend = np.log(trend.params[0] + trend.params[1] / mean)
    residual, sure = log_alpha - log_trend, told & (se < SURE)
    # a Gamma GLM follows the mean of alpha, the prior is about the mean of its logarithm
    centre = log_trend + np.mean(residual[sure])
    variance = max(np.var(residual[sure]) - np.mean(se[sure] ** 2), LEAST)
    weight = np.where(told, variance / (variance + np.where(told, se, 1.0) ** 2), 0.0)
    shrunk = np.exp(centre + weight * np.where(told, log_alpha - centre, 0.0))
    n, p = study.X.shape
    corrected = n / (n - p) * (shrunk + 1 / mean) - 1 / mean  # variance / mean^2 is alpha + 1 / mean
    numbers = np.asarray(trend.params)
    return Shrinkage(mean, np.exp(log_alpha), np.exp(centre), shrunk, corrected, numbers, float(variance**0.5))


def _trend(alpha: np.ndarray, mean: np.ndarray) -> Any:
    """alpha = c0 + c1 / mean by a Gamma GLM with identity link. Source: Anders and Huber (2010)."""
    X = np.column_stack([np.ones(len(mean)), 1 / mean])
    return jg.GLM(alpha, X, family="gamma", link="identity", names=("floor", "slope")).fit()
