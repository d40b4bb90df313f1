"""Does a fit from its default start end at the best maximum that is known?"""

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import jaxglm as jg
from experiments import config as configs
from experiments.figures import BLUE, GREEN, ORANGE, VERMILION, panels
from experiments.progress import Progress
from experiments.report import Outcome, Report
from experiments.starts.laws import LAWS, Law, Sample, sample

NEAR = 1e-6  # relative distance of two log-likelihoods of one maximum
AROUND = (0.0, 0.3, 1.0, 1.0)  # standard deviations of the rivals' starts around the truth, in turn
ENDS = [jg.Status.CONVERGED, jg.Status.BOUNDARY, jg.Status.SEPARATED]  # a maximum, or its limit
LEAD = (
    "Simulated data sets, each with a truth of its own, are fitted from the default start in one call of jg.fit_batch, "
    "then again from the truth and from random places around it, which no user knows. The best of all these is the "
    "maximum to reach. A fit reaches it if its log-likelihood is within 1e-6 of it, relatively; with data sets this "
    "small the maximum is often at the edge (BOUNDARY: such as alpha = 0), where the log-likelihood has a limit."
)


@dataclass(frozen=True)
class Config:
    laws: tuple[str, ...] = tuple(LAWS)
    data_sets: int = 500
    rows: int = 100
    restarts: int = 4
    seed: int = 1
    share: float = 0.95

    def __post_init__(self) -> None:
        configs.known("laws", self.laws, LAWS)
        for key in ("data_sets", "restarts"):
            configs.require(getattr(self, key) >= 1, f"{key} must be at least 1, but got {getattr(self, key)}.")
        configs.require(self.rows >= 10, f"rows must be at least 10, but got {self.rows}.")
        configs.require(0 < self.share <= 1, f"share must be in (0, 1], but got {self.share}.")


@dataclass(frozen=True)
class Race:
    """Log-likelihoods (B,) from the default start and from each other one (-inf where a fit has no end), the statuses
    of the default fits, and processor seconds of the first and a second call."""

    own: np.ndarray
    rivals: list[np.ndarray]
    statuses: np.ndarray
    cold: float
    warm: float

    @property
    def best(self) -> np.ndarray:
        return np.max([self.own, *self.rivals], axis=0)

    @property
    def behind(self) -> np.ndarray:
        """Log-likelihood missing to the best one (B,)."""
        return self.best - self.own

    def reached(self, values: np.ndarray) -> np.ndarray:
        return self.best - values <= NEAR * np.abs(self.best)


def run(config: Config, out: Path, progress: Progress) -> Outcome:
    """Passes where of every law at least so large a share of the default fits reaches the best maximum."""
    races, report = {}, Report("Default starts", out)
    for done, name in enumerate(config.laws):
        progress(done, len(config.laws), name)
        races[name] = race(LAWS[name], sample(LAWS[name], config.data_sets, config.rows, config.seed), config)
    rows = [_row(name, one, config) for name, one in races.items()]
    statuses = [row for name, one in races.items() for row in _statuses(name, one)]
    ok = all(row["verdict"] for row in rows)
    report.text(LEAD)
    report.verdict(ok, _sentence(rows, config))
    report.table(rows)
    report.figure(_figure(races), "starts", "Share of fits that reach the best log-likelihood known.")
    report.heading("Statuses of the fits from the default start")
    report.table(statuses)
    progress(1, 1, "")
    return Outcome(rows=rows, tables=[rows, statuses], report=report, ok=ok)


def race(law: Law, data: Sample, config: Config) -> Race:
    """The default start against others."""
    rng = np.random.default_rng(config.seed + 1)
    begin = time.process_time()
    _fit(law, data)
    cold = time.process_time() - begin
    fits = _fit(law, data)
    warm = time.process_time() - begin - cold
    spreads = [AROUND[i % len(AROUND)] for i in range(config.restarts)]
    starts = [data.truth + spread * rng.normal(size=data.truth.shape) for spread in spreads]
    rivals = [_logliks(_fit(law, data, start=start)) for start in starts]
    return Race(_logliks(fits), rivals, np.asarray(fits.status), cold, warm)


def _fit(law: Law, data: Sample, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)  # statuses are counted
        return jg.fit_batch(law.family, data.X, data.y, **options)


def _logliks(fits: Any) -> np.ndarray:
    ended = np.isin(np.asarray(fits.status), [status.value for status in ENDS]) & np.isfinite(fits.llf)
    return np.where(ended, fits.llf, -np.inf)


def _row(name: str, one: Race, config: Config) -> dict[str, Any]:
    reached = one.reached(one.own)
    rivals = [float(np.mean(one.reached(values))) for values in one.rivals]
    return {
        "law": name,
        "data sets": len(reached),
        "share at the best": float(np.mean(reached)),
        "from the truth": rivals[0],
        "from elsewhere, worst": min(rivals[1:], default=None),
        "most behind": float(np.max(np.where(np.isfinite(one.behind), one.behind, 0.0))),
        "no end": int(np.sum(~np.isfinite(one.own))),
        "cpu s, first": round(one.cold, 1),
        "cpu s, second": round(one.warm, 2),
        "verdict": bool(np.mean(reached) >= config.share),
    }


def _statuses(name: str, one: Race) -> list[dict[str, Any]]:
    reached, codes = one.reached(one.own), one.statuses
    return [
        {"law": name, "status": jg.Status(int(code)).name.lower(), "data sets": int(np.sum(codes == code)),
         "short of the best": int(np.sum(~reached[codes == code]))}
        for code in np.unique(codes)
    ]  # fmt: skip


def _sentence(rows: list[dict[str, Any]], config: Config) -> str:
    worst = min(rows, key=lambda row: row["share at the best"])
    return (
        f"From the default start at least {100 * worst['share at the best']:.1f} % of the fits of every law end at the "
        f"best maximum known (fewest: {worst['law']}; asked for: {100 * config.share:g} %)."
    )


def _figure(races: dict[str, Race]) -> Any:
    figure, axes = panels(1, 1, width=7.5, height=0.55 * len(races) + 1.4)
    looks = (("from random places", "o", ORANGE), ("from the truth", "s", GREEN), ("from the default start", "D", BLUE))
    for k, one in enumerate(races.values()):
        shares = [float(np.mean(one.reached(values))) for values in (one.own, *one.rivals)]
        for points, (label, mark, colour) in zip((shares[2:], shares[1:2], shares[:1]), looks, strict=True):
            axes[0, 0].plot(points, [k] * len(points), mark, color=colour, label=None if k else label)
    axes[0, 0].axvline(1, color=VERMILION, linewidth=0.8)
    axes[0, 0].set(yticks=range(len(races)), ylim=(len(races) - 0.5, -0.5), xlabel="share at the best log-likelihood")
    axes[0, 0].set_yticklabels(list(races))
    figure.legend(loc="outside upper center", ncols=3, fontsize=9)
    return figure
