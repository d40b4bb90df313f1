"""Prediction: probabilities, quantiles and intervals against closed forms, exact theory and simulation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special, stats

import jaxglm as jg
from jaxglm.prediction.scales import mean_curve

RNG = np.random.default_rng(5)
N = 40
X = np.column_stack([np.ones(N), RNG.normal(size=N)])
ETA = X @ [0.6, 0.5]


def gumbel(y, location, scale):
    z = (y - location.value) / scale.value
    return -z - jnp.exp(-z) - scale.log


def hurdle(y, median, spread, zero):
    """Zero with a probability of its own, else lognormal: a density with a mass at the end of its support."""
    log_y = jnp.log(jnp.where(y > 0, y, 1.0))
    z = (log_y - median.log) / spread.value
    return jnp.where(y > 0, zero.log1m - log_y - spread.log - 0.5 * z**2 - 0.5 * np.log(2 * np.pi), zero.log)


GUMBEL = jg.Family.from_loglik(gumbel, location=jg.Identity(), scale=jg.Log())
HURDLE = jg.Family.from_loglik(hurdle, jg.nonnegative, median=jg.Log(), spread=jg.Log(), zero=jg.Logit())
DATA = {
    "poisson": ("poisson", RNG.poisson(np.exp(ETA))),
    "negbin": ("negbin", RNG.negative_binomial(1.2, 1.2 / (1.2 + np.exp(ETA)))),
    "gamma": ("gamma", RNG.gamma(2, np.exp(ETA) / 2)),
    "gaussian": ("gaussian", RNG.normal(ETA)),
    "trials": ("binomial", (RNG.binomial(7, 1 / (1 + np.exp(-ETA))), np.full(N, 7))),
    "a user's family": (GUMBEL, RNG.gumbel(ETA, 0.7)),
    "a mass at zero": (HURDLE, np.where(RNG.random(N) < 0.3, 0.0, np.exp(RNG.normal(ETA, 0.6)))),
}
members = pytest.mark.parametrize("name", DATA)


@pytest.fixture(scope="module")
def fits():
    link = {"gamma": "log"}
    return {name: jg.GLM(y, X, family=f, link=link.get(name)).fit() for name, (f, y) in DATA.items()}


def scipy_twin(name, fit) -> Any:
    """SciPy's distribution of each row, made of the coefficients."""
    eta, numbers = X @ np.asarray(fit.params)[:2], fit.family_params
    mu = np.exp(eta)
    if name == "poisson":
        return stats.poisson(mu)
    if name == "negbin":
        r = 1 / numbers["alpha"]
        return stats.nbinom(r, r / (r + mu))
    if name == "gamma":
        return stats.gamma(1 / fit.dispersion, scale=mu * fit.dispersion)
    if name == "gaussian":
        return stats.norm(eta, np.sqrt(fit.dispersion))
    if name == "trials":
        return stats.binom(7, 1 / (1 + np.exp(-eta)))
    return stats.gumbel_r(eta, numbers["scale"])


closed = pytest.mark.parametrize("name", [n for n in DATA if n != "a mass at zero"])


@closed
def test_moments_probabilities_and_quantiles(fits, name):
    fit, twin = fits[name], scipy_twin(name, fits[name])
    size = 7 if name == "trials" else 1
    assert np.allclose(fit.predict() * size, twin.mean(), rtol=1e-10)
    assert np.allclose(fit.predict(which="var") * size**2, twin.var(), rtol=1e-9)
    y = np.asarray(DATA[name][1][0] if name == "trials" else DATA[name][1])
    assert np.allclose(fit.predict(which="cdf", at=y), twin.cdf(y), rtol=1e-9)
    levels = [1e-4, 0.1, 0.5, 0.975]
    expected = np.stack([twin.ppf(q) for q in levels], axis=1)
    assert np.allclose(fit.predict(which="quantile", q=levels), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["poisson", "negbin", "trials"])
