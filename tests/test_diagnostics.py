"""Residuals, tests of assumptions, reports on columns, calibration and comparison of fits."""

import warnings

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import integrate, stats

import jaxglm as jg
from tests.resampled import Logistic, N, again, every_family, study


@pytest.fixture(scope="module")
def studies():
    made = {}

    def get(name):
        if name not in made:
            given, _ = study(name)
            plain = given | {"weights": None}
            made[name] = plain, again(plain)
        return made[name]

    return get


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(N), rng.normal(size=(N, 2))])
    y = rng.poisson(np.exp(X @ [0.6, 0.4, -0.3])).astype(float)
    return X, y, jg.GLM(y, X, family="poisson").fit()


ANSCOMBE = {"poisson": sm.families.Poisson(), "gamma": sm.families.Gamma(sm.families.links.Log())}


@pytest.mark.parametrize("name", ANSCOMBE)
def test_anscombe_residuals_are_the_closed_forms(name, studies):
    given, fit = studies(name)
    peer = sm.GLM(given["y"], given["X"], family=ANSCOMBE[name], offset=given["offset"]).fit(tol=1e-14)
    np.testing.assert_allclose(fit.resid("anscombe"), peer.resid_anscombe_unscaled, rtol=1e-6, atol=1e-8)


def test_anscombe_residuals_of_proportions_are_integrals(studies):
    _, fit = studies("binomial")
    k, n = fit.problem.y
    for i in range(5):
        area = integrate.quad(lambda t: (t * (1 - t)) ** (-1 / 3), fit.fittedvalues[i], k[i] / n[i])[0]
        mu = fit.fittedvalues[i]
        expected = np.sqrt(n[i]) * area / (mu * (1 - mu)) ** (1 / 6)
        assert fit.resid("anscombe")[i] == pytest.approx(expected, rel=1e-6)


def test_quantile_residuals_of_continuous_responses_are_exact(studies):
    given, fit = studies("gamma")
    shape = 1 / fit.dispersion
    law = stats.gamma(shape, scale=fit.fittedvalues / shape)
    np.testing.assert_allclose(fit.resid("quantile"), stats.norm.ppf(law.cdf(given["y"])), rtol=1e-7, atol=1e-8)
    assert np.array_equal(fit.resid("quantile"), fit.resid("quantile", seed=1))


def test_quantile_residuals_of_an_own_family(studies):
    given, fit = studies("own")
    eta, scale = fit.linear_predictor, fit.family_params["scale"]
    expected = stats.norm.ppf(stats.logistic(eta, scale).cdf(given["y"]))
    np.testing.assert_allclose(fit.resid("quantile"), expected, atol=1e-8)


def test_quantile_residuals_of_counts_lie_within_their_jump(counts):
    _, y, fit = counts
    law, found = stats.poisson(fit.fittedvalues), fit.resid("quantile", seed=3)
    assert np.all((stats.norm.ppf(law.cdf(y - 1)) <= found) & (found <= stats.norm.ppf(law.cdf(y))))
    assert np.array_equal(found, fit.resid("quantile", seed=3))
    assert not np.array_equal(found, fit.resid("quantile", seed=4))


@every_family
def test_quantile_residuals_are_standard_normal(name, studies):
    _, fit = studies(name)
    assert stats.kstest(fit.resid("quantile"), "norm").pvalue > 0.01


def test_quantile_residuals_of_impossible_rows_are_finite():
    y = np.append(np.random.default_rng(0).normal(size=39), 1e5)
    fit = jg.GLM(y, np.ones((40, 1)), family=jg.Gaussian(phi=jg.Fixed(1.0))).fit()
    z = (y - fit.fittedvalues)[[0, 39]]
    np.testing.assert_allclose(fit.resid("quantile")[[0, 39]], z, rtol=1e-6)
    assert abs(z[1]) > 1000


def test_weights_are_precisions_of_quantile_residuals():
    rng = np.random.default_rng(1)
    w, X = rng.uniform(0.5, 4, 40), np.column_stack([np.ones(40), rng.normal(size=40)])
    y = X @ [1.0, 2.0] + rng.normal(size=40) / np.sqrt(w)
    fit = jg.GLM(y, X, weights=w).fit()
    np.testing.assert_allclose(
        fit.resid("quantile"), (y - fit.fittedvalues) * np.sqrt(w / fit.dispersion), rtol=1e-7, atol=1e-9
    )


