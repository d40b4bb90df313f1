"""Jeffreys' penalty against NumPy's determinant, SciPy's maximiser and refits with a coefficient held; mean bias
reduction against roots of equations written by hand."""

import warnings
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize, root
from scipy.special import gammaln
from scipy.stats import norm

import jaxglm as jg
from jaxglm.problem import evaluate, gradient, objective

N, Z = 40, norm.isf(0.025)
RNG = np.random.default_rng(11)
X = np.column_stack([np.ones(N), RNG.normal(size=N), RNG.uniform(size=N)])
OFFSET, WEIGHTS = 0.2 * RNG.normal(size=N), RNG.choice([0.5, 1.0, 2.0], size=N)
ETA = 0.3 + 0.8 * X[:, 1] - 0.5 * X[:, 2]
BINARY = (RNG.uniform(size=N) < 1 / (1 + np.exp(-ETA))).astype(float)
COUNTS = RNG.poisson(np.exp(ETA)).astype(float)
TIMES = 1 / np.exp(ETA) * RNG.gamma(4.0, 0.25, size=N)


def binary(y, p):
    return y * p.log + (1 - y) * p.log1m


def skewed(eta):
    """A link that is nobody's: 1 - exp(-softplus(eta))."""
    return -jnp.expm1(-jax.nn.softplus(1.5 * eta))


OWN = jg.Family.from_loglik(binary, jg.binary, p=jg.Link.from_inverse(skewed, image=(0.0, 1.0)))


def logit(e):
    p = 1 / (1 + np.exp(-e))
    return BINARY * np.log(p) + (1 - BINARY) * np.log1p(-p), p * (1 - p)


def probit(e):
    p, d = norm.cdf(e), norm.pdf(e)
    return BINARY * norm.logcdf(e) + (1 - BINARY) * norm.logcdf(-e), d**2 / (p * (1 - p))


def poisson(e):
    return COUNTS * e - np.exp(e) - gammaln(COUNTS + 1), np.exp(e)


def own(e):
    p = -np.expm1(-np.logaddexp(0, 1.5 * e))
    slope = 1.5 / (1 + np.exp(-1.5 * e)) * (1 - p)
    return BINARY * np.log(p) + (1 - BINARY) * np.log1p(-p), slope**2 / (p * (1 - p))


MODELS = {
    "logit": (jg.Binomial(), BINARY, logit),
    "probit": (jg.Binomial(mu=jg.Probit()), BINARY, probit),
    "poisson": (jg.Poisson(), COUNTS, poisson),
    "own": (OWN, BINARY, own),
}


def penalised(rows, beta):
    """Log-likelihood plus half the log determinant of the expected information."""
    loglik, weight = rows(X @ beta + OFFSET)
    information = X.T @ (X * (WEIGHTS * weight)[:, None])
    return WEIGHTS @ loglik + 0.5 * np.linalg.slogdet(information)[1]


def model(name, columns=slice(None), added=0.0, **options):
    family, y, _ = MODELS[name]
    options = {"penalty": "jeffreys"} | options
    return jg.GLM(y, X[:, columns], family=family, offset=OFFSET + added, weights=WEIGHTS, **options).fit()


@pytest.fixture(scope="module", params=MODELS)
def case(request):
    return request.param, model(request.param), MODELS[request.param][2]


def test_estimates_maximise_the_penalised_likelihood(case):
    _, fit, rows = case
    best = minimize(lambda b: -penalised(rows, b), fit.params + 0.1, method="BFGS", options={"gtol": 1e-7})
    assert fit.converged
    assert np.allclose((fit.params - best.x) / fit.bse, 0, atol=1e-6)
    assert fit.penalised_llf == pytest.approx(penalised(rows, np.asarray(fit.params)), rel=1e-12)
    assert fit.llf == pytest.approx(WEIGHTS @ rows(fit.linear_predictor)[0], rel=1e-10)


def test_standard_errors_are_those_of_the_likelihood(case):
    _, fit, rows = case
    weight = WEIGHTS * rows(fit.linear_predictor)[1]
    assert np.allclose(fit.bse, np.sqrt(np.diagonal(np.linalg.inv(X.T @ (X * weight[:, None])))), rtol=1e-9)


