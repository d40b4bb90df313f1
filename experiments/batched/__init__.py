"""Thousands of fits in one call: how many a second, at what size, in what company, and beside whom."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jaxglm as jg
from experiments import config as configs
from experiments.batched import claims, measure, pictures, resamples
from experiments.batched.competitors import COMPETITORS, takes
from experiments.batched.workloads import WORKLOADS
from experiments.figures import panels
from experiments.progress import Progress
from experiments.report import Outcome, Report

LEAD = (
    "Many models of one form in one call of jg.fit_batch: NumPy arrays in; estimates, standard errors and a status for "
    "every member out; float64. The logistic members have designs of their own, the Poisson and negative binomial ones "
    "share one, and the overdispersion of each negative binomial is estimated. 'first' is the first call of a size in "
    "the process, with compilation (less of it where a persistent cache of programs is set); the others are warm."
)
ASIDE = (
    "Loops are timed on a sample of the members and scaled up to the batch. 'deviance above jaxglm's' is the largest "
    "difference of any member, by a log-likelihood that is written by hand in NumPy; 'distance, se' is the largest "
    "sqrt(g' H^-1 g) by the same: zero at the maximum. A time counts only next to one with as small a distance. The "
    "time of jaxglm and statsmodels includes standard errors, that of glmax and scikit-learn does not."
)
DRAWN = (
    "A bootstrap of a logistic regression, and a loop of statsmodels over the first of the resamples that it "
    "drew, scaled up to all. 'from jaxglm's, se' is the largest difference of a coefficient in standard errors."
)
SHOWN = ("first s", "median s", "fits/s", "converged", "mean steps")


@dataclass(frozen=True)
class Config:
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    peers: tuple[str, ...] = tuple(COMPETITORS)
    largest: int = 10_000  # members; sizes are the powers of ten up to it
    rows_logistic: int = 500
    rows_poisson: int = 300
    rows_negbin: int = 200
    columns_logistic: int = 8
    columns_poisson: int = 10
    columns_negbin: int = 5
    sample: int = 200  # members that a loop is timed on
    repeats: int = 7
    budget: float = 60.0  # seconds; past it a peer gets no further repeat
    separable: float = 0.01  # share of the logistic members
    resamples: int = 1000  # of the bootstrap
    rows_resamples: int = 2000
    columns_resamples: int = 10

    def __post_init__(self) -> None:
        configs.known("workloads", self.workloads, WORKLOADS)
        configs.known("peers", self.peers, COMPETITORS)
        least = min(self.largest, self.sample, self.repeats, self.resamples)
        configs.require(least >= 1, "largest, sample, repeats and resamples must be >= 1.")
        configs.require(0 < self.separable <= 1, f"separable must be in (0, 1], but got {self.separable}.")

    @property
    def sizes(self) -> list[int]:
        return [10**k for k in range(10) if 10**k < self.largest] + [self.largest]


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Measures; whether the claims hold is a finding, not a failure."""
    rows: list[dict[str, Any]] = []
    mixed = None
    for done, name in enumerate(config.workloads):
        step = lambda what, done=done, name=name: progress(done, len(config.workloads), f"{name}: {what}")  # noqa: E731
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jg.FitWarning)  # statuses are among the results
            made, fits = _measured(name, config, step)
        rows, mixed = rows + made, mixed or fits
    progress(len(config.workloads), len(config.workloads) + 1, "resamples")
    rows += resamples.measured(config)
    progress(1, 1, "")
    tables = [
        _columns(rows, "throughput", ("workload", "B", *SHOWN)),
        _columns(rows, "status", ("workload", "status", "members", "share")),
        _columns(rows, "separable", ()),
        _columns(rows, "peers", ()),
        _columns(rows, "resamples", ()),
        claims.table(rows),
    ]
    return Outcome(rows=rows, tables=[t for t in tables if t], report=_report(rows, tables, mixed, config, out))


def _measured(name: str, config: Config, step: Any) -> tuple[list[dict[str, Any]], jg.BatchResults | None]:
    """All rows of one workload, and the fits of the batch with separable members where there is one."""
    step("data")
    n, p = (getattr(config, f"{key}_{name}") for key in ("rows", "columns"))
    workload = WORKLOADS[name](config.largest, n, p)
    step("sizes")
    rows, mixed = measure.throughput(workload, config.sizes, config.repeats), None
    fits = jg.fit_batch(workload["family"], workload["X"], workload["y"])
    rows += measure.statuses(name, fits)
    if name == "logistic":
        step("separable members")
        row, mixed = measure.company(workload, config.separable, config.repeats)
        rows += [row, *measure.statuses("logistic, some separable", mixed)]
    for peer in (peer for peer in config.peers if takes(peer, name)):
        step(peer)
        rows.append(measure.beside(workload, peer, fits.params, config))
    return rows, mixed


def _columns(rows: list[dict[str, Any]], part: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    mine = [row for row in rows if row["part"] == part]
    return [{key: row[key] for key in keys or row if key != "part"} for row in mine]


def _report(rows: list, tables: list, mixed: jg.BatchResults | None, config: Config, out: Path) -> Report:
    sizes, statuses, company, peers, drawn, claimed = tables
    report = Report("Thousands of fits in one call", out)
    report.text(LEAD)
    report.heading("What jaxglm claims")
    report.table(claimed)
    report.heading("Fits per second")
    report.figure(
        pictures.throughput(rows), "throughput", "Median of warm calls, and the first call of each size. Levels: peers."
    )
    report.table(sizes)
    report.heading("Beside other libraries")
    report.text(ASIDE)
    if any(row["median s"] for row in peers):
        report.figure(pictures.peers(rows), "peers", "Median (point), fastest to slowest (band). Log scale.")
    report.table(peers)
    report.heading("Resamples")
    report.text(DRAWN)
    report.table(drawn)
    report.heading("Company: separable members in the batch")
    report.text("Members without a finite estimate get a status, and the others the same numbers as without them.")
    report.table(company)
    if mixed is not None:
        figure, axes = panels(1, 1, width=8.7, height=2.2)
        jg.plot.status_counts(mixed, ax=axes[0, 0])
        report.figure(figure, "statuses", "The batch with separable members, by status.")
    report.table(statuses)
    return report
