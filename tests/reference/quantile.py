"""Quantile regression: R's vertex of the linear programme against the maximum of the smoothed likelihood.

The corner of the check function is rounded over SMOOTHING sigmas, and the distance from the vertex is proportional to
that: 2e-6 of the coefficients at 1e-6, 2e-4 at 1e-4 (seen at every tau of Engel's data). The tolerances are that law.
"""

from functools import cached_property

import numpy as np

import jaxglm as jg

from . import measure
from .case import Case
from .quantity import Quantity, at, differs, plain

SMOOTHING = 1e-6


class QuantileFits:
    """A fit for each tau of the case."""

    def __init__(self, case: Case):
        self.case = case

    @cached_property
    def fits(self) -> list:
        family = lambda tau: jg.AsymmetricLaplace(tau=float(tau), smoothing=SMOOTHING)  # noqa: E731
        return [jg.GLM(self.case.y, self.case.X, family=family(t)).fit() for t in self.case.array("fit.tau")]

    @property
    def coef(self) -> np.ndarray:
        return np.array([np.asarray(f.params)[: self.case.X.shape[1]] for f in self.fits])

    @property
    def objective(self) -> np.ndarray:
        """Sums of the check function of the residuals."""
        r, tau = self.case.y - self.coef @ self.case.X.T, self.case.array("fit.tau")[:, None]
        return np.sum(r * (tau - (r < 0)), axis=1)


QUANTILE = (
    Quantity("status", lambda c: ["CONVERGED"] * 7, lambda f: [g.status.name for g in f.fits], 0, differs),
    Quantity("coef", at("fit.coef"), lambda f: f.coef, 5 * SMOOTHING, plain(measure.relative)),
    Quantity("objective", at("fit.objective"), lambda f: f.objective, 0.01 * SMOOTHING, plain(measure.relative)),
)