def test_limits_are_those_of_the_penalised_profile(case):
    """At a limit the objective, maximised over the others, is below its maximum by half the quantile of chi2(1)."""
    _, fit, rows = case
    for limit in fit.conf_int(method="profile")[1]:
        held = lambda b, limit=limit: -penalised(rows, np.asarray([b[0], limit, b[1]]))  # noqa: E731
        best = minimize(held, np.asarray(fit.params)[[0, 2]], method="BFGS", options={"gtol": 1e-6})
        assert fit.penalised_llf + best.fun == pytest.approx(Z**2 / 2, abs=1e-7)


def test_tests_are_those_of_the_penalised_likelihood():
    fit = model("logit")
    best = minimize(lambda b: -penalised(logit, np.asarray([b[0], 0, b[1]])), [0.0, 0.0], options={"gtol": 1e-7})
    root = np.sqrt(2 * (fit.penalised_llf + best.fun))
    assert fit.profile().pvalues()[1] == pytest.approx(2 * norm.sf(root), rel=1e-6)


PENALISED = {
    "logit": (jg.Binomial(), BINARY, 0),
    "cloglog": (jg.Binomial(mu=jg.CLogLog()), BINARY, 0),
    "inverse": (jg.Gamma(mu=jg.Log(), phi=jg.Fixed(1.0)), TIMES, 0),
    "negbin": (jg.NegativeBinomial(), COUNTS, 1),
}


@pytest.mark.parametrize("name", PENALISED)
def test_the_gradient_is_that_of_the_determinant(name, x64):
    """The sum over rows against autodiff through the determinant, in two blocks of rows and with another predictor."""
    family, y, further = PENALISED[name]
    p = jg.problem(family, X, y, offset=OFFSET, weights=WEIGHTS, penalty=jg.Jeffreys(0.7, 0.2))
    theta = jnp.asarray([0.2, 0.4, -0.3, -0.5][: 3 + further])

    @jax.jit
    def both(p, theta):
        plain = replace(p, penalty=None)
        inside = 0.5 * jnp.linalg.slogdet(evaluate(plain, theta, expected=not further).information)[1]
        slope = jax.grad(lambda t: objective(p, t))(theta)
        return p.penalty(p, theta), inside, slope, gradient(p, theta), gradient(p.prepared(), theta)

    value, inside, slope, ours, prepared = both(p, theta)
    assert float(value) == pytest.approx(-0.7 * (float(inside) + 0.2), rel=1e-12)
    assert np.allclose(ours, slope, rtol=1e-10, atol=1e-10)
    assert np.allclose(prepared, slope, rtol=1e-10, atol=1e-10)


def test_separated_data_have_finite_estimates():
    """Quasi-complete separation in a 2 x 2 table: log odds of counts with one half added to each cell."""
    x, y = np.repeat([0.0, 1.0], [12, 8]), np.r_[np.ones(5), np.zeros(7), np.ones(8)]
    fit = jg.glm("y ~ x", {"x": x, "y": y}, family="binomial", penalty="jeffreys")
    odds = np.log([5.5 / 7.5, 8.5 / 0.5])
    assert fit.status == jg.Status.CONVERGED
    assert np.allclose(fit.params, [odds[0], odds[1] - odds[0]], rtol=1e-9)
    assert np.isfinite(fit.conf_int(method="profile")).all()
    assert "jeffreys" in str(fit.summary())


def test_a_basis_does_not_matter():
    """The determinant is that of the columns as given, also where the solver works on others."""
    near = np.column_stack([X[:, :2], X[:, 1] + 1e-4 * X[:, 2]])
    fit = jg.GLM(BINARY, near, family="binomial", penalty="jeffreys").fit()
    plain = jg.GLM(BINARY, X, family="binomial", penalty="jeffreys").fit()
    assert np.allclose(fit.fittedvalues, plain.fittedvalues, rtol=1e-7)
    assert fit.penalised_llf == pytest.approx(plain.penalised_llf + 3 * np.log(1e-4) / 3, rel=1e-8)


