"""glum, without penalty, at the gradient tolerance in its label."""

from glum import GeneralizedLinearRegressor

from experiments.peers.competitors import Cannot


def prepare(workload, label):
    X, y, offset = workload["X"], workload["y"], workload["offset"]
    if workload["family"] not in ("binomial", "poisson", "gamma"):
        raise Cannot("has no such family with every parameter estimated")
    link = "log" if workload["family"] == "gamma" else "auto"
    tolerance = float(label.split()[1])
    model = GeneralizedLinearRegressor(
        family=workload["family"], link=link, alpha=0, fit_intercept=False, gradient_tol=tolerance, max_iter=1000
    )
    return lambda: model.fit(X, y, offset=offset).coef_
