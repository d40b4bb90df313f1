"""HOST: what all pictures share: axes, colours, titles, legends, and labels that do not lie on each other."""

import textwrap
from itertools import product
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
BLUE, SKY, VERMILION, GREEN, ORANGE, PURPLE = "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#E69F00", "#CC79A7"
GREY, BLACK = "#999999", "#222222"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)  # Okabe and Ito (2008)
MARKERS = "osD^vPX"  # beside the colours, for prints without them
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
}
FONT = 8.5  # points, of labels beside points
LONGEST = 20  # characters of a label
LETTER = 6.6  # points, the mean width of one in a title


def axes_of(ax: Any, height: float = 5.0) -> Any:
    """The Axes given, as they are, or new ones in the style of the house, 960 pixels wide; height in inches."""
    return _new((8, height)) if ax is None else ax


def four_axes(ax: Any) -> np.ndarray:
    """The four Axes given, (2, 2), or those of a new figure. Raises: ValueError unless there are four."""
    if ax is None:
        return _new((8, 7.5), nrows=2, ncols=2)
    given = np.asarray(ax, object)
    if given.size != 4:
        raise ValueError(f"ax must be four Axes, as plt.subplots(2, 2) gives them; it has {given.size}.")
    return given.reshape(2, 2)


def _new(size: tuple[float, float], **grid: Any) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('pictures are drawn with matplotlib: pip install "jaxglm[plot]"') from error
    with plt.rc_context(STYLE):
        return plt.subplots(figsize=size, dpi=120, layout="constrained", **grid)[1]


def heading(text: str, *fits: Any) -> str:
    """A title that says which fits have no interior maximum."""
    failed = [fit.status.name.lower().replace("_", " ") for fit in fits if not fit.converged]
    if len(fits) > 1 and failed:
        return f"{text}; {len(failed)} of {len(fits)} fits: {', '.join(dict.fromkeys(failed))}"
    return "; ".join([text, *failed])


def model_of(fit: Any) -> str:
    """Family and link in words."""
    return f"{fit.family_name} ({fit.link_name})"


def words(ax: Any, title: str, x: str, y: str) -> None:
    """Title and names of the axes; names may contain a dollar sign, which is not mathematics."""
    title = textwrap.fill(title, max(int(width(ax) / LETTER), 24))
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", parse_math=False)
    ax.set_xlabel(x, parse_math=False)
    ax.set_ylabel(y, parse_math=False)


def legend(ax: Any, **options: Any) -> None:
    """Below the name of the x axis, in as many columns as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    names = ax.get_legend_handles_labels()[1]
    columns = int(width(ax) / (5.5 * max(map(len, names), default=1) + 40))
    below = ax.transAxes + ScaledTranslation(0, -38 / 72, ax.figure.dpi_scale_trans)
    where = dict(loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, borderaxespad=0)
    ax.legend(frameon=False, ncols=max(min(columns, len(names)), 1), **where, **options)


def level(alpha: float) -> str:
    """1 - alpha in words."""
    return f"{100 * (1 - alpha):.4g}%"


def width(ax: Any) -> float:
    """Of the Axes, in points of type."""
    return ax.get_window_extent().width * 72 / ax.figure.dpi


def write(ax: Any, points: np.ndarray, labelled: np.ndarray, labels: Any, *, avoid: Any = None,
          radius: Any = 0.0) -> None:
    """Labels beside their points, the highest first, each in the best free place: on a leader if that is not level.

    avoid: (m, 2) places on lines that labels should not cover. radius: of the points, in points of type.
    """
    ax.figure.canvas.figure.draw_without_rendering()  # else the axes are not yet where they will be
    scale = 72 / ax.figure.dpi
    frame, centres = ax.get_window_extent().extents * scale, ax.transData.transform(points) * scale
    radius, taken = np.broadcast_to(radius, len(points)), []
    if avoid is not None:
        centres = np.concatenate([centres, ax.transData.transform(avoid) * scale])
        radius = np.concatenate([radius, np.zeros(len(avoid))])
    for i in sorted(np.flatnonzero(labelled), key=lambda i: -points[i, 1]):
        text = short(str(labels[i]))
        size, outward = (0.62 * FONT * len(text), radius[i]), 1 if points[i, 0] >= 0 else -1
        shift, box = _place(centres[i], size, outward, taken, (centres, radius + 2), frame)
        taken.append(box)
        leader = dict(arrowstyle="-", color=GREY, linewidth=0.6, shrinkA=0, shrinkB=2) if shift[1] else None
        look = dict(fontsize=FONT, color=BLACK, arrowprops=leader, va="center", ha="left" if shift[0] > 0 else "right")
        ax.annotate(text, points[i], shift, textcoords="offset points", parse_math=False, **look)


def short(text: str, longest: int = LONGEST) -> str:
    """At most that many characters; the middle goes, as names often differ at their ends."""
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[1 - longest // 2 :]}"


def _place(centre, size, outward, taken, others, frame):
    """Shift (2,) of a text from its point, in points of type, and its box there: the cheapest of 50 places.

    size: width of the text, radius of its point. others: places of all points, and how far to stay away from them.

    A place outside the frame costs most, then one on another label, then each point covered, then the distance.
    """
    (width, radius), (centres, away), places = size, others, []
    for line, side in product(range(-12, 13), (outward, -outward)):
        shift = np.array([side * (radius + (12 if line else 6)), line * 1.25 * FONT])
        low = centre + shift - (width if side < 0 else 0, 0.6 * FONT)
        high = low + (width, 1.2 * FONT)
        outside = (low < frame[:2]).any() or (high > frame[2:]).any()
        labels = sum(bool((low - (3, 0) < b[1]).all() and (high + (3, 0) > b[0]).all()) for b in taken)
        points = np.sum(((centres > low - away[:, None]) & (centres < high + away[:, None])).all(axis=1))
        cost = 1e9 * outside + 1e6 * labels + points + 0.4 * abs(line) + 0.1 * (side != outward)
        places.append((cost, shift, (low, high)))
    return min(places, key=lambda place: place[0])[1:]
