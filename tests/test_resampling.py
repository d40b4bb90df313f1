"""Resampling against loops of single fits with the same weights, for built-in families and one defined here."""

import warnings

import numpy as np
import pytest
from resampled import TIGHT, N, again, every_family, study
from scipy import stats

import jaxglm as jg
from jaxglm.refits import Units, blocks
from jaxglm.resampling.simulate import simulated

# --- bootstrap


@every_family
def test_replicates_are_fits_with_counts_as_weights(name):
    given, fit = study(name)
    boot = jg.bootstrap(fit, N, seed=4)  # as many as the jackknife has: one program
    assert boot.n_failed == 0
    drawn = np.asarray(Units.of(fit).resampled(np.random.default_rng(4), N))[:, :N]
    np.testing.assert_allclose((drawn / given["weights"]).sum(axis=1), N, rtol=1e-12)
    for b in (0, 7, N - 1):
        single = again(given, weights=drawn[b])
        np.testing.assert_allclose(boot.params[b], single.params, **TIGHT)
    assert boot.names == tuple(fit.names)


def test_groups_are_drawn_whole():
    given, fit = study("poisson")
    groups = np.repeat(list("abcdefghij"), 6)
    boot = jg.bootstrap(fit, 4, groups=groups, seed=2)
    drawn = np.asarray(Units.of(fit, groups).resampled(np.random.default_rng(2), 4))[:, :60]
    counts = (drawn / given["weights"]).reshape(4, 10, 6)
    np.testing.assert_allclose(counts, np.repeat(counts[:, :, :1], 6, axis=2), rtol=1e-12)
    np.testing.assert_allclose(counts[:, :, 0].sum(axis=1), 10, rtol=1e-12)
    single = again(given, weights=drawn[3])
    np.testing.assert_allclose(boot.params[3], single.params, **TIGHT)


def test_frequencies_are_rows_written_once():
    rng = np.random.default_rng(0)
    X, times = np.column_stack([np.ones(30), rng.normal(size=30)]), rng.integers(0, 4, 30)
    y = rng.poisson(2.0, 30).astype(float)
    short = jg.GLM(y, X, family="poisson", freq_weights=times).fit()
    long = jg.GLM(np.repeat(y, times), np.repeat(X, times, axis=0), family="poisson").fit()
    np.testing.assert_allclose(jg.bootstrap(short, 9).params, jg.bootstrap(long, 9).params, **TIGHT)
    np.testing.assert_allclose(jg.jackknife(short).bse, jg.jackknife(long).bse, **TIGHT)
    np.testing.assert_allclose(jg.jackknife(short).acceleration, jg.jackknife(long).acceleration, **TIGHT)


def test_results_do_not_depend_on_the_blocks(monkeypatch):
    _, fit = study("poisson")
    whole = jg.bootstrap(fit, 30), jg.jackknife(fit), jg.cv(fit)
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 7 * fit.problem.n)
    parts = jg.bootstrap(fit, 30), jg.jackknife(fit), jg.cv(fit)
    for a, b in zip(whole[:2], parts[:2], strict=True):
        np.testing.assert_allclose(a.params, b.params, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(whole[2].scores, parts[2].scores, rtol=1e-10)


def test_bootstrap_standard_errors_agree_with_theory():
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(400), rng.normal(size=400)])
    fit = jg.GLM(X @ [1.0, 2.0] + rng.normal(size=400), X).fit()
    boot = jg.bootstrap(fit, 1000)
    np.testing.assert_allclose(boot.bse, fit.bse, rtol=0.15)
    assert np.all(np.abs(boot.bias) < 0.15 * fit.bse)
    for method in ("percentile", "basic", "bca"):
        np.testing.assert_allclose(boot.conf_int(method=method), fit.conf_int(), atol=0.6 * fit.bse.max())


def test_limits_are_those_of_scipy():
    """The mean of a skewed sample: scipy has all three methods, its own resamples."""
    y = np.random.default_rng(4).gamma(0.7, 1.0, 60)
    boot = jg.bootstrap(jg.GLM(y, np.ones((60, 1))).fit(), 4000, seed=1)
    for method in ("percentile", "basic", "bca"):
        theirs = stats.bootstrap((y,), np.mean, n_resamples=4000, method=method, rng=2).confidence_interval
        np.testing.assert_allclose(boot.conf_int(method=method)[0], theirs, atol=0.15 * boot.bse[0])


