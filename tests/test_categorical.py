"""Classes, unordered and ordered: the laws, the two-class limits, and a published fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm.design import Dense, Ones
from jaxglm.problem import Problem

fit = jax.jit(jg.fit)
CHECKED = {
    "multinomial": jg.multinomial(4),
    "cumulative": jg.ordinal(4, jg.Probit()),
    "cumulative cauchit": jg.ordinal(3, jg.Cauchit()),
    "continuation": jg.ordinal(4, jg.CLogLog(), kind="continuation"),
    "adjacent": jg.ordinal(4, kind="adjacent"),
}


@pytest.mark.parametrize("name", CHECKED)
def test_laws(name):
    verdicts = jg.check_family(CHECKED[name], verbose=False)
    assert all(v.passed for v in verdicts), "\n".join(map(str, verdicts))


def data(classes=2, n=120):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 2))
    latent = x @ [0.8, -0.5] + rng.logistic(size=n)
    return x, np.digitize(latent, [-0.6, 0.9][: classes - 1]).astype(float)


def shared(family, x, y):
    """The problem of a design for the first parameter; the others are shared."""
    further = len(family.predictors) - 1
    designs = (Dense(jnp.asarray(x)), *(Ones(len(x)) for _ in range(further)))
    return Problem(family, jnp.asarray(y), designs, (None,) * (further + 1))


def test_two_classes_are_a_logistic_regression(x64):
    x, y = data()
    X = np.column_stack([np.ones(len(y)), x])
    logistic, unordered = (fit(jg.problem(f, X, y)) for f in (jg.Binomial(), jg.multinomial(2)))
    assert np.allclose(unordered.theta, logistic.theta, atol=1e-8)
    for kind in ("cumulative", "continuation", "adjacent"):
        ordered = fit(shared(jg.ordinal(2, kind=kind), x, y))
        assert np.allclose(ordered.theta, [*logistic.theta[1:], -logistic.theta[0]], atol=1e-8), kind
        assert np.isclose(ordered.loglik, logistic.loglik, rtol=1e-12)


def test_three_classes_by_one_design_each(x64):
    """The saturated model of a factor of two levels has the shares as its fitted probabilities."""
    y = jnp.asarray(np.repeat([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], [8, 5, 7, 2, 9, 4]))
    X = Dense(jnp.asarray(np.repeat([[1.0, 0.0], [1.0, 1.0]], [20, 15], axis=0)))
    solved = fit(Problem(jg.multinomial(3), y, (X, X), (None, None)))
    wanted = [np.log(5 / 8), np.log(9 / 2 / (5 / 8)), np.log(7 / 8), np.log(4 / 2 / (7 / 8))]
    assert np.allclose(solved.theta, wanted, atol=1e-8)


@pytest.mark.parametrize("kind", ["cumulative", "continuation", "adjacent"])
def test_a_larger_mu_means_a_higher_class(kind, x64):
    x, y = data(classes=3)
    solved = fit(shared(jg.ordinal(3, kind=kind), x, y))
    assert solved.status == jg.Status.CONVERGED
    assert solved.theta[0] > 0.3
    assert solved.theta[1] < -0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: jg.ordinal(1), "from 2 on"),
        (lambda: jg.ordinal(3, kind="stereotype"), "cumulative, continuation, adjacent"),
        (lambda: jg.ordinal(3, jg.Probit(), kind="adjacent"), "leave out link"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises(ValueError, match=words):
        make()
