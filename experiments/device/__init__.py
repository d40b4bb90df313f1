"""The same batches on every kind of device that JAX sees here, against what the machine can do at most."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments import config as configs
from experiments.batched.workloads import WORKLOADS
from experiments.device import pictures
from experiments.progress import Progress
from experiments.report import Outcome, Report

PUBLISHED = Path(__file__).parent.parent / "published" / "device"
PRECISIONS = ("float64", "mixed", "float32")
KEY = ("machine", "device", "workload", "precision")
LEAD = (
    "Batches of jg.fit_batch, NumPy arrays in and out, so that the way to the device and back is in the time. 'copy "
    "GB/s' is the rate of x = x * 1.0 in place, both ways; 'product GF/s' that of a square matrix product at full "
    "precision. 'bound s per pass' is the data of the batch over the copy rate: no Newton pass over data that do not "
    "stay in a cache can take less. 'mixed' finds the neighbourhood in float32 and the maximum in float64; its passes "
    "are those in float64 alone, and so are not set against the bound. 'worst accuracy' is the largest distance of a "
    "float32 estimate from the maximum, in standard errors."
)
SHOWN = (*KEY, "B", "first s", "median s", "fits/s", "converged", "passes", "s per pass", "bound s per pass")
LIMITS = ("copy GB/s", "product GF/s, float64", "product GF/s, float32")


@dataclass(frozen=True)
class Config:
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    precisions: tuple[str, ...] = PRECISIONS
    members: int = 10_000
    rows_logistic: int = 500
    rows_poisson: int = 300
    rows_negbin: int = 200
    columns_logistic: int = 8
    columns_poisson: int = 10
    columns_negbin: int = 5
    repeats: int = 5
    megabytes: int = 256  # of the array that is copied
    order: int = 2048  # of the matrices that are multiplied
    machine: str = ""  # what to call this machine; empty: its processor or GPU
    published: bool = True  # show the committed rows of other machines beside

    def __post_init__(self) -> None:
        configs.known("workloads", self.workloads, WORKLOADS)
        configs.known("precisions", self.precisions, PRECISIONS)
        least = min(self.members, self.repeats, self.megabytes, self.order)
        configs.require(least >= 1, "members, repeats, megabytes and order must be at least 1.")


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Measures the default device, and the CPU where that is another."""
    progress(0, 2, "default device")
    mine = _probe(config, None)
    if mine[0]["device"] != "cpu":
        progress(1, 2, "cpu")
        mine += _probe(config, "cpu")
    progress(1, 1, "")
    rows = merged(mine, _published() if config.published else [])
    tables = [[{key: row[key] for key in (*SHOWN, "times the bound", "worst accuracy, se")} for row in rows]]
    tables.append(_limits(rows))
    return Outcome(rows=rows, tables=tables, report=_report(rows, tables, sentence(mine), out))


def _probe(config: Config, platform: str | None) -> list[dict[str, Any]]:
    """Rows of one device, measured in a process of its own."""
    own = os.environ | ({"JAX_PLATFORMS": platform} if platform else {})
    command = [sys.executable, "-m", "experiments.device.probe", json.dumps(asdict(config))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own, cwd=_root())
    if done.returncode:
        raise RuntimeError(f"the measurement of {platform or 'the default device'} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _root() -> Path:
    return Path(__file__).parent.parent.parent


def _published() -> list[dict[str, Any]]:
    """Committed rows, of all machines, with their numbers as numbers."""
    rows = []
    for path in sorted(PUBLISHED.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows += [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return rows


def _number(text: str) -> Any:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def merged(mine: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows, those measured now in the place of committed ones of the same machine and device."""
    here = {(row["machine"], row["device"]) for row in mine}
    found = {tuple(row[key] for key in KEY): row for row in others if (row["machine"], row["device"]) not in here}
    return mine + list(found.values())


def sentence(mine: list[dict[str, Any]]) -> str:
    """What was measured here, in one sentence."""
    kinds = list(dict.fromkeys(row["device"] for row in mine))
    if kinds == ["cpu"]:
        return "There is no GPU here that JAX sees: these are rows of the CPU."
    return f"Measured here: {', '.join(kinds)}."


def _limits(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a machine and device: what it can do at most."""
    found = {(row["machine"], row["device"]): row for row in rows}
    return [{key: row[key] for key in ("machine", "device", *LIMITS)} for row in found.values()]


def _report(rows: list[dict[str, Any]], tables: list, words: str, out: Path) -> Report:
    report = Report("Batches on CPU and GPU", out)
    report.text(LEAD)
    report.verdict(True, words)
    report.figure(pictures.speeds(rows), "speeds", "Median of warm calls. One row of marks a machine.")
    report.heading("What the machines can do at most")
    report.table(tables[1])
    report.heading("Fits")
    report.table(tables[0])
    return report
