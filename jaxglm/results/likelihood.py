"""HOST: the dispersion, the log-likelihood at its maximum and the model without covariates."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..links import Fixed
from ..programs import forward_link, inverse_link, maximise_shared, null_predictor, null_predictors, penalty_at
from .rows import Rows


@dataclass(frozen=True)
class Likelihood(Rows):
    """How well the model fits, and how far the rows scatter."""

    @cached_property
    def _phi_fit(self) -> tuple[float, float, float]:
        """Maximum likelihood of the dispersion at the fitted means: (eta, loglik, information of eta)."""
        scale = self.deviance / self._total_weight
        link = self.family.link_of(self._phi)  # type: ignore[arg-type]
        if not scale > 0:
            return -np.inf, np.inf, np.nan
        begin = float(forward_link(link, np.asarray(scale)))
        theta, loglik, information = maximise_shared(self.problem, self._eta[0], self.family, begin)
        return float(theta[0]), float(loglik), float(information[0, 0])

    @cached_property
    def dispersion(self) -> float:
        """Estimate of phi in the standard errors; 1 for a family without one."""
        if self._phi is None or self._known_phi is not None:
            return self._known_phi or 1.0
        if self.dispersion_method == "ml":
            return self.family_params[self._phi]
        total = self.pearson_chi2 if self.dispersion_method == "pearson" else self.deviance
        return total / self.df_resid if self.df_resid > 0 else np.nan

    @property
    def family_params(self) -> dict[str, float]:
        """Estimates (ML) of the parameters that all rows share, on their natural scale."""
        etas = {p.parameter: float(eta) for p, eta in zip(self.parts, self._eta, strict=True) if p.shared}
        if self._phi and self._known_phi is None:
            etas[self._phi] = self._phi_fit[0]
        return {name: float(inverse_link(self.family.link_of(name), np.asarray(eta))[0]) for name, eta in etas.items()}

    @cached_property
    def llf(self) -> float:
        """Log-likelihood at the estimates, with the dispersion at its maximum; a penalty is not part of it. NaN for a
        quasi family, which has no distribution; aic and bic are then NaN, too."""
        if not self.family.is_density:
            return np.nan
        if self._phi is None:
            return float(self.state.loglik) + self._penalty_value
        if self._known_phi is None:
            return self._phi_fit[1]
        family = self.family.with_links(**{self._phi: Fixed(self._known_phi)})
        return self._total(self._facts_at(self._eta, family).loglik)

    @cached_property
    def _penalty_value(self) -> float:
        """Of the solver's problem, at unit dispersion."""
        return penalty_at(self.problem, self.state.theta) if self.problem.penalty is not None else 0.0

    @property
    def penalised_llf(self) -> float:
        """`llf` less the penalty: what the estimates maximise. The same as `llf` without a penalty; NaN where the
        estimates are a root of an equation and maximise nothing."""
        penalty = self.problem.penalty
        none = penalty is not None and not penalty.is_function
        return np.nan if none else self.llf - self._penalty_value / self.dispersion

    @property
    def penalty_name(self) -> str | None:
        """Name of the penalty, or None."""
        return None if self.problem.penalty is None else self.problem.penalty.name

    @property
    def n_params(self) -> int:
        """Number of estimated parameters, the dispersion counted."""
        return len(self.state.theta) + (self._phi is not None and self._known_phi is None)

    @property
    def aic(self) -> float:
        return 2 * self.n_params - 2 * self.llf

    @property
    def bic(self) -> float:
        return np.log(self.nobs) * self.n_params - 2 * self.llf

    @cached_property
    def null_deviance(self) -> float:
        """Deviance of the model with an intercept (if this one has one) and the offset only."""
        return self._total(self._facts_at(self._null_eta()).deviance)

    def _null_eta(self) -> tuple:
        """Predictors of the null model. The deviance of a model of the mean is at the other parameters that it has;
        where the saturated model is the same whatever those are, they are fitted too."""
        if self.problem.family.support.top is None:
            return (self._null_mean(), *self._eta[1:])
        return null_predictors(replace(self.problem, penalty=None), [p.constant for p in self.parts])

    def _null_mean(self) -> Any:
        offset = self.problem.offsets[0]
        if not self.frame.has_intercept:
            return np.zeros(self.problem.n) if offset is None else offset
        if offset is not None or not self.family.traits.edm:
            return null_predictor(replace(self.problem, penalty=None), self._eta[1:])
        y = self.problem.y
        counts = self._weights * (y[1] if isinstance(y, tuple) else 1.0)
        mean = np.sum((counts * self._facts.response)[counts > 0]) / np.sum(counts)
        return np.full(self.problem.n, forward_link(self.family.links[0], np.asarray(mean)))
