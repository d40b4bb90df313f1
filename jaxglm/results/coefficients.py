"""HOST: the coefficients and their covariance, transformed back from the basis of the solver."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from ..inference import KINDS
from ..named import Named
from ..predictors import inward, outward, present, shared_name
from ..programs import covariance_of
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
        full = np.full((len(self.names), *values.shape[1:]), np.nan)
        full[self._present] = values
        return Named(full, self.names)

    @property
    def params(self) -> Named:
        return self._named(self._estimates)

    @cached_property
    def _root(self) -> np.ndarray:
        """A root R of the covariance R R' of `_estimates`: squares of extreme scales would overflow in the product."""
        default = "expected" if self._edm else "observed"
        raw = _inverse_root(self.information) if self.cov_type == default else _root(self._raw_cov(self.cov_type))
        root = self._outward(raw * np.sqrt(self.dispersion))
        if len(self._present) > len(root):  # phi by ML: its information is orthogonal to that of the mean
            root = np.pad(root, (0, 1))
            root[-1, -1] = 1.0 / np.sqrt(self._phi_fit[2])
        return root

    @cached_property
    def _cov(self) -> np.ndarray:
        """Covariance of `_estimates`."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._root @ self._root.T

    def _raw_cov(self, kind: str) -> np.ndarray:
        return covariance_of(self.problem, np.asarray(self.state.theta), kind)

    def cov_params(self) -> np.ndarray:
        """Covariance of `params`, (P, P); NaN for aliased columns."""
        full = np.full((len(self.names),) * 2, np.nan)
        full[np.ix_(self._present, self._present)] = self._cov
        return full

    def with_cov(self, kind: str) -> Self:
        """The same fit with covariance "expected" or "observed"; nothing is fitted again."""
        if kind not in KINDS:
            raise ValueError(f"unknown covariance {kind!r}; choose from {', '.join(KINDS)}.")
        if kind == "expected" and not self._edm:
            raise ValueError(
                f"the expected information of {self.family_name} with estimated "
                f"{', '.join(self._shared) or 'parameters'} is not available; use 'observed'."
            )
        return replace(self, cov_type=kind)

    @property
    def bse(self) -> Named:
        """Standard errors."""
        largest = np.max(np.abs(self._root), axis=1, initial=0.0)
        scale = np.where(largest > 0, largest, 1.0)
        return self._named(scale * np.linalg.norm(self._root / scale[:, None], axis=1))


def _inverse_root(information: np.ndarray) -> np.ndarray:
    """R with R R' the inverse of an information matrix; NaN where that is not positive definite."""
    size = np.sqrt(np.abs(np.diagonal(information)))
    size = np.where(size > 0, size, 1.0)
    try:
        triangle = np.linalg.cholesky(information / size / size[:, None])
    except np.linalg.LinAlgError:
        return np.full(information.shape, np.nan)
    return np.linalg.solve(triangle, np.diag(1 / size)).T


def _root(covariance: np.ndarray) -> np.ndarray:
    """R with R R' the covariance; NaN where that is not positive definite."""
    size = np.sqrt(np.abs(np.diagonal(covariance)))
    try:
        return np.linalg.cholesky(covariance / size / size[:, None]) * size[:, None]
    except np.linalg.LinAlgError:
        return np.full(covariance.shape, np.nan)
