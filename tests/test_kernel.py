"""Small fits as one kernel: which they are, what they give, and what is done where XLA refuses."""

import os
import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm import kernel, programs
from jaxglm.basis import COMFORTABLE, comfortable
from jaxglm.numerics import factor, root_and_sine

RNG = np.random.default_rng(20)
N = 60
X = np.column_stack([np.ones(N), RNG.normal(size=(N, 2)) / 3])
ETA = X @ [0.6, 0.4, -0.3]
COUNTS, POSITIVE = RNG.poisson(np.exp(ETA)).astype(float), RNG.gamma(3.0, np.exp(ETA) / 3)
ZERO_ONE = (RNG.random(N) < 1 / (1 + np.exp(-ETA))).astype(float)
UNIT = ("logit", "probit", "cloglog", "loglog", "cauchit")
MEANS = {
    "gaussian": (ETA + RNG.normal(size=N), "gaussian", None),
    **{f"binomial {link}": (ZERO_ONE, "binomial", link) for link in UNIT},
    **{f"poisson {link}": (COUNTS, "poisson", link) for link in ("log", "sqrt", "identity")},
    "gamma": (POSITIVE, "gamma", None),
    "gamma log": (POSITIVE, "gamma", "log"),
    "inverse gaussian": (POSITIVE, "inverse_gaussian", None),
    "exponential": (POSITIVE, "exponential", None),
    "geometric": (COUNTS, "geometric", None),
    "negbin of a known alpha": (COUNTS, jg.NegativeBinomial(alpha=jg.Fixed(0.5)), None),
    "tweedie of a known power": (COUNTS, jg.Tweedie(p=jg.Fixed(1.5)), None),
    "quasipoisson": (COUNTS, "quasipoisson", None),
}
on_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="kernels are made on a CPU")


def model(name, **sides) -> jg.GLM:
    y, family, link = MEANS[name]
    return jg.GLM(y, X, family=family, link=link, **sides)


@on_cpu
def test_this_version_of_jax_is_one_that_makes_kernels():
    assert jax.__version_info__[:2] in kernel.TESTED
    assert kernel.available()


@on_cpu
@pytest.mark.parametrize("name", MEANS)
def test_a_small_fit_is_one_kernel_and_the_same_as_its_parts(name, monkeypatch):
    fast = model(name).fit()
    assert jax.tree.structure(fast.problem.family) not in families_refused()
    monkeypatch.setattr("jaxglm.compiled.available", lambda: False)
    plain = model(name).fit()
    assert fast.status == plain.status
    np.testing.assert_allclose(fast.params, plain.params, rtol=1e-7, atol=1e-9 * np.max(plain.bse))
    np.testing.assert_allclose(fast.bse, plain.bse, rtol=1e-6)
    np.testing.assert_allclose(fast.state.loglik, plain.state.loglik, rtol=1e-12)


def families_refused() -> set:
    """Structures of the families of which XLA made no kernel."""
    return {jax.tree.structure(jax.tree.unflatten(s, [0.0] * s.num_leaves)[0][0].family)
            for s in programs._fits.small.refused}  # fmt: skip


@on_cpu
def test_the_compiled_program_is_one_call():
    with jax.enable_x64(True):
        problem, solver = model("poisson log").fit().problem, jg.Newton()
        made = kernel.one_kernel(programs._solved, static_argnames="expected")
        text = jax.jit(lambda *given: made(*given, expected=True)).lower(problem, solver, None).compile().as_text()
    entry = text[text.index("ENTRY") :]
    assert entry.count('xla_cpu_small_call="true"') == 1
    assert "fusion(" not in entry
    assert "custom-call(" not in text


def sorting(y, mu):
    """Poisson's log-likelihood, with a sort on the way that XLA cannot put into a kernel."""
    low, high = jnp.sort(jnp.stack([y, mu.value]))
    return y * mu.log - mu.value + 0.0 * (low + high)


