"""jaxglm: one call, NumPy in and out, with all checks, statuses and standard errors."""

import jaxglm as jg

LOOP = False


def prepare(workload, label):
    family, X, y = workload["family"], workload["X"], workload["y"]
    return lambda: jg.fit_batch(family, X, y).params
