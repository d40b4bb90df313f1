"""Laws that every log-likelihood obeys, checked by sums and quadratures over the support."""

from dataclasses import dataclass
from math import inf, pi

import jax
import jax.numpy as jnp
import numpy as np

from .compiled import program
from .families import Family
from .problem import Problem, rows

LARGEST_COUNT = 3000
TRIALS = 6.0
TOLERANCE = 1e-7
FAR = (-40.0, -37.0, 37.0, 40.0)


@dataclass(frozen=True)
class Verdict:
    """Outcome of one law: the worst error over all probes, and the linear predictors where it occurred."""

    law: str
    passed: bool
    error: float
    where: str

    def __str__(self):
        return f"{'pass' if self.passed else 'FAIL'}  {self.law:<44} worst error {self.error:.1e}{self.where}"


def check_family(family: Family, *, at=None, verbose: bool = True) -> tuple[Verdict, ...]:
    """Check a family's log-likelihood: it integrates to 1, its score has mean 0, its expected squared score is its
    expected information (Bartlett), and it is finite in the tails. Prints a verdict a law and returns them.

    at: linear predictors (one for each free parameter) at which the first three laws are checked; by default three
    moderate points. Name your own where the density is so steep at an end of the support that its mass lies beyond the
    last floating-point number.

    Source: Bartlett (1953), Biometrika 40, eq. 2-4, for the second and third law.
    """
    with jax.enable_x64(True):
        y, measure = quadrature(family)
        probes = list(_probes(family)) if at is None else [tuple(map(float, eta)) for eta in at]
        moments = [_moments(family, y, measure, eta) for eta in probes]
        tails = [(_tail_defects(family, y, eta), eta) for eta in _far_probes(family)]
    laws = ("the density integrates to 1", "the score has mean 0", "Bartlett: E[score score'] = E[-curvature]")
    verdicts = [_worst(law, [m[j] for m in moments], probes) for j, law in enumerate(laws)]
    if tails:
        verdicts.append(_worst("finite (or -inf) without NaN at |eta| = 37, 40", *zip(*tails, strict=True)))
    if verbose:
        print(f"{family.name}({', '.join(family.parameters)})", *verdicts, sep="\n")
    return tuple(verdicts)


def quadrature(family: Family):
    """Nodes and weights over the support: every count, or a double exponential rule (Takahasi and Mori, 1974)."""
    support = family.support
    if support.pairs:
        y = np.arange(TRIALS + 1.0)
        return (y, np.full_like(y, TRIALS)), np.ones_like(y)
    if support.whole:
        top = min(support.high, LARGEST_COUNT)
        y = np.arange(support.low, top + 1)
        return y, np.ones_like(y)
    y, measure = _of_density(support)
    return np.append(y, support.atoms), np.append(measure, np.ones(len(support.atoms)))


def _of_density(support):
    t, h = np.linspace(-5.6, 5.6, 2401, retstep=True)
    inner, slope = pi / 2 * np.sinh(t), pi / 2 * np.cosh(t)
    low, high = support.low, support.high
    if low == -inf and high == inf:
        inside = np.abs(inner) < 200
        return np.sinh(inner[inside]), h * (np.cosh(inner) * slope)[inside]
    if high == inf or low == -inf:
        inside = np.abs(inner) < 200
        away, weight = np.exp(inner[inside]), h * (np.exp(inner) * slope)[inside]
        return (low + away if high == inf else high - away), weight
    inside = np.abs(inner) < 17
    share, weight = 1 / (1 + np.exp(-2 * inner[inside])), h * (slope / (2 * np.cosh(inner) ** 2))[inside]
    return low + (high - low) * share, (high - low) * weight


def _probes(family: Family):
    """Points in eta: three values for each predictor, in rotation."""
    intervals = [tuple(map(float, i)) for i in family.eta_intervals()]
    for shift in range(3):
        yield tuple(_values(i)[(shift + j) % 3] for j, i in enumerate(intervals))


def _values(interval):
    low, high = interval
    if low == -inf and high == inf:
        return -1.1, 0.3, 1.3
    if high == inf:
        return low + 0.4, low + 1.1, low + 2.3
    if low == -inf:
        return high - 2.3, high - 1.1, high - 0.4
    return tuple(low + (high - low) * u for u in (0.2, 0.5, 0.7))


def _far_probes(family: Family):
    """Points with one predictor far out and the others near 0."""
    near = next(iter(_probes(family)))
    for j, interval in enumerate(family.eta_intervals()):
        low, high = map(float, interval)
        for far in (e for e in FAR if low < e < high):
            yield near[:j] + (far,) + near[j + 1 :]


@program
def _rows(problem: Problem, eta):
    return rows(problem, eta)


def _at(family: Family, y, eta):
    y = jax.tree.map(jnp.asarray, y)
    spread = tuple(jnp.full(len(jax.tree.leaves(y)[0]), e) for e in eta)
    return jax.device_get(_rows(Problem(family, y, (), ()), spread))


def _moments(family: Family, y, measure, eta) -> tuple[float, float, float]:
    at = _at(family, y, eta)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _compare(at, measure, len(eta))


def _compare(at, measure, K: int) -> tuple[float, float, float]:
    mass = np.where(np.isneginf(at.loglik), 0.0, measure * np.exp(at.loglik))
    inside = mass > 0
    mass = mass[inside]
    mean = lambda *vs: np.sum(np.prod([v[inside] for v in vs], axis=0) * mass)  # noqa: E731
    score = [mean(s) for s in at.score]
    squares = np.array([[mean(at.score[j], at.score[k]) for k in range(K)] for j in range(K)])
    information = -np.array([[mean(at.curvature[j][k]) for k in range(K)] for j in range(K)])
    size = np.sqrt(np.abs(np.diagonal(information))) + 1e-300
    bartlett = np.abs(squares - information) / size / size[:, None]
    return abs(np.sum(mass) - 1), float(np.max(np.abs(score) / size)), float(np.max(bartlett))


def _tail_defects(family: Family, y, eta) -> float:
    """Whether there are rows whose log-likelihood is NaN or +inf, or finite with a derivative that is NaN."""
    plain = y[0] if isinstance(y, tuple) else y
    picked = np.concatenate([[0, 1, -2, -1], np.arange(len(plain) // 3, len(plain), max(len(plain) // 7, 1))])
    picked = picked[np.abs(plain[picked]) < 1e6]
    y = jax.tree.map(lambda a: a[np.resize(picked, len(a))], y)  # as many rows as before: the same program
    at = _at(family, y, eta)
    bad = np.isnan(at.loglik) | np.isposinf(at.loglik)
    for derivative in jax.tree.leaves((at.score, at.curvature)):
        bad |= np.isfinite(at.loglik) & np.isnan(derivative)
    return float(np.mean(bad))


def _worst(law: str, errors, probes) -> Verdict:
    worst = int(np.argmax([inf if np.isnan(e) else e for e in errors]))
    error = float(errors[worst])
    passed = error < TOLERANCE
    where = "" if passed else f" at eta = ({', '.join(f'{e:g}' for e in probes[worst])})"
    return Verdict(law, passed, error, where)
