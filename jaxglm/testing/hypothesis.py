"""HOST: linear hypotheses as text: "x = z, g[T.b] = 0", "2*x - z = 1", "C(g)".

Names of coefficients contain brackets, colons, dots and spaces, so the reader knows them first: at each place the
longest name that fits is a name. A name in backticks is taken as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..frame.tables import near

NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
QUOTED = re.compile(r"`([^`]*)`")
CONTINUES = re.compile(r"[\w.:\[]")  # what cannot follow a name: x is not a name in x10, x:z or x[T.b]
SIGNS = "+-*/()=,"


@dataclass(frozen=True)
class Linear:
    """Linear expressions: values (m, P + 1), the coefficients of the P parameters and the constant."""

    values: np.ndarray

    @property
    def is_number(self) -> bool:
        return not self.values[:, :-1].any()


def parse(text: str, columns: Mapping[str, tuple[int, ...]], P: int) -> np.ndarray:
    """Rows (q, P + 1) that are zero under the hypothesis: restriction of the P coefficients, then the constant.

    text: equations between sums, separated by commas; an expression without "=" is one that equals 0.
    columns: positions of each name; a term of several columns stands for all of them.
    Raises: ValueError for text that is no linear hypothesis, and for an unknown name with the nearest one.
    """
    return _Reader(text, _tokens(text, columns), columns, P).hypotheses()


def _tokens(text: str, columns: Mapping[str, tuple[int, ...]]) -> list[tuple[str, str]]:
    """(kind, word) pairs: name, number, or the sign itself."""
    bare = sorted((n for n in columns if not NUMBER.fullmatch(n)), key=len, reverse=True)
    found, at = [], 0
    while at < len(text):
        kind, word, end = _token(text, at, bare, columns)
        found += [(kind, word)] if kind else []
        at = end
    return [*found, ("end", "")]


def _token(text: str, at: int, bare: list[str], columns: Mapping) -> tuple[str, str, int]:
    if text[at].isspace():
        return "", "", at + 1
    name = next((n for n in bare if text.startswith(n, at) and not _goes_on(text, at, n)), None)
    if name is not None:
        return "name", name, at + len(name)
    quoted, figure = QUOTED.match(text, at), NUMBER.match(text, at)
    if quoted:
        if quoted[1] not in columns:
            raise _unknown(quoted[1], text, columns)
        return "name", quoted[1], quoted.end()
    if figure and not _goes_on(text, at, figure[0]):
        return "number", figure[0], figure.end()
    if text[at] in SIGNS:
        return text[at], text[at], at + 1
    raise _unknown(re.split(r"\s*[=,+*]|\s+-|\s+/", text[at:])[0].strip(), text, columns)


def _goes_on(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    closed = not CONTINUES.match(name[-1]) and text[end : end + 1] not in (":", "[")
    return end < len(text) and not closed and bool(CONTINUES.match(text[end]))


def _unknown(word: str, text: str, columns: Mapping) -> ValueError:
    return ValueError(f"hypothesis {text!r}: there is no coefficient or term {word!r}.{near(word, tuple(columns))} "
                      f"Names: {', '.join(columns)}.")  # fmt: skip


class _Reader:
    """Recursive descent: equations, sums, products, atoms."""

    def __init__(self, text: str, tokens: list, columns: Mapping[str, tuple[int, ...]], P: int):
        self.text, self.tokens, self.columns, self.P = text, tokens, columns, P

    def hypotheses(self) -> np.ndarray:
        rows = [self.equation()]
        while self.take(","):
            rows.append(self.equation())
        if self.tokens[0][0] != "end":
            raise self.error(f"{self.tokens[0][1]!r} is out of place")
        return np.concatenate(rows)

    def equation(self) -> np.ndarray:
        sides = [self.sum()]
        while self.take("="):
            sides.append(self.sum())
        if len(sides) == 1:
            sides.append(self.number(0.0))
        if all(side.is_number for side in sides):
            raise self.error("an equation has no coefficient in it")
        return np.concatenate([self.added(left, right, -1.0).values for left, right in pairwise(sides)])

    def sum(self) -> Linear:
        total = self.product()
        while (sign := self.tokens[0][0]) in ("+", "-"):
            self.tokens = self.tokens[1:]
            total = self.added(total, self.product(), 1.0 if sign == "+" else -1.0)
        return total

    def product(self) -> Linear:
        total = self.atom()
        while (sign := self.tokens[0][0]) in ("*", "/"):
            self.tokens = self.tokens[1:]
            total = self.multiplied(total, self.atom(), sign)
        return total

    def atom(self) -> Linear:
        kind, word = self.tokens[0]
        self.tokens = self.tokens[1:] or self.tokens
        if kind in ("+", "-"):
            inner = self.atom()
            return inner if kind == "+" else Linear(-inner.values)
        if kind == "(":
            inner = self.sum()
            if not self.take(")"):
                raise self.error("a bracket is not closed")
            return inner
        if kind == "number":
            return self.number(float(word))
        if kind == "name":
            return Linear(np.eye(self.P, self.P + 1)[list(self.columns[word])])
        where = "it ends" if kind == "end" else f"{word!r} stands"
        raise self.error(f"{where} where a coefficient or a number is due")

    def take(self, sign: str) -> bool:
        found = self.tokens[0][0] == sign
        self.tokens = self.tokens[1:] if found else self.tokens
        return found

    def number(self, value: float) -> Linear:
        return Linear(np.eye(self.P + 1)[-1:] * value)

    def added(self, left: Linear, right: Linear, factor: float) -> Linear:
        if len(left.values) != len(right.values) and 1 not in (len(left.values), len(right.values)):
            raise self.error(f"terms of {len(left.values)} and {len(right.values)} columns cannot be combined")
        return Linear(left.values + factor * right.values)

    def multiplied(self, left: Linear, right: Linear, sign: str) -> Linear:
        if sign == "/" and not (right.is_number and right.values[0, -1]):
            raise self.error("only a number other than 0 can be divided by")
        if not (left.is_number or right.is_number):
            raise self.error("a product of coefficients is not linear")
        other, scale = (left, right) if right.is_number else (right, left)
        by = scale.values[0, -1]
        return Linear(other.values * by if sign == "*" else other.values / by)

    def error(self, what: str) -> ValueError:
        return ValueError(f"hypothesis {self.text!r} cannot be read: {what}. Write equations such as 'x = z, 2*x - z = "
                          "1', or the name of a term.")  # fmt: skip
