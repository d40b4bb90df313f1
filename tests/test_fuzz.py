"""Odd data: whatever comes in, a fit ends, raises nothing from inside, and a number that is not one has a status."""

import warnings

import numpy as np
import pytest

import jaxglm as jg

FAMILIES = {
    "gaussian": lambda rng, n: rng.normal(size=n),
    "binomial": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "poisson": lambda rng, n: rng.poisson(2.0, n).astype(float),
    "gamma": lambda rng, n: rng.gamma(2.0, 1.0, n),
    "negbin": lambda rng, n: rng.negative_binomial(2, 0.3, n).astype(float),
}
P = 3


def design(rng, n: int, p: int = P) -> np.ndarray:
    return np.column_stack([np.ones(n), rng.normal(size=(n, p - 1))])


def fitted(y, X, family, **sides) -> jg.GLMResults:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return jg.GLM(y, X, family=family, **sides).fit()


def consistent(found: jg.GLMResults) -> None:
    """A status that is a word, finite numbers where it says converged, and tables that can be read."""
    assert isinstance(found.status, jg.Status)
    assert found.status.name != "RUNNING"
    assert found.n_iter <= 200
    present = np.asarray([n not in found.aliased for n in found.names])
    if found.converged:
        assert np.isfinite(np.asarray(found.params)[present]).all()
        assert not np.isnan(found.linear_predictor).any()
        assert not np.isnan(found.llf)
    assert "nan%" not in str(found.summary())


every_family = pytest.mark.parametrize("family", FAMILIES)


@every_family
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_rows(family, n):
    rng = np.random.default_rng(n)
    consistent(fitted(FAMILIES[family](rng, n), design(rng, n), family))


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_one_row_and_one_column(family):
    found = fitted(np.asarray([2.0]), np.asarray([[1.0]]), family)
    consistent(found)
    assert found.fittedvalues[0] == pytest.approx(2.0, rel=1e-9)


EDGES = (0.0, 4.0)
CONSTANT = {"gaussian": EDGES, "binomial": (0.0, 1.0), "poisson": EDGES, "gamma": (2.0,), "negbin": EDGES}


@every_family
def test_constant_responses(family):
    rng = np.random.default_rng(0)
    for value in CONSTANT[family]:
        found = fitted(np.full(20, value), design(rng, 20), family)
        consistent(found)
        if family in ("binomial", "poisson", "negbin") and value == 0.0:
            assert found.status.name == "SEPARATED"
            assert found.llf == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("offset", [-700.0, 700.0])
def test_far_offsets(family, offset):
    rng = np.random.default_rng(1)
    y, X = FAMILIES[family](rng, 20), design(rng, 20)
    found, plain = fitted(y, X, family, offset=np.full(20, offset)), fitted(y, X, family)
    consistent(found)
    if plain.converged and found.converged:
        assert found.llf == pytest.approx(plain.llf, rel=1e-6)
        assert found.params[0] == pytest.approx(plain.params[0] - offset, rel=1e-6)


@every_family
def test_doubled_columns_and_zero_weights(family):
    rng = np.random.default_rng(2)
    y, X = FAMILIES[family](rng, 20), design(rng, 20)
    weights = (np.arange(20) % 4 != 0).astype(float)
    found = fitted(y, np.column_stack([X[:, 0], X[:, 1], X[:, 1]]), family, weights=weights)
    consistent(found)
    assert found.aliased == ("x3",) or len(found.aliased) == 1


SCALES = (1e-300, 1e-150, 1e-8, 1e8, 1e150, 1e300)


@every_family
def test_scales_of_a_column(family):
    rng = np.random.default_rng(3)
    y, X = FAMILIES[family](rng, 30), design(rng, 30)
    plain = fitted(y, X, family)
    for scale in SCALES:
        found = fitted(y, X * [1, scale, 1], family)
        consistent(found)
        assert found.status == plain.status, scale
        assert found.llf == pytest.approx(plain.llf, rel=1e-9), scale
        assert found.params[1] * scale == pytest.approx(plain.params[1], rel=1e-6), scale
        assert found.tvalues[1] == pytest.approx(plain.tvalues[1], rel=1e-5), scale


RESPONSES = [("gaussian", 1e-140), ("gaussian", 1e140), ("gamma", 1e-200), ("gamma", 1e200)]


@pytest.mark.parametrize(("family", "scale"), RESPONSES)
def test_scales_of_the_response(family, scale):
    rng = np.random.default_rng(4)
    y, X = FAMILIES[family](rng, 30), design(rng, 30)
    found, plain = fitted(y * scale, X, family), fitted(y, X, family)
    consistent(found)
    assert found.converged
    assert np.allclose(found.tvalues[1:], plain.tvalues[1:], rtol=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_random_tables(seed):
    rng = np.random.default_rng(100 + seed)
    for family, draw in FAMILIES.items():
        n = int(rng.integers(3, 32))
        y, X = draw(rng, n), design(rng, n) * 10.0 ** rng.integers(-6, 7, P)
        sides = {"weights": rng.integers(0, 3, n) + (np.arange(n) == 0)} if family != "binomial" else {}
        consistent(fitted(y, X, family, **sides))