@jg.family
class Gumbel:
    """Real numbers whose mean is not the location."""

    mu: jg.Link = jg.Identity()
    scale: jg.Link = jg.Log()

    def loglik(self, y, mu, scale):
        z = (y - mu.value) / scale.value
        return -scale.log - z - jnp.exp(-z)


def test_pearson_residuals_without_a_variance_function():
    X, y = np.ones((50, 1)), stats.gumbel_r(2, 1.5).rvs(50, random_state=1)
    fit = jg.GLM(y, X, family=Gumbel()).fit()
    mean, variance = stats.gumbel_r(fit.params[0], fit.family_params["scale"]).stats("mv")
    np.testing.assert_allclose(fit.resid("pearson"), (y - mean) / np.sqrt(variance), rtol=1e-7)


def test_residuals_by_name(counts):
    _, _, fit = counts
    at = fit.get_influence()
    np.testing.assert_array_equal(fit.resid("studentized"), at.resid_studentized)
    np.testing.assert_array_equal(fit.resid("standardized_pearson"), at.resid_standardized_pearson)
    with pytest.raises(ValueError, match="unknown kind of residual 'pearsons'; choose from response"):
        fit.resid("pearsons")


def test_errors_of_residuals(studies):
    _, fit = studies("own")
    with pytest.raises(ValueError, match="need a variance function"):
        fit.resid("anscombe")
    half = jg.Family.from_loglik(
        lambda y, mu: -mu.log - y / mu.value - np.log(2), support=jg.positive, mu=jg.Log(), name="half"
    )
    wrong = jg.GLM(np.arange(1.0, 9.0), np.ones((8, 1)), family=half).fit()
    with pytest.raises(ValueError, match=r"density of half at row 0 adds up to 0\.5"):
        wrong.resid("quantile")


# --- tests of assumptions


def test_score_test_of_overdispersion_is_deans(counts):
    _, y, fit = counts
    m = fit.fittedvalues
    expected = np.sum((y - m) ** 2 - m) / np.sqrt(2 * np.sum(m**2))
    assert fit.overdispersion_test().statistic == pytest.approx(expected, rel=1e-9)
    assert fit.overdispersion_test().pvalue == pytest.approx(stats.norm.sf(expected), rel=1e-9)


def test_other_tests_of_overdispersion(counts):
    _, y, fit = counts
    pearson, m = fit.overdispersion_test("pearson"), fit.fittedvalues
    assert pearson.pvalue == pytest.approx(stats.chi2.sf(np.sum((y - m) ** 2 / m), N - 3), rel=1e-9)
    by_hand = sm.OLS(((y - m) ** 2 - m) / m, m).fit()
    assert fit.overdispersion_test("cameron_trivedi").statistic == pytest.approx(by_hand.tvalues[0], rel=1e-9)


def test_overdispersion_is_found_and_has_its_level():
    """Over simulated counts: uniform p-values under Poisson, small ones under a gamma mixture."""
    rng, X = np.random.default_rng(3), np.column_stack([np.ones(N), np.linspace(-1, 1, N)])
    fits = [jg.GLM(rng.poisson(np.exp(X @ [1, 0.5])).astype(float), X, family="poisson").fit() for _ in range(200)]
    z = np.asarray([f.overdispersion_test().statistic for f in fits])
    assert abs(np.mean(z)) < 0.3
    assert 0.8 < np.std(z) < 1.2
    mixed = rng.poisson(np.exp(X @ [1, 0.5]) * rng.gamma(1.5, 1 / 1.5, N)).astype(float)
    assert jg.GLM(mixed, X, family="poisson").fit().overdispersion_test().pvalue < 1e-3


def test_zero_inflation_is_van_den_broeks(counts):
    X, y, fit = counts
    m, p = fit.fittedvalues, np.exp(-fit.fittedvalues)
    score = np.sum((y == 0) / p - 1)
    pull = X.T @ m
    expected = score**2 / (np.sum(1 / p - 1) - pull @ np.linalg.solve(X.T @ (m[:, None] * X), pull))
    found = fit.zero_inflation_test()
    assert found.statistic == pytest.approx(expected, rel=1e-8)
    assert (found.observed, found.expected) == (np.sum(y == 0), pytest.approx(p.sum()))
    more = np.where(np.arange(N) % 3 == 0, 0.0, y)
    assert jg.GLM(more, X, family="poisson").fit().zero_inflation_test().pvalue < 0.01


