"""HOST: pictures of a batch of fits. Needs matplotlib (the extra `plot`), imported when the first picture is drawn.

Each picture returns its Axes and has a twin `..._data` that returns what is drawn as NumPy arrays. `fits` has `names`
(P), `params`, `pvalues`, `log_pvalues` (B, P), `status`, `converged` (B) and `labels` (B strings, None for the index).
Members that did not converge, or have no finite estimate and log p, are left out; the title counts them.
"""

from itertools import product
from typing import Any

import numpy as np

from .inference import adjust_pvalues
from .named import Named
from .solvers import Status

Arrays = dict[str, np.ndarray]
BLUE, SKY, VERMILION = "#0072B2", "#56B4E9", "#D55E00"  # Okabe and Ito (2008)
GREY, BLACK = "#999999", "#222222"
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
}
FONT = 8.5  # points, of labels beside points
LONGEST = 20  # characters of a label


def volcano_data(fits, term: str, *, alpha: float = 0.05, adjust: str = "bh", labels: int = 10) -> Arrays:
    """Arrays over the members shown: member, estimate, minus_log10_p, adjusted, significant, label, labelled.

    term: a name in `fits.names`. alpha: level in (0, 1) of the adjusted p-values.
    adjust: a method of `adjust_pvalues`; the tests counted are the members shown.
    labels: how many of the most significant members are labelled, at least 0.
    Raises: KeyError for an unknown term; ValueError for another alpha, method or number of labels.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
    if labels < 0:
        raise ValueError(f"labels, the number of members labelled, must be at least 0; it is {labels!r}.")
    member, estimate, p, log_p = _shown(fits, term)
    adjusted = adjust_pvalues(p, adjust)
    labelled = np.isin(np.arange(len(p)), np.argsort(log_p, kind="stable")[:labels])
    return {
        "member": member,
        "estimate": estimate,
        "minus_log10_p": -log_p / np.log(10),
        "adjusted": adjusted,
        "significant": adjusted <= alpha,
        "label": np.array([_label(fits, m) for m in member], str),
        "labelled": labelled,
    }


def volcano(fits, term: str, *, alpha: float = 0.05, adjust: str = "bh", labels: int = 10, ax=None):
    """Axes with the estimates of a term against -log10 p, from `log_pvalues`: so 1e-400 is a point as any other.

    Arguments and Raises: as `volcano_data`; ax: where to draw, None for a new figure.
    """
    data = volcano_data(fits, term, alpha=alpha, adjust=adjust, labels=labels)
    x, y, significant = data["estimate"], data["minus_log10_p"], data["significant"]
    ax = _axes(ax)
    for chosen, colour, sign in ((~significant, GREY, ">"), (significant, VERMILION, "≤")):
        words = f"adjusted p ({adjust}) {sign} {alpha:g}: {chosen.sum():,}"
        ax.scatter(x[chosen], y[chosen], s=18, color=colour, alpha=0.8, linewidths=0, label=words)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.margins(x=0.12)
    ax.set_ylim(*np.array([-0.02, 1.06]) * max(y.max(initial=0), 1))
    _words(ax, _title(fits, term, len(x)), f"estimate of {term}", "−log₁₀ p")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2 if _width(ax) > 350 else 1, frameon=False)
    _write(ax, np.column_stack([x, y]), data["labelled"], data["label"])
    return ax


def pvalue_histogram_data(fits, term: str, *, bins: int = 20) -> Arrays:
    """Arrays: edges (bins + 1) from 0 to 1, count (bins), and expected (bins) if every hypothesis were true.

    term: a name in `fits.names`. bins: their number, at least 1.
    Raises: KeyError for an unknown term; ValueError for other bins.
    """
    _, _, p, _ = _shown(fits, term)
    count, edges = np.histogram(p, bins=bins, range=(0, 1))
    return {"edges": edges, "count": count, "expected": np.full(bins, len(p) / bins)}


def pvalue_histogram(fits, term: str, *, bins: int = 20, ax=None):
    """Axes with the histogram of the p-values of a term, and a line at the height that they have under no effect.

    Arguments and Raises: as `pvalue_histogram_data`; ax: where to draw, None for a new figure.
    """
    data = pvalue_histogram_data(fits, term, bins=bins)
    edges, expected = data["edges"], data["expected"][0]
    ax = _axes(ax)
    ax.bar(edges[:-1], data["count"], np.diff(edges), align="edge", color=SKY, edgecolor="white")
    ax.axhline(expected, color=VERMILION, linestyle="--", label=f"uniform: {expected:,.4g} a bin")
    ax.set_xlim(0, 1)
    _words(ax, _title(fits, term, int(data["count"].sum())), f"p-value of {term}", "fits")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False)
    return ax


def status_counts_data(fits) -> Arrays:
    """Arrays over the statuses that occur, by code: status (words), code, count and share of all members."""
    code, count = np.unique(np.asarray(fits.status), return_counts=True)
    words = [Status(int(c)).name.lower().replace("_", " ") for c in code]
    return {"status": np.array(words, str), "code": code, "count": count, "share": count / max(count.sum(), 1)}


def status_counts(fits, *, ax=None):
    """Axes with one bar a status that occurs, count and share beside it; ax: where to draw, None for a new figure."""
    data = status_counts_data(fits)
    count, place = data["count"], np.arange(len(data["count"]))
    ax = _axes(ax)
    ax.barh(place, count, height=0.6, color=[BLUE if c == Status.CONVERGED else VERMILION for c in data["code"]])
    words = [f"{n:,} ({share:.1%})" for n, share in zip(count, data["share"], strict=True)]
    for y, n, text in zip(place, count, words, strict=True):
        ax.annotate(text, (n, y), (5, 0), textcoords="offset points", va="center")
    ax.set_yticks(place, data["status"])
    ax.set_ylim(max(len(place), 1) - 0.4, -0.6)  # the first status at the top
    ax.grid(False, axis="y")
    room = 5 + 7 * max(map(len, words), default=0)  # points, for the text beside the longest bar
    ax.set_xlim(0, max(count.max(initial=0), 1) / max(1 - room / _width(ax), 0.3))
    _words(ax, f"Status of {count.sum():,} fits", "fits", "")
    return ax


def _shown(fits, term):
    """The members that can be drawn with their estimates, p-values and log p-values of the term."""
    column = _column(fits, term)
    estimate, p, log_p = (np.asarray(a, float)[:, column] for a in (fits.params, fits.pvalues, fits.log_pvalues))
    member = np.flatnonzero(np.asarray(fits.converged, bool) & np.isfinite(estimate) & np.isfinite(log_p))
    return member, estimate[member], p[member], log_p[member]


def _column(fits, term) -> int:
    """Position of the term; Named words the error for an unknown one."""
    return int(Named(np.arange(len(fits.names)), fits.names)[term])


def _label(fits, member) -> str:
    return str(member if fits.labels is None else fits.labels[member])


def _title(fits, term, shown: int) -> str:
    failed = int(np.sum(~np.asarray(fits.converged, bool)))
    rest = len(fits.converged) - failed - shown
    words = [f"{term}: {shown:,} fits"]
    words += [f"{failed:,} did not converge"] if failed else []
    words += [f"{rest:,} without a finite log p"] if rest else []
    return "; ".join(words)


def _words(ax, title: str, x: str, y: str):
    """Names may contain a dollar sign, which is not mathematics."""
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", parse_math=False)
    ax.set_xlabel(x, parse_math=False)
    ax.set_ylabel(y)


def _width(ax) -> float:
    """Of the Axes, in points of type."""
    return ax.get_window_extent().width * 72 / ax.figure.dpi


def _write(ax, points, labelled, labels):
    """Labels beside their points, the highest first, each in the best free place: on a leader if that is not level."""
    ax.figure.canvas.figure.draw_without_rendering()  # else the axes are not yet where they will be
    scale = 72 / ax.figure.dpi
    frame, centres = ax.get_window_extent().extents * scale, ax.transData.transform(points) * scale
    taken = []
    for i in sorted(np.flatnonzero(labelled), key=lambda i: -points[i, 1]):
        text = _short(labels[i])
        shift, box = _place(centres[i], 0.62 * FONT * len(text), 1 if points[i, 0] >= 0 else -1, taken, centres, frame)
        taken.append(box)
        leader = dict(arrowstyle="-", color=GREY, linewidth=0.6, shrinkA=0, shrinkB=2) if shift[1] else None
        look = dict(fontsize=FONT, color=BLACK, arrowprops=leader, va="center", ha="left" if shift[0] > 0 else "right")
        ax.annotate(text, points[i], shift, textcoords="offset points", parse_math=False, **look)


def _short(text: str) -> str:
    """At most LONGEST characters; the middle goes, as names often differ at their ends."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[1 - LONGEST // 2 :]}"


