"""Classes: probabilities by hand, tails against multiprecision, fits against brute force, and what users get wrong."""

import warnings
from dataclasses import replace

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

import jaxglm as jg

LEVELS = ("low", "mid", "high", "top")
rng = np.random.default_rng(11)
X = rng.normal(size=(150, 2))
LATENT = X @ [1.0, -0.5] + rng.logistic(size=150)
CODE = np.searchsorted([-1.5, 0.3, 1.8], LATENT)
FRAME = pd.DataFrame({"y": pd.Categorical.from_codes(CODE, LEVELS), "x": X[:, 0], "z": X[:, 1]})


def cumulative(eta, cuts):
    """P(y <= k) of the proportional odds model, (n, K + 1), zero first."""
    inner = expit(np.asarray(cuts)[None, :] - eta[:, None])
    return np.column_stack([np.zeros(len(eta)), inner, np.ones(len(eta))])


def ordinal(theta):
    return np.diff(cumulative(X @ theta[:2], theta[2:]), axis=1)


def sequential(theta):
    stop = expit(theta[2:] - (X @ theta[:2])[:, None])
    go_on = np.column_stack([np.ones(len(X)), np.cumprod(1 - stop, axis=1)])
    return go_on * np.column_stack([stop, np.ones(len(X))])


def adjacent(theta):
    steps = (X @ theta[:2])[:, None] - theta[2:]
    size = np.exp(np.column_stack([np.zeros(len(X)), np.cumsum(steps, axis=1)]))
    return size / size.sum(axis=1, keepdims=True)


def multinomial(theta):
    size = np.exp(np.column_stack([np.zeros(len(X)), np.column_stack([np.ones(len(X)), X]) @ theta.reshape(3, 3).T]))
    return size / size.sum(axis=1, keepdims=True)


def partial_odds(theta):
    """The middle cutpoint moves with z; theta: x, z, then low|mid, mid|high and its slope, high|top."""
    cuts = np.column_stack([np.full(150, theta[2]), theta[3] + theta[4] * X[:, 1], np.full(150, theta[5])])
    inner = expit(cuts - (X @ theta[:2])[:, None])
    return np.diff(np.column_stack([np.zeros(150), inner, np.ones(150)]), axis=1)


START = np.array([0.0, 0.0, -1.0, 0.0, 1.0])
MODELS = {
    "ordinal": ("y ~ x + z", "ordinal", ordinal, START),
    "sequential": ("y ~ x + z", "continuation_ratio", sequential, START),
    "adjacent": ("y ~ x + z", "adjacent_category", adjacent, START),
    "multinomial": ("y ~ x + z", "multinomial", multinomial, np.zeros(9)),
    "partial odds": ({"mu": "y ~ x + z", "mid|high": "~ z"}, "ordinal", partial_odds, np.insert(START, 4, 0.0)),
}


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    formula, family, probabilities, start = MODELS[request.param]
    return jg.glm(formula, FRAME, family=family), probabilities, start


def test_the_fit_is_the_maximum_that_brute_force_finds(model):
    fit, probabilities, start = model

    def negative(theta):
        return -np.log(np.maximum(probabilities(theta)[np.arange(150), CODE], 1e-300)).sum()

    found = minimize(negative, start, method="BFGS", options={"gtol": 1e-7})
    assert fit.converged
    assert fit.llf == pytest.approx(-negative(np.asarray(fit.params)), rel=1e-12)
    assert fit.llf >= -found.fun - 1e-9
    assert np.allclose(fit.params, found.x, atol=1e-4)


def test_the_null_deviance_is_that_of_the_shares(model):
    shares = np.bincount(CODE) / 150
    assert model[0].null_deviance == pytest.approx(-2 * np.sum(150 * shares * np.log(shares)), rel=1e-9)
    assert model[0].deviance == pytest.approx(-2 * model[0].llf, rel=1e-12)


