"""HOST: what every robust covariance of a fit is made of: a root of its model's covariance, and its rows' scores."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..compiled import program
from ..design import Ones
from ..inference import parts_of_rows, standard_scores
from ..problem import Problem
from ..programs import in_float64
from .roots import inverse_root

_standard_scores = program(standard_scores, static_argnames=("kind", "expected"))
_parts_of_rows = program(parts_of_rows, static_argnames="expected")


@in_float64
def _scores(problem: Problem, theta, root, counts, kind: str, expected: bool) -> Any:
    return _standard_scores(problem, theta, root, kind=kind, expected=expected, counts=counts)


@in_float64
def _parts(problem: Problem, theta, root, counts, expected: bool) -> Any:
    return _parts_of_rows(problem, theta, root, expected=expected, counts=counts)


class Pieces(NamedTuple):
    """A fit in the coordinates of its solver. A dispersion by ML is one more predictor; any other is left at 1."""

    fit: Any  # whose problem and state have the predictor of the dispersion
    root: np.ndarray  # of the inverse information (P, P)
    place: int | None  # of the dispersion's coefficient in theta
    phi: float  # what the inverse information at dispersion 1 is to be multiplied by

    @property
    def counts(self) -> np.ndarray:
        """Observations of each padded row (N,)."""
        padded = np.zeros(self.fit.problem.n)
        padded[: self.fit._n] = self.fit.counted
        return padded

    def scores(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Scores (N, P) of one observation of each row in units of `root`, and leverages (N,)."""
        problem, theta = self.fit.problem, np.asarray(self.fit.state.theta)
        return _scores(problem, theta, self.root, self.counts, kind, self._expected)

    def parts(self) -> Any:
        """`Parts` of one observation of each row, from which its score at other estimates follows to first order."""
        return _parts(self.fit.problem, np.asarray(self.fit.state.theta), self.root, self.counts, self._expected)

    @property
    def _expected(self) -> bool:
        """Whether the information of a row is the expected one of the mean."""
        only_mean = set(self.fit.problem.family.predictors[1:]) <= {self.fit.family.traits.dispersion}
        return self.fit.family.traits.edm and only_mean

    def outward(self, root: np.ndarray) -> np.ndarray:
        """The root (P, m) in the order and units of the estimates: a dispersion comes last."""
        if self.place is None:
            return self.fit._outward(root)
        return np.concatenate([self.fit._outward(np.delete(root, self.place, axis=0)), root[[self.place]]])


def pieces_of(fit: Any, information: np.ndarray | None = None) -> Pieces:
    """The pieces of a fit at its estimates, by this information (P, P) at dispersion 1 or by that of the fit."""
    root: Any = fit.solved.root if information is None else None
    if root is None:
        root = inverse_root(fit.information if information is None else information)
    if fit._phi not in fit._shared:
        return Pieces(fit, root, None, fit.dispersion)
    k = fit.family.predictors.index(fit._phi)
    place = sum(fit.problem.sizes[:k])
    eta, _, of_phi = fit._phi_fit
    joint: Any = np.zeros((len(root) + 1,) * 2)
    others = np.delete(np.arange(len(joint)), place)
    joint[np.ix_(others, others)] = root * np.sqrt(fit.dispersion)
    joint[place, place] = 1 / np.sqrt(of_phi)
    return Pieces(_with_dispersion(fit, k, place, eta), joint, place, 1.0)


def _with_dispersion(fit: Any, k: int, place: int, eta: float) -> Any:
    """The fit with the dispersion as its predictor k, a coefficient that all rows share."""
    problem, theta = fit.problem, np.insert(np.asarray(fit.state.theta), place, eta)
    designs, offsets = list(problem.designs), list(problem.offsets)
    designs.insert(k, Ones(problem.n))
    offsets.insert(k, None)
    family = fit.family.in_arrays
    whole = replace(problem, family=family, designs=tuple(designs), offsets=tuple(offsets))
    return replace(fit, problem=whole, solved=fit.solved._replace(state=fit.state._replace(theta=theta), root=None))