def test_an_estimated_dispersion_weighs_the_penalty():
    """At the dispersion that is found, the estimates maximise the log-likelihood over it plus the penalty."""
    fit = jg.GLM(TIMES, X, family=jg.Gamma(mu=jg.Inverse()), penalty="jeffreys").fit()
    phi = fit.dispersion

    def value(beta):
        mu = 1 / (X @ beta)
        if np.any(mu <= 0):
            return np.inf
        information = X.T @ (X * (mu**2 / phi)[:, None])
        return np.sum(TIMES / mu + np.log(mu)) / phi - 0.5 * np.linalg.slogdet(information)[1]

    best = minimize(value, fit.params, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})
    assert fit.converged
    assert np.allclose((fit.params - best.x) / fit.bse, 0, atol=1e-5)
    limits = np.asarray(fit.conf_int(method="profile"))
    assert np.all((limits[:, 0] < fit.params) & (fit.params < limits[:, 1]))


def test_a_ridge_penalty_leaves_the_constant_free():
    fit = jg.GLM(BINARY, X, family="binomial", penalty=jg.Ridge(2.0)).fit()
    score = X.T @ (BINARY - fit.fittedvalues)
    assert np.allclose(score, [0.0, *(2.0 * fit.params[1:])], atol=1e-8)
    assert fit.penalised_llf == pytest.approx(fit.llf - np.sum(fit.params[1:] ** 2), rel=1e-10)


@pytest.mark.parametrize(("link", "penalty"), [(jg.Logit(), jg.Jeffreys()), (jg.Probit(), jg.MeanBias())])
def test_a_derivative_of_a_penalised_fit(link, penalty, x64):
    """The estimates follow the offset as the implicit function theorem says, with the whole derivative of the penalty,
    which steps leave out and which of an adjusted score is not symmetric."""
    p = jg.problem(jg.Binomial(mu=link), X, BINARY, offset=OFFSET, penalty=penalty)

    @jax.jit
    def moved(h):
        return jg.fit(replace(p, offsets=(jnp.asarray(OFFSET) + h * X[:, 1] ** 2,))).theta

    _, slope = jax.jvp(moved, (0.0,), (1.0,))
    assert np.allclose(slope, (moved(1e-4) - moved(-1e-4)) / 2e-4, rtol=1e-5)


