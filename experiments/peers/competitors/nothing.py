"""Does nothing: what the measuring itself costs, and the score at zero."""

import numpy as np


def prepare(workload, label):
    beta = np.zeros(workload["X"].shape[1])
    return lambda: beta
