"""HOST: coefficients with their confidence limits, of one model or of several side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..reports.quality import numbered
from .style import BLACK, CYCLE, MARKERS, Arrays, axes_of, heading, legend, level, model_of, short, words

SPREAD = 0.6  # of a line, over which several models stand
SHARED = "shared by all rows"
NAME = 44  # characters of a term


def coefficients_data(fits: Any, *, alpha: float = 0.05, method: str = "wald", exponentiate: bool = False,
                      intercept: bool = False) -> Arrays:
    """Arrays over models and their terms: model, predictor, term, line (0 at the top), estimate, low, high, note.

    fits: a fit, {name: fit}, or a list of fits. alpha: the limits have level 1 - alpha. method: of `conf_int`.
    exponentiate: estimates and limits on the scale of ratios. intercept: also the coefficients of constant columns and
        of parameters that all rows share.
    The order is that of the first model, then of what others have more. Several predictors are groups, each with a line
    above for its name: the first one of all models has the name that it has in the first, and parameters that all rows
    share are one group. A coefficient that is aliased or infinite has no finite estimate, and a note says which.
    Raises: ValueError for no fit, no term that is left, another alpha or method.
    """
    models = models_of(fits)
    lead = next(iter(models.values())).family.parameters[0]
    tables = [_table(name, fit, lead, alpha, method, intercept) for name, fit in models.items()]
    data = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    if not len(data["term"]):
        raise ValueError("there are no coefficients but intercepts and shared parameters; pass intercept=True.")
    if exponentiate:
        with np.errstate(over="ignore"):
            data |= {key: np.exp(data[key]) for key in ("estimate", "low", "high")}
    return data | {"line": _lines(data["predictor"], data["term"])}


def coefficients(fits: Any, *, alpha: float = 0.05, method: str = "wald", exponentiate: bool = False,
                 intercept: bool = False, ax: Any = None) -> Any:
    """Axes with a forest plot, the first term at the top; arguments and Raises: as `coefficients_data`."""
    data = coefficients_data(fits, alpha=alpha, method=method, exponentiate=exponentiate, intercept=intercept)
    models, last = models_of(fits), data["line"].max()
    ax = axes_of(ax, min(1.5 + 0.24 * (last + 1) * (1 + 0.4 * (len(models) - 1)), 60))
    _scale(ax, data, exponentiate)
    ax.axvline(float(exponentiate), color=BLACK, linewidth=0.8)
    shifts = SPREAD * (np.arange(len(models)) / max(len(models) - 1, 1) - 0.5) if len(models) > 1 else [0.0]
    for i, (name, shift) in enumerate(zip(models, shifts, strict=True)):
        own = {key: values[data["model"] == name] for key, values in data.items()}
        _draw(ax, own, own["line"] + shift, short(name, NAME), CYCLE[i % len(CYCLE)], MARKERS[i % len(MARKERS)],
              float(exponentiate))  # fmt: skip
    _name_lines(ax, data, striped=len(models) > 1)
    of = model_of(next(iter(models.values()))) if len(models) == 1 else f"{len(models)} models"
    scale = "exp(estimate)" if exponentiate else "estimate"
    words(ax, heading(f"Coefficients of {of}", *models.values()), f"{scale}, {level(alpha)} limits ({method})", "")
    if len(models) > 1:
        legend(ax)
    return ax


def models_of(fits: Any) -> dict[str, Any]:
    """The fits by name."""
    if isinstance(fits, Mapping | list | tuple):
        if not fits:
            raise ValueError("coefficients needs at least one fit; it was given none.")
        return {str(name): fit for name, fit in fits.items()} if isinstance(fits, Mapping) else numbered(list(fits))
    return {model_of(fits): fits}


def _table(name: str, fit: Any, lead: str, alpha: float, method: str, intercept: bool) -> Arrays:
    estimate, limits = np.array(fit.params), np.array(fit.conf_int(alpha, method))
    direction = np.zeros(len(estimate))
    if not fit.converged:
        found = np.asarray(fit.separation().direction)
        direction[: len(found)] = np.sign(found)
    endless = direction != 0
    if method == "wald":
        limits[endless] = np.nan
    estimate = np.where(endless, np.inf * np.where(endless, direction, 1), estimate)
    note = np.where(endless, "infinite", np.where(np.isnan(estimate), "aliased", ""))
    shown = np.full(len(estimate), True) if intercept else ~_constant(fit)
    own = {p.parameter for p in fit.parts if not p.shared}
    predictor = [lead if k == fit.family.parameters[0] else k if k in own else SHARED for k in fit.predictors]
    columns = dict(model=np.full(len(estimate), name), predictor=np.array(predictor, str), note=note,
                   term=np.array(fit.names, str), estimate=estimate, low=limits[:, 0], high=limits[:, 1])  # fmt: skip
    return {key: values[shown] for key, values in columns.items()}


def _constant(fit: Any) -> np.ndarray:
    """Which coefficients are of columns that are the same in all rows, or of parameters that all rows share."""
    parts = [[True] if p.shared else (np.ptp(p.part.X, axis=0) == 0) & (p.part.X[0] != 0) for p in fit.parts]
    found = np.concatenate(parts).astype(bool)
    return np.append(found, np.ones(len(fit.names) - len(found), bool))


def _lines(predictor: np.ndarray, term: np.ndarray) -> np.ndarray:
    """The line of each entry: terms of one predictor together, below a line for its name if there are several."""
    groups: dict[str, dict[str, None]] = {}
    for k, name in zip(predictor.tolist(), term.tolist(), strict=True):
        groups.setdefault(k, {})[name] = None
    place, line = {}, 0
    for k, names in groups.items():
        line += len(groups) > 1
        place |= {(k, name): line + j for j, name in enumerate(names)}
        line += len(names)
    return np.array([place[pair] for pair in zip(predictor.tolist(), term.tolist(), strict=True)])


def _scale(ax: Any, data: Arrays, ratio: bool) -> None:
    """Limits of the x axis that hold all finite numbers, and ticks that are read as ratios."""
    found = np.concatenate([data[key] for key in ("estimate", "low", "high")])
    finite = found[np.isfinite(found) & (found > 0 if ratio else True)]
    low, high = finite.min(initial=float(ratio)), finite.max(initial=float(ratio))
    if not len(finite):
        ax.set_xticks([])
    if not ratio:
        pad = 0.05 * (high - low) or 1.0
        ax.set_xlim(low - pad, high + pad)
        return
    pad = (high / low) ** 0.05 if high > low else 2.0
    ax.set_xscale("log")
    ax.set_xlim(low / pad, high * pad)
    ticks = _ratio_ticks(*ax.get_xlim())
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)


def _ratio_ticks(low: float, high: float) -> np.ndarray:
    """Round numbers between two ratios: 1, 2, 5, 10 ...; closer ones if the range is small, powers of ten if large."""
    decades = np.log10(high / low)
    if decades < 0.7:
        from matplotlib.ticker import MaxNLocator

        ticks = np.asarray(MaxNLocator(6).tick_values(low, high))
    else:
        powers = np.arange(np.floor(np.log10(low)), np.log10(high) + 1, max(np.ceil(decades / 8), 1))
        powers -= powers[np.argmin(np.abs(powers))] if decades > 2.5 else 0  # so that 1 is one of them
        ticks = (10.0 ** powers[:, None] * ((1, 2, 5) if decades < 2.5 else (1,))).ravel()
    return ticks[(ticks >= low) & (ticks <= high)]


def _draw(ax: Any, own: Arrays, y: np.ndarray, label: str, colour: str, marker: str, null: float) -> None:
    left, right = ax.get_xlim()
    bounded = ~np.isnan(own["low"]) & ~np.isnan(own["high"])
    ends = np.clip(own["low"], left, right), np.clip(own["high"], left, right)
    ax.hlines(y[bounded], ends[0][bounded], ends[1][bounded], color=colour, linewidth=1.8)
    for end, beyond, arrow in ((left, own["low"] < left, "<"), (right, own["high"] > right, ">")):
        for place in y[beyond & bounded]:
            ax.plot(end, place, arrow, color=colour, markersize=5, clip_on=False)
    shown = np.isfinite(own["estimate"]) & (own["note"] == "")
    ax.plot(own["estimate"][shown], y[shown], marker, color=colour, markersize=6, markeredgecolor="white", label=label)
    leftmost = ax.transAxes.inverted().transform(ax.transData.transform((null, 0)))[0] < 0.55
    for place, note, estimate in zip(y[~shown], own["note"][~shown], own["estimate"][~shown], strict=True):
        side = "left" if leftmost else "right"
        sign = {"infinite": " (+)" if estimate == np.inf else " (−)"}.get(str(note), "")
        ax.annotate(f"{note or 'not finite'}{sign}", (null, place), (5 if leftmost else -5, 0), color=colour,
                    textcoords="offset points", va="center", ha=side, fontsize=8)  # fmt: skip


def _name_lines(ax: Any, data: Arrays, *, striped: bool) -> None:
    """Names of terms at their lines, and of the predictors above their groups."""
    names, heads = {}, {}
    for k, term, line in zip(data["predictor"].tolist(), data["term"].tolist(), data["line"].tolist(), strict=True):
        names[line] = (k, term)
        heads[k] = min(heads.get(k, line), line)
    several = len(heads) > 1
    texts = {line: short(term.removeprefix(f"{k}: ") if several else term, NAME) for line, (k, term) in names.items()}
    titles = {line - 1: short(k, NAME) for k, line in heads.items()} if several else {}
    lines = sorted(texts | titles)
    ax.set_yticks(lines, [(texts | titles)[line] for line in lines])
    for tick, line in zip(ax.get_yticklabels(), lines, strict=True):
        tick.set(parse_math=False, fontweight="bold" if line in titles else "normal")
    ax.set_ylim(max(lines) + 0.6, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    for line in sorted(texts)[::2] if striped else []:
        ax.axhspan(line - 0.5, line + 0.5, color="#f5f5f5", zorder=0, linewidth=0)