def _place(centre, width, outward, taken, centres, frame):
    """Shift (2,) of a text from its point, in points of type, and its box there: the cheapest of 50 places.

    A place outside the frame costs most, then one on another label, then each point covered, then the distance.
    """
    places = []
    for line, side in product(range(-12, 13), (outward, -outward)):
        shift = np.array([side * (12 if line else 6), line * 1.25 * FONT])
        low = centre + shift - (width if side < 0 else 0, 0.6 * FONT)
        high = low + (width, 1.2 * FONT)
        outside = (low < frame[:2]).any() or (high > frame[2:]).any()
        labels = sum(bool((low - (3, 0) < b[1]).all() and (high + (3, 0) > b[0]).all()) for b in taken)
        points = np.sum(((centres > low - 2) & (centres < high + 2)).all(axis=1))
        cost = 1e9 * outside + 1e6 * labels + points + 0.4 * abs(line) + 0.1 * (side != outward)
        places.append((cost, shift, (low, high)))
    return min(places, key=lambda place: place[0])[1:]


def _axes(ax):
    """The Axes given, as they are, or new ones in the style of the house, 960 pixels wide."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('pictures are drawn with matplotlib: pip install "jaxglm[plot]"') from error
    with plt.rc_context(STYLE):
        return plt.subplots(figsize=(8, 5), dpi=120, layout="constrained")[1]
