"""HOST: results of tests: one hypothesis, or a table of them; as text, as HTML and as a frame."""

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from ..frame import to_frame
from ..inference import log_chi2, log_f
from ..summary import number

LOG_10 = math.log(10)
CELL = "padding:.15em .7em;text-align:right;white-space:nowrap"


@dataclass(frozen=True)
class HypothesisTest:
    """A test of one hypothesis: chi-squared with df degrees of freedom, or F with df and df_denom."""

    method: str
    hypothesis: tuple[str, ...]  # what holds under the null, a line each
    statistic: float
    df: int
    df_denom: float  # inf for chi-squared
    log_pvalue: float  # natural log: finite where the p-value is below the smallest float
    notes: tuple[str, ...] = ()
    kind: str = field(default="numpy", repr=False)

    @property
    def distribution(self) -> str:
        return "chi2" if math.isinf(self.df_denom) else "F"

    @property
    def pvalue(self) -> float:
        return math.exp(self.log_pvalue)

    def frame(self):
        """One row, as a frame of the input's kind."""
        columns = {"test": np.asarray([self.method], object)}
        numbers = ("statistic", "df", "df_denom", "pvalue", "log_pvalue")
        names = dict(pvalue="p_value", log_pvalue="log_p_value")
        return to_frame(columns | {names.get(n, n): np.asarray([getattr(self, n)], float) for n in numbers}, self.kind)

    def _result(self) -> str:
        df = f"{self.df:g}" if self.distribution == "chi2" else f"{self.df:g}, {self.df_denom:g}"
        return f"{self.distribution}({df}) = {number(self.statistic)},  p = {p_text(self.log_pvalue)}"

    def __str__(self) -> str:
        lines = [self.method, *(f"  H0: {h}" for h in self.hypothesis), f"  {self._result()}", *_wrapped(self.notes)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        null = "".join(f"<div><code>{escape(h)}</code></div>" for h in self.hypothesis)
        notes = "".join(f"<div>{escape(n)}</div>" for n in self.notes)
        return f"<div><b>{escape(self.method)}</b>{null}<div>{escape(self._result())}</div>{notes}</div>"


@dataclass(frozen=True)
class TestTable:
    """Tests in rows, arrays by name in `columns`; NaN where a row has no such number."""

    __test__ = False  # a name that pytest would collect

    title: str
    rows: tuple[str, ...]
    columns: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()
    kind: str = field(default="numpy", repr=False)

    def __getitem__(self, name: str) -> np.ndarray:
        """A column by name."""
        return self.columns[name]

    def row(self, name: str) -> dict[str, Any]:
        """{column: value} of a row by name."""
        return {column: values[self.rows.index(name)] for column, values in self.columns.items()}

    def frame(self):
        """The table as a frame of the input's kind, the names of its rows in the column `term`."""
        return to_frame({"term": np.asarray(self.rows, object), **self.columns}, self.kind)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        shown = {name: v for name, v in self.columns.items() if name != "log_p_value"}
        yield "", *(HEADS.get(name, name) for name in shown)
        for i, row in enumerate(self.rows):
            log_p = self.columns["log_p_value"][i]
            yield row, *(p_text(log_p) if name == "p_value" else _cell(v, i) for name, v in shown.items())

    def __str__(self) -> str:
        cells = list(self._cells())
        widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
        lines = ("  ".join([f"{row[0]:<{widths[0]}}", *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells)
        return "\n".join([self.title, *lines, *_wrapped(self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *body = self._cells()
        made = _html_row("th", head) + "".join(_html_row("td", row) for row in body)
        notes = "".join(f"<div>{escape(n)}</div>" for n in self.notes)
        return f"<div><b>{escape(self.title)}</b><table>{made}</table>{notes}</div>"


HEADS = {"resid_df": "resid. df", "resid_dev": "resid. dev", "p_value": "p", "minus_2_loglik": "-2 loglik"}


def log_tail(statistic, df, df_denom=np.inf, *, as_f: bool) -> np.ndarray:
    """log p of F statistics, or of chi-squared ones; NaN where df is 0."""
    return log_f(statistic, df, df_denom) if as_f else log_chi2(statistic, df)


def p_text(log_p: float) -> str:
    """A p-value of any size from its log: 0.0123, 4.5e-07, 1.2e-1000; nothing for NaN."""
    if math.isnan(log_p):
        return ""
    if log_p > math.log(1e-4):
        return f"{math.exp(log_p):.4f}"
    if math.isinf(log_p):
        return "0"
    power = math.floor(log_p / LOG_10)
    digits = f"{math.exp(log_p - power * LOG_10):.1f}"
    return f"{digits}e{power:03d}" if digits != "10.0" else f"1.0e{power + 1:03d}"


def _cell(values: Any, i: int) -> str:
    """An entry with the decimals that its column has in common: five digits of the largest, four at most."""
    sizes = np.abs(values[np.isfinite(values)])
    whole, largest = bool(np.all(sizes == np.round(sizes))), float(np.max(sizes, initial=1.0))
    if math.isnan(values[i]):
        return ""
    if largest >= 1e9 or not math.isfinite(values[i]):
        return number(values[i])
    return f"{values[i]:.{0 if whole else min(max(4 - math.floor(math.log10(max(largest, 1))), 1), 4)}f}"


def _wrapped(notes: tuple[str, ...]) -> list[str]:
    return [line for note in notes for line in textwrap.wrap(note, 100, initial_indent="  ", subsequent_indent="  ")]


def _html_row(tag: str, row: tuple[str, ...]) -> str:
    first = CELL.replace("right", "left")
    cells = "".join(f'<{tag} style="{CELL}">{escape(c)}</{tag}>' for c in row[1:])
    return f'<tr><{tag} style="{first}">{escape(row[0])}</{tag}>{cells}</tr>'
