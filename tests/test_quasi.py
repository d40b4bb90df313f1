"""Quasi families: a free dispersion beside the mean and variance function of a family, or of a given V."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from resampled import N
from scipy import integrate, special

import jaxglm as jg
from jaxglm.problem import row_logliks


def linear(mu):
    return mu


def square(mu):
    return mu**2


def bernoulli(mu):
    return mu * (1 - mu)


def wedderburn(mu):
    """Of leaf blotch on barley: Wedderburn (1974), section 6."""
    return (mu * (1 - mu)) ** 2


def steep(mu):
    return mu**1.6 + 0.3 * mu


def data(draw, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(N), rng.normal(size=(N, 2))])
    offset, weights = rng.uniform(-0.3, 0.3, N), rng.uniform(0.5, 2.0, N)
    return draw(rng, X @ [0.6, 0.4, -0.3] + offset), X, dict(offset=offset, weights=weights)


def counts(rng, eta):
    return rng.poisson(np.exp(eta) * rng.gamma(1.5, 1 / 1.5, N)).astype(float)


def trials(rng, eta):
    return rng.binomial(6, rng.beta(special.expit(eta) * 3, 3 * special.expit(-eta))).astype(float), np.full(N, 6.0)


def shares(rng, eta):
    return rng.beta(special.expit(eta) * 3, 3 * special.expit(-eta))


def times(rng, eta):
    return rng.gamma(1.5, np.exp(eta) / 1.5)


# name: quasi family, the family with the same mean and variance function, responses
PAIRS = {
    "quasipoisson": ("quasipoisson", jg.Poisson(), counts),
    "quasibinomial": ("quasibinomial", jg.Binomial(), trials),
    "V = mu": (jg.quasi(linear, jg.Log()), jg.Poisson(), counts),
    "V = mu^2": (jg.quasi(square, jg.Log()), jg.Gamma(), times),
    "negative binomial": (jg.Quasi(jg.NegativeBinomial(alpha=jg.Fixed(0.7))),
                          jg.NegativeBinomial(alpha=jg.Fixed(0.7)), counts),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_coefficients_are_those_of_the_family_and_phi_scales_their_covariance(name):
    family, plain, draw = PAIRS[name]
    y, X, sides = data(draw)
    fit, base = jg.GLM(y, X, family=family, **sides).fit(), jg.GLM(y, X, family=plain, dispersion=1.0, **sides).fit()
    assert fit.converged
    np.testing.assert_allclose(fit.params, base.params, rtol=1e-9)
    np.testing.assert_allclose([fit.deviance, fit.null_deviance, fit.pearson_chi2],
                               [base.deviance, base.null_deviance, base.pearson_chi2], rtol=1e-9)  # fmt: skip
    phi = base.pearson_chi2 / (N - 3)
    assert fit.dispersion == pytest.approx(phi, rel=1e-9)
    np.testing.assert_allclose(fit.cov_params(), phi * base.cov_params(), rtol=1e-8)
    for kind in ("deviance", "pearson", "response", "working"):
        np.testing.assert_allclose(fit.resid(kind), base.resid(kind), rtol=1e-7, atol=1e-9)


def test_no_distribution_means_no_likelihood():
    y, X, sides = data(counts)
    fit = jg.GLM(y, X, family="quasipoisson", **sides).fit()
    assert np.isnan([fit.llf, fit.aic, fit.bic]).all()
    text = str(fit.summary())
    assert "A quasi family has no distribution: there is no log-likelihood, and no AIC or" in text
    assert "Quasi poisson regression" in text
    assert fit.use_t
    assert fit.df_inference == N - 3
    verdicts = jg.check_family(jg.Quasi(jg.Poisson()), verbose=False)
    assert not next(v for v in verdicts if "integrates to 1" in v.law).passed


def test_kinds_of_dispersion():
    y, X, sides = data(counts)
    W = sides["weights"].sum()
    kinds = ("pearson", "deviance", "ml", 2.0)
    fits = {d: jg.GLM(y, X, family="quasipoisson", dispersion=d, **sides).fit() for d in kinds}
    phi = {d: fit.dispersion for d, fit in fits.items()}
    assert phi["pearson"] == pytest.approx(fits["ml"].pearson_chi2 / (N - 3))
    assert phi["deviance"] == pytest.approx(fits["ml"].deviance / (N - 3))
    assert phi["ml"] == pytest.approx(fits["ml"].deviance / W)  # of the extended quasi-likelihood
    assert phi[2.0] == 2.0
    assert fits["ml"].bse["log(phi)"] == pytest.approx(np.sqrt(2 / W))
    assert not fits[2.0].use_t


@pytest.mark.parametrize(("variance", "link", "draw"), [
    (steep, jg.Log(), times), (steep, jg.Log(), counts), (wedderburn, jg.Logit(), shares),
    (bernoulli, jg.CLogLog(), shares),
])  # fmt: skip
def test_any_variance_function_solves_its_estimating_equation(variance, link, draw):
    """X' w (y - mu) mu' / V = 0 and the deviance by adaptive quadrature."""
    y, X, sides = data(draw)
    fit = jg.GLM(y, X, family=jg.quasi(variance, link), **sides).fit()
    assert fit.converged
    mu, w = fit.fittedvalues, sides["weights"]
    eta = fit.linear_predictor
    slope = {"Log": mu, "Logit": mu * (1 - mu), "CLogLog": np.exp(eta - np.exp(eta))}[type(link).__name__]
    V = np.asarray(variance(mu))
    size = np.sqrt(np.diagonal((X * (w * slope**2 / V)[:, None]).T @ X))
    assert np.all(np.abs(X.T @ (w * (y - mu) * slope / V)) < 1e-7 * size)
    assert fit.pearson_chi2 == pytest.approx(np.sum(w * (y - mu) ** 2 / V))
    unit = [-2 * integrate.quad(lambda t, a=a: (a - t) / variance(t), a, m, epsabs=1e-13, epsrel=1e-12)[0]
            for a, m in zip(y, mu, strict=True)]  # fmt: skip
    assert fit.deviance == pytest.approx(np.sum(w * unit), rel=1e-9)


def test_quadrature_where_the_variance_vanishes_at_an_end():
    """Closed forms of V = mu and V = mu (1 - mu), from the edge of the interval to far into its tails."""
    cases = [(0.0, 0.1), (0.0, 100.0), (1e-8, 3.0), (0.3, 0.30001), (1000.0, 3.0), (1e5, 0.1), (5.0, 5.0)]
    y, mu = (np.asarray(v) for v in zip(*cases, strict=True))
    with jax.enable_x64(True):
        q = jax.vmap(lambda a, m: jg.quasi(linear, support=jg.nonnegative).base.loglik(a, _view(m)))(y, mu)
        truth = special.xlogy(y, mu) - special.xlogy(y, y) + y - mu
        np.testing.assert_allclose(q, truth, rtol=1e-8, atol=1e-11)
        y, mu = np.asarray([0.0, 1.0, 0.5, 0.2, 1e-9]), np.asarray([1e-9, 1e-9, 1 - 1e-9, 0.2001, 0.9999999])
        q = jax.vmap(lambda a, m: jg.quasi(bernoulli, jg.Logit()).base.loglik(a, _view(m)))(y, mu)
        odds = lambda a, m: special.xlogy(a, m) + special.xlog1py(1 - a, -m)  # noqa: E731
        np.testing.assert_allclose(q, odds(y, mu) - odds(y, y), rtol=1e-7, atol=1e-11)


def _view(mean):
    from jaxglm.links import Parameter

    return Parameter(jg.Identity(), mean)


def test_a_response_of_infinite_quasi_likelihood_still_has_an_estimating_equation():
    """y = 0 with V = mu^2: what R's quasi(variance = "mu^2") fits, too."""
    y, X, _ = data(counts)
    assert np.sum(y == 0) > 5
    fit = jg.GLM(y, X, family=jg.quasi(square, jg.Log())).fit()
    assert fit.converged
    assert np.all(np.abs(X.T @ (y / fit.fittedvalues - 1)) < 1e-7 * np.sqrt(N))