def test_tables_of_probabilities(fits, name):
    fit, twin = fits[name], scipy_twin(name, fits[name])
    top = 7 if name == "trials" else np.max(DATA[name][1])
    found = fit.predict(which="prob")
    assert found.shape == (N, top + 1)
    assert np.allclose(found, np.stack([twin.pmf(k) for k in range(top + 1)], axis=1), rtol=1e-9)
    assert np.allclose(fit.predict(which="prob", at=2), twin.pmf(2), rtol=1e-9)
    assert not fit.predict(which="prob", at=[-1, 0.5]).any()
    below = fit.predict(which="cdf", at=[-1, 1.5, 1e4])
    assert np.allclose(below, np.stack([twin.cdf(y) for y in (-1, 1.5, 1e4)], axis=1))


def test_a_mass_at_the_end_of_the_support(fits):
    """Mean (1 - p) median exp(spread^2 / 2); quantiles up to p are 0."""
    fit = fits["a mass at zero"]
    numbers, median = fit.family_params, np.exp(X @ np.asarray(fit.params)[:2])
    p, spread = numbers["zero"], numbers["spread"]
    mean = (1 - p) * median * np.exp(spread**2 / 2)
    assert np.allclose(fit.predict(), mean, rtol=1e-9)
    assert np.allclose(fit.predict(parameter="median"), median, rtol=1e-10)
    assert np.allclose(fit.predict(which="prob", at=0.0), p, rtol=1e-10)
    assert not fit.predict(which="prob", at=1.0).any()
    assert not fit.predict(which="quantile", q=p / 2).any()
    assert np.allclose(fit.predict(which="quantile", q=p + (1 - p) / 2), median, rtol=1e-9)
    slope = fit.avg_slopes()  # through the mean, a mass at zero included
    assert np.allclose(slope["estimate"], np.mean(mean) * fit.params["x1"], rtol=1e-8)
    drawn = fit.simulate(1, 2000)
    assert np.isclose(np.mean(drawn == 0), p, atol=0.01)


def three_parts():
    """Shares of which 1 in 9 is zero and 2 in 9 are one; zeros before a Gamma; a Gaussian with a point inside."""
    rng = np.random.default_rng(4)
    u, n = rng.random(300), 300
    share = np.where(u < 1 / 9, 0.0, np.where(u < 1 / 3, 1.0, rng.beta(2.0, 3.0, n)))
    amount = np.where(u < 1 / 3, 0.0, rng.gamma(2.0, 1.0, n))
    point = np.where(u < 1 / 3, 0.5, rng.normal(size=n))
    return {
        "both ends": (jg.inflated(jg.inflated(jg.Beta(), at=0), at=1), share, (0.0, 1.0)),
        "hurdle": (jg.hurdle(jg.Gamma()), amount, (0.0,)),
        "inside": (jg.inflated(jg.Gaussian(), at=0.5), point, (0.5,)),
    }


POINTS = three_parts()


def split(name: str, fit):
    """The distribution of what is at no point, and the chances of the points."""
    first, numbers = np.asarray(fit.params)[0], fit.family_params
    if name == "both ends":
        mu, phi, one = special.expit(first), numbers["phi"], numbers["pi2"]
        return stats.beta(mu * phi, (1 - mu) * phi), np.asarray([(1 - one) * numbers["pi"], one])
    if name == "hurdle":
        phi = numbers["phi"]
        return stats.gamma(1 / phi, scale=np.exp(first) * phi), 1 - np.asarray([numbers["nonzero"]])
    return stats.norm(first, np.sqrt(numbers["phi"])), np.asarray([numbers["pi"]])


