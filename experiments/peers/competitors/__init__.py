"""Who takes part. Each module has prepare(workload, label), which returns a function without arguments that
fits and returns the coefficients; it raises `Cannot` for a model that the library does not have."""

import importlib
from typing import Any

# label: module
COMPETITORS = {
    "jaxglm fit": "jaxglm_core",
    "jaxglm GLM": "jaxglm_model",
    "glum 1e-8": "glum_regressor",
    "glum 1e-4": "glum_regressor",
    "sklearn newton-cholesky": "sklearn_models",
    "sklearn lbfgs": "sklearn_models",
    "statsmodels GLM": "statsmodels_models",
    "statsmodels Logit": "statsmodels_models",
    "statsmodels model": "statsmodels_responses",
    "nothing": "nothing",
}


class Cannot(Exception):
    """The library has no such model; the words say what it lacks."""


def competitor(label: str) -> Any:
    return importlib.import_module(f"{__name__}.{COMPETITORS[label]}")
