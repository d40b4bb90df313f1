"""HOST: the top storey of the results: tables and files."""

from dataclasses import dataclass

import numpy as np

from .. import effects, reports, testing
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

    def tidy(self, alpha: float = 0.05, *, exponentiate: bool = False):
        """One row a coefficient, as a frame of the input's kind, with limits at level 1 - alpha.

        exponentiate: estimates and limits become their exponentials, standard errors those times the estimate;
        statistic and p-value stay, which test a coefficient of 0, a ratio of 1.
        """
        limits = np.asarray(self.conf_int(alpha))
        estimate, std_error = np.asarray(self.params), np.asarray(self.bse)
        if exponentiate:
            estimate, limits = np.exp(estimate), np.exp(limits)
            std_error = estimate * std_error
        columns = dict(
            term=np.asarray(self.names, object), estimate=estimate, std_error=std_error,
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
        """One row an observation: response, fitted mean (of classes the probability of each), linear predictor and its
        standard error, residuals. Of choices one row an alternative: whether it was chosen, its probability, utility
        and residuals."""
        if self.family.tied is not None:
            return self._alternatives()
        levels, fitted = self.family.support.levels, self.fittedvalues
        columns = dict(y=self.y, **{f"fitted_{name}": p for name, p in zip(levels, fitted.T, strict=False)})
        columns |= {} if levels else dict(fitted=fitted)
        linear = self.get_prediction(parameter=self.predictors[0])
        columns |= dict(linear=linear.linear, linear_se=linear.linear_se)
        kinds = ("deviance",) if levels else ("response", "pearson", "deviance")
        columns |= {f"resid_{kind}": self.resid(kind) for kind in kinds}
        return to_frame(columns, self.frame.kind)

    def _alternatives(self):
        columns = dict(y=np.asarray(self.frame.y, float), fitted=self.fittedvalues, linear=self.linear_predictor)
        columns |= {f"resid_{kind}": self.resid(kind) for kind in ("response", "pearson")}
        return to_frame(columns, self.frame.kind)

    def resid(self, kind: str = "deviance", *, seed: int = 0) -> np.ndarray:
        """Residuals (n,), of choices those of the rows: see `jaxglm.reports.resid`."""
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

    # --- effects

    def predictions(self, new=None, **options):
        """Predictions of the rows with standard errors; the options are those of `avg_predictions` but `by`."""
        return effects.predictions(self, new=new, **options)

    def avg_predictions(self, by=None, *, variables=None, new=None, **options):
        """Average predictions, one row a group of rows, as a frame of the input's kind.

        by: one or more columns whose values make the groups. variables: names, or {name: values}: each is held at each
        of its values (by default its levels, or five quantiles) in all rows. new: other rows than those of the fit.
        scale: "response", or "link". parameter: of the family, in place of the mean. offset: (m,), added. alpha: the
        limits have level 1 - alpha. Rows count as often as in the fit: not where their weight is 0, freq_weights times.
        Where rows are the alternatives of choices, what is averaged over them is the probability of each. A variable is
        changed or held in one alternative at a time, the others of its set staying as they are (slopes are d p_j /
        d x_j); one that is the same in all rows of every set of the fit tells of the one who chooses and changes in the
        whole set. sets: of new rows, as in `predict`.
        """
        return effects.avg_predictions(self, by=by, variables=variables, new=new, **options)

    def slopes(self, variables=None, *, new=None, **options):
        """Slopes of each row; the options are those of `avg_slopes` but `by`."""
        return effects.slopes(self, variables, new=new, **options)

    def avg_slopes(self, variables=None, *, by=None, new=None, **options):
        """Average slopes of the response in numbers, average changes from the first level for factors, booleans and
        numbers that are only 0 or 1: one row a contrast and group, as a frame of the input's kind.

        variables: one or more names, by default all. eps: the step of the differences of the design, by default 1e-5 of
        the range; the mean itself is differentiated by autodiff. The other arguments are those of `avg_predictions`.
        """
        return effects.slopes(self, variables, by=by, new=new, average=True, **options)

    def comparisons(self, variables=None, *, new=None, **options):
        """Changes of each row; the options are those of `avg_comparisons` but `by`."""
        return effects.comparisons(self, variables, new=new, **options)

    def avg_comparisons(self, variables=None, *, contrast="difference", by=None, new=None, **options):
        """Average changes of the response as variables change, as a frame of the input's kind.

        variables: names, or {name: change}. A change of a number is a step, by default 1, centred at its value; a pair
        (low, high); "sd", "iqr" or "minmax". Of a factor "reference" (the default), "pairwise", "sequential", or a pair
        (low, high). contrast: "difference", or "ratio" or "odds" ratio of the averages, which are tested against 1 and
        have limits by their logarithms. The other arguments are those of `avg_predictions`.
        """
        return effects.comparisons(self, variables, contrast=contrast, by=by, new=new, average=True, **options)

    def contrasts(self, factor, *, method="pairwise", margins="observed", **options):
        """Contrasts of the levels of a factor by their marginal means, as a frame of the input's kind.

        method: "pairwise", "reference" (to the first level), "sequential", or a pair (low, high). margins:
        "observed", averages over the rows with all at one level; or "balanced", at the means of the numbers and with
        equal shares of the levels of the other factors. adjust: a method of `adjust_pvalues`. The other arguments are
        those of `avg_comparisons`.
        """
        return effects.contrasts(self, factor, method=method, margins=margins, **options)

    def delta(self, fn, *, null=0.0, alpha: float = 0.05):
        """A function of the coefficients with standard errors by the delta method, as a frame of the input's kind.

        fn: takes the coefficients as a mapping of names to numbers (or `b[0]`, or the array `b.array`) and returns a
        number, a vector or a mapping of names to them; it is made of arithmetic and `jax.numpy`. null: tested against.
        """
        return effects.delta(self, fn, null=null, alpha=alpha)

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