@pytest.mark.parametrize("name", POINTS)
def test_points_with_a_mass_of_their_own(name):
    """Mean, probabilities, quantiles, draws and residuals, by arithmetic."""
    family, y, points = POINTS[name]
    fit = jg.GLM(y, np.ones((300, 1)), family=family).fit()
    rest, chance = split(name, fit)
    left, at = 1 - chance.sum(), np.asarray(points)
    below = lambda t: left * rest.cdf(t) + chance[at <= t].sum()  # noqa: E731
    mean = left * rest.mean() + chance @ at
    assert np.allclose(fit.fittedvalues, mean, rtol=1e-8)
    assert np.allclose(fit.predict(which="var"), left * (rest.var() + rest.mean() ** 2) + chance @ at**2 - mean**2)
    for point, mass in zip(points, chance, strict=True):
        assert np.allclose(fit.predict(which="prob", at=point), mass, rtol=1e-9)
        assert np.array_equal(fit.predict(which="quantile", q=below(point) - mass / 2)[:3], np.full(3, point))
        assert np.isclose(np.mean(fit.simulate(1, 100) == point), mass, atol=0.01)
    for t in (-1.0, 0.0, 0.3, 0.9, 1.0, 2.5):
        assert np.allclose(fit.predict(which="cdf", at=t), below(t), atol=1e-9)
    for t in (0.3, 0.45, 0.9):
        assert np.allclose(fit.predict(which="quantile", q=below(t)), t, rtol=1e-7)
    drawn, smooth = fit.resid("quantile", seed=2), ~np.isin(y, points)
    assert np.allclose(stats.norm.cdf(drawn[smooth]), [below(t) for t in y[smooth]], atol=1e-8)
    jumps = np.asarray([[below(t) - chance[at == t].sum(), below(t)] for t in y[~smooth]])
    assert np.all((stats.norm.cdf(drawn[~smooth]) >= jumps[:, 0]) & (stats.norm.cdf(drawn[~smooth]) <= jumps[:, 1]))


def test_derivatives_of_a_mean_that_is_no_parameter(fits):
    """Gumbel: location + 0.5772 scale; by the logarithm of the scale slope and second derivative are 0.5772 scale."""
    eta, log_scale = np.array([0.3, -1.0]), np.array([0.2, -0.5])
    value, slope, bend = mean_curve(GUMBEL, (eta, log_scale))
    assert np.allclose(value, eta + np.euler_gamma * np.exp(log_scale), rtol=1e-10)
    part, none = np.euler_gamma * np.exp(log_scale), np.zeros(2)
    assert np.allclose(slope, np.stack([np.ones(2), part]), rtol=1e-9)
    assert np.allclose(bend, np.stack([[none, none], [none, part]]), atol=1e-8)
    fit = fits["a user's family"]
    found = fit.get_prediction().summary_frame()
    gradient = np.column_stack([X, np.full(N, np.euler_gamma * fit.family_params["scale"])])
    se = np.sqrt(np.einsum("ij,jk,ik->i", gradient, fit.cov_params(), gradient))
    assert np.allclose(found["mean_se"], se, rtol=1e-8)
    assert np.allclose(found["mean_ci_upper"] - found["mean"], stats.norm.ppf(0.975) * se, rtol=1e-8)


# --- intervals


def test_a_new_gaussian_response_has_the_exact_t_interval(fits):
    """statsmodels OLS: obs_ci_lower and obs_ci_upper."""
    theirs = sm.OLS(DATA["gaussian"][1], X).fit().get_prediction(X[:7] + 1).summary_frame(alpha=0.1)
    ours = fits["gaussian"].get_prediction(X[:7] + 1, alpha=0.1).summary_frame("prediction")
    for column in ("mean", "mean_se", "mean_ci_lower", "mean_ci_upper", "obs_ci_lower", "obs_ci_upper"):
        assert np.allclose(ours[column], theirs[column], rtol=1e-10)


def test_a_new_gaussian_response_under_another_link():
    """Delta method: mean +- t sqrt(phi + (slope se)^2)."""
    y = np.exp(0.3 * X[:, 1]) + RNG.normal(size=N) * 0.2
    fit = jg.GLM(y, X, family="gaussian", link="log").fit()
    found = fit.get_prediction()
    half = stats.t.ppf(0.975, fit.df_resid) * np.sqrt(fit.dispersion + found.mean_se**2)
    assert np.allclose(found.obs_ci_upper - found.mean, half, rtol=2e-3)
    assert np.allclose(found.mean - found.obs_ci_lower, half, rtol=2e-3)


