"""HOST: Wald tests of linear hypotheses."""

from typing import Any

import numpy as np

from .restriction import restriction
from .table import HypothesisTest, log_tail

SINGULAR = 1e-7  # sine of the angle between estimated combinations below which they are one


def wald_test(fit: Any, hypothesis: Any, *, value: Any = None, use_f: bool | None = None) -> HypothesisTest:
    """Wald test of a linear hypothesis about the coefficients, with the covariance that the fit has.

    hypothesis: equations as text ("x = z, g[T.b] = 0", "2*x - z = 1"; "x" alone is x = 0), the name of a term or a list
        of them (all columns of each are 0), a matrix (q, P) in the order of `fit.names`, or a pair (matrix, value).
    value: (q,), what the rows of a matrix equal; 0 by default.
    use_f: F with q and `df_resid` degrees of freedom instead of chi-squared with q; by default where the dispersion
        is estimated.
    Raises: ValueError for an unknown name, an aliased coefficient, or equations that contradict each other.
    Source: Wald (1943), Trans. Amer. Math. Soc. 54.
    """
    said = restriction(fit, hypothesis, value)
    as_f = fit.use_t if use_f is None else use_f
    q, df_denom = len(said.matrix), float(fit.df_resid) if as_f else np.inf
    chi2 = _distance(said.matrix @ fit._root, said.matrix @ fit._estimates - said.value)
    statistic = chi2 / q if as_f else chi2
    notes = list(said.notes)
    if np.isnan(chi2):
        notes.append(f"No statistic: the covariance ({fit.cov_type}) of these {q} combinations is singular or not "
                     f"finite. Status of the fit: {fit.status.name.lower()}.")  # fmt: skip
    log_p = float(log_tail(statistic, q, df_denom, as_f=as_f))
    return HypothesisTest(f"Wald test, {fit.cov_type} covariance", said.lines, float(statistic), q, df_denom, log_p,
                          tuple(notes), fit.frame.kind)  # fmt: skip


def _distance(root: np.ndarray, gap: np.ndarray) -> float:
    """gap' (root root')^-1 gap by the QR of root', which does not square its condition; NaN where root lacks rank."""
    size = np.linalg.norm(root, axis=1)
    if not (np.all(np.isfinite(root)) and np.all(size > 0)):
        return np.nan
    triangle = np.linalg.qr((root / size[:, None]).T).R
    if len(triangle) < len(root) or np.min(np.abs(np.diagonal(triangle))) < SINGULAR:
        return np.nan
    return float(np.sum(np.linalg.solve(triangle.T, gap / size) ** 2))
