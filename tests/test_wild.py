"""The wild bootstrap against explicit refits, brute-force scores and the robust covariances that it draws from."""

import numpy as np
import pytest
from resampled import TIGHT, N, again, every_family, study

import jaxglm as jg
from jaxglm.resampling.wild import MULTIPLIERS

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
    one, other = (jg.bootstrap(f, 9, kind="wild", seed=1).params for f in (short, long))
    np.testing.assert_allclose(one, other, **TIGHT)
    groups = np.arange(30) % 5
    one = jg.bootstrap(short, 9, kind="wild", groups=groups).params
    other = jg.bootstrap(long, 9, kind="wild", groups=np.repeat(groups, times)).params
    np.testing.assert_allclose(one, other, **TIGHT)


def test_limits_and_blocks(monkeypatch):
    from jaxglm.refits import blocks

    _, fit = study("poisson")
    seen = []
    whole = jg.bootstrap(fit, 30, kind="wild")
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", 7 * N)
    parts = jg.bootstrap(fit, 30, kind="wild", progress=lambda done, n: seen.append((done, n)))
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-12)
    assert seen == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]
    for method in ("percentile", "basic", "bca"):
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
