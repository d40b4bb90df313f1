"""HOST: the coefficients and their covariance, transformed back from the basis of the solver."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from ..covariances import Covariance, covariance_of, lengths
from ..named import Named
from ..predictors import inward, outward, present, shared_name
from .likelihood import Likelihood


@dataclass(frozen=True)
class Coefficients(Likelihood):
    """Estimates by name, and how sure they are."""

    @property
    def _joint_phi(self) -> str | None:
        """The dispersion if it is by maximum likelihood: then it has a coefficient, the last one."""
        return self._phi if self.dispersion_method == "ml" else None

    @property
    def _shared(self) -> tuple[str, ...]:
        """Parameters that all rows share and that have a coefficient: fitted jointly, or phi if that is by ML."""
        return (*self.shared, self._joint_phi) if self._joint_phi else self.shared

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of `params`: columns of the designs; parameters that all rows share on the scale of their links."""
        phi = (shared_name(self.family, self._joint_phi),) if self._joint_phi else ()
        return sum((p.names for p in self.parts), ()) + phi

    @property
    def predictors(self) -> tuple[str, ...]:
        """The parameter of the family that each entry of `params` belongs to."""
        phi = (self._joint_phi,) if self._joint_phi else ()
        return sum(((p.parameter,) * len(p.names) for p in self.parts), ()) + phi

    def _outward(self, values: np.ndarray) -> np.ndarray:
        """Coefficients (P, ...) of the columns as given, from those of the bases: theta, or columns of vectors."""
        return outward(self.parts, values)

    def _inward(self, values: np.ndarray) -> np.ndarray:
        """Coefficients (P, ...) in the bases of the solver: the inverse of `_outward`."""
        return inward(self.parts, values)

    @cached_property
    def _estimates(self) -> np.ndarray:
        """Coefficients without the aliased ones; phi last where that is by ML."""
        found = self._outward(np.asarray(self.state.theta))
        return np.append(found, self._phi_fit[0]) if self._joint_phi else found

    @cached_property
    def _present(self) -> np.ndarray:
        """Positions of `_estimates` in `params`."""
        found = present(self.parts)
        return np.append(found, len(self.names) - 1) if self._joint_phi else found

    def _named(self, values: np.ndarray) -> Named:
        if len(values) == len(self.names):  # a copy, as whoever asks may write to it
            return Named(np.array(values), self.names)
        full = np.full((len(self.names), *values.shape[1:]), np.nan)
        full[self._present] = values
        return Named(full, self.names)

    @property
    def params(self) -> Named:
        return self._named(self._estimates)

    @cached_property
    def _chosen(self) -> Covariance:
        return self.covariance or covariance_of(self, self.cov_type)

    @property
    def _root(self) -> np.ndarray:
        """A root R (P, m) of the covariance R R' of `_estimates`: squares of extreme scales would overflow in the
        product."""
        return self._chosen.root

    @property
    def cov_description(self) -> str:
        """What the covariance is, with its small-sample factor."""
        return self._chosen.words

    @cached_property
    def _cov(self) -> np.ndarray:
        """Covariance of `_estimates`."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._root @ self._root.T

    def cov_params(self) -> np.ndarray:
        """Covariance of `params`, (P, P); NaN for aliased columns."""
        full = np.full((len(self.names),) * 2, np.nan)
        full[np.ix_(self._present, self._present)] = self._cov
        return full

    def with_cov(self, kind: str, *, groups=None, correction: str | None = None, fix: bool = False) -> Self:
        """The same fit with another covariance of the coefficients; only "jackknife" fits again.

        kind: "expected" or "observed" information; "opg", the outer product of gradients; "HC0" to "HC3", "HC4",
            "HC4m", "HC5", robust against a wrong variance; "cluster", also against dependence within groups;
            "jackknife", by exact fits without each row (or each group, with groups=).
        groups: a column of the data or an array with a value for each row; a list of several for multi-way clusters.
        correction: a small-sample factor for n observations, p coefficients of the mean and G clusters. "none"; "df",
            n/(n-p), usual for "HC1"; "groups", G/(G-1), usual for "cluster" (R's glm, Stata's ml); "groups-df",
            G/(G-1) (n-1)/(n-p) (R's lm, statsmodels, Stata's regress). In multi-way clusters each way has its own G.
        fix: whether a multi-way covariance that is not positive semidefinite loses its negative eigenvalues.

        Where tests use Student's t, those of "cluster" have G - 1 degrees of freedom.
        Raises: ValueError for an unknown kind or correction, groups that do not fit, a leverage of 1 in HC2 to HC5, or
            a multi-way covariance that is not positive semidefinite.
        Source: White (1980); MacKinnon and White (1985); Liang and Zeger (1986); Cameron, Gelbach and Miller (2011).
        """
        chosen = covariance_of(self, kind, groups=groups, correction=correction, fix=fix)
        return replace(self, cov_type=kind, covariance=chosen)

    @property
    def bse(self) -> Named:
        """Standard errors."""
        return self._named(lengths(self._root))
