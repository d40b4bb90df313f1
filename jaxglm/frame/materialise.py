"""Terms to a design matrix by formulaic, without its silences: unseen levels, dates and undefined values are errors."""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from .arrays import missing_columns
from .numeric import NUMBERS
from .parse import functions, not_computed


def materialise(terms: Any, columns: Mapping[str, Any], space: Mapping[str, Any], rows: np.ndarray) -> tuple[Any, Any]:
    """The design (n, p) and the specification that encodes new data in the same way.

    terms: a formula, or the specification from an earlier call. columns: complete, one value for each of `rows`.
    rows: positions that the user knows, for messages. Raises: ValueError.
    """
    import pandas as pd
    from formulaic.materializers import PandasMaterializer

    frame = pd.DataFrame(dict(columns), index=pd.RangeIndex(len(rows)))
    machine = PandasMaterializer(frame, context={**functions(), **space})
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what they warn of is an error below
        matrix = _computed(machine, terms)
    spec = matrix.model_spec
    if not spec.column_names:
        raise ValueError("the formula has no terms and no intercept: there is nothing to fit.")
    _check_levels(machine, spec, rows)
    X = np.asarray(matrix, np.float64, order="C")
    _check_defined(X, tuple(spec.column_names), rows)
    return X, spec


def _computed(machine: Any, terms: Any) -> Any:
    try:
        matrix = machine.get_model_matrix(_fresh(terms), na_action="ignore", output="numpy")
    except Exception as error:
        _check_kinds(machine, terms)
        raise not_computed(str(getattr(terms, "formula", terms)), error) from error
    _check_kinds(machine, terms)
    return matrix


def _fresh(terms: Any) -> Any:
    """A specification with a state of its own: formulaic writes into it even when it fails."""
    if not hasattr(terms, "encoder_state"):
        return terms
    return terms.update(encoder_state=deepcopy(terms.encoder_state), transform_state=deepcopy(terms.transform_state))


def _check_kinds(machine: Any, terms: Any) -> None:
    """Raises ValueError for a term of dates, and for one that is not of the kind that was fitted."""
    fitted = getattr(terms, "encoder_state", {})
    for expression, factor in machine.factor_cache.items():
        kind, dtype = factor.metadata.kind.value, getattr(factor.values, "dtype", np.dtype(float))
        if expression in fitted and fitted[expression][0].value != kind:
            before = fitted[expression][0].value
            raise ValueError(f"{expression} is {kind} here (dtype {dtype}); it was {before} in the data of the fit.")
        if kind == "numerical" and getattr(dtype, "kind", "O") not in NUMBERS:
            raise ValueError(f"{expression} must be numeric or text; its dtype is {dtype}. Give a number, such as days "
                             f"since a start, or C({expression}) for a level of each value.")


def _check_levels(machine: Any, spec: Any, rows: np.ndarray) -> None:
    """Raises ValueError for a level without a code; formulaic would give it the code of the baseline."""
    import pandas as pd

    for expression, (_, state) in spec.encoder_state.items():
        known = state.get("categories") if isinstance(state, dict) else None
        if known is None:
            continue
        values = pd.Series(getattr(machine.factor_cache[expression].values, "__wrapped__", None))
        unseen = (~values.isin(list(known)) & values.notna()).to_numpy()
        if unseen.any():
            raise _unseen_error(expression, {str(value) for value in values[unseen]}, rows[np.argmax(unseen)], known)


def _unseen_error(expression: str, unseen: set[str], row: int, known: list) -> ValueError:
    many = "levels" if len(unseen) > 1 else "a level"
    return ValueError(f"{expression} has {many} that the model does not know: {_listed(sorted(unseen))} (first: row "
                      f"{row}). Known levels: {_listed([str(level) for level in known])}. Drop these rows, or fit with "
                      "data that have them.")


def _listed(levels: list[str]) -> str:
    return ", ".join(map(repr, levels[:8])) + (f", ... ({len(levels)} in all)" if len(levels) > 8 else "")


def _check_defined(X: np.ndarray, names: tuple[str, ...], rows: np.ndarray) -> None:
    absent = missing_columns(X, names, rows)
    for name, mask in absent.items():
        raise ValueError(f"{name} is undefined (NaN) in {mask.sum()} of {len(mask)} rows (first: row "
                         f"{rows[np.argmax(mask)]}), though no column that it uses has a missing value there: the "
                         "logarithm of a negative number, or 0/0? Drop these rows, or change the term.")