def test_failures_are_counted_and_left_out():
    x = np.asarray([0.0] * 12 + [1.0] * 2)
    y = np.asarray([0.0, 1] * 6 + [0.0, 1.0])
    fit = jg.GLM(y, np.column_stack([np.ones(14), x]), family="binomial").fit()
    with pytest.warns(jg.FitWarning, match=r"of 200 replicates did not converge \(.*separated"):
        boot = jg.bootstrap(fit, 200)
    assert 20 < boot.n_failed < 180
    assert len(boot.converged) == 200 - boot.n_failed
    assert np.all(np.isfinite(boot.bse))
    assert "status" in boot.to_frame()


def test_aliased_columns_stay_nan():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(40), rng.normal(size=40)])
    fit = jg.GLM(rng.poisson(2.0, 40), np.column_stack([X, X[:, 1]]), family="poisson").fit()
    boot = jg.bootstrap(fit, 50)
    assert np.isnan(boot.params[:, 2]).all()
    assert np.isnan(boot.conf_int(method="bca")[2]).all()
    assert np.isfinite(boot.bse[:2]).all()


def test_coefficients_come_back_from_an_orthogonal_basis():
    rng = np.random.default_rng(0)
    X = np.vander(rng.uniform(10, 11, 50), 4, increasing=True)
    fit = jg.GLM(rng.normal(size=50), X).fit()
    assert fit.basis.triangle is not None
    counts = np.asarray(Units.of(fit).resampled(np.random.default_rng(0), 3))[:, :50]
    single = jg.GLM(fit.y, X, freq_weights=counts[2]).fit()
    np.testing.assert_allclose(jg.bootstrap(fit, 3).params[2], single.params, rtol=1e-5)


# --- responses drawn from the model


def exact(name, mean, known):
    """The distribution of one response as scipy has it."""
    table = {
        "poisson": lambda: stats.poisson(mean),
        "negbin": lambda: stats.nbinom(1 / known["alpha"], 1 / (1 + known["alpha"] * mean)),
        "gamma": lambda: stats.gamma(1 / known["phi"], scale=mean * known["phi"]),
        "binomial": lambda: stats.binom(6, mean),
        "own": lambda: stats.logistic(mean, known["scale"]),
    }
    return table[name]()


@every_family
def test_responses_are_drawn_by_inverse_distribution_functions(name):
    given, _ = study(name)
    fit = again(given, weights=np.full(N, 1.0))
    drawn = simulated(fit, 200, np.random.default_rng(4))
    y = drawn[0] if isinstance(drawn, tuple) else drawn
    uniform = np.random.default_rng(4).random((200, N))
    for i in (0, N - 1):
        law = exact(name, fit.fittedvalues[i], fit.family_params)
        np.testing.assert_allclose(y[:, i], law.ppf(uniform[:, i]), rtol=2e-2, atol=1e-2 * law.std())
    assert np.all(y[:, N:] == 0)


def test_weights_divide_the_dispersion_of_what_is_drawn():
    given, fit = study("gamma")
    y = simulated(fit, 100, np.random.default_rng(4))
    scaled = {"phi": fit.family_params["phi"] / given["weights"][9]}
    law = exact("gamma", fit.fittedvalues[9], scaled)
    np.testing.assert_allclose(y[:, 9], law.ppf(np.random.default_rng(4).random((100, N))[:, 9]), rtol=2e-2)


def test_parametric_replicates_are_fits_to_drawn_responses():
    given, _ = study("poisson")
    fit = again(given, weights=np.full(N, 1.0))
    boot = jg.bootstrap(fit, 300, kind="parametric", seed=6)
    y = simulated(fit, 300, np.random.default_rng(6))[123, :N]
    single = jg.GLM(y, given["X"], family="poisson", offset=given["offset"]).fit()
    np.testing.assert_allclose(boot.params[123], single.params, **TIGHT)
    np.testing.assert_allclose(boot.bse, fit.bse, rtol=0.2)


def test_what_cannot_be_drawn_from():
    given, fit = study("poisson")
    with pytest.raises(ValueError, match="weights"):
        jg.bootstrap(fit, kind="parametric")
    with pytest.raises(ValueError, match="repeat the rows"):
        jg.bootstrap(again(given, weights=None, freq_weights=np.full(N, 2)), kind="parametric")
    half = jg.Family.from_loglik(lambda y, mu: -0.5 * (y - mu.value) ** 2, mu=jg.Identity(), name="half")
    with pytest.raises(ValueError, match=r"adds up to 2\.507"):
        jg.bootstrap(jg.GLM(given["y"], given["X"], family=half).fit(), kind="parametric")


# --- jackknife