def test_frequencies_are_observations_of_tests():
    y, counts = np.asarray([0.0, 1, 2, 3, 5]), np.asarray([12, 20, 15, 6, 3])
    X = np.ones((5, 1))
    once = jg.GLM(y, X, family="poisson", freq_weights=counts).fit()
    twice = jg.GLM(np.repeat(y, counts), np.ones((56, 1)), family="poisson").fit()
    for test in ("overdispersion_test", "zero_inflation_test"):
        assert getattr(once, test)().pvalue == pytest.approx(getattr(twice, test)().pvalue, rel=1e-8)


def test_tests_that_do_not_apply(studies):
    _, gamma = studies("gamma")
    with pytest.raises(ValueError, match="dispersion of Gamma is estimated"):
        gamma.overdispersion_test()
    with pytest.raises(ValueError, match="a test of zeros needs counts; the responses of Gamma are positive"):
        gamma.zero_inflation_test()
    with pytest.raises(ValueError, match="unknown kind 'dean' of overdispersion_test"):
        studies("poisson")[1].overdispersion_test("dean")


# --- columns


def test_separation_names_the_level():
    rng = np.random.default_rng(7)
    g = np.repeat(["a", "b", "c"], 20)
    y = np.where(g == "c", 1.0, rng.integers(0, 2, 60))
    data = {"y": y, "g": g, "x": rng.normal(size=60)}
    with pytest.warns(jg.FitWarning):
        fit = jg.glm("y ~ g + x", data, family="binomial")
    found = fit.separation()
    assert found.separated
    assert [n for n in found.columns if "c" in n] == list(found.columns)
    assert found.direction[found.columns[0]] == 1
    assert np.array_equal(found.rows, np.arange(40, 60))
    assert found.columns[0] in str(found)


def test_no_separation(counts):
    found = counts[2].separation()
    assert not found.separated
    assert found.columns == ()
    assert "CONVERGED" in str(found)


def test_collinearity_is_the_textbooks():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 2))
    X = np.column_stack([np.ones(N), x, x[:, 0] + 0.1 * rng.normal(size=N)])
    found = jg.GLM(rng.normal(size=N), X).fit().collinearity()
    R = np.corrcoef(X[:, 1:].T)
    np.testing.assert_allclose(found.gvif, np.diagonal(np.linalg.inv(R)), rtol=1e-8)
    np.testing.assert_allclose(found.gvif_root, np.sqrt(found.gvif), rtol=1e-12)
    assert found.condition_number == pytest.approx(np.linalg.cond(X / np.linalg.norm(X, axis=0)), rel=1e-9)
    np.testing.assert_allclose(found.proportions.sum(axis=0), 1, rtol=1e-12)
    assert found.proportions[-1, 1] > 0.9
    assert found.proportions[-1, 3] > 0.9


