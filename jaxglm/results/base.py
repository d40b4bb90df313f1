"""HOST: the ground storey of the results: what was fitted, and to how many rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..covariances import Covariance
from ..families import Family
from ..fit import Fit
from ..frame import ModelFrame
from ..links import Fixed, Link
from ..predictors import Predictor
from ..problem import Problem
from ..programs import Solved, newton_step
from ..reports.columns import running
from ..solvers import Status
from ..solvers.newton import out_of_sight

STILL = 1e-3  # change of a linear predictor by a step that shows that it tends to infinity
NOTHING = 1e-6  # gain of a step, in log-likelihood units, up to which that is no gain


def _end(link: Link, eta: float) -> float:
    """The end of the link's image on this side."""
    return link.image[bool(eta > 0) == bool(link.increasing)]


@dataclass(frozen=True)
class Fitted:
    """The fields of a result, and what follows from them alone."""

    frame: ModelFrame
    family: Family  # as the user gave it
    dispersion_method: str | float
    problem: Problem
    parts: tuple[Predictor, ...]  # one for each predictor of the problem's family
    solved: Solved
    solver: Any
    counted: np.ndarray  # how often each row counts
    cov_type: str
    covariance: Covariance | None = None  # chosen by with_cov; else the default of cov_type

    @property
    def state(self) -> Fit:
        """Where the solver ended, in the coordinates of the bases."""
        return self.solved.state

    @property
    def information(self) -> np.ndarray:
        """Information (P, P) there, at dispersion 1."""
        return self.solved.information

    @property
    def spread(self) -> float:
        """Pearson's chi2 over the sum of the weights, of a family with a dispersion and one predictor; else 1."""
        return self.solved.spread

    @property
    def status(self) -> Status:
        return Status(int(self.state.status))

    @property
    def converged(self) -> bool:
        return self.status == Status.CONVERGED

    @property
    def limits(self) -> dict[str, float]:
        """Where shared parameters tend to, of a fit that ended as BOUNDARY: one alone, or several along a curve."""
        if self.status != Status.BOUNDARY:
            return {}
        first = self.problem.first
        at, moves = np.asarray(self.state.theta)[first], self._last_step[first]  # a shared one is its linear predictor
        gone = out_of_sight(at, np.diagonal(self.information)[first]) & [p.shared for p in self.parts]
        moves = np.where(gone, np.copysign(1.0, at), moves if self._endless and not gone.any() else 0.0)
        return {p.parameter: _end(self.problem.family.link_of(p.parameter), float(move))
                for p, move in zip(self.parts, moves, strict=True) if p.shared and abs(move) > STILL}  # fmt: skip

    @property
    def _endless(self) -> bool:
        """Whether the fit ended on its way to infinity, not at a wall: it still moves, and there is nothing to gain."""
        if self.status not in (Status.SEPARATED, Status.BOUNDARY):
            return False
        with np.errstate(all="ignore"):
            return bool(self._last_step @ self.information @ self._last_step < NOTHING)

    @cached_property
    def _last_step(self) -> np.ndarray:
        """Newton's step (P,) from the point where the solver ended."""
        return newton_step(self.problem, np.asarray(self.state.theta))

    @property
    def message(self) -> str:
        """What the status means; on an edge also which parameters tend to it, and which coefficients to infinity."""
        found = "; ".join(f"{name} tends to {end:g}" for name, end in self.limits.items())
        if not found and self._endless and (columns := running(self)):
            found = f"Coefficients that run to infinity: {columns}"
        return f"{found}. {self.status.message}" if found else self.status.message

    @property
    def n_iter(self) -> int:
        return int(self.state.steps)

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Log-likelihood and decrement at each step of the solver."""
        steps = min(self.n_iter, len(self.state.trace.loglik))
        return {name: np.asarray(values[:steps]) for name, values in self.state.trace._asdict().items()}

    @property
    def solver_name(self) -> str:
        return self.solver.name

    @property
    def family_name(self) -> str:
        return self.family.name

    @property
    def link_name(self) -> str:
        return type(self.family.links[0]).__name__.lower()

    @property
    def formula(self) -> str | None:
        own = [f"{part.parameter}: {part.formula}" for part in self.frame.further if part.formula]
        return "; ".join([f"{self.parts[0].parameter}: {self.frame.formula}", *own]) if own else self.frame.formula

    @property
    def basis(self):
        """Basis of the columns of the first predictor."""
        return self.parts[0].basis

    @property
    def shared(self) -> tuple[str, ...]:
        """Estimated parameters that all rows share, the dispersion not counted."""
        return tuple(p.parameter for p in self.parts if p.shared)

    @property
    def n_dropped(self) -> int:
        return self.frame.n_dropped

    @property
    def aliased(self) -> tuple[str, ...]:
        """Columns without a coefficient, because they depend on earlier ones."""
        return tuple(name for p in self.parts for name in p.aliased)

    @cached_property
    def nobs(self) -> float:
        """Number of observations: rows of positive weight, frequencies counted."""
        return float(np.sum(self.counted))

    @property
    def df_resid(self) -> float:
        return self.nobs - sum(p.rank for p in self.parts if not p.shared)

    @property
    def df_model(self) -> int:
        return len(self.basis.kept) - self.frame.has_intercept

    @property
    def df_null(self) -> float:
        return self.nobs - self.frame.has_intercept

    @property
    def _edm(self) -> bool:
        return self.problem.family.is_glm

    @property
    def _phi(self) -> str | None:
        """The dispersion that the coefficients of the mean do not depend on, unless it is one of the predictors."""
        return None if self.modelled_dispersion else self.family.dispersion

    @property
    def has_variance_function(self) -> bool:
        """Whether the family is an exponential dispersion model, with a variance function of the mean."""
        return self.family.traits.edm

    @property
    def modelled_dispersion(self) -> bool:
        """Whether the dispersion is one of the predictors, with coefficients of its own."""
        return self.family.traits.dispersion in self.problem.family.predictors

    @property
    def _known_phi(self) -> float | None:
        """The dispersion where the user fixed it, by number or in the family."""
        fixed = self.family.link_of(self._phi) if self._phi else None
        if isinstance(fixed, Fixed):
            return float(fixed.value)
        return None if isinstance(self.dispersion_method, str) else float(self.dispersion_method)
