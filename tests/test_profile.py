"""Profile likelihood and score intervals against refits with the coefficient fixed through the offset."""

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

import jaxglm as jg

N, Z = 48, norm.isf(0.025)
RNG = np.random.default_rng(7)
X = np.column_stack([np.ones(N), RNG.normal(size=N), RNG.uniform(size=N)])
OFFSET, WEIGHTS = 0.3 * RNG.normal(size=N), RNG.choice([0.5, 1.0, 2.0], size=N)
MEAN = np.exp(0.4 + 0.5 * X[:, 1] - 0.6 * X[:, 2] + OFFSET)
COUNTS = RNG.negative_binomial(2, 2 / (2 + MEAN)).astype(float)
TIMES = MEAN * RNG.gamma(2.0, 0.5, size=N)
NAMES = ("one", "x", "z")


def weibull(y, scale, shape):
    """Log-density of a positive time."""
    log_ratio = shape.value * (jnp.log(y) - scale.log)
    return shape.log - jnp.log(y) + log_ratio - jnp.exp(log_ratio)


WEIBULL = jg.Family.from_loglik(weibull, jg.positive, scale=jg.links.Log(), shape=jg.links.Log())
MODELS = {
    "poisson": (jg.Poisson(), COUNTS),
    "negbin": (jg.NegativeBinomial(), COUNTS),
    "gamma": (jg.Gamma(), TIMES),
    "own": (WEIBULL, TIMES),
}


def model(name, columns: Any = slice(None), added: Any = 0.0, **options):
    family, y = MODELS[name]
    names = np.asarray(NAMES)[columns].tolist()
    sides = dict(offset=OFFSET + added, weights=WEIGHTS)
    return jg.GLM(y, X[:, columns], family=family, names=names, **sides, **options).fit()


@pytest.fixture(scope="module", params=MODELS)
def case(request):
    return request.param, model(request.param)


def held(name, value):
    """Log-likelihood with the coefficient of x at this value."""
    return model(name, [0, 2], value * X[:, 1]).llf


def test_limits_are_those_of_refits(case):
    """The log-likelihood of a refit with x held at a limit is the maximum less half the quantile of chi2(1)."""
    name, fit = case
    for limit in fit.conf_int(method="profile")["x"]:
        assert fit.llf - held(name, limit) == pytest.approx(Z**2 / 2, abs=1e-8)


def test_a_profile_is_a_curve_of_refits(case):
    name, fit = case
    profile = fit.profile("x", points=5)
    assert profile.values.shape == profile.loglik.shape == (1, 5)
    assert np.allclose(profile.loglik, fit.llf - profile.roots**2 / 2, rtol=1e-10)
    assert [held(name, v) for v in profile.values[0]] == pytest.approx(profile.loglik[0], abs=1e-8)
    assert profile.values[0, 2] == fit.params["x"]
    assert np.all(np.diff(profile.values[0]) > 0)


def test_a_limit_of_a_contrast_is_that_of_the_turned_design(case):
    """beta_x x + beta_z z = (beta_x + beta_z) x + beta_z (z - x)."""
    name, fit = case
    family, y = MODELS[name]
    turned = np.column_stack([X[:, 0], X[:, 1], X[:, 2] - X[:, 1]])
    other = jg.GLM(y, turned, family=family, names=["one", "sum", "z"], offset=OFFSET, weights=WEIGHTS).fit()
    weights = np.zeros(len(fit.names))
    weights[1:3] = 1.0
    profile = fit.profile({"x + z": weights})
    assert np.allclose(profile.conf_int()["x + z"], other.conf_int(method="profile")["sum"], rtol=1e-9)
    assert np.allclose(profile.estimates, other.params["sum"], rtol=1e-9)


def test_likelihood_ratio_tests_are_those_of_refits(case):
    name, fit = case
    root = np.sqrt(2 * (fit.llf - model(name, [0, 2]).llf))
    assert fit.profile("x").pvalues()["x"] == pytest.approx(2 * norm.sf(root), rel=1e-7)
    at_limit = fit.profile("x").pvalues(fit.conf_int(method="profile")["x"][0])
    assert at_limit["x"] == pytest.approx(0.05, abs=1e-9)


