"""HOST: pictures of a batch of fits.

`fits` has `names` (P), `params`, `pvalues`, `log_pvalues` (B, P), `status`, `converged` (B) and `labels` (B strings,
None for the index). Members that did not converge, or have no finite estimate and log p, are left out; the title counts
them.
"""

import numpy as np

from ..inference import adjust_pvalues
from ..named import Named
from ..solvers import Status
from .style import BLACK, BLUE, GREY, SKY, VERMILION, Arrays, axes_of, legend, width, words, write


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
    ax = axes_of(ax)
    for chosen, colour, sign in ((~significant, GREY, ">"), (significant, VERMILION, "≤")):
        label = f"adjusted p ({adjust}) {sign} {alpha:g}: {chosen.sum():,}"
        ax.scatter(x[chosen], y[chosen], s=18, color=colour, alpha=0.8, linewidths=0, label=label)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.margins(x=0.12)
    ax.set_ylim(*np.array([-0.02, 1.06]) * max(y.max(initial=0), 1))
    words(ax, _title(fits, term, len(x)), f"estimate of {term}", "−log₁₀ p")
    legend(ax)
    write(ax, np.column_stack([x, y]), data["labelled"], data["label"])
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
    ax = axes_of(ax)
    ax.bar(edges[:-1], data["count"], np.diff(edges), align="edge", color=SKY, edgecolor="white")
    ax.axhline(expected, color=VERMILION, linestyle="--", label=f"uniform: {expected:,.4g} a bin")
    ax.set_xlim(0, 1)
    words(ax, _title(fits, term, int(data["count"].sum())), f"p-value of {term}", "fits")
    legend(ax)
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
    ax = axes_of(ax)
    ax.barh(place, count, height=0.6, color=[BLUE if c == Status.CONVERGED else VERMILION for c in data["code"]])
    texts = [f"{n:,} ({share:.1%})" for n, share in zip(count, data["share"], strict=True)]
    for y, n, text in zip(place, count, texts, strict=True):
        ax.annotate(text, (n, y), (5, 0), textcoords="offset points", va="center")
    ax.set_yticks(place, data["status"])
    ax.set_ylim(max(len(place), 1) - 0.4, -0.6)  # the first status at the top
    ax.grid(False, axis="y")
    room = 5 + 7 * max(map(len, texts), default=0)  # points, for the text beside the longest bar
    ax.set_xlim(0, max(count.max(initial=0), 1) / max(1 - room / width(ax), 0.3))
    words(ax, f"Status of {count.sum():,} fits", "fits", "")
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
