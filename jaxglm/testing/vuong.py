"""HOST: Vuong's test of models that are not nested, from the log-likelihood of each row."""

from typing import Any

import numpy as np

from ..inference import log_two_sided
from ..links import Fixed
from .likelihood_ratio import check_same_rows
from .restricted import USABLE
from .table import TestTable

SAME = 1e-10  # spread of the differences over the size of a row's log-likelihood at which two models are one


def vuong_test(one: Any, other: Any) -> TestTable:
    """Vuong's test that two fits are equally near to the truth: z > 0 favours the first, two-sided p-values.

    The fits may be of any families and columns, of the same rows; neither contains the other. Rows: "plain", and with
    the difference in parameters taken off as AIC and BIC count them.
    Raises: ValueError where rows, response or weights differ, or a fit did not reach its maximum.
    Source: Vuong (1989), Econometrica 57, sections 5 and 6.
    """
    check_same_rows(one, other)
    for fit in (one, other):
        fit.family.check_density("log-likelihood ratios")
        if fit.status not in USABLE:
            raise ValueError(f"a fit did not reach its maximum ({fit.status.name.lower()}). {fit.message}")
    a, b = row_logliks(one), row_logliks(other)
    counted, n = one.counted, float(one.nobs)
    used = counted > 0
    difference, c = (a - b)[used], counted[used]
    total, extra = float(c @ difference), one.n_params - other.n_params
    spread = np.sqrt(c @ (difference - total / n) ** 2 / (n - 1)) if n > 1 else np.nan
    same = not spread > SAME * np.sqrt(c @ a[used] ** 2 / n)
    ratios = np.asarray([total, total - extra, total - extra * np.log(n) / 2])
    z = np.full(3, np.nan) if same else ratios / (np.sqrt(n) * spread)
    log_p = log_two_sided(z)
    notes = ("No statistic: the log-likelihoods of the rows do not differ; the models are one.",) if same else ()
    columns = {"log_ratio": ratios, "z": z, "p_value": np.exp(log_p), "log_p_value": log_p}
    title = f"Vuong test of models that are not nested\n{_name(one)}  (z > 0)  against  {_name(other)}  (z < 0)"
    return TestTable(title, ("plain", "aic", "bic"), columns, notes, one.frame.kind)


def row_logliks(fit: Any) -> np.ndarray:
    """Log-likelihood of one count of each row (n,), prior weights applied, every parameter at its maximum."""
    loglik = np.asarray(fit._facts_at(fit._eta, _with_phi(fit)).loglik)[: fit._n]
    weights = fit._weights[: fit._n] / np.where(fit.counted > 0, fit.counted, 1.0)
    return np.where(weights > 0, weights * loglik, 0.0)


def _with_phi(fit: Any) -> Any:
    """The family at its dispersion, for which the rows are evaluated; None where that is the family of the problem."""
    if fit._phi is None:
        return None
    value = fit.family_params[fit._phi] if fit._known_phi is None else fit._known_phi
    return fit.family.with_links(**{fit._phi: Fixed(value)})


def _name(fit: Any) -> str:
    return f"{fit.family_name}, {fit.formula or f'{len(fit.frame.names)} columns'}"
