"""HOST: the lower storey of the results of a batch: arrays over members."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..families import Family
from ..inference import adjust_pvalues, log_two_sided
from ..named import Named
from ..results.wald import special
from ..solvers import Status
from .blocks import as_given, is_fixed, members_of, names_of, seen
from .data import Ragged, Stacked
from .errors import check_kind, standard_errors
from .extras import best_dispersion, deviances, loglik_at
from .limits import BatchLimits, limits_of_members
from .run import Numbers, Settings


@dataclass(frozen=True)
class Estimates:
    """What was fitted, the coefficients, and how well the models fit: arrays with one row for each member."""

    data: Stacked | Ragged
    settings: Settings
    numbers: Numbers
    labels: list | None = None  # one for each member: a word, or a tuple of the values of several grouping columns
    groups: tuple[str, ...] = ()  # names of the grouping columns
    n_dropped: int = 0  # rows with missing values
    cov_type: str | None = None  # chosen by with_cov; else the information of the fits
    correction: str | None = None
    refitted: Mapping[int, Any] = field(default_factory=dict)  # members with another penalty than the rest, and which

    # --- what was fitted

    def __len__(self) -> int:
        return self.data.size

    @property
    def family(self) -> Family:
        return self.settings.options.family

    @property
    def status(self) -> np.ndarray:
        """Codes of `jaxglm.Status` (B,)."""
        return self.numbers.status

    @property
    def converged(self) -> np.ndarray:
        return self.status == Status.CONVERGED

    @property
    def status_counts(self) -> dict[str, int]:
        """How many members ended with each status that occurs."""
        codes, counts = np.unique(self.status, return_counts=True)
        return {Status(int(c)).name: int(k) for c, k in zip(codes, counts, strict=True)}

    def failed(self) -> np.ndarray:
        """Positions of the members that did not converge."""
        return np.flatnonzero(~self.converged)

    @property
    def n_iter(self) -> np.ndarray:
        return self.numbers.n_iter

    @property
    def nobs(self) -> np.ndarray:
        return self.numbers.nobs

    @property
    def accuracy(self) -> np.ndarray:
        """Distance of the estimates from the maximum in standard errors (B,); known for precision="float32" only."""
        return self.numbers.accuracy

    def _penalty(self, position: int) -> Any:
        """The penalty that a member was fitted with."""
        return self.refitted.get(position, self.settings.penalty)

    def _alike(self, index: np.ndarray) -> list[tuple[np.ndarray, Any]]:
        """Places in an index of the members that were fitted with the same penalty, and which."""
        own = [self._penalty(int(i)) for i in index]
        kinds = {id(penalty): penalty for penalty in own}
        which = np.asarray([id(penalty) for penalty in own])
        return [(np.flatnonzero(which == key), penalty) for key, penalty in kinds.items()]

    # --- coefficients

    @property
    def _phi(self) -> str | None:
        """The dispersion that the coefficients of the mean do not depend on, unless it is one of the predictors."""
        name = self.family.dispersion
        return None if name in self.settings.family.predictors else name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the P coefficients: columns, then the shared parameters on the scale of their links."""
        return names_of(self.data.pattern, self.settings.family)

    @property
    def params(self) -> np.ndarray:
        """Estimates (B, P)."""
        return self.numbers.theta

    @cached_property
    def bse(self) -> np.ndarray:
        """Standard errors (B, P)."""
        if self.cov_type is not None:
            return standard_errors(self, self.cov_type, self.correction)
        return self.numbers.se * np.sqrt(self.dispersion)[:, None]

    def with_cov(self, kind: str, *, correction: str | None = None) -> Self:
        """The same fits with other standard errors: "expected", "observed", "opg" or "HC0" to "HC5"; see
        `GLMResults.with_cov`."""
        check_kind(kind, correction)
        return replace(self, cov_type=kind, correction=correction)

    @property
    def tvalues(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.params / self.bse

    @property
    def use_t(self) -> bool:
        """Whether tests use Student's t: where the dispersion was estimated."""
        return self._phi is not None and isinstance(self.settings.options.dispersion, str)

    @property
    def _df(self) -> np.ndarray | None:
        return self.df_resid[:, None] if self.use_t else None

    @property
    def pvalues(self) -> np.ndarray:
        """Two-sided p-values (B, P) of the hypotheses that a coefficient is 0."""
        return np.exp(self.log_pvalues)

    @cached_property
    def log_pvalues(self) -> np.ndarray:
        """Natural logs of the p-values, which do not underflow."""
        return log_two_sided(self.tvalues, self._df)

    def conf_int(self, alpha: float = 0.05, method: str = "wald") -> np.ndarray:
        """Confidence limits (B, P, 2) at level 1 - alpha by "wald", "profile", "profile_f" or "score", as of a single
        fit; `limits` tells more of the last three."""
        quantile = self._quantile(alpha)
        if method != "wald":
            return self.limits(alpha=alpha, method=method).values
        return np.stack([self.params - quantile * self.bse, self.params + quantile * self.bse], axis=-1)

    def limits(self, terms=None, *, alpha: float = 0.05, method: str = "profile") -> BatchLimits:
        """Profile likelihood or score limits of every member, each with a status.

        terms: a name or names of coefficients; by default all. method: "profile", "profile_f" or "score", see
            `GLMResults.conf_int`. Limits are infinite where the data are separated, and NaN where there is none.
        Raises: KeyError for an unknown name, ValueError for an unknown method.
        """
        self._quantile(alpha)
        return limits_of_members(self, terms, alpha, method)

    def _quantile(self, alpha: float) -> Any:
        """Quantile of Wald intervals: a number, or (B, 1) of Student's t."""
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
        upper = 1 - alpha / 2
        return special().stdtrit(self._df, upper) if self.use_t else special().ndtri(upper)

    def coef(self, term: str) -> dict[str, np.ndarray]:
        """Estimate, standard error, statistic, p-value and log p (B,) of one coefficient."""
        j = self._position(term)
        columns = dict(estimate=self.params, std_error=self.bse, statistic=self.tvalues, p_value=self.pvalues,
                       log_p=self.log_pvalues)
        return {name: values[:, j] for name, values in columns.items()}

    def _position(self, term: str) -> int:
        return int(Named(np.arange(len(self.names)), self.names)[term])

    def adjusted(self, term: str, method: str = "bh") -> np.ndarray:
        """P-values (B,) of one coefficient, adjusted over the members that have a maximum (inside, or on a boundary as
        where overdispersion tends to zero); NaN for the others."""
        p = self.pvalues[:, self._position(term)]
        has = self.converged | (self.status == Status.BOUNDARY)
        return adjust_pvalues(np.where(has, p, np.nan), method)

    # --- dispersion and likelihood

    @property
    def df_resid(self) -> np.ndarray:
        return self.nobs - self.numbers.rank

    @cached_property
    def dispersion(self) -> np.ndarray:
        """Estimates of phi (B,) in the standard errors; 1 for a family without one."""
        method, phi = self.settings.options.dispersion, self._phi
        if phi is None:
            return np.ones(len(self))
        if is_fixed(self.family, phi):
            return np.broadcast_to(np.asarray(self.family.link_of(phi).value, float), len(self))  # type: ignore[attr-defined]
        if not isinstance(method, str):
            return np.full(len(self), float(method))
        if method == "ml":
            return self._phi_fit[0]
        total = self.numbers.spread * self.numbers.weight if method == "pearson" else self.deviance
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.df_resid > 0, total / self.df_resid, np.nan)

    @cached_property
    def llf(self) -> np.ndarray:
        """Log-likelihoods (B,) at the maximum in every estimated parameter, the dispersion too; NaN for a quasi
        family."""
        if not self.family.is_density:
            return np.full(len(self), np.nan)
        if self._phi is None:
            return self.numbers.loglik
        if not self._phi_known:
            return self._phi_fit[1]
        return self._everywhere(lambda m, b, c, i: loglik_at(m, b, c, self.dispersion[i]))[0]

    @property
    def _phi_known(self) -> bool:
        return is_fixed(self.family, self._phi) or not isinstance(self.settings.options.dispersion, str)

    @cached_property
    def _phi_fit(self) -> tuple[np.ndarray, ...]:
        """The dispersion by maximum likelihood at the fitted means, and the log-likelihood there."""
        link = self.family.link_of(self._phi)  # type: ignore[arg-type]
        return self._everywhere(lambda m, b, c, i: best_dispersion(m, b, c, link, self.numbers.spread[i]))

    @cached_property
    def deviance(self) -> np.ndarray:
        """Twice the gain of the saturated models (B,), for a unit dispersion."""
        return self._everywhere(lambda m, b, c, i: deviances(m, b, c))[0]

    def _everywhere(self, function) -> tuple[np.ndarray, ...]:
        """Arrays (B,) from a function of (members, theta, chunk, positions) on every block; NaN without a fit."""
        found: list[np.ndarray] = []
        for block in self.data.blocks():
            family = self.settings.family
            members = members_of(block, seen(block, family), family, as_given(block, family))
            theta = np.nan_to_num(self.params[block.index])
            values = function(members, theta, self.settings.chunk, block.index)
            values = values if isinstance(values, tuple) else (values,)
            found = found or [np.full(len(self), np.nan) for _ in values]
            for whole, own in zip(found, values, strict=True):
                whole[block.index] = np.where(np.isnan(self.numbers.loglik[block.index]), np.nan, own)
        return tuple(found) or (np.full(len(self), np.nan),) * 2  # no member has rows

    @property
    def n_params(self) -> np.ndarray:
        """Numbers of estimated parameters (B,), the dispersion counted."""
        free_phi = self._phi is not None and not self._phi_known
        return self.numbers.rank + self.settings.n_shared + int(free_phi)

    @property
    def aic(self) -> np.ndarray:
        return 2 * self.n_params - 2 * self.llf

    @property
    def bic(self) -> np.ndarray:
        return np.log(np.maximum(self.nobs, 1)) * self.n_params - 2 * self.llf
