"""One reference case as it lies in its JSON file (schema `jaxglm-reference/1`)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

ILL_CONDITIONED = frozenset({"near-collinear", "badly-scaled", "ill-conditioned"})


@dataclass(frozen=True)
class Case:
    raw: dict[str, Any]

    def get(self, path: str) -> Any:
        """The stored thing at a dotted path, None where the case has none."""
        value: Any = self.raw
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def array(self, path: str) -> Any:
        """The stored numbers at a dotted path: NaN for null, infinities for "Inf" and "-Inf". None where absent."""
        value = self.get(path)
        return None if value is None else np.asarray(_numbers(value), float)

    @property
    def id(self) -> str:
        return self.raw["id"]

    @property
    def names(self) -> list[str]:
        return self.raw["design"]["colnames"]

    @cached_property
    def X(self) -> np.ndarray:
        return np.asarray(self.raw["design"]["X"], float)

    @cached_property
    def y(self) -> np.ndarray:
        return np.asarray(self.raw["design"]["y"], float)

    @cached_property
    def weights(self) -> np.ndarray | None:
        return self.array("design.weights")

    @cached_property
    def offset(self) -> np.ndarray | None:
        return self.array("design.offset")

    @cached_property
    def kept(self) -> np.ndarray:
        """Mask of the columns that are not aliased."""
        aliased = self.get("fit.aliased")
        return np.ones(len(self.names), bool) if aliased is None else ~np.asarray(aliased, bool)

    @property
    def ill_conditioned(self) -> bool:
        return not ILL_CONDITIONED.isdisjoint(self.raw["tags"])

    @property
    def zero_residual(self) -> bool:
        """A perfect Gaussian fit: the log-likelihood is infinite and standard errors are rounding."""
        return "zero-residual" in self.raw["tags"]

    @property
    def saturated(self) -> bool:
        return self.get("fit.df_residual") == 0

    @property
    def maximum_is_finite(self) -> bool:
        return self.get("expected.mle_exists") is not False

    @property
    def on_boundary(self) -> bool:
        return self.get("exact.boundary") is True


def _numbers(value):
    if isinstance(value, list):
        return [_numbers(v) for v in value]
    return float("nan") if value is None else float(value)


def load(path: Path) -> list[Case]:
    """The case in a file; a batch is one case a member."""
    raw = json.loads(path.read_text())
    return list(_members(raw)) if raw["model"]["type"] == "glm_batch" else [Case(raw)]


def _members(raw: dict) -> Iterator[Case]:
    """What is stored of each member; of R's numbers only those of plain batches, for R fails on the hard ones."""
    design = raw["design"]
    Y = [list(column) for column in zip(*design["Y"], strict=True)]
    whole = {"X": design.get("X_batch", design.get("X")), "Y": Y}
    for j, name in enumerate(design["Y_colnames"]):
        X = design["X_batch"][j] if "X_batch" in design else design["X"]
        member = {"X": X, "y": Y[j], "colnames": design["colnames"]}
        exact, fit = (_of_member(raw[part], j, len(Y)) for part in ("exact", "fit"))
        truth = {"exact": exact, "expected": {}, "fit": fit if raw["group"] == "batch" else {}}
        yield Case(raw | truth | {"id": f"{raw['id']}[{name}]", "design": member, "batch": whole | {"position": j}})


def _of_member(stored: dict, j: int, size: int) -> dict:
    return {key: values[j] for key, values in stored.items() if isinstance(values, list) and len(values) == size}


def load_folder(folder: Path, group: str | None = None) -> list[Case]:
    """All cases below a folder, in order of their file names."""
    cases = [case for path in sorted(folder.rglob("*.json")) for case in load(path)]
    return [c for c in cases if group is None or c.raw["group"] == group]
