"""HOST: predicted against observed means."""

from typing import Any

import numpy as np

from .style import BLACK, BLUE, Arrays, axes_of, heading, level, model_of, words


def calibration_data(fit: Any, *, bins: int = 10, alpha: float = 0.05) -> Arrays:
    """Arrays over bins of rows with similar predictions: predicted, observed, low, high, count.

    bins: see `calibration` of a fit. alpha: limits of level 1 - alpha of the mean response of a bin: Wilson's for
        successes, otherwise by the standard error that the model implies.
    Raises: ValueError for other bins or alpha, or a single prediction for all rows.
    Source: Wilson (1927), JASA 22.
    """
    from scipy.special import ndtri

    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
    found, z = fit.calibration(bins), float(ndtri(1 - alpha / 2))
    support = fit.family.support
    centre, half = found.observed, z * found.se
    if support.whole and support.high == 1:
        n = found.count
        centre = (found.observed + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(found.observed * (1 - found.observed) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    return dict(predicted=found.predicted, observed=found.observed, low=centre - half, high=centre + half,
                count=found.count)  # fmt: skip


def calibration(fit: Any, *, bins: int = 10, alpha: float = 0.05, ax: Any = None) -> Any:
    """Axes with observed against predicted means and the diagonal; arguments and Raises: as `calibration_data`."""
    data = calibration_data(fit, bins=bins, alpha=alpha)
    x, y = data["predicted"], data["observed"]
    ax = axes_of(ax)
    ax.axline((x[0], x[0]), slope=1, color=BLACK, linewidth=0.8)
    ax.vlines(x, data["low"], data["high"], color=BLUE, linewidth=1.5)
    ax.plot(x, y, "o", color=BLUE, markersize=6, markeredgecolor="white")
    ax.margins(0.06)
    title = heading(f"Calibration of {model_of(fit)}: {len(x)} bins, {data['count'].sum():,.10g} observations", fit)
    words(ax, title, "predicted mean", f"observed mean, {level(alpha)} limits")
    return ax
