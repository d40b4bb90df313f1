"""HOST: what each row does to a fit, row by row, or leverage against residual."""

from typing import Any

import numpy as np

from ..named import Named
from .residuals import largest
from .style import BLACK, BLUE, GREY, VERMILION, Arrays, axes_of, heading, model_of, words, write

TITLES = {"cooks_distance": "Cook's distance", "dffits": "DFFITS", "hat": "Leverage",
          "resid_studentized": "Studentized residuals", "bubble": "Influence (areas: Cook's distance)"}  # fmt: skip


def influence_data(fit: Any, what: str = "cooks_distance", *, labels: int = 5, exact: bool = False) -> Arrays:
    """Arrays over the rows that count: row (position in the input), value, leverage, studentized (residual),
    cooks_distance, labelled; and threshold (1,), beyond which a row deserves a look, NaN where there is no custom.

    what: "cooks_distance", "dffits", "hat", "resid_studentized", "bubble" (Cook's distance), or a name in `fit.names`:
        its DFBETAS. labels: how many rows of the largest values are labelled. exact: by refits, see `get_influence`.
    Raises: KeyError for another name; ValueError for a number of labels below 0.
    Source: Belsley, Kuh and Welsch (1980), section 2.1, for the thresholds.
    """
    if labels < 0:
        raise ValueError(f"labels, the number of rows labelled, must be at least 0; it is {labels!r}.")
    at, used = fit.get_influence(exact=exact), fit.counted > 0
    value = _values(fit, at, what)[used]
    rows = dict(leverage=at.hat, studentized=at.resid_studentized, cooks_distance=at.cooks_distance)
    rows = {"row": fit.frame.rows[used], "value": value} | {name: values[used] for name, values in rows.items()}
    n, p = fit.nobs, len(fit.state.theta)
    custom = {"cooks_distance": 4 / n, "bubble": np.nan, "dffits": 2 * np.sqrt(p / n), "hat": 2 * p / n,
              "resid_studentized": 3.0}  # fmt: skip
    threshold = custom.get(what, 2 / np.sqrt(n))
    return rows | {"labelled": largest(value, labels), "threshold": np.array([threshold])}


def influence(fit: Any, what: str = "cooks_distance", *, labels: int = 5, exact: bool = False, ax: Any = None) -> Any:
    """Axes with a line for each row, and dashes at the threshold; or bubbles, studentized residuals against leverage
    with areas that grow with Cook's distance. Arguments and Raises: as `influence_data`."""
    data = influence_data(fit, what, labels=labels, exact=exact)
    ax = axes_of(ax)
    points, avoid, radius = _bubbles(ax, data) if what == "bubble" else _index(ax, data)
    lost = int(np.sum(~np.isfinite(points).all(axis=1)))
    name = TITLES.get(what, f"DFBETAS of {what}")
    title = f"{name}, {model_of(fit)}" + (f"; undefined in {lost} of the rows" if lost else "")
    x, y = ("leverage", "studentized residual") if what == "bubble" else ("row", name)
    words(ax, heading(title, fit), x, y)
    write(ax, points, data["labelled"] & np.isfinite(points).all(axis=1), data["row"], avoid=avoid, radius=radius)
    return ax


def _values(fit: Any, at: Any, what: str) -> np.ndarray:
    if what in TITLES:
        return at.cooks_distance if what == "bubble" else getattr(at, what)
    position = Named(np.arange(len(fit.names)), fit.names)[what]
    if not position < len(at.names):
        raise ValueError(f"{what} is fitted after the coefficients: there is no DFBETAS of it. "
                         f"Choose from {', '.join((*TITLES, *at.names))}.")
    return at.dfbetas[:, int(position)]


def _index(ax: Any, data: Arrays) -> tuple[np.ndarray, np.ndarray, Any]:
    """Points, places along their lines, and no radius."""
    x, y, threshold = data["row"], data["value"], data["threshold"][0]
    beyond = np.abs(y) > threshold
    for chosen, colour in ((~beyond, BLUE), (beyond, VERMILION)):
        ax.vlines(x[chosen], 0, y[chosen], color=colour, linewidth=1.2 if len(x) < 500 else 0.6)
        ax.plot(x[chosen], y[chosen], "o", color=colour, markersize=4 if len(x) < 500 else 2)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    for side in (1, -1) if np.nanmin(y, initial=0.0) < 0 else (1,):
        ax.axhline(side * threshold, color=GREY, linestyle="--", linewidth=0.9)
    ax.margins(x=0.03, y=0.1)
    if not np.nanmin(y, initial=0.0) < 0:
        ax.set_ylim(bottom=0)
    stems = np.column_stack([np.repeat(x, 12), np.outer(np.nan_to_num(y), np.linspace(0, 1, 12)).ravel()])
    return np.column_stack([x, y]), stems, 0.0


def _bubbles(ax: Any, data: Arrays) -> tuple[np.ndarray, None, Any]:
    """Points, nothing else to avoid, and the radii."""
    x, y, cook = data["leverage"], data["studentized"], data["cooks_distance"]
    seen = np.isfinite(x) & np.isfinite(y)
    area = 12 + 900 * np.nan_to_num(cook) / max(np.nanmax(cook, initial=0.0), 1e-300)
    ax.scatter(x[seen], y[seen], s=area[seen], color=BLUE, alpha=0.45, linewidths=0.8, edgecolors="white")
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.margins(0.12)
    return np.column_stack([x, y]), None, np.sqrt(area / np.pi)
