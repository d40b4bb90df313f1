"""HOST: the top storey of the results: tables and files."""

from dataclasses import dataclass

import numpy as np

from .. import reports, testing
from ..frame import to_frame
from ..io import save
from ..profiles import Profile, profile
from ..summary import Summary, render
from .prediction import Predicting


@dataclass(frozen=True)
class GLMResults(Predicting):
    """A fitted model. `problem` and `state` are in the coordinates of the bases of `parts`, the dispersion is at 1."""

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

    def resid(self, kind: str = "deviance", *, seed: int = 0) -> np.ndarray:
        """Residuals (n,): see `jaxglm.reports.resid`."""
        return reports.resid(self, kind, seed=seed)

    def get_influence(self, *, exact: bool = False, progress=None) -> reports.Influence:
        """Leverage, Cook's distance, DFBETA and the like: see `jaxglm.reports.influence`."""
        return reports.influence(self, exact=exact, progress=progress)

    def loo(self, method: str = "approximate", *, progress=None) -> reports.LeaveOneOut:
        """Leave-one-out log scores and LOO-IC: see `jaxglm.reports.loo`."""
        return reports.loo(self, method, progress=progress)

    def calibration(self, bins: int = 10) -> reports.Calibration:
        """Predicted against observed means in bins: see `jaxglm.reports.calibration`."""
        return reports.calibration(self, bins)

    def overdispersion_test(self, kind: str = "score") -> reports.AssumptionTest:
        """Test against a larger variance: see `jaxglm.reports.overdispersion_test`."""
        return reports.overdispersion_test(self, kind)

    def zero_inflation_test(self) -> reports.ZeroInflation:
        """Test of the number of zeros: see `jaxglm.reports.zero_inflation_test`."""
        return reports.zero_inflation_test(self)

    def collinearity(self) -> reports.Collinearity:
        """Condition indices and variance inflation: see `jaxglm.reports.collinearity`."""
        return reports.collinearity(self)

    def separation(self) -> reports.Separation:
        """Which columns and rows run to infinity: see `jaxglm.reports.separation`."""
        return reports.separation(self)

    @property
    def aicc(self) -> float:
        """AIC with the correction for small samples."""
        return reports.aicc(self)

    def pseudo_r2(self, kind: str = "mcfadden") -> float:
        """Explained share: see `jaxglm.reports.pseudo_r2`."""
        return reports.pseudo_r2(self, kind)

    def null_model(self) -> "GLMResults":
        """The fit with an intercept only: see `jaxglm.reports.null_model`."""
        return reports.null_model(self)

    def wald_test(self, hypothesis, *, value=None, use_f: bool | None = None) -> testing.HypothesisTest:
        """Wald test of a linear hypothesis, text or a matrix; see `jaxglm.testing.wald_test`."""
        return testing.wald_test(self, hypothesis, value=value, use_f=use_f)

    def lr_test(self, larger, *, test: str | None = None, edge: int = 0) -> testing.HypothesisTest:
        """Likelihood ratio test of this fit against a larger one; see `jaxglm.lr_test`."""
        return testing.lr_test(self, larger, test=test, edge=edge)

    def score_test(self, added, data=None, *, predictor: str | None = None) -> testing.HypothesisTest:
        """Score test of terms or columns that this fit lacks; see `jaxglm.testing.score_test`."""
        return testing.score_test(self, added, data, predictor=predictor)

    def anova(self, test: str | None = None, *, terms=None) -> testing.TestTable:
        """Analysis of deviance, term after term; see `jaxglm.testing.anova`."""
        return testing.anova(self, test, terms=terms)

    def drop_one(self, test: str | None = None, *, terms=None) -> testing.TestTable:
        """Each term dropped alone; see `jaxglm.testing.drop_one`."""
        return testing.drop_one(self, test, terms=terms)

    def profile(self, terms=None, points: int = 21, *, method: str = "profile") -> Profile:
        """Profile likelihood of each term: points to draw, limits with a status, likelihood-ratio tests.

        terms: names of coefficients, or contrasts {name: weights (P,)}; by default every coefficient. points: how many
        to draw, from one tail to the other. method: "profile" or "profile_f", as in `conf_int`.

        Raises: KeyError for an unknown name, ValueError for weights of another length.
        Source: Venzon and Moolgavkar (1988), Applied Statistics 37; Bates and Watts (1988), section 6.1.
        """
        return profile(self, terms, points=points, method=method)

    def save(self, path) -> None:
        """Write the model to an npz file; `jaxglm.load` reads it."""
        save(self, path)

    def __repr__(self):
        return f"<GLMResults {self.family_name}({self.link_name}) {self.formula or ''} {self.status.name.lower()}>"
