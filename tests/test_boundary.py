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


SHARE = rng.beta(3.0, 2.0, N)
PLACE = np.arange(N) % 10


@pytest.mark.parametrize(
    ("y", "limits"),
    [
        (np.where(PLACE == 0, 0.0, SHARE), {"gap": np.inf}),  # no ones
        (np.where(PLACE == 0, 1.0, SHARE), {"cut": -np.inf, "gap": np.inf}),  # no zeros: along a line of the two
        (SHARE, {"cut": -np.inf, "gap": np.inf}),
    ],
    ids=["no ones", "no zeros", "neither"],
)
def test_parameters_that_move_together_are_all_named(y, limits):
    made, told = fit(jg.OrderedBeta(), y)
    assert made.status == jg.Status.BOUNDARY
    assert made.limits == limits
    assert told[0].startswith("OrderedBeta fit: " + "; ".join(f"{k} tends to {v:g}" for k, v in limits.items()))


def test_coefficients_of_a_parameter_with_a_formula_are_named():
    made, told = fit_of({"mu": "y ~ x", "alpha": "~ g"}, y=EVEN, g=np.where(PLACE < 5, "a", "b"))
    assert made.status == jg.Status.BOUNDARY
    assert made.limits == {}
    assert "Coefficients that run to infinity: " in told[0]
    assert "alpha: Intercept (-)" in told[0]
    assert "x" not in [word.strip(",") for word in told[0].split(" run to infinity: ")[1].split(".")[0].split()]


def test_separating_columns_are_named():
    y = np.where(PLACE == 3, 1.0, PLACE % 2)
    made, told = fit_of("y ~ x + C(g)", y=y, g=PLACE.astype(str), family="binomial")
    assert made.status == jg.Status.SEPARATED
    assert "Coefficients that run to infinity: " in told[0]
    assert made.message in told[0]
    assert set(made.separation().columns) >= {"C(g)[T.1]", "C(g)[T.3]"}
    few, told = fit_of("y ~ x + C(g)", y=np.where(PLACE == 3, 1.0, rng.integers(0, 2, N)), g=PLACE, family="binomial")
    assert told[0].startswith("Binomial fit: Coefficients that run to infinity: C(g)[T.3] (+). The estimates")
    assert few.separation().columns == ("C(g)[T.3]",)


def test_a_wall_names_no_coefficient():
    """There a step would lead on, and gain: nothing runs to infinity."""
    y = np.where(X[:, 1] > 0, np.round(3 * X[:, 1]), 0.0)
    made, told = fit(jg.Poisson(mu=jg.Identity()), y)
    assert made.status == jg.Status.BOUNDARY
    assert made.limits == {}
    assert told[0] == f"Poisson fit: {jg.Status.BOUNDARY.message}"


def fit_of(formula, *, family="negbin", **columns):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = jg.glm(formula, {"x": X[:, 1], **columns}, family=family)
    return made, [str(w.message) for w in told]
