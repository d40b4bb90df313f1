"""Formula and data frame to a ModelFrame, and the stored encoding for new data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .arrays import has_constant
from .base import Columns, ModelFrame, Part, Sides, kept_rows
from .groups import group_codes
from .materialise import materialise
from .numeric import counted, vector
from .parse import Parsed, evaluate, parse, used_names
from .response import Counts, read_response
from .sets import Sets
from .tables import Table, check_index, plain

OFFSETS = ("offset", "exposure")


def from_formula(formula: str | Mapping[str, str], data: Any, *, offset: Any = None, exposure: Any = None,
                 weights: Any = None, freq_weights: Any = None, trials: Any = None, sets: Any = None,
                 missing: str = "drop", apart: Any = (), keys: Any = (),
                 context: Mapping[str, Any] | None = None, reading: str = "numbers") -> ModelFrame:
    """The model frame of a formula, or of a formula for each of several parameters.

    formula: "y ~ x + C(g) + offset(e)", "cbind(successes, failures) ~ x", "log(y) ~ ."; right-hand side by formulaic.
    {"mu": "y ~ x", "phi": "~ z"}: the first has the response, the others only terms.
    data: a pandas or polars DataFrame, a pyarrow Table or a dict of columns.
    offset, exposure (> 0), weights, freq_weights (>= 0), trials: a column name, or an array with a value for each row.
    sets: a column name or a label for each row, where an observation is a set of rows.
    missing: "drop" the rows with a missing value in a column that is used, and their whole sets, or "raise".
    apart: columns that "." does not stand for. keys: columns (N,) of groups; sets are within them.
    context: functions and constants that the formula may use, by name. reading: of the response, see `read_response`.
    Raises: ValueError, which names the column and the first offending row; ImportError without formulaic.
    """
    table, space = Table.read(data), dict(context or {})
    given = {"offset": offset, "exposure": exposure, "weights": weights, "freq_weights": freq_weights, "trials": trials}
    named = {role: value for role, value in given.items() if isinstance(value, str)}
    members = None if sets is None else Sets.of(table.native, sets, table.n)
    members = members.within(group_codes(keys)[0]) if members and keys else members
    together = (sets,) if isinstance(sets, str) else ()
    parsed, *more = _parse_all(formula, table, {*named.values(), *apart, *together})
    columns = {name: table.series(name) for p in (parsed, *more) for name in _used_columns(p, named, table, space)}
    check_index(data=data, **given, sets=sets)
    sides = Sides.read(table.n, **{role: table.raw(v) if role in named else v for role, v in given.items()})
    rows = kept_rows(_absent(columns, sides, named) | (members.absent if members else {}), table.n, missing)
    rows = members.complete(rows) if members else rows
    kept, sides = _complete(columns, rows), sides.at(rows)
    name = parsed.response_name
    values = _response_values(parsed.response, kept, space, rows)
    response = read_response(values, sides.trials, name, rows, reading=reading)
    beside = {role: named[role] for role in OFFSETS if role in named}
    from_arrays = any(given[role] is not None and role not in named for role in OFFSETS)
    main = _part("", parsed, _Source(table, kept, space, rows), sides, beside, from_arrays)
    parameters = list(formula)[1:] if more else []
    further = tuple(_part(k, p, _Source(table, kept, space, rows)) for k, p in zip(parameters, more, strict=True))
    needed = dict.fromkeys(name for part in (main, *further) for name in part.encode.needed)
    return ModelFrame(response.values, main.X, main.names, main.offset, sides.weights, sides.freq_weights,
                      table.n - len(rows), rows, table.kind, main.formula, name, main.encode, main.has_intercept,
                      response.success, further, response.levels, table.kept(),
                      {name: table.series(name) for name in needed}, members and members.at(rows))


class _Source(NamedTuple):
    """Where the values of a formula come from."""

    table: Table
    kept: dict[str, Any]
    space: Mapping[str, Any]
    rows: np.ndarray


def _parse_all(formula: str | Mapping[str, str], table: Table, reserved: set[str]) -> list[Parsed]:
    if isinstance(formula, str) or not isinstance(formula, Mapping):
        return [parse(formula, table, reserved)]
    if not formula:
        raise ValueError("the formulas are an empty dict; the first must have the response, such as {'mu': 'y ~ x'}.")
    first, *others = formula.values()
    main = parse(first, table, reserved)
    reserved = reserved | used_names([main.response])
    return [main, *(parse(text, table, reserved, further=True) for text in others)]


def _part(parameter: str, parsed: Parsed, source: _Source, sides: Sides | None = None,
          named: Mapping[str, str] | None = None, needs_offset: bool = False) -> Part:
    """The design of one formula and its encoding for new data."""
    table, kept, space, rows = source
    names = parsed.predictors(table, space)
    X, spec = materialise(parsed.terms, {name: kept[name] for name in names}, space, rows)
    offsets = [_offset_values(expression, kept, space, rows) for expression in parsed.offsets]
    encode = FormulaEncoder(spec, names, parsed.offset_columns(table, space), parsed.offsets, named or {}, space,
                            needs_offset)
    total = (sides or Sides()).total_offset(*offsets)
    return Part(parameter, X, encode.names, total, encode, "Intercept" in encode.names or has_constant(X), parsed.text)


@dataclass(frozen=True)
class FormulaEncoder:
    """The encoding of a fitted formula: levels, knots and centres are those of the fitted data."""

    spec: Any
    predictors: tuple[str, ...]
    offset_columns: tuple[str, ...]
    offsets: tuple[str, ...]  # expressions of offset(...) terms
    named: Mapping[str, str]  # the columns given as offset= and exposure=
    context: Mapping[str, Any]
    needs_offset: bool  # the offset was an array, which only the caller can extend to new rows

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.spec.column_names)

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that new data must have."""
        return tuple(dict.fromkeys((*self.predictors, *self.offset_columns, *self.named.values())))

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns that the terms are made of."""
        return self.predictors

    @property
    def factors(self) -> frozenset[str]:
        """The columns that enter as levels."""
        states = self.spec.encoder_state.items()
        return frozenset(used_names(expression for expression, (kind, _) in states if kind.value == "categorical"))

    def columns(self, new: Any) -> dict[str, Any]:
        """The columns of new data by name."""
        table = Table.read(new, "new data")
        for name in self.needed:
            table.check(name, "new data")
        return {name: table.series(name) for name in table.names}

    @property
    def terms(self) -> tuple[Columns, ...]:
        slices = self.spec.term_slices.items()
        return tuple(Columns(str(term), tuple(range(s.start, s.stop)), tuple(f.expr for f in term.factors))
                     for term, s in slices)

    def __call__(self, new: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Design and offset of new data; a row with a missing value is NaN. Raises ValueError for an unseen level."""
        table = Table.read(new, "new data")
        for name in self.needed:
            table.check(name, "new data")
        columns = {name: table.series(name) for name in (*self.predictors, *self.offset_columns)}
        sides = Sides.read(table.n, **{role: table.raw(name) for role, name in self.named.items()})
        absent = np.logical_or.reduce([np.zeros(table.n, bool), *_absent(columns, sides, self.named).values()])
        rows = np.flatnonzero(~absent)
        kept = _complete(columns, rows)
        offsets = [_offset_values(expression, kept, self.context, rows) for expression in self.offsets]
        total = sides.at(rows).total_offset(*offsets)
        return _spread(self._design(kept, rows), rows, table.n), _spread(total, rows, table.n)

    def _design(self, kept: dict[str, Any], rows: np.ndarray) -> np.ndarray:
        if not len(rows):
            return np.empty((0, len(self.names)))
        return materialise(self.spec, {name: kept[name] for name in self.predictors}, self.context, rows)[0]


