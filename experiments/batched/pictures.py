"""Fits per second against the size of the batch, and seconds of every library."""

from typing import Any

import numpy as np

from experiments.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, panels

TITLES = {
    "logistic": "Logistic, own designs",
    "poisson": "Poisson, shared design",
    "negbin": "Neg. binomial, alpha free",
}
LOOKS = {  # of the peers whose speed is a level in the first picture
    "glmax vmap": (VERMILION, (0, (1, 1))),
    "statsmodels GLM loop": (ORANGE, (0, (5, 2))),
    "statsmodels NegativeBinomial loop": (PURPLE, (0, (5, 2))),
    "sklearn newton-cholesky loop": (GREEN, (0, (5, 2, 1, 2))),
}


def throughput(rows: list[dict[str, Any]]) -> Any:
    """One panel a workload, in log-log; the peers' speed as levels."""
    names = list(dict.fromkeys(row["workload"] for row in rows if row["part"] == "throughput"))
    figure, axes = panels(1, len(names), width=8.7, height=4.6, sharey=True)
    handles: dict[str, Any] = {}
    for axis, name in zip(axes[0], names, strict=True):
        mine = [row for row in rows if row["part"] == "throughput" and row["workload"] == name]
        B = [row["B"] for row in mine]
        warm, cold = [row["fits/s"] for row in mine], [row["fits/s, first"] for row in mine]
        handles["jaxglm, warm"] = axis.plot(B, warm, "o-", color=BLUE, zorder=3)[0]
        look = dict(color=BLACK, linewidth=1.2, markersize=5, fillstyle="none")
        handles["jaxglm, first call"] = axis.plot(B, cold, "s--", **look)[0]
        for row in rows:
            if row["part"] == "peers" and row["workload"] == name and row["peer"] in LOOKS and row["fits/s"]:
                colour, dash = LOOKS[row["peer"]]
                line = axis.axhline(row["fits/s"], color=colour, linestyle=dash, linewidth=1.6)
                handles[_short(row["peer"])] = line
        axis.set(xscale="log", yscale="log", xlabel="members of the batch", title=TITLES[name])
        axis.title.set_fontsize(10)
    axes[0, 0].set_ylabel("fits per second")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _short(peer: str) -> str:
    return peer.replace("NegativeBinomial", "NegBin")


def peers(rows: list[dict[str, Any]]) -> Any:
    """One panel a workload: seconds of every library, with the multiple of jaxglm's beside each; fastest at the top."""
    rows = [row for row in rows if row["part"] == "peers" and row["median s"]]
    names = list(dict.fromkeys(row["workload"] for row in rows))
    groups = [sorted((r for r in rows if r["workload"] == name), key=lambda r: -r["median s"]) for name in names]
    heights = [len(group) + 1.4 for group in groups]
    figure, axes = panels(
        len(names), 1, width=8.7, height=0.9 + 0.33 * sum(heights), sharex=True, height_ratios=heights
    )
    figure.get_layout_engine().set(h_pad=0.12)
    low, high = min(row["min s"] for row in rows), max(row["max s"] for row in rows)
    for axis, name, group in zip(axes[:, 0], names, groups, strict=True):
        _group(axis, group)
        axis.set(title=f"{TITLES[name]}: {group[0]['B']:,} fits", xscale="log", xlim=(low / 1.5, high * 60))
    axes[-1, 0].set_xlabel("seconds, warm (log scale)")
    return figure


def _group(axis: Any, group: list[dict[str, Any]]) -> None:
    place = np.arange(len(group))
    median, low, high = (np.array([row[key] for row in group]) for key in ("median s", "min s", "max s"))
    colours = [BLUE if row["peer"] == "jaxglm" else ORANGE for row in group]
    axis.hlines(place, low, high, color=colours, linewidth=5, alpha=0.45)
    axis.scatter(median, place, color=colours, s=60, zorder=3)
    base = next((row["median s"] for row in group if row["peer"] == "jaxglm"), None)
    for y, row in zip(place, group, strict=True):
        multiple = f" ({row['median s'] / base:.3g}x)" if base and row["peer"] != "jaxglm" else ""
        words = f"{row['median s']:.3g} s{multiple}, off by {row['distance, se']:.0e} se"
        axis.text(row["max s"] * 1.25, y, words, va="center", fontsize=9)
    axis.set(yticks=place, yticklabels=[_short(row["peer"]) for row in group], ylim=(-0.7, len(group) - 0.3))
    axis.grid(False, axis="y")
