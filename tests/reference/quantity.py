"""What a row of the tables is: a name, the stored truth, our number, and the error between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import measure
from .case import Case
from .fits import Fits


def at(path: str) -> Callable[[Case], Any]:
    """What the case stores at a dotted path."""
    return lambda case: case.array(path)


def plain(error: Callable) -> Callable:
    return lambda ours, truth, case: error(ours, truth)


relative = plain(measure.relative)


def differs(ours, truth, case: Case) -> float:
    """0 where two words, flags or counts are equal, 1 where they are not."""
    return float(not np.array_equal(ours, truth))


def always(case: Case) -> bool:
    return True


@dataclass(frozen=True)
class Quantity:
    name: str
    stored: Callable[[Case], Any]  # None: the case has no such thing
    ours: Callable[[Fits], Any]
    tolerance: float | Callable[[Case], float]
    error: Callable[[Any, Any, Case], float] = relative
    when: Callable[[Case], bool] = always

    def allowed(self, case: Case) -> float:
        return self.tolerance(case) if callable(self.tolerance) else self.tolerance


@dataclass(frozen=True)
class Measurement:
    """One comparison; `problem` is the exception that our side raised, if it did."""

    name: str
    error: float
    tolerance: float
    ours: Any = None
    truth: Any = None
    problem: str = ""

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance

    def __str__(self) -> str:
        if self.problem:
            return f"{self.name}=raised({self.problem})"
        if isinstance(self.ours, str):
            return f"{self.name}={self.ours}" + ("" if self.passed else f"!={self.truth}")
        return f"{self.name}={self.error:.1e}" + ("" if self.passed else f">{self.tolerance:.0e}")


def compare(quantity: Quantity, fits: Fits, truth: Any) -> Measurement:
    allowed = quantity.allowed(fits.case)
    try:
        ours = quantity.ours(fits)
        return Measurement(quantity.name, quantity.error(ours, truth, fits.case), allowed, ours, truth)
    except Exception as error:  # whatever the library raises is this quantity's failure, not the harness's
        return Measurement(quantity.name, np.inf, allowed, None, truth, f"{type(error).__name__}: {str(error)[:120]}")
