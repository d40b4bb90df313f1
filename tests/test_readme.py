"""The README's code runs, and prints what the README says. `python -m tests.test_readme` writes the outputs anew."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
PAIR = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[-+]?\d+)?|(?<![\w.])-?\d+(?![\w.])")


def outputs(text: str) -> list[tuple[str, str]]:
    """(printed, claimed) for each python block with its text block, all run in one namespace."""
    space: dict = {}
    return [(_printed(code, space), claimed) for code, claimed in PAIR.findall(text)]


def _printed(code: str, space: dict) -> str:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        exec(compile(code, str(README), "exec"), space)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def words(text: str) -> list[str]:
    return NUMBER.sub("#", text).split()


def numbers(text: str) -> list[float]:
    return [float(n) for n in NUMBER.findall(text)]


def test_code_prints_what_the_readme_says():
    text = README.read_text()
    assert text.count("```python") == len(PAIR.findall(text)) >= 5
    for printed, claimed in outputs(text):
        assert words(printed) == words(claimed)
        assert numbers(printed) == pytest.approx(numbers(claimed), rel=1e-6, abs=1e-9)


if __name__ == "__main__":
    made = iter([printed for printed, _ in outputs(README.read_text())])
    README.write_text(PAIR.sub(lambda m: f"```python\n{m[1]}```\n```text\n{next(made)}```", README.read_text()))
