"""Families that jaxglm does not ship, written in six lines, fitted to real data, and checked by brute force."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import jaxglm as jg
from experiments import config as configs
from experiments.custom_family import horse_kicks, stack_loss
from experiments.custom_family.brute_force import maximise
from experiments.progress import Progress
from experiments.report import Outcome, Report

# each has TITLE, FAMILY, FORMULA, frame(), by_hand(frame), density(y, eta, ...) and story(report, fit)
EXAMPLES = {"horse_kicks": horse_kicks, "stack_loss": stack_loss}
LEAD = (
    "A family is its log-likelihood of one observation. Score, curvature, standard errors and starting values come "
    "from that function by automatic differentiation. Here are two families that jaxglm does not ship, on real data. "
    "Each fit is compared with brute force, which shares nothing with it: the density out of scipy.stats, a design "
    "made by hand, a general optimiser, and finite differences for the standard errors."
)


@dataclass(frozen=True)
class Config:
    examples: tuple[str, ...] = tuple(EXAMPLES)
    tol_coef: float = 1e-6  # in standard errors
    tol_se: float = 1e-4  # relative

    def __post_init__(self) -> None:
        configs.known("examples", self.examples, EXAMPLES)
        configs.require(self.tol_coef > 0 and self.tol_se > 0, "tol_coef and tol_se must be positive.")


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Passes where every coefficient and standard error agrees with brute force, and every law holds."""
    report, table, laws = Report("A family of your own", out), [], []
    report.text(LEAD)
    for done, name in enumerate(config.examples):
        progress(done, len(config.examples), name)
        example = EXAMPLES[name]
        fit = jg.glm(example.FORMULA, example.frame(), family=example.FAMILY)
        rows, verdicts = _compare(example, fit, config), jg.check_family(example.FAMILY, verbose=False)
        _section(report, example, fit, rows, verdicts)
        table, laws = table + rows, laws + _laws(example, verdicts)
    progress(1, 1, "")
    return Outcome(rows=table, tables=[table, laws], report=report, ok=all(row["verdict"] for row in table + laws))


def _compare(example: Any, fit: Any, config: Config) -> list[dict[str, Any]]:
    """One row a parameter: estimate and standard error, and their distance from brute force."""
    y, X = example.by_hand(example.frame())
    estimate, se = maximise(example.density, y, X, extra=len(fit.params) - X.shape[1])
    apart, wider = np.abs(np.asarray(fit.params) - estimate) / se, np.abs(np.asarray(fit.bse) / se - 1)
    head = {"family": type(example.FAMILY).__name__, "status": fit.status.name.lower()}
    return [
        {
            **head,
            "term": term,
            "estimate": float(fit.params[i]),
            "std error": float(fit.bse[i]),
            "estimate off by, se": float(apart[i]),
            "std error off by": float(wider[i]),
            "verdict": bool(fit.converged and apart[i] <= config.tol_coef and wider[i] <= config.tol_se),
        }
        for i, term in enumerate(fit.params.names)
    ]


def _section(report: Report, example: Any, fit: Any, rows: list[dict[str, Any]], verdicts: Any) -> None:
    report.heading(example.TITLE)
    report.code(inspect.getsource(type(example.FAMILY)))
    example.story(report, fit)
    report.html(fit.summary()._repr_html_())
    report.text("Against brute force:")
    report.table(rows)
    report.text("The laws that a log-likelihood must keep, by jg.check_family:")
    report.table(_laws(example, verdicts))


def _laws(example: Any, verdicts: Any) -> list[dict[str, Any]]:
    name = type(example.FAMILY).__name__
    return [{"family": name, "law": v.law, "worst error": float(v.error), "verdict": bool(v.passed)} for v in verdicts]
