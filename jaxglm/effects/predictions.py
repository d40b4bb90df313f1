"""HOST: predictions with standard errors: of rows, of averages, and of averages with a variable held at values."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from ..frame import to_frame
from ..prediction import Data, curve, data_of, predictors_at
from .estimates import Estimates, groups_of, inference, stacked
from .variables import Variable, at_level, at_number, group_codes, variables_of


def predictions(fit: Any, *, new: Any = None, scale: str = "response", parameter: str | None = None,
                offset: Any = None, alpha: float = 0.05) -> Any:
    """The prediction of each row, a frame; the arguments are described at `GLMResults.avg_predictions`."""
    data = data_of(fit, new, offset)
    found = estimated(fit, data, scale, parameter)
    table = inference(fit, found.value, found.std_error(fit._root), alpha)
    return to_frame({"row": np.arange(data.n), **table}, fit.frame.kind)


def estimated(fit: Any, data: Data, scale: str, parameter: str | None) -> Estimates:
    at = predictors_at(fit, data)
    return Estimates.of(at, curve(fit, at, scale, parameter))


def avg_predictions(fit: Any, *, by: Any = None, variables: Any = None, new: Any = None, scale: str = "response",
                    parameter: str | None = None, offset: Any = None, alpha: float = 0.05) -> Any:
    """Average predictions; the arguments are described at `GLMResults.avg_predictions`."""
    data = data_of(fit, new, offset)
    labels, codes, size = group_codes(data, by)
    groups = groups_of(data.counted, codes, size)
    tables = []
    for held, rows in _held(fit, data, variables):
        found = estimated(fit, rows, scale, parameter).averaged(groups, len(fit._estimates))
        head = {name: np.full(size, value, object if isinstance(value, str) else None) for name, value in held.items()}
        tables.append({**head, **labels, **inference(fit, found.value, found.std_error(fit._root), alpha)})
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
