"""Models of other types than `glm`, through the public API: all parameters against the exact joint maximum.

A type is a function of the case that returns our fit and the matrix that takes our parameters to those of the exact
engine, in its order and on its scales. Add a type to MODELS; nothing else is needed.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

import jaxglm as jg

from . import measure
from .case import Case
from .fits import LINKS
from .quantity import Quantity, at, differs, plain


@dataclass(frozen=True)
class Model:
    fit: jg.GLMResults
    to_exact: np.ndarray  # (exact parameters, ours)


def classes(case: Case) -> Model:
    """Multinomial and ordinal: y is the number of a level. Multinomial parameters run class by class on both sides."""
    model = case.raw["model"]
    y = pd.Series(pd.Categorical.from_codes(case.y.astype(int), [str(level) for level in model["levels"]]))
    ordinal = model["type"] == "ordinal"
    options = dict(family=model["type"], link=model["link"] if ordinal else None)
    fit = jg.GLM(y, case.X, names=case.names, weights=case.weights, offset=case.offset, **options).fit()
    return Model(fit, np.eye(len(fit.params)))


def location_scale(case: Case) -> Model:
    """Gaussian with log(sd) = Z gamma: our second predictor is log(variance)."""
    Z = np.asarray(case.get("design.Z"), float)
    fit = jg.GLM(case.y, {"mu": case.X, "phi": Z}, weights=case.weights, offset=case.offset).fit()
    return Model(fit, np.diag(np.repeat([1.0, 0.5], [case.X.shape[1], Z.shape[1]])))


def zero_part(case: Case) -> Model:
    """Z gamma is logit P(structural zero), or of a hurdle logit P(y > 0): our last predictor. Their log(theta) is last
    and ours, -log(alpha), before that."""
    model = case.raw["model"]
    counts, link = COUNTS[model["family"]], getattr(jg, LINKS[model["zero_link"]])()
    hurdle = model["type"] == "hurdle"
    family, own = (jg.hurdle(counts), "nonzero") if hurdle else (jg.zero_inflated(counts), "pi")
    family = family.with_links(**{own: link})
    Z = np.asarray(case.get("design.Z"), float)
    fit = jg.GLM(case.y, {"mu": case.X, own: Z}, family=family, weights=case.weights, offset=case.offset).fit()
    return _by_predictor(fit, ("mu", own, "alpha"), {"alpha": -1.0})


COUNTS = {"poisson": jg.Poisson(), "negbin": jg.NegativeBinomial(), "geometric": jg.Geometric()}


def beta(case: Case) -> Model:
    """Beta(mu phi, (1 - mu) phi) with a predictor for the precision phi."""
    model, Z = case.raw["model"], np.asarray(case.get("design.Z"), float)
    links = {"mu": getattr(jg, LINKS[model["link"]])(), "phi": getattr(jg, LINKS[model["precision_link"]])()}
    fit = jg.GLM(case.y, {"mu": case.X, "phi": Z}, family=jg.Beta(**links), weights=case.weights).fit()
    return Model(fit, np.eye(len(fit.params)))


def student_t(case: Case) -> Model:
    """Coefficients, log scale, and log df where that is not known."""
    free = any("df" in name for name in case.get("exact.parameters"))
    family = jg.StudentT() if free else jg.StudentT(df=jg.Fixed(float(case.get("fit.aux.df.value"))))
    fit = jg.GLM(case.y, case.X, family=family, weights=case.weights, offset=case.offset).fit()
    return Model(fit, np.eye(len(fit.params)))


def survival(case: Case) -> Model:
    """Status 1 event, 0 right, 2 left, 3 interval-censored. The mean of log y is X b; scale is last, in logs."""
    name, status = case.raw["model"]["family"], case.array("design.status")
    family = AFT[name](case)
    if case.get("fit.aux.scale.fixed"):
        scale = float(case.get("fit.aux.scale.value"))
        known = {"phi": jg.Fixed(scale**2)} if name == "gaussian" else {"sigma": jg.Fixed(scale)}
        family = family.with_links(**known)
    end = case.array("design.y2")
    y = (case.y, status) if end is None else (case.y, status, np.where(status == 3, end, case.y))
    plain = bool(np.all(status == 1))
    data = dict(names=case.names, weights=case.weights, offset=case.offset)
    fit = jg.GLM(case.y if plain else y, case.X, family=family if plain else jg.censored(family), **data).fit()
    return _by_predictor(fit, tuple(dict.fromkeys(fit.predictors)), {"phi": 0.5})


AFT: dict[str, Callable] = {
    "gaussian": lambda case: jg.Gaussian(),
    "t": lambda case: jg.StudentT(df=jg.Fixed(float(case.get("fit.aux.parms")))),
    "weibull": lambda case: jg.Weibull(),
    "exponential": lambda case: jg.Weibull(),
    "rayleigh": lambda case: jg.Weibull(),
    "logistic": lambda case: jg.Logistic(),
    "lognormal": lambda case: jg.LogNormal(),
    "loglogistic": lambda case: jg.LogLogistic(),
}


def _by_predictor(fit, order: tuple[str, ...], factors: dict[str, float]) -> Model:
    """Our parameters in this order of their predictors, times a factor where the scales differ."""
    owners = np.asarray(fit.predictors)
    rows = [factors.get(name, 1.0) * np.eye(len(owners))[j] for name in order for j in np.flatnonzero(owners == name)]
    return Model(fit, np.asarray(rows))


MODELS: dict[str, Callable[[Case], Model]] = {
    "multinomial": classes,
    "ordinal": classes,
    "location_scale": location_scale,
    "zeroinfl": zero_part,
    "hurdle": zero_part,
    "beta": beta,
    "student_t": student_t,
    "aft": survival,
}


class JointFits:
    """The fit of such a case, made once."""

    def __init__(self, case: Case):
        self.case = case

    @cached_property
    def model(self) -> Model:
        with warnings.catch_warnings():  # a failed fit is judged by its status
            warnings.simplefilter("ignore", jg.FitWarning)
            return self._made()

    def _made(self) -> Model:
        return MODELS[self.case.raw["model"]["type"]](self.case)

    def __getattr__(self, name: str):
        return getattr(self.model.fit, name)

    @property
    def default(self):
        return self.model.fit

    @property
    def estimate(self) -> np.ndarray:
        return self.model.to_exact @ np.asarray(self.model.fit.params)

    @property
    def vcov(self) -> np.ndarray:
        T = self.model.to_exact
        return T @ self.model.fit.with_cov("observed").cov_params() @ T.T

    @property
    def limits(self) -> np.ndarray:
        """Profile limits; a change of sign turns an interval around."""
        low, high = (self.model.to_exact @ np.asarray(self.conf_int(method="profile"))).T
        return np.column_stack([np.minimum(low, high), np.maximum(low, high)])


def in_se(ours, truth, case: Case) -> float:
    return measure.scaled(ours, truth, case.array("exact.se_observed"))


# A finite limit that the exact engine did not find: twice the drop of the log-likelihood from the best of 60 starts of
# a simplex search at this log(scale), the two coefficients free, is the quantile of chi-squared; it grows further down.
MISSED = {"student_t3_phones": {(2, 0): 1.9914278033646}}


def _limits_in_se(ours, truth, case: Case) -> float:
    """NaN in the case is a limit that is not finite."""
    truth = np.where(np.isnan(truth), [-np.inf, np.inf], truth)
    for place, limit in MISSED.get(case.id, {}).items():
        truth[place] = limit
    return measure.scaled(ours, truth, case.array("exact.se_observed")[:, None])


INFINITE = (
    Quantity("converged", lambda c: False, lambda f: f.converged, 0, differs),
    Quantity("logLik", at("expected.supremum_logLik"), lambda f: f.llf, 1e-6, plain(measure.absolute)),
    Quantity("summary", lambda c: True, lambda f: bool(str(f.summary())), 0, differs),
)


STOPPED = 1e-5  # relative distance from the maximum at which R's optimisers stop, by the notes of the cases: near 1e-6


def _probabilities(fits: JointFits) -> np.ndarray:
    """Of every class, for as many rows as the case stores."""
    return fits.predict(which="prob")[: len(fits.case.get("fit.probabilities_first_rows"))]


def _means(fits: JointFits) -> np.ndarray:
    return fits.predict(which="mean")[: len(fits.case.get("fit.mu"))]


def table(case: Case) -> tuple[Quantity, ...]:
    if not case.maximum_is_finite:
        return INFINITE
    coefficients = 1e-6 if case.ill_conditioned else 1e-8
    return (
        Quantity("status", lambda c: "CONVERGED", lambda f: f.status.name, 0, differs),
        Quantity("estimate", at("exact.estimate"), lambda f: f.estimate, coefficients, in_se),
        Quantity("logLik", at("exact.logLik"), lambda f: f.llf, 1e-9),
        Quantity("n_params", at("exact.n_parameters"), lambda f: f.n_params, 0, differs),
        Quantity("AIC", at("exact.AIC"), lambda f: f.aic, 1e-9),
        Quantity("BIC", at("exact.BIC_rows"), lambda f: f.bic, 1e-9, when=_all_rows_count),
        Quantity("se", at("exact.se_observed"), lambda f: np.sqrt(np.diag(f.vcov)), 1e-6),
        Quantity("vcov", at("exact.vcov_observed"), lambda f: f.vcov, 1e-6, plain(measure.of_deviations)),
        Quantity("ci_profile", at("exact.ci_profile.limits"), lambda f: f.limits, 1e-6, _limits_in_se),
        Quantity("R.prob", at("fit.probabilities_first_rows"), _probabilities, STOPPED, plain(measure.absolute)),
        Quantity("R.mu", at("fit.mu"), _means, STOPPED),
        Quantity("R.deviance", at("fit.deviance"), lambda f: f.deviance, 1e-9),
    )


def _all_rows_count(case: Case) -> bool:
    return case.weights is None or bool((case.weights > 0).all())
