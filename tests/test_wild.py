"""The wild bootstrap against explicit refits, brute-force scores and the robust covariances that it draws from."""

from dataclasses import replace

import numpy as np
import pytest
from resampled import TIGHT, N, again, every_family, study

import jaxglm as jg
from jaxglm.covariances import pieces_of
from jaxglm.refits import Units
from jaxglm.resampling.wild import MULTIPLIERS, _scored

GROUPS = np.arange(N) % 12
every_multiplier = pytest.mark.parametrize("name", MULTIPLIERS)


@every_multiplier
def test_multipliers_have_mean_zero_and_variance_one(name):
    points, chance = MULTIPLIERS[name]
    moment = lambda k: chance @ points**k  # noqa: E731
    np.testing.assert_allclose([moment(0), moment(1), moment(2)], [1, 0, 1], atol=1e-14)
    np.testing.assert_allclose(moment(3), 1.0 if name == "mammen" else 0.0, atol=1e-14)
    drawn = MULTIPLIERS[name].drawn(np.random.default_rng(0), (100, 300))
    share = np.mean(drawn[..., None] == points, axis=(0, 1))
    np.testing.assert_allclose(share, chance, atol=5 * np.sqrt(0.25 / 30_000))


class Each:
    """Stands in for a generator: replicate u gives unit u the last point of Rademacher's, all others the first."""

    def random(self, size):
        return np.where(np.eye(*size) > 0, 0.9, 0.1)


def influence(fit, monkeypatch, **options):
    """I^-1 s_u (U, P) of every unit, from replicates that differ in one multiplier each."""
    with monkeypatch.context() as patch:
        patch.setattr(np.random, "default_rng", lambda seed: Each())
        units = len(np.unique(options.get("groups", np.arange(int(fit.nobs)))))
        moved = jg.bootstrap(fit, units + 1, kind="wild", **options).params
    return (moved[:units] - moved[units]) / 2


@every_family
def test_the_variance_of_the_replicates_is_the_robust_covariance(name, monkeypatch):
    """In expectation over the multipliers it is the sum of squares of what each unit moves."""
    _, fit = study(name)
    each = influence(fit, monkeypatch)
    np.testing.assert_allclose(each.T @ each, fit.with_cov("HC0").cov_params(), rtol=1e-9, atol=1e-12)
    whole = influence(fit, monkeypatch, groups=GROUPS)
    cluster = fit.with_cov("cluster", groups=GROUPS, correction="none").cov_params()
    np.testing.assert_allclose(whole.T @ whole, cluster, rtol=1e-9, atol=1e-12)


@every_multiplier
def test_standard_errors_of_many_replicates(name):
    _, fit = study("negbin")
    boot = jg.bootstrap(fit, 4000, kind="wild", multipliers=name, seed=3)
    assert boot.n_failed == 0
    np.testing.assert_allclose(boot.bse, fit.with_cov("HC0").bse, rtol=0.06)
    assert np.all(np.abs(boot.bias) < 4 * boot.bse / np.sqrt(4000))
    boot = jg.bootstrap(fit, 4000, kind="wild", multipliers=name, groups=GROUPS)
    np.testing.assert_allclose(boot.bse, fit.with_cov("cluster", groups=GROUPS, correction="none").bse, rtol=0.06)


def test_for_a_normal_response_they_are_refits():
    """To mu + v e, with the same weights and offset: exactly."""
    given, fit = study("gaussian")
    boot = jg.bootstrap(fit, 5, kind="wild", multipliers="mammen", seed=9)
    v = MULTIPLIERS["mammen"].drawn(np.random.default_rng(9), (5, N))
    for b in (0, 4):
        y = fit.fittedvalues + v[b] * (given["y"] - fit.fittedvalues)
        single = again(given | {"y": y})
        np.testing.assert_allclose(boot.params[b], single.params, **TIGHT)


