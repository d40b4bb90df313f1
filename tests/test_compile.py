"""What is compiled once is used again: refits of new data of about the same size trace nothing."""

import os
import subprocess
import sys
from contextlib import contextmanager
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm import compiled
from tests.members import MEMBERS, problem

TRACED = []


def _listen(name, duration, **facts):
    if name.endswith("jaxpr_trace_duration"):
        TRACED.append(facts.get("fun_name", name))


@pytest.fixture(autouse=True, scope="module")
def listener():
    jax.monitoring.register_event_duration_secs_listener(_listen)
    yield
    jax.monitoring.unregister_event_duration_listener(_listen)


@contextmanager
def nothing_traced():
    before = len(TRACED)
    yield
    assert TRACED[before:] == []


def table(n: int, seed: int):
    rng = np.random.default_rng(seed)
    return rng.poisson(3.0, n).astype(float), np.column_stack([np.ones(n), rng.normal(size=n)])


def use(n: int = 40, seed: int = 0, solver=None, family="poisson", new: int = 7, **sides):
    """A fit at the front door and everything that is asked of one."""
    y, X = table(n, seed)
    fit = jg.GLM(y, X, family=family, **sides).fit(solver=solver)
    later = {"offset": np.zeros(new)} if "offset" in sides else {}
    ahead = table(new, seed)[1]
    str(fit.summary())
    return fit.bse, fit.deviance, fit.resid(), fit.predict(ahead, **later), fit.get_prediction(ahead, **later)


def draw(n: int, seed: int):
    return np.random.default_rng(seed).uniform(0.5, 1.5, n)


BASE = dict(n=40, weights=draw(40, 0), offset=draw(40, 1))
AGAIN = {
    "new data": dict(n=40, seed=5, weights=draw(40, 2), offset=draw(40, 3)),
    "another n of the bucket": dict(n=35, weights=draw(35, 0), offset=draw(35, 1)),
    "a full bucket": dict(n=48, weights=draw(48, 0), offset=draw(48, 1)),
    "another tolerance": dict(BASE, solver=jg.Newton(tol=1e-9)),
    "another step limit": dict(BASE, solver=jg.Newton(max_steps=50)),
    "predictions of another size": dict(BASE, new=9),
}


@pytest.mark.parametrize("change", AGAIN)
def test_a_refit_traces_nothing(change):
    use(**BASE)
    with nothing_traced():
        use(**AGAIN[change])


@pytest.mark.parametrize("n", [33, 47, 48])
def test_a_refit_without_weights_traces_nothing(n):
    use(40)
    with nothing_traced():
        use(n)


def test_swept_numbers_of_a_family_trace_nothing():
    use(family=jg.NegativeBinomial(alpha=jg.Fixed(np.float64(0.5))))
    with nothing_traced():
        for alpha in np.linspace(0.6, 2.0, 3):
            use(family=jg.NegativeBinomial(alpha=jg.Fixed(alpha)))


def test_swept_numbers_of_a_link_trace_nothing():
    use(family=jg.Poisson(mu=jg.Power(0.5)))
    with nothing_traced():
        use(family=jg.Poisson(mu=jg.Power(0.7)))


def test_penalties_trace_nothing():
    fit = jax.jit(jg.fit)
    y, X = table(40, 0)
    fit(jg.problem(jg.Poisson(), X, y, penalty=jg.Ridge(1.0)))
    with nothing_traced():
        fit(jg.problem(jg.Poisson(), X, y, penalty=jg.Ridge(2.5)))


def test_a_log_likelihood_is_called_only_in_traces():
    calls = []

    def loglik(y, mu):
        calls.append(1)
        return jg.Poisson().loglik(y, mu)

    family = jg.Family.from_loglik(loglik, support=jg.counts, mu=jg.Log())
    y, X = table(40, 0)
    jg.GLM(y, X, family=family).fit()
    traced = len(calls)
    jg.GLM(y, X[:, ::-1], family=family).fit()
    assert traced > 0
    assert len(calls) == traced


def test_the_counter_counts():
    before = len(TRACED)
    jax.jit(lambda x: x + 1)(jnp.ones(3))
    assert len(TRACED) > before


DISTINCT = {name: m.family for name, m in MEMBERS.items() if not name.startswith(("bernoulli", "negbin("))}


def test_no_two_models_share_a_program():
    """jit finds its programs by tree structure: those of different families or links must not be equal.

    With equal structures Poisson data fitted with the identity link ran the program of the log link, now and then.
    """
    structures = {name: jax.tree.structure(problem(name)) for name in DISTINCT}
    same = [pair for pair in combinations(structures, 2) if structures[pair[0]] == structures[pair[1]]]
    assert not same, same[:5]


def test_families_made_from_functions_do_not_share_a_program():
    def one(y, mu):
        return -mu.value

    def two(y, mu):
        return mu.value

    families = [jg.Family.from_loglik(f, mu=link) for f in (one, two) for link in (jg.Log(), jg.Identity())]
    structures = [jax.tree.structure(f) for f in families]
    assert all(a != b for a, b in combinations(structures, 2))


IMPORT = """
import jax
read = lambda: {k: getattr(jax.config, k, None) for k in jax.config.values}
before = read()
import jaxglm
assert read() == before
"""


def test_importing_changes_no_configuration():
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr


def test_programs_are_forgotten_before_they_fill_the_memory_map(monkeypatch):
    """Where a system tells how many mappings a process may have: beyond it the compiler crashes."""
    if not compiled.mappings():
        pytest.skip("no count of mappings on this system")

    def fit(columns: int):
        y, X = table(40, 1)
        return jg.GLM(y, np.column_stack([X, draw(40 * columns, 0).reshape(40, columns)]), family="poisson").fit().llf

    before = [fit(columns) for columns in range(1, 6)]
    held = compiled.mappings()
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "most_mappings", lambda: 1.0)
        for columns in range(6, 6 + compiled.COUNTED):
            fit(columns)
    assert compiled.mappings() < held
    assert [fit(columns) for columns in range(1, 6)] == before
