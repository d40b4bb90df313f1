"""A case's verdict: every row of its table, compared."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import jaxglm as jg

from . import joint
from .case import Case
from .firth import FIRTH
from .fits import FAMILIES, LINKS, Fits
from .limits import infinite_maximum
from .quantile import QUANTILE, QuantileFits
from .quantities import finite_maximum
from .quantity import Measurement, Quantity, compare

TYPES = ("glm", "glm_batch", "firth")
GROUPS = ("gaussian", "gaussian-nist", "near-collinear", "badly-scaled", "rank-deficient", "inverse-gaussian", "negbin")
GROUPS += ("prior-weights", "one-parameter", "edge", "separation", "hard-convergence", "quasi", "robust-cov", "batch")
GROUPS += ("firth", "tweedie")
OTHERS = {"firth": FIRTH, "quantile": QUANTILE}
PREFIXES = ("binomial-", "poisson-", "gamma-")


@dataclass(frozen=True)
class Verdict:
    case: Case
    unsupported: str = ""
    measurements: list[Measurement] = field(default_factory=list)

    @property
    def failures(self) -> list[Measurement]:
        return [m for m in self.measurements if not m.passed]

    @property
    def word(self) -> str:
        return "unsupported" if self.unsupported else "fail" if self.failures else "pass"

    def __str__(self) -> str:
        """One line: failures first, then the other errors."""
        shown = sorted(self.measurements, key=lambda m: m.passed)
        return " ".join(
            [self.case.id, self.word, *([f"({self.unsupported})"] if self.unsupported else map(str, shown))]
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        rows = {m.name: _row(m) for m in self.measurements}
        head = {"id": self.case.id, "group": self.case.raw["group"], "verdict": self.word}
        return head | {"unsupported": self.unsupported, "quantities": rows}


def _row(m: Measurement) -> dict[str, Any]:
    return {
        "error": m.error,
        "tolerance": m.tolerance,
        "passed": m.passed,
        "ours": _listed(m.ours),
        "truth": _listed(m.truth),
        "problem": m.problem,
    }


def _listed(value):
    return value if isinstance(value, str | bool | list | None) else np.asarray(value, float).tolist()


def reason_unsupported(case: Case) -> str:
    """Why the library cannot fit this case yet, or nothing."""
    model, group = case.raw["model"], case.raw["group"]
    if model["type"] in (*joint.MODELS, "quantile") and "X" in case.raw["design"]:
        return ""
    if model["type"] not in TYPES or "X" not in case.raw["design"]:
        return f"type {model['type']}"
    if group not in GROUPS and not group.startswith(PREFIXES):
        return f"group {group}"
    words, link = FAMILIES.get(model["family"]), LINKS.get(model["link"])
    if words is None or not hasattr(jg, words.name):
        return f"family {model['family']}"
    return "" if link and hasattr(jg, link) else f"link {model['link']}"


def table(case: Case) -> tuple[Quantity, ...]:
    if case.raw["model"]["type"] in joint.MODELS:
        return joint.table(case)
    if case.raw["model"]["type"] in OTHERS:
        return OTHERS[case.raw["model"]["type"]]
    return finite_maximum(case) if case.maximum_is_finite else infinite_maximum(case)


def fits_of(case: Case):
    kind = case.raw["model"]["type"]
    if kind in joint.MODELS:
        return joint.JointFits(case)
    return QuantileFits(case) if kind == "quantile" else Fits(case)


def judge(case: Case) -> Verdict:
    """Fit a case and compare everything that it stores and the library has."""
    reason = reason_unsupported(case)
    if reason:
        return Verdict(case, reason)
    fits = fits_of(case)
    rows = ((q, q.stored(case)) for q in table(case) if q.when(case))
    return Verdict(case, measurements=[compare(q, fits, truth) for q, truth in rows if truth is not None])
