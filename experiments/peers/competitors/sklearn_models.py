"""scikit-learn, without penalty, by the solver in its label."""

import numpy as np
from sklearn.linear_model import GammaRegressor, LogisticRegression

from experiments.peers.competitors import Cannot


def prepare(workload, label):
    X, y, solver = workload["X"], workload["y"], label.split()[1]
    if workload["offset"] is not None:
        raise Cannot("has no offset")
    options = {"solver": solver, "fit_intercept": False, "tol": 1e-8, "max_iter": 1000}
    model = (
        LogisticRegression(C=np.inf, **options)
        if workload["family"] == "binomial"
        else GammaRegressor(alpha=0, **options)
    )
    return lambda: model.fit(X, y).coef_.ravel()
