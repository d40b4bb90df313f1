"""HOST: the jackknife: the fit without each observation or group in turn, as one batch."""

from dataclasses import dataclass, field

import numpy as np

from ..named import Named
from ..refits import Progress, Units, columns, estimates, warn_of_failures
from ..results import GLMResults
from ..solvers import Status


@dataclass(frozen=True)
class Jackknife:
    """Coefficients without each unit. Fits that did not converge stay in `params` and count for nothing else."""

    params: np.ndarray  # (U, P)
    status: np.ndarray  # (U,)
    times: np.ndarray  # (U,) how many observations each row of params stands for: freq_weights
    estimate: Named = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `params`."""
        return self.estimate.names

    @property
    def n_failed(self) -> int:
        """Number of units without which the fit did not converge."""
        return int(np.sum(self.status != Status.CONVERGED))

    @property
    def bias(self) -> Named:
        """(N - 1) times (mean of the fits less the estimate)."""
        rows, share, N = self._counting
        return self._named((N - 1) * (share @ rows - np.asarray(self.estimate)))

    @property
    def cov(self) -> np.ndarray:
        """Covariance of the estimate (P, P)."""
        rows, share, N = self._counting
        centred = rows - share @ rows
        return (N - 1) * (centred.T @ (share[:, None] * centred))

    @property
    def bse(self) -> Named:
        """Standard errors."""
        return self._named(np.sqrt(np.diagonal(self.cov)))

    @property
    def acceleration(self) -> np.ndarray:
        """How fast the standard error changes with the parameter (P,): a sixth of the skewness of the influence.

        Source: Efron (1987), JASA 82, eq. 7.3 with jackknife values as influence.
        """
        rows, share, N = self._counting
        influence = share @ rows - rows
        return share @ influence**3 / (6 * np.sqrt(N) * (share @ influence**2) ** 1.5)

    @property
    def _counting(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The fits that converged, the share of the observations that each stands for, and the number of those."""
        good = self.status == Status.CONVERGED
        times = self.times[good]
        return self.params[good], times / max(times.sum(), 1), int(times.sum())

    def _named(self, values) -> Named:
        return Named(values, self.names)


def jackknife(fit: GLMResults, *, groups=None, progress: Progress = None) -> Jackknife:
    """Coefficients of the model fitted without each observation (a row of frequency f loses one of f), or each group.

    groups: a label for each row; whole groups are left out. progress: called with (fits done, fits).
    Raises: ValueError for groups of another length or fewer than two units.
    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, eq. 10.26 and 11.5.
    """
    units = Units.of(fit, groups)
    params, status = estimates(
        fit, len(units.times), lambda a, b: {"weights": units.weights(units.without_one(a, b))}, progress
    )
    warn_of_failures(status, "fits with one unit left out", "they are left out")
    return Jackknife(params, status, units.times, Named(fit.params[: params.shape[1]], columns(fit)))
