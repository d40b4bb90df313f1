"""HOST: what a user holds after a fit. Numbers are NumPy float64, computed when first asked for."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .basis import Basis
from .diagnostics import Facts, residuals
from .families import Family
from .fit import Fit
from .frame import ModelFrame, Sides, to_frame
from .inference import KINDS
from .io import save
from .links import Fixed
from .named import Named
from .problem import Problem
from .programs import (
    build_problem,
    covariance_of,
    facts_at,
    forward_link,
    inverse_link,
    maximise_shared,
    null_predictor,
    predictors_of,
)
from .solvers import Status
from .summary import Summary, render


@dataclass(frozen=True)
class GLMResults:
    """A fitted model. `problem` and `state` are in the coordinates of `basis`, with the dispersion at 1."""

    frame: ModelFrame
    family: Family  # as the user gave it
    dispersion_method: str | float
    problem: Problem
    basis: Basis
    state: Fit
    solver: Any
    information: np.ndarray
    spread: float  # Pearson's chi2 over the sum of the weights, where the information is the expected one
    counted: np.ndarray  # how often each row counts
    cov_type: str

    # --- what was fitted

    @property
    def status(self) -> Status:
        return Status(int(self.state.status))

    @property
    def converged(self) -> bool:
        return self.status == Status.CONVERGED

    @property
    def n_iter(self) -> int:
        return int(self.state.steps)

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Log-likelihood and decrement at each step of the solver."""
        steps = min(self.n_iter, len(self.state.trace.loglik))
        return {name: np.asarray(values[:steps]) for name, values in self.state.trace._asdict().items()}

    @property
    def solver_name(self) -> str:
        return self.solver.name

    @property
    def family_name(self) -> str:
        return self.family.name

    @property
    def link_name(self) -> str:
        return type(self.family.links[0]).__name__.lower()

    @property
    def formula(self) -> str | None:
        return self.frame.formula

    @property
    def n_dropped(self) -> int:
        return self.frame.n_dropped

    @property
    def aliased(self) -> tuple[str, ...]:
        """Columns without a coefficient, because they depend on earlier ones."""
        return tuple(n for i, n in enumerate(self.frame.names) if i not in self.basis.kept)

    # --- coefficients

    @property
    def _shared(self) -> tuple[str, ...]:
        """Parameters that all rows share and that have a coefficient: fitted jointly, or phi if that is by ML."""
        joint = self.problem.family.predictors[1:]
        return (*joint, self._phi) if self._phi and self.dispersion_method == "ml" else joint  # type: ignore[return-value]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of `params`: columns of the design, then the shared parameters on the scale of their links."""
        words = (f"{type(self.family.link_of(s)).__name__.lower()}({s})" for s in self._shared)
        return (*self.frame.names, *words)

    @property
    def predictors(self) -> tuple[str, ...]:
        """The parameter of the family that each entry of `params` belongs to."""
        return (self.family.parameters[0],) * len(self.frame.names) + self._shared

    @cached_property
    def _estimates(self) -> np.ndarray:
        """Coefficients without the aliased ones."""
        rank = len(self.basis.kept)
        beta = self.basis.to_beta(np.asarray(self.state.theta[:rank]))
        joint = self.state.theta[rank:]
        phi = [self._phi_fit[0]] if len(self._shared) > len(joint) else []
        return np.concatenate([beta, joint, phi])

    @cached_property
    def _present(self) -> np.ndarray:
        """Positions of `_estimates` in `params`."""
        p = len(self.frame.names)
        return np.concatenate([self.basis.kept, np.arange(p, p + len(self._shared))])

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
        rank = len(self.basis.kept)
        default = "expected" if self._edm else "observed"
        raw = _inverse_root(self.information) if self.cov_type == default else _root(self._raw_cov(self.cov_type))
        raw = raw * np.sqrt(self.dispersion)
        root = np.concatenate([self.basis.to_beta(raw[:rank]), raw[rank:]])
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

    def with_cov(self, kind: str) -> "GLMResults":
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
    def pvalues(self) -> Named:
        """Two-sided p-values of the hypotheses that a coefficient is 0."""
        size = -np.abs(np.asarray(self.tvalues))
        tail = special().stdtr(self.df_resid, size) if self.use_t else special().ndtr(size)
        return Named(2 * tail, self.names)

    def conf_int(self, alpha: float = 0.05, method: str = "wald") -> Named:
        """Confidence limits (P, 2) at level 1 - alpha."""
        if method != "wald":
            raise ValueError(f"unknown method {method!r} of conf_int; choose from wald.")
        half = self._quantile(alpha) * np.asarray(self.bse)
        return Named(np.stack([self.params - half, self.params + half], axis=1), self.names)

    def _quantile(self, alpha: float) -> float:
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
        upper = 1 - alpha / 2
        return float(special().stdtrit(self.df_resid, upper) if self.use_t else special().ndtri(upper))

    # --- dispersion and the log-likelihood

    @property
    def _edm(self) -> bool:
        return self.family.traits.edm and len(self.problem.family.predictors) == 1

    @property
    def _phi(self) -> str | None:
        return self.family.traits.dispersion

    @property
    def _known_phi(self) -> float | None:
        """The dispersion where the user fixed it, by number or in the family."""
        fixed = self.family.link_of(self._phi) if self._phi else None
        if isinstance(fixed, Fixed):
            return float(fixed.value)
        return None if isinstance(self.dispersion_method, str) else float(self.dispersion_method)

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
        """Estimates (ML) of the parameters beyond the mean, on their natural scale."""
        etas = dict(zip(self.problem.family.predictors[1:], self.state.theta[len(self.basis.kept) :], strict=True))
        if self._phi and self._known_phi is None:
            etas[self._phi] = self._phi_fit[0]
        return {name: float(inverse_link(self.family.link_of(name), np.asarray(eta))[0]) for name, eta in etas.items()}

    @cached_property
    def llf(self) -> float:
        """Log-likelihood with every estimated parameter, the dispersion too, at its maximum."""
        if self._phi is None:
            return float(self.state.loglik)
        if self._known_phi is None:
            return self._phi_fit[1]
        family = self.family.with_links(**{self._phi: Fixed(self._known_phi)})
        return self._total(self._facts_at(self._eta, family).loglik)

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

    @property
    def nobs(self) -> float:
        """Number of observations: rows of positive weight, frequencies counted."""
        return float(np.sum(self.counted))

    @property
    def df_resid(self) -> float:
        return self.nobs - len(self.basis.kept)

    @property
    def df_model(self) -> int:
        return len(self.basis.kept) - self.frame.has_intercept

    @property
    def df_null(self) -> float:
        return self.nobs - self.frame.has_intercept

    # --- rows

    @property
    def _n(self) -> int:
        return len(self.frame.X)

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
        y = self.problem.y
        return replace(self.problem, weights=(real & (y[1] > 0) if isinstance(y, tuple) else real).astype(float))

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
        """Linear predictor of each row, offset included (n,)."""
        return self._eta[0][: self._n]

    @property
    def fittedvalues(self) -> np.ndarray:
        """Fitted mean of each row (n,); for binomial the probability."""
        return self._facts.mean[: self._n]

    @property
    def y(self) -> np.ndarray:
        """Response on the scale of the mean (n,): proportions for binomial."""
        return self._facts.response[: self._n]

    def resid(self, kind: str = "deviance") -> np.ndarray:
        """Residuals (n,): "deviance", "pearson", "response" or "working"."""
        return residuals(self._facts, self._weights, kind)[: self._n]

    @property
    def deviance(self) -> float:
        """Twice the gain of the saturated model, for a unit dispersion."""
        return self._total(self._facts.deviance)

    @property
    def pearson_chi2(self) -> float:
        """Sum of squared Pearson residuals."""
        if self._edm:
            return self.spread * self._total_weight
        return self._total(self._facts.score**2 / self._facts.expected)

    @cached_property
    def null_deviance(self) -> float:
        """Deviance of the model with an intercept (if this one has one) and the offset only."""
        eta = (self._null_eta(), *self._eta[1:])
        return self._total(self._facts_at(eta).deviance)

    def _null_eta(self) -> Any:
        offset = self.problem.offsets[0]
        if not self.frame.has_intercept:
            return np.zeros(self.problem.n) if offset is None else offset
        if offset is not None or not self.family.traits.edm:
            held = {n: Fixed(v) for n, v in self.family_params.items() if n != self._phi}
            family = self.problem.family.with_links(**held)
            return null_predictor(replace(self.problem, family=family, offsets=(offset,)))
        y = self.problem.y
        counts = self._weights * (y[1] if isinstance(y, tuple) else 1.0)
        mean = np.sum((counts * self._facts.response)[counts > 0]) / np.sum(counts)
        return np.full(self.problem.n, forward_link(self.family.links[0], np.asarray(mean)))

    # --- prediction

    def predict(self, new=None, which: str = "mean", *, offset=None) -> np.ndarray:
        """Predictions (m,) for new data, or for the fitted rows: "mean", "linear" predictor, or "var" of the response.

        new: a frame for a formula model, the design (m, p) for an array model. offset: (m,), added.
        """
        if which not in ("mean", "linear", "var"):
            raise ValueError(f"unknown prediction {which!r}; choose from mean, linear, var.")
        eta = self._new_rows(new, offset)[1]
        if which == "linear":
            return eta
        return self._variance(eta) if which == "var" else inverse_link(self.family.links[0], eta)[0]

    def _new_rows(self, new, offset) -> tuple[np.ndarray, np.ndarray]:
        """Independent columns and linear predictor of new rows."""
        if new is None and offset is None:
            return self.frame.X[:, self.basis.kept], self.linear_predictor
        if new is not None and offset is None and getattr(self.frame.encode, "needs_offset", False):
            raise ValueError("the model was fitted with an array as offset or exposure: pass offset= for the new rows.")
        X, known = self.frame.encode(new) if new is not None else (self.frame.X, self.frame.offset)
        added = Sides.read(len(X), offset=offset).offset
        X = X[:, self.basis.kept]
        eta = X @ self._estimates[: X.shape[1]]
        return X, sum((o for o in (known, added) if o is not None), eta)

    def _variance(self, eta) -> np.ndarray:
        if not self.family.traits.edm:
            raise ValueError(f"which='var' needs a mean as first parameter; that of {self.family_name} is not.")
        example = np.full(len(eta), self.family.support.example)
        rows = build_problem(self.problem.family, np.zeros((len(eta), 0)), example)
        pad = rows.n - len(eta)
        at = facts_at(rows, (np.pad(eta, (0, pad)), *self._eta[1:]))
        return self.dispersion * (at.slope**2 / at.expected)[: len(eta)]

    def get_prediction(self, new=None, *, offset=None, alpha: float = 0.05) -> "Prediction":
        """Predicted mean and linear predictor with standard errors and limits that are transformed from the link."""
        X, eta = self._new_rows(new, offset)
        rank = X.shape[1]
        se = np.sqrt(np.einsum("ij,jk,ik->i", X, self._cov[:rank, :rank], X))
        half = self._quantile(alpha) * se
        mean, slope = inverse_link(self.family.links[0], eta)
        ends = [inverse_link(self.family.links[0], e)[0] for e in (eta - half, eta + half)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        return Prediction(mean, np.abs(slope) * se, low, high, eta, se, self.frame.kind)

    # --- tables

    def summary(self) -> Summary:
        """Text table; HTML in a notebook."""
        return render(self)

    def tidy(self, alpha: float = 0.05):
        """One row a coefficient, as a frame of the input's kind."""
        limits = np.asarray(self.conf_int(alpha))
        columns = dict(
            term=np.asarray(self.names, object), estimate=np.asarray(self.params), std_error=np.asarray(self.bse),
            statistic=np.asarray(self.tvalues), p_value=np.asarray(self.pvalues), conf_low=limits[:, 0],
            conf_high=limits[:, 1], predictor=np.asarray(self.predictors, object),
        )  # fmt: skip
        return to_frame(columns, self.frame.kind)

    def glance(self):
        """One row of fit statistics, as a frame of the input's kind."""
        fits = ("nobs", "llf", "aic", "bic", "deviance", "null_deviance")
        numbers = (*fits, "df_resid", "df_null", "dispersion", "n_iter")
        columns = {name: np.asarray([getattr(self, name)]) for name in numbers}
        columns["status"] = np.asarray([self.status.name.lower()], object)
        return to_frame(columns, self.frame.kind)

    def augment(self):
        """One row an observation: response, fitted mean, linear predictor, residuals."""
        columns = dict(y=self.y, fitted=self.fittedvalues, linear=self.linear_predictor)
        columns |= {f"resid_{kind}": self.resid(kind) for kind in ("response", "pearson", "deviance")}
        return to_frame(columns, self.frame.kind)

    def save(self, path) -> None:
        """Write the model to an npz file; `jaxglm.load` reads it."""
        save(self, path)

    def __repr__(self):
        return f"<GLMResults {self.family_name}({self.link_name}) {self.formula or ''} {self.status.name.lower()}>"


@dataclass(frozen=True)
class Prediction:
    """Predictions (m,) of the mean and the linear predictor with standard errors and confidence limits."""

    mean: np.ndarray
    mean_se: np.ndarray
    mean_ci_lower: np.ndarray
    mean_ci_upper: np.ndarray
    linear: np.ndarray
    linear_se: np.ndarray
    kind: str

    def summary_frame(self):
        """All of it as a frame of the input's kind."""
        return to_frame({name: values for name, values in vars(self).items() if name != "kind"}, self.kind)


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


def special():
    """scipy.special, imported when the first p-value is asked for."""
    import scipy.special

    return scipy.special