def test_limits_of_shared_parameters():
    """The limits of log(alpha), by a search over fixed alpha; those of log(phi) belong to dispersion='ml'."""
    fit = model("negbin")
    for limit in fit.conf_int(method="profile")["log(alpha)"]:
        fixed = jg.NegativeBinomial(alpha=jg.Fixed(float(np.exp(limit))))
        other = jg.GLM(COUNTS, X, family=fixed, offset=OFFSET, weights=WEIGHTS).fit()
        assert fit.llf - other.llf == pytest.approx(Z**2 / 2, abs=1e-8)
    joint = model("gamma", dispersion="ml")
    for limit in joint.conf_int(method="profile")["log(phi)"]:
        known = model("gamma", dispersion=float(np.exp(limit)))
        assert joint.llf - known.llf == pytest.approx(Z**2 / 2, abs=1e-8)


def test_the_deviance_over_the_dispersion_is_exact_for_gaussian_errors():
    fit = jg.GLM(TIMES, X, names=NAMES, weights=WEIGHTS).fit()
    assert np.allclose(fit.conf_int(method="profile_f"), fit.conf_int(), rtol=1e-9)
    wide, narrow = np.diff(fit.conf_int(method="profile_f")), np.diff(fit.conf_int(method="profile"))
    assert np.all(wide > narrow)


def test_the_drop_of_the_deviance_is_a_quantile_of_t():
    fit = model("gamma")
    quantile = student.isf(0.025, fit.df_resid)
    for limit in fit.conf_int(method="profile_f")["x"]:
        drop = model("gamma", [0, 2], limit * X[:, 1]).deviance - fit.deviance
        assert drop / fit.dispersion == pytest.approx(quantile**2, rel=1e-8)


def test_known_dispersions_scale_the_drop():
    fit = model("gamma", dispersion=0.5)
    for method in ("profile", "profile_f"):
        for limit in fit.conf_int(method=method)["x"]:
            drop = model("gamma", [0, 2], limit * X[:, 1]).deviance - fit.deviance
            assert drop / 0.5 == pytest.approx(Z**2, rel=1e-8)


def test_score_limits_of_a_proportion_are_wilsons():
    k, n = 3.0, 20.0
    fit = jg.GLM((np.asarray([k]), np.asarray([n])), np.ones((1, 1)), family="binomial").fit()
    centre, half = (k + Z**2 / 2), Z * np.sqrt(k * (n - k) / n + Z**2 / 4)
    wilson = np.asarray([centre - half, centre + half]) / (n + Z**2)
    ours = np.asarray(fit.conf_int(method="score"))[0]
    assert np.allclose(1 / (1 + np.exp(-ours)), wilson, rtol=1e-9)


def test_score_limits_invert_the_score_test():
    """At a limit the score of x, the others at their restricted maximum, is the quantile of its deviation."""
    fit = model("poisson")
    for limit, side in zip(fit.conf_int(method="score")["x"], (1, -1), strict=True):
        mu = model("poisson", [0, 2], limit * X[:, 1]).fittedvalues
        information = X.T @ (X * (WEIGHTS * mu)[:, None])
        score = X[:, 1] @ (WEIGHTS * (COUNTS - mu))
        assert score * np.sqrt(np.linalg.inv(information)[1, 1]) == pytest.approx(side * Z, rel=1e-8)


@pytest.fixture(scope="module")
def separated():
    """x separates the responses, z does not."""
    y = (X[:, 1] > 0.2).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return y, jg.GLM(y, X[:, :2], family="binomial", names=NAMES[:2]).fit()


