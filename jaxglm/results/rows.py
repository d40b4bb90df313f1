"""HOST: what the fit says of each row: predictors, means, residuals, and their sums."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..diagnostics import Facts
from ..families import Family
from ..prediction import predict
from ..problem import Problem
from ..programs import facts_at, predictors_of
from ..reports import resid
from .base import Fitted


@dataclass(frozen=True)
class Rows(Fitted):
    """Facts of the rows at the estimates."""

    @property
    def _n(self) -> int:
        """Number of observations before padding: rows, or sets of them."""
        return len(self.counted)

    @cached_property
    def _weights(self) -> np.ndarray:
        """Weights of the padded rows."""
        return np.ones(self.problem.n) if self.problem.weights is None else np.asarray(self.problem.weights)

    @property
    def _total_weight(self) -> float:
        return float(np.sum(self._weights))

    @cached_property
    def _eta(self) -> tuple[np.ndarray, ...]:
        return predictors_of(self.problem, np.asarray(self.state.theta))

    @cached_property
    def _evaluable(self) -> Problem:
        """The problem in which only padding is masked: rows of weight zero have fitted values and residuals too."""
        real = np.arange(self.problem.n) < self._n
        real = real & (np.asarray(self.problem.family.support.trials(self.problem.y)) > 0)
        return replace(self.problem, weights=real.astype(float))

    def _facts_at(self, eta, family: Family | None = None) -> Facts:
        problem = self._evaluable
        return facts_at(problem if family is None else replace(problem, family=family), eta)

    @cached_property
    def _facts(self) -> Facts:
        return self._facts_at(self._eta)

    def _total(self, values: np.ndarray) -> float:
        """Weighted sum over the rows that count."""
        used = self._weights > 0
        return float(np.sum(self._weights[used] * values[used]))

    @property
    def linear_predictor(self) -> np.ndarray:
        """Linear predictor of each row, offset included (n,); of each row in sets its utility."""
        return self._eta[0][: self._n] if self.family.tied is None else predict(self, which="linear")

    @property
    def fittedvalues(self) -> np.ndarray:
        """Fitted mean of each row (n,); for binomial the probability, for classes that of each of them (n, K); of
        each row in sets the probability that it is the chosen one."""
        return self._facts.mean[: self._n] if self.family.traits.edm else predict(self)

    @property
    def y(self) -> np.ndarray:
        """Response on the scale of the mean (n,): proportions for binomial, of choices the number of the row chosen."""
        return self._facts.response[: self._n]

    @property
    def deviance(self) -> float:
        """Twice the gain of the saturated model, for a unit dispersion."""
        return self._total(self._facts.deviance)

    @property
    def pearson_chi2(self) -> float:
        """Sum of squared Pearson residuals; for classes and choices the sum over the indicators of all of them of
        squared distances from their probabilities, over these."""
        if self._edm and self.family.traits.dispersion is not None:
            return self.spread * self._total_weight
        if self.family.support.top is not None:
            return self._total(np.expm1(-self._facts.loglik))
        if self.family.traits.edm:
            return self._total(self._facts.score**2 / self._facts.expected)
        squares = resid(self, "pearson") ** 2
        return float(np.sum(squares[self._weights[: self._n] > 0]))
