"""Do 95 % intervals cover the slope in 95 % of data sets? All data sets of a family and size in one call."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import jaxglm as jg
from experiments import config as configs
from experiments.coverage import pictures
from experiments.coverage.intervals import fitted, likelihood, pairs, wild
from experiments.coverage.truths import TRUTHS, drawn
from experiments.coverage.verdicts import METHODS, Row, by_method, precision, statuses, verdict
from experiments.progress import Progress
from experiments.report import Outcome, Report

MODELS = ("right", "wrong")
WASTE = 3  # data are padded to the next size if that is at most so many times as large: one program for both
LEAD = (
    "Each cell is thousands of data sets on one fixed design, an intercept and normal scores x, fitted by one call of "
    "jg.fit_batch; `with_cov` and `limits` give the intervals of all of them. A right model is the family that is "
    "fitted; a wrong one has the same mean and another variance, so that the estimator converges to the true slope "
    "there too: coverage is of that slope throughout."
)
RULES = (
    "Intervals: 'Wald' and 'Wald HC3' from model and HC3 standard errors, with Student's t where the dispersion is "
    "estimated (gaussian, gamma); 'profile' from the joint likelihood, the dispersion profiled out; 'profile F' from "
    "the drop of the deviance over the dispersion, as R has it; 'wild', studentized limits of the score bootstrap with "
    "Rademacher multipliers; 'pairs' and 'pairs BCa' by refits to resampled rows, those without an estimate left out. "
    "Coverage is of the intervals that exist. A fit that did not converge, of separated binary data, has no Wald and "
    "no bootstrap interval. Its profile interval exists, with one limit infinite, and covers if the finite limit is on "
    "the right side; so the profile is judged on more data sets than the others where some are separated."
)


@dataclass(frozen=True)
class Config:
    families: tuple[str, ...] = tuple(TRUTHS)
    sizes: tuple[int, ...] = (20, 50, 200)  # rows of a data set
    data_sets: int = 10_000
    wild_sets: int = 1_000  # of them with wild bootstrap intervals
    pairs_sets: int = 500  # of them with intervals by refits to resampled rows
    resamples: int = 199
    seed: int = 1

    def __post_init__(self) -> None:
        configs.known("families", self.families, TRUTHS)
        configs.require(bool(self.families and self.sizes), "families and sizes must not be empty.")
        configs.require(min(self.sizes, default=0) >= 8, f"sizes must be at least 8, but got {list(self.sizes)}.")
        most = f"must be from 1 to data_sets, {self.data_sets}."
        configs.require(1 <= self.wild_sets <= self.data_sets, f"wild_sets {most}")
        configs.require(1 <= self.pairs_sets <= self.data_sets, f"pairs_sets {most}")
        configs.require(self.resamples >= 39, f"resamples must be at least 39, but got {self.resamples}.")

    def padded(self, n: int) -> int:
        return max(size for size in self.sizes if size <= WASTE * n)


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Measures; whether intervals cover is a finding, not a failure."""
    cells = [(f, model, n) for f in config.families for n in sorted(config.sizes) for model in MODELS]
    rows: list[Row] = []
    fits: list[Row] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)  # statuses are among the results
        for done, cell in enumerate(cells):
            progress(done, len(cells), "{}, model {}, n = {}".format(*cell))
            made, told = _cell(config, *cell)
            rows, fits = rows + made, [*fits, told]
    progress(1, 1, "")
    tables = [by_method(rows), precision(rows), fits]
    both = [{"part": "intervals"} | row for row in rows] + [{"part": "fits"} | row for row in fits]
    return Outcome(rows=both, tables=tables, report=_report(config, rows, tables, out))


def _cell(config: Config, family: str, model: str, n: int) -> tuple[list[Row], Row]:
    """A row for each method, and one of the statuses."""
    seed = [config.seed, list(TRUTHS).index(family), MODELS.index(model), n]
    sets = drawn(family, model, n, config.padded(n), config.data_sets, seed)
    fits, rng = fitted(sets), np.random.default_rng([*seed, 1])
    found = likelihood(fits) | {"wild": wild(sets, fits, config.wild_sets, config.resamples, rng)}
    found |= pairs(sets, fits, config.pairs_sets, config.resamples, rng)
    about = {"family": family, "model": model, "n": n}
    rows = [about | verdict(name, found[name], sets.slope) for name in METHODS if name in found]
    return rows, about | statuses(fits, found)


def _report(config: Config, rows: list[Row], tables: list[Any], out: Path) -> Report:
    report = Report("Do 95 % intervals cover?", out)
    titles = {name: (truth.right_short, truth.wrong_short) for name, truth in TRUTHS.items()}
    report.text(LEAD)
    report.figure(pictures.coverage(rows, titles), "coverage", "Coverage of the slope, with two Monte-Carlo errors.")
    report.heading("Coverage")
    report.text(RULES)
    report.table(tables[0])
    report.text(f"Bootstrap intervals have {config.resamples} resamples each.")
    report.table(tables[1])
    report.heading("Where the data come from")
    report.table([{"family": name, "right": TRUTHS[name].right_words, "wrong": TRUTHS[name].wrong_words,
                   "intercept and slope": str(TRUTHS[name].beta)} for name in config.families])  # fmt: skip
    report.heading("How the fits ended")
    report.table(tables[2])
    report.heading("On which side intervals miss")
    report.text("An interval misses above where its lower limit is above the slope.")
    report.table(rows)
    return report
