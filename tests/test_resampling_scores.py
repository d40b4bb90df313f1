"""Cross-validation, score scans and permutation tests against loops of single fits and formulas."""

import numpy as np
import pytest
from resampled import TIGHT, N, again, every_family, study
from scipy import stats

import jaxglm as jg

# --- cross-validation


@every_family
def test_rows_are_scored_by_fits_without_their_fold(name):
    given, fit = study(name, dispersion="ml")
    found = jg.cv(fit, folds=30, repeats=2, seed=1)
    assert found.n_failed == 0
    assert sorted(np.bincount(found.fold[1])) == [2] * 30
    rows = found.fold[1] == 2
    train = again(given, ~rows)
    mu = train.predict(given["X"][rows], offset=given["offset"][rows])
    np.testing.assert_allclose(found.mu[1][rows], mu, **TIGHT)
    np.testing.assert_allclose(found.scores[1][rows], loglik(given, train, rows), **TIGHT)


def loglik(given, train, rows):
    """Log-density of the rows under a fit to others, by the formula."""
    mu = train.predict(given["X"][rows], offset=given["offset"][rows])
    y, known = given["y"], train.family_params
    part = y[0][rows] if isinstance(y, tuple) else y[rows]
    table = {
        "poisson": lambda: stats.poisson.logpmf(part, mu),
        "negbin": lambda: stats.nbinom.logpmf(part, 1 / known["alpha"], 1 / (1 + known["alpha"] * mu)),
        "gamma": lambda: stats.gamma.logpdf(part, 1 / known["phi"], scale=mu * known["phi"]),
        "binomial": lambda: stats.binom.logpmf(part, 6, mu),
    }
    return table.get(given["family"], lambda: stats.logistic.logpdf(part, mu, known["scale"]))()


def test_sums_of_scores():
    given, fit = study("poisson")
    found = jg.cv(fit, folds=5, repeats=3, score=lambda y, mu: (y - mu) ** 2)
    w, s = given["weights"], (given["y"] - found.mu) ** 2
    np.testing.assert_allclose(found.scores, s, rtol=1e-12)
    np.testing.assert_allclose(found.total, np.mean(s @ w), rtol=1e-12)
    np.testing.assert_allclose(found.mean, np.mean(s @ w) / w.sum(), rtol=1e-12)
    means = [np.average(s[2][k], weights=w[k]) for k in (found.fold[2] == j for j in range(5))]
    np.testing.assert_allclose(found.fold_means[2], means, rtol=1e-12)
    assert 0 < found.se < found.mean


def test_deviance_scores_are_the_formula():
    given, fit = study("poisson")
    found = jg.cv(fit, folds=N, score="deviance")
    at = lambda mu: stats.poisson.logpmf(given["y"], mu)  # noqa: E731
    unit = 2 * (at(np.maximum(given["y"], 1e-300)) - at(found.mu[0]))
    np.testing.assert_allclose(found.scores[0], unit, rtol=1e-7, atol=1e-10)


