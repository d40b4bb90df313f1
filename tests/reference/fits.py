"""The fits of a case through the public API; each is made once, when a quantity first asks for it."""

import re
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import jaxglm as jg

from .case import Case


@dataclass(frozen=True)
class FamilyWords:
    """How a reference case says what a jaxglm family is."""

    name: str  # the class in jaxglm
    extra: str | None = None  # our extra parameter on its link scale
    sign: float = 0.0  # the exact engine's log-parameter is `sign` times ours
    quasi: bool = False


FAMILIES = {
    "binomial": FamilyWords("Binomial"),
    "poisson": FamilyWords("Poisson"),
    "quasibinomial": FamilyWords("Binomial", "log(phi)", quasi=True),
    "quasipoisson": FamilyWords("Poisson", "log(phi)", quasi=True),
    "gaussian": FamilyWords("Gaussian", "log(phi)", 0.5),  # log_sigma = log(phi) / 2
    "Gamma": FamilyWords("Gamma", "log(phi)", -1.0),  # log_shape = -log(phi)
    "inverse.gaussian": FamilyWords("InverseGaussian", "log(phi)", -1.0),  # log_lambda = -log(phi)
    "tweedie": FamilyWords("Tweedie", "log(phi)"),  # of known power, as in R
    "negative_binomial": FamilyWords("NegativeBinomial", "log(alpha)", -1.0),  # log_theta = -log(alpha)
}
LINKS = {
    "identity": "Identity",
    "log": "Log",
    "logit": "Logit",
    "probit": "Probit",
    "cloglog": "CLogLog",
    "loglog": "LogLog",
    "cauchit": "Cauchit",
    "inverse": "Inverse",
    "1/mu^2": "InverseSquared",
    "sqrt": "Sqrt",
    "mu^0": "Log",
}


class Fits:
    """Fits of one case: `default` as a user gets it, `joint` with every parameter at its maximum, ..."""

    def __init__(self, case: Case):
        self.case = case
        self.words = FAMILIES[case.raw["model"]["family"]]

    def model(self, dispersion="pearson", **parameters):
        link = getattr(jg, LINKS[self.case.raw["model"]["link"]])()
        power = self.case.get("fit.aux.var_power.value")
        known = {} if power is None else {"p": jg.Fixed(power)}
        family = getattr(jg, self.words.name)(mu=link, **known, **parameters)
        family = jg.Quasi(family) if self.words.quasi else family
        data = dict(names=self.case.names, offset=self.case.offset, weights=self.case.weights)
        firth, link = self.case.raw["model"]["type"] == "firth", self.case.raw["model"].get("link")
        penalty = None if not firth else "jeffreys" if link == "logit" else "mean_bias"
        return jg.GLM(self.case.y, self.case.X, family=family, dispersion=dispersion, penalty=penalty, **data)

    def fit(self, start=None, **model):
        """One fit; its warning is part of the contract of a failed one and is not repeated here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jg.FitWarning)
            return self.model(**model).fit(start=start)

    @cached_property
    def batch(self):
        """The whole batch that a member belongs to, in one call."""
        options, (X, Y) = self.model().options, (np.asarray(self.case.get(f"batch.{k}"), float) for k in "XY")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jg.FitWarning)
            return jg.fit_batch(options.family, X, Y, names=self.case.names)

    def of_member(self, name: str):
        """One of the arrays of the batch, at this member."""
        return getattr(self.batch, name)[self.case.get("batch.position")]

    @property
    def known_alpha(self) -> dict:
        """`alpha` where the model or R's standard errors take it as known."""
        theta = self.case.get("fit.aux.theta.value") if self.fixed_theta else self.case.get("exact.aux.theta")
        return {"alpha": jg.Fixed(1.0 / theta)} if theta else {}

    @property
    def fixed_theta(self) -> bool:
        return bool(self.case.get("fit.aux.theta.fixed"))

    @cached_property
    def default(self):
        return self.fit(**self.known_alpha) if self.fixed_theta else self.fit()

    @cached_property
    def joint(self):
        """Every parameter at its maximum, with the inverse observed joint information."""
        alpha = self.known_alpha if self.fixed_theta else {}
        return self.fit(dispersion="ml", **alpha).with_cov("observed")

    @cached_property
    def conditional(self):
        """What R's standard errors are about: expected information, theta taken as known."""
        return self.fit(**self.known_alpha).with_cov("expected")

    @cached_property
    def started(self) -> dict:
        """The fit from every start that the case names; all but the feasible ones are bad."""
        return {name: self.fit(start=np.asarray(start, float)) for name, start in starts(self.case).items()}


def starts(case: Case) -> dict[str, list[float]]:
    """Named starting coefficients: keys of the case, and names such as start_m4_m5 or start_minus_1.75."""
    given = {name: case.raw[name] for name in ("start", "feasible_start") if name in case.raw}
    outcomes = [name for name in case.get("r_outcome") or {} if name.startswith("start_")]
    return given | {name: _coefficients(name) for name in outcomes}


def _coefficients(name: str) -> list[float]:
    plain = re.sub(r"minus_|m(?=\d)", "-", name.removeprefix("start_"))
    return [float(number) for number in plain.split("_")]
