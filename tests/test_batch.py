"""Many fits in one call are the single fits: by the thousand, in any order, chunk, precision, on any devices."""

import os
import subprocess
import sys
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize

import jaxglm as jg
from tests.batches import KINDS, N, P, agree, batch, same

MANY, SAMPLE = 2000, 25


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"bernoulli"}))
def test_two_thousand_members_are_single_fits(kind):
    given = batch(kind, MANY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        fits = given.fit(chunk=8)
        for i in np.random.default_rng(1).choice(MANY, SAMPLE, replace=False):
            agree(fits, int(i), given.single(int(i)))
    assert fits.converged.mean() > 0.9, fits.status_counts


def quietly(given, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        return given.fit(**options)


@pytest.fixture(scope="module")
def few():
    given = batch("gamma", 21)
    return given, quietly(given)


def test_order_does_not_matter(few):
    given, fits = few
    order = np.random.default_rng(2).permutation(given.size)
    same(quietly(given.take(order)), fits, at_b=order)


@pytest.mark.parametrize("chunk", [8, 16])
def test_chunks_do_not_matter(few, chunk):
    given, fits = few
    same(quietly(given, chunk=chunk), fits)


def test_company_does_not_matter(few):
    given, fits = few
    index = np.arange(11, 19)
    same(quietly(given.take(index)), fits, at_b=index)


def test_invalid_members_between_valid_ones_shift_nothing():
    """The last chunk, filled up with its last member, once was taken for a run of neighbours: it is not."""
    given = batch("poisson", 4)
    fits = quietly(given)
    spoiled = given.Y.copy()
    spoiled[2] = -1.0
    same(quietly(given._replace(Y=spoiled)), fits, [0, 1, 3], [0, 1, 3])


def test_a_bad_proportion_does_not_touch_the_others():
    """One value above 1 once made the proportions of all members plain 0/1 responses, which they are not."""
    given = batch("proportions", 8)
    spoiled = given.Y.copy()
    spoiled[3, 0] = 5.0
    fits = quietly(given._replace(Y=spoiled))
    assert fits.status_counts == {"CONVERGED": 7, "INVALID_DATA": 1}
    same(fits, quietly(given), np.arange(8) != 3, np.arange(8) != 3)


@pytest.mark.parametrize("kind", ["poisson", "gamma"])
def test_masked_values_may_be_anything(kind):
    given = batch(kind, 8)
    mask = np.random.default_rng(3).random((8, N)) < 0.8
    given.sides.pop("mask", None)
    clean = given._replace(sides=given.sides | {"mask": mask})
    own = given.X if given.X.ndim == 3 else np.stack([given.X] * 8)
    X = np.where(mask[..., None], own, np.nan)
    sides = {k: np.where(mask, v, np.nan) for k, v in given.sides.items() if k != "exposure"}
    spoiled = given._replace(X=X, Y=np.where(mask, given.Y, np.nan), sides=clean.sides | sides)
    fits = quietly(spoiled)
    same(fits, quietly(clean._replace(X=own)))
    agree(fits, 1, fits[1])


# ---------------------------------------------------------------- precision


@pytest.mark.parametrize("kind", ["poisson", "gamma"])
def test_mixed_precision_is_double_precision(kind):
    given = batch(kind, 21)
    exact, mixed = quietly(given, chunk=8), quietly(given, chunk=8, precision="mixed")
    close = np.nanmax(np.abs(exact.params - mixed.params) / exact.bse, axis=1)
    assert (close[exact.converged] < 1e-9).all()
    assert np.array_equal(exact.status, mixed.status)


def test_single_precision_tells_its_distance():
    given = batch("poisson", 21)
    exact, single = quietly(given, chunk=8), quietly(given, chunk=8, precision="float32")
    step = exact.params - single.params
    assert (np.abs(step) / exact.bse < 1e-3).all()
    X = given.X
    mu = np.exp(np.einsum("np,bp->bn", X, exact.params)) * given.sides["exposure"] * given.sides["mask"]
    information = np.einsum("bn,np,nq->bpq", mu, X, X)
    distance = np.sqrt(np.einsum("bp,bpq,bq->b", step, information, step))
    ratio = single.accuracy / distance
    assert ((ratio > 0.1) & (ratio < 10)).all(), (ratio.min(), ratio.max())


# ---------------------------------------------------------------- models and solvers


def test_fixed_numbers_may_differ_between_members():
    alpha = np.linspace(0.1, 2.0, 8)
    given = batch("negbin", 8)._replace(family=jg.NegativeBinomial(alpha=jg.Fixed(alpha)))
    given.X[5, :, 2] = 2.0  # as the intercept: this member is fitted anew
    fits = quietly(given)
    for i in (0, 5):
        one = given._replace(family=jg.NegativeBinomial(alpha=jg.Fixed(alpha[i]))).single(i)
        agree(fits, i, one)
        agree(fits, i, fits[i])
        again = fits.refit([i])
        assert np.allclose(again.params[i], one.params, rtol=0, atol=1e-8, equal_nan=True)


def test_a_start_for_each_member(few):
    given, fits = few
    again = quietly(given, start=fits.params)
    assert (again.n_iter[fits.converged] <= 2).all()
    assert np.allclose(again.params, fits.params, rtol=1e-9, atol=1e-9)


def laplace(y, mu):
    return -jnp.sqrt(1.0 + (y - mu.value) ** 2)


def test_a_family_of_the_user():
    given = batch("gaussian", 8)
    given = given._replace(family=jg.Family.from_loglik(laplace, mu=jg.Identity()), sides={})
    fits = quietly(given)
    agree(fits, 3, given.single(3))
    assert fits.converged.all()


SOLVERS = {"lbfgs": jg.Gradient(optax.lbfgs()), "fisher": jg.Newton(information="expected")}


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_other_solvers(solver):
    given = batch("trials", 8)
    newton, other = quietly(given), quietly(given, solver=solver)
    assert other.converged.all()
    assert np.max(np.abs(newton.params - other.params) / newton.bse) < 1e-6


def test_a_penalty_is_its_optimum():
    """Separated members, refitted with a ridge, against a general optimiser on the penalised log-likelihood."""
    given = batch("bernoulli", 8)
    given.Y[2:4] = given.X[2:4, :, 1] > 0
    fits = quietly(given)
    assert list(fits.failed()) == [2, 3]
    penalised = fits.refit(penalty=jg.Ridge(1.0))
    assert penalised.converged.all()
    same(penalised, fits, [0, 1, 4], [0, 1, 4])
    for i in (2, 3):
        X, y = given.X[i], given.Y[i]
        loss = lambda b, X=X, y=y: np.logaddexp(0, X @ b).sum() - y @ X @ b + b[1:] @ b[1:] / 2  # noqa: E731
        best = minimize(loss, np.zeros(P), tol=1e-12)
        assert np.allclose(penalised.params[i], best.x, atol=1e-5)


# ---------------------------------------------------------------- devices

SHARDED = """
import jax, numpy as np, jaxglm as jg
from tests.batches import batch, same
given = batch("trials", 21)
mesh = jax.make_mesh((DEVICES,), ("members",))
same(given.fit(mesh=mesh), given.fit())
"""


@pytest.mark.parametrize("devices", [2, 3])
def test_devices_share_the_members(devices):
    flags = f"--xla_force_host_platform_device_count={devices}"
    command = [sys.executable, "-c", SHARDED.replace("DEVICES", str(devices))]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ) | {"XLA_FLAGS": flags})
    assert done.returncode == 0, done.stderr[-2000:]