def test_a_normal_model_without_its_rows_has_a_closed_form():
    """Leave-one-out residuals are e / (1 - h)."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    y = rng.normal(size=30)
    found = jg.cv(jg.GLM(y, X).fit(), folds=30, score=lambda y, mu: y - mu)
    hat = X @ np.linalg.pinv(X)
    np.testing.assert_allclose(found.scores[0], (y - hat @ y) / (1 - np.diagonal(hat)), rtol=1e-9)


def test_groups_are_not_split_and_absent_rows_not_scored():
    given, _ = study("poisson")
    weights = np.where(np.arange(N) < 6, 0.0, given["weights"])
    groups = np.arange(N) // 6
    found = jg.cv(again(given, weights=weights), folds=3, groups=groups)
    assert np.all(found.fold[0][:6] == -1)
    assert np.all(np.isnan(found.scores[0][:6]))
    assert all(len(set(found.fold[0][groups == g])) == 1 for g in range(10))
    assert np.isfinite(found.total)


def test_folds_that_cannot_be_fitted_have_no_score():
    """A level of which all rows are in one fold: its coefficient is not identified without them."""
    x = np.zeros(20)
    x[:2] = 1.0
    rng = np.random.default_rng(0)
    fit = jg.GLM(rng.poisson(3.0, 20), np.column_stack([np.ones(20), x]), family="poisson").fit()
    with pytest.warns(jg.FitWarning, match="singular"):
        found = jg.cv(fit, folds=10, groups=np.r_[0, 0, 1:19])
    assert found.n_failed == 1
    np.testing.assert_array_equal(np.isnan(found.scores[0]), found.fold[0] == found.fold[0][0])
    assert np.isfinite(found.mean)


# --- score scan


@pytest.mark.parametrize("name", ["poisson", "negbin", "gamma", "own"])
def test_scan_agrees_with_the_brute_force_score(name):
    given, fit = study(name)
    Z = np.random.default_rng(8).normal(size=(N, 6)) + 0.5
    found = jg.score_scan(fit, Z, refit=1.0)
    for k in (0, 5):
        z, V = by_differences(given, fit, Z[:, k])
        np.testing.assert_allclose(found.statistic[k], z**2 / fit.dispersion, rtol=1e-4)
        np.testing.assert_allclose(found.se[k], np.sqrt(fit.dispersion / V), rtol=1e-4)
        single = again(given, X=np.column_stack([given["X"], Z[:, k]]))
        ratio = 2 * (float(single.state.loglik) - float(fit.state.loglik)) / fit.dispersion
        np.testing.assert_allclose(found.refits.statistic[k], ratio, rtol=1e-7)
        np.testing.assert_allclose(found.refits.estimate[k], single.params[3], **TIGHT)
        np.testing.assert_allclose(found.refits.se[k], single.bse[3], rtol=1e-7)
    np.testing.assert_allclose(found.refits.statistic, found.statistic, rtol=0.25, atol=0.05)
    np.testing.assert_allclose(found.pvalues, stats.chi2.sf(found.statistic, 1), rtol=1e-9)
    np.testing.assert_allclose(np.exp(found.log_pvalues), found.pvalues, rtol=1e-12)


def by_differences(given, fit, column):
    """Score over the root of its information, from the log-likelihood along the column by central differences.

    The information beside the other parameters is the curvature of the profile; where the expected information is used
    it is that of the working weights.
    """
    profile = lambda t: float(again(given, offset=given["offset"] + t * column).state.loglik)  # noqa: E731
    h = 1e-3
    up, mid, down = profile(h), profile(0.0), profile(-h)
    V = -(up - 2 * mid + down) / h**2
    if given["family"] in ("gamma", "negbin"):  # not canonical: expected and observed information differ
        X, mu, alpha = given["X"], fit.fittedvalues, fit.family_params.get("alpha", 0.0)
        W = given["weights"] * (1.0 if given["family"] == "gamma" else mu / (1 + alpha * mu))
        rest = column - X @ np.linalg.solve(X.T @ (W[:, None] * X), X.T @ (W * column))
        V = W @ rest**2
    return (up - down) / (2 * h) / np.sqrt(V), V


@pytest.mark.parametrize("name", ["poisson", "gamma"])
def test_scan_agrees_with_statsmodels(name):
    import statsmodels.api as sm

    given, fit = study(name)
    Z = np.random.default_rng(8).normal(size=(N, 3))
    family = sm.families.Poisson() if name == "poisson" else sm.families.Gamma(sm.families.links.Log())
    theirs = sm.GLM(given["y"], given["X"], family=family, offset=given["offset"], var_weights=given["weights"]).fit()
    found = jg.score_scan(fit, Z)
    for k in range(3):
        chi2 = theirs.score_test(exog_extra=Z[:, [k]], observed=False)[0]
        np.testing.assert_allclose(found.statistic[k], np.squeeze(chi2), rtol=1e-6)


def test_candidates_without_a_test_have_a_status():
    given, fit = study("negbin")
    Z = np.random.default_rng(1).normal(size=(N, 6))
    Z[:, 1], Z[:, 2], Z[7, 3], Z[:, 4] = 4.0, given["X"] @ [1.0, -2.0, 3.0], np.nan, 0.0
    found = jg.score_scan(fit, Z, refit=1.0)
    names = [jg.Status(int(s)).name for s in found.status]
    assert names == ["CONVERGED", "SINGULAR", "SINGULAR", "NON_FINITE", "SINGULAR", "CONVERGED"]
    assert np.isnan(found.statistic[1:5]).all()
    assert np.isnan(found.pvalues[1:5]).all()
    assert found.refits.index.tolist() == [0, 5]
    assert found.to_frame().shape == (6, 11)


def test_units_of_candidates_do_not_matter():
    _, fit = study("poisson")
    Z = np.random.default_rng(1).normal(size=(N, 3))
    plain, tiny = jg.score_scan(fit, Z), jg.score_scan(fit, Z * [1e-170, 1.0, 1e160])
    np.testing.assert_allclose(tiny.statistic, plain.statistic, rtol=1e-9)
    np.testing.assert_allclose(tiny.estimate * [1e-170, 1.0, 1e160], plain.estimate, rtol=1e-9)


def test_candidates_of_any_kind_and_in_any_number():
    import pandas as pd

    _, fit = study("poisson")
    Z = np.random.default_rng(1).integers(0, 3, (N, 37)).astype(np.int8)
    whole = jg.score_scan(fit, Z)
    parts = [jg.score_scan(fit, pd.DataFrame(Z[:, [k]], columns=[f"snp{k}"])) for k in (0, 36)]
    assert parts[1].names == ("snp36",)
    np.testing.assert_allclose([p.statistic[0] for p in parts], whole.statistic[[0, 36]], rtol=1e-12)
    assert jg.score_scan(fit, Z, refit=1e-300).refits.index.size == 0


def test_scan_needs_a_maximum():
    x = np.arange(10.0)
    with pytest.warns(jg.FitWarning):
        fit = jg.GLM((x > 4).astype(float), np.column_stack([np.ones(10), x]), family="binomial").fit()
    with pytest.raises(ValueError, match="separated"):
        jg.score_scan(fit, np.ones((10, 1)))


# --- permutation test


def test_permutation_of_a_group_label_is_the_exact_test():
    """All 70 ways to label eight rows: the p-value of many random permutations is near the exact one."""
    from itertools import combinations

    y, x = np.asarray([3.0, 5, 2, 8, 7, 9, 12, 6]), np.repeat([0.0, 1.0], 4)
    fit = jg.GLM(y, np.column_stack([np.ones(8), x]), family="poisson").fit()
    found = jg.permutation_test(fit, "x1", n=9999)
    sums = np.asarray([y[list(c)].sum() for c in combinations(range(8), 4)])
    exact = np.mean(np.abs(sums - y.sum() / 2) >= abs(y[4:].sum() - y.sum() / 2) - 1e-9)
    assert found.method == "permutation"
    assert abs(found.pvalue - exact) < 4 * np.sqrt(exact / 9999)


@pytest.mark.parametrize("name", ["negbin", "own"])
def test_the_statistic_is_that_of_the_score_scan(name):
    given, fit = study(name)
    found = jg.permutation_test(fit, "x2", n=99)
    null = again(given, X=given["X"][:, :2])
    np.testing.assert_allclose(found.statistic**2, jg.score_scan(null, given["X"][:, [2]]).statistic, rtol=1e-7)
    assert found.method == "sign flips"
    assert np.sign(found.statistic) == np.sign(fit.params[2])
    assert found.pvalue == (1 + np.sum(np.abs(found.null) >= abs(found.statistic))) / 100


CALIBRATION = ("intercept only", "beside a column", "overdispersed")


@pytest.mark.parametrize("case", CALIBRATION)
def test_p_values_are_uniform_under_the_hypothesis(case):
    """Beside a column and with three times the variance of the family too; Kolmogorov's distance of 200 p-values."""
    rng, found = np.random.default_rng(11), []
    for seed in range(200):
        c = rng.normal(size=30)
        mean = np.exp(0.7 + (0.4 * c if case != "intercept only" else 0 * c))
        mean = mean * rng.gamma(1.0, 1.0, 30) if case == "overdispersed" else mean
        columns = [np.ones(30), rng.normal(size=30) + 0.6 * c] + ([c] if case != "intercept only" else [])
        fit = jg.GLM(rng.poisson(mean), np.column_stack(columns), family="poisson").fit()
        found.append(jg.permutation_test(fit, "x1", n=199, seed=seed).pvalue)
    assert stats.kstest(found, "uniform").pvalue > 0.001
    assert abs(np.mean(np.asarray(found) <= 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 200)


def test_a_strong_effect_has_the_smallest_p_value():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    fit = jg.GLM(rng.poisson(np.exp(X @ [1.0, 0.2, 0.8]) * rng.gamma(3.0, 1 / 3, 80)), X, family="negbin").fit()
    assert jg.permutation_test(fit, "x2").pvalue == 0.001


def test_terms_that_cannot_be_tested():
    rng = np.random.default_rng(0)
    y, x = rng.poisson(2.0, 20), rng.normal(size=20)
    aliased = jg.GLM(y, np.column_stack([np.ones(20), x, x]), family="poisson").fit()
    with pytest.raises(ValueError, match="x2 depends on earlier columns"):
        jg.permutation_test(aliased, "x2")
    with pytest.raises(ValueError, match="only column"):
        jg.permutation_test(jg.GLM(y, np.ones((20, 1)), family="poisson").fit(), "x0")
