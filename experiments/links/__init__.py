"""Why links exist: two questions, and optimisers that agree."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments import config as configs
from experiments.links import convergence, fish, seeds
from experiments.progress import Progress
from experiments.report import Outcome, Report

FISH_LINKS = tuple(fish.MODELS)
LEAD = (
    "A linear predictor can be any real number; a mean often cannot. The link says how one becomes the other, and so "
    "what an effect means: a difference (identity), a factor (log), an odds ratio (logit). Both questions below are "
    "simulated, so that the truth is known."
)


@dataclass(frozen=True)
class Config:
    seed: int = 1
    fish: int = 300
    pots: int = 2000  # of each treatment
    steps: int = 3000  # limit of a gradient method
    links: tuple[str, ...] = FISH_LINKS  # of the fish
    solvers: tuple[str, ...] = convergence.SOLVERS

    def __post_init__(self) -> None:
        require = configs.require
        require(self.fish >= 20, f"fish must be at least 20, but got {self.fish}.")
        require(self.pots >= 2, f"pots must be at least 2, but got {self.pots}.")
        require(self.steps >= 1, f"steps must be at least 1, but got {self.steps}.")
        require("Newton" in self.solvers, 'solvers must contain "Newton": the others are compared with it.')
        configs.known("links", self.links, FISH_LINKS)
        configs.known("solvers", self.solvers, convergence.SOLVERS)


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Passes where every optimiser ends at the optimum of Newton."""
    report = Report("Why links exist", out)
    report.text(LEAD)
    progress(0, 3, "fish")
    alive = fish.section(report, config)
    progress(1, 3, "seeds")
    germinated = seeds.section(report, config)
    progress(2, 3, "optimisers")
    race, agree = convergence.section(report, config)
    progress(3, 3, "")
    tables = {"fish": alive, "seeds": germinated, "optimisers": race}
    rows = [row for question, table in tables.items() for row in _long(question, table)]
    return Outcome(rows=rows, tables=list(tables.values()), report=report, ok=agree)


def _long(question: str, table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a number, because the three tables have different columns; the first column names the model."""
    rows = [(next(iter(row.values())), list(row.items())[1:]) for row in table]
    return [
        {"question": question, "model": model, "quantity": key, "value": value}
        for model, items in rows
        for key, value in items
    ]
