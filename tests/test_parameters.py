"""A formula or a design for every parameter: against brute force, in every input, and what users get wrong."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import nbinom, norm

import jaxglm as jg

rng = np.random.default_rng(5)
N = 160
x, z = rng.normal(size=N), rng.normal(size=N)
g = np.array(list("abc"))[rng.integers(0, 3, N)]
FRAME = pd.DataFrame(
    {
        "x": x,
        "z": z,
        "g": g,
        "y": 1 + 2 * x + rng.normal(size=N) * np.exp(0.3 + 0.5 * z),
        "k": rng.negative_binomial(2, 2 / (2 + np.exp(0.5 + 0.3 * x))),
        "e": np.exp(0.2 * rng.normal(size=N)),
    }
)
ONE_Z = np.column_stack([np.ones(N), z])
ONE_X = np.column_stack([np.ones(N), x])


@pytest.fixture(scope="module")
def gaussian():
    return jg.glm({"mu": "y ~ x", "phi": "~ z"}, FRAME)


@pytest.fixture(scope="module")
def negbin():
    return jg.glm({"mu": "k ~ x", "alpha": "~ z"}, FRAME, family="negbin")


def normal_loglik(theta):
    return norm.logpdf(FRAME.y, ONE_X @ theta[:2], np.exp(ONE_Z @ theta[2:] / 2)).sum()


def negbin_loglik(theta):
    mu, alpha = np.exp(ONE_X @ theta[:2]), np.exp(ONE_Z @ theta[2:])
    return nbinom.logpmf(FRAME.k, 1 / alpha, 1 / (1 + alpha * mu)).sum()


@pytest.mark.parametrize(("name", "loglik"), [("gaussian", normal_loglik), ("negbin", negbin_loglik)])
def test_the_fit_is_the_joint_maximum(name, loglik, request):
    fit = request.getfixturevalue(name)
    found = minimize(lambda t: -loglik(t), np.zeros(4), method="BFGS", options={"gtol": 1e-6})
    assert fit.converged
    assert fit.llf == pytest.approx(loglik(np.asarray(fit.params)), rel=1e-11)
    assert fit.llf == pytest.approx(-found.fun, rel=1e-9)
    assert np.allclose(fit.params, found.x, atol=1e-4)
    assert fit.n_params == 4


def test_standard_errors_are_those_of_the_hessian(negbin):
    step, theta = 1e-4, np.asarray(negbin.params)
    eye = np.eye(4) * step
    hessian = np.array(
        [
            [
                sum(s * t * negbin_loglik(theta + s * a + t * b) for s in (1, -1) for t in (1, -1)) / (4 * step**2)
                for a in eye
            ]
            for b in eye
        ]
    )
    assert np.allclose(negbin.cov_params(), np.linalg.inv(-hessian), rtol=1e-4)


def test_names_and_groups_of_the_table(gaussian):
    assert gaussian.names == ("Intercept", "x", "phi: Intercept", "phi: z")
    assert gaussian.predictors == ("mu", "mu", "phi", "phi")
    text = str(gaussian.summary())
    assert "mu: y ~ x; phi: ~ z" in text
    assert "has coefficients of its own" in text
    assert text.index("\n mu ") < text.index("\n phi ")
    assert "phi: z" not in text  # below its own head the parameter is not named again


def test_arrays_and_formulas_agree(gaussian):
    arrays = jg.GLM(FRAME.y, {"mu": ONE_X, "phi": ONE_Z}, names={"mu": ["a", "b"], "phi": ["c", "d"]}).fit()
    assert np.allclose(arrays.params, gaussian.params, rtol=1e-10)
    assert arrays.names == ("a", "b", "phi: c", "phi: d")


def test_a_constant_formula_is_the_shared_parameter():
    shared = jg.glm("k ~ x", FRAME, family="negbin")
    constant = jg.glm({"mu": "k ~ x", "alpha": "~ 1"}, FRAME, family="negbin")
    assert constant.llf == pytest.approx(shared.llf, rel=1e-12)
    assert np.allclose(constant.params, shared.params, rtol=1e-7)
    assert np.allclose(constant.bse, shared.bse, rtol=1e-6)


def test_an_offset_belongs_to_its_own_formula():
    plain = jg.glm({"mu": "y ~ x", "phi": "~ z + offset(log(e))"}, FRAME)
    theta = np.asarray(plain.params)

    def loglik(t):
        return norm.logpdf(FRAME.y, ONE_X @ t[:2], np.exp((ONE_Z @ t[2:] + np.log(FRAME.e)) / 2)).sum()

    assert plain.llf == pytest.approx(loglik(theta), rel=1e-11)
    slopes = [(loglik(theta + h) - loglik(theta - h)) / 2e-5 for h in np.eye(4) * 1e-5]
    assert np.allclose(slopes, 0, atol=1e-3)


def test_rows_missing_in_any_formula_are_dropped_from_all():
    holes = FRAME.assign(z=np.where(np.arange(N) % 40 == 3, np.nan, z))
    fit = jg.glm({"mu": "y ~ x", "phi": "~ z"}, holes)
    complete = jg.glm({"mu": "y ~ x", "phi": "~ z"}, holes.dropna())
    assert fit.n_dropped == 4
    assert np.allclose(fit.params, complete.params, rtol=1e-10)
    with pytest.raises(ValueError, match="4 of 160 rows have missing values: z"):
        jg.glm({"mu": "y ~ x", "phi": "~ z"}, holes, missing="raise")


def test_an_aliased_column_of_a_further_formula_has_no_coefficient(gaussian):
    fit = jg.glm({"mu": "y ~ x", "phi": "~ z + I(2 * z)"}, FRAME)
    assert fit.aliased == ("phi: I(2 * z)",)
    assert np.isnan(fit.params["phi: I(2 * z)"])
    assert fit.llf == pytest.approx(gaussian.llf, rel=1e-11)


def test_nearly_dependent_columns_of_a_further_formula_keep_their_digits():
    near = FRAME.assign(w=z + 1e-6 * x)
    fit = jg.glm({"mu": "y ~ x", "phi": "~ z + w"}, near)
    plain = jg.glm({"mu": "y ~ x", "phi": "~ z + x"}, FRAME)
    assert fit.llf == pytest.approx(plain.llf, rel=1e-11)
    assert fit.params["phi: w"] * 1e-6 == pytest.approx(plain.params["phi: x"], rel=1e-6)


def test_a_start_has_a_value_for_every_coefficient(gaussian):
    again = jg.GLM(FRAME.y, {"mu": ONE_X, "phi": ONE_Z}).fit(start=np.asarray(gaussian.params))
    assert again.n_iter <= 1
    with pytest.raises(ValueError, match="start must have 4 coefficients; it has 2"):
        jg.GLM(FRAME.y, {"mu": ONE_X, "phi": ONE_Z}).fit(start=[0, 0])


def test_a_family_of_the_user_takes_a_formula_for_each_parameter():
    @jg.family
    class Normal:
        mean: jg.Link = jg.Identity()
        log_sd: jg.Link = jg.Identity()
        support = jg.reals

        def loglik(self, y, mean, log_sd):
            scaled = (y - mean.value) * np.exp(1) ** (-log_sd.value)
            return -0.5 * scaled**2 - log_sd.value - 0.5 * np.log(2 * np.pi)

    fit = jg.glm({"mean": "y ~ x", "log_sd": "~ z"}, FRAME, family=Normal())
    builtin = jg.glm({"mu": "y ~ x", "phi": "~ z"}, FRAME)
    assert fit.llf == pytest.approx(builtin.llf, rel=1e-10)
    assert np.allclose(fit.params, np.asarray(builtin.params) * [1, 1, 0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        ({"mu": "k ~ x", "alfa": "~ z"}, "no parameter 'alfa'. Did you mean 'alpha'"),
        ({"alpha": "k ~ x"}, "must be of 'mu', the first parameter of NegativeBinomial; it is of 'alpha'"),
        ({"mu": "k ~ x", "alpha": "z ~ x"}, "without a response; it is 'z ~ x'"),
        ({"mu": "k ~ x", "alpha": "~ zz"}, "there is no column 'zz'. Did you mean 'z'"),
        ({"mu": "~ x", "alpha": "~ z"}, "must be 'response ~ terms'"),
        ({}, "the formulas are an empty dict"),
    ],
)
def test_formulas_that_do_not_fit(formulas, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        jg.glm(formulas, FRAME, family="negbin")


def test_a_formula_for_a_fixed_parameter_is_an_error():
    with pytest.raises(ValueError, match="alpha of NegativeBinomial is fixed, but has a formula"):
        jg.glm({"mu": "k ~ x", "alpha": "~ z"}, FRAME, family=jg.NegativeBinomial(alpha=jg.Fixed(0.5)))


def test_designs_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match=r"X\['phi'\] has 159 values, but X has 160 rows"):
        jg.GLM(FRAME.y, {"mu": ONE_X, "phi": ONE_Z[1:]})


def test_a_dispersion_that_explodes_has_a_status():
    """Ten responses without scatter: the likelihood has no maximum."""
    exact = FRAME.assign(y=1 + 2 * x, small=(np.arange(N) < 10).astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        fit = jg.glm({"mu": "y ~ x", "phi": "~ small"}, exact)
    assert not fit.converged


def test_fitted_values_of_inflated_counts_are_means_of_the_response(negbin):
    fit = jg.glm({"mu": "k ~ x", "pi": "~ z"}, FRAME, family="zip")
    pi = 1 / (1 + np.exp(-ONE_Z @ np.asarray(fit.params)[2:]))
    mean = (1 - pi) * np.exp(ONE_X @ np.asarray(fit.params)[:2])
    assert np.allclose(fit.fittedvalues, mean, rtol=1e-9)
    assert np.allclose(fit.resid("response"), FRAME.k - mean, rtol=1e-8, atol=1e-8)
    variance = mean * (1 + pi / (1 - pi) * mean)
    assert fit.pearson_chi2 == pytest.approx(np.sum((FRAME.k - mean) ** 2 / variance), rel=1e-8)
    assert negbin.pearson_chi2 == pytest.approx(np.sum(negbin.resid("pearson") ** 2), rel=1e-12)


def test_a_term_of_either_formula_is_tested_without_a_refit(gaussian):
    """Score and likelihood-ratio statistics are near each other; the score is that of the joint likelihood."""
    for formulas, predictor in (({"mu": "y ~ x + z", "phi": "~ z"}, None), ({"mu": "y ~ x", "phi": "~ z + x"}, "phi")):
        larger = jg.glm(formulas, FRAME)
        added = "z" if predictor is None else FRAME[["x"]].to_numpy()
        score = gaussian.score_test(added, FRAME if predictor is None else None, predictor=predictor)
        assert score.statistic == pytest.approx(2 * (larger.llf - gaussian.llf), abs=0.3)
