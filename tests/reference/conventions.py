"""Where R's number is not ours: each conversion once, from our results to R's meaning."""

from math import inf, lgamma, log, pi

import numpy as np

from .fits import Fits


def dispersion(fits: Fits) -> float:
    """R scales standard errors by Pearson chi2 / df also for a negative binomial of known theta."""
    fit = fits.default
    if not fit.df_resid:
        return 1.0
    return fit.pearson_chi2 / fit.df_resid if fits.fixed_theta else fit.dispersion


def inference(fits: Fits):
    """The fit whose standard errors mean what R's do: glm.nb takes theta as known."""
    return fits.conditional if fits.words.extra == "log(alpha)" else fits.default


def scale(fits: Fits) -> float:
    """Factor from our standard errors to R's: where R estimates a dispersion that we hold at 1."""
    return float(np.sqrt(dispersion(fits) / inference(fits).dispersion))


def coefficients(fits: Fits, values) -> np.ndarray:
    """The mean's coefficients among ours: extra parameters come after them."""
    return np.asarray(values, float)[: len(fits.case.names)]


def se(fits: Fits) -> np.ndarray:
    return coefficients(fits, inference(fits).bse) * scale(fits)


def vcov(fits: Fits) -> np.ndarray:
    """Without the aliased coefficients, as R and the exact engine store it."""
    kept = np.flatnonzero(fits.case.kept)
    return np.asarray(inference(fits).cov_params())[np.ix_(kept, kept)] * scale(fits) ** 2


def interval(fits: Fits) -> np.ndarray:
    """Wald interval about R's standard error: ours, stretched by the same factor."""
    limits = coefficients(fits, inference(fits).conf_int(alpha=0.05))
    centre = coefficients(fits, inference(fits).params)[:, None]
    return centre + (limits - centre) * scale(fits)


def joint_signs(fits: Fits) -> np.ndarray:
    """Factors from our parameters to the exact engine's: 1 for coefficients, then that of log_shape and the like."""
    kept = np.ones(int(fits.case.kept.sum()))
    return np.append(kept, fits.words.sign) if has_extra(fits) else kept


def has_extra(fits: Fits) -> bool:
    return fits.words.extra is not None and not fits.fixed_theta


def joint(fits: Fits, values) -> np.ndarray:
    """A vector over our parameters, in the order and on the scale of the exact engine."""
    values = np.asarray(values, float)
    coefficients, extra = values[: len(fits.case.names)][fits.case.kept], values[len(fits.case.names) :]
    return np.concatenate([coefficients, extra]) * joint_signs(fits)


def joint_vcov(fits: Fits) -> np.ndarray:
    kept = np.append(np.flatnonzero(fits.case.kept), np.arange(len(fits.case.names), len(fits.joint.params)))
    signs = joint_signs(fits)
    return np.asarray(fits.joint.cov_params())[np.ix_(kept, kept)] * np.outer(signs, signs)


def log_likelihood(fits: Fits) -> float:
    """R's logLik: the maximum, but Gaussian weights are precisions and Gamma plugs in deviance / sum(w)."""
    rule = {"gaussian": _gaussian, "Gamma": _gamma}.get(fits.case.raw["model"]["family"])
    return rule(fits) if rule else fits.default.llf


def weights(fits: Fits) -> np.ndarray:
    w = fits.case.weights
    return np.ones(len(fits.case.y)) if w is None else w


def _gaussian(fits: Fits) -> float:
    w = weights(fits)
    return -inf if (w == 0).any() else gaussian_with_precisions(fits)


def gaussian_with_precisions(fits: Fits) -> float:
    """logLik of lm: rows of weight zero are left out."""
    w = weights(fits)
    w = w[w > 0]
    n = len(w)
    return 0.5 * float(np.log(w).sum()) - 0.5 * n * (log(2 * pi * fits.default.deviance / n) + 1)


def _gamma(fits: Fits) -> float:
    w, mu, y = weights(fits), np.asarray(fits.default.fittedvalues), fits.case.y
    k = w.sum() / fits.default.deviance  # the shape that R plugs in
    return float((w * (k * np.log(k * y / mu) - k * y / mu - np.log(y) - lgamma(k))).sum())


def aic(fits: Fits) -> float:
    return -2 * log_likelihood(fits) + 2 * fits.default.n_params


def bic(fits: Fits) -> float:
    """R's logLik.glm counts rows of weight zero as observations; for us they are absent."""
    return -2 * log_likelihood(fits) + fits.default.n_params * log(len(fits.case.y))


def influence(fits: Fits, kind: str, power: int) -> np.ndarray:
    """One of R's influence measures, without rows of weight zero; in R's dispersion, of which it has this power."""
    measure = getattr(inference(fits).get_influence(), kind) * scale(fits) ** power
    return measure[weights(fits) > 0]


def new_rows(fits: Fits) -> tuple[np.ndarray, dict]:
    """R's new rows, and their offset where the model has one."""
    offset = fits.case.array("fit.predict.offset")
    return fits.case.array("fit.predict.X"), {} if offset is None else {"offset": offset}


def prediction(fits: Fits, which: str) -> np.ndarray:
    X, offset = new_rows(fits)
    return fits.default.predict(X, which, **offset)


def prediction_frame(fits: Fits, column: str) -> np.ndarray:
    X, offset = new_rows(fits)
    return np.asarray(inference(fits).get_prediction(X, **offset).summary_frame()[column])
