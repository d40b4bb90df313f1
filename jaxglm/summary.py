"""The summary of a fit as text and as HTML: one set of cells, two layouts."""

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from . import latex

WIDTH = 100
NARROWEST = 78
DISPERSION = {"pearson": "Pearson chi2 / df", "deviance": "deviance / df", "ml": "maximum likelihood"}
ALIASED = "aliased: a combination of earlier columns, without a coefficient of its own."
ALIASED_IN_SETS = "aliased: constant within the sets, or a combination of earlier columns there; it changes no choice."
QUASI = "A quasi family has no distribution: there is no log-likelihood, and no AIC or BIC."
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Coefficients of one predictor, or the parameters that all rows share."""

    head: Cells
    rows: tuple[Cells, ...]


@dataclass(frozen=True)
class Summary:
    """What a fit found. Prints as text; a notebook shows it as HTML."""

    title: str
    formula: str
    facts: tuple[tuple[str, str], ...]
    measures: tuple[tuple[str, str], ...]
    alert: str
    groups: tuple[Group, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in _text(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(_html(self))

    def to_latex(self) -> str:
        """The summary as LaTeX, for a document that uses the package booktabs."""
        return "\n".join(_latex(self))


def render(results: Any, alpha: float = 0.05) -> Summary:
    """The summary of a results object, with confidence limits at level 1 - alpha."""
    aliased = ALIASED if results.family.tied is None else ALIASED_IN_SETS
    notes = (aliased,) * bool(len(results.aliased)) + (QUASI,) * (not results.family.is_density)
    return Summary(_title(results), _formula(results), _facts(results), _measures(results), _alert(results),
                   tuple(_groups(results, alpha)), notes)


# ---------------------------------------------------------------- what it says


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
    decimals = min(max(5 - _exponent(max(map(abs, filter(math.isfinite, values)), default=0.0)), 1), 4)
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
    return name, decimal(estimate, decimals), decimal(se, decimals), _statistic(statistic), p_value(p), low, high


def _shared_row(row: Cells, parameter: str, natural: dict[str, float]) -> Cells:
    """A test of log(alpha) = 0 would be one of alpha = 1: the value itself stands in its place."""
    if row[0] == parameter:  # on the natural scale already
        return *row[:3], "", *row[5:]
    return *row[:3], f"{parameter} = {number(natural[parameter])}", *row[5:]


# ---------------------------------------------------------------- numbers


def number(value: Any) -> str:
    """Five significant digits, without an exponent between 1e-4 and 1e6."""
    value = float(value)
    large = math.isfinite(value) and 1e5 <= abs(value) < 1e6
    return f"{value:.0f}" if large else f"{value:.5g}"


def count(value: Any) -> str:
    """A number of rows: an integer where it is one."""
    value = float(value)
    return f"{value:,.0f}" if math.isfinite(value) and value == round(value) else f"{value:,.5g}"


def p_value(p: float) -> str:
    if p < 1e-16:
        return "<1e-16"
    return f"{p:.1e}" if p < 1e-4 else f"{p:.4f}"


def _statistic(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e4 else f"{value:.4g}"


def _exponent(value: float) -> int:
    return math.floor(math.log10(value)) if value > 0 else 0


def decimals_of(estimates: Sequence[float], errors: Sequence[float]) -> int | None:
    """Decimals that show four digits of the largest standard error and three of the smallest; None if too many."""
    sizes = [abs(v) for v in errors if math.isfinite(v) and v] or [abs(v) for v in estimates if math.isfinite(v) and v]
    if not sizes:
        return 4
    decimals = max(3 - _exponent(max(sizes)), 2 - _exponent(min(sizes)), 0)
    largest = max([*sizes, *(abs(v) for v in estimates if math.isfinite(v))])
    return decimals if _exponent(largest) + decimals <= 9 else None


def decimal(value: float, decimals: int | None) -> str:
    """The value with these decimals, or five significant digits where they would hide or drown it."""
    if decimals is None or not math.isfinite(value) or abs(value) >= 1e9 or 0 < abs(value) < 0.5 * 10**-decimals:
        return f"{value:.5g}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


# ---------------------------------------------------------------- text


def _text(summary: Summary) -> Iterator[str]:
    columns, facts = _column_widths(summary.groups), list(_two_columns(summary))
    width = max(NARROWEST, sum(columns) + 2 * len(columns), *(len(left + right) + 3 for left, right in facts))
    width = min(width, WIDTH)
    columns[0] += max(width - sum(columns) - 2 * len(columns), 0)
    yield "=" * width
    yield f" {summary.title}"
    yield from textwrap.wrap(summary.formula, width, initial_indent=" ", subsequent_indent="     ")
    yield "-" * width
    yield from (f"{left}{right:>{width - len(left)}}" for left, right in facts)
    if summary.alert:
        yield "-" * width
        yield from textwrap.wrap(summary.alert, width, initial_indent=" ", subsequent_indent=" ")
    for group in summary.groups:
        yield "-" * width
        yield from _table(group, columns)
    yield "=" * width
    for note in summary.notes:
        yield from textwrap.wrap(note, width, initial_indent=" ", subsequent_indent=" ")


def _two_columns(summary: Summary) -> Iterator[tuple[str, str]]:
    """Facts to the left and measures to the right."""
    fact, measure, amount = (max(len(pair[j]) for pair in pairs) for pairs, j in
                             ((summary.facts, 0), (summary.measures, 0), (summary.measures, 1)))
    for (name, value), (title, size) in zip(summary.facts, summary.measures, strict=True):
        yield f" {name:<{fact}}  {value}", f"{title:<{measure}}  {size:>{amount}} "


def _column_widths(groups: Sequence[Group]) -> list[int]:
    """Widths of the seven columns; the natural scale stands in two of them."""
    rows = [row for group in groups for row in (group.head, *group.rows)]
    widths = [max([len(row[j]) for row in rows if len(row) == 7] or [0]) for j in range(7)]
    for row in (row for row in rows if len(row) == 6):
        row_widths = [len(row[0]), len(row[1]), len(row[2]), widths[3], widths[4], len(row[4]), len(row[5])]
        widths = [max(pair) for pair in zip(widths, row_widths, strict=True)]
        widths[3] += max(len(row[3]) - widths[3] - widths[4] - 2, 0)
    widths[0] = max(min(widths[0], WIDTH - sum(widths[1:]) - 2 * 7), 12)
    return widths


def _table(group: Group, columns: list[int]) -> Iterator[str]:
    widths = columns if len(group.head) == 7 else [*columns[:3], columns[3] + columns[4] + 2, *columns[5:]]
    for row in (group.head, *group.rows):
        cells = [f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield f" {shortened(row[0], widths[0]):<{widths[0]}}" + "".join(cells)


def shortened(name: str, width: int) -> str:
    """The name with its middle left out: the end tells the levels of a factor apart."""
    if len(name) <= width:
        return name
    tail = (width - 3 + 1) // 2
    return f"{name[:width - 3 - tail]}...{name[-tail:]}"


# ---------------------------------------------------------------- HTML

LINE = "border-top:1px solid #8888"
CELL = "padding:.15em .7em;text-align:right;white-space:nowrap"
LEFT = "padding:.15em .7em;text-align:left"
ALERT = "border-left:4px solid #c33;margin:.4em 0;max-width:50em"


def _html(summary: Summary) -> Iterator[str]:
    yield '<div style="font-variant-numeric:tabular-nums;line-height:1.35;display:inline-block">'
    yield f'<div style="{LEFT};font-size:115%;font-weight:600">{escape(summary.title)}</div>'
    yield f'<div style="{LEFT}"><code>{escape(summary.formula)}</code></div>'
    yield f'<table style="border-collapse:collapse;width:100%;{LINE}">'
    for left, right in zip(summary.facts, summary.measures, strict=True):
        yield f"<tr>{_html_fact(left, LEFT)}{_html_fact(right, CELL)}</tr>"
    yield "</table>"
    if summary.alert:
        yield f'<div style="{LEFT};{ALERT}">{escape(summary.alert)}</div>'
    yield f'<table style="border-collapse:collapse;width:100%;{LINE}">'
    for group in summary.groups:
        yield _html_row("th", group.head, f"{CELL};{LINE};font-weight:600")
        yield from (_html_row("td", row, CELL) for row in group.rows)
    yield "</table>"
    yield from (f'<div style="{LEFT};{LINE};font-size:90%">{escape(note)}</div>' for note in summary.notes)
    yield "</div>"


def _html_fact(fact: tuple[str, str], style: str) -> str:
    return f'<td style="{LEFT};opacity:.7">{escape(fact[0])}</td><td style="{style}">{escape(fact[1])}</td>'


def _html_row(tag: str, row: Cells, style: str) -> str:
    spans = [2 if len(row) == 6 and j == 3 else 1 for j in range(len(row))]
    cells = [f'<{tag} style="{style}"{" colspan=2" * (span > 1)}>{escape(cell)}</{tag}>'
             for cell, span in zip(row[1:], spans[1:], strict=True)]
    first = style.replace("text-align:right", "text-align:left")
    return f'<tr><{tag} style="{first}">{escape(row[0])}</{tag}>{"".join(cells)}</tr>'


# ---------------------------------------------------------------- LaTeX


def _latex(summary: Summary) -> Iterator[str]:
    yield rf"\textbf{{{latex.escape(summary.title)}}}\\"
    yield rf"\texttt{{{latex.escape(summary.formula)}}}\\[1ex]"
    pairs = zip(summary.facts, summary.measures, strict=True)
    rows = [latex.row((*map(latex.escape, left), latex.escape(name), latex.number(v))) for left, (name, v) in pairs]
    yield latex.tabular([rows], "@{}lllr@{}") + r"\\[1ex]"
    if summary.alert:
        yield rf"\emph{{{latex.escape(summary.alert)}}}\\[1ex]"
    heads_and_rows = (rows for group in summary.groups for rows in ((group.head,), group.rows))
    blocks = [list(map(_latex_row, rows)) for rows in heads_and_rows]
    yield latex.tabular(blocks, "@{}lrrrrrr@{}")
    yield from (rf"\\ \footnotesize {latex.escape(note)}" for note in summary.notes)


def _latex_row(row: Cells) -> str:
    cells = [latex.escape(row[0]), *map(latex.number, row[1:])]
    return latex.row(latex.spanned(cells, 3, 2) if len(cells) == 6 else cells)