def test_a_mean_that_the_link_does_not_keep_inside():
    """Identity link with V = mu: the mean stays positive because the responses are."""
    y, _, _ = data(counts)
    x = np.linspace(0, 1, N)
    y = np.where(x < 0.5, 0.0, y)
    X = np.column_stack([np.ones(N), x])
    family = jg.quasi(linear, jg.Identity(), support=jg.nonnegative)
    with pytest.warns(jg.FitWarning):
        fit = jg.GLM(y, X, family=family).fit()
    with pytest.warns(jg.FitWarning):
        base = jg.GLM(y, X, family=jg.Poisson(mu=jg.Identity())).fit()
    assert fit.status == base.status == jg.Status.BOUNDARY
    np.testing.assert_allclose(fit.fittedvalues, base.fittedvalues, atol=1e-6)


def test_a_batch_of_quasi_fits():
    draws = [data(counts, seed) for seed in range(3)]
    X = draws[0][1]
    fits = jg.fit_batch("quasipoisson", X, np.stack([d[0] for d in draws]))
    assert np.isnan(fits.llf).all()
    assert fits.use_t
    for i, (y, *_) in enumerate(draws):
        one = jg.GLM(y, X, family="quasipoisson").fit()
        np.testing.assert_allclose(fits.params[i], one.params, rtol=1e-8)
        np.testing.assert_allclose(fits.bse[i], one.bse, rtol=1e-8)
        assert fits.dispersion[i] == pytest.approx(one.dispersion)
        assert fits[i].dispersion == pytest.approx(one.dispersion)


