"""Models that are the same model: weights and repeated rows, offsets, groupings, limits, other coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg
from jaxglm.gammas import gammaln
from jaxglm.problem import evaluate
from tests import members
from tests.members import data

N = 24  # with up to 8 rows repeated still the same bucket: one program a family


def table(name: str):
    d = data(name, 5, N)
    return d.y, d.X


def fit(y, X, family, **sides) -> jg.GLMResults:
    found = jg.GLM(y, X, family=family, **sides).fit()
    assert found.converged, found.status
    return found


def same(a: jg.GLMResults, b: jg.GLMResults, *what: str, rel: float = 1e-9):
    for quantity in what:
        left, right = np.asarray(getattr(a, quantity)), np.asarray(getattr(b, quantity))
        assert np.allclose(left, right, rtol=rel, atol=rel), quantity


FAMILIES = {
    "poisson-log": jg.Poisson(),
    "binomial-logit": jg.Binomial(),
    "negbin-log": jg.NegativeBinomial(),
    "gaussian-identity": jg.Gaussian(),
}
every_family = pytest.mark.parametrize("name", FAMILIES)


def chosen(y, rows):
    return tuple(a[rows] for a in y) if isinstance(y, tuple) else y[rows]


TWICE = np.r_[np.arange(N), np.arange(8)]
DOUBLE = np.where(np.arange(N) < 8, 2.0, 1.0)


@every_family
def test_a_frequency_of_two_is_a_row_twice(name):
    y, X = table(name)
    counted = fit(y, X, FAMILIES[name], freq_weights=DOUBLE)
    repeated = fit(chosen(y, TWICE), X[TWICE], FAMILIES[name])
    same(counted, repeated, "params", "bse", "llf", "deviance", "null_deviance", "pearson_chi2", "dispersion")
    same(counted, repeated, "nobs", "aic", "bic", "df_resid", "df_null", "pvalues")


@pytest.mark.parametrize("name", ["poisson-log", "binomial-logit", "negbin-log"])
def test_a_weight_of_two_is_a_row_twice(name):
    """Where there is no dispersion a weight multiplies the log-likelihood; only the counts of rows differ."""
    y, X = table(name)
    weighted = fit(y, X, FAMILIES[name], weights=DOUBLE)
    repeated = fit(chosen(y, TWICE), X[TWICE], FAMILIES[name])
    same(weighted, repeated, "params", "bse", "llf", "deviance", "pearson_chi2")
    assert (weighted.nobs, repeated.nobs) == (N, N + 8)


@every_family
def test_a_weight_of_zero_is_a_row_absent(name):
    y, X = table(name)
    present = np.arange(N) % 6 != 2
    weighted = fit(y, X, FAMILIES[name], weights=present.astype(float))
    absent = fit(chosen(y, present), X[present], FAMILIES[name])
    same(weighted, absent, "params", "bse", "llf", "deviance", "null_deviance", "dispersion", "nobs", "aic", "bic")
    assert np.allclose(weighted.resid()[present], absent.resid(), rtol=1e-8, atol=1e-9)
    assert len(weighted.fittedvalues) == N


@pytest.mark.parametrize("name", ["poisson-log", "gaussian-identity"])
def test_an_offset_is_a_known_coefficient(name):
    y, X = table(name)
    plain, moved = fit(y, X, FAMILIES[name]), fit(y, X, FAMILIES[name], offset=0.1 * X[:, 1])
    same(plain, moved, "llf", "deviance", "bse", "fittedvalues")
    assert np.allclose(moved.params[:3] + [0, 0.1, 0], plain.params[:3], rtol=1e-9, atol=1e-10)


def test_a_constant_offset_moves_the_intercept_only():
    y, X = table("poisson-log")
    plain, moved = fit(y, X, "poisson"), fit(y, X, "poisson", offset=np.full(N, 3.0))
    same(plain, moved, "llf", "deviance", "null_deviance", "bse", "aic")
    assert np.allclose(moved.params + [3, 0, 0], plain.params, rtol=1e-9)


def test_an_exposure_is_the_logarithm_of_an_offset():
    y, X = table("poisson-log")
    offset = np.linspace(-0.5, 0.5, N)
    same(fit(y, X, "poisson", exposure=np.exp(offset)), fit(y, X, "poisson", offset=offset), "params", "llf", "bse")


A = np.asarray([[1.0, 2.0, 0.5], [0.0, 3.0, -1.0], [0.0, 0.4, 2.0]])


@every_family
def test_other_coordinates_of_the_columns(name):
    """X A has the coefficients A^-1 beta and the same fit; the units of a column do not matter."""
    y, X = table(name)
    plain, turned = fit(y, X, FAMILIES[name]), fit(y, X @ A, FAMILIES[name])
    same(plain, turned, "llf", "deviance", "fittedvalues", "dispersion", rel=1e-8)
    assert np.allclose(A @ turned.params[:3], plain.params[:3], rtol=1e-7, atol=1e-9)
    assert np.allclose(A @ turned.cov_params()[:3, :3] @ A.T, plain.cov_params()[:3, :3], rtol=1e-6, atol=1e-10)


@every_family
def test_units_of_the_columns(name):
    y, X = table(name)
    units = np.asarray([1.0, 1e9, 1e-7])
    plain, scaled = fit(y, X, FAMILIES[name]), fit(y, X * units, FAMILIES[name])
    same(plain, scaled, "llf", "deviance", "fittedvalues", rel=1e-8)
    assert np.allclose(scaled.params[:3] * units, plain.params[:3], rtol=1e-7, atol=1e-9)
    assert np.allclose(scaled.bse[:3] * units, plain.bse[:3], rtol=1e-6)


@every_family
def test_the_order_of_rows_and_columns(name):
    y, X = table(name)
    rows, columns = np.random.default_rng(0).permutation(N), [2, 0, 1]
    plain = fit(y, X, FAMILIES[name])
    turned = fit(chosen(y, rows), X[rows][:, columns], FAMILIES[name])
    same(plain, turned, "llf", "deviance", "null_deviance", "dispersion", "aic")
    assert np.allclose(turned.params[:3], plain.params[columns], rtol=1e-8, atol=1e-10)
    assert np.allclose(turned.bse[:3], plain.bse[columns], rtol=1e-8)
    assert np.allclose(turned.resid("pearson"), plain.resid("pearson")[rows], rtol=1e-7, atol=1e-8)


def test_grouped_and_single_trials():
    """The same coefficients and standard errors; the log-likelihoods differ by the binomial coefficients."""
    k, n = np.asarray([1.0, 2, 0, 3]), np.asarray([4.0, 5, 3, 4])
    X = np.column_stack([np.ones(4), [0.0, 1, 2, 3]])
    rows = np.repeat(np.arange(4), n.astype(int))
    single = np.concatenate([np.arange(int(m)) < s for s, m in zip(k, n, strict=True)]).astype(float)
    grouped, ungrouped = fit((k, n), X, "binomial"), fit(single, X[rows], "binomial")
    same(grouped, ungrouped, "params", "bse", "tvalues")
    ways = sum(float(gammaln(m + 1.0) - gammaln(s + 1.0) - gammaln(m - s + 1.0)) for s, m in zip(k, n, strict=True))
    assert grouped.llf - ungrouped.llf == pytest.approx(ways, rel=1e-5)
    difference = grouped.null_deviance - grouped.deviance
    assert difference == pytest.approx(ungrouped.null_deviance - ungrouped.deviance, rel=1e-9)


def test_three_ways_to_write_counts_of_successes():
    (k, n), X = table("binomial-logit")
    pair = fit((k, n), X, "binomial")
    everything = ("params", "bse", "llf", "deviance", "null_deviance", "aic", "fittedvalues", "nobs")
    same(pair, fit(k, X, "binomial", trials=n), *everything)
    same(pair, fit(k / n, X, "binomial", weights=n), *everything)


def test_negative_binomial_tends_to_poisson():
    y, X = table("poisson-log")
    limit = fit(y, X, "poisson")
    near = fit(y, X, jg.NegativeBinomial(alpha=jg.Fixed(1e-10)))
    same(near, limit, "params", "bse", "llf", "deviance", rel=1e-7)
    nearer = fit(y, X, jg.NegativeBinomial(alpha=jg.Fixed(1e-8)))
    assert abs(nearer.llf - limit.llf) > 10 * abs(near.llf - limit.llf)


def test_gamma_with_unit_dispersion_is_exponential():
    y, X = table("exponential-log")
    one = fit(y, X, jg.Gamma(phi=jg.Fixed(1.0)))
    same(one, fit(y, X, "exponential"), "params", "bse", "llf", "deviance", "null_deviance", "aic", "bic")
    same(fit(y, X, "gamma", dispersion=1.0), one, "params", "bse", "llf", "aic")


evaluated = jax.jit(evaluate)
THETA = np.asarray(members.POSITIVE)
PAIRS = {  # data, two families, the sign of theta in the second: the same objective, gradient and information
    "power -1 is the inverse": ("gamma-inverse", jg.Gamma(mu=jg.Power(-1.0)), jg.Gamma(mu=jg.Inverse()), 1),
    "power 1 is the identity": ("poisson-identity", jg.Poisson(mu=jg.Power(1.0)), jg.Poisson(mu=jg.Identity()), 1),
    "power 1/2 is the root": ("poisson-sqrt", jg.Poisson(mu=jg.Power(0.5)), jg.Poisson(mu=jg.Sqrt()), 1),
    "alpha = 1 is geometric": ("geometric-log", jg.NegativeBinomial(alpha=jg.Fixed(1.0)), jg.Geometric(), 1),
    "cloglog of failures": ("bernoulli-logit", jg.Binomial(mu=jg.CLogLog()), jg.Binomial(mu=jg.LogLog()), -1),
}


@pytest.mark.parametrize("what", PAIRS)
def test_two_names_of_one_model(what, x64):
    name, one, other, sign = PAIRS[what]
    y, X = table(name)
    theta = np.append(THETA, [0.3] * (len(one.predictors) - 1))
    turned = np.append(sign * THETA, theta[3:])
    a = evaluated(jg.problem(one, X, y), theta)
    b = evaluated(jg.problem(other, X, y if sign > 0 else 1 - y), turned)
    assert float(a.loglik) == pytest.approx(float(b.loglik), rel=1e-12)
    assert np.allclose(a.gradient[:3], sign * b.gradient[:3], rtol=1e-10, atol=1e-11)
    assert np.allclose(a.gradient[3:], b.gradient[3:], rtol=1e-10, atol=1e-11)
    assert np.allclose(np.abs(a.information), np.abs(b.information), rtol=1e-9, atol=1e-10)


def loglik_of_poisson(y, mu):
    return y * mu.log - mu.value - gammaln(y + 1)


def test_a_family_from_a_function_is_the_built_in_one():
    y, X = table("poisson-log")
    own = jg.Family.from_loglik(loglik_of_poisson, support=jg.counts, mu=jg.Log())
    everything = ("params", "bse", "llf", "deviance", "null_deviance", "pearson_chi2", "aic", "df_resid")
    same(fit(y, X, own), fit(y, X, "poisson"), *everything)


def exponential(eta):
    return jnp.exp(eta)


def test_a_link_from_its_inverse_is_the_built_in_one():
    y, X = table("poisson-log")
    own = jg.Poisson(mu=jg.Link.from_inverse(exponential, image=(0.0, np.inf)))
    same(fit(y, X, own), fit(y, X, "poisson"), "params", "bse", "llf", "deviance", rel=1e-8)


def test_swapped_outcomes_change_signs():
    (k, n), X = table("binomial-logit")
    successes, failures = fit((k, n), X, "binomial"), fit((n - k, n), X, "binomial")
    assert np.allclose(successes.params, -failures.params, rtol=1e-8, atol=1e-9)
    same(successes, failures, "bse", "llf", "deviance")


def test_gaussian_is_least_squares():
    y, X = table("gaussian-identity")
    found, (beta, rss) = fit(y, X, "gaussian"), np.linalg.lstsq(X, y)[:2]
    assert np.allclose(found.params, beta, rtol=1e-11, atol=1e-12)
    assert found.deviance == pytest.approx(rss[0], rel=1e-11)
    covariance = np.linalg.inv(X.T @ X) * rss[0] / (N - 3)
    assert np.allclose(found.cov_params(), covariance, rtol=1e-9)
    assert found.llf == pytest.approx(-N / 2 * (np.log(2 * np.pi * rss[0] / N) + 1), rel=1e-11)
