"""HOST: what changes in the response when a variable changes by a step, or from level to level."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from ..frame import to_frame
from ..inference import adjust_pvalues
from ..prediction import Data, check_scale, curve, data_of, predictors_at, scales_of
from .estimates import Estimates, Groups, groups_of, inference, stacked
from .variables import Variable, at_level, at_number, group_codes, numbers_of, variables_of

# value and slope of the scale t on which a contrast is t(high) - t(low); "/" ones are reported as exp of it
TRANSFORMS = {
    "difference": (lambda m: m, np.ones_like, "-"),
    "ratio": (np.log, lambda m: 1 / m, "/"),
    "odds": (lambda m: np.log(m / (1 - m)), lambda m: 1 / (m * (1 - m)), "/"),
}


@dataclass(frozen=True)
class Contrast:
    """One estimate of each row, or a pair of them to be compared after they were averaged."""

    term: str
    label: str
    estimates: tuple[Estimates, ...]
    kind: str
    level: str | None = None  # the class of the response whose probability it is about

    def combined(self, groups: Groups | None, size: int) -> Estimates:
        """The contrast of each row, or of the averages over groups of rows."""
        parts = [e if groups is None else e.averaged(groups, size) for e in self.estimates]
        if len(parts) == 1:
            return parts[0]
        value, slope, _ = TRANSFORMS[self.kind]
        with np.errstate(divide="ignore", invalid="ignore"):
            high, low = (e.mapped(value(e.value), slope(e.value)) for e in parts)
            return high.plus(low.times(-np.ones(len(low.value))), high.value - low.value)


def comparisons(fit: Any, variables: Any = None, *, contrast: str = "difference", by: Any = None, new: Any = None,
                average: bool = False, scale: str = "response", parameter: str | None = None, offset: Any = None,
                sets: Any = None, alpha: float = 0.05) -> Any:
    """Contrasts of each row, or of averages; the arguments are described at `GLMResults.avg_comparisons`."""
    check_contrast(contrast)
    changes = dict(variables) if isinstance(variables, Mapping) else {}
    data = data_of(fit, new, offset, sets)
    chosen = variables_of(fit, tuple(changes) if changes else variables)
    found = (c for v in chosen for c in compared(fit, data, v, changes.get(v.name), contrast, scale, parameter))
    return tabled(fit, data, found, by, average, alpha)


def check_contrast(contrast: str) -> None:
    if contrast not in TRANSFORMS:
        raise ValueError(f"unknown contrast {contrast!r}; choose from {', '.join(TRANSFORMS)}.")


def compared(fit: Any, data: Data, variable: Variable, change: Any, contrast: str, scale: Any,
             parameter: str | None) -> Iterator[Contrast]:
    """The contrasts of one variable, of each class where the response is one."""
    for level, own in scales_of(fit, scale, parameter):
        for one in _compared(fit, data, variable, change, contrast, own, parameter):
            yield replace(one, level=level)


def _compared(fit: Any, data: Data, variable: Variable, change: Any, contrast: str, scale: Any,
              parameter: str | None) -> Iterator[Contrast]:
    """Each changed set of rows is evaluated once."""
    check_scale(fit, scale, parameter)
    sign, known = TRANSFORMS[contrast][2], {}

    def at(place: Any, rows: Data) -> Estimates:
        if place not in known:
            found = predictors_at(fit, rows)
            known[place] = Estimates.of(found, curve(fit, found, scale, parameter))
        return known[place]

    if variable.numeric:
        low, high, label = _step(data, variable, change, sign)
        pair = at("high", at_number(data, variable, high)), at("low", at_number(data, variable, low))
        yield Contrast(variable.name, label, pair, contrast)
        return
    for low, high in _level_pairs(variable, change):
        pair = at(high, at_level(data, variable, high)), at(low, at_level(data, variable, low))
        yield Contrast(variable.name, f"{high} {sign} {low}", pair, contrast)


def _step(data: Data, variable: Variable, change: Any, sign: str) -> tuple[Any, Any, str]:
    """Low and high values of a number, and the label of their contrast."""
    x = numbers_of(data, variable)
    if change is None or (isinstance(change, int | float) and np.isfinite(change)):
        step = 1.0 if change is None else float(change)
        return x - step / 2, x + step / 2, f"{step:+g}"
    if change == "sd":
        return x - variable.sd / 2, x + variable.sd / 2, "sd"
    ends = {"iqr": variable.quartiles, "minmax": (variable.low, variable.high)}
    if isinstance(change, str) and change in ends:
        return *ends[change], change
    if isinstance(change, tuple | list) and len(change) == 2 and all(isinstance(c, int | float) for c in change):
        return *map(float, change), f"{change[1]:g} {sign} {change[0]:g}"
    raise ValueError(f"variables: the change of the number {variable.name} must be a step, a pair (low, high), 'sd', "
                     f"'iqr' or 'minmax'; it is {change!r}.")


def _level_pairs(variable: Variable, change: Any) -> Iterable[tuple[Any, Any]]:
    """Pairs (low, high) of levels."""
    levels = variable.levels
    rules = {"reference": [(levels[0], level) for level in levels[1:]], "pairwise": list(combinations(levels, 2)),
             "sequential": list(pairwise(levels))}  # fmt: skip
    if change is None or (isinstance(change, str) and change in rules):
        return rules[change or "reference"]
    if isinstance(change, tuple | list) and len(change) == 2:
        return [tuple(change)]
    raise ValueError(f"variables: the change of the factor {variable.name} must be {', '.join(map(repr, rules))} or a "
                     f"pair (low, high) of its levels; it is {change!r}.")


def tabled(fit: Any, data: Data, contrasts: Iterable[Contrast], by: Any, average: bool, alpha: float,
           adjust: str | None = None) -> Any:
    """A frame with a row for each contrast and group, or each contrast and row of the data; `adjust` is a method of
    `adjust_pvalues` over all of them."""
    labels, codes, size = group_codes(data, by)
    groups = groups_of(data.counted, codes, size) if average else None
    head = labels if average else {"row": np.arange(data.n)}
    tables = []
    for one in contrasts:
        found = one.combined(groups, len(fit._estimates))
        names = (("term", one.term), ("contrast", one.label), *(() if one.level is None else (("class", one.level),)))
        words = {name: np.full(len(found.value), word, object) for name, word in names}
        tables.append({**head, **words, **judged(fit, found, one.kind, alpha)})
    if not tables:
        raise ValueError("the model has no variable to change: every column of its terms is constant.")
    columns = stacked(tables)
    if adjust is not None:
        columns["p_value"] = adjust_pvalues(columns["p_value"], adjust)
    return to_frame(columns, fit.frame.kind)


def judged(fit: Any, found: Estimates, kind: str, alpha: float) -> dict[str, np.ndarray]:
    """Inference of a contrast; of a ratio on the scale of its logarithm, where it is tested against 1."""
    table = inference(fit, found.value, found.std_error(fit._root), alpha)
    if kind not in TRANSFORMS or TRANSFORMS[kind][2] == "-":
        return table
    ratio = np.exp(table["estimate"])
    limits = {name: np.exp(table[name]) for name in ("conf_low", "conf_high")}
    return {**table, "estimate": ratio, "std_error": ratio * table["std_error"], **limits}
