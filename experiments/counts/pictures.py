"""Rootograms and quantile plots, a panel each law, the best first."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.counts.judge import Judged
from experiments.figures import BLACK, BLUE, SKY, VERMILION, panels

COLUMNS = 3
BAND = "#eeeeee"
REACH = 4.2  # of the axes of a quantile plot


def rootograms(judged: Mapping[str, Judged], observed: np.ndarray) -> Any:
    """Hanging rootograms: bars of the roots of the observed frequencies hang from the expected ones."""
    figure, axes = _grid(len(judged), height=2.5, sharex=True, sharey=True)
    counts, root = np.arange(len(observed)), np.sqrt(observed)
    for axis, (name, one) in zip(axes, judged.items(), strict=False):
        top = np.sqrt(one.expected)
        axis.axhspan(-1, 1, color=BAND, zorder=0)
        axis.bar(counts, root, 0.85, bottom=top - root, color=SKY, label="observed, hanging")
        axis.plot(counts, top, "o-", color=VERMILION, markersize=2.5, linewidth=1.2, label="expected")
        axis.axhline(0, color=BLACK, linewidth=0.8)
        axis.set_title(name)
    _outer(figure, axes, len(judged), "doctor visits in a year", "√ person-years")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
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
    figure.supxlabel(below, fontsize=10)
    figure.supylabel(left, fontsize=10)
