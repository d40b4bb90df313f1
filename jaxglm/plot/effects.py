"""HOST: what a fit predicts as one of its variables changes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..effects.variables import Variable, variables_of
from ..programs import forward_link, inverse_link
from .style import CYCLE, GREY, MARKERS, Arrays, axes_of, heading, legend, level, model_of, short, width, words

OTHERS = ("average", "typical")
LINES = ("-", "--", "-.", ":")
STEP = 0.14  # between groups at one level, of the distance of two levels; less if there are more than five


def effects_data(fit: Any, variable: str, by: Any = None, *, others: str = "average", scale: str = "response",
                 parameter: str | None = None, points: int = 50, alpha: float = 0.05) -> Arrays:
    """Arrays over groups and places: group (of `by`, "" without), place (numbers, or words of levels), estimate, low,
    high; and observed, the values of a numeric variable in the rows of the fit.

    variable: a number is drawn over its range, a factor at its levels. by: another variable, at its levels or
        quartiles, or {name: values}. others: "average" of the predictions of all rows; "typical", the other variables
        at their medians or most frequent levels. scale, parameter: of `avg_predictions`. points: of a curve.
    Limits of a parameter with a link are symmetric on the scale of the link, so that they lie in its range.
    Raises: ValueError for a variable that the model does not have, or another word or number.
    """
    if others not in OTHERS:
        raise ValueError(f"unknown others={others!r} of effects; choose from {', '.join(OTHERS)}.")
    if points < 2:
        raise ValueError(f"points must be at least 2; it is {points!r}.")
    chosen = variables_of(fit, variable)[0]
    places = chosen.levels or tuple(np.linspace(chosen.low, chosen.high, points).tolist())
    groups = _groups(fit, by)
    held = {name: (value,) for name, value in typical(fit).items()} if others == "typical" else {}
    table = fit.avg_predictions(variables={**held, **groups, variable: places}, scale=scale, parameter=parameter,
                                alpha=alpha)  # fmt: skip
    estimate, se = (np.asarray(table[key], float) for key in ("estimate", "std_error"))
    low, high = _limits(fit, estimate, fit._quantile(alpha) * se, scale, parameter)
    names = [f"{name} = {_word(value)}" for name, values in groups.items() for value in values] or [""]
    observed = np.asarray(fit.frame.columns[variable], float) if chosen.numeric else np.empty(0)
    place = np.array(places, float) if chosen.numeric else np.array([_word(v) for v in places])
    return dict(group=np.repeat(names, len(places)), place=np.tile(place, len(names)), estimate=estimate, low=low,
                high=high, observed=observed)  # fmt: skip


def effects(fit: Any, variable: str, by: Any = None, *, others: str = "average", scale: str = "response",
            parameter: str | None = None, points: int = 50, alpha: float = 0.05, ax: Any = None) -> Any:
    """Axes with the curve of the mean and its band, one for each group, or points at the levels of a factor; ticks on
    the axis are the rows of the fit. Arguments and Raises: as `effects_data`."""
    data = effects_data(fit, variable, by, others=others, scale=scale, parameter=parameter, points=points, alpha=alpha)
    ax = axes_of(ax)
    names = list(dict.fromkeys(data["group"].tolist()))
    numeric = data["place"].dtype.kind == "f"
    for i, name in enumerate(names):
        own = {key: data[key][data["group"] == name] for key in ("place", "estimate", "low", "high")}
        (_curve if numeric else _points)(ax, own, i, len(names), short(name, 40))
    if numeric:
        _rug(ax, data["observed"])
    else:
        _name_levels(ax, own["place"])
    of = parameter or ("linear predictor" if scale == "link" else "mean")
    held = "average over the rows" if others == "average" else "other variables typical"
    y = f"{of} of {fit.frame.response}, {level(alpha)} limits"
    words(ax, heading(f"{model_of(fit)}, {held}", fit), variable, y)
    if len(names) > 1:
        legend(ax)
    return ax


def typical(fit: Any) -> dict[str, Any]:
    """The median of each numeric variable, the most frequent level of each other."""
    return {v.name: v.summary[2] if v.numeric else _mode(v, fit.frame.columns[v.name]) for v in variables_of(fit)}


def _mode(variable: Variable, column: Any) -> Any:
    values = list(column)
    return max(variable.levels, key=values.count)


def _groups(fit: Any, by: Any) -> dict[str, tuple[Any, ...]]:
    if by is None:
        return {}
    name, given = next(iter(by.items())) if isinstance(by, Mapping) else (by, None)
    chosen = variables_of(fit, name)[0]
    return {name: tuple(given) if given is not None else chosen.levels or tuple(dict.fromkeys(chosen.summary[1:4]))}


def _word(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _limits(fit: Any, estimate, half, scale: str, parameter: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric on the scale of the link of what is predicted, if it has one and the estimate is not at its end."""
    if scale == "link" or (parameter is None and not fit.family.traits.edm):
        return estimate - half, estimate + half
    link = fit.family.link_of(parameter or fit.family.parameters[0])
    with np.errstate(all="ignore"):
        eta = forward_link(link, estimate)
        wide = half / np.abs(inverse_link(link, eta)[1])
        ends = [inverse_link(link, e)[0] for e in (eta - wide, eta + wide)]
    inside = np.isfinite(eta) & np.isfinite(wide)
    low, high = np.minimum(*ends), np.maximum(*ends)
    return np.where(inside, low, estimate - half), np.where(inside, high, estimate + half)


def _curve(ax: Any, own: Arrays, i: int, count: int, label: str) -> None:
    colour, line = CYCLE[i % len(CYCLE)], LINES[i % len(LINES)]
    ax.fill_between(own["place"], own["low"], own["high"], color=colour, alpha=0.18, linewidth=0)
    ax.plot(own["place"], own["estimate"], line, color=colour, linewidth=2, label=label)
    ax.margins(x=0.02)


def _points(ax: Any, own: Arrays, i: int, count: int, label: str) -> None:
    x = np.arange(len(own["place"])) + min(STEP, 4 * STEP / max(count - 1, 1)) * (i - (count - 1) / 2)
    colour, marker = CYCLE[i % len(CYCLE)], MARKERS[i % len(MARKERS)]
    ax.vlines(x, own["low"], own["high"], color=colour, linewidth=1.8)
    ax.plot(x, own["estimate"], marker, color=colour, markersize=7, markeredgecolor="white", label=label)


def _rug(ax: Any, observed: np.ndarray) -> None:
    low, high = ax.get_ylim()
    ax.vlines(np.unique(observed), low, low + 0.025 * (high - low), color=GREY, linewidth=0.8)
    ax.set_ylim(low, high)


def _name_levels(ax: Any, levels: np.ndarray) -> None:
    texts = [short(level) for level in levels]
    slanted = max(map(len, texts)) * 6.5 * len(texts) > width(ax)
    ax.set_xticks(range(len(texts)), texts, parse_math=False)
    ax.set_xlim(-0.6, len(texts) - 0.4)
    ax.grid(False, axis="x")
    for tick in ax.get_xticklabels() if slanted else []:
        tick.set(rotation=35, ha="right", rotation_mode="anchor")
