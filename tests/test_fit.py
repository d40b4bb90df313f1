"""The fit as a pure function: one optimum from everywhere, the derivative of its solution, a status that is true."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxglm as jg
from tests.members import (
    MEMBERS,
    data,
    good_start,
    moved,
    problem,
    random_tangent,
    stack,
    study,
)

pytestmark = pytest.mark.usefixtures("x64")
STUDIED = (  # every link and most families once: a study costs seconds of compilation
    "gaussian-identity", "binomial-logit", "binomial-probit", "binomial-cloglog", "binomial-cauchit", "poisson-log",
    "poisson-sqrt", "poisson-power", "gamma-inverse", "inverse_gaussian-inverse_squared", "negbin-log",
)  # fmt: skip
every_member = pytest.mark.parametrize("name", STUDIED)
FREE = [name for name in STUDIED if not MEMBERS[name].family.constrained]
WALLED = [name for name in STUDIED if MEMBERS[name].family.constrained]
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
    found = study([problem(name)], [-good_start(name)]).fit
    assert found.status[0] == jg.Status.INFEASIBLE.value


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
BERNOULLI = (jg.Logit(), jg.Probit(), jg.CLogLog(), jg.Cauchit())


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


def test_a_penalty_makes_separated_data_finite():
    design, response = SEPARATED["complete"]
    found = solved(jg.problem(jg.Binomial(), design, response, penalty=jg.Ridge(1.0)))
    assert status(found) == "CONVERGED"
    assert np.abs(found.theta).max() < 20


def test_underdispersed_counts_end_on_the_boundary():
    """Less spread than Poisson's: alpha tends to zero, and the mean is that of the Poisson model."""
    y = np.round(np.exp(X @ [1.5, 0.5, -0.3]))
    found, limit = solved(jg.problem(jg.NegativeBinomial(), X, y)), solved(jg.problem(jg.Poisson(), X, y))
    assert status(found) == "BOUNDARY"
    assert np.allclose(found.theta[:3], limit.theta, atol=1e-6)
    assert float(found.loglik) == pytest.approx(float(limit.loglik), abs=1e-6)


def test_a_maximum_on_the_wall_satisfies_its_conditions():
    """Poisson, identity: the best line through y = x^2 starts at 0. Its multiplier is positive, the rest stationary."""
    x = np.arange(10.0)
    found = solved(jg.problem(jg.Poisson(mu=jg.Identity()), np.column_stack([np.ones(10), x]), x**2))
    assert status(found) == "BOUNDARY"
    assert np.allclose(found.theta, [0, 285 / 45], atol=1e-6)
    inside = x > 0
    score = (x**2)[inside] / (np.column_stack([np.ones(9), x[1:]]) @ np.asarray(found.theta)) - 1
    multiplier = 1 - score.sum()  # of the row at the wall
    assert multiplier > 0
    assert abs(score @ x[inside]) < 1e-5 * multiplier


def test_a_step_limit_is_told():
    found = solved(problem("poisson-log"), solver=jg.Newton(max_steps=1))
    assert status(found) == "MAX_STEPS"
    assert int(found.steps) == 1


@pytest.mark.parametrize("side", ["X", "offset", "y", "weights"])
def test_missing_numbers_are_told(side):
    spoiled = getattr(data("poisson-log"), side).copy()
    spoiled[3] = np.nan
    assert status(solved(poisson_table(**{side: spoiled}))) == "NON_FINITE"


def test_zero_is_tried_after_an_impossible_start():
    found = solved(problem("poisson-log"), start=np.asarray([1e4, 0.0, 0.0]))
    assert status(found) == "CONVERGED"
    np.testing.assert_allclose(found.theta, solved(problem("poisson-log")).theta, rtol=0, atol=1e-9)


def test_an_impossible_offset_is_told():
    given = problem("poisson-log")
    opposed = jnp.where(jnp.arange(given.n) % 2, 1e4, -1e4)
    assert status(solved(replace(given, offsets=(opposed,)))) == "NON_FINITE"


NUMPY_MEAN = {
    "poisson-log": (np.exp, lambda mu: mu),
    "bernoulli-logit": (lambda e: 1 / (1 + np.exp(-e)), lambda mu: mu * (1 - mu)),
    "gaussian-identity": (lambda e: e, np.ones_like),
}


@pytest.mark.parametrize("name", NUMPY_MEAN)
def test_converged_means_a_vanishing_scaled_gradient(name):
    """sqrt(g' H^-1 g) by NumPy, for data of several sizes and for badly scaled columns."""
    inverse, variance = NUMPY_MEAN[name]
    for seed in range(4):
        d = data(name, seed)
        design = d.X * 10.0 ** (np.asarray([0, 5, -5]) * (seed % 2))
        found = solved(problem(name, d, X=design))
        assert status(found) == "CONVERGED"
        mean = inverse(design @ np.asarray(found.theta)[:3] + d.offset)
        slope = design.T @ (d.weights * (d.y - mean))
        information = design.T @ (design * (d.weights * variance(mean))[:, None])
        size = np.sqrt(np.diagonal(information))
        scaled = np.linalg.solve(information / size / size[:, None], slope / size) @ (slope / size)
        phi = float(np.exp(found.theta[3])) if name == "gaussian-identity" else 1.0
        assert np.sqrt(abs(scaled) / phi) < 1e-6


