"""A fit on the edge of its parameters says which of them tends where."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg

rng = np.random.default_rng(3)
N = 200
X = np.column_stack([np.ones(N), rng.normal(size=N)])
EVEN = np.round(np.exp(1.0 + 0.2 * X[:, 1]))  # counts with less than a Poisson's variance
UNIFORM = 1000 * rng.uniform(-1, 1, N)  # tails shorter than a normal's, in units that put sigma far out


@jg.family
class Stretched:
    """A normal with tails of df degrees of freedom, by way of 1 / df."""

    mu: jg.Link = jg.Identity()
    sigma: jg.Link = jg.Log()
    inverse_df: jg.Link = jg.Log()

    def loglik(self, y, mu, sigma, inverse_df):
        return jg.StudentT().loglik(y, mu, sigma, Reciprocal(inverse_df))


class Reciprocal:
    def __init__(self, view):
        self.value, self.log = jnp.exp(-view.log), -view.log


def fit(family, y):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = jg.GLM(y, X, family=family).fit()
    return made, [str(w.message) for w in told]


@pytest.mark.parametrize(
    ("family", "y", "limits"),
    [
        (jg.NegativeBinomial(), EVEN, {"alpha": 0.0}),
        (jg.StudentT(), UNIFORM, {"df": np.inf}),
        (Stretched(), UNIFORM, {"inverse_df": 0.0}),
        (jg.zero_inflated(jg.Poisson()), EVEN, {"pi": 0.0}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_parameter_at_its_edge_is_named(family, y, limits):
    made, told = fit(family, y)
    assert made.status == jg.Status.BOUNDARY
    assert made.limits == limits
    name, end = next(iter(limits.items()))
    assert f"{name} tends to {end:g}" in told[0]
    assert f"{name} tends to {end:g}" in " ".join(str(made.summary()).split())
    simpler = jg.GLM(y, X, family="gaussian" if y is UNIFORM else "poisson").fit()
    assert made.llf == pytest.approx(simpler.llf, rel=1e-8)


def test_a_fit_inside_names_none():
    inside, told = fit(jg.NegativeBinomial(), rng.poisson(2 * rng.gamma(1.0, size=N)))
    assert (inside.limits, told) == ({}, [])
    assert inside.message == jg.Status.CONVERGED.message