def test_a_users_quasi_family():
    """A class with is_density = False is all that it takes."""

    @jg.family
    class Half:
        mu: jg.Link = jg.Log()
        phi: jg.Link = jg.Log()
        support = jg.nonnegative
        is_density = False

        def loglik(self, y, mu, phi):
            return (y * mu.log - mu.value) / phi.value - 0.5 * phi.log

    y, X, sides = data(counts)
    own, ours = (jg.GLM(y, X, family=f, **sides).fit() for f in (Half(), "quasipoisson"))
    for kind in ("expected", "HC3"):
        np.testing.assert_allclose(own.with_cov(kind).bse, ours.with_cov(kind).bse, rtol=1e-9)
    assert np.isnan(own.aic)


def test_what_cannot_be_a_quasi_family():
    y, X, _ = data(counts)
    with pytest.raises(ValueError, match=r"Quasi needs an exponential dispersion.*NegativeBinomial has free mu, alpha"):
        jg.GLM(y, X, family=jg.Quasi(jg.NegativeBinomial())).fit()
    with pytest.raises(ValueError, match=r"y for Quasi must be between 0 and 1; \d+ of 60 rows are not"):
        jg.GLM(y, X, family=jg.quasi(bernoulli, jg.Logit())).fit()
    with pytest.raises(ValueError, match="density of QuasiPoisson"):
        jg.bootstrap(jg.GLM(y, X, family="quasipoisson").fit(), 10, kind="parametric")


def test_save_and_load(tmp_path):
    y, X, _ = data(counts)
    fit = jg.GLM(y, X, family=jg.quasi(linear, jg.Log(), name="mine")).fit()
    fit.save(tmp_path / "fit.npz")
    loaded = jg.load(tmp_path / "fit.npz")
    np.testing.assert_array_equal(loaded.params, fit.params)
    np.testing.assert_allclose(loaded.predict(X[:3], "var"), fit.dispersion * fit.fittedvalues[:3])


def test_single_precision():
    """The core follows the dtype of its inputs."""
    y, X, _ = data(counts)
    problem = jg.problem(jg.quasi(linear, jg.Log()).with_links(phi=jg.Fixed(1.0)), X.astype(np.float32), y)
    assert row_logliks(problem, jnp.zeros(3, jnp.float32)).dtype == jnp.float32
    theta = jg.fit(problem).theta
    np.testing.assert_allclose(theta, jg.GLM(y, X, family="poisson").fit().params, atol=1e-4)


WITHOUT_A_DISTRIBUTION = {
    "leave-one-out": lambda fit: fit.loo(),
    "profile": lambda fit: fit.conf_int(method="profile"),
    "simulation": lambda fit: fit.simulate(1, 2),
    "probabilities": lambda fit: fit.predict(which="prob"),
    "quantiles": lambda fit: fit.predict(which="quantile", q=0.5),
    "log scores": lambda fit: jg.cv(fit, folds=2),
    "Vuong": lambda fit: jg.vuong_test(fit, fit),
    "quantile residuals": lambda fit: fit.resid("quantile"),
}


@pytest.mark.parametrize("what", WITHOUT_A_DISTRIBUTION)
def test_what_needs_a_distribution_is_refused(what):
    y = np.random.default_rng(0).poisson(3.0, 40)
    fit = jg.GLM(y, np.ones((40, 1)), family="quasipoisson").fit()
    with pytest.raises(ValueError, match=r"need a distribution, which QuasiPoisson|no likelihood to profile"):
        WITHOUT_A_DISTRIBUTION[what](fit)
    assert np.isfinite(fit.conf_int(method="profile_f")).all()


@pytest.mark.parametrize("make", [jg.zero_inflated, jg.hurdle, jg.censored, jg.interval_censored, jg.truncated])
def test_nothing_is_made_of_what_is_no_distribution(make):
    with pytest.raises(ValueError, match=rf"the parts of {make.__name__}\(\.\.\.\) need a distribution"):
        make(jg.Quasi(jg.Poisson()))