@jg.family
class Heteroscedastic:
    """Gaussian with variance phi times a known number."""

    mu: jg.Link = jg.Identity()
    phi: jg.Link = jg.Log()
    known: jg.Link = jg.Log()

    def loglik(self, y, mu, phi, known):
        variance = phi.value * known.value
        return -0.5 * (y - mu.value) ** 2 / variance - 0.5 * jnp.log(2 * jnp.pi * variance)


def test_a_free_dispersion_beside_numbers_that_differ_between_members():
    rng, known = np.random.default_rng(5), np.linspace(1.0, 3.0, 5)
    X, Y = np.column_stack([np.ones(40), rng.normal(size=40)]), rng.normal(size=(5, 40))
    fits = jg.fit_batch(Heteroscedastic(known=jg.Fixed(known)), X, Y)
    for i in (0, 4):
        one = jg.GLM(Y[i], X, family=Heteroscedastic(known=jg.Fixed(known[i]))).fit()
        assert fits.llf[i] == pytest.approx(one.llf, rel=1e-12)
        assert fits.dispersion[i] == pytest.approx(one.dispersion, rel=1e-12)
        np.testing.assert_allclose(fits.bse[i], one.bse, rtol=1e-12)


# ---------------------------------------------------------------- side by side


@jg.family
class Correlated:
    """Gaussian, with a log-likelihood that takes the long way through LAPACK."""

    mu: jg.Link = jg.Identity()

    def loglik(self, y, mu):
        root = jnp.linalg.cholesky(jnp.eye(2, dtype=y.dtype) * (2 + 0 * mu.value))
        return -0.5 * (y - mu.value) ** 2 * root[0, 0]


