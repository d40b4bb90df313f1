"""The text of a formula: response, terms, offsets, and which columns they use."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .response import Counts, between, surv
from .tables import Table, near

CASTS = ("float", "int", "bool", "str")
QUOTED = re.compile(r"`([^`]*)`")
NO_FORMULAIC = 'formulas need the package formulaic: pip install "jaxglm[formula]", or pass arrays to GLM(y, X).'


@dataclass(frozen=True)
class Parsed:
    text: str
    response: str
    terms: Any  # formulaic's formula of the right-hand side, without offsets
    offsets: tuple[str, ...]  # expressions inside offset(...)

    @property
    def response_name(self) -> str:
        return self.response[1:-1] if QUOTED.fullmatch(self.response) else self.response

    def predictors(self, table: Table, space: Mapping[str, Any]) -> tuple[str, ...]:
        """Columns of the terms; a name that is neither a column nor known to formulas raises ValueError."""
        factors = [factor for term in self.terms for factor in term.factors]
        names = {factor.expr for factor in factors if factor.eval_method.value == "lookup"}
        names |= used_names(factor.expr for factor in factors if factor.eval_method.value == "python")
        return self._resolve(names, table, space)

    def offset_columns(self, table: Table, space: Mapping[str, Any]) -> tuple[str, ...]:
        return self._resolve(used_names(self.offsets), table, space)

    def columns(self, table: Table, space: Mapping[str, Any]) -> tuple[str, ...]:
        response = self._resolve(used_names([self.response] if self.response else []), table, space)
        return tuple(dict.fromkeys(response + self.predictors(table, space) + self.offset_columns(table, space)))

    def _resolve(self, names: set[str], table: Table, space: Mapping[str, Any]) -> tuple[str, ...]:
        known = {*functions(), *space, *CASTS}
        for name in sorted(names):
            if name in table.names or name not in known:
                table.check(name, f"formula {self.text!r}")
        return tuple(name for name in table.names if name in names)


def parse(text: str, table: Table, reserved: set[str], *, further: bool = False) -> Parsed:
    """The parts of 'response ~ terms', or of '~ terms' for a further parameter. A dot among the terms stands for all
    other columns but the reserved."""
    formula_class, errors = _formulaic()
    if not isinstance(text, str):
        raise ValueError(f"the formula must be text such as 'y ~ x'; it is {text!r}.")
    response, right = _right_of(text) if further else _sides_of(text)
    others = [name for name in table.names if name not in reserved | used_names([response] if response else [])]
    try:
        terms = formula_class.from_spec(right, context={"__formulaic_variables_available__": others})
    except (errors.FormulaicError, SyntaxError, ValueError) as error:
        raise ValueError(f"the formula {text!r} cannot be read: {_one_line(str(error))}.") from error
    if type(terms).__name__ != "SimpleFormula":
        raise ValueError(f"the formula {text!r} must have one right-hand side: no '|' and no second '~'.")
    offsets = [term for term in terms if any(factor.expr.startswith("offset(") for factor in term.factors)]
    kept = formula_class([term for term in terms if term not in offsets])
    return Parsed(text, response, kept, tuple(_offset_of(term) for term in offsets))


def _formulaic() -> tuple[Any, Any]:
    try:
        from formulaic import Formula, errors
    except ImportError as error:
        raise ImportError(NO_FORMULAIC) from error
    return Formula, errors


def _sides_of(text: str) -> tuple[str, str]:
    """Left and right of the first tilde that is outside quotes."""
    blanked = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", lambda quoted: "_" * len(quoted[0]), text)
    at = blanked.find("~")
    left, right = text[:max(at, 0)].strip(), text[at + 1:].strip()
    if at < 0 or not left or not right:
        raise ValueError(f"the formula must be 'response ~ terms', such as 'y ~ x + z' or 'y ~ 1'; it is {text!r}.")
    return left, right


def _right_of(text: str) -> tuple[str, str]:
    """No response, and what is right of the tilde."""
    right = text.strip().removeprefix("~").strip()
    if "~" in right or not right:
        raise ValueError(f"the formula of a further parameter must be '~ terms', such as '~ z' or '~ 1', without a "
                         f"response; it is {text!r}.")
    return "", right


def _offset_of(term: Any) -> str:
    if len(term.factors) != 1 or not term.factors[0].expr.endswith(")"):
        raise ValueError(f"offset(...) must be a term of its own; here it is part of {str(term)!r}.")
    return term.factors[0].expr[len("offset("):-1]


def used_names(expressions: Iterable[str]) -> set[str]:
    """Names that the expressions read as values: not those that they only call."""
    return set().union(*(_names_in(expression) for expression in expressions))


def _names_in(expression: str) -> set[str]:
    code, aliases = _without_backticks(expression)
    try:
        nodes = list(ast.walk(ast.parse(code.strip(), mode="eval")))
    except SyntaxError:
        return {expression.strip()}  # a column name that is no Python, such as 2nd
    if "." in expression and re.fullmatch(r"[\w.]+", expression) and not re.fullmatch(r"[\d.]+", expression):
        return {expression}  # formulaic looks up a.b as one name
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    read = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
    return {aliases.get(name, name) for name in read - bound}


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    aliases: dict[str, str] = {}

    def alias(quoted: re.Match) -> str:
        name = f"_quoted_{len(aliases)}"
        aliases[name] = quoted[1]
        return name

    return QUOTED.sub(alias, expression), aliases


def functions() -> dict[str, Any]:
    """Functions that formulas know beside formulaic's own."""
    from formulaic.transforms import TRANSFORMS

    more = {"sqrt": np.sqrt, "log1p": np.log1p, "expm1": np.expm1, "abs": np.abs, "factor": TRANSFORMS["C"]}
    return {**TRANSFORMS, **more, "cbind": cbind, "Surv": surv, "between": between}


def cbind(successes: Any, failures: Any) -> Counts:
    return Counts(successes, failures)


def evaluate(expression: str, columns: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """The value of a Python expression over columns; a lone column name needs not be Python."""
    name = expression.strip().strip("`")
    if name in columns:
        return columns[name]
    code, aliases = _without_backticks(expression)
    space = {**functions(), **context, **columns, **{alias: columns[name] for alias, name in aliases.items()}}
    try:
        with np.errstate(all="ignore"):  # undefined values are an error that names the row
            return eval(code.strip(), {}, space)
    except Exception as error:
        raise not_computed(expression, error) from error


def not_computed(what: str, error: Exception) -> ValueError:
    """The error for an expression or a formula that cannot be evaluated, with what may help."""
    factor = re.fullmatch(r"Unable to evaluate factor `(.*)`\. \[\w+: (.*)\]", str(error), re.DOTALL)
    what, reason = factor.groups() if factor else (what, str(error))
    name = re.search(r"name '(\w+)' is not defined", reason)
    hint = near(name[1], list(functions())) if name else " Write ** for powers." if "^" in what else ""
    return ValueError(f"{what!r} cannot be computed: {_one_line(reason)}.{hint}")


def _one_line(message: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", message).strip().split("\n")[0].rstrip(".")
