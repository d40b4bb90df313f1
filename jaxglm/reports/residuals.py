"""HOST: residuals of a fit, by name."""

from typing import Any

import numpy as np

from ..diagnostics import FACTS, anscombe_of, quantile_residuals, residuals, tails_at
from .influence import influence
from .joint import distribution_of, mean_and_variance, responses

OF_CHOICES = ("response", "pearson", "deviance")
KINDS = (*FACTS, "anscombe", "quantile", "standardized_deviance", "standardized_pearson", "studentized")
MASS = 1e-3  # how far from one the mass of a density may be


def resid(fit: Any, kind: str = "deviance", *, seed: int = 0) -> np.ndarray:
    """Residuals (n,) of this kind, NaN in rows for which it is not defined.

    kind: "response", y less the fitted mean; "working", score over information of the linear predictor; "pearson" and
        "deviance", whose squares add up to Pearson's chi2 and the deviance; "anscombe", nearly normal by the transform
        that removes skewness, for exponential dispersion models; "quantile", exactly standard normal if the model is
        true, drawn within the jumps of a discrete distribution; "standardized_deviance" and "standardized_pearson",
        over their standard deviation sqrt(phi (1 - leverage)); "studentized", by the fit without the row.
        Classes have no mean: only "quantile" and "deviance", without a sign, are of them.
        Of choices "response" is, for each row, 1 where it is the chosen one and else 0, less its probability p;
        "pearson" is that over sqrt(p (1 - p)), the standard deviation of the row taken for itself; "deviance" is of
        each set, in the order in which they appear, without a sign.
    seed: of NumPy's generator, for quantile residuals of discrete responses.
    Raises: ValueError for another kind, "anscombe" of a family without a variance function.
    Source: R's residuals.glm, rstandard, rstudent; Dunn and Smyth (1996) for "quantile".
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of residual {kind!r}; choose from {', '.join(KINDS)}.")
    if fit.family.tied is not None:
        return _of_choices(fit, kind)
    if fit.family.support.levels and kind not in ("deviance", "quantile"):
        raise ValueError(f"{kind!r} residuals are distances from a mean, which classes do not have; use 'quantile' or "
                         "'deviance'.")
    if kind == "pearson" and not fit.family.traits.edm:
        return _pearson(fit)
    if kind == "response" and not fit.family.traits.edm:
        return fit.y - fit.fittedvalues
    if fit.family.support.levels and kind == "deviance":
        return _unsigned(fit)
    if kind in FACTS:
        return residuals(fit._facts, fit._weights, kind)[: fit._n]
    if kind == "anscombe":
        return _anscombe(fit)
    if kind == "quantile":
        return _quantile(fit, seed)
    return getattr(influence(fit), f"resid_{kind}")


def _unsigned(fit: Any) -> np.ndarray:
    return np.sqrt(fit._weights * np.maximum(fit._facts.deviance, 0.0))[: fit._n]


def _of_choices(fit: Any, kind: str) -> np.ndarray:
    """Of the rows (N,), the alternatives; deviance residuals of the sets (n,)."""
    if kind not in OF_CHOICES:
        raise ValueError(f"there are no {kind!r} residuals of choices: the alternatives of a set have neither a mean "
                         f"nor an order. Choose from {', '.join(OF_CHOICES)}.")
    if kind == "deviance":
        return _unsigned(fit)
    p = fit.fittedvalues
    away = np.asarray(fit.frame.y, float) - p
    if kind == "response":
        return away
    root = np.sqrt(fit.frame.of_rows(fit._weights[: fit._n]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return root * np.where(away == 0, 0.0, away / np.sqrt(p * (1 - p)))


def _pearson(fit: Any) -> np.ndarray:
    """Distance from the mean in standard deviations, both by integrals over the distribution."""
    mean, variance = mean_and_variance(fit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(fit._weights[: fit._n]) * (fit.y - mean) / np.sqrt(variance)


def _anscombe(fit: Any) -> np.ndarray:
    if not fit.family.traits.edm:
        raise ValueError(f"Anscombe residuals need a variance function of the mean; {fit.family_name} is not an "
                         'exponential dispersion model. Use "quantile".')
    return (np.sqrt(fit._weights) * anscombe_of(fit._evaluable, fit._eta))[: fit._n]


def _quantile_between(family, eta, y, seed: int) -> np.ndarray:
    """Where only bounds are known the probability is drawn between those of the bounds, which a count may be at."""
    lower, upper = (np.asarray(b, float) for b in family.support.bounds(y))
    inside = lambda b: np.where(np.isfinite(b), b, family.support.example)  # noqa: E731
    low, high = np.exp(tails_at(family, inside(lower), eta).below), tails_at(family, inside(upper), eta).cdf
    low, high = np.where(np.isneginf(lower), 0.0, low), np.where(np.isposinf(upper), 1.0, high)
    drawn = np.random.default_rng(seed).random(len(low))
    from scipy.special import ndtri

    return ndtri(low + drawn * np.maximum(high - low, 0.0))


def _quantile(fit: Any, seed: int) -> np.ndarray:
    fit.family.check_density("quantile residuals")
    (family, eta), y = distribution_of(fit), responses(fit)
    if family.support.reading == "bounds":
        return _quantile_between(family, eta, y, seed)
    real = np.asarray(fit.problem.family.support.trials(y)) > 0
    tails = tails_at(family, y, eta)
    bad = real & ~(np.abs(tails.mass) < MASS)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"the density of {fit.family_name} at row {row} adds up to {np.exp(tails.mass[row]):.4g}, not "
                         f"1 ({bad.sum()} of {fit._n} rows): it has no distribution function. See check_family.")
    uniform = np.random.default_rng(seed).random(fit._n)
    return np.where(real, quantile_residuals(tails, np.where(uniform > 0, uniform, 0.5)), np.nan)