def test_separated_members_of_a_batch():
    """`refit` of the members that failed; each is the single fit."""
    Y = np.stack([BINARY, (X[:, 1] > 0).astype(float)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        fits = jg.fit_batch("binomial", X, Y)
    assert fits.status_counts == {"CONVERGED": 1, "SEPARATED": 1}
    again = fits.refit(penalty="jeffreys")
    alone = jg.GLM(Y[1], X, family="binomial", penalty="jeffreys").fit()
    assert again.converged.all()
    assert np.allclose(again.params[1], alone.params, rtol=1e-7)
    assert again.llf[1] == pytest.approx(alone.llf, rel=1e-8)


@pytest.mark.parametrize(
    ("penalty", "words"),
    [("firht", "unknown penalty 'firht'.*jeffreys"), (0.5, "must be 'jeffreys', 'mean_bias' or a Penalty"),
     (jg.Ridge(-1.0), "numbers >= 0"), (jg.Ridge(np.ones(7)), "a number or 3 of them; it has 7")],
)  # fmt: skip
def test_errors_say_what_is_wrong(penalty, words):
    with pytest.raises(ValueError, match=words):
        jg.GLM(BINARY, X, family="binomial", penalty=penalty).fit()


def test_a_batch_cannot_weigh_the_penalty():
    with pytest.raises(ValueError, match="dispersion of each Gamma model"):
        jg.fit_batch("gamma", X, np.stack([TIMES, TIMES]), penalty="jeffreys")


def adjusted(eta, mu, slope, bend, variance, y):
    """The adjusted score: slopes and bends are derivatives of the mean, by hand."""
    work = WEIGHTS * slope**2 / variance
    leverage = work * np.einsum("ij,jk,ik->i", X, np.linalg.inv(X.T @ (X * work[:, None])), X)
    return X.T @ (WEIGHTS * (y - mu) * slope / variance), X.T @ (0.5 * leverage * bend / slope)


def by_probit(eta):
    mu, slope = norm.cdf(eta), norm.pdf(eta)
    return mu, slope, -eta * slope, mu * (1 - mu)


def by_cloglog(eta):
    t = np.exp(eta)
    return -np.expm1(-t), t * np.exp(-t), t * (1 - t) * np.exp(-t), -np.expm1(-t) * np.exp(-t)


def by_root(eta):
    return eta**2, 2 * eta, np.full_like(eta, 2.0), eta**2


def by_log(eta):
    return np.exp(eta), np.exp(eta), np.exp(eta), np.exp(2 * eta)


EQUATIONS = {
    "probit": (jg.Binomial(mu=jg.Probit()), BINARY, by_probit),
    "cloglog": (jg.Binomial(mu=jg.CLogLog()), BINARY, by_cloglog),
    "sqrt": (jg.Poisson(mu=jg.Sqrt()), COUNTS + 4, by_root),
    "gamma": (jg.Gamma(mu=jg.Log()), TIMES, by_log),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_mean_bias_reduction_is_the_root_of_the_adjusted_score(name):
    """Written by hand; where there is a dispersion, the one that is found weighs the adjustment."""
    family, y, terms = EQUATIONS[name]
    fit = jg.GLM(y, X, family=family, offset=OFFSET, weights=WEIGHTS, penalty="mean_bias").fit()

    def equation(beta):
        eta = X @ beta + OFFSET
        score, pull = adjusted(eta, *terms(eta), y)
        return score + fit.dispersion * pull

    found = root(equation, np.asarray(fit.params) + 0.01, tol=1e-12)
    assert found.success
    assert fit.converged
    assert np.allclose((fit.params - found.x) / fit.bse, 0, atol=1e-7)


def test_mean_bias_reduction_is_jeffreys_penalty_under_a_canonical_link():
    kept = dict(family="binomial", offset=OFFSET, weights=WEIGHTS)
    one, other = (jg.GLM(BINARY, X, penalty=p, **kept).fit() for p in ("mean_bias", "jeffreys"))
    assert np.allclose((one.params - other.params) / one.bse, 0, atol=1e-8)
    assert one.llf == pytest.approx(other.llf, rel=1e-12)
    assert np.isnan(one.penalised_llf)
    assert "mean bias reduction" in str(one.summary())


def test_mean_bias_reduction_says_what_it_is_not_for():
    with pytest.raises(ValueError, match="NegativeBinomial has mu, alpha"):
        jg.GLM(COUNTS, X, family="negbin", penalty="mean_bias").fit()
    fit = jg.GLM(BINARY, X, family="binomial", link="probit", penalty="mean_bias").fit()
    fits = jg.fit_batch("binomial", X, [BINARY, 1 - BINARY], link="probit", penalty="mean_bias")
    assert np.allclose(fits.params[0], fit.params, rtol=1e-8)
    for held in (fit, fits):
        with pytest.raises(ValueError, match="no function of the coefficients to profile"):
            held.conf_int(method="profile")
    with pytest.raises(ValueError, match="NegativeBinomial has mu, alpha"):
        jg.fit_batch("negbin", X, [COUNTS], penalty="mean_bias")


def test_separated_data_have_a_finite_root():
    """In a table of two groups each solves its own equation, in which its leverages add up to one."""
    x, y = np.repeat([0.0, 1.0], [12, 8]), np.r_[np.ones(5), np.zeros(7), np.ones(8)]
    fit = jg.glm("y ~ x", {"x": x, "y": y}, family="binomial", link="probit", penalty="mean_bias")

    def equation(eta, ones, n):
        p, d = norm.cdf(eta), norm.pdf(eta)
        return (ones - n * p) * d / (p * (1 - p)) - eta / 2

    low, high = brentq(equation, -3, 3, (5, 12), xtol=1e-13), brentq(equation, 0, 5, (8, 8), xtol=1e-13)
    assert fit.status == jg.Status.CONVERGED
    assert np.allclose(fit.params, [low, high - low], rtol=1e-9)