def test_effects_are_those_of_the_probability_of_each_class(model):
    """Average slopes and their standard errors against differences of predicted probabilities."""
    fit, h = model[0], 1e-4
    table = fit.avg_slopes("x")
    assert list(table["class"]) == list(LEVELS)

    def slopes(theta):
        moved = replace(fit, solved=fit.solved._replace(state=fit.state._replace(theta=fit._inward(theta))))
        high, low = (moved.predict(FRAME.assign(x=X[:, 0] + s), "prob").mean(0) for s in (h, -h))
        return (high - low) / (2 * h)

    theta = np.asarray(fit.params)
    assert np.allclose(table["estimate"], slopes(theta), atol=1e-7)
    jacobian = np.array([(slopes(theta + e) - slopes(theta - e)) / 2e-3 for e in np.eye(len(theta)) * 1e-3])
    variance = np.einsum("pk,pq,qk->k", jacobian, fit.cov_params(), jacobian)
    assert np.allclose(table["std_error"], np.sqrt(variance), rtol=1e-3)
    assert table["estimate"].sum() == pytest.approx(0, abs=1e-12)


FAMILIES = {
    "ordinal logit": jg.Ordinal(levels=LEVELS),
    "ordinal probit": jg.Ordinal(mu=jg.Probit(), levels=LEVELS),
    "ordinal cloglog": jg.Ordinal(mu=jg.CLogLog(), levels=LEVELS),
    "ordinal cauchit": jg.Ordinal(mu=jg.Cauchit(), levels=LEVELS),
    "sequential": jg.ContinuationRatio(levels=LEVELS),
    "adjacent": jg.AdjacentCategory(levels=LEVELS),
    "multinomial": jg.Multinomial(levels=LEVELS),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_probabilities_of_the_classes_add_up_to_one(name, x64):
    family, K = FAMILIES[name], len(FAMILIES[name].parameters)
    etas = np.sort(np.random.default_rng(3).uniform(-4, 4, (40, K)), axis=1)
    etas[:, 0] = np.linspace(-6, 6, 40)
    loglik = jax.jit(jax.vmap(lambda e, y: family.loglik(y, *family.views(tuple(e))), (0, None)))
    total = sum(np.exp(loglik(etas, float(y))) for y in range(4))
    assert np.allclose(total, 1.0, rtol=1e-12)


@pytest.mark.parametrize("shift", [-60.0, -30.0, -8.0, 0.0, 8.0, 30.0, 60.0])
def test_a_class_between_two_cutpoints_keeps_its_digits_in_both_tails(shift, x64):
    """Value and slope in mu of log(F(b - mu) - F(a - mu)) against 60 digits."""
    family = jg.Ordinal(levels=("a", "b", "c"))
    low, high = -0.3, 0.7

    def truth(m):
        F = lambda t: 1 / (1 + mpmath.exp(-t))  # noqa: E731
        return mpmath.log(F(high - m) - F(low - m))

    value, slope = jax.value_and_grad(lambda m: family.loglik(1.0, *family.views((m, jnp.float64(low), high))))(shift)
    with mpmath.workdps(60):
        exact, exact_slope = truth(mpmath.mpf(shift)), mpmath.diff(truth, mpmath.mpf(shift))
        assert abs(float(value) - exact) < 1e-12 * max(1, abs(exact))
        assert abs(float(slope) - exact_slope) < 1e-10 * max(1, abs(exact_slope))


def test_two_classes_are_logistic_regression():
    y = (CODE > 1).astype(float)
    logistic = jg.GLM(y, np.column_stack([np.ones(150), X]), family="binomial").fit()
    two = jg.GLM(y, np.column_stack([np.ones(150), X]), family="multinomial").fit()
    ordered = jg.GLM(y, X, family="ordinal").fit()
    assert np.allclose(two.params, logistic.params, rtol=1e-8)
    assert np.allclose(ordered.params, [*np.asarray(logistic.params)[1:], -logistic.params[0]], rtol=1e-8)
    assert np.allclose(np.asarray(two.bse), logistic.bse, rtol=1e-8)


def test_an_intercept_and_columns_that_make_one_are_left_to_the_cutpoints():
    frame = FRAME.assign(g=np.where(np.arange(150) % 3 == 0, "a", "b"))
    plain = jg.glm("y ~ x + g", frame, family="ordinal")
    assert plain.names == ("x", "g[T.b]", "low|mid", "mid|high", "high|top")
    full = jg.glm("y ~ 0 + g + x", frame, family="ordinal")
    assert full.aliased == ("g[b]",) or full.aliased == ("g[T.b]",)
    assert full.llf == pytest.approx(plain.llf, rel=1e-12)


def test_a_class_that_a_column_separates_has_a_status():
    y = np.repeat([0, 1, 2], 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        fit = jg.GLM(y, y[:, None] + 0.01 * rng.normal(size=(60, 1)), family="ordinal").fit()
    assert fit.status.name == "SEPARATED"
    assert fit.llf == pytest.approx(0.0, abs=1e-4)


def test_labels_keep_the_declared_order_and_numbers_are_sorted():
    fit = jg.glm("y ~ x", FRAME, family="ordinal")
    assert fit.frame.levels == LEVELS
    numbers = jg.GLM([3.0, 1.0, 2.0, 1.0, 3.0, 2.0] * 5, rng.normal(size=(30, 1)), family="ordinal")
    assert numbers.frame.levels == ("1", "2", "3")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.Categorical(["a", "b"] * 15, ["a", "b", "c"]), "no row of y is of class 'c'"),
        (["a"] * 30, "y has 1 class; a model of classes needs two"),
        (np.ones((30, 2)), "y must be one-dimensional, a class for each row"),
    ],
)
def test_responses_that_are_not_classes(y, message):
    y = pd.Series(y, name="y") if not isinstance(y, np.ndarray) else y
    with pytest.raises(ValueError, match=message):
        jg.GLM(y, rng.normal(size=(30, 1)), family="multinomial")


