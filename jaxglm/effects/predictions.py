"""HOST: predictions with standard errors: of rows, of averages, and of averages with a variable held at values."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from ..frame import to_frame
from ..prediction import Data, curve, data_of, predictors_at, scales_of
from .estimates import Estimates, groups_of, inference, stacked
from .variables import Variable, at_level, at_number, group_codes, variables_of


def predictions(fit: Any, *, new: Any = None, scale: str = "response", parameter: str | None = None,
                offset: Any = None, sets: Any = None, alpha: float = 0.05) -> Any:
    """The prediction of each row, a frame; the arguments are described at `GLMResults.avg_predictions`."""
    data = data_of(fit, new, offset, sets)
    tables = []
    for level, own in scales_of(fit, scale, parameter):
        found = estimated(fit, data, own, parameter)
        table = inference(fit, found.value, found.std_error(fit._root), alpha)
        tables.append({"row": np.arange(data.n), **_class(level, data.n), **table})
    return to_frame(stacked(tables), fit.frame.kind)


def _class(level: str | None, size: int) -> dict[str, np.ndarray]:
    """The column that names the class of the response, where it is one."""
    return {} if level is None else {"class": np.full(size, level, object)}


def estimated(fit: Any, data: Data, scale: Any, parameter: str | None) -> Estimates:
    at = predictors_at(fit, data)
    return Estimates.of(at, curve(fit, at, scale, parameter))


def avg_predictions(fit: Any, *, by: Any = None, variables: Any = None, new: Any = None, scale: str = "response",
                    parameter: str | None = None, offset: Any = None, sets: Any = None, alpha: float = 0.05) -> Any:
    """Average predictions; the arguments are described at `GLMResults.avg_predictions`."""
    data = data_of(fit, new, offset, sets)
    labels, codes, size = group_codes(data, by)
    groups = groups_of(data.counted, codes, size)
    tables = []
    several = product(_held(fit, data, variables), scales_of(fit, scale, parameter))
    for (held, rows), (level, own) in several:
        found = estimated(fit, rows, own, parameter).averaged(groups, len(fit._estimates))
        head = {name: np.full(size, value, object if isinstance(value, str) else None) for name, value in held.items()}
        judged = inference(fit, found.value, found.std_error(fit._root), alpha)
        tables.append({**head, **labels, **_class(level, size), **judged})
    return to_frame(stacked(tables), fit.frame.kind)


def _held(fit: Any, data: Data, variables: Any) -> Iterator[tuple[dict[str, Any], Data]]:
    """The rows with the variables held at every combination of their values."""
    if variables is None:
        yield {}, data
        return
    given = dict(variables) if isinstance(variables, Mapping) else {}
    chosen = variables_of(fit, tuple(given) if given else variables)
    for values in product(*(_values(v, given.get(v.name)) for v in chosen)):
        rows = data
        for variable, value in zip(chosen, values, strict=True):
            rows = (at_number if variable.numeric else at_level)(rows, variable, value)
        yield {v.name: value for v, value in zip(chosen, values, strict=True)}, rows


def _values(variable: Variable, given: Any) -> tuple[Any, ...]:
    """The levels of a factor; of a number its smallest value, quartiles with the median, and largest value."""
    if given is not None:
        return tuple(given) if isinstance(given, tuple | list | np.ndarray) else (given,)
    return variable.levels if variable.levels else variable.summary