def test_separated_data_have_an_infinite_limit(separated):
    y, fit = separated
    low, high = fit.conf_int(method="profile")["x"]
    status = fit.profile("x").status()["x"]
    assert np.isposinf(high)
    assert status == (jg.LimitStatus.FOUND, jg.LimitStatus.INFINITE)
    assert "separation" in status[1].message

    def drop(beta):
        return -jg.GLM(y, X[:, :1], family="binomial", offset=beta * X[:, 1]).fit().llf

    assert drop(low) == pytest.approx(Z**2 / 2, abs=1e-6)


def test_perfect_separation_of_a_constant():
    """All successes: the intercept has a lower limit only, where n log p = -Z^2 / 2."""
    with pytest.warns(jg.FitWarning):
        fit = jg.GLM(np.ones(20), np.ones((20, 1)), family="binomial").fit()
    low, high = np.asarray(fit.conf_int(method="profile"))[0]
    assert np.isposinf(high)
    assert -20 * np.log1p(np.exp(-low)) == pytest.approx(-(Z**2) / 2, abs=1e-8)


def test_limits_on_the_edge_of_the_parameter_space():
    """Counts of zero in one of two groups, identity link: the mean of that group has no lower limit but 0."""
    group = np.repeat([0.0, 1.0], 8)
    y = np.where(group > 0, 0.0, np.tile([2.0, 3.0, 1.0, 4.0], 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        fit = jg.GLM(y, np.column_stack([1 - group, group]), family=jg.Poisson(mu=jg.links.Identity())).fit()
    limits = np.asarray(fit.conf_int(method="profile"))
    assert limits[1, 0] == pytest.approx(0, abs=1e-6)
    assert limits[1, 1] == pytest.approx(Z**2 / 2 / 8, rel=1e-6)

    def excess(mean):
        return 8 * (2.5 * np.log(mean / 2.5) - mean + 2.5) + Z**2 / 2

    for limit, ends in zip(limits[0], ((0.5, 2.5), (2.5, 9)), strict=True):
        assert limit == pytest.approx(brentq(excess, *ends), rel=1e-8)


def test_aliased_columns_have_no_limits():
    twice = np.column_stack([X, X[:, 1] * 2])
    fit = jg.GLM(COUNTS, twice, family="poisson", names=(*NAMES, "again")).fit()
    plain = jg.GLM(COUNTS, X, family="poisson", names=NAMES).fit()
    limits = fit.conf_int(method="profile")
    assert np.isnan(limits["again"]).all()
    assert np.allclose(np.asarray(limits)[:3], plain.conf_int(method="profile"), rtol=1e-8)
    assert fit.profile({"both": [0, 1, 0, 1]}).status()["both"][0] == jg.LimitStatus.NOT_FOUND


def test_a_basis_does_not_matter():
    """Columns that nearly depend are fitted on another basis; the limits are those of the columns as given."""
    near = np.column_stack([X[:, :2], X[:, 1] + 1e-4 * X[:, 2]])
    fit = jg.GLM(COUNTS, near, family="poisson").fit()
    plain = jg.GLM(COUNTS, X, family="poisson").fit()
    assert np.allclose(1e-4 * fit.conf_int(method="profile")[2], plain.conf_int(method="profile")[2], rtol=1e-7)


def test_a_frame_of_points():
    frame = model("poisson").profile(["x", "z"], points=3).to_frame()
    assert list(frame["term"]) == ["x"] * 3 + ["z"] * 3
    assert {"value", "root", "loglik"} <= set(frame)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda f: f.conf_int(method="profiled"), "unknown method 'profiled'; choose from wald, profile"),
        (lambda f: f.conf_int(1.5, method="profile"), "alpha must be between 0 and 1; it is 1.5"),
        (lambda f: f.profile({"c": [1.0]}), "one weight for each of the 3 coefficients one, x, z"),
        (lambda f: f.profile(points=1), "points must be at least 2; it is 1"),
        (lambda f: f.profile(method="score"), "unknown method 'score' of profile"),
    ],
)
def test_errors_say_what_is_wrong(ask, words):
    with pytest.raises(ValueError, match=words):
        ask(model("poisson"))


def test_a_wrong_name_is_named():
    with pytest.raises(KeyError, match="no term 'zz'"):
        model("poisson").profile("zz")