@every_family
def test_jackknife_leaves_out_one_row_each(name):
    given, fit = study(name)
    jack = jg.jackknife(fit)
    assert jack.params.shape == (N, len(fit.names))
    for i in (0, 31):
        np.testing.assert_allclose(jack.params[i], again(given, np.arange(N) != i).params, **TIGHT)


def test_jackknife_of_a_mean_is_exact():
    y = np.random.default_rng(0).gamma(2.0, 1.0, 25)
    jack = jg.jackknife(jg.GLM(y, np.ones((25, 1))).fit())
    np.testing.assert_allclose(jack.bse, np.std(y, ddof=1) / 5, rtol=1e-12)
    np.testing.assert_allclose(jack.bias, 0, atol=1e-12)
    np.testing.assert_allclose(jack.cov, [[np.var(y, ddof=1) / 25]], rtol=1e-12)
    d = y - y.mean()
    np.testing.assert_allclose(jack.acceleration, np.sum(d**3) / (6 * np.sum(d**2) ** 1.5), rtol=1e-9)


def test_jackknife_of_groups():
    given, fit = study("poisson")
    groups = np.arange(N) % 7
    jack = jg.jackknife(fit, groups=groups)
    np.testing.assert_allclose(jack.params[4], again(given, groups != 4).params, **TIGHT)


# --- bad input


def test_groups_of_a_frame_count_dropped_rows():
    table = {"y": [1.0, 2, 0, 3, 2, 1], "x": [1.0, np.nan, 3, 2, 5, 6]}
    fit = jg.glm("y ~ x", table, family="poisson")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a = jg.jackknife(fit, groups=np.asarray(list("abccdd"))).params
        b = jg.jackknife(fit, groups=np.asarray(list("accdd"))).params
    np.testing.assert_array_equal(a, b)


BAD = {
    "no replicates": (lambda f: jg.bootstrap(f, 0), "n must be a whole number, at least 1"),
    "half a replicate": (lambda f: jg.bootstrap(f, 2.5), "n must be a whole number"),
    "a negative seed": (lambda f: jg.bootstrap(f, seed=-1), "seed"),
    "an unknown kind": (lambda f: jg.bootstrap(f, kind="block"), "kind 'block'.*pairs, parametric, wild"),
    "groups of drawn responses": (lambda f: jg.bootstrap(f, kind="parametric", groups=np.arange(N)), "groups are for"),
    "short groups": (lambda f: jg.bootstrap(f, groups=[1, 2, 3]), r"groups .*60 rows.*\(3,\)"),
    "missing groups": (lambda f: jg.jackknife(f, groups=[None] * N), "groups must not be missing; 60"),
    "one group": (lambda f: jg.jackknife(f, groups=["a"] * N), "two groups"),
    "an unknown interval": (lambda f: jg.bootstrap(f, 3).conf_int(method="t"), "method 't'"),
    "alpha of 5": (lambda f: jg.bootstrap(f, 3).conf_int(5), "alpha"),
    "one fold": (lambda f: jg.cv(f, folds=1), "folds must be a whole number, at least 2"),
    "more folds than rows": (lambda f: jg.cv(f, folds=61), "folds must be at most the number of rows, 60"),
    "more folds than groups": (lambda f: jg.cv(f, groups=np.arange(N) % 5), "number of groups, 5"),
    "an unknown score": (lambda f: jg.cv(f, score="auc"), "score 'auc'"),
    "a total as score": (lambda f: jg.cv(f, score=lambda y, mu: 1.0), "a number for each row"),
    "an unknown term": (lambda f: jg.permutation_test(f, "X1"), "no column 'X1'. Did you mean 'x1'"),
    "no permutations": (lambda f: jg.permutation_test(f, "x1", n=0), "n must be"),
    "short candidates": (lambda f: jg.score_scan(f, np.ones((3, 2))), r"candidates must have 60 rows.*\(3, 2\)"),
    "flat candidates": (lambda f: jg.score_scan(f, np.ones(N)), "two-dimensional"),
    "words as candidates": (lambda f: jg.score_scan(f, [["a"]] * N), "numeric"),
    "names of candidates": (lambda f: jg.score_scan(f, np.ones((N, 2)), names=["a"]), "names must be 2"),
    "a p-value of 5": (lambda f: jg.score_scan(f, np.ones((N, 2)), refit=5), "refit"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    call, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        call(study("poisson")[1])


def test_broken_frequencies_are_refused():
    fit = jg.GLM(np.arange(5.0), np.ones((5, 1)), freq_weights=[1, 2, 0.5, 1, 1]).fit()
    with pytest.raises(ValueError, match="whole numbers"):
        jg.bootstrap(fit)
