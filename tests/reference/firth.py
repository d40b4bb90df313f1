"""The table of Firth's adjusted score: its root, which for the logit link is the maximum of Jeffreys' likelihood."""

from .case import Case
from .measure import scaled
from .quantity import Quantity, at, differs


def in_se(ours, truth, case: Case) -> float:
    unit = "exact.se_expected" if case.get("exact") else "fit.bias_reduced.AS_mean.se"
    return scaled(ours, truth, case.array(unit))


FIRTH = (
    Quantity("status", lambda c: "CONVERGED", lambda f: f.default.status.name, 0, differs),
    Quantity("coef", at("exact.coef"), lambda f: f.default.params, 1e-8, in_se),
    Quantity("se", at("exact.se_expected"), lambda f: f.default.bse, 1e-6),
    Quantity("logLik", at("exact.logLik_at_estimate"), lambda f: f.default.llf, 1e-9),
    Quantity("penalised_logLik", at("exact.penalised_logLik"), lambda f: f.default.penalised_llf, 1e-9),
    Quantity("R.coef", at("fit.bias_reduced.AS_mean.coef"), lambda f: f.default.params, 1e-7, in_se),
    Quantity("R.se", at("fit.bias_reduced.AS_mean.se"), lambda f: f.default.bse, 1e-6),
    Quantity("R.logLik", at("fit.bias_reduced.AS_mean.logLik_at_estimate"), lambda f: f.default.llf, 1e-9),
)
