"""Coverage against the size of the data."""

from typing import Any

import numpy as np

from experiments.coverage.verdicts import METHODS, Row
from experiments.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, panels

LOOKS = {
    "Wald": (BLUE, "o", "-"),
    "Wald HC3": (SKY, "D", "-"),
    "profile": (VERMILION, "s", "-"),
    "profile F": (VERMILION, "s", ":"),
    "wild": (GREEN, "^", "-"),
    "pairs": (ORANGE, "v", "-"),
    "pairs BCa": (PURPLE, "P", "-"),
}
LOWEST = 0.7  # coverage at the foot of the axes; what is lower has a number there


def coverage(rows: list[Row], titles: dict[str, tuple[str, str]]) -> Any:
    """One row of panels a family, the model right at the left and wrong at the right; two Monte-Carlo errors."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    figure, axes = panels(len(families), 2, width=8.727, height=1.0 + 2.35 * len(families), sharex=True, sharey=True)
    sizes = sorted({row["n"] for row in rows})
    for family, pair in zip(families, axes, strict=True):
        for axis, model, words in zip(pair, ("right", "wrong"), titles[family], strict=True):
            _panel(axis, [row for row in rows if (row["family"], row["model"]) == (family, model)], sizes)
            axis.set_title(f"{family}, model {model}: {words}", fontsize=9)
        pair[0].set_ylabel("coverage")
    for axis in axes[-1]:
        axis.set_xlabel("rows of a data set")
    handles = [axes[0, 0].plot([], [], color=c, marker=m, linestyle=s, markersize=5)[0] for c, m, s in LOOKS.values()]
    figure.legend(handles, LOOKS, loc="outside lower center", ncols=len(LOOKS), fontsize=9, columnspacing=1.2)
    return figure


def _panel(axis: Any, rows: list[Row], sizes: list[int]) -> None:
    axis.axhline(0.95, color=BLACK, linewidth=1, linestyle="--", zorder=1)
    for k, method in enumerate(METHODS):
        mine = [row for row in rows if row["method"] == method and row["coverage"] is not None]
        colour, marker, dash = LOOKS[method]
        place = [sizes.index(row["n"]) + 0.1 * (k - (len(METHODS) - 1) / 2) for row in mine]
        value, error = (np.asarray([row[key] for row in mine], float) for key in ("coverage", "MC error"))
        style = dict(color=colour, marker=marker, linestyle=dash, markersize=4.5, linewidth=1.0, elinewidth=1.4)
        axis.errorbar(place, value, 2 * error, markeredgecolor="white", markeredgewidth=0.5, capsize=0, **style)
        for x, y in zip(place, value, strict=True):
            if y < LOWEST:
                axis.annotate(f"{y:.2f}", (x, LOWEST), fontsize=7, color=colour, ha="center", va="bottom")
    axis.set(ylim=(LOWEST, 1.0), xlim=(-0.55, len(sizes) - 0.45))
    axis.set_xticks(range(len(sizes)), map(str, sizes))
    axis.grid(False, axis="x")
