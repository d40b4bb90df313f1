"""Rootograms and quantile plots, a panel each law, the best first."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.counts.judge import Judged
from experiments.figures import BLACK, BLUE, SKY, VERMILION, panels

COLUMNS = 3
BAND = "#eeeeee"
REACH = 4.2  # of the axes of a quantile plot
FAR = 10.0  # standard errors that a suspended rootogram shows
LABELLED = 1  # bars beyond, from the left, that have their number
VISITS = "doctor visits in a year"


def hanging(judged: Mapping[str, Judged], observed: np.ndarray) -> Any:
    """Hanging rootograms of the first and the last law: bars of the observed roots hang from the expected ones."""
    names = [list(judged)[k] for k in sorted({0, len(judged) - 1})]
    figure, axes = panels(1, len(names), width=9.2, height=3.6, sharey=True)
    counts, root = np.arange(len(observed)), np.sqrt(observed)
    for axis, name in zip(axes[0], names, strict=True):
        top = np.sqrt(judged[name].expected)
        axis.bar(counts, root, 0.85, bottom=top - root, color=SKY, label="observed, hanging")
        axis.plot(counts, top, "o-", color=VERMILION, markersize=3, linewidth=1.2, label="expected")
        axis.axhline(0, color=BLACK, linewidth=0.8)
        axis.set(title=name, xlabel=VISITS)
    axes[0, 0].set_ylabel("√ person-years")
    axes[0, -1].legend(fontsize=9)
    return figure


def suspended(judged: Mapping[str, Judged], observed: np.ndarray) -> Any:
    """Expected less observed roots in standard errors (a root has one half), a panel each law."""
    figure, axes = _grid(len(judged), height=2.1, sharex=True, sharey=True)
    counts = np.arange(len(observed))
    for axis, (name, one) in zip(axes, judged.items(), strict=False):
        missing = 2 * (np.sqrt(one.expected) - np.sqrt(observed))
        axis.axhspan(-2, 2, color=BAND, zorder=0)
        axis.bar(counts, np.clip(missing, -FAR, FAR), 0.85, color=np.where(np.abs(missing) < FAR, SKY, VERMILION))
        for k in np.flatnonzero(np.abs(missing) >= FAR)[:LABELLED]:
            axis.text(k + 0.6, np.sign(missing[k]) * (FAR - 1.2), f"{missing[k]:.0f}", fontsize=7, va="center")
        axis.axhline(0, color=BLACK, linewidth=0.8)
        axis.set(title=name, ylim=(-FAR, FAR))
    _outer(figure, axes, len(judged), VISITS, "expected less observed, standard errors")
    return figure


def quantile_plots(judged: Mapping[str, Judged]) -> Any:
    """Quantile residuals against standard normal quantiles, with the range of a true model."""
    figure, axes = _grid(len(judged), height=2.6, sharex=True, sharey=True)
    for axis, (name, one) in zip(axes, judged.items(), strict=False):
        normal, found = one.quantiles
        axis.fill_between(normal, *_band(normal, len(one.residuals)), color="#d9d9d9", linewidth=0)
        axis.plot([-REACH, REACH], [-REACH, REACH], color=BLACK, linewidth=0.8)
        axis.plot(normal, found, ".", color=BLUE, markersize=2.5)
        axis.set(title=name, xlim=(-REACH, REACH), ylim=(-REACH, REACH))
    _outer(figure, axes, len(judged), "standard normal", "quantile residual")
    return figure


def _band(normal: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two standard errors of an order statistic on both sides."""
    from scipy.stats import norm

    share = norm.cdf(normal)
    half = 2 * np.sqrt(share * (1 - share) / n) / norm.pdf(normal)
    return normal - half, normal + half


def _grid(count: int, *, height: float, **options: Any) -> tuple[Any, np.ndarray]:
    rows = -(-count // COLUMNS)
    figure, axes = panels(rows, COLUMNS, width=9.2, height=height * rows + 0.5, **options)
    return figure, axes.ravel()


def _outer(figure: Any, axes: np.ndarray, used: int, below: str, left: str) -> None:
    for axis in axes[used:]:
        axis.set_visible(False)
    for axis in axes[max(used - COLUMNS, 0) : used]:
        axis.tick_params(labelbottom=True)
    figure.supxlabel(below, fontsize=10)
    figure.supylabel(left, fontsize=10)
