"""HOST: a test of one coefficient against what its statistic would be if rows were exchanged, without refits."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..basis import find_basis
from ..design import Dense
from ..frame.arrays import has_constant
from ..frame.tables import near
from ..predictors import with_basis
from ..programs import solve
from ..refits import whole
from ..results import GLMResults
from .score import Pieces, pieces, scores

TIED = 1e-9  # relative difference below which two statistics are the same number up to rounding


@dataclass(frozen=True)
class PermutationTest:
    """The score statistic z of a term, its p-value, and the statistics under the null hypothesis."""

    term: str
    statistic: float
    pvalue: float
    method: str  # "permutation" or "sign flips"
    null: np.ndarray = field(repr=False)  # (n,)


def permutation_test(fit: GLMResults, term: str, *, n: int = 999, seed: int = 0) -> PermutationTest:
    """Test that the coefficient of a column is zero; p = (1 + number of |statistics| >= the observed) / (1 + n).

    The statistic is the score of the column over the square root of its information, at the fit without the column.
    If that has an intercept only, the column is permuted against (response, offset, weights): the test is exact where
    the rows are exchangeable, in samples of any size. Beside other columns the rows are not, and no exact permutation
    exists; then the row contributions to the effective score change their signs at random, each statistic over its own
    information. That test is exact only in the limit, but needs no more of the model than that the mean under the
    hypothesis is right: it holds its level where the variance is not the family's.
    n: number of permutations or flips. seed: of NumPy's generator.
    Raises: ValueError for a term that is not a column of the design, is aliased or is the only one; for n < 1.
    Source: Fisher (1935), section 21; Hemerik, Goeman and Finos (2020), JRSS B 82, for sign flips; De Santis, Goeman,
    Hemerik, Davenport and Finos (2025), JASA, for the information of each flip; Phipson and Smyth (2010) for p.
    """
    fit.family.check_single("permutation tests")
    n, rng = whole(n, "n"), np.random.default_rng(whole(seed, "seed", 0))
    column, null = fit.frame.X[:, _position(fit, term)], without(fit, term)
    parts, used = pieces(null), np.flatnonzero(fit._weights > 0)
    exact = len(null.basis.kept) == 1 and null.frame.has_intercept
    values = column[used] if exact else _residual(null, parts, column)[used]

    def exchanged(start, stop):
        made = np.zeros((fit.problem.n, stop - start))
        for j in range(start, stop):
            made[used, j - start] = values if j == 0 else _exchanged(values, rng, exact)
        return made

    found = scores(null, parts, exchanged, n + 1)
    z = found.score / np.sqrt(found.information * null.dispersion)
    if np.isnan(z[0]):
        raise ValueError(f"the information of {term} at the fit without it is not positive: there is no score test. "
                         "Compare the log-likelihoods of the two fits.")
    reached = ~(np.abs(z[1:]) < np.abs(z[0]) * (1 - TIED))  # a statistic that is NaN counts against the term
    method = "permutation" if exact else "sign flips"
    return PermutationTest(term, float(z[0]), float((1 + np.sum(reached)) / (1 + n)), method, z[1:])


def _exchanged(values, rng, exact: bool) -> np.ndarray:
    return rng.permutation(values) if exact else values * rng.choice([-1.0, 1.0], len(values))


def _residual(null: GLMResults, parts: Pieces, column) -> np.ndarray:
    """What the null model's columns leave of a column (N,), by least squares weighted with the rows' information."""
    X, h = null.problem.designs[0].X, np.maximum(parts.curvature[0], 0.0)  # type: ignore[union-attr]
    root = np.sqrt(h)[:, None]
    padded = np.pad(column, (0, null.problem.n - len(column)))
    return padded - X @ np.linalg.lstsq(root * X, root[:, 0] * padded, rcond=None)[0]


def _position(fit: GLMResults, term: str) -> int:
    names = fit.frame.names
    if term not in names:
        raise ValueError(f"there is no column {term!r}.{near(str(term), names)} The columns are: {', '.join(names)}.")
    if term in fit.aliased:
        raise ValueError(f"{term} depends on earlier columns and has no coefficient: there is nothing to test.")
    if len(fit.basis.kept) == 1:
        raise ValueError(f"{term} is the only column: without it there is no model to test it against.")
    return names.index(term)


def without(fit: GLMResults, term: str) -> GLMResults:
    """The fit of the same model without one of its columns."""
    names, n = fit.frame.names, len(fit.frame.X)
    others = [j for j, name in enumerate(names) if name != term]
    X = np.ascontiguousarray(fit.frame.X[:, others])
    frame = replace(fit.frame, X=X, names=tuple(names[j] for j in others), has_intercept=has_constant(X))
    basis = find_basis(X, fit._weights[:n], suspicious=fit.basis.triangle is not None)
    columns = np.pad(basis.columns, ((0, fit.problem.n - n), (0, 0)))
    problem = replace(fit.problem, designs=(Dense(columns), *fit.problem.designs[1:]))
    mean = with_basis(fit.parts[0], frame.part(fit.parts[0].parameter), basis)
    solved = solve(problem, fit.solver, None, fit._edm)
    return replace(fit, frame=frame, problem=problem, solved=solved, parts=(mean, *fit.parts[1:]))
