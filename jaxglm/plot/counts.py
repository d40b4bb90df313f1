"""HOST: observed frequencies of counts against those that a fit expects."""

from typing import Any

import numpy as np

from ..reports.joint import responses
from .style import BLACK, GREY, SKY, VERMILION, Arrays, axes_of, heading, legend, model_of, words

MOST = 100  # bars, unless the width says otherwise


def rootogram_data(fit: Any, *, width: int | None = None) -> Arrays:
    """Arrays over the bars: first and last count of a bar, observed and expected frequency; and beyond (1,), the
    expected frequency of counts above the last bar.

    Expected frequencies are sums of the probabilities of all rows that count; prior weights do not enter.
    width: how many counts share a bar, at least 1; by default 1, or as many as make 100 bars.
    Raises: ValueError for another width, or a family whose responses are not counts.
    Source: Tukey (1977), Exploratory Data Analysis; Kleiber and Zeileis (2016), The American Statistician 70.
    """
    fit.family.check_single("rootograms")
    support = fit.family.support
    if not support.whole or support.low != 0:
        raise ValueError(f"a rootogram needs counts; the responses of {fit.family_name} are {support.words}. "
                         "See residual_panel.")
    if width is not None and width < 1:
        raise ValueError(f"width, how many counts share a bar, must be at least 1; it is {width!r}.")
    used = fit.counted > 0
    y = responses(fit)
    y = (y[0] if isinstance(y, tuple) else np.asarray(y))[used].astype(int)
    step = int(np.ceil((y.max() + 1) / MOST)) if width is None else int(width)
    first = np.arange(0, y.max() + 1, step)
    last = first + step - 1
    observed = np.bincount(y // step, fit.counted[used], minlength=len(first))
    total, expected = fit.nobs, _expected(fit, last, step)
    return dict(first=first, last=last, observed=observed, expected=expected,
                beyond=np.array([max(total - expected.sum(), 0.0)]))  # fmt: skip


def _expected(fit: Any, last: np.ndarray, step: int) -> np.ndarray:
    """Of single counts by their probabilities, of wider bars by differences of the distribution function."""
    rows, used = fit.predict(which="prob" if step == 1 else "cdf", at=last.tolist()), fit.counted > 0
    total = fit.counted[used] @ rows[used]
    return total if step == 1 else np.maximum(np.diff(total, prepend=0.0), 0.0)


def rootogram(fit: Any, *, width: int | None = None, ax: Any = None) -> Any:
    """Axes with a hanging rootogram: bars of the roots of the observed frequencies hang from the curve of the expected
    ones, so that a bar ends above zero where there are too few. Dashes at -1 and 1 are two standard errors of a root.
    Arguments and Raises: as `rootogram_data`."""
    data = rootogram_data(fit, width=width)
    middle, root, top = (data["first"] + data["last"]) / 2, np.sqrt(data["observed"]), np.sqrt(data["expected"])
    step = data["last"][0] - data["first"][0] + 1
    ax = axes_of(ax)
    ax.bar(middle, root, 0.85 * step, bottom=top - root, color=SKY, label="observed, hanging")
    ax.plot(middle, top, "o-", color=VERMILION, markersize=4 if len(middle) < 50 else 2, label="expected")
    ax.axhline(0, color=BLACK, linewidth=0.8)
    for side in (-1, 1):
        ax.axhline(side, color=GREY, linewidth=0.9, linestyle="--")
    ax.set_ylim(1.08 * min((top - root).min(), -1.0), 1.04 * max(top.max(), 1.0))
    ax.set_xlim(data["first"][0] - 0.6 * step, data["last"][-1] + 0.6 * step)
    ax.xaxis.get_major_locator().set_params(integer=True)
    title = heading(f"{model_of(fit)}: {fit.nobs:,.10g} counts", fit)
    beyond = data["beyond"][0]
    title += f"; {beyond:.2g} expected above" if beyond >= 0.05 else ""
    words(ax, title, f"{fit.frame.response}" + (f", {step} counts a bar" if step > 1 else ""), "√frequency")
    legend(ax)
    return ax
