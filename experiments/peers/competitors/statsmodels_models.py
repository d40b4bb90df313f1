"""statsmodels: GLM by IRLS, and Logit by Newton."""

import statsmodels.api as sm

from experiments.peers.competitors import Cannot

FAMILIES = {
    "binomial": sm.families.Binomial(),
    "poisson": sm.families.Poisson(),
    "gamma": sm.families.Gamma(sm.families.links.Log()),
}


def prepare(workload, label):
    X, y, offset, family = (workload[key] for key in ("X", "y", "offset", "family"))
    if family not in FAMILIES:
        raise Cannot("see its own model")
    if label.endswith("GLM"):
        return lambda: sm.GLM(y, X, family=FAMILIES[family], offset=offset).fit().params
    if family != "binomial":
        raise Cannot("logistic only")
    return lambda: sm.Logit(y, X).fit(disp=0).params
