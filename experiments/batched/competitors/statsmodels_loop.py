"""statsmodels, one member after another: GLM by IRLS, Logit by Newton, NegativeBinomial by BFGS with its own start."""

import numpy as np
import statsmodels.api as sm

LOOP = True
FAMILIES = {"binomial": sm.families.Binomial(), "poisson": sm.families.Poisson()}


def prepare(workload, label):
    X, y, family, model = workload["X"], workload["y"], workload["family"], label.split()[1]
    designs = X if X.ndim == 3 else [X] * len(y)
    return lambda: np.array([FITS[model](y[i], designs[i], family) for i in range(len(y))])


def _negbin(y, X, family):
    theta = sm.NegativeBinomial(y, X).fit(disp=0, maxiter=200).params
    return np.append(theta[:-1], np.log(max(theta[-1], 1e-300)))


FITS = {
    "GLM": lambda y, X, family: sm.GLM(y, X, family=FAMILIES[family]).fit().params,
    "Logit": lambda y, X, family: sm.Logit(y, X).fit(disp=0).params,
    "NegativeBinomial": _negbin,
}
