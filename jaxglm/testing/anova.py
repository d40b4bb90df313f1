"""HOST: tables of tests: the terms of a model in sequence, each term dropped alone, several fits in a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .likelihood_ratio import by_deviance, checked_df, chosen_test, design_matrix, gain, misfit, stacked
from .restricted import Restricted, without
from .score import quadratic, score_at
from .table import TestTable, log_tail
from .terms import Term, all_terms, droppable

Groups = Mapping[str, Sequence[str]] | None


@dataclass(frozen=True)
class Scale:
    """What the statistics of a table are divided by: the dispersion of its largest fit."""

    fit: Any
    test: str

    @property
    def deviance(self) -> bool:
        return by_deviance(self.fit, self.test)

    @property
    def as_f(self) -> bool:
        return self.test == "F"

    def statistic(self, change: float, df: int) -> float:
        """Of a change in deviance (twice the log-likelihood) or of a score statistic; NaN where no column changes."""
        if not df:
            return np.nan
        by = self.fit.dispersion if self.deviance or self.test == "rao" else 1.0
        return change / by / (df if self.as_f else 1)

    def table(self, title: str, rows: Sequence[str], columns: dict, notes: Sequence[str] = ()) -> TestTable:
        """The table with p-values of its statistics; columns: df and statistic among them."""
        made = {name: np.asarray(values, float) for name, values in columns.items()}
        statistic, df = made.pop("statistic"), made["df"]
        df_denom = float(self.fit.df_resid) if self.as_f else np.inf
        log_p = log_tail(statistic, df, df_denom, as_f=self.as_f)
        made |= {self.test: statistic, "p_value": np.exp(log_p), "log_p_value": log_p}
        divided = self.fit.use_t and (self.deviance or self.test == "rao")
        about = f"dispersion {self.fit.dispersion:.5g}, " if divided else ""
        heading = f"{title}\n{self.fit.family_name}, {self.fit.link_name} link, {about}test: {self.test}"
        return TestTable(heading, tuple(rows), made, tuple(dict.fromkeys(notes)), self.fit.frame.kind)


def anova(fit: Any, test: str | None = None, *, terms: Groups = None) -> TestTable:
    """Analysis of deviance: the terms of a model added one after another to the model without them.

    test: "chi2", "F" (default where the dispersion is estimated) or "rao", the score test of each term in the model of
        those before it. Differences in deviance are over the dispersion of the whole model; a family with further
        parameters (alpha) is fitted anew with each, and compared by twice the log-likelihood.
    terms: {name: names of its columns} for an array model, whose columns are terms of their own otherwise.
    Raises: ValueError for an unknown test or column.
    Source: McCullagh and Nelder (1989), section 2.3.
    """
    scale = Scale(fit, chosen_test(fit, test))
    listed = all_terms(fit, terms)
    steps = [without(fit, _columns(listed[i:])) for i in range(len(listed) + 1)]
    pairs = list(pairwise(steps))
    compared = [_compared(scale, small, large, lambda a=small, b=large: _rao(fit, a, b.span)) for small, large in pairs]
    left = [misfit(s.fit, scale.deviance) if s.usable else np.nan for s in steps]
    columns = _sequence(scale, left, [fit.nobs - _rank(fit, s) for s in steps], compared)
    notes = [note for c in compared for note in c.notes]
    return scale.table(f"Terms added in sequence: {_name(fit)}", ["NULL", *(t.name for t in listed)], columns, notes)


def drop_one(fit: Any, test: str | None = None, *, terms: Groups = None) -> TestTable:
    """Each term dropped alone from the model; a term that another one contains stays (marginality).

    test, terms: as in `anova`. "rao" is the score test of the term in the model without it. AIC counts every estimated
    parameter, the dispersion too, at its maximum.
    Raises: ValueError for an unknown test or column.
    """
    scale = Scale(fit, chosen_test(fit, test))
    listed = droppable(all_terms(fit, terms))
    whole = without(fit, ())
    steps = [without(fit, term.columns) for term in listed]
    compared = [_compared(scale, s, whole, lambda s=s: _rao(fit, s, whole.span)) for s in steps]
    measure = "deviance" if scale.deviance else "minus_2_loglik"
    columns = {
        "df": [np.nan, *(c.df for c in compared)],
        measure: [misfit(s.fit, scale.deviance) if s.usable else np.nan for s in (whole, *steps)],
        "aic": [fit.aic, *(s.fit.aic - 2 * c.df if s.usable else np.nan for s, c in zip(steps, compared, strict=True))],
        "statistic": [np.nan, *(scale.statistic(c.used, c.df) for c in compared)],
    }
    notes = [note for c in compared for note in c.notes]
    title, rows = f"Terms dropped one at a time: {_name(fit)}", ["<none>", *(t.name for t in listed)]
    return scale.table(title, rows, columns, notes)


def anova_of_fits(*fits: Any, test: str | None = None) -> TestTable:
    """Analysis of deviance of fits, each of which contains the one before; with one fit, `fit.anova()`.

    test: as in `anova`; the dispersion is that of the last fit.
    Raises: ValueError where the fits are not nested in this order.
    """
    if not fits:
        raise ValueError("anova needs a fit, or several that are nested in each other.")
    if len(fits) == 1:
        return anova(fits[0], test)
    scale = Scale(fits[-1], chosen_test(fits[-1], test))
    pairs = list(pairwise(fits))
    compared = [_compared_fits(scale, small, large) for small, large in pairs]
    left = [misfit(f, scale.deviance) for f in fits]
    columns = _sequence(scale, left, [f.df_resid for f in fits], compared)
    rows = [str(i + 1) for i in range(len(fits))]
    notes = [f"{row}: {_name(f)}" for row, f in zip(rows, fits, strict=True)] + [n for c in compared for n in c.notes]
    return scale.table("Nested fits", rows, columns, notes)


# ---------------------------------------------------------------- the rows


@dataclass(frozen=True)
class Compared:
    """A smaller and a larger model: columns between them, change in misfit, and what the statistic is made of."""

    df: int
    change: float
    used: float
    notes: tuple[str, ...] = ()


def _compared(scale: Scale, small: Restricted, large: Restricted, rao: Callable) -> Compared:
    df = large.rank - small.rank
    change, notes = gain(small.fit, large.fit, scale.deviance)
    if scale.test != "rao" or not df or np.isnan(change):
        return Compared(df, change if df else 0.0, change, notes)
    used, more = rao()
    return Compared(df, change, used, notes + more)


def _compared_fits(scale: Scale, small: Any, large: Any) -> Compared:
    df = checked_df(small, large)
    change, notes = gain(small, large, scale.deviance)
    if scale.test != "rao" or np.isnan(change):
        return Compared(df, change, change, notes)
    used, more = _score_statistic(large.problem, _embedded(small, large), np.eye(len(large.state.theta)))
    return Compared(df, change, used, notes + more)


def _rao(fit: Any, small: Restricted, span: np.ndarray) -> tuple[float, tuple[str, ...]]:
    """Score statistic at the smaller model within the coefficients of the larger."""
    return _score_statistic(fit.problem, np.asarray(small.fit.state.theta), span)


def _score_statistic(problem: Any, theta: np.ndarray, span: np.ndarray) -> tuple[float, tuple[str, ...]]:
    gradient, information = score_at(problem, theta)
    gradient, information = span.T @ gradient, span.T @ information @ span
    statistic, _, notes = quadratic(gradient, information, np.arange(0), np.arange(len(gradient)))
    return statistic, notes


def _embedded(small: Any, large: Any) -> np.ndarray:
    """theta of the larger problem that makes the smaller one's linear predictors."""
    used = large._weights > 0
    predictors = small.problem.family.predictors
    etas = dict(zip(predictors, small._eta, strict=True))
    missing = [p for p in large.problem.family.predictors if p not in predictors]
    if missing:
        raise ValueError(f"test='rao' needs fits of the same parameters; {', '.join(missing)} is fixed in the smaller.")
    parts = []
    for k, name in enumerate(large.problem.family.predictors):
        design, offset = design_matrix(large.problem, k), large.problem.offsets[k]
        eta = np.broadcast_to(etas[name], design.shape[:-1])
        wanted = eta if offset is None else eta - np.asarray(offset)
        parts.append(np.linalg.lstsq(stacked(design[used]), np.ravel(wanted[used]), rcond=None)[0])
    return np.concatenate(parts)


def _sequence(scale: Scale, left: Sequence[float], resid_df: Sequence[float], compared: Sequence[Compared]) -> dict:
    """Columns of a table whose rows are models in order of size."""
    change, rest = ("deviance", "resid_dev") if scale.deviance else ("lr", "minus_2_loglik")
    return {
        "df": [np.nan, *(c.df for c in compared)],
        change: [np.nan, *(c.change for c in compared)],
        "resid_df": resid_df,
        rest: left,
        "statistic": [np.nan, *(scale.statistic(c.used, c.df) for c in compared)],
    }


def _rank(fit: Any, model: Restricted) -> int:
    """Columns of the mean in a model without some; further parameters do not count."""
    return model.rank - (len(fit.state.theta) - int(fit.nobs - fit.df_resid))


def _columns(terms: Sequence[Term]) -> list[int]:
    return [j for term in terms for j in term.columns]


def _name(fit: Any) -> str:
    return fit.formula or f"{fit.frame.response} on {len(fit.frame.names)} columns"
