"""scikit-learn, without penalty, by the solver in its label."""

import numpy as np
from sklearn.linear_model import GammaRegressor, LogisticRegression

from experiments.peers.competitors import Cannot


def prepare(workload, label):
    X, y, solver = workload["X"], workload["y"], label.split()[1]
    if workload["offset"] is not None:
        raise Cannot("has no offset")
    if workload["family"] not in ("binomial", "gamma", "multinomial"):
        raise Cannot("has no such family")
    options = {"solver": solver, "fit_intercept": False, "tol": 1e-8, "max_iter": 1000}
    model = (
        LogisticRegression(C=np.inf, **options) if workload["family"] != "gamma" else GammaRegressor(alpha=0, **options)
    )
    if workload["family"] != "multinomial":
        return lambda: model.fit(X, y).coef_.ravel()

    def against_the_first_class():
        beta = model.fit(X, y).coef_
        return (beta[1:] - beta[0]).ravel()

    return against_the_first_class
