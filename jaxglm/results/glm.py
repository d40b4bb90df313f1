"""HOST: the top storey of the results: tables and files."""

from dataclasses import dataclass

import numpy as np

from ..frame import to_frame
from ..io import save
from ..profiles import Profile, profile
from ..summary import Summary, render
from .prediction import Predicting


@dataclass(frozen=True)
class GLMResults(Predicting):
    """A fitted model. `problem` and `state` are in the coordinates of `basis`, with the dispersion at 1."""

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
