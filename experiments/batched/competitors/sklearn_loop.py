"""scikit-learn, one member after another, without penalty, on one thread: more slow a small Poisson fit 30 times."""

import numpy as np
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from threadpoolctl import threadpool_limits

from experiments.batched.competitors import Cannot

LOOP = True
OPTIONS = {"solver": "newton-cholesky", "fit_intercept": False, "tol": 1e-8, "max_iter": 1000}


def prepare(workload, label):
    X, y, family = workload["X"], workload["y"], workload["family"]
    if family == "negbin":
        raise Cannot("has no negative binomial")
    model = LogisticRegression(C=np.inf, **OPTIONS) if family == "binomial" else PoissonRegressor(alpha=0, **OPTIONS)
    designs = X if X.ndim == 3 else [X] * len(y)

    def fit():
        with threadpool_limits(1):
            return np.array([model.fit(designs[i], y[i]).coef_.ravel() for i in range(len(y))])

    return fit
