"""What refits begin from, and arrays whose first rows are used while the last are being made."""

import threading
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm.batch import Members, fit_members
from jaxglm.families import nonnegative
from jaxglm.numerics import factor
from jaxglm.problem import evaluate
from jaxglm.refits.arriving import Arriving
from jaxglm.refits.blocks import plan
from jaxglm.refits.moved import moved_from
from jaxglm.refits.units import Units

N = 120


@jg.family
class Counts:
    """Poisson's log-likelihood once more, as a family of the test's own."""

    mu: jg.Link = jg.Log()
    support = nonnegative

    def loglik(self, y, mu):
        return y * mu.log - mu.value - jax.scipy.special.gammaln(y + 1.0)


def response(family, eta, rng):
    if isinstance(family, jg.Binomial):
        return (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    spread = rng.gamma(3.0, np.exp(eta) / 3)
    if isinstance(family, jg.Gamma):
        return spread
    return rng.poisson(spread if isinstance(family, jg.NegativeBinomial) else np.exp(eta)).astype(float)


FAMILIES = [jg.Binomial(), jg.Binomial(mu=jg.Probit()), jg.Poisson(), jg.Gamma(mu=jg.Log()), Counts(),
            jg.NegativeBinomial(alpha=jg.Fixed(0.4))]  # fmt: skip


def fitted(family, solver=None, units=1.0, **given):
    rng = np.random.default_rng(3)
    X = np.column_stack([np.ones(N), rng.normal(size=(N, 2))])
    y = response(family, X @ [0.4, 0.3, -0.2], rng)
    return jg.GLM(y, X * [1, 1, units], family=family, **given).fit(solver)


def test_counts_are_drawn_into_a_quarter_of_the_memory_and_stand_for_the_same_weights():
    fit = fitted(jg.Binomial())
    narrow, wide = Units.of(fit), Units.of(fit)
    object.__setattr__(wide, "weight", np.where(wide.weight == 1, 2.0, wide.weight))
    few, doubled = (np.asarray(u.resampled(np.random.default_rng(7), 40)) for u in (narrow, wide))
    assert few.dtype == np.uint16
    assert doubled.dtype == float
    np.testing.assert_array_equal(2.0 * few, doubled)
    with jax.enable_x64(True):
        outcomes = [fit_members(Members.varied(fit.problem, 40, weights=w), plan(fit), None) for w in (few, few * 1.0)]
    for a, b in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(a, b)


def resampled(fit, b=60):
    return np.asarray(Units.of(fit).resampled(np.random.default_rng(1), b))


def begun(fit, weights):
    """Starts (b, P) and the decrements that they came from (b,)."""
    moved = moved_from(fit)
    with jax.enable_x64(True):
        members = Members.varied(fit.problem, len(weights), weights=weights)
        one = lambda leaves: moved(members.structure.build(leaves))  # noqa: E731
        found = jax.jit(jax.vmap(one, in_axes=(members.axes,)))(tuple(map(jnp.asarray, members.leaves)))
    return moved, *map(np.asarray, found)


def newton_steps(fit, weights, theta):
    """Decrement of each replicate at theta (b, P), and theta after Newton's step."""

    def one(w, at):
        found = evaluate(replace(fit.problem, weights=w), at)
        step = factor(found.information).solve(found.gradient)
        return 0.5 * found.gradient @ step, at + step

    with jax.enable_x64(True):
        return tuple(map(np.asarray, jax.jit(jax.vmap(one))(jnp.asarray(weights), jnp.asarray(theta))))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_replicate_begins_near_its_maximum_and_one_step_leaves_no_more_than_was_said(family):
    fit = fitted(family)
    weights = resampled(fit)
    moved, theta, before = begun(fit, weights)
    assert len(moved.polynomial)
    known = np.isfinite(before)
    assert known.mean() > 0.8
    here, after = newton_steps(fit, weights, theta)
    there, _ = newton_steps(fit, weights, after)
    plain, _ = newton_steps(fit, weights, np.tile(np.asarray(fit.state.theta), (len(weights), 1)))
    assert np.median(here[known]) < 1e-4 * np.median(plain)
    said = here * (here / before) ** 2
    assert np.all(there[known] <= 10 * said[known] + 1e-20)
    assert np.mean(there[known] <= said[known] + 1e-20) > 0.95


def test_rows_with_several_predictors_and_penalties_move_to_first_order():
    for fit in (fitted(jg.NegativeBinomial()), fitted(jg.Poisson(), penalty=jg.Ridge(1.0))):
        weights = resampled(fit)
        moved, theta, before = begun(fit, weights)
        assert not len(moved.polynomial)
        assert np.isinf(before).all()
        first = np.asarray(fit.state.theta) + (weights - fit._weights) @ np.asarray(moved.influence)
        near = np.isclose(theta, first, rtol=1e-12, atol=1e-12).all(axis=1)
        still = (theta == np.asarray(fit.state.theta)).all(axis=1)
        assert (near | still).all()
        assert near.mean() > 0.8


def test_weights_far_from_those_of_the_fit_begin_at_the_estimates():
    fit = fitted(jg.Poisson())
    weights = np.zeros((1, fit.problem.n))
    weights[0, :3] = 40.0
    _, theta, before = begun(fit, weights)
    assert np.array_equal(theta[0], np.asarray(fit.state.theta))
    assert np.isinf(before[0])


def test_replicates_end_at_their_maximum_whatever_they_begin_from():
    fit = fitted(jg.Binomial())
    boot = jg.bootstrap(fit, 200, seed=4)
    weights = np.asarray(Units.of(fit).resampled(np.random.default_rng(4), 200))
    good = boot.status == jg.Status.CONVERGED
    left, _ = newton_steps(fit, weights[good], boot.params[good])
    assert left.max() < 1e-14  # in units of the log-likelihood: 1.4e-7 standard errors


@pytest.mark.parametrize("solver", [jg.Newton(information="expected"), jg.Gradient()], ids=["Fisher scoring", "optax"])
def test_solvers_whose_steps_are_not_quadratic_are_told_nothing(solver):
    fit = fitted(jg.Binomial(mu=jg.Probit()), solver)
    assert not moved_from(fit).polynomial
    boot = jg.bootstrap(fit, 100, seed=4)
    weights = np.asarray(Units.of(fit).resampled(np.random.default_rng(4), 100))
    good = boot.status == jg.Status.CONVERGED
    left, _ = newton_steps(fit, weights[good], boot.params[good])
    assert good.mean() > 0.9
    assert left.max() < 1e-12


@pytest.mark.parametrize("unit", [1e-25, 1e25])
def test_starts_do_not_depend_on_the_units_of_a_column(unit):
    plain, scaled = (fitted(jg.Binomial(), units=u) for u in (1.0, unit))
    (_, theta, before), (_, other, known) = (begun(f, resampled(f)) for f in (plain, scaled))
    error = np.asarray(plain.bse)
    assert np.allclose(other * [1, 1, unit] / error, theta / error, rtol=1e-4, atol=1e-4)
    assert np.array_equal(np.isinf(before), np.isinf(known))


# --- arriving


def steps(array, news):
    for i in range(len(array)):
        news[i].wait(5)
        array[i] = i
        yield i + 1


def test_rows_are_waited_for():
    array, news = np.full((4, 2), -1.0), [threading.Event() for _ in range(4)]
    arriving = Arriving(array, steps(array, news))
    assert (len(arriving), arriving.shape, arriving.dtype, arriving.ndim) == (4, (4, 2), float, 2)
    news[0].set()
    news[1].set()
    assert np.array_equal(arriving[:2], [[0, 0], [1, 1]])
    assert array[3, 0] == -1
    threading.Timer(0.05, lambda: [n.set() for n in news]).start()
    assert np.array_equal(arriving[np.array([0, 3])], [[0, 0], [3, 3]])
    assert np.array_equal(arriving[-1], [3, 3])
    assert np.array_equal(np.asarray(arriving), [[0, 0], [1, 1], [2, 2], [3, 3]])


def test_what_goes_wrong_while_they_are_made_is_raised_by_who_waits():
    def failing():
        yield 1
        raise RuntimeError("no more")

    arriving = Arriving(np.zeros((3, 1)), failing())
    with pytest.raises(RuntimeError, match="no more"):
        arriving[:3]
