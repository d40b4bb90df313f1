"""Historical data sets, each with its source, and models of them with the numbers that other software gave."""

import csv
import difflib
import functools
import gzip
import tomllib
from importlib import resources
from typing import Any

import numpy as np

__all__ = ["describe", "load", "models", "names"]


@functools.cache
def _index() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(resources.files(__name__).joinpath("index.toml").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """The data sets that `load` knows."""
    return tuple(entry["name"] for entry in _index()["dataset"])


def describe(name: str) -> dict[str, Any]:
    """Title, source, description and factor levels of a data set."""
    for entry in _index()["dataset"]:
        if entry["name"] == name:
            return {"levels": {}, **entry}
    near = difflib.get_close_matches(str(name), names(), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no data set {name!r}.{hint} There are: {', '.join(names())}.")


def models() -> tuple[dict[str, Any], ...]:
    """Calls of `glm` on these data sets (formula, family, link, ...), each with `numbers` to compare with."""
    return tuple(dict(entry) for entry in _index()["model"])


def load(name: str, *, as_frame: bool = False) -> Any:
    """A dict of columns as NumPy arrays; or a pandas frame, its factors categorical in the order of their levels.

    Raises: ValueError for a name that is not in `names()`.
    """
    levels = describe(name)["levels"]
    header, *rows = csv.reader(_text(name).splitlines())
    cells = zip(*rows, strict=True)
    columns = {key: _column(values, text=key in levels) for key, values in zip(header, cells, strict=True)}
    return _frame(columns, levels) if as_frame else columns


def _text(name: str) -> str:
    """The file of a data set; a large one is compressed."""
    file = resources.files(__name__).joinpath(f"{name}.csv")
    if file.is_file():
        return file.read_text(encoding="utf-8")
    return gzip.decompress(resources.files(__name__).joinpath(f"{name}.csv.gz").read_bytes()).decode("utf-8")


def _column(values: tuple[str, ...], *, text: bool) -> np.ndarray:
    """Integers if all are, else floats, else text; a factor is text even where its levels look like numbers."""
    for dtype in () if text else (int, float):
        try:
            return np.array([dtype(value) for value in values])
        except ValueError:
            continue
    return np.array(values)


def _frame(columns: dict[str, np.ndarray], levels: dict[str, list[str]]) -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("as_frame=True needs pandas: pip install 'jaxglm[formula]'") from error
    frame = pd.DataFrame(columns)
    for key, order in levels.items():
        frame[key] = pd.Categorical(frame[key], categories=order)
    return frame