@pytest.mark.parametrize("name", ["gamma", "a user's family"])
def test_coverage_of_a_new_response(name):
    """Of 95 % intervals from 15 rows, whose estimates are uncertain: 300 responses, +- 2.5 standard errors."""
    rng, n, repeats = np.random.default_rng(11), 15, 20
    design = np.column_stack([np.ones(n), np.linspace(-1, 1, n)])
    draw = (lambda mu: rng.gamma(2, mu / 2)) if name == "gamma" else (lambda mu: rng.gumbel(np.log(mu), 0.7))
    mu = np.exp(design @ [2.0, 0.5])
    inside = []
    for _ in range(repeats):
        family = GUMBEL if name == "a user's family" else name
        fit = jg.GLM(draw(mu), design, family=family, link="log" if name == "gamma" else None).fit()
        found, new = fit.get_prediction(), draw(mu)
        inside.append((found.obs_ci_lower <= new) & (new <= found.obs_ci_upper))
    assert 0.92 <= np.mean(inside) <= 0.98


def test_limits_of_a_count_are_wider_than_those_of_the_estimate(fits):
    fit = fits["poisson"]
    far = np.array([[1.0, 4.0]])
    found, plain = fit.get_prediction(far), fit.predict(far, "quantile", q=[0.025, 0.975])[0]
    assert found.obs_ci_lower[0] < plain[0] < plain[1] < found.obs_ci_upper[0]
    assert found.obs_ci_upper[0] == round(found.obs_ci_upper[0])


def test_predictions_of_each_parameter(fits):
    fit = fits["negbin"]
    found = fit.get_prediction(parameter="alpha").summary_frame()
    assert np.allclose(found["mean"], fit.family_params["alpha"])
    assert np.allclose(found["linear_se"], fit.bse["log(alpha)"])
    assert np.allclose(found["mean_ci_upper"], np.exp(fit.conf_int()["log(alpha)"][1]))
    assert np.allclose(fit.predict(parameter="alpha", which="linear"), fit.params["log(alpha)"])


def test_a_formula_for_each_parameter():
    """Rows of new data have their own scale; offsets belong to the first parameter."""
    frame = pd.DataFrame({"x": X[:, 1], "z": RNG.random(N), "y": RNG.gamma(2, np.exp(ETA)), "e": 1 + RNG.random(N)})
    fit = jg.glm({"mu": "y ~ x", "phi": "~ z"}, frame, family="gamma", exposure="e")
    new = frame.head(3).assign(z=[0.0, 0.5, 1.0])
    b = fit.params
    mu = np.exp(b[0] + b[1] * new["x"]) * new["e"]
    phi = np.exp(b[2] + b[3] * new["z"])
    assert np.allclose(fit.predict(new), mu)
    assert np.allclose(fit.predict(new, parameter="phi"), phi)
    assert np.allclose(fit.predict(new, "var"), phi * mu**2)
    assert np.allclose(fit.predict(new, "quantile", q=0.9), stats.gamma(1 / phi, scale=mu * phi).ppf(0.9), rtol=1e-8)
    arrays = jg.GLM(frame["y"], {"mu": X, "phi": np.column_stack([np.ones(N), frame["z"]])}, family="gamma").fit()
    designs = {"mu": X[:2], "phi": np.ones((2, 2))}
    assert np.allclose(arrays.predict(designs, parameter="phi"), np.exp(arrays.params[2] + arrays.params[3]))
    with pytest.raises(ValueError, match="dict of designs for mu, phi"):
        arrays.predict(X[:2])


# --- simulation


@members
def test_simulated_responses(fits, name):
    fit = fits[name]
    drawn = fit.simulate(7, 3000)
    size = 7 if name == "trials" else 1
    error = np.sqrt(fit.predict(which="var") / 3000) * size
    assert np.all(np.abs(np.mean(drawn, axis=0) - size * fit.predict()) < 4.5 * error)
    assert np.array_equal(drawn[:, :3], fit.simulate(7, 3000)[:, :3])
    if name != "a mass at zero":
        twin = scipy_twin(name, fit)
        jump = twin.cdf(drawn) - twin.cdf(drawn - 1e-9)
        rest = twin.cdf(drawn) - np.random.default_rng(1).random(drawn.shape) * jump
        assert stats.kstest(rest.ravel()[:4000], "uniform").pvalue > 1e-4