def test_errors_of_a_normal_response_are_those_of_refits():
    given, fit = study("gaussian")
    v = MULTIPLIERS["webb"].drawn(np.random.default_rng(9), (5, N))
    boot = jg.bootstrap(fit, 5, kind="wild", multipliers="webb", seed=9)
    np.testing.assert_allclose(boot.wild.error, fit.with_cov("HC0").bse, rtol=1e-9)
    for b in (0, 4):
        single = again(given | {"y": fit.fittedvalues + v[b] * (given["y"] - fit.fittedvalues)})
        np.testing.assert_allclose(boot.wild.errors[b], single.with_cov("HC0").bse, rtol=1e-9)
    boot = jg.bootstrap(fit, 5, kind="wild", groups=GROUPS, seed=9)
    v = MULTIPLIERS["rademacher"].drawn(np.random.default_rng(9), (5, 12))[:, GROUPS]
    for b in (0, 4):
        single = again(given | {"y": fit.fittedvalues + v[b] * (given["y"] - fit.fittedvalues)})
        cluster = single.with_cov("cluster", groups=GROUPS, correction="none")
        np.testing.assert_allclose(boot.wild.errors[b], cluster.bse, rtol=1e-9)


@pytest.mark.parametrize("name", ["negbin", "own"])
def test_errors_are_those_of_the_scores_at_the_replicate(name):
    """Close to the estimates the scores that follow to first order are those that are differentiated there."""
    _, fit = study(name)
    at, pieces, v = _scored(fit, Units.of(fit)), pieces_of(fit), 1 + 1e-3 * np.random.default_rng(1).normal(size=(1, N))
    step = v @ np.einsum("rk,rkq->rq", at.score, at.images)
    moved = fit.state._replace(theta=np.asarray(fit.state.theta) + pieces.root @ step[0])
    there = pieces_of(replace(fit, solved=fit.solved._replace(state=moved)), fit.information).parts().score[:N]
    score = np.einsum("rk,rkq->rq", (v[0][:, None] - 1) * at.score + there, at.images)
    np.testing.assert_allclose(at.errors(v, step)[0], np.linalg.norm(score @ at.root.T, axis=0), rtol=1e-4)


def test_studentized_limits_are_the_default():
    _, fit = study("poisson")
    boot = jg.bootstrap(fit, 400, kind="wild")
    t = np.abs(boot.params - np.asarray(fit.params)) / boot.wild.errors
    width = np.quantile(t, 0.9, axis=0, method="weibull") * boot.wild.error
    limits = np.asarray(fit.params)[:, None] + width[:, None] * [-1, 1]
    np.testing.assert_allclose(boot.conf_int(0.1), limits, rtol=1e-12)
    np.testing.assert_array_equal(boot.conf_int(), boot.conf_int(method="studentized"))
    assert np.all(np.diff(boot.conf_int()) > np.diff(boot.conf_int(method="percentile")))
    pairs = jg.bootstrap(fit, 20)
    np.testing.assert_array_equal(pairs.conf_int(), pairs.conf_int(method="percentile"))
    with pytest.raises(ValueError, match='only kind="wild" has'):
        pairs.conf_int(method="studentized")


def test_studentized_limits_cover_in_small_samples():
    """Where percentiles fall short: 20 rows whose variance grows with the covariate."""
    rng, hits, sims = np.random.default_rng(2), np.zeros(2), 300
    for _ in range(sims):
        x = rng.normal(size=20)
        y = 1 + x + (0.5 + np.abs(x)) * rng.normal(size=20)
        boot = jg.bootstrap(jg.GLM(y, np.column_stack([np.ones(20), x])).fit(), 199, kind="wild")
        limits = np.stack([np.asarray(boot.conf_int(method=m))[1] for m in ("studentized", "percentile")])
        hits += (limits[:, 0] <= 1) & (limits[:, 1] >= 1)
    assert hits[0] / sims > 0.89
    assert hits[1] / sims < 0.87