def test_least_squares_takes_one_step():
    d = data("gaussian-identity")
    p = jg.problem(jg.Gaussian(phi=jg.Fixed(1.0)), d.X, d.y)
    found = solved(p, start=np.zeros(3))
    assert np.allclose(found.theta, np.linalg.lstsq(d.X, d.y)[0], rtol=1e-12, atol=1e-13)
    assert int(found.steps) <= 2


# ---------------------------------------------------------------- transformations


together = jax.jit(jax.vmap(jg.fit))


def test_a_batch_is_a_loop():
    problems = [problem("poisson-log", data("poisson-log", seed)) for seed in range(4)]
    batch = together(stack(problems))
    for k, p in enumerate(problems):
        alone = solved(p)
        assert int(alone.status) == int(batch.status[k]) == CONVERGED
        assert np.allclose(alone.theta, batch.theta[k], rtol=1e-9, atol=1e-11)
        assert int(alone.steps) == int(batch.steps[k])


def test_a_member_does_not_depend_on_its_company():
    """Separated, missing and ordinary data in one batch."""
    d = data("bernoulli-logit")
    make = lambda y: problem("bernoulli-logit", d, y=y)  # noqa: E731
    ordinary = make(d.y)
    batch = together(stack([ordinary, make((d.X[:, 1] > 0).astype(float)), make(d.y * np.nan), ordinary]))
    names = [jg.Status(int(s)).name for s in batch.status]
    assert names == ["CONVERGED", "SEPARATED", "NON_FINITE", "CONVERGED"]
    assert np.allclose(batch.theta[0], solved(ordinary).theta, rtol=1e-12, atol=1e-14)


def test_jit_changes_nothing():
    p = problem("poisson-log")
    eager, compiled = jg.fit(p), solved(p)
    assert np.allclose(eager.theta, compiled.theta, rtol=1e-12)
    assert int(eager.steps) == int(compiled.steps)


@pytest.mark.parametrize("name", ["poisson-log", "negbin-log"])
def test_single_precision_is_near(name):
    d = data(name)
    exact, raw = solved(problem(name)), jg.problem(MEMBERS[name].family, np.float32(d.X), d.y, offset=d.offset)
    with jax.enable_x64(False):
        single = jax.tree.map(lambda a: np.asarray(a, np.float32), replace(raw, weights=d.weights))
        found = solved(single)
    assert found.theta.dtype == np.float32
    assert status(found) == "CONVERGED"
    assert np.allclose(found.theta, exact.theta, rtol=2e-4, atol=2e-4)


# ---------------------------------------------------------------- solvers


LBFGS, ADAM = optax.lbfgs(), optax.adam(3e-2)


@pytest.mark.parametrize("optimiser", [LBFGS, ADAM], ids=["lbfgs", "adam"])
def test_first_order_methods_reach_the_optimum(optimiser):
    p = problem("poisson-log", X=data("poisson-log").X * [1, 100, 0.01])
    best = solved(p)
    found = solved(p, solver=jg.Gradient(optimiser, max_steps=3000))
    assert status(found) == "CONVERGED"
    assert np.allclose(found.theta, best.theta, rtol=1e-6)
    assert float(found.loglik) == pytest.approx(float(best.loglik), rel=1e-12)


def test_minibatches_come_near():
    p = problem("poisson-log")
    best = solved(p)
    stochastic = jg.Gradient(ADAM, batch_size=20, key=jax.random.key(1), max_steps=1500)
    found = solved(p, solver=stochastic)
    assert int(found.steps) == 1500
    assert np.allclose(found.theta, best.theta, atol=0.15)
    again = solved(p, solver=stochastic)
    assert np.array_equal(found.theta, again.theta)


def test_minibatches_need_a_key():
    with pytest.raises(ValueError, match="key"):
        jg.Gradient(ADAM, batch_size=20)


def test_fisher_scoring_reaches_the_same_optimum():
    p = problem("binomial-cloglog")
    best, scored = solved(p), solved(p, solver=jg.Newton(information="expected"))
    assert status(scored) == "CONVERGED"
    assert np.allclose(scored.theta, best.theta, rtol=1e-6, atol=1e-7)


def test_the_history_rises():
    found = solved(problem("poisson-log"), solver=jg.Newton(record=50), start=np.zeros(3))
    steps = np.asarray(found.trace.loglik)[: int(found.steps)]
    assert np.isfinite(steps).all()
    assert (np.diff(steps) >= -1e-9).all()
    assert np.isnan(np.asarray(found.trace.loglik)[int(found.steps) :]).all()


def test_rounding_of_a_long_sum_does_not_keep_a_fit_from_its_end():
    """The last step gains less than the rounding of the log-likelihood, which may then seem to fall."""
    rng = np.random.default_rng(13)
    X = rng.standard_normal((20_000, 10))
    X[:, 0] = 1.0
    mean = 1 / (1 + np.exp(-X @ (0.5 * rng.standard_normal(10) / np.sqrt(10))))
    y = np.clip(rng.beta(5 * mean, 5 * (1 - mean)), 1e-9, 1 - 1e-9)
    fit = jg.GLM(y, X, family="beta").fit()
    assert fit.converged
    assert fit.n_iter <= 8
