"""The fit as a pure function: one optimum from everywhere, the derivative of its solution, a status that is true."""

import jax
import numpy as np
import pytest

import jaxglm as jg
from tests.members import (
    MEMBERS,
    data,
    good_start,
    moved,
    problem,
    random_tangent,
    study,
)

pytestmark = pytest.mark.usefixtures("x64")
every_member = pytest.mark.parametrize("name", MEMBERS)
FREE = [name for name, m in MEMBERS.items() if not m.family.constrained and name != "gaussian-inverse"]
WALLED = [name for name, m in MEMBERS.items() if m.family.constrained]
CONVERGED = jg.Status.CONVERGED.value


def status(fit) -> str:
    return jg.Status(int(fit.status)).name


# ---------------------------------------------------------------- one optimum


BAD_STARTS = {  # coefficients of the mean, and of every shared parameter
    "zero": ((0.0, 0.0, 0.0), 0.0),
    "five": ((5.0, 5.0, 5.0), 5.0),
    "torn apart": ((-3.0, 3.0, -3.0), -2.0),
    "far too small": ((-8.0, 0.0, 0.0), 2.0),
    "dispersion far too small": ((0.2, 0.0, 0.0), -6.0),
}


def starts(name: str, table: dict) -> list[np.ndarray]:
    further = len(MEMBERS[name].family.predictors) - 1
    return [np.asarray([*beta, *([shared] * further)]) for beta, shared in table.values()]


@pytest.mark.parametrize("name", FREE)
def test_the_optimum_does_not_depend_on_the_start(name):
    found = study([problem(name)], [good_start(name), *starts(name, BAD_STARTS)]).fit
    assert (found.status == CONVERGED).all(), [jg.Status(s).name for s in found.status.tolist()]
    assert np.allclose(found.theta, found.theta[0], rtol=1e-9, atol=1e-9)
    assert np.allclose(found.loglik, found.loglik[0], rtol=1e-12)


@pytest.mark.parametrize("name", WALLED)
def test_the_optimum_does_not_depend_on_a_feasible_start(name):
    truth = good_start(name)
    inside = [truth * ([c, 0, 0] + [1] * (len(truth) - 3)) for c in (0.3, 1.0, 1.9)]
    found = study([problem(name)], [truth, *inside]).fit
    assert (found.status == CONVERGED).all()
    assert np.allclose(found.theta, found.theta[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", WALLED)
def test_a_start_outside_the_parameter_space_says_so(name):
    found = study([problem(name)], [-good_start(name) - 9.0 * (name == "binomial-identity")]).fit
    outside = found.status[0] == jg.Status.INFEASIBLE.value
    assert outside or name in ("binomial-log", "gamma-inverse")


# ---------------------------------------------------------------- the derivative of the solution


@every_member
def test_derivative_of_the_fit(name):
    """Forward mode against differences of fourth order, reverse mode against forward mode: y, X, offset, weights, and
    the family's own numbers all at once."""
    p, h = problem(name), 1e-3
    tangent = random_tangent(p, scale=0.2 if name in WALLED or name == "gaussian-inverse" else 1.0)
    best = study([p], [good_start(name)]).fit.theta[0]
    at = study([moved(p, tangent, step * h) for step in (0, 1, -1, 2, -2)], [best], tangent)
    assert (at.fit.status == CONVERGED).all()
    for values, derivative in zip((at.fit.theta, at.fit.loglik), at.forward, strict=True):
        difference = (8 * (values[1] - values[2]) - (values[3] - values[4])) / (12 * h)
        assert np.allclose(derivative[0], difference, rtol=2e-5, atol=2e-5 * np.max(np.abs(difference)))
    cotangent = np.arange(1.0, len(best) + 1)
    pulled = sum(np.vdot(a[0], b) for a, b in zip(jax.tree.leaves(at.reverse), jax.tree.leaves(tangent), strict=True))
    assert pulled == pytest.approx(cotangent @ at.forward[0][0], rel=1e-9)


# ---------------------------------------------------------------- status


def poisson_table(**changed) -> jg.Problem:
    return problem("poisson-log", data("poisson-log"), **changed)


X = data("poisson-log").X
DOUBLED = np.column_stack([X[:, 0], X[:, 1], X[:, 1]])
SUMMED = np.column_stack([X[:, 0], X[:, 1], X[:, 0] + X[:, 1]])
EMPTY = np.column_stack([X[:, 0], X[:, 1], 0 * X[:, 1]])
TINY = X * [1.0, 1.0, 1e-300]
solved = jax.jit(jg.fit)


@pytest.mark.parametrize("design", [DOUBLED, SUMMED, EMPTY], ids=["doubled", "summed", "empty"])
@pytest.mark.parametrize("name", ["poisson-log", "gaussian-identity", "binomial-logit"])
def test_dependent_columns_are_singular(name, design):
    assert status(solved(problem(name, X=design))) == "SINGULAR"


def test_a_column_of_tiny_numbers_is_not_ignored():
    ordinary, tiny = solved(problem("poisson-log")), solved(poisson_table(X=TINY))
    same = status(tiny) == "CONVERGED" and np.allclose(np.asarray(tiny.theta) * [1, 1, 1e-300], ordinary.theta)
    assert same or status(tiny) == "SINGULAR"


ON_ONE_SIDE = (X[:, 1] > 0).astype(float)
ONE_SIDE_MIXED = np.where(ON_ONE_SIDE == 1, 1.0, np.arange(len(X)) % 2)
STEP = np.column_stack([X[:, 0], ON_ONE_SIDE])
SEPARATED = {"complete": (X[:, :2], ON_ONE_SIDE), "quasi": (STEP, ONE_SIDE_MIXED)}
BERNOULLI = (jg.Logit(), jg.Probit(), jg.CLogLog(), jg.LogLog(), jg.Cauchit())


def supremum(X, y) -> float:
    """Log-likelihood of the limit: rows of the separated group are certain, the others have their mean."""
    rest = y[X[:, -1] == 0]
    share = rest.mean() if len(rest) else 0.0
    return float(len(rest) * (share * np.log(share) + (1 - share) * np.log(1 - share))) if len(rest) else 0.0


@pytest.mark.parametrize("link", BERNOULLI, ids=lambda k: type(k).__name__)
@pytest.mark.parametrize("kind", SEPARATED)
def test_separation_is_told(kind, link):
    design, response = SEPARATED[kind]
    for X, y in ((design, response), (design * [1, -1], response), (design, 1 - response)):
        found = solved(jg.problem(jg.Binomial(mu=link), X, y))
        assert status(found) == "SEPARATED"
        assert float(found.loglik) == pytest.approx(supremum(X, y), abs=1e-8)