def test_a_term_of_several_columns_has_one_factor():
    """Fox and Monette's factor does not depend on which level is the base."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": rng.choice(list("abc"), N), "y": rng.normal(size=N)})
    data["x"] = rng.normal(size=N) + (data["g"] == "b")
    found = jg.glm("y ~ g + x", data).collinearity()
    other = jg.glm("y ~ g + x", data.replace({"g": {"a": "z"}})).collinearity()
    assert list(found.gvif.names) == ["g", "x"]
    assert list(found.df) == [2, 1]
    np.testing.assert_allclose(found.gvif, other.gvif, rtol=1e-9)
    assert list(found.summary_frame()["term"]) == ["g", "x"]


# --- calibration, quality of a fit, comparisons


@pytest.fixture(scope="module")
def binary():
    rng = np.random.default_rng(6)
    X = np.column_stack([np.ones(200), rng.normal(size=200)])
    y = (rng.random(200) < 1 / (1 + np.exp(-X @ [0.2, 1.0]))).astype(float)
    return X, y, jg.GLM(y, X, family="binomial").fit()


def test_calibration_is_hosmer_and_lemeshows(binary):
    _, y, fit = binary
    found = fit.calibration(8)
    order = np.argsort(fit.fittedvalues)
    groups = [order[k * 25 : (k + 1) * 25] for k in range(8)]
    p, o = (np.asarray([v[g].sum() for g in groups]) for v in (fit.fittedvalues, y))
    expected = np.sum((o - p) ** 2 / [np.sum(fit.fittedvalues[g] * (1 - fit.fittedvalues[g])) for g in groups])
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    assert found.pvalue == pytest.approx(stats.chi2.sf(expected, 6), rel=1e-9)
    np.testing.assert_allclose(found.observed, o / 25)
    assert len(found.summary_frame()) == 8
    with pytest.raises(ValueError, match="bins must be a whole number"):
        fit.calibration(1)
    with pytest.raises(ValueError, match="same prediction"):
        fit.null_model().calibration()


def test_pseudo_r2_are_those_of_statsmodels(binary):
    X, y, fit = binary
    peer = sm.Logit(y, X).fit(disp=0)
    assert fit.pseudo_r2() == pytest.approx(peer.prsquared, rel=1e-9)
    glm = sm.GLM(y, X, family=sm.families.Binomial()).fit()
    assert fit.pseudo_r2("cox_snell") == pytest.approx(glm.pseudo_rsquared("cs"), rel=1e-9)
    top = 1 - np.exp(2 * peer.llnull / 200)
    assert fit.pseudo_r2("nagelkerke") == pytest.approx(glm.pseudo_rsquared("cs") / top, rel=1e-9)
    assert fit.pseudo_r2("deviance") == pytest.approx(1 - glm.deviance / glm.null_deviance, rel=1e-9)
    m = fit.fittedvalues
    assert fit.pseudo_r2("tjur") == pytest.approx(m[y == 1].mean() - m[y == 0].mean())
    with pytest.raises(ValueError, match="unknown kind 'r2' of pseudo_r2"):
        fit.pseudo_r2("r2")


@every_family
def test_the_null_model_is_the_fit_of_a_constant(name, studies):
    given, fit = studies(name)
    null, by_hand = fit.null_model(), again(given, X=np.ones((N, 1)))
    assert null.llf == pytest.approx(by_hand.llf, rel=1e-10)
    np.testing.assert_allclose(null.params, by_hand.params, rtol=1e-6, atol=1e-8)
    assert null.names[0] == "(Intercept)"
    assert null.nobs == fit.nobs
    np.testing.assert_allclose(null.predict(), null.fittedvalues)


def test_aicc(counts):
    _, _, fit = counts
    assert fit.aicc == pytest.approx(fit.aic + 2 * 3 * 4 / (N - 4))
    few = jg.GLM(np.asarray([1.0, 3.0]), np.ones((2, 1)), family="poisson").fit()
    assert np.isinf(few.aicc)


def test_comparison_of_fits(counts):
    X, y, fit = counts
    small = jg.GLM(y, X[:, :2], family="poisson").fit()
    table = jg.compare({"large": fit, "small": small}, looic=True)
    best = "large" if fit.aic < small.aic else "small"
    assert table["model"][0] == best
    assert table["delta"][0] == 0
    assert table["weight"].sum() == pytest.approx(1)
    assert table["weight"][1] == pytest.approx(1 / (1 + np.exp(abs(fit.aic - small.aic) / 2)), rel=1e-9)
    assert table["looic"][list(table["model"]).index("large")] == pytest.approx(fit.loo("mixed").looic)
    assert list(jg.compare([fit, small], by="bic")["model"]) != []


def test_comparisons_that_are_none(counts):
    X, y, fit = counts
    with pytest.raises(ValueError, match="at least one fit"):
        jg.compare([])
    with pytest.raises(ValueError, match="unknown criterion by='dic'"):
        jg.compare([fit], by="dic")
    with pytest.raises(ValueError, match=r"different rows cannot be compared: 'a' and 'b' have 60 and 59"):
        jg.compare({"a": fit, "b": jg.GLM(y[1:], X[1:], family="poisson").fit()})
    with pytest.raises(ValueError, match=r"different responses .*\(60 of 60 values differ"):
        jg.compare({"a": fit, "b": jg.GLM(y + 1, X, family="poisson").fit()})
    with pytest.raises(ValueError, match="different weights"):
        jg.compare({"a": fit, "b": jg.GLM(y, X, family="poisson", weights=np.full(N, 2.0)).fit()})
    with pytest.warns(UserWarning, match="not comparable"):
        jg.compare({"a": fit, "b": jg.GLM(y, X).fit()})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jg.compare({"a": jg.GLM(y, X).fit(), "b": jg.GLM(y, X, family=Logistic()).fit()})
