"""One fit by jaxglm and by others: cold and warm, at the same optimum, with the memory it takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from experiments import config as configs
from experiments.peers import claims, memory, pictures
from experiments.peers.competitors import COMPETITORS
from experiments.peers.measure import measured
from experiments.peers.workloads import SMALL, WORKLOADS
from experiments.progress import Progress
from experiments.report import Outcome, Report

LEAD = (
    "One fit of one model, in float64 on this machine; env.json at the end names it. 'first' is the first call in the "
    "process, with compilation where there is any; the others are warm. max |score| is the largest element of X'(y - "
    "mu) (over mu for the Gamma) at the coefficients that came back: a time counts only next to another with as small "
    "a score. 'jaxglm fit' is the functional core on arrays that are on the device; 'jaxglm GLM' is GLM(y, "
    "X).fit() on NumPy arrays, with its checks, and its standard errors read. Where the config says so, JAX runs "
    "programs on the thread that calls: the way to another one and back takes up to half as long as a small fit."
)


@dataclass(frozen=True)
class Config:
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    peers: tuple[str, ...] = tuple(COMPETITORS)
    scale: float = 1.0  # of the rows of the large workloads
    repeats_small: int = 25
    repeats_large: int = 5
    budget: float = 90.0  # seconds; past it a peer gets no further repeat
    memory: bool = True
    asynchronous: bool = True  # whether JAX runs programs on another thread than the one that calls

    def __post_init__(self) -> None:
        configs.known("workloads", self.workloads, WORKLOADS)
        configs.known("peers", self.peers, COMPETITORS)
        configs.require(0 < self.scale <= 1, f"scale must be in (0, 1], but got {self.scale}.")
        configs.require(
            min(self.repeats_small, self.repeats_large) >= 1, "repeats_small and repeats_large must be at least 1."
        )


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Measures; whether the claims hold is a finding, not a failure."""
    jax.config.update("jax_cpu_enable_async_dispatch", config.asynchronous)  # read when JAX first meets the CPU
    cases, rows = [(w, p) for w in config.workloads for p in config.peers], []
    workload: dict[str, Any] = {}
    for done, (name, peer) in enumerate(cases):
        progress(done, len(cases), f"{name}: {peer}")
        if workload.get("name") != name:
            workload = WORKLOADS[name](config.scale)
        row = measured(workload, peer, config.repeats_small if name in SMALL else config.repeats_large, config.budget)
        rows.append(row | memory.columns(name, peer, config))
    progress(len(cases), len(cases), "")
    return Outcome(rows=rows, tables=[rows, claims.table(rows)], report=_report(rows, config, out))


def _report(rows: list[dict[str, Any]], config: Config, out: Path) -> Report:
    report = Report("jaxglm and its peers", out)
    report.text(LEAD)
    report.heading("What jaxglm claims")
    report.table(claims.table(rows))
    for name in config.workloads:
        mine = [row for row in rows if row["workload"] == name]
        report.heading(f"{name}: {mine[0]['rows']:,} x {mine[0]['columns']}")
        report.figure(pictures.times(mine), name, "Warm runs: median (point), fastest to slowest (band). Log scale.")
        report.table(
            [{key: value for key, value in row.items() if key not in ("workload", "rows", "columns")} for row in mine]
        )
    return report
