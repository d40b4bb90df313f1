"""The objective of a problem: its derivatives against those of the whole sum, its blocks, its masked rows."""

import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm.problem import Problem, evaluate, gradient, objective, row_logliks
from tests.members import MEMBERS, data, good_start, problem

pytestmark = pytest.mark.usefixtures("x64")
ROOM = sys.modules["jaxglm.problem.totals"]
ONE, TWO = ("poisson-log", "binomial-cloglog"), ("gamma-inverse", "negbin-log")
RIDGE = jg.Ridge(0.7)


def theta_of(name: str) -> jax.Array:
    return jnp.asarray(good_start(name)) + 0.05


def plain_objective(p: Problem, theta):
    """Sum of weighted log-likelihoods less the penalty, written once more from X, offset and views."""
    beta, *shared = jnp.split(theta, [p.designs[0].shape[1], *range(p.designs[0].shape[1] + 1, theta.shape[0])])
    eta = p.designs[0].X @ beta + p.offsets[0]

    def one(y, e):
        return p.family.loglik(y, *p.family.views((e, *(s[0] for s in shared if s.size))))

    return p.weights @ jax.vmap(one)(p.y, eta) - 0.35 * theta @ theta


@jax.jit
def both(p: Problem, theta):
    derivatives = jax.value_and_grad(plain_objective, 1)(p, theta), jax.hessian(plain_objective, 1)(p, theta)
    return derivatives, evaluate(p, theta), objective(p, theta), gradient(p, theta)


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_derivatives_are_those_of_the_whole_objective(name):
    p = replace(problem(name), penalty=RIDGE)
    ((value, slope), bend), at, alone, slope_alone = both(p, theta_of(name))
    assert np.allclose([at.loglik, alone], value, rtol=1e-13)
    size = np.sqrt(np.diagonal(-bend))
    assert np.allclose(at.gradient / size, slope / size, rtol=1e-10, atol=1e-11)
    assert np.allclose(slope_alone / size, slope / size, rtol=1e-10, atol=1e-11)
    assert np.allclose(at.information / size / size[:, None], -bend / size / size[:, None], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("name", ["gamma-inverse"])
def test_the_information_is_symmetric_and_positive(name):
    information = np.asarray(evaluated(problem(name), theta_of(name)).information)
    assert np.allclose(information, information.T, rtol=1e-12, atol=1e-13)
    assert np.linalg.eigvalsh(information)[0] > 0


@pytest.mark.parametrize("block", [8, 16], ids=["without a rest", "with a rest"])
@pytest.mark.parametrize("name", ["poisson-log", "negbin-log"])
def test_blocks_add_up(name, block, monkeypatch):
    p, theta = replace(problem(name), penalty=RIDGE), theta_of(name)
    whole = jax.device_get(jax.jit(lambda: (evaluate(p, theta), objective(p, theta)))())
    monkeypatch.setattr(ROOM, "SINGLE_BLOCK", 0)
    monkeypatch.setattr(ROOM, "BLOCK", block)
    program = jax.jit(lambda: (evaluate(p, theta), objective(p, theta)))
    assert "while" in program.lower().as_text()
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(program()), strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-11)


def test_blocks_add_up_in_a_fit(monkeypatch):
    p = problem("poisson-log")
    whole = jax.jit(jg.fit)(p).theta
    monkeypatch.setattr(ROOM, "SINGLE_BLOCK", 0)
    monkeypatch.setattr(ROOM, "BLOCK", 16)
    assert np.allclose(jax.jit(lambda q: jg.fit(q))(p).theta, whole, rtol=1e-10)


BAD = {"nan": np.nan, "inf": np.inf, "huge": 1e300, "outside": -3.0}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", ["poisson-log", "binomial-cloglog", "gamma-inverse"])
def test_rows_of_weight_zero_do_not_exist(name, value):
    """Whatever stands in them: y, X and offset."""
    d, off = data(name), np.arange(40) % 3 == 1
    weights = np.where(off, 0.0, d.weights)
    spoil = lambda a: np.where(off.reshape(-1, *[1] * (a.ndim - 1)), value, a)  # noqa: E731
    y = tuple(map(spoil, d.y)) if isinstance(d.y, tuple) else spoil(d.y)
    clean, spoiled = problem(name, d, weights=weights), problem(
        name, d, weights=weights, y=y, X=spoil(d.X), offset=spoil(d.offset)
    )
    theta = theta_of(name)
    for a, b in zip(jax.tree.leaves(evaluated(clean, theta)), jax.tree.leaves(evaluated(spoiled, theta)), strict=True):
        assert np.allclose(a, b, rtol=1e-13, atol=1e-12)
    assert np.isfinite(np.asarray(evaluated(spoiled, theta).information)).all()


evaluated = jax.jit(evaluate)


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_the_order_of_rows_does_not_matter(name):
    d, order = data(name), np.random.default_rng(3).permutation(40)
    y = tuple(a[order] for a in d.y) if isinstance(d.y, tuple) else d.y[order]
    turned = problem(name, d, X=d.X[order], y=y, offset=d.offset[order], weights=d.weights[order])
    a, b = evaluated(problem(name), theta_of(name)), evaluated(turned, theta_of(name))
    assert np.allclose(a.loglik, b.loglik, rtol=1e-13)
    assert np.allclose(a.gradient, b.gradient, rtol=1e-11, atol=1e-11)
    assert np.allclose(a.information, b.information, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_an_offset_is_a_known_coefficient(name):
    d, theta = data(name), theta_of(name)
    moved = problem(name, d, offset=d.offset + d.X[:, 1] * 0.2)
    lower = theta.at[1].add(-0.2)
    assert np.allclose(row_logliks(moved, lower), row_logliks(problem(name), theta), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["poisson-log", "negbin-log"])
def test_float32_stays_float32_under_64_bits(name):
    d = data(name)
    y = tuple(np.float32(a) for a in d.y) if isinstance(d.y, tuple) else d.y
    p = jg.problem(MEMBERS[name].family, np.float32(d.X), y, offset=d.offset, weights=d.weights)
    single = jax.eval_shape(lambda q: (evaluate(q, jnp.float32(theta_of(name))), jg.fit(q)), p)
    wrong = [s for s in jax.tree.leaves(single) if s.dtype == np.float64]
    assert not wrong


def test_integer_data_become_floating():
    X = np.column_stack([np.ones(6, int), np.arange(6)])
    p = jg.problem(jg.Poisson(), X, np.arange(6))
    assert p.dtype == p.y.dtype == np.float64


@pytest.mark.parametrize("element", range(8))
def test_a_problem_does_not_change_with_the_array_it_was_made_of(element):
    room = np.ones(40 * 3 + 16)
    begin = (-room.ctypes.data // 8 + element) % 8
    X = room[begin : begin + 120].reshape(40, 3)
    made = jg.problem(jg.Poisson(), X, np.ones(40))
    traced = jax.jit(lambda: jg.problem(jg.Poisson(), X, np.ones(40)).designs[0].X)()
    X[:] = 7.0
    assert np.array_equal(made.designs[0].X, np.ones((40, 3)))
    assert np.array_equal(traced, np.ones((40, 3)))
