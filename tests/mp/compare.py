"""Comparison of a JAX function with its multiprecision twin, in the dtype of the points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from .truth import derivatives, to_float


@dataclass
class Errors:
    """Collected misses; `report` is empty when there are none."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, x: float, got: float, truth: float, error: float) -> None:
        self.lines.append(f"{what} at {x:.9g}: {got!r}, truth {truth!r}, error {error:.1e}")

    @property
    def report(self) -> str:
        return "\n".join(self.lines)


def jax_derivatives(f: Callable, points: np.ndarray, order: int) -> list[np.ndarray]:
    """f and its first derivatives by jax.grad at every point, in the points' dtype."""
    functions = [f]
    for _ in range(order):
        functions.append(jax.grad(functions[-1]))
    with jax.enable_x64(points.dtype == np.float64):
        values = jax.jit(lambda x: [jax.vmap(g)(x) for g in functions])(points)
        assert all(v.dtype == points.dtype for v in values), [v.dtype for v in values]
        return [np.asarray(v, float) for v in values]


def nothing_cancels(x: float) -> float:
    return 0.0


def check(
    errors: Errors,
    name: str,
    f: Callable,
    truth: Callable,
    points: np.ndarray,
    tolerances: Sequence[float],
    cancelling: Callable[[float], float] = nothing_cancels,
) -> None:
    """Compare f and its derivatives with `truth`: relative errors above tolerances[k] are collected.

    Rounding of terms that cancel is allowed for: terms of size `cancelling(x)`, and those of a derivative that
    crosses zero at the origin.
    """
    finfo = np.finfo(points.dtype)
    order = len(tolerances) - 1
    got = jax_derivatives(f, points, order)
    around = [derivatives(truth, s, order) for s in (-0.5, 0.5)]
    for i, x in enumerate(points.tolist()):
        for k, exact in enumerate(derivatives(truth, x, order)):
            if exact is None:
                continue
            terms = max((abs(float(a[k])) for a in around if a[k] is not None), default=0.0) if abs(x) < 0.5 else 0.0
            terms += cancelling(x)
            floor = 8 * float(finfo.eps) * terms + float(finfo.tiny) ** 0.9  # smaller numbers are as good as zero
            _compare(errors, f"{name}{chr(39) * k}", x, got[k][i], to_float(exact, finfo), tolerances[k], floor)


def _compare(errors: Errors, what: str, x: float, got: float, truth: float, tolerance: float, floor: float) -> None:
    if got == truth:
        return
    error = abs(got - truth)
    if not error <= tolerance * abs(truth) + floor:
        errors.add(what, x, got, truth, error / (abs(truth) + floor))