def test_replicates_of_a_family_of_ones_own_are_newton_steps(monkeypatch):
    """A unit moves the estimates as much as its weight, by finite differences of refits with it a little heavier."""
    given, fit = study("own")
    each, h = influence(fit, monkeypatch), 1e-5
    for i in (0, 17):
        tilt = lambda step, i=i: given["weights"] * np.where(np.arange(N) == i, 1 + step, 1.0)  # noqa: E731
        up, down = (np.asarray(again(given, weights=tilt(s)).params) for s in (h, -h))
        np.testing.assert_allclose(each[i], (up - down) / (2 * h), rtol=1e-5, atol=1e-7)


def test_a_dispersion_by_maximum_likelihood_changes_nothing():
    _, fit = study("gamma")
    _, ml = study("gamma", dispersion="ml")
    one, other = (jg.bootstrap(f, 20, kind="wild") for f in (fit, ml))
    assert other.names == one.names
    np.testing.assert_allclose(other.params, one.params, rtol=1e-8)


def test_a_row_of_frequency_f_has_f_multipliers():
    rng = np.random.default_rng(0)
    X, times = np.column_stack([np.ones(30), rng.normal(size=30)]), rng.integers(0, 4, 30)
    y = rng.poisson(2.0, 30).astype(float)
    short = jg.GLM(y, X, family="poisson", freq_weights=times).fit()
    long = jg.GLM(np.repeat(y, times), np.repeat(X, times, axis=0), family="poisson").fit()
    groups = np.arange(30) % 5
    for one, other in ((None, None), (groups, np.repeat(groups, times))):
        few, many = (jg.bootstrap(f, 9, kind="wild", groups=g, seed=1) for f, g in ((short, one), (long, other)))
        np.testing.assert_allclose(few.params, many.params, **TIGHT)
        np.testing.assert_allclose(few.wild.errors, many.wild.errors, rtol=1e-7)
        np.testing.assert_allclose(few.wild.error, many.wild.error, rtol=1e-7)


def test_limits_and_blocks(monkeypatch):
    from jaxglm.refits import blocks
    from jaxglm.resampling import wild

    _, fit = study("poisson")
    seen = []
    whole = jg.bootstrap(fit, 30, kind="wild")
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 7 * N)
    parts = jg.bootstrap(fit, 30, kind="wild", progress=lambda done, n: seen.append((done, n)))
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-12)
    np.testing.assert_allclose(parts.wild.errors, whole.wild.errors, rtol=1e-9)
    clusters = jg.bootstrap(fit, 30, kind="wild", groups=GROUPS)
    monkeypatch.setattr(wild, "PART", 100)
    for one, other in ((whole, jg.bootstrap(fit, 30, kind="wild")),
                       (clusters, jg.bootstrap(fit, 30, kind="wild", groups=GROUPS))):
        np.testing.assert_allclose(other.wild.errors, one.wild.errors, rtol=1e-9)
    assert seen == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]
    for method in ("percentile", "basic", "bca", "studentized"):
        low, high = np.asarray(whole.conf_int(method=method)).T
        assert np.all((low < fit.params) & (fit.params < high))


def test_aliased_columns_stay_nan():
    given, _ = study("poisson")
    fit = again(given, X=given["X"][:, [0, 1, 1, 2]])
    boot = jg.bootstrap(fit, 5, kind="wild")
    assert np.isnan(boot.params[:, 2]).all()
    np.testing.assert_allclose(boot.params[:, [0, 1, 3]], jg.bootstrap(again(given), 5, kind="wild").params, **TIGHT)


def test_what_is_refused():
    _, fit = study("poisson")
    with pytest.raises(ValueError, match="unknown multipliers 'normal'; choose from rademacher, mammen, webb"):
        jg.bootstrap(fit, kind="wild", multipliers="normal")
    with pytest.raises(ValueError, match=r'multipliers are for kind="wild"; .pairs. draws rows'):
        jg.bootstrap(fit, multipliers="webb")
    x = np.arange(10.0)
    with pytest.warns(jg.FitWarning):
        separated = jg.GLM((x > 4).astype(float), np.column_stack([np.ones(10), x]), family="binomial").fit()
    with pytest.raises(ValueError, match="at a maximum; this fit is separated"):
        jg.bootstrap(separated, kind="wild")
