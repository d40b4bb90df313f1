"""A flat TOML file becomes the frozen dataclass of its experiment; an unknown key or a wrong type is named."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

EXPERIMENTS = (
    "quick",
    "links",
    "custom_family",
    "counts",
    "starts",
    "peers",
    "batched",
    "differential_expression",
    "device",
    "coverage",
)
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}


class ConfigError(ValueError):
    """A config that cannot be run, in words for the person who wrote it."""


def read(path: Path, overrides: Iterable[str] = ()) -> tuple[str, dict[str, Any]]:
    """The experiment's name and the other keys of a config file, after `key=value` overrides."""
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    values |= dict(_override(text) for text in overrides)
    if "experiment" not in values:
        raise ConfigError(f'{path} must say experiment = "..."; there are: {", ".join(EXPERIMENTS)}.')
    name = values.pop("experiment")
    known("experiment", [name], EXPERIMENTS)
    return name, values


def build(schema: type, values: Mapping[str, Any]) -> Any:
    """An instance of the dataclass `schema`, every key and type checked."""
    hints = get_type_hints(schema)
    known("key", values, [field.name for field in fields(schema)])
    return schema(**{key: _checked(key, value, hints[key]) for key, value in values.items()})


def known(key: str, given: Iterable[Any], choices: Iterable[str]) -> None:
    """Raises, with the nearest choice, for the first of `given` that is not among `choices`."""
    choices = list(choices)
    wrong = [value for value in given if value not in choices]
    if not wrong:
        return
    near = difflib.get_close_matches(str(wrong[0]), choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"unknown {key} {wrong[0]!r}.{hint} There are: {', '.join(choices)}.")


def require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _override(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    require(bool(key and equals), f"--set takes key=value, but got {text!r}.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:  # a bare word on the command line is a text
        return key.strip(), value.strip()


def _checked(key: str, value: Any, hint: Any) -> Any:
    if get_origin(hint) is tuple:
        require(isinstance(value, list), f"{key} must be a list, but got {value!r}.")
        return tuple(_checked(key, item, get_args(hint)[0]) for item in value)
    if hint is float and type(value) is int:
        return float(value)
    require(type(value) is hint, f"{key} must be {WORDS[hint]}, but got {value!r}.")
    return value