def test_a_family_that_calls_lapack_runs_one_chunk_at_a_time(monkeypatch):
    """On a batch LAPACK waits inside XLA's threads: two programs would wait for each other."""
    from jaxglm.batch import engine

    threads, in_turn = [], engine.in_turn
    monkeypatch.setattr(engine, "workers", lambda sharding=None: 2)
    monkeypatch.setattr(engine, "in_turn", lambda work, items, n: threads.append(n) or in_turn(work, items, n))
    X, Y = np.column_stack([np.ones(40), np.arange(40.0)]), np.random.default_rng(0).normal(size=(64, 40))
    slow = jg.fit_batch(Correlated(), X, Y, chunk=8)
    assert set(threads) == {1}
    threads.clear()
    plain = jg.fit_batch("gaussian", X, Y, chunk=8)
    assert set(threads) == {2}
    np.testing.assert_allclose(slow.params, plain.params, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "zinb", "student_t", "gaussian"])
def test_families_of_the_library_run_side_by_side(family, monkeypatch):
    """However long their programs are, and whatever names the variables of those have."""
    from jaxglm.batch import engine

    threads, in_turn = [], engine.in_turn
    monkeypatch.setattr(engine, "workers", lambda sharding=None: 2)
    monkeypatch.setattr(engine, "in_turn", lambda work, items, n: threads.append(n) or in_turn(work, items, n))
    Y = 1.0 + np.random.default_rng(0).poisson(3.0, size=(8, 40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        jg.fit_batch(family, np.ones((40, 1)), Y)
    assert set(threads) == {2}


@pytest.mark.parametrize("needed", [[3, 3, 3, 3], [2, 2, 2, 9], [4, 5, 6, 7], [1, 1]])
def test_rounds_have_the_steps_that_cost_least(needed):
    """A round of s steps costs s for all; who needs more then costs these and the gathering. Those that still run tell
    nothing; a later round asks those that needed more steps than were done."""
    from jaxglm.batch.engine import AGAIN, Status, _usual_steps

    ended = np.full(len(needed) + 1, Status.CONVERGED)
    ended[-1] = Status.RUNNING
    found = SimpleNamespace(steps=np.array([*needed, 99]), status=ended)
    cost = lambda s, needed: s + sum(n - s + AGAIN for n in needed if n > s) / len(needed)  # noqa: E731
    assert cost(_usual_steps(found), needed) == min(cost(s, needed) for s in range(1, 33))
    left = [n - 5 for n in needed if n > 5]
    if left:
        assert cost(_usual_steps(found, 5), left) == min(cost(s, left) for s in range(1, 33))
