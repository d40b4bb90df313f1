"""Who takes part. Each module has prepare(workload, label), which returns a function without arguments that fits every
member and returns the coefficients (B, P); it raises `Cannot` for a model that the library does not have. LOOP says
that the members are fitted one after another, so that a sample of them tells the time."""

import importlib
from typing import Any

from experiments.peers.competitors import Cannot

ALL = ("logistic", "poisson", "negbin")
# label: module, and the workloads that it is asked about
COMPETITORS = {
    "jaxglm": ("jaxglm_batch", ALL),
    "glmax vmap": ("glmax_vmap", ALL),
    "glmax vmap 1e-8": ("glmax_vmap", ALL),
    "statsmodels GLM loop": ("statsmodels_loop", ("logistic", "poisson")),
    "statsmodels Logit loop": ("statsmodels_loop", ("logistic",)),
    "statsmodels NegativeBinomial loop": ("statsmodels_loop", ("negbin",)),
    "sklearn newton-cholesky loop": ("sklearn_loop", ALL),
}


def competitor(label: str) -> Any:
    return importlib.import_module(f"{__name__}.{COMPETITORS[label][0]}")


def takes(label: str, workload: str) -> bool:
    """Whether the model in the label is that of the workload."""
    return workload in COMPETITORS[label][1]


__all__ = ["COMPETITORS", "Cannot", "competitor", "takes"]
