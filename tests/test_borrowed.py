"""A large design that the device reads where it is: all its verbs are those of the matrix, wherever that begins."""

import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm import programs
from jaxglm.design import Borrowed, Dense, Ones, lend
from jaxglm.problem import evaluate, make_problem, objective
from jaxglm.programs import build_problem, solve

pytestmark = pytest.mark.usefixtures("x64")
ROOM = sys.modules["jaxglm.problem.totals"]
SHAPES = [(64, 1), (50, 3), (41, 8), (37, 12)]


def begun_at(X: np.ndarray, element: int) -> np.ndarray:
    """The matrix in memory that begins so many elements after an aligned address."""
    room = np.zeros(X.size + 16)
    first = (-room.ctypes.data // 8 + element) % 8
    placed = room[first : first + X.size].reshape(X.shape)
    placed[...] = X
    assert placed.ctypes.data // 8 % 8 == element % 8
    return placed


def matrices(shape, seed=0):
    n, p = shape
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=p), rng.normal(size=n), rng.normal(size=(p, p))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("element", range(8))
def test_the_verbs_are_those_of_the_matrix(shape, element, monkeypatch):
    X, beta, w, V = matrices(shape)
    n, p = shape
    monkeypatch.setattr(sys.modules["jaxglm.design.borrowed"], "BLOCK", 5 * p)  # several blocks
    lent, plain = lend(begun_at(X, element), jax.device_put), Dense(X)
    Z = Dense(X[:, :1] ** 2)
    assert isinstance(lent, Borrowed)
    assert lent.shape == shape
    index = np.array([0, n - 1, n // 2, 1, n - 2])
    k, C = lent.margin, np.abs(V[:, :2])

    @jax.jit
    def verbs(d):
        return {
            "X": d.X, "matvec": d.matvec(beta), "rmatmat": d.rmatmat(w), "gram": d.gram(w, d),
            "ones": d.gram(w, Ones(n)), "other": d.gram(w, Z), "form": d.form(V, d),
            "form of another": d.form(V[:, :1], Z), "form of ones": d.form(V[:, :1], Ones(n)),
            "times": d.times(C).X, "take": d.take(index).X,
            "rows": d.rows(k + jnp.asarray(1), 7).X, "ends": d.ends(k + 3, k + 1).X,
        }  # fmt: skip

    found, wanted = verbs(lent), verbs(plain)
    for name in wanted:
        assert found[name].shape == wanted[name].shape
        assert np.allclose(found[name], wanted[name], rtol=1e-12, atol=1e-12), name
    assert lent.empty(float).shape == (n, 0)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="a CPU reads the memory of the host")
@pytest.mark.parametrize("element", range(8))
def test_nothing_is_copied_and_one_program_serves_every_place(element):
    X = begun_at(matrices((300, 7))[0], element)
    lent = lend(X, jax.device_put)
    assert X.ctypes.data <= lent.flat.unsafe_buffer_pointer() < X.ctypes.data + 64
    other = lend(begun_at(X, element + 3), jax.device_put)
    shapes = [jax.tree.map(lambda a: (np.shape(a), np.asarray(a).dtype), d) for d in (lent, other)]
    assert jax.tree.leaves(shapes[0]) == jax.tree.leaves(shapes[1])


def test_memory_with_gaps_or_of_few_rows_stays_as_it_is():
    X = matrices((60, 6))[0]
    assert isinstance(lend(X[:, ::2], jax.device_put), Dense)
    assert isinstance(lend(np.asfortranarray(X), jax.device_put), Dense)
    assert isinstance(lend(matrices((31, 1))[0], jax.device_put), Dense)


@pytest.mark.parametrize("n", [101, 96 + 8], ids=["with a rest", "without"])
def test_blocks_of_rows_add_up(n, monkeypatch):
    monkeypatch.setattr(ROOM, "SINGLE_BLOCK", 0)
    monkeypatch.setattr(ROOM, "BLOCK", 16)
    X, beta, w, _ = matrices((n, 2))
    y, w = np.random.default_rng(1).poisson(1.5, n), np.abs(w)
    plain = make_problem(jg.NegativeBinomial(), X, y, weights=w, offset=0.1 * X[:, 1])
    lent = replace(plain, designs=(lend(begun_at(X, 3), jax.device_put), plain.designs[1]))
    theta = np.array([*beta, 0.2])
    both = [jax.jit(lambda p: (evaluate(p, theta), objective(p, theta)))(p) for p in (plain, lent)]
    for a, b in zip(*map(jax.tree.leaves, both), strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("family", [jg.Poisson(), jg.Poisson(mu=jg.Identity()), jg.Beta(), jg.Gaussian()], ids=repr)
@pytest.mark.parametrize("penalty", [None, jg.Ridge(0.5)], ids=["plain", "ridge"])
def test_a_fit_is_that_of_the_copy(family, penalty, monkeypatch):
    rng = np.random.default_rng(5)
    n = 5000
    X = np.column_stack([np.ones(n), rng.uniform(0, 1, (n, 3))])
    mu = 0.2 + X @ [0.1, 0.2, 0.1, 0.05]
    y = np.clip(rng.beta(4 * mu, 4 * (1 - mu)), 1e-6, 1 - 1e-6) if family.name == "Beta" else rng.poisson(mu)
    monkeypatch.setattr(ROOM, "SINGLE_BLOCK", 0)
    fits = []
    for size in (1 << 60, 1):
        monkeypatch.setattr(programs, "LENT", size)
        monkeypatch.setattr(programs, "LENT_ROWS", 1)
        fits.append(jg.GLM(y, X, family=family, penalty=penalty).fit())
    plain, lent = fits
    assert plain.converged
    assert lent.converged
    assert np.allclose(lent.params, plain.params, rtol=1e-9, atol=1e-10)
    assert np.allclose(lent.bse, plain.bse, rtol=1e-8)
    assert np.isclose(lent.llf, plain.llf, rtol=1e-12)


def test_separated_large_data_are_seen(monkeypatch):
    """The search for a drift looks along all rows."""
    monkeypatch.setattr(programs, "LENT", 1)
    monkeypatch.setattr(programs, "LENT_ROWS", 1)
    x = np.linspace(-1, 1, 3000)
    with pytest.warns(jg.FitWarning, match="separat"):
        fit = jg.GLM((x > 0.2).astype(float), np.column_stack([np.ones(3000), x]), family="binomial").fit()
    assert fit.status.name == "SEPARATED"


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="a CPU reads the memory of the host")
def test_a_large_design_is_lent_and_only_read(monkeypatch):
    seen = []
    monkeypatch.setattr(programs, "lend", lambda X, put: seen.append(lend(X, put)) or seen[-1])
    n = 1 << 15
    X = np.random.default_rng(0).normal(size=(n, 70))
    before = X.copy()
    problem = build_problem(jg.Gaussian(phi=jg.Fixed(1.0)), X, X @ np.ones(70))
    theta = solve(problem, jg.Newton(record=4), None, True)[0].theta
    assert isinstance(seen[0], Borrowed)
    assert np.allclose(theta[:70], 1.0, atol=1e-10)
    assert np.array_equal(X, before)
