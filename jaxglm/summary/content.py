"""What a summary says of a fit."""

import math
import re
from collections.abc import Iterator
from typing import Any

from .numbers import count, decimal, decimals_of, exponent, number, p_value, test_statistic
from .pages import Cells, Group, Summary

DISPERSION = {"pearson": "Pearson chi2 / df", "deviance": "deviance / df", "ml": "maximum likelihood"}
ALIASED = "aliased: a combination of earlier columns, without a coefficient of its own."
ALIASED_IN_SETS = "aliased: constant within the sets, or a combination of earlier columns there; it changes no choice."
QUASI = "A quasi family has no distribution: there is no log-likelihood, and no AIC or BIC."


def render(results: Any, alpha: float = 0.05) -> Summary:
    """The summary of a results object, with confidence limits at level 1 - alpha."""
    aliased = ALIASED if results.family.tied is None else ALIASED_IN_SETS
    notes = (aliased,) * bool(len(results.aliased)) + (QUASI,) * (not results.family.is_density)
    return Summary(_title(results), _formula(results), _facts(results), _measures(results), _alert(results),
                   tuple(_groups(results, alpha)), notes)


def _title(results: Any) -> str:
    family = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(results.family_name)).capitalize()
    return f"{family} regression, {results.link_name} link"


def _formula(results: Any) -> str:
    frame = getattr(results, "frame", None)
    response, success = getattr(frame, "response", "y"), getattr(frame, "success", None)
    coded = f"   (success: {response} = {success})" if success not in (None, "True") else ""
    count = len(results.names) - sum(_is_shared(results))
    return (results.formula or f"{response} on {count} column{'s' * (count != 1)}") + coded


def _facts(results: Any) -> tuple[tuple[str, str], ...]:
    steps = int(results.n_iter)
    status = _status(results)
    penalty = getattr(results, "penalty_name", None)
    penalised = (("Penalty", str(penalty)),) if penalty else ()
    return (("Observations", count(results.nobs)), ("Rows dropped", count(results.n_dropped)),
            ("Solver", str(results.solver_name)), ("Status", f"{status}, {steps} iteration{'s' * (steps != 1)}"),
            ("Covariance", str(results.cov_description)), *_of_variance(results, ("Dispersion", _dispersion)),
            *penalised)


def _of_variance(results: Any, *lines: tuple[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Lines (name, function of the results) that belong to a family with a variance function of the mean."""
    return tuple((name, value(results)) for name, value in lines) if results.has_variance_function else ()


def _status(results: Any) -> str:
    return str(results.status.name).lower().replace("_", " ")


def _dispersion(results: Any) -> str:
    method, value = results.dispersion_method, number(results.dispersion)
    if results.modelled_dispersion:
        return "has coefficients of its own"
    if not _use_t(results) and method in ("pearson", "deviance"):
        return f"{value} (fixed by the family)"
    return f"{value} ({DISPERSION.get(method, 'fixed')})"


def _use_t(results: Any) -> bool:
    estimated = results.dispersion_method in DISPERSION and results.dispersion != 1
    return bool(getattr(results, "use_t", estimated))


def _measures(results: Any) -> tuple[tuple[str, str], ...]:
    named = {
        "Log-likelihood": results.llf, "AIC": results.aic, "BIC": results.bic,
        f"Deviance ({count(results.df_resid)} df)": results.deviance,
        f"Null deviance ({count(results.df_null)} df)": results.null_deviance,
        **dict(_of_variance(results, ("Pearson chi2", lambda r: r.pearson_chi2))),
    }
    if getattr(results, "penalty_name", None):
        named["Penalised log-likelihood"] = results.penalised_llf
    values = [float(value) for value in named.values()]
    decimals = min(max(5 - exponent(max(map(abs, filter(math.isfinite, values)), default=0.0)), 1), 4)
    return tuple(zip(named, (decimal(value, decimals) for value in values), strict=True))


def _alert(results: Any) -> str:
    return "" if results.converged else f"NOT CONVERGED ({_status(results)}). {results.message}"


def _is_shared(results: Any) -> list[bool]:
    """Which of `params` are one number for all rows, such as log(alpha)."""
    return [owner in results.family_params for owner in results.predictors]


def _groups(results: Any, alpha: float) -> Iterator[Group]:
    limits = tuple(f"{100 * p:.4g} %" for p in (alpha / 2, 1 - alpha / 2))
    letter = "t" if _use_t(results) else "z"
    triples = list(zip(_cells(results, alpha), results.predictors, _is_shared(results), strict=True))
    own = list(dict.fromkeys(owner for _, owner, shared in triples if not shared))
    for owner in own:
        label = owner if len(own) > 1 else ""
        rows = tuple(_within(row, owner) for row, mine, _ in triples if mine == owner)
        yield Group((label, "estimate", "std. error", letter, "p", *limits), rows)
    shared = tuple(_shared_row(row, owner, results.family_params) for row, owner, is_shared in triples if is_shared)
    if shared:
        yield Group(("shared by all rows", "estimate", "std. error", "natural scale", *limits), shared)


def _within(row: Cells, owner: str) -> Cells:
    """The row below its parameter's own head, which need not be named again."""
    return row[0].removeprefix(f"{owner}: "), *row[1:]


def _cells(results: Any, alpha: float) -> list[Cells]:
    columns = (results.params, results.bse, results.tvalues, results.pvalues)
    rows = zip(results.names, *([float(v) for v in column] for column in columns), results.conf_int(alpha), strict=True)
    decimals = decimals_of([float(v) for v in results.params], [float(v) for v in results.bse])
    return [_row(name, estimate, se, statistic, p, [float(v) for v in limits], name in results.aliased, decimals)
            for name, estimate, se, statistic, p, limits in rows]


def _row(name: str, estimate: float, se: float, statistic: float, p: float, limits: list[float], aliased: bool,
         decimals: int | None) -> Cells:
    if aliased:
        return name, "aliased", "", "", "", "", ""
    low, high = (decimal(limit, decimals) for limit in limits)
    return name, decimal(estimate, decimals), decimal(se, decimals), test_statistic(statistic), p_value(p), low, high


def _shared_row(row: Cells, parameter: str, natural: dict[str, float]) -> Cells:
    """A test of log(alpha) = 0 would be one of alpha = 1: the value itself stands in its place."""
    if row[0] == parameter:  # on the natural scale already
        return *row[:3], "", *row[5:]
    return *row[:3], f"{parameter} = {number(natural[parameter])}", *row[5:]
