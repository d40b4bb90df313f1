"""HOST: what a user holds after many fits: arrays over members, tables, and any single model of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..fit import Fit
from ..frame import ModelFrame, to_frame
from ..io import save
from ..options import Response, of_sets, resolve_penalty, unit_dispersion
from ..predictors import Predictor, find_bases, inward, predictors_on, present, problem_on
from ..programs import Solved, information_at, penalty_at
from ..results import GLMResults
from ..solvers import Status, Trace
from .blocks import member_family, presentable
from .data import subset
from .estimates import Estimates
from .penalised import penalised_bases, penalty_of
from .run import checked_start, fit_data


@dataclass(frozen=True)
class BatchResults(Estimates):
    """Many fitted models: arrays with one row for each member, NaN where nothing can be said."""

    # --- single models

    def __getitem__(self, i) -> GLMResults:
        """The full result of one member, by label or by position (by label only where the labels are whole numbers)."""
        position = self._member(i)
        if self.status[position] == Status.INVALID_DATA:
            raise ValueError(f"member {i!r} was not fitted: {Status.INVALID_DATA.message}")
        return self._single(position)

    def _single(self, position: int) -> GLMResults:
        options = self.settings.options
        own = member_family(options.family, position)
        frame = presentable(self.data.frame(position), own)
        options = replace(options, family=of_sets(own, frame))
        family = unit_dispersion(options.family, self.settings.modelled)
        response = Response.of(frame, options.family)
        penalty, loglik = self._penalty(position), self.numbers.loglik[position]
        parts = self._parts(position, frame, response)
        problem = problem_on(frame, family, parts, response.y, response.weights)
        theta: Any = inward(parts, self.params[position, present(parts)])
        if penalty is not None:  # what the solver has seen, and the likelihood that it was taken from
            problem = replace(problem, penalty=penalty_of(penalty, frame.X, response.weights, parts))
            loglik = loglik - penalty_at(problem, theta)
        expected = self.settings.expected
        information, spread = information_at(problem, theta, expected)
        state: Any = Fit(theta, loglik, self.status[position], self.n_iter[position],
                         self.numbers.decrement[position], Trace(np.empty(0), np.empty(0)))  # type: ignore[arg-type]
        one = GLMResults(
            frame=frame, family=options.family, dispersion_method=options.dispersion, problem=problem, parts=parts,
            solved=Solved(state, information, spread), solver=self.settings.solver,
            counted=response.counted, cov_type="expected" if expected else "observed",
        )  # fmt: skip
        return one if self.cov_type is None else one.with_cov(self.cov_type, correction=self.correction)

    def _parts(self, position: int, frame: ModelFrame, response: Response) -> tuple[Predictor, ...]:
        """The predictors of a member. Columns that it lost are looked at as closely as they were then."""
        family, frame = self.settings.family, frame.contrasted()
        designs, weights = [part.X for part in frame.parts], frame.of_rows(response.weights)
        lost = bool(np.isnan(self.params[position]).any())
        bases = find_bases(designs, family, weights, suspicious=lost)
        return predictors_on(frame, family, penalised_bases(designs, bases, self._penalty(position)))

    def _member(self, i) -> int:
        """Position of a member; where the labels are whole numbers, a number is a label."""
        number = isinstance(i, int | np.integer)
        if self.labels is not None and i in self.labels:
            return self.labels.index(i)
        if number and not self._numbered:
            if not -len(self) <= i < len(self):
                raise IndexError(f"there are {len(self)} members; member {i} is not among them.")
            return int(i) % len(self)
        way = f"a position from 0 to {len(self) - 1}" if not self._numbered else "a label"
        like = "." if self.labels is None else f", such as {self.labels[0]!r}." if self._numbered else (
            f" or a label such as {self.labels[0]!r}.")
        raise KeyError(f"no member {i!r}; use {way}{like}")

    @property
    def _numbered(self) -> bool:
        return self.labels is not None and isinstance(self.labels[0], int | np.integer)

    def refit(self, index=None, *, solver=None, penalty: Any = ..., start=None) -> "BatchResults":
        """The same batch with these members fitted again, with another solver, penalty or start.

        index: labels or positions, or a mask; by default the members that failed. penalty: by default that of each
        member; None fits without one. start: (members, P).
        Raises: KeyError or IndexError for a member that is not there, ValueError for a start of another shape.
        """
        index = self.failed() if index is None else self._positions(index)
        if not len(index):
            return self
        start = checked_start(start, len(index), len(self.names))
        numbers, own = self.numbers.copy(), dict(self.refitted)
        chosen = None if penalty is ... else resolve_penalty(penalty)
        groups = [(np.arange(len(index)), chosen)] if penalty is not ... else self._alike(index)
        for at, kept in groups:
            some = index[at]
            settings = self.settings.of(some)
            settings = replace(settings, solver=solver or settings.solver, penalty=kept, progress=None)
            given = None if start is None else start[at]
            numbers.put(some, fit_data(subset(self.data, some), settings, given))
            own |= {int(i): kept for i in some}
        own = {i: kept for i, kept in own.items() if kept is not self.settings.penalty}
        return replace(self, numbers=numbers, refitted=own)

    def _positions(self, index) -> np.ndarray:
        """Positions of members by labels, positions or a mask."""
        given = list(index)
        if len(given) == len(self) and all(isinstance(i, bool | np.bool_) for i in given):
            return np.flatnonzero(given)
        return np.asarray([self._member(i) for i in given], int)

    # --- tables

    def _keys(self, repeat: int = 1) -> dict[str, np.ndarray]:
        """Columns that tell the member."""
        if self.labels is None:
            return {"member": np.repeat(np.arange(len(self)), repeat)}
        several = len(self.groups) > 1
        columns = zip(*self.labels, strict=True) if several else [self.labels]
        names = self.groups or ("member",)
        return {name: np.repeat(_column(values), repeat) for name, values in zip(names, columns, strict=True)}

    def tidy(self, alpha: float = 0.05, adjust: str | None = None):
        """One row a member and coefficient, as a frame of the input's kind; `adjust` adds adjusted p-values."""
        P, limits = len(self.names), self.conf_int(alpha)
        columns: dict[str, Any] = self._keys(P)
        columns["term"] = np.tile(np.asarray(self.names, object), len(self))
        columns |= dict(
            estimate=self.params.ravel(), std_error=self.bse.ravel(), statistic=self.tvalues.ravel(),
            p_value=self.pvalues.ravel(), conf_low=limits[..., 0].ravel(), conf_high=limits[..., 1].ravel(),
        )  # fmt: skip
        if adjust is not None:
            columns["p_adjusted"] = np.stack([self.adjusted(t, adjust) for t in self.names], axis=1).ravel()
        columns["status"] = np.repeat(self._words, P)
        return to_frame(columns, self.data.pattern.kind)

    def glance(self):
        """One row a member: fit statistics, as a frame of the input's kind."""
        columns: dict[str, Any] = self._keys()
        for name in ("nobs", "llf", "aic", "bic", "df_resid", "dispersion", "n_iter"):
            columns[name] = np.asarray(getattr(self, name))
        columns["status"] = self._words
        return to_frame(columns, self.data.pattern.kind)

    @property
    def _words(self) -> np.ndarray:
        return np.asarray([Status(int(s)).name.lower() for s in self.status], object)

    def save(self, path) -> None:
        """Write the batch with its data to an npz file; `jaxglm.load` reads it."""
        save(replace(self, settings=replace(self.settings, progress=None, sharding=None)), path)

    def __repr__(self):
        counts = ", ".join(f"{k} {name.lower()}" for name, k in self.status_counts.items())
        return f"<BatchResults {self.family.name} {len(self)} members x {len(self.names)} coefficients: {counts}>"


def _column(values) -> np.ndarray:
    """Labels as a column; those of several types, and tuples, stay the objects that they are."""
    alike = len({type(v) for v in values}) == 1 and not isinstance(values[0], tuple)
    return np.asarray(values) if alike else np.fromiter(values, object, len(values))
