"""HOST: several models side by side, as text, HTML, LaTeX or a frame."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from . import latex
from .frame import to_frame
from .summary import CELL, LEFT, LINE, count, decimal, decimals_of, number

STATISTICS = {
    "nobs": ("Observations", count), "llf": ("Log-likelihood", number), "aic": ("AIC", number), "bic": ("BIC", number),
    "deviance": ("Deviance", number), "null_deviance": ("Null deviance", number), "df_resid": ("Residual df", count),
    "dispersion": ("Dispersion", number), "pearson_chi2": ("Pearson chi2", number), "n_iter": ("Iterations", count),
}  # fmt: skip
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
Cell = tuple[str, str]  # a number, and what stands behind it without a share in its alignment
Row = tuple[str, tuple[Cell, ...]]


@dataclass(frozen=True)
class ModelTable:
    """Estimates with standard errors in parentheses below, one column a model. Prints as text."""

    names: tuple[str, ...]
    head: tuple[tuple[str, tuple[str, ...]], ...]
    terms: tuple[Row, ...]
    statistics: tuple[Row, ...]
    notes: tuple[str, ...]
    numbers: tuple[tuple[str, np.ndarray], ...]  # columns of the frame
    kind: str

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in _text(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(_html(self))

    def to_latex(self) -> str:
        """The table as LaTeX, for a document that uses the package booktabs."""
        return _latex(self)

    def to_frame(self):
        """One row a term; two columns a model, its estimates and standard errors; NaN where it has no such term."""
        return to_frame(dict(self.numbers), self.kind)


def table(fits: Iterable[Any] | Mapping[str, Any], names: Sequence[str] | None = None, *,
          statistics: Sequence[str] = ("nobs", "llf", "aic", "bic"), exponentiate: bool = False,
          stars: bool = False) -> ModelTable:
    """Fitted models side by side; terms stand in the order in which they first appear.

    fits: results, or {name: results}. names: of the columns, by default (1), (2), ... statistics: below the terms, of
    nobs, llf, aic, bic, deviance, null_deviance, df_resid, dispersion, pearson_chi2, n_iter. exponentiate: estimates
    become their exponentials, standard errors those times the estimate. stars: * p < 0.05, ** p < 0.01, *** p < 0.001.
    Raises: ValueError where there is no model, the names are not as many, or a statistic is unknown.
    """
    titles, models = _named(fits, names)
    unknown = [s for s in statistics if s not in STATISTICS]
    if unknown:
        raise ValueError(f"unknown statistic {unknown[0]!r}; choose from {', '.join(STATISTICS)}.")
    terms = tuple(dict.fromkeys(name for fit in models for name in fit.names))
    columns = [_column(fit, exponentiate) for fit in models]
    cells = [_cells(fit, column, stars) for fit, column in zip(models, columns, strict=True)]
    rows = (row for term in terms for row in _rows(term, [c.get(term) for c in cells]))
    head = tuple((word, tuple(what(fit) for fit in models)) for word, what in HEAD.items())
    below = tuple((STATISTICS[s][0], tuple((STATISTICS[s][1](getattr(f, s)), "") for f in models)) for s in statistics)
    numbers = _numbers(titles, terms, columns)
    return ModelTable(titles, head, tuple(rows), below, _notes(models, exponentiate, stars), numbers,
                      models[0].frame.kind)


HEAD = {
    "Response": lambda fit: str(fit.frame.response),
    "Family": lambda fit: str(fit.family_name),
    "Link": lambda fit: str(fit.link_name),
}


def _named(fits: Any, names: Any) -> tuple[tuple[str, ...], list[Any]]:
    models = list(fits.values() if isinstance(fits, Mapping) else fits)
    given = tuple(fits) if isinstance(fits, Mapping) and names is None else names
    if not models:
        raise ValueError("table needs at least one model.")
    if isinstance(given, str) or (given is not None and len(given) != len(models)):
        raise ValueError(f"names must be {len(models)} names, one for each model; it is {given!r}.")
    titles = tuple(map(str, given)) if given is not None else tuple(f"({i + 1})" for i in range(len(models)))
    if len(set(titles)) < len(titles):
        raise ValueError(f"names must differ from each other; they are {', '.join(titles)}.")
    return titles, models


def _column(fit: Any, exponentiate: bool) -> dict[str, tuple[float, float]]:
    """Estimate and standard error of each term."""
    estimates, errors = np.asarray(fit.params, float), np.asarray(fit.bse, float)
    if exponentiate:
        estimates = np.exp(estimates)
        errors = estimates * errors
    return dict(zip(fit.names, zip(estimates.tolist(), errors.tolist(), strict=True), strict=True))


def _cells(fit: Any, column: dict[str, tuple[float, float]], stars: bool) -> dict[str, tuple[Cell, Cell]]:
    decimals = decimals_of([e for e, _ in column.values()], [s for _, s in column.values()])
    p = dict(zip(fit.names, np.asarray(fit.pvalues, float).tolist(), strict=True))
    made = {}
    for term, (estimate, error) in column.items():
        mark = next((text for limit, text in STARS if p[term] < limit), "") if stars else ""
        value = "aliased" if term in fit.aliased else decimal(estimate, decimals)
        made[term] = (value, mark), ("", "") if term in fit.aliased else (f"({decimal(error, decimals)}", ")")
    return made


def _rows(term: str, cells: list[tuple[Cell, Cell] | None]) -> tuple[Row, Row]:
    """The estimates of a term, and their standard errors below."""
    empty = ("", ""), ("", "")
    above, below = zip(*(c or empty for c in cells), strict=True)
    return (term, above), ("", below)


def _numbers(titles, terms, columns) -> tuple[tuple[str, np.ndarray], ...]:
    missing = np.nan, np.nan
    made = [("term", np.asarray(terms, object))]
    for title, column in zip(titles, columns, strict=True):
        values = np.array([column.get(term, missing) for term in terms]).reshape(-1, 2)
        made += [(f"{title} estimate", values[:, 0]), (f"{title} std_error", values[:, 1])]
    return tuple(made)


def _notes(models: list[Any], exponentiate: bool, stars: bool) -> tuple[str, ...]:
    kinds = list(dict.fromkeys(str(fit.cov_type) for fit in models))
    failed = [i + 1 for i, fit in enumerate(models) if not fit.converged]
    notes = [f"Standard errors in parentheses ({', '.join(kinds)})."]
    notes += ["Exponentials of the coefficients."] if exponentiate else []
    notes += [", ".join(f"{text} p < {limit:g}" for limit, text in STARS[::-1]) + "."] if stars else []
    notes += [f"NOT CONVERGED: model {', '.join(map(str, failed))}."] if failed else []
    return tuple(notes)


# ---------------------------------------------------------------- text


def _text(made: ModelTable) -> Iterable[str]:
    rows = made.terms + made.statistics
    numbers = [max(len(r[1][j][0]) for r in rows) for j in range(len(made.names))]
    marks = [max(len(r[1][j][1]) for r in rows) for j in range(len(made.names))]
    words = [[name, *(cells[j] for _, cells in made.head)] for j, name in enumerate(made.names)]
    widths = [max(n + m, *map(len, w)) for n, m, w in zip(numbers, marks, words, strict=True)]
    label = max(len(r[0]) for r in (*rows, *made.head))
    rule = "-" * (label + 2 + sum(w + 2 for w in widths))

    def whole(name: str, cells: Iterable[str]) -> str:
        return f" {name:<{label}}" + "".join(f"  {c:>{w}}" for c, w in zip(cells, widths, strict=True))

    def aligned(row: Row) -> str:
        return whole(row[0], [n + m.ljust(k) for (n, m), k in zip(row[1], marks, strict=True)])

    yield rule.replace("-", "=")
    yield whole("", made.names)
    yield from (whole(*line) for line in made.head)
    yield rule
    yield from map(aligned, made.terms)
    yield from [rule] * bool(made.statistics)
    yield from map(aligned, made.statistics)
    yield rule.replace("-", "=")
    yield from (f" {note}" for note in made.notes)


# ---------------------------------------------------------------- HTML


def _html(made: ModelTable) -> Iterable[str]:
    yield f'<table style="border-collapse:collapse;font-variant-numeric:tabular-nums;{LINE}">'
    yield _html_row("th", "", made.names, CELL)
    yield from (_html_row("td", name, cells, f"{CELL};opacity:.7") for name, cells in made.head)
    for block in (made.terms, made.statistics):
        for i, (name, cells) in enumerate(block):
            yield _html_row("td", name, ["".join(c) for c in cells], CELL if i else f"{CELL};{LINE}")
    for note in made.notes:
        yield f'<tr><td colspan={len(made.names) + 1} style="{LEFT};{LINE};font-size:90%">{escape(note)}</td></tr>'
    yield "</table>"


def _html_row(tag: str, name: str, cells: Iterable[str], style: str) -> str:
    first = style.replace("text-align:right", "text-align:left")
    rest = "".join(f'<{tag} style="{style}">{escape(cell)}</{tag}>' for cell in cells)
    return f'<tr><{tag} style="{first}">{escape(name)}</{tag}>{rest}</tr>'


# ---------------------------------------------------------------- LaTeX


def _latex(made: ModelTable) -> str:
    """Estimates carry an invisible parenthesis, so that they stand above the numbers of their standard errors."""
    words = lambda name, cells: latex.row([latex.escape(name), *map(latex.escape, cells)])  # noqa: E731
    head = [words("", made.names), *(words(*line) for line in made.head)]
    blocks = [[latex.row([latex.escape(name), *map(_latex_cell, cells)]) for name, cells in block]
              for block in (made.terms, made.statistics)]
    notes = "".join("\n" + rf"\\ \footnotesize {latex.escape(note)}" for note in made.notes)
    return latex.tabular([head, *blocks], f"@{{}}l{'r' * len(made.names)}@{{}}") + notes


def _latex_cell(cell: Cell) -> str:
    text, mark = cell
    if mark == ")" or not text:
        return latex.number(text + mark)
    return latex.number(text) + (rf"\rlap{{\textsuperscript{{{mark}}}}}" if mark else "") + r"\phantom{)}"
