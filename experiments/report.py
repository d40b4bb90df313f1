"""What a run leaves behind: one HTML page with its pictures inside, and tables for people."""

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.figures import plt

Row = Mapping[str, Any]
CSS = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{css}</style></head><body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


@dataclass(frozen=True)
class Outcome:
    """What an experiment hands to the runner: all numbers, the tables to print, the report, and whether it passed."""

    rows: Sequence[Row]
    tables: Sequence[Sequence[Row]]
    report: "Report"
    ok: bool = True


class Report:
    """Collects sections in reading order; pictures are also saved as files."""

    def __init__(self, title: str, out: Path) -> None:
        self.title, self.figures, self.parts = title, out / "figures", list[str]()
        self.figures.mkdir(parents=True, exist_ok=True)

    def heading(self, text: str) -> None:
        self.parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str, *, soft: bool = False) -> None:
        self.parts.append(f"<p{' class=soft' * soft}>{html.escape(text)}</p>")

    def code(self, text: str) -> None:
        self.parts.append(f"<pre>{html.escape(text)}</pre>")

    def html(self, fragment: str) -> None:
        self.parts.append(fragment)

    def verdict(self, ok: bool, text: str) -> None:
        self.parts.append(f'<p class="verdict {_class(ok)}">{html.escape(text)}</p>')

    def table(self, rows: Sequence[Row]) -> None:
        head = "".join(f"<th>{html.escape(str(key))}</th>" for key in (rows[0] if rows else ()))
        body = "".join("<tr>" + "".join(_cell(value) for value in row.values()) + "</tr>" for row in rows)
        table = f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        self.parts.append(f'<div class="scroll">{table}</div>')

    def figure(self, figure: Any, name: str, caption: str) -> None:
        """Saves `figures/NAME.png`, puts the same bytes into the page, and closes the figure."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        plt.close(figure)
        (self.figures / f"{name}.png").write_bytes(buffer.getvalue())
        data, words = base64.b64encode(buffer.getvalue()).decode(), html.escape(caption)
        image = f'<img alt="{words}" src="data:image/png;base64,{data}">'
        self.parts.append(f"<figure>{image}<figcaption>{words}</figcaption></figure>")

    def page(self) -> str:
        return PAGE.format(title=html.escape(self.title), css=CSS, body="\n".join(self.parts))


def text_table(rows: Sequence[Row]) -> str:
    """Aligned columns for a terminal."""
    if not rows:
        return "(no rows)"
    lines = [list(rows[0])] + [[words(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [all(isinstance(row[key], int | float | None) for row in rows) for key in rows[0]]
    return "\n".join("  ".join(_align(lines[i], widths, right)).rstrip() for i in range(len(lines)))


def _align(cells: Iterable[str], widths: Iterable[int], right: Iterable[bool]) -> list[str]:
    return [cell.rjust(width) if r else cell.ljust(width) for cell, width, r in zip(cells, widths, right, strict=True)]


def words(value: Any) -> str:
    """A cell as people read it: four significant digits, pass or FAIL, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "pass" if value else "FAIL"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _class(value: Any) -> str:
    return (
        {True: "good", False: "bad"}[value]
        if isinstance(value, bool)
        else "number"
        if isinstance(value, int | float)
        else ""
    )


def _cell(value: Any) -> str:
    return f'<td class="{_class(value)}">{html.escape(words(value))}</td>'
