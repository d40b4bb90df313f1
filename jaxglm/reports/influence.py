"""HOST: what each observation does to a fit: leverage, changes of the coefficients, standardised residuals."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..diagnostics import Deletion, Facts, deletion_of, residuals
from ..frame import to_frame
from .joint import unit_weights
from .refits import without_each

OF_ALL = ("hat", "cooks_distance")
OF_ROWS = ("dffits", "resid_standardized_deviance", "resid_standardized_pearson", "resid_studentized")


@dataclass(frozen=True)
class Influence:
    """Influence of each row, arrays (n,) in the order of the fitted rows; NaN in rows that do not count. Where rows are
    the alternatives of choices, of each set of them, in the order in which the sets appear.

    A row of frequency f stands for f observations, and one of them is left out. Where nothing else determines some
    coefficient (leverage 1) everything but the leverage is NaN.
    """

    fit: Any = field(repr=False)
    exact: bool
    params: np.ndarray = field(repr=False)  # (n, P) coefficients without each observation
    status: np.ndarray | None = field(repr=False)  # (n,) of the refits; None for the one-step approximation
    _unit: np.ndarray = field(repr=False)
    _deletion: Deletion = field(repr=False)
    _step: np.ndarray = field(repr=False)  # (n, P) change in the basis of the solver

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `dfbeta`."""
        return self.fit.names[: self.params.shape[1]]

    @property
    def hat(self) -> np.ndarray:
        """Leverage of one observation, its share of the coefficients: over all observations it adds up to their number.

        For several linear predictors the trace of the observation's block of the hat matrix of the joint information.
        """
        return self._seen(self._deletion.leverage, singular=True)

    @property
    def dfbeta(self) -> np.ndarray:
        """Coefficients less those without the observation (n, P)."""
        return np.asarray(self.fit.params)[: self.params.shape[1]] - self.params

    @property
    def dfbetas(self) -> np.ndarray:
        """`dfbeta` in standard errors of the whole fit, their dispersion estimated without the observation (n, P)."""
        return self.dfbeta / self._unit_se / self._scale[:, None]

    @property
    def cooks_distance(self) -> np.ndarray:
        """Squared distance of the coefficients from those without the observation, over phi and their number."""
        exact = lambda: np.einsum("ni,ij,nj->n", self._step, self.fit.information, self._step)  # noqa: E731
        distance = exact() if self.exact else self._deletion.distance
        return self._seen(distance) / (self.fit.dispersion * self._step.shape[1])

    @property
    def dffits(self) -> np.ndarray:
        """Change of the linear predictor of the row in its standard errors, phi estimated without the observation."""
        self.fit.family.check_single("DFFITS")
        at = self._deletion
        shift = self._shift_exact if self.exact else at.shift
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._seen(shift / np.sqrt(at.variance)) / self._scale

    @property
    def resid_standardized_deviance(self) -> np.ndarray:
        """Deviance residual over sqrt(phi (1 - leverage)); R's rstandard."""
        return self._deviance / np.sqrt(self.fit.dispersion * self._free)

    @property
    def resid_standardized_pearson(self) -> np.ndarray:
        """Pearson residual over sqrt(phi (1 - leverage))."""
        return self._pearson / np.sqrt(self.fit.dispersion * self._free)

    @property
    def resid_studentized(self) -> np.ndarray:
        """Signed root of what the deviance falls by without the observation, over the dispersion without it.

        Source: Williams (1987), Applied Statistics 36; R's rstudent.
        """
        fall = self._deviance**2 + self._seen(self._deletion.gain)
        return np.sign(self._deviance) * np.sqrt(fall) / self._scale

    def summary_frame(self):
        """All of it, one row a fitted row, as a frame of the input's kind; `dfbetas` by names of coefficients. Of sets
        their labels and what is not of single rows."""
        measures = OF_ALL if self.fit.family.tied is not None else OF_ALL + OF_ROWS
        columns = self.fit.frame.labels | {name: getattr(self, name) for name in measures}
        columns |= {f"dfbetas[{name}]": self.dfbetas[:, j] for j, name in enumerate(self.names)}
        return to_frame(columns, self.fit.frame.kind)

    @cached_property
    def _counts(self) -> np.ndarray:
        return self._unit > 0

    def _seen(self, values: np.ndarray, *, singular: bool = False) -> np.ndarray:
        """NaN where a row does not count or nothing is left without it."""
        return np.where(self._counts & (singular | ~self._deletion.singular), values, np.nan)

    @property
    def _free(self) -> np.ndarray:
        return self._seen(1 - self._deletion.leverage)

    @property
    def _shift_exact(self) -> np.ndarray:
        X, p = self.fit.frame.X[:, self.fit.basis.kept], len(self.fit.frame.names)
        return np.einsum("ij,ij->i", X, self.dfbeta[:, :p][:, self.fit.basis.kept])

    @cached_property
    def _deviance(self) -> np.ndarray:
        """Deviance residual of one observation."""
        return self._of_one("deviance")

    @cached_property
    def _pearson(self) -> np.ndarray:
        return self._of_one("pearson")

    def _of_one(self, kind: str) -> np.ndarray:
        self.fit.family.check_single("standardized residuals")
        n = len(self._unit)
        return self._seen(residuals(Facts(*(a[:n] for a in self.fit._facts)), self._unit, kind))

    @cached_property
    def _scale(self) -> np.ndarray:
        """Square root of the dispersion without the observation, by the fall of the deviance; 1 if it is known."""
        fit, n = self.fit, len(self._unit)
        if fit._phi is None or fit._known_phi is not None:
            return np.full(n, np.sqrt(fit.dispersion))
        left = fit.deviance - self._deviance**2 / self._free
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.where(fit.df_resid > 1, left / (fit.df_resid - 1), np.nan))

    @cached_property
    def _unit_se(self) -> np.ndarray:
        """Standard errors (P,) for a unit dispersion."""
        return np.asarray(self.fit.bse)[: self.params.shape[1]] / np.sqrt(self.fit.dispersion)


def influence(fit: Any, *, exact: bool = False, progress=None) -> Influence:
    """Influence of each observation on the coefficients, by one Newton step (Fisher's for an exponential dispersion
    model, as R has it) or, with `exact`, by refitting without each.

    exact: n fits, run as one batch. progress: called with (fits done, fits).
    Source: Pregibon (1981); Cook (1977); Belsley, Kuh and Welsch (1980).
    """
    n, unit = fit._n, unit_weights(fit)
    theta = np.asarray(fit.state.theta)
    found = Deletion(*(a[:n] for a in deletion_of(fit.problem, theta, unit, fit._edm)))
    status = None
    if exact:
        refitted, status = without_each(fit.problem, theta, unit, fit.solver, fit._edm, progress=progress)
        step = theta - refitted[:n]
        status = status[:n]
    else:
        step = np.where(found.singular[:, None], np.nan, found.step)
    change = np.where(unit[:n, None] > 0, fit._outward(step.T).T, np.nan)
    estimates = fit._outward(theta)
    full = np.full((n, sum(len(p.names) for p in fit.parts)), np.nan)
    full[:, fit._present[: len(theta)]] = estimates - change
    return Influence(fit, exact, full, status, unit[:n], found, step)

