"""HOST: the bootstrap: the fit to resampled data, all replicates as one batch; or its scores perturbed."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..frame import to_frame
from ..named import Named
from ..refits import Progress, Units, columns, estimates, warn_of_failures, whole
from ..results import GLMResults
from ..solvers import Status
from .intervals import basic, bca, percentile, studentized
from .jackknife import jackknife
from .simulate import simulated
from .wild import Multiplier, Replicates, multiplier_of, perturbed

KINDS = {"pairs": "rows", "parametric": "responses", "wild": "multipliers"}  # and what each draws


@dataclass(frozen=True)
class Bootstrap:
    """Coefficients of the replicates. Those that did not converge stay in `params` and count for nothing else."""

    params: np.ndarray  # (n, P)
    status: np.ndarray  # (n,)
    estimate: Named  # (P,) of the data
    fit: GLMResults = field(repr=False)
    groups: Any = field(default=None, repr=False)
    wild: Replicates | None = field(default=None, repr=False)  # of kind "wild", with the standard errors of replicates

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `params`."""
        return self.estimate.names

    @property
    def n_failed(self) -> int:
        """Number of replicates that did not converge."""
        return int(np.sum(self.status != Status.CONVERGED))

    @property
    def converged(self) -> np.ndarray:
        """Coefficients of the replicates that count (m, P)."""
        return self.params[self.status == Status.CONVERGED]

    @property
    def bse(self) -> Named:
        """Standard errors: standard deviations of the replicates."""
        return self._named(np.std(self.converged, axis=0, ddof=1))

    @property
    def bias(self) -> Named:
        """Mean of the replicates less the estimate."""
        return self._named(np.mean(self.converged, axis=0) - np.asarray(self.estimate))

    def conf_int(self, alpha: float = 0.05, method: str | None = None) -> Named:
        """Confidence limits (P, 2) at level 1 - alpha.

        method: "percentile", the default of replicates that are refits; "basic" (reflected at the estimate); "bca",
            which corrects for bias and for a spread that changes with the parameter: it refits the model once without
            each observation or group; or, of "wild" alone and its default, "studentized": the estimate and to both
            sides as many robust standard errors as the replicates are away from it in theirs.
        Source: Efron (1987), JASA 82, eq. 3.8 (BCa); Davison and Hinkley (1997), eq. 5.6 and 5.18 (basic, percentile);
            Cameron, Gelbach and Miller (2008), Rev. Econ. Stat. 90 (studentized, of clusters).
        """
        method = ("percentile" if self.wild is None else "studentized") if method is None else method
        if method == "studentized" and self.wild is None:
            raise ValueError('method="studentized" takes a standard error of each replicate, which only kind="wild" '
                             'has. Use "bca".')
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
        center = np.asarray(self.estimate)
        table = {
            "percentile": lambda: percentile(self.converged, alpha),
            "basic": lambda: basic(self.converged, center, alpha),
            "studentized": lambda: studentized(*self.wild[:2], center, self.wild[2], alpha),  # type: ignore[index]
            "bca": lambda: bca(self.converged, center, self._acceleration, alpha),
        }
        if method not in table:
            raise ValueError(f"unknown method {method!r} of conf_int; choose from {', '.join(table)}.")
        return self._named(table[method]())

    @cached_property
    def _acceleration(self) -> np.ndarray:
        return jackknife(self.fit, groups=self.groups).acceleration

    def to_frame(self):
        """One row a replicate with its status, as a frame of the input's kind."""
        words = np.asarray([Status(int(s)).name.lower() for s in self.status], object)
        return to_frame(dict(zip(self.names, self.params.T, strict=True)) | {"status": words}, self.fit.frame.kind)

    def _named(self, values) -> Named:
        return Named(values, self.names)


def bootstrap(
    fit: GLMResults,
    n: int = 1000,
    *,
    kind: str = "pairs",
    groups=None,
    multipliers: str | None = None,
    seed: int = 0,
    progress: Progress = None,
) -> Bootstrap:
    """Coefficients of n replicates of the fit; a shared parameter such as alpha varies with them too.

    kind: "pairs" fits to as many observations as there are, drawn with replacement: response, row of X, offset and
        prior weight stay together, and a row of frequency f is f observations. "parametric" fits to responses drawn
        from the fitted model, an estimated dispersion at its maximum likelihood, and keeps everything else. "wild"
        keeps the data and moves the estimates by I^-1 sum_i v_i s_i, the scores s_i of the observations times random
        multipliers: no refits, no assumption on the variance, a covariance that is that of "HC0" (with groups, of
        "cluster" without a factor). Its limits are studentized by such errors of each replicate, from the scores there.
        For a Gaussian response with identity link these are the refits to mu_i + v_i e_i.
    groups: a label for each row; whole groups are drawn, as many as there are; of "wild", one multiplier for a group.
    multipliers: of "wild": "rademacher" (-1 or 1, the default), "mammen" (two points that keep the skewness), or
        "webb" (six points, for fewer than about ten groups).
    seed: of NumPy's generator. progress: called with (replicates done, n).
    Raises: ValueError for another kind, n < 1, groups of another length, fewer than two things to draw from, or "wild"
        of a fit that has not converged.
    Source: Efron (1979), Annals of Statistics 7; Davison and Hinkley (1997), section 6.2.4 and 3.8 (groups); Kline and
        Santos (2012), J. Econometric Methods 1 (wild).
    """
    n, chosen = whole(n, "n"), _multiplier(kind, multipliers)
    if kind == "parametric" and groups is not None:
        raise ValueError('groups are for kind="pairs" and "wild": responses drawn from the model are independent.')
    rng = np.random.default_rng(whole(seed, "seed", 0))
    wild = perturbed(fit, n, Units.of(fit, groups), chosen, rng, progress) if kind == "wild" else None
    done = np.full(n, Status.CONVERGED.value)
    params, status = _replicates(fit, n, kind, groups, rng, progress) if wild is None else (wild.params, done)
    warn_of_failures(status, "replicates", "they are left out")
    return Bootstrap(params, status, Named(fit.params[: params.shape[1]], columns(fit)), fit, groups, wild)


def _multiplier(kind: str, name: str | None) -> Multiplier:
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of bootstrap; choose from {', '.join(KINDS)}.")
    if name is not None and kind != "wild":
        raise ValueError(f'multipliers are for kind="wild"; {kind!r} draws {KINDS[kind]}.')
    return multiplier_of(name)


def _replicates(fit: GLMResults, n: int, kind: str, groups, rng, progress: Progress):
    """Coefficients (n, P) and statuses (n,) of refits."""
    changed = _resampled(Units.of(fit, groups), rng) if kind == "pairs" else _drawn_anew(fit, n, rng)
    return estimates(fit, n, changed, progress)


def _resampled(units: Units, rng):
    return lambda start, stop: {"weights": units.resampled(rng, stop - start)}


def _drawn_anew(fit: GLMResults, n: int, rng):
    y = simulated(fit, n, rng)
    return lambda start, stop: {"y": tuple(a[start:stop] for a in y) if isinstance(y, tuple) else y[start:stop]}
