"""jaxglm as users call it: NumPy arrays in, all checks, standard errors out."""

import jaxglm as jg


def prepare(workload, label):
    X, y, offset, family = (workload[key] for key in ("X", "y", "offset", "family"))

    def fit():
        result = jg.GLM(y, X, family=family, offset=offset).fit()
        result.bse  # noqa: B018  (computed when read)
        return result.params

    return fit
