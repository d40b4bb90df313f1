"""Fits per second of every machine and precision."""

from typing import Any

import numpy as np

from experiments.batched.pictures import TITLES
from experiments.figures import BLUE, GREEN, ORANGE, panels

# colour, mark, and a shift so that equal speeds do not hide each other
LOOKS = {"float64": (BLUE, "o", 0.2), "mixed": (GREEN, "^", 0.0), "float32": (ORANGE, "s", -0.2)}


def speeds(rows: list[dict[str, Any]]) -> Any:
    """One panel a workload, one line of it a machine."""
    names = list(dict.fromkeys(row["workload"] for row in rows))
    devices = list(dict.fromkeys((row["machine"], row["device"]) for row in rows))[::-1]
    figure, axes = panels(
        len(names), 1, width=8.7, height=1.5 + len(names) * (0.7 + 0.45 * len(devices)), sharex=True, sharey=True
    )
    speeds = [row["fits/s"] for row in rows]
    ends = 10 ** np.floor(np.log10(min(speeds))), 10 ** np.ceil(np.log10(max(speeds)))
    for axis, name in zip(axes[:, 0], names, strict=True):
        for precision, (colour, mark, shift) in LOOKS.items():
            mine = [row for row in rows if (row["workload"], row["precision"]) == (name, precision)]
            place = np.array([devices.index((row["machine"], row["device"])) for row in mine]) + shift
            speed = [row["fits/s"] for row in mine]
            axis.scatter(speed, place, color=colour, marker=mark, s=60, label=precision, zorder=3, alpha=0.9)
        axis.set(title=TITLES[name], xscale="log", xlim=ends, ylim=(-0.6, len(devices) - 0.4))
        axis.set_yticks(range(len(devices)), [_words(*device) for device in devices])
        axis.grid(True, axis="x", which="minor", linewidth=0.4)
    axes[-1, 0].set_xlabel("fits per second, warm (log scale)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _words(machine: str, device: str) -> str:
    """A name that leaves room for the picture, in two lines where it is long."""
    words = machine.replace("(R)", "").replace("(TM)", "").replace("CPU ", "")
    middle = words.find(" ", len(words) // 2)
    return words if len(words) < 26 or middle < 0 else f"{words[:middle]}\n{words[middle + 1 :]}"