def test_numbers_that_are_no_classes():
    with pytest.raises(ValueError, match="y has 300 different values in 300 rows: these are not classes"):
        jg.GLM(rng.normal(size=300), np.ones((300, 1)), family="ordinal")


def test_a_multinomial_link_cannot_be_named_before_the_classes_are_known():
    with pytest.raises(ValueError, match="no parameter before its classes are known"):
        jg.glm("y ~ x", FRAME, family="multinomial", link="logit")


def test_a_formula_for_a_class_that_does_not_exist_names_the_near_one():
    with pytest.raises(ValueError, match=r"no parameter 'mid.hihg'\. Did you mean 'mid.high'"):
        jg.glm({"mu": "y ~ x", "mid|hihg": "~ z"}, FRAME, family="ordinal")


def test_fitted_values_are_the_probabilities_of_the_classes(model):
    fit, probabilities, _ = model
    expected = probabilities(np.asarray(fit.params))
    assert np.allclose(fit.fittedvalues, expected, rtol=1e-10)
    assert np.allclose(fit.predict(FRAME.head(3)), expected[:3], rtol=1e-10)
    own = expected[np.arange(150), CODE]
    assert np.allclose(fit.resid("deviance"), np.sqrt(-2 * np.log(own)), rtol=1e-8)
    indicator = np.eye(4)[CODE]
    assert fit.pearson_chi2 == pytest.approx(np.sum((indicator - expected) ** 2 / expected), rel=1e-9)
    assert list(fit.augment().columns[1:5]) == [f"fitted_{level}" for level in LEVELS]


def test_what_needs_a_mean_is_not_of_classes(model):
    fit = model[0]
    for call in (lambda: fit.resid("response"), lambda: fit.get_prediction(), lambda: fit.predict(which="var")):
        with pytest.raises(ValueError, match=r"classes|mean"):
            call()


@pytest.mark.parametrize(("family", "df"), [("ordinal", 1), ("multinomial", 1)])
def test_a_term_is_tested_without_a_refit(family, df):
    """Of the multinomial in the predictor of the first further class only: the others are held to have no such term."""
    small = jg.glm("y ~ x", FRAME, family=family)
    score = small.score_test("z", FRAME)
    assert score.df == df
    if family == "ordinal":
        large = jg.glm("y ~ x + z", FRAME, family=family)
        assert score.statistic == pytest.approx(small.lr_test(large).statistic, rel=0.1)
    else:
        assert small.score_test("z", FRAME, predictor="high").statistic != pytest.approx(score.statistic, rel=1e-3)
