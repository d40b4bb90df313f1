"""What a model is made of, and the arguments that stand beside the response and the design."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from .numeric import all_finite, counted, vector
from .sets import Sets
from .tables import Table

Pair = tuple[np.ndarray, np.ndarray]


class Encoder(Protocol):
    """New data to the design and the offset of one parameter."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that the terms are made of."""
        ...

    @property
    def factors(self) -> frozenset[str]:
        """Those that enter as levels."""
        ...

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that new data must have."""
        ...

    @property
    def needs_offset(self) -> bool:
        """Whether the model was fitted with an offset that only the caller can extend to new rows."""
        ...

    @property
    def terms(self) -> tuple["Columns", ...]:
        """The columns of the design, term by term."""
        ...

    def columns(self, new: Any) -> dict[str, Any]:
        """The columns of new data by name."""
        ...

    def __call__(self, new: Any) -> tuple[np.ndarray, np.ndarray | None]: ...


class Columns(NamedTuple):
    """The columns of one term of a formula."""

    term: str
    positions: tuple[int, ...]
    factors: tuple[str, ...]  # x:C(g) has x and C(g)


@dataclass(frozen=True)
class Part:
    """The design of one parameter: its columns, offset, and how new data become them."""

    parameter: str
    X: np.ndarray  # (n, p)
    names: tuple[str, ...]
    offset: np.ndarray | None
    encode: Encoder
    has_intercept: bool
    formula: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of a design given as an array, which tell those of several parameters apart."""
        return tuple(f"{self.parameter}: {name}" if self.parameter else name for name in self.names)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of what the design is made of: columns of the data, or of the array itself."""
        return self.labels if self.formula is None else tuple(self.encode.variables)

    def columns(self, new: Any) -> dict[str, Any]:
        """Columns of new data by name."""
        if self.formula is None:
            return dict(zip(self.labels, self.encode(new)[0].T, strict=True))
        return self.encode.columns(new)

    def encoded(self, columns: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray | None]:
        """Design and offset of such columns."""
        if self.formula is None:
            return np.stack([np.asarray(columns[name], float) for name in self.labels], axis=1), None
        return self.encode(columns)


@dataclass(frozen=True)
class ModelFrame:
    """Response, design and side columns of a model: float64, no missing values, one row each."""

    y: np.ndarray | Pair  # (n,), or (successes, trials)
    X: np.ndarray
    names: tuple[str, ...]
    offset: np.ndarray | None  # log(exposure) included
    weights: np.ndarray | None
    freq_weights: np.ndarray | None
    n_dropped: int
    rows: np.ndarray  # positions of the kept rows in the input
    kind: str  # pandas, polars, pyarrow or numpy
    formula: str | None
    response: str
    encode: Encoder
    has_intercept: bool
    success: str | None = None  # the level coded 1, where y was boolean or had two named levels
    further: tuple[Part, ...] = ()  # parameters beyond the first that have a design of their own
    levels: tuple[str, ...] = ()  # names of the classes, where y holds their numbers
    data: Table | None = None  # the data of a formula as they were given, for columns that are asked for later
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)  # columns of formulas, with all input rows
    sets: Sets | None = None  # where an observation is a set of rows, the alternatives of a choice

    def part(self, parameter: str) -> Part:
        """The design of the first parameter, under its name."""
        return Part(parameter, self.X, self.names, self.offset, self.encode, self.has_intercept, self.formula)

    @property
    def modelled(self) -> tuple[str, ...]:
        """The further parameters that have a design of their own."""
        return tuple(part.parameter for part in self.further)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The designs: of the first parameter, then of those that have one of their own."""
        return (self.part(""), *self.further)

    def with_designs(self, designs: Iterable[tuple[np.ndarray, np.ndarray | None]], **changed: Any) -> "ModelFrame":
        """The frame with other rows: the columns and the offset of each of its designs, and what else has changed."""
        (X, offset), *others = designs
        further = tuple(replace(part, X=own, offset=o) for part, (own, o) in zip(self.further, others, strict=True))
        return replace(self, X=X, offset=offset, further=further, **changed)

    def contrasted(self) -> "ModelFrame":
        """The frame with what the columns of a set's rows differ by, which is all that a choice depends on."""
        return self if self.sets is None else replace(self, X=self.sets.contrasts(self.X))

    def side_by_side(self, values: np.ndarray | None) -> np.ndarray | None:
        """Values (N, ...) of rows as those of observations: (n, K, ...) where these are sets of K rows."""
        return values if self.sets is None or values is None else self.sets.side_by_side(values)

    def of_rows(self, values: np.ndarray | None) -> np.ndarray | None:
        """Values (n,) of observations as those of their rows (N,)."""
        return values if self.sets is None or values is None else values[self.sets.code]

    def of_observations(self, values: np.ndarray | None, name: str) -> np.ndarray | None:
        """Values (N,) of rows as those of observations (n,), which all rows of a set must share."""
        return values if self.sets is None or values is None else self.sets.shared(values, name)

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """A column with the labels of the observations, where these are sets of rows."""
        return {} if self.sets is None else {self.sets.name or "set": np.asarray(self.sets.labels)}

    def column(self, name: str, role: str) -> np.ndarray:
        """The column of this name, a value for each row of the data as given; ValueError where there is none."""
        if self.data is None:
            raise ValueError(f"{role}={name!r} names a column, but this model has no data frame (it was fitted to "
                             "arrays, or loaded from a file). Pass an array with a value for each row.")
        self.data.check(name, f"{role}={name!r}")
        return np.asarray(self.data.raw(name))

    def __getstate__(self) -> dict[str, Any]:
        """A saved model holds what was fitted, not the other columns of the data."""
        return vars(self) | {"data": None}

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that new data need, as they are in the rows of the model; of arrays those of the designs."""
        if self.source:
            return {name: series.iloc[self.rows].reset_index(drop=True) for name, series in self.source.items()}
        return {name: column for part in self.parts for name, column in zip(part.labels, part.X.T, strict=True)}


@dataclass(frozen=True)
class Sides:
    """The optional columns, as long as the data were given."""

    offset: np.ndarray | None = None
    exposure: np.ndarray | None = None
    weights: np.ndarray | None = None
    freq_weights: np.ndarray | None = None
    trials: np.ndarray | None = None

    @classmethod
    def read(cls, n: int, **given: Any) -> "Sides":
        """The columns given, checked for length and domain; a NaN is a missing value and passes."""
        columns = {name: vector(values, name, n) for name, values in given.items() if values is not None}
        for name, values in columns.items():
            _check_domain(name, values)
        return cls(**columns)

    def columns(self) -> dict[str, np.ndarray]:
        return {name: values for name, values in vars(self).items() if values is not None}

    def at(self, rows: np.ndarray) -> "Sides":
        return Sides(**{name: values[rows] for name, values in self.columns().items()})

    def total_offset(self, *more: np.ndarray) -> np.ndarray | None:
        """offset + log(exposure) + more, or None where there is none of them."""
        logged = None if self.exposure is None else np.log(self.exposure)
        parts = [part for part in (self.offset, logged, *more) if part is not None]
        return sum(parts[1:], parts[0]) if parts else None


@dataclass(frozen=True)
class Without:
    """An encoding that leaves out one column."""

    encode: Encoder
    position: int

    @property
    def needs_offset(self) -> bool:
        return self.encode.needs_offset

    @property
    def variables(self) -> tuple[str, ...]:
        return self.encode.variables

    @property
    def factors(self) -> frozenset[str]:
        return self.encode.factors

    @property
    def needed(self) -> tuple[str, ...]:
        return self.encode.needed

    def columns(self, new: Any) -> dict[str, Any]:
        return self.encode.columns(new)

    @property
    def terms(self) -> tuple[Columns, ...]:
        moved = (c._replace(positions=self._shifted(c.positions)) for c in self.encode.terms)
        return tuple(c for c in moved if c.positions)

    def _shifted(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(j - (j > self.position) for j in positions if j != self.position)

    def __call__(self, new: Any) -> tuple[np.ndarray, np.ndarray | None]:
        X, offset = self.encode(new)
        return np.delete(X, self.position, axis=1), offset


def without_intercept(frame: ModelFrame) -> ModelFrame:
    """The frame without its constant column, if it has one."""
    constant = np.flatnonzero((frame.X[:1] == frame.X).all(axis=0) & (frame.X[0] != 0))
    return without_column(frame, int(constant[0])) if len(constant) else frame


def without_column(frame: ModelFrame, j: int) -> ModelFrame:
    """The frame without a column, which did what an intercept does."""
    names = frame.names[:j] + frame.names[j + 1 :]
    rest = np.delete(frame.X, j, axis=1)
    return replace(frame, X=rest, names=names, encode=Without(frame.encode, j), has_intercept=False)


def _check_domain(name: str, values: np.ndarray) -> None:
    if not all_finite(values) and (infinite := np.isinf(values)).any():
        raise ValueError(f"{name} must be finite; {counted(infinite, values, name)} not. Drop or correct these rows.")
    if name == "exposure" and (bad := values <= 0).any():
        raise ValueError(f"exposure must be > 0; {counted(bad, values, name)} not. Its logarithm is the offset: drop "
                         "rows without exposure, or give offset= on the log scale.")
    if name in ("weights", "freq_weights", "trials") and (bad := values < 0).any():
        raise ValueError(f"{name} must be >= 0; {counted(bad, values, name)} not.")
    if name in ("weights", "freq_weights") and len(values) and not values.any():
        raise ValueError(f"{name} are zero in all {len(values)} rows: no row counts.")


def check_successes(successes: np.ndarray, trials: np.ndarray, rows: np.ndarray | None = None) -> None:
    """Raises ValueError unless 0 <= successes <= trials; a NaN passes."""
    if (bad := successes < 0).any():
        raise ValueError(f"successes must be >= 0; {counted(bad, successes, 'successes', rows)} not.")
    if (bad := successes > trials).any():
        first = int(np.argmax(bad))
        row = first if rows is None else rows[first]
        raise ValueError(f"successes must not exceed trials; in {bad.sum()} of {len(bad)} rows they do (first: row "
                         f"{row}, successes = {successes[first]:g}, trials = {trials[first]:g}). Give the number of "
                         "trials, not of failures; in a formula cbind(successes, failures) takes failures.")


def kept_rows(absent: dict[str, np.ndarray], n: int, missing: str) -> np.ndarray:
    """Positions of the rows where no mask is set; raises ValueError if missing="raise" and one is."""
    if missing not in ("drop", "raise"):
        raise ValueError(f'missing must be "drop" or "raise"; it is {missing!r}.')
    absent = {name: mask for name, mask in absent.items() if mask.any()}
    if not absent:
        return np.arange(n)
    dropped = np.logical_or.reduce(list(absent.values()))
    if missing == "drop" and not dropped.all():
        return np.flatnonzero(~dropped)
    raise ValueError(_missing_message(absent, dropped))


def _missing_message(absent: dict[str, np.ndarray], dropped: np.ndarray) -> str:
    shown = [f"{name} ({_row_list(mask)})" for name, mask in list(absent.items())[:6]]
    where = ", ".join(shown) + (f" and {len(absent) - 6} more columns" if len(absent) > 6 else "")
    if dropped.all():
        return f"no complete row is left: all {len(dropped)} rows have a missing value, in {where}."
    return (f"{dropped.sum()} of {len(dropped)} rows have missing values: {where}. "
            'Drop or fill them, or pass missing="drop".')


def _row_list(mask: np.ndarray) -> str:
    rows = np.flatnonzero(mask)
    if len(rows) == len(mask):
        return "every row"
    listed = ", ".join(map(str, rows[:3])) + (", ..." if len(rows) > 3 else "")
    return f"row {listed}" if len(rows) == 1 else f"{len(rows)} rows: {listed}"
