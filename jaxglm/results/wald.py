"""HOST: Wald tests and intervals of the coefficients."""

from dataclasses import dataclass

import numpy as np

from ..named import Named
from ..profiles import interval
from .coefficients import Coefficients


@dataclass(frozen=True)
class Wald(Coefficients):
    """Tests and intervals from the estimates and their standard errors."""

    @property
    def tvalues(self) -> Named:
        """Estimates over their standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return Named(np.asarray(self.params) / np.asarray(self.bse), self.names)

    @property
    def use_t(self) -> bool:
        """Whether tests and intervals use Student's t: where the dispersion was estimated."""
        return self._phi is not None and isinstance(self.dispersion_method, str)

    @property
    def df_inference(self) -> float:
        """Degrees of freedom of t tests and intervals: of the residuals, or clusters less one."""
        return self.df_resid if self._chosen.df is None else self._chosen.df

    @property
    def pvalues(self) -> Named:
        """Two-sided p-values of the hypotheses that a coefficient is 0."""
        size = -np.abs(np.asarray(self.tvalues))
        tail = special().stdtr(self.df_inference, size) if self.use_t else special().ndtr(size)
        return Named(2 * tail, self.names)

    def conf_int(self, alpha: float = 0.05, method: str = "wald") -> Named:
        """Confidence limits (P, 2) at level 1 - alpha.

        method: "wald"; "profile", the joint likelihood-ratio interval, every other parameter and the dispersion at its
        restricted maximum; "profile_f", where the dispersion was estimated, the drop of the deviance over it against
        Student's t, as R has it (exact for Gaussian errors); "score", the inverted score test. Limits are infinite
        where the data are separated; `profile(...).status()` says why one is NaN.
        """
        if method != "wald":
            return interval(self, alpha, method)
        half = self._quantile(alpha) * np.asarray(self.bse)
        return Named(np.stack([self.params - half, self.params + half], axis=1), self.names)

    def _quantile(self, alpha: float) -> float:
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
        upper = 1 - alpha / 2
        return float(special().stdtrit(self.df_inference, upper) if self.use_t else special().ndtri(upper))


def special():
    """scipy.special, imported when the first p-value is asked for."""
    import scipy.special

    return scipy.special