def test_simulation_of_weights_and_of_new_rows(fits):
    y = DATA["gaussian"][1]
    weights = np.where(np.arange(N) < 20, 1.0, 100.0)
    fit = jg.GLM(y, X, weights=weights).fit()
    spread = np.std(fit.simulate(jax.random.key(1), 4000), axis=0)
    assert np.allclose(spread, np.sqrt(fit.dispersion / weights), rtol=0.06)
    assert fits["trials"].simulate(2, 5, new=X[:3], trials=[1, 2, 3]).max(axis=0).tolist() <= [1, 2, 3]
    assert fits["poisson"].simulate(np.random.default_rng(0), new=X[:3]).shape == (1, 3)


# --- new rows


def test_new_rows_are_those_of_the_fit(fits):
    fit = fits["negbin"]
    for which, more in (("mean", {}), ("linear", {}), ("var", {}), ("prob", {"at": 1}), ("quantile", {"q": 0.3})):
        assert np.allclose(fit.predict(X, which, **more), fit.predict(which=which, **more), rtol=1e-10)
    assert np.allclose(fit.predict(X, offset=np.ones(N)), np.e * fit.predict())
    assert np.array_equal(fits["trials"].predict(X[:2], "prob", trials=3).shape, (2, 4))


ERRORS = {
    "an unknown prediction": (lambda f: f["poisson"].predict(which="median"), "unknown prediction 'median'"),
    "an unknown parameter": (lambda f: f["poisson"].predict(parameter="phi"), "unknown parameter 'phi'"),
    "a probability of a parameter": (lambda f: f["negbin"].predict(which="prob", parameter="alpha"), "of the response"),
    "a table without an end": (lambda f: f["gamma"].predict(which="prob"), "is continuous"),
    "no values for the cdf": (lambda f: f["gamma"].predict(which="cdf"), "needs at="),
    "a quantile of 1": (lambda f: f["gamma"].predict(which="quantile", q=1.0), "strictly between 0 and 1"),
    "no quantile": (lambda f: f["gamma"].predict(which="quantile"), "strictly between 0 and 1"),
    "values for the mean": (lambda f: f["gamma"].predict(at=1), "at= is for"),
    "a level for the mean": (lambda f: f["gamma"].predict(q=0.5), "q= is for"),
    "trials of a number": (lambda f: f["gamma"].predict(trials=3), "trials= is for successes"),
    "a kind of interval": (lambda f: f["gamma"].get_prediction().summary_frame("credible"), "'credible'"),
    "a key of words": (lambda f: f["gamma"].simulate("seed"), "key must be"),
    "no responses": (lambda f: f["gamma"].simulate(1, 0), "n must be a positive number"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(fits, case):
    call, words = ERRORS[case]
    with pytest.raises(ValueError, match=words):
        call(fits)


def test_weights_without_a_distribution():
    fit = jg.GLM(DATA["poisson"][1], X, family="poisson", weights=np.full(N, 2.0)).fit()
    with pytest.raises(ValueError, match="of no single response"):
        fit.simulate(1)
    assert fit.simulate(1, new=X).shape == (1, N)


@members
def test_no_new_rows_are_no_predictions(fits, name):
    fit, none = fits[name], X[:0]
    for which in ("mean", "linear", "var"):
        assert fit.predict(none, which).shape == (0,)
    assert fit.predict(none, "cdf", at=[1.0, 2.0]).shape == (0, 2)
    assert fit.predict(none, "quantile", q=0.5).shape == (0,)
    found = fit.get_prediction(none)
    assert found.mean_se.shape == found.obs_ci_lower.shape == (0,)
    assert fit.simulate(1, 3, new=none).shape == (3, 0)
