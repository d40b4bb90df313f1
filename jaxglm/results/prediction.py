"""HOST: predictions for the fitted rows or for new ones, with standard errors and limits."""

from dataclasses import dataclass

import numpy as np

from ..frame import Sides, to_frame
from ..programs import build_problem, facts_at, inverse_link
from .wald import Wald


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


@dataclass(frozen=True)
class Predicting(Wald):
    """What the model expects of rows."""

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

    def get_prediction(self, new=None, *, offset=None, alpha: float = 0.05) -> Prediction:
        """Predicted mean and linear predictor with standard errors and limits that are transformed from the link."""
        X, eta = self._new_rows(new, offset)
        rank = X.shape[1]
        se = np.sqrt(np.einsum("ij,jk,ik->i", X, self._cov[:rank, :rank], X))
        half = self._quantile(alpha) * se
        mean, slope = inverse_link(self.family.links[0], eta)
        ends = [inverse_link(self.family.links[0], e)[0] for e in (eta - half, eta + half)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        return Prediction(mean, np.abs(slope) * se, low, high, eta, se, self.frame.kind)
