"""Seconds of every peer, with the multiple of jaxglm's time beside each."""

from typing import Any

import numpy as np

from experiments.figures import BLUE, ORANGE, panels

REFERENCE = "jaxglm GLM"


def times(rows: list[dict[str, Any]]) -> Any:
    """A figure of the warm medians of one workload, fastest at the top."""
    rows = sorted(
        (row for row in rows if row["median s"] and row["peer"] != "nothing"), key=lambda row: -row["median s"]
    )
    figure, axes = panels(1, 1, width=9.0, height=1.1 + 0.42 * max(len(rows), 1))
    axis, place = axes[0, 0], np.arange(len(rows))
    median, low, high = (np.array([row[key] for row in rows]) for key in ("median s", "min s", "max s"))
    colours = [BLUE if row["peer"].startswith("jaxglm") else ORANGE for row in rows]
    axis.hlines(place, low, high, color=colours, linewidth=5, alpha=0.45)
    axis.scatter(median, place, color=colours, s=70, zorder=3)
    for y, row, end in zip(place, rows, high, strict=True):
        axis.text(end * 1.15, y, _words(row, rows), va="center", fontsize=9)
    axis.set(yticks=place, yticklabels=[row["peer"] for row in rows], xscale="log", xlabel="seconds, warm (log scale)")
    axis.set_ylim(-0.7, len(rows) - 0.3)
    if len(rows):
        axis.set_xlim(low.min() / 1.5, high.max() * (high.max() / low.min()) ** 0.55 * 1.5)
    return figure


def _words(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    base = next((other["median s"] for other in rows if other["peer"] == REFERENCE), None)
    times = f"{row['median s'] / base:.2g}x, " if base and row["peer"] != REFERENCE else ""
    return f"{row['median s']:.3g} s ({times}max |score| {row['max |score|']:.0e})"
