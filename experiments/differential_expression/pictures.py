"""P-values of genes that do not change, false discoveries, dispersions, and fold changes against the truth."""

from typing import Any

import numpy as np

from experiments.differential_expression.simulate import Study
from experiments.differential_expression.steps import Shrinkage
from experiments.differential_expression.verdicts import LEVELS, Row, Tested
from experiments.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, panels

GREY = "#999999"
LOOKS = {
    "shrunk": (BLUE, "o"),
    "shrunk, df": (SKY, "v"),
    "gene by gene": (VERMILION, "s"),
    "true alpha": (GREEN, "^"),
    "PyDESeq2": (PURPLE, "D"),
}


def calibration(tested: dict[str, Tested], changed: np.ndarray) -> Any:
    """Histograms of the p-values under no effect."""
    shown = [name for name in LOOKS if name in tested]
    figure, axes = panels(1, len(shown), width=8.7, height=3.3, sharey=True)
    for axis, name in zip(axes[0], shown, strict=True):
        p = tested[name].p[~changed]
        p = p[np.isfinite(p)]
        axis.hist(p, bins=20, range=(0, 1), color=SKY, edgecolor="white")
        axis.axhline(len(p) / 20, color=VERMILION, linestyle="--", linewidth=1.5)
        axis.set(title=name, xlabel="p-value", xlim=(0, 1), xticks=[0, 0.5, 1])
    axes[0, 0].set_ylabel("genes that do not change")
    return figure


def discoveries(rows: list[Row]) -> Any:
    """Empirical against nominal false discovery rate, and power."""
    figure, axes = panels(1, 2, width=8.7, height=4.1)
    nominal = np.array(LEVELS)
    for row in (row for row in rows if row["alpha"] in LOOKS and row["tests"]):
        colour, mark = LOOKS[row["alpha"]]
        for axis, key in zip(axes[0], ("FDR", "power"), strict=True):
            values = [row[f"{key} at {level:g}"] for level in LEVELS]
            axis.plot(nominal, values, marker=mark, color=colour, markersize=6, label=row["alpha"])
    axes[0, 0].plot([0, 0.25], [0, 0.25], color=GREY, linestyle="--", linewidth=1.2, label="as promised")
    axes[0, 0].set(xlabel="nominal", ylabel="empirical", title="False discovery rate", xlim=(0, 0.25))
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 1].set(xlabel="nominal false discovery rate", ylabel="share found", title="Power", xlim=(0, 0.25))
    axes[0, 1].set_ylim(0, 1)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    return figure


def dispersions(found: Shrinkage, truth: np.ndarray) -> Any:
    """alpha against the mean, and its errors."""
    figure, axes = panels(1, 2, width=8.7, height=4.4, width_ratios=[1.5, 1])
    axis, order = axes[0, 0], np.argsort(found.mean)
    dot = dict(s=5, linewidths=0, rasterized=True)
    axis.scatter(found.mean, np.maximum(found.single, 1e-4), color=GREY, alpha=0.5, label="gene by gene", **dot)
    axis.scatter(found.mean, found.shrunk, color=BLUE, alpha=0.6, label="shrunk", **dot)
    axis.plot(found.mean[order], found.trend[order], color=VERMILION, label="trend")
    axis.set(xscale="log", yscale="log", xlabel="mean count", ylabel="alpha", title="Overdispersion")
    low, high = np.quantile(found.shrunk, [0, 1])
    axis.set_ylim(low / 5, high * 5)
    axis.legend(loc="upper right", fontsize=9, markerscale=3)
    bins = np.linspace(-2, 2, 61)
    for alpha, colour, words in ((found.single, GREY, "gene by gene"), (found.shrunk, BLUE, "shrunk")):
        apart = np.clip(np.log(np.maximum(alpha, 1e-12) / truth), -2, 2)
        axes[0, 1].hist(apart, bins, histtype="step", color=colour, linewidth=1.8, label=words)
    axes[0, 1].axvline(0, color=BLACK, linewidth=0.8)
    axes[0, 1].set(xlabel="log(alpha / truth)", ylabel="genes", title="Errors")
    return figure


def effects(tested: Tested, study: Study) -> Any:
    """Estimated against true log fold changes."""
    figure, axes = panels(1, 1, width=8.7, height=4.6)
    axis = axes[0, 0]
    with np.errstate(invalid="ignore"):
        found = tested.adjusted <= 0.05
    for chosen, colour, words in (
        (study.changed & ~found, ORANGE, "changed, not found"),
        (study.changed & found, BLUE, "changed, found at FDR 0.05"),
    ):
        axis.scatter(study.effect[chosen], tested.estimate[chosen], s=14, color=colour, alpha=0.75, label=words)
    ends = np.array([study.effect.min(), study.effect.max()])
    axis.plot(ends, ends, color=BLACK, linewidth=1, label="truth")
    axis.set(xlabel="true log fold change", ylabel="estimate")
    axis.legend(loc="upper left", fontsize=9)
    return figure
