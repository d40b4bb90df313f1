"""Which count model for doctor visits? Ten laws on 20,190 person-years: criteria, rootograms, quantile residuals."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import config as configs
from experiments.counts import judge, models, pictures, verdicts
from experiments.counts.tabulate import COUNT, tabulated
from experiments.progress import Progress
from experiments.report import Outcome, Report
from jaxglm import Status, data

COVARIATES = ("lncoins", "idp", "lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp")
LEAD = (
    "Outpatient visits to a physician in 20,190 person-years of the RAND health insurance experiment, which drew by "
    "lot how much of a bill the insured paid. Each law has the same covariates of its mean or location; zero inflation "
    "and the hurdle have them also for the zeros. LOO-IC is the leave-one-out deviance, by one Newton step a row or a "
    "refit where that is doubtful; 'se of that' is the standard error of the difference to the best law, row by row. "
    "'Worst bar' is the largest distance of the roots of the observed and expected frequencies, in standard errors. "
    "Residuals have standard deviation 1 where the law is true."
)
TABULATION = (
    "Equal rows are one row that counts several times: {rows:,} person-years are {distinct:,} distinct rows, with "
    "{designs:,} distinct sets of covariates, at which probabilities are needed. {name} fitted to all rows has the "
    "same log-likelihood (relative difference {error:.0e}); a second fit takes {full:.2f} s there and {tabulated:.2f} "
    "s tabulated."
)


@dataclass(frozen=True)
class Config:
    models: tuple[str, ...] = tuple(models.LAWS)
    covariates: tuple[str, ...] = COVARIATES
    zeros: tuple[str, ...] = COVARIATES  # covariates of zero inflation and of the hurdle
    rows: int = 0  # the first so many; 0: all
    bars: int = 25  # counts shown
    untabulated: str = "NB2"  # fitted to the single rows, too; "": none
    tol_loglik: float = 1e-9  # relative, tabulated against single rows

    def __post_init__(self) -> None:
        configs.known("models", self.models, models.LAWS)
        configs.known("covariates", self.covariates, COVARIATES)
        configs.known("zeros", self.zeros, COVARIATES)
        configs.known("untabulated", [self.untabulated] if self.untabulated else [], self.models)
        configs.require(len(self.models) > 0, "models must name at least one law.")
        configs.require(self.bars >= 2, f"bars must be at least 2, but got {self.bars}.")
        configs.require(self.rows >= 0, f"rows must not be negative, but got {self.rows}.")


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Passes where every fit has its maximum and the tabulated likelihood is that of the single rows."""
    report, frame = Report("Which count model for doctor visits?", out), _frame(config)
    table = tabulated(frame, [c for c in frame.columns if c in {models.RESPONSE, *config.covariates, *config.zeros}])
    observed = np.bincount(frame[models.RESPONSE], minlength=config.bars)[: config.bars]
    judged = {}
    for done, name in enumerate(config.models):
        progress(done, len(config.models), name)
        judged[name] = _judged(name, table, config)
    rows = verdicts.table(judged, observed)
    same = _compare(frame, table, config) if config.untabulated else None
    _write(report, {row["model"]: judged[row["model"]] for row in rows}, rows, observed, same)
    progress(1, 1, "")
    ended = all(one.fit.status in (Status.CONVERGED, Status.BOUNDARY) for one in judged.values())
    ok = ended and (same is None or same["error"] <= config.tol_loglik)
    return Outcome(rows=rows, tables=[_printed(rows)], report=report, ok=ok)


def _frame(config: Config) -> Any:
    frame = data.load("randhie", as_frame=True)
    return frame.head(config.rows) if config.rows else frame


def _judged(name: str, table: Any, config: Config) -> judge.Judged:
    start = time.perf_counter()
    fit = models.fit(name, table, config, freq_weights=COUNT)
    seconds = time.perf_counter() - start
    return judge.judged(fit, table, config.bars, seconds)


def _compare(frame: Any, table: Any, config: Config) -> dict[str, Any]:
    """One law fitted to the single rows and to the tabulated ones: the same maximum, other seconds."""
    seconds = {}
    for key, rows, counts in (("full", frame, {}), ("tabulated", table, {"freq_weights": COUNT})):
        models.fit(config.untabulated, rows, config, **counts)  # compiles
        start = time.perf_counter()
        seconds[key] = (models.fit(config.untabulated, rows, config, **counts).llf, time.perf_counter() - start)
    (one, full), (two, short) = seconds["full"], seconds["tabulated"]
    designs = len(table.drop(columns=[models.RESPONSE, COUNT]).drop_duplicates())
    return dict(rows=len(frame), distinct=len(table), designs=designs, name=config.untabulated,
                error=abs(two / one - 1), full=full, tabulated=short)  # fmt: skip


def _write(report: Report, judged: dict, rows: list[dict], observed: np.ndarray, same: dict | None) -> None:
    report.text(LEAD)
    report.verdict(True, verdicts.conclusion(rows, observed))
    report.table(verdicts.shown(rows))
    report.text(f"Counted: {observed[0]:,} person-years without a visit, {observed[1]:,} with one.", soft=True)
    report.heading("Rootograms")
    report.figure(pictures.hanging(judged, observed), "hanging", "Roots of frequencies, observed and expected, by the "
                  "best and the last law: where a bar ends above zero, fewer were counted than expected.")  # fmt: skip
    report.figure(pictures.suspended(judged, observed), "rootograms", "What is missing to the expected root of each "
                  "frequency, in standard errors: up, fewer were counted than expected. Grey: two standard errors. The "
                  "first bar that leaves the picture has its number.")  # fmt: skip
    report.heading("Quantile residuals")
    report.figure(pictures.quantile_plots(judged), "residuals", "Standard normal if the law is true. Grey: two "
                  "standard errors of an order statistic.")  # fmt: skip
    report.heading("A law that jaxglm does not ship")
    report.text("A discrete Weibull: P(Y >= y) = exp(-(y / mu)^shape); the geometric at shape = 1 (Nakagawa and Osaki, "
                "1975). These lines are all that the library was told of it.")  # fmt: skip
    report.code(models.SOURCE)
    if same:
        report.heading("Tabulation")
        report.text(TABULATION.format(**same))


def _printed(rows: list[dict]) -> list[dict]:
    """What fits on a terminal."""
    keys = ("model", "parameters", "AIC", "BIC", "LOO-IC", "behind by", "se of that", "zeros expected", "status")
    return [{key: row[key] for key in keys} for row in verdicts.shown(rows)]
