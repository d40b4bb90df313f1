"""Which of 5,000 genes change between two conditions? Overdispersion shared between genes, and tests that keep their
promises where the truth is known."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import jaxglm as jg
from experiments import config as configs
from experiments.differential_expression import deseq, pictures
from experiments.differential_expression.simulate import FLOOR, SLOPE, SPREAD, Study, simulate
from experiments.differential_expression.steps import Analysis, analyse
from experiments.differential_expression.verdicts import Row, Tested, alpha_errors, averaged, verdicts
from experiments.figures import panels
from experiments.progress import Progress
from experiments.report import Outcome, Report

LEAD = (
    "Counts of genes in samples of two conditions and two batches, with known truth. One call of jg.fit_batch fits a "
    "negative binomial with an overdispersion alpha of its own to every gene; a Gamma GLM of these alphas on 1 / mean "
    "is their trend; each log alpha is shrunk towards the trend by what it and the genes in all are worth; a second "
    "call fits every gene with its alpha fixed; Wald tests of the condition are adjusted by Benjamini and Hochberg."
)
WAYS = (
    "'gene by gene' tests with the alpha of each gene by itself. Maximum likelihood takes alpha too small, as any "
    "variance beside p coefficients; 'shrunk, df' multiplies the variance of a shrunk gene by n / (n - p). 'true "
    "alpha' is what no analysis can know, and shows how much of a defect comes from alpha; 'Poisson' leaves "
    "overdispersion out. Seconds contain all steps of the way: on the first data set, with compilation, and the median "
    "of the others."
)


@dataclass(frozen=True)
class Config:
    genes: int = 5_000
    samples: int = 60
    share: float = 0.10  # of the genes that change
    effect: float = 0.6  # standard deviation of their log fold changes
    data_sets: int = 5  # numbers are averages over so many; pictures are of the first
    seed: int = 1
    pydeseq2: bool = True  # beside it, where installed; on the first data set

    def __post_init__(self) -> None:
        configs.require(self.genes >= 20 and self.samples >= 8, "needs at least 20 genes and 8 samples.")
        configs.require(0 < self.share < 1, f"share must be in (0, 1), but got {self.share}.")
        configs.require(self.data_sets >= 1, "data_sets must be at least 1.")


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Measures; how well the tests keep their promises is a finding, not a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)  # genes that do not converge are not tested, and counted
        studies = [_study(config, config.seed + k) for k in range(config.data_sets)]
        analyses = []
        for done, study in enumerate(studies):
            progress(done, len(studies), f"data set {done + 1}")
            analyses.append(analyse(study))
    progress(1, 1, "")
    rows = [_row(name, studies, analyses) for name in analyses[0].fits]
    tested = {name: Tested.of(fits) for name, fits in analyses[0].fits.items()}
    if config.pydeseq2:
        rows.append(_deseq(studies[0], rows[0], tested))
    steps = _steps(studies, analyses)
    tables = [_part(rows, "tests"), _part(rows, "estimates"), steps]
    report = _report(studies[0], analyses[0], tested, rows, tables, out)
    return Outcome(rows=rows + steps, tables=tables, report=report)


def _study(config: Config, seed: int) -> Study:
    return simulate(config.genes, config.samples, config.share, config.effect, seed)


def _row(name: str, studies: list[Study], analyses: list[Analysis]) -> Row:
    pairs = list(zip(studies, analyses, strict=True))
    found = [verdicts(Tested.of(a.fits[name]), s.changed, s.effect) for s, a in pairs]
    later = [a.seconds[name] for a in analyses[1:]]
    seconds = {"first s": analyses[0].seconds[name], "median s": float(np.median(later)) if later else None}
    return {"alpha": name, "data sets": len(found)} | averaged(found) | seconds | {"note": ""}


def _deseq(study: Study, like: Row, tested: dict[str, Tested]) -> Row:
    """PyDESeq2's row; one that says so where it is missing."""
    empty = dict.fromkeys(like) | {"alpha": "PyDESeq2", "data sets": 1, "tests": 0}
    try:
        tested["PyDESeq2"], seconds = deseq.tested(study)
    except ImportError as error:
        return empty | {"data sets": 0, "note": f"not installed: {error.name}"}
    found, own = (verdicts(tested[name], study.changed, study.effect) for name in ("PyDESeq2", "shrunk, df"))
    words = f"first data set; there 'shrunk, df' has FDR {own['FDR at 0.05']:.3f}, power {own['power at 0.05']:.3f}"
    return empty | averaged([found]) | {"first s": seconds, "note": words}


def _steps(studies: list[Study], analyses: list[Analysis]) -> list[Row]:
    """What the first data set's alphas are like, before and after."""
    study, found = studies[0], analyses[0].shrinkage
    counts = analyses[0].fits["gene by gene"].status_counts
    single, shrunk = alpha_errors(found.single, study.alpha), alpha_errors(found.shrunk, study.alpha)
    values = {
        "genes with enough counts": len(study.genes),
        "genes without an alpha of their own": len(study.genes) - counts.get("CONVERGED", 0),
        f"trend: floor (truth {FLOOR} x {np.exp(SPREAD**2 / 2):.3f})": float(found.coefficients[0]),
        f"trend: slope (truth {SLOPE} x {np.exp(SPREAD**2 / 2):.3f})": float(found.coefficients[1]),
        f"spread of log alpha around the trend (truth {SPREAD})": found.prior_sd,
        "mean of log(alpha / truth), gene by gene": single[0],
        "mean of log(alpha / truth), shrunk": shrunk[0],
        "mean of log(alpha / truth), shrunk, df": alpha_errors(found.corrected, study.alpha)[0],
        "root mean square of log(alpha / truth), gene by gene": single[1],
        "root mean square of log(alpha / truth), shrunk": shrunk[1],
    }
    return [{"quantity": key, "value": value} for key, value in values.items()]


def _part(rows: list[Row], part: str) -> list[Row]:
    tests = ("null p < 0.05", "MC error", "KS", *(k for k in rows[0] if "FDR" in k or "power" in k))
    keys = tests if part == "tests" else ("lfc rmse", "95 % limits cover", "first s", "median s", "note")
    return [{key: row[key] for key in ("alpha", "data sets", "tests", *keys)} for row in rows]


def _report(study: Study, first: Analysis, tested: dict, rows: list[Row], tables: list, out: Path) -> Report:
    report = Report("Which genes change?", out)
    report.text(LEAD)
    report.heading("Do the tests keep their promises?")
    report.text(WAYS)
    report.table(tables[0])
    words = "P-values of genes that do not change, in the first data set; they should be level (dashed)."
    report.figure(pictures.calibration(tested, study.changed), "calibration", words)
    words = "Averages over the data sets; PyDESeq2 on the first. Poisson is off the scale: see the table."
    report.figure(pictures.discoveries(rows), "discoveries", words)
    report.heading("Overdispersion: gene by gene, the trend, and in between")
    report.table(tables[2])
    report.figure(pictures.dispersions(first.shrinkage, study.alpha), "dispersions", "Every point is a gene.")
    report.heading("Fold changes")
    report.table(tables[1])
    report.figure(pictures.effects(tested["shrunk"], study), "effects", "Natural logarithms, by 'shrunk'.")
    figure, axes = panels(1, 1, width=8.7, height=5.4)
    jg.plot.volcano(first.fits["shrunk"], "condition", ax=axes[0, 0])
    report.figure(figure, "volcano", "jg.plot.volcano of the tests with shrunk alpha.")
    return report
