"""HOST: tables as LaTeX, with the rules of the package booktabs."""

import re
from collections.abc import Iterable, Sequence

ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip
NUMBER = re.compile(r"(?<![\w.)\]])-(?=\d|inf)")
RULES = ("toprule", "midrule", "bottomrule")


def escape(text: str) -> str:
    """The text with every character that LaTeX reads as a command written out."""
    return "".join(ESCAPED.get(c, c) for c in text)


def number(text: str) -> str:
    """A cell of numbers: escaped, with a minus sign in place of a hyphen."""
    return NUMBER.sub("$-$", escape(text))


def tabular(blocks: Iterable[Sequence[str]], columns: str) -> str:
    """A tabular with rules above, between and below blocks of rows, which are cells joined by `row`."""
    lines = [rf"\begin{{tabular}}{{{columns}}}", rf"\{RULES[0]}"]
    for i, block in enumerate(b for b in blocks if b):
        lines += [rf"\{RULES[1]}"] * (i > 0) + list(block)
    return "\n".join([*lines, rf"\{RULES[2]}", r"\end{tabular}"])


def row(cells: Iterable[str]) -> str:
    """One row of a tabular; the cells are LaTeX already."""
    return " & ".join(cells) + r" \\"


def spanned(cells: Sequence[str], at: int, width: int) -> list[str]:
    """The cells with the one at this place over several columns."""
    return [rf"\multicolumn{{{width}}}{{r}}{{{c}}}" if i == at else c for i, c in enumerate(cells)]
