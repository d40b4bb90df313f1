"""Models with several parameters, all at their joint maximum: beta, Student's t, and accelerated failure times."""

import warnings
from functools import cached_property

import numpy as np

import jaxglm as jg

from . import measure
from .case import Case
from .quantity import Quantity, at, differs, plain

FAMILIES = {
    ("beta", "beta"): lambda case: jg.Beta(),
    ("student_t", "student_t"): lambda case: jg.StudentT(),
    ("aft", "t"): lambda case: jg.StudentT(df=jg.Fixed(float(case.get("fit.aux.parms")))),
}


def family(case: Case):
    """The family of a case whose further parameters are all shared by the rows, or None."""
    model = case.raw["model"]
    plain_rows = np.all(case.array("design.status") == 1) if "status" in case.raw["design"] else True
    shared = case.get("design.Z") is None or np.shape(case.get("design.Z"))[1] == 1
    made = FAMILIES.get((model["type"], model["family"]))
    return made(case) if made and plain_rows and shared else None


class JointFits:
    """The fit of one case as a user gets it."""

    def __init__(self, case: Case):
        self.case = case

    @cached_property
    def default(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jg.FitWarning)
            return jg.GLM(self.case.y, self.case.X, family=family(self.case), names=self.case.names).fit()


def in_se(ours, truth, case: Case) -> float:
    return measure.scaled(ours, truth, case.array("exact.se_observed"))


JOINT = (
    Quantity("status", lambda c: "CONVERGED", lambda f: f.default.status.name, 0, differs),
    Quantity("estimate", at("exact.estimate"), lambda f: f.default.params, 1e-8, in_se),
    Quantity("se_observed", at("exact.se_observed"), lambda f: f.default.bse, 1e-6),
    Quantity(
        "vcov_observed",
        at("exact.vcov_observed"),
        lambda f: f.default.cov_params(),
        1e-6,
        plain(measure.of_deviations),
    ),
    Quantity("logLik", at("exact.logLik"), lambda f: f.default.llf, 1e-9),
    Quantity("AIC", at("exact.AIC"), lambda f: f.default.aic, 1e-9),
    Quantity("BIC", at("exact.BIC_rows"), lambda f: f.default.bic, 1e-9),
    Quantity("n_params", at("exact.n_parameters"), lambda f: f.default.n_params, 0, differs),
)
