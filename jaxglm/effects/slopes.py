"""HOST: slopes of the response in a number, through whatever terms use it; for levels, changes of level."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..prediction import Curve, Data, Predictors, curve, data_of, predictors_at, scales_of
from .comparisons import Contrast, compared, tabled
from .estimates import Estimates, along, part
from .variables import Variable, at_number, numbers_of, variables_of

STEP = 1e-5  # of a variable's range: the cube root of the rounding error, where central differences are most exact


def slopes(fit: Any, variables: Any = None, *, by: Any = None, new: Any = None, average: bool = False,
           scale: str = "response", parameter: str | None = None, eps: float | None = None, offset: Any = None,
           sets: Any = None, alpha: float = 0.05) -> Any:
    """Slopes d response / d x of each row, or averages; the arguments are described at `GLMResults.avg_slopes`."""
    if eps is not None and not eps > 0:
        raise ValueError(f"eps must be a positive step of the variable; it is {eps!r}.")
    data = data_of(fit, new, offset, sets)
    contrasts = (c for v in variables_of(fit, variables) for c in _contrasts(fit, data, v, eps, scale, parameter))
    return tabled(fit, data, contrasts, by, average, alpha)


def _contrasts(fit: Any, data: Data, variable: Variable, eps, scale: str, parameter) -> Iterator[Contrast]:
    if variable.numeric:
        for level, own in scales_of(fit, scale, parameter):
            slope = slope_of(fit, data, variable, eps, own, parameter)
            yield Contrast(variable.name, "dY/dX", (slope,), "identity", level)
    else:
        yield from compared(fit, data, variable, None, "difference", scale, parameter)


def slope_of(fit: Any, data: Data, variable: Variable, eps, scale: Any, parameter) -> Estimates:
    """The slope m'(eta) d eta / dx of each row, and its gradient: m is differentiated by autodiff, the designs by
    differences, whose error is that of the terms alone: none for a linear one."""
    step = STEP * variable.span if eps is None else eps
    at = predictors_at(fit, data)
    designs, offsets = _design_slopes(fit, data, variable, step)
    m = curve(fit, at, scale, parameter)
    moved = [dX @ fit._estimates[k] + o for dX, k, o in zip(designs, at.places, offsets, strict=True)]
    value = sum(along(slope, moved[k]) for k, slope in m.slope.items())
    return Estimates(np.asarray(value), tuple(_parts(at, m, designs, moved)))


def _parts(at: Predictors, m: Curve, designs: list[np.ndarray], moved: list[np.ndarray]) -> Iterator[tuple]:
    yield from (part(at.places[k], designs[k], slope) for k, slope in m.slope.items())
    yield from (part(at.places[k], at.designs[k], along(bend, moved[j])) for (j, k), bend in m.bend.items())


def _design_slopes(fit: Any, data: Data, variable: Variable, step: float) -> tuple[list, list]:
    """d X / dx and d offset / dx of each predictor, from the parabola through three nodes.

    The nodes stay within the range of the fit, beyond which a spline may have no value: at its ends x is an end node.
    """
    x = numbers_of(data, variable)
    first = np.where(x - step < variable.low, 0.0, np.where(x + step > variable.high, -2.0, -1.0))
    first = np.where((x < variable.low) | (x > variable.high), -1.0, first)
    nodes = [x + (first + j) * step for j in range(3)]
    found = [predictors_at(fit, at_number(data, variable, node)) for node in nodes]
    slope = lambda values: _parabola_slope(x, nodes, values)  # noqa: E731
    K = range(len(found[0].designs))
    return [slope([f.designs[k] for f in found]) for k in K], [slope([f.offsets[k] for f in found]) for k in K]


def _parabola_slope(x: np.ndarray, nodes: list[np.ndarray], values: list) -> np.ndarray:
    """The slope at x (n,) of parabolas through values (n, ...) at three nodes: divided differences, which are exact
    where the values are linear, carried from the middles of the intervals to x."""
    low, middle, high = (np.asarray(v) if np.ndim(v) else np.full(len(x), v) for v in values)
    wide = lambda a: a.reshape(a.shape + (1,) * (np.ndim(low) - 1))  # noqa: E731
    left, right = (middle - low) / wide(nodes[1] - nodes[0]), (high - middle) / wide(nodes[2] - nodes[1])
    share = (2 * x - nodes[0] - nodes[1]) / (nodes[2] - nodes[0])
    return left + wide(share) * (right - left)