def _spread(values: np.ndarray | None, rows: np.ndarray, n: int) -> Any:
    """The values at their rows of n, NaN elsewhere."""
    if values is None or len(rows) == n:
        return values
    out = np.full((n, *values.shape[1:]), np.nan)
    out[rows] = values
    return out


def _used_columns(parsed: Parsed, named: dict[str, str], table: Table, space: dict) -> tuple[str, ...]:
    """Names of the columns in the formula; raises ValueError for unknown ones and for data without rows."""
    for role, name in named.items():
        table.check(name, f"{role}={name!r}")
    used = parsed.columns(table, space)
    if not table.n:
        raise ValueError("data has no rows; a model needs at least one.")
    return used


def _absent(columns: dict[str, Any], sides: Sides, named: Mapping[str, str]) -> dict[str, np.ndarray]:
    absent = {name: series.isna().to_numpy() for name, series in columns.items()}
    return absent | {named.get(role, role): np.isnan(values) for role, values in sides.columns().items()}


def _complete(columns: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """The rows of each column, whose missing values are gone."""
    return {name: plain(series if len(rows) == len(series) else series.iloc[rows].reset_index(drop=True))
            for name, series in columns.items()}


def _response_values(expression: str, kept: dict[str, Any], space: Mapping[str, Any], rows: np.ndarray) -> Any:
    values = evaluate(expression, kept, space)
    parts = values if isinstance(values, tuple) else (values,)
    infinite = isinstance(values, tuple) and not isinstance(values, Counts)  # a bound may be
    for part in parts:
        if np.shape(part)[:1] != (len(rows),):
            raise ValueError(f"the response {expression!r} must have a value for each of {len(rows)} rows; "
                             f"its shape is {np.shape(part)}.")
        if np.asarray(part).dtype.kind == "f" and not infinite:
            _check_defined(np.asarray(part), expression, rows)
    return values


def _offset_values(expression: str, kept: Mapping[str, Any], space: Mapping[str, Any], rows: np.ndarray) -> np.ndarray:
    """The value of an offset(...) term; it must be finite."""
    values = evaluate(expression, kept, space)
    name = f"offset({expression})"
    values = np.full(len(rows), float(values)) if np.ndim(values) == 0 else vector(values, name, len(rows))
    _check_defined(values, name, rows)
    return values


def _check_defined(values: np.ndarray, name: str, rows: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; {counted(~np.isfinite(values), values, name, rows)} not. "
                         "Drop these rows, or change the expression.")
