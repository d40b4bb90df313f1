"""Laws that every log-likelihood obeys, checked by sums and quadratures over the support."""

from dataclasses import dataclass
from math import inf

import jax
import jax.numpy as jnp
import numpy as np

from .compiled import program
from .elementary import exp
from .families import Family
from .problem import Problem, Rows, joined, rows
from .quadrature import nodes

TOLERANCE = 1e-7
TRIALS = 6.0  # of a response that may be a pair
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

    at: linear predictors (one for each free parameter; tied ones come first, each for itself) at which the first three
    laws are checked; by default three moderate points. Name your own where the density is so steep at an end of the
    support that its mass lies beyond the last floating-point number.

    Source: Bartlett (1953), Biometrika 40, eq. 2-4, for the second and third law.
    """
    with jax.enable_x64(True):
        probes = list(_probes(family)) if at is None else [tuple(map(float, eta)) for eta in at]
        moments = [_moments(family, *_quadrature(family, eta), eta) for eta in probes]
        y = _responses(family, _quadrature(family, probes[0])[0])
        tails = [(_tail_defects(family, y, eta), eta) for eta in _far_probes(family)]
    laws = ("the density integrates to 1", "the score has mean 0", "Bartlett: E[score score'] = E[-curvature]")
    verdicts = [_worst(law, [m[j] for m in moments], probes) for j, law in enumerate(laws)]
    if tails:
        verdicts.append(_worst("finite (or -inf) without NaN at |eta| = 37, 40", *zip(*tails, strict=True)))
    if verbose:
        print(f"{family.name}({', '.join(family.parameters)})", *verdicts, sep="\n")
    return tuple(verdicts)


@program
def _nodes(family: Family, eta, like) -> tuple:
    """Places and their weights; single points with a probability of their own count as they are."""
    spots = nodes(family, eta, like)
    if not family.support.atoms:
        return spots.y, exp(spots.log_weight)
    atoms = jnp.asarray(family.support.atoms)
    return jnp.append(spots.y, atoms), jnp.append(exp(spots.log_weight), jnp.ones_like(atoms))


def _quadrature(family: Family, eta) -> tuple[np.ndarray, np.ndarray]:
    """Nodes over the support and their weights, fine where the distribution at eta has its mass."""
    example = np.float64(family.support.example)
    like = (example, np.float64(TRIALS)) if family.support.pairs else example
    found = _nodes(family, _grouped(family, [np.float64(e) for e in eta]), like)
    y, measure = jax.device_get(found)
    return y, measure


def _intervals(family: Family) -> list[tuple[float, ...]]:
    """Where each linear predictor may be, the tied ones for themselves."""
    first, *others = [tuple(map(float, i)) for i in family.eta_intervals()]
    return [first] * (family.tied or 1) + others


def _grouped(family: Family, eta) -> tuple:
    """The linear predictors as the family takes them: the tied ones are the last axis of one array."""
    K = family.tied
    return tuple(eta) if K is None else (np.stack(eta[:K], axis=-1), *eta[K:])


def _probes(family: Family):
    """Points in eta: three values for each predictor, in rotation."""
    intervals = _intervals(family)
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
    for j, (low, high) in enumerate(_intervals(family)):
        for far in (e for e in FAR if low < e < high):
            yield near[:j] + (far,) + near[j + 1 :]


@program
def _rows(problem: Problem, eta):
    at = rows(problem, eta)
    return Rows(at.loglik, *joined(at))  # type: ignore[arg-type]


def _at(family: Family, y, eta):
    y = jax.tree.map(jnp.asarray, y)
    spread = _grouped(family, [np.full(len(jax.tree.leaves(y)[0]), e) for e in eta])
    return jax.device_get(_rows(Problem(family, y, (), ()), spread))


def _moments(family: Family, y, measure, eta) -> tuple[float, float, float]:
    at = _at(family, y, eta)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _compare(at, measure, len(eta))


def _compare(at, measure, K: int) -> tuple[float, float, float]:
    mass = np.where(np.isneginf(at.loglik) | (measure == 0), 0.0, measure * np.exp(at.loglik))
    inside = mass > 0
    mass = mass[inside]
    mean = lambda *vs: np.sum(np.prod([v[inside] for v in vs], axis=0) * mass)  # noqa: E731
    score = [mean(s) for s in at.score.T]
    squares = np.array([[mean(at.score[:, j], at.score[:, k]) for k in range(K)] for j in range(K)])
    information = -np.array([[mean(at.curvature[:, j, k]) for k in range(K)] for j in range(K)])
    size = np.sqrt(np.abs(np.diagonal(information))) + 1e-300
    bartlett = np.abs(squares - information) / size / size[:, None]
    return abs(np.sum(mass) - 1), float(np.max(np.abs(score) / size)), float(np.max(bartlett))


def _responses(family: Family, y):
    """Possible responses, sorted: nodes between two counts are none."""
    plain = y[0] if isinstance(y, tuple) else y
    found = np.unique(np.round(plain) if family.support.whole else plain)
    return (found, np.full(len(found), TRIALS)) if isinstance(y, tuple) else found


def _tail_defects(family: Family, y, eta) -> float:
    """Whether there are rows whose log-likelihood is NaN or +inf, or finite with a derivative that is NaN."""
    plain = y[0] if isinstance(y, tuple) else y
    picked = np.concatenate([[0, 1, -2, -1], np.arange(len(plain) // 3, len(plain), max(len(plain) // 7, 1))])
    picked = picked[np.abs(plain[picked]) < 1e6]
    y = jax.tree.map(lambda a: a[np.resize(picked, len(a))], y)  # as many rows as before: the same program
    at = _at(family, y, eta)
    bad = np.isnan(at.loglik) | np.isposinf(at.loglik)
    undefined = np.isnan(at.score).any(axis=1) | np.isnan(at.curvature).any(axis=(1, 2))
    bad |= np.isfinite(at.loglik) & undefined
    return float(np.mean(bad))


def _worst(law: str, errors, probes) -> Verdict:
    worst = int(np.argmax([inf if np.isnan(e) else e for e in errors]))
    error = float(errors[worst])
    passed = error < TOLERANCE
    where = "" if passed else f" at eta = ({', '.join(f'{e:g}' for e in probes[worst])})"
    return Verdict(law, passed, error, where)
