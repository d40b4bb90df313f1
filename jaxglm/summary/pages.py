"""What a summary says, laid out as text, HTML and LaTeX: one set of cells, three layouts."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .. import latex

WIDTH = 100
NARROWEST = 78
LINE = "border-top:1px solid #8888"
CELL = "padding:.15em .7em;text-align:right;white-space:nowrap"
LEFT = "padding:.15em .7em;text-align:left"
ALERT = "border-left:4px solid #c33;margin:.4em 0;max-width:50em"
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
