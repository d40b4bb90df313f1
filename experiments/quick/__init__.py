"""Every built-in family on real data, by formula, against the numbers of R."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jaxglm as jg
from experiments import config as configs
from experiments.progress import Progress
from experiments.quick.comparison import Row, compare, summary_row, worst
from experiments.quick.page import COLUMNS, section
from experiments.report import Outcome, Report
from jaxglm import data

MODELS = {model["name"]: model for model in data.models()}
LEAD = (
    "Historical data sets, each fitted by jg.glm() from a formula, and the largest difference from the stored "
    "numbers. Coefficients differ by so many standard errors; all other quantities by so much of themselves. Standard "
    "errors, deviances and dispersions are R's; coefficients, log-likelihood and AIC are those of the true maximum in "
    "200-bit arithmetic, to which R's coefficients are as close as each section says."
)


@dataclass(frozen=True)
class Config:
    models: tuple[str, ...] = ()  # empty: all
    tol_coef: float = 1e-8  # in standard errors
    tol_loglik: float = 1e-9  # relative; log-likelihood, deviances, AIC
    tol_se: float = 1e-6  # relative; standard errors, dispersion

    def __post_init__(self) -> None:
        configs.known("models", self.models, MODELS)


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Green where every quantity of every model is within its tolerance."""
    names = config.models or tuple(MODELS)
    fits = _fits(names, progress)
    checks = {name: compare(fit, MODELS[name], config) for name, fit in fits.items()}
    return _outcome(fits, checks, out)


def _fits(names: tuple[str, ...], progress: Progress) -> dict[str, Any]:
    """Two at a time: most of the time is compilation, which does not hold Python's lock."""
    fits = {}
    with ThreadPoolExecutor(2) as pool:
        for name, fit in zip(names, pool.map(lambda name: _fit(MODELS[name]), names), strict=True):
            fits[name] = fit
            progress(len(fits), len(names), name)
    return fits


def _outcome(fits: Mapping[str, Any], checks: Mapping[str, list[Row]], out: Path) -> Outcome:
    rows = [row for name in checks for row in checks[name]]
    table = [summary_row(name, checks[name]) for name in checks]
    red = sum(not row["verdict"] for row in rows)
    report = Report("jaxglm on real data, against R", out)
    report.text(LEAD)
    words = f"{red} not within tolerance" if red else "all within tolerance"
    report.verdict(not red, f"{len(rows)} quantities of {len(fits)} models: {words}")
    report.table(worst(rows))
    report.table(table)
    for name, fit in fits.items():
        section(report, MODELS[name], fit, checks[name])
    return Outcome(rows=rows, tables=[table], report=report, ok=not red)


def _fit(model: Mapping[str, Any]) -> Any:
    columns = {key: model[key] for key in COLUMNS if key in model}
    frame = data.load(model["dataset"], as_frame=True)
    return jg.glm(model["formula"], frame, family=model["family"], link=model["link"], **columns)