@on_cpu
def test_a_family_that_no_kernel_can_hold_is_fitted_in_parts(monkeypatch):
    family = jg.Family.from_loglik(sorting, support=jg.counts, mu=jg.links.Log())
    fit = jg.GLM(COUNTS, X, family=family).fit()
    assert fit.converged
    assert jax.tree.structure(fit.problem.family) in families_refused()
    np.testing.assert_allclose(fit.params, model("poisson log").fit().params, rtol=1e-8)
    tries = []
    whole = programs._fits.small.whole
    monkeypatch.setattr(programs._fits.small, "whole", lambda *a, **k: tries.append(1) or whole(*a, **k))
    jg.GLM(COUNTS, X, family=family).fit()
    assert not tries


def test_what_calls_a_library_is_refused_before_xla_complains(capfd):
    for call in (jnp.linalg.cholesky, jnp.linalg.inv, jnp.linalg.eigvalsh, lambda a: jnp.sort(a, axis=0),
                 lambda a: jax.lax.top_k(a, 1)[0], jnp.fft.rfft):  # fmt: skip
        with pytest.raises(kernel.Refused):
            jax.jit(kernel.one_kernel(call))(jnp.eye(2))
    assert "rror" not in capfd.readouterr().err


@pytest.mark.parametrize("damping", [0.0, -0.01, 1e-3, np.nan])
@pytest.mark.parametrize("matrix", [np.eye(3), np.ones((3, 3)), np.diag([1.0, 0.0, 2.0]), np.full((3, 3), np.nan)])
def test_factors_in_a_kernel_are_those_of_its_parts(matrix, damping, x64):
    with kernel.within(True):
        inside = jax.jit(factor)(jnp.asarray(matrix), damping)
    for a, b in zip(inside, factor(jnp.asarray(matrix), damping), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_the_core_called_by_itself_is_what_a_program_of_the_user_gives(wrap, x64):
    problem = jg.problem(jg.Binomial(), X, ZERO_ONE)
    alone, inside = jg.fit(problem), jax.jit(jg.fit)(problem)
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(inside), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    ys = jnp.stack([problem.y, 1 - problem.y])
    many = wrap(jax.vmap(lambda y: jg.fit(replace(problem, y=y)).theta))(ys)
    np.testing.assert_allclose(many, [alone.theta, -alone.theta], rtol=1e-8, atol=1e-10)
    slope = wrap(jax.grad(lambda w: jg.fit(replace(problem, weights=w)).theta[1]))(jnp.ones(N))
    step = 1e-5 * jnp.zeros(N).at[7].set(1.0)
    ends = [jg.fit(replace(problem, weights=jnp.ones(N) + s * step)).theta[1] for s in (1, -1)]
    np.testing.assert_allclose(slope[7], (ends[0] - ends[1]) / 2e-5, rtol=1e-5)


def test_a_program_of_the_user_has_no_kernel_in_it(x64):
    problem = jg.problem(jg.Binomial(), X, ZERO_ONE)
    assert "xla_cpu_small_call" not in jax.jit(jg.fit).lower(problem).as_text()


def test_the_core_called_again_traces_nothing(x64):
    problem, traced = jg.problem(jg.Poisson(), X, COUNTS), []
    family = jg.Family.from_loglik(lambda y, mu: traced.append(1) or y * mu.log - mu.value, support=jg.counts,
                                   mu=jg.links.Log())  # fmt: skip
    own = replace(problem, family=family)
    jg.fit(own)
    before = len(traced)
    jg.fit(replace(own, y=own.y + 1))
    assert before
    assert len(traced) == before


DEVICES = """
import jax, jax.numpy as jnp, numpy as np, sys
from dataclasses import replace
jax.config.update("jax_enable_x64", True)
from jax.sharding import NamedSharding, PartitionSpec
import jaxglm as jg
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 3)); y = rng.poisson(np.exp(X @ [0.3, 0.2, -0.1])).astype(float)
alone = jg.problem(jg.Poisson(), X, y)
mesh = jax.make_mesh((2,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))
at = lambda spec: NamedSharding(mesh, spec)
shard = lambda a: jax.device_put(a, at(PartitionSpec("rows")))
split = jax.tree.map(shard, alone)
assert len(split.y.sharding.device_set) == 2
whole = jg.fit(alone).theta
for problem in (split, replace(alone, y=split.y), replace(alone, weights=shard(jnp.ones(64)))):
    np.testing.assert_allclose(jg.fit(problem).theta, whole, rtol=1e-10)
assert not sys.modules["jaxglm.fit"]._programs.small.refused
"""
LATE = """
import jax, sys
import jax.numpy as jnp
jax.config.update("jax_enable_x64", True)

@jax.jit
def inside(y):
    import jaxglm as jg
    return jg.fit(jg.problem(jg.Poisson(), jnp.ones((8, 1)), y)).theta

y = jnp.arange(8.0)
assert abs(inside(y)[0] - jnp.log(3.5)) < 1e-9
from jaxglm import compiled
assert compiled.outside() and not jax.jit(lambda: compiled.outside())()
"""


@pytest.mark.parametrize("script", [DEVICES, LATE], ids=["rows on several devices", "imported while tracing"])
def test_in_a_process_of_its_own(script):
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("bend", [1.0, 1e-2, 1e-4, 1e-7])
def test_the_sine_is_that_of_the_last_column_to_the_others(bend, x64):
    design = np.column_stack([X[:, 0], X[:, 1], 3e5 * (X[:, 0] + X[:, 1] + bend * X[:, 2])])
    _q, r = np.linalg.qr(design)
    sine = np.abs(np.diagonal(r)) / np.linalg.norm(design, axis=0)
    root, found = root_and_sine(jnp.asarray(design.T @ design))
    np.testing.assert_allclose(found, sine.min(), rtol=1e-9 / bend**2, atol=1e-8)
    if bend > 1e-3:
        np.testing.assert_allclose(root @ root.T, np.linalg.inv(design.T @ design), rtol=1e-6)


def test_a_matrix_that_is_no_square_has_no_root(x64):
    for matrix in (jnp.array([[1.0, 2.0], [2.0, 1.0]]), jnp.array([[1.0, 0.0], [0.0, 0.0]]), jnp.full((2, 2), jnp.nan)):
        root, sine = root_and_sine(matrix)
        assert sine == 0
        assert np.all(np.isnan(root))


@pytest.mark.parametrize("kind", ["aliased", "nearly aliased", "huge", "aliased among the rows that count"])
def test_columns_that_the_program_doubts_are_looked_at(kind):
    weights = None
    third = X[:, 0] - 2 * X[:, 1]
    if kind == "nearly aliased":
        third = third + 1e-6 * X[:, 2]
    if kind == "huge":
        third = 1e120 * X[:, 2]
    if kind.endswith("count"):
        weights = (np.arange(N) % 2).astype(float)
        third = np.where(weights > 0, third, X[:, 2])
    design = np.column_stack([X[:, :2], third])
    assert not comfortable(design, weights)
    fit = jg.GLM(COUNTS, design, family="poisson", weights=weights).fit()
    assert fit.solved.sine > COMFORTABLE  # of the columns that it was fitted to in the end
    assert fit.converged
    assert fit.aliased == (("x2",) if kind.startswith("aliased") else ())
    used = slice(None) if weights is None else weights > 0
    plain = jg.GLM(COUNTS[used], X[used][:, :2] if fit.aliased else X[used], family="poisson").fit()
    np.testing.assert_allclose(fit.fittedvalues[used], plain.fittedvalues, rtol=1e-7)


def test_what_a_user_writes_to_estimates_stays_with_the_user():
    fit = model("poisson log").fit()
    before, errors = np.array(fit.params), np.array(fit.bse)
    for mine in (fit.params, fit.bse):
        mine[:] = 7.0
    np.testing.assert_array_equal(fit.params, before)
    np.testing.assert_array_equal(fit.bse, errors)
    np.testing.assert_allclose(fit.tvalues, before / errors, rtol=1e-12)


def test_the_root_that_the_program_gives_is_that_of_the_information():
    fit = model("gamma log").fit()
    np.testing.assert_allclose(fit.solved.root @ fit.solved.root.T @ fit.information, np.eye(3), atol=1e-10)
    null = fit.null_model()  # another fit, with its own
    np.testing.assert_allclose(null.solved.root[0, 0] ** 2, 1 / null.information[0, 0], rtol=1e-12)
