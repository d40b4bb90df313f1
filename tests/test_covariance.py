"""Covariances: every kind against explicit sums over rows, for built-in families and one defined in the tests."""

import jax
import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
import statsmodels.api as sm
from resampled import N, again, study

import jaxglm as jg
from jaxglm.covariances import KINDS
from jaxglm.diagnostics import facts
from jaxglm.inference import covariance
from jaxglm.problem import evaluate, linear_predictors, row_logliks, rows

NAMES = ("gaussian", "poisson", "negbin", "gamma", "binomial", "own")
every_family = pytest.mark.parametrize("name", NAMES)
GROUPS = np.repeat(np.arange(15), 4)
WAYS = [GROUPS, np.tile(np.arange(12), 5)]
ROBUST = ("HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5")
STUDIES = {name: study(name) for name in NAMES}


def power(kind, leverage):
    """Power of 1 - leverage in a score; sandwich::meatHC has twice that in its omega."""
    ratio = leverage / leverage.mean()
    table = {
        "HC2": 0.5 + 0 * ratio, "HC3": 1.0 + 0 * ratio, "HC4": np.minimum(4, ratio) / 2,
        "HC4m": (np.minimum(1, ratio) + np.minimum(1.5, ratio)) / 2,
        "HC5": np.minimum(ratio, max(4, 0.7 * ratio.max())) / 4,
    }  # fmt: skip
    return table.get(kind, 0 * ratio)


class Explicit:
    """Scores, row information and bread of a fit as plain arrays over its rows."""

    def __init__(self, fit):
        with jax.enable_x64(True):
            eta = linear_predictors(fit.problem, fit.state.theta)
            at = rows(fit.problem, eta)
            expected = np.asarray(facts(fit.problem, eta).expected) if fit._edm else None
        used = slice(0, fit._n)
        w = fit._weights[used]
        score, K = w[:, None] * np.stack(at.score, axis=1)[used], len(at.score)
        blocks = np.stack([np.stack([-np.asarray(at.curvature[j][k]) for k in range(K)], axis=1) for j in range(K)], 1)
        self.C = w[:, None, None] * (blocks[used] if expected is None else expected[used][:, None, None])
        X = np.asarray(fit.frame.X)
        self.X = [np.concatenate([x, np.zeros(K - 1)])[None] for x in X] if K == 1 else [
            scipy.linalg.block_diag(x[None], *np.ones((K - 1, 1, 1))) for x in X]
        self.score = score
        self.A = sum(x.T @ c @ x for x, c in zip(self.X, self.C, strict=True))
        self.B = np.linalg.inv(self.A)
        self.psi = np.stack([x.T @ s for x, s in zip(self.X, score, strict=True)])

    def robust(self, kind):
        """The meat of scores times (1 - C G)^-power, by matrix powers of each row."""
        H = np.stack([c @ x @ self.B @ x.T for x, c in zip(self.X, self.C, strict=True)])
        powers = power(kind, np.trace(H, axis1=1, axis2=2))
        adjusted = [scipy.linalg.fractional_matrix_power(np.eye(len(h)) - h, -a) @ s
                    for h, a, s in zip(H, powers, self.score, strict=True)]
        psi = np.stack([x.T @ s for x, s in zip(self.X, adjusted, strict=True)])
        return self.B @ psi.T @ psi @ self.B

    def clustered(self, codes):
        sums = np.stack([self.psi[codes == g].sum(axis=0) for g in np.unique(codes)])
        G = len(sums)
        return G / (G - 1) * self.B @ sums.T @ sums @ self.B


def close(ours, truth, tol=1e-9):
    """Covariances in units of the true standard deviations."""
    sd = np.sqrt(np.abs(np.diagonal(truth)))
    np.testing.assert_allclose(ours / np.outer(sd, sd), truth / np.outer(sd, sd), rtol=0, atol=tol)


def cov(fit, kind, **more):
    """Covariance of this kind; one that takes groups gets some."""
    if kind == "cluster":
        more = {"groups": GROUPS[: fit._n]} | more
    return fit.with_cov(kind, **more).cov_params()


# --- explicit sums


@every_family
def test_robust_kinds_are_explicit_sandwiches(name):
    fit = STUDIES[name][1]
    plain = Explicit(fit)
    for kind in ROBUST if name == "poisson" else ("HC1", "HC2", "HC3"):
        factor = N / fit.df_resid if kind == "HC1" else 1.0
        close(cov(fit, kind), factor * plain.robust(kind), 1e-8)
    close(cov(fit, "opg"), fit.dispersion**2 * np.linalg.inv(plain.psi.T @ plain.psi))
    close(cov(fit, "cluster"), plain.clustered(GROUPS))


@every_family
def test_scores_are_differences_of_log_likelihoods(name):
    """Nothing but values of the log-likelihood: no derivative is used."""
    fit = STUDIES[name][1]
    theta, h = np.asarray(fit.state.theta), 1e-5
    with jax.enable_x64(True):
        value = jax.jit(lambda t: row_logliks(fit.problem, t))
        slopes = [(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    psi = (np.stack(slopes, axis=1) * fit._weights[:, None])[:N]
    bread = fit.cov_params() / fit.dispersion
    close(cov(fit, "HC0"), bread @ psi.T @ psi @ bread, 1e-7)
    close(cov(fit, "opg"), fit.dispersion**2 * np.linalg.inv(psi.T @ psi), 1e-6)


@pytest.mark.parametrize("name", ["negbin", "own", "poisson"])
def test_hc3_is_one_newton_step_without_each_row(name):
    """For any number of predictors: theta moves by (A - A_i)^-1 times the row's score."""
    fit = STUDIES[name][1]
    plain = Explicit(fit)
    steps = [np.linalg.solve(plain.A - x.T @ c @ x, p) for x, c, p in zip(plain.X, plain.C, plain.psi, strict=True)]
    close(cov(fit, "HC3"), np.stack(steps).T @ np.stack(steps))


def test_hc2_is_unbiased_where_the_variance_is_right():
    """E of the covariance over y is the model's own, for a Gaussian response with known variance."""
    X = STUDIES["gaussian"][0]["X"]
    B = np.linalg.inv(X.T @ X)
    fits = [jg.GLM(e, X).fit() for e in np.linalg.cholesky(np.eye(N) - X @ B @ X.T + 1e-12 * np.eye(N)).T]
    close(sum(cov(f, "HC2") for f in fits), B, 1e-6)


def test_leverages_add_up_to_the_number_of_coefficients():
    for name in ("negbin", "own", "gamma"):
        plain = Explicit(STUDIES[name][1])
        total = sum(np.trace(c @ x @ plain.B @ x.T) for x, c in zip(plain.X, plain.C, strict=True))
        assert total == pytest.approx(len(plain.B))


# --- clusters


def test_clusters_of_one_row_are_hc0():
    fit = STUDIES["poisson"][1]
    alone = cov(fit, "cluster", groups=np.arange(N), correction="none")
    close(alone, cov(fit, "HC0"))
    close(cov(fit, "cluster", groups=np.arange(N)), N / (N - 1) * alone)


def test_two_ways_add_and_subtract():
    fit = STUDIES["gaussian"][1]
    plain, both = Explicit(fit), 100 * WAYS[0] + WAYS[1]
    truth = plain.clustered(WAYS[0]) + plain.clustered(WAYS[1]) - plain.clustered(both)
    close(cov(fit, "cluster", groups=WAYS), truth)
    close(cov(fit, "cluster", groups=[GROUPS, GROUPS]), plain.clustered(GROUPS))


def test_an_indefinite_covariance_is_refused_or_fixed():
    rng = np.random.default_rng(2)
    X = np.column_stack([np.ones(40), rng.normal(size=(40, 3))])
    fit = jg.GLM(rng.normal(size=40), X).fit()
    few = [np.repeat(np.arange(2), 20), np.tile(np.arange(2), 20)]
    with pytest.warns(UserWarning, match="2 clusters for 4 coefficients"):  # noqa: SIM117
        with pytest.raises(ValueError, match=r"not positive semidefinite.*fix=True"):
            fit.with_cov("cluster", groups=few)
    with pytest.warns(UserWarning, match="2 clusters for 4 coefficients"):
        fixed = fit.with_cov("cluster", groups=few, fix=True)
    assert np.all(np.linalg.eigvalsh(fixed.cov_params()) > -1e-12)
    assert np.all(np.isfinite(fixed.bse))
    again_in_units = jg.GLM(fit.y, X * [1, 10, 0.1, 1]).fit()
    with pytest.warns(UserWarning, match="2 clusters"):
        other = again_in_units.with_cov("cluster", groups=few, fix=True)
    np.testing.assert_allclose(other.bse * [1, 10, 0.1, 1], fixed.bse, rtol=1e-9)


def test_few_clusters_give_a_covariance_of_low_rank():
    fit = STUDIES["poisson"][1]
    with pytest.warns(UserWarning, match="groups: 2 clusters for 3 coefficients. The covariance has rank 1"):
        two = fit.with_cov("cluster", groups=np.repeat([0, 1], N // 2))
    assert np.linalg.matrix_rank(two.cov_params(), tol=1e-10) == 1
    np.testing.assert_allclose(two.bse**2, np.diagonal(two.cov_params()))
    assert np.all(np.isfinite(two.get_prediction().mean_se))


def test_columns_of_the_data_are_found_by_name():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"y": rng.poisson(2.0, N), "x": rng.normal(size=N), "firm": np.repeat(list("abcdefghijkl"), 5)})
    data["year"] = np.tile(np.arange(10.0), 6)
    data.loc[3, "x"] = np.nan
    fit = jg.glm("y ~ x", data, family="poisson")
    firm, kept = data["firm"].to_numpy(), np.delete(np.arange(N), 3)
    data["firm"] = "sorted, replaced or dropped"  # what happens to the frame later is no matter
    named = fit.with_cov("cluster", groups="firm")
    for groups in (firm, firm[kept], list(firm), pd.Series(firm)):
        np.testing.assert_array_equal(named.bse, fit.with_cov("cluster", groups=groups).bse)
    assert named.cov_description == "cluster by firm (12), G/(G-1)"
    assert "cluster by firm (12), G/(G-1)" in str(named.summary())
    two = fit.with_cov("cluster", groups=["firm", "year"], fix=True, correction="groups-df")
    assert two.cov_description == "cluster by firm (12) and year (10), G/(G-1) (n-1)/(n-p)"
    with pytest.raises(ValueError, match=r"groups='frim'.*no column 'frim'. Did you mean 'firm'"):
        fit.with_cov("cluster", groups="frim")


# --- refits


@pytest.mark.parametrize("name", ["negbin", "gamma", "own"])
def test_jackknife_is_the_one_of_refits(name):
    fit = STUDIES[name][1]
    close(cov(fit, "jackknife"), jg.jackknife(fit).cov)
    close(cov(fit, "jackknife", groups=GROUPS), jg.jackknife(fit, groups=GROUPS).cov)


def test_jackknife_of_a_dispersion_by_maximum_likelihood():
    given, _ = STUDIES["gamma"]
    fit = jg.GLM(**given, dispersion="ml").fit()
    left = [again(given, np.arange(N) != i, dispersion="ml").params for i in range(0, N)]
    close(cov(fit, "jackknife"), (N - 1) / N * (N - 1) * np.cov(np.stack(left).T), 1e-7)


# --- laws


@every_family
def test_frequencies_are_rows_written_several_times(name):
    given, _ = STUDIES[name]
    times = np.random.default_rng(1).integers(0, 4, N)
    index = np.repeat(np.arange(N), times)
    short, long = again(given, freq_weights=times.astype(float)), again(given, index)
    for kind in ("HC1", "HC2", "HC3", "opg"):
        close(cov(short, kind), cov(long, kind), 1e-8)
    for groups in (GROUPS, WAYS):
        pick = [g[index] for g in groups] if isinstance(groups, list) else groups[index]
        close(cov(short, "cluster", groups=groups, correction="groups-df", fix=True),
              cov(long, "cluster", groups=pick, correction="groups-df", fix=True), 1e-8)  # fmt: skip


def test_frequencies_in_the_jackknife():
    given, _ = STUDIES["poisson"]
    times = np.random.default_rng(1).integers(0, 4, N)
    index = np.repeat(np.arange(N), times)
    close(cov(again(given, freq_weights=times.astype(float)), "jackknife"), cov(again(given, index), "jackknife"), 1e-8)


@every_family
def test_rows_of_weight_zero_are_absent_and_order_is_no_matter(name):
    given, _ = STUDIES[name]
    order = np.random.default_rng(3).permutation(N)
    zero = given["weights"] * (np.arange(N) % 5 != 0)
    with_zeros, without = again(given, weights=zero), again(given, order[order % 5 != 0])
    for kind in ("HC1", "HC3", "opg"):
        close(cov(with_zeros, kind), cov(without, kind), 1e-8)
    close(cov(with_zeros, "cluster"), cov(without, "cluster", groups=GROUPS[order[order % 5 != 0]]), 1e-8)


@every_family
def test_another_basis_of_the_columns(name):
    given, fit = STUDIES[name]
    A = np.asarray([[1.0, 2.0, 0.5], [0.0, 3.0, -1.0], [0.0, 0.0, 0.2]])
    other = again(given, X=given["X"] @ A)
    back = scipy.linalg.block_diag(A, np.eye(len(fit.params) - 3))
    for kind in ("HC1", "HC2", "HC3", "opg", "observed"):
        close(back @ cov(other, kind) @ back.T, cov(fit, kind), 1e-8)
    two = dict(groups=WAYS, fix=True)
    close(back @ cov(other, "cluster", **two) @ back.T, cov(fit, "cluster", **two), 1e-8)


def test_columns_that_nearly_depend():
    """The solver's basis is another one; what comes back is of the columns as given."""
    rng = np.random.default_rng(0)
    x = rng.uniform(10, 11, N)
    fit = jg.GLM(rng.normal(size=N), np.vander(x, 4, increasing=True)).fit()
    centred = jg.GLM(fit.y, np.vander(x - 10.5, 4, increasing=True)).fit()
    T = np.asarray([[1, -10.5, 10.5**2, -(10.5**3)], [0, 1, -21, 3 * 10.5**2], [0, 0, 1, -31.5], [0, 0, 0, 1]])
    close(cov(fit, "HC3"), T @ cov(centred, "HC3") @ T.T, 1e-5)


@pytest.mark.parametrize("name", ["gaussian", "gamma"])
def test_the_dispersion_cancels(name):
    given, fit = STUDIES[name]
    for dispersion in ("deviance", 1.7, "ml"):
        other = jg.GLM(**given, dispersion=dispersion).fit()
        for kind in (*ROBUST[:4], "cluster"):
            close(cov(other, kind)[:3, :3], cov(fit, kind))
        scale = (other.dispersion / fit.dispersion) ** 2
        close(cov(other, "opg")[:3, :3], scale * cov(fit, "opg"), 1e-9 if dispersion != "ml" else 0.5)


def test_a_dispersion_by_maximum_likelihood_is_one_more_parameter():
    """Its scores are those of the joint model, here that of log(phi) of the Gaussian in closed form."""
    given, _ = STUDIES["gaussian"]
    fit = jg.GLM(**given, dispersion="ml").fit()
    e, w, phi = fit.y - fit.fittedvalues, given["weights"], fit.dispersion
    psi = np.column_stack([given["X"] * (w * e / phi)[:, None], w * (e**2 / phi - 1) / 2])
    A = scipy.linalg.block_diag((given["X"] * w[:, None]).T @ given["X"] / phi, w.sum() / 2)
    B = np.linalg.inv(A)
    close(cov(fit, "HC0"), B @ psi.T @ psi @ B)
    close(cov(fit, "opg"), np.linalg.inv(psi.T @ psi))
    assert fit.with_cov("HC0").bse["log(phi)"] > 0


def test_extreme_units():
    given, fit = STUDIES["gaussian"]
    small = dict(y=given["y"] * 1e-150, offset=given["offset"] * 1e-150, X=given["X"] * [1.0, 1e150, 1.0])
    tiny = jg.GLM(**given | small).fit()
    for kind in ("HC3", "opg"):
        ratio = tiny.with_cov(kind).bse / fit.with_cov(kind).bse
        np.testing.assert_allclose(ratio, [1e-150, 1e-300, 1e-150], rtol=1e-8)


# --- batches


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC3", "opg", "observed"])
def test_members_of_a_batch(kind):
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(N), rng.normal(size=(N, 2))])
    Y = rng.gamma(2.0, np.exp(X @ [0.5, 0.3, -0.2]) / 2, (3, N))
    fits = jg.fit_batch("gamma", X, Y, freq_weights=np.tile([1.0, 2.0], N // 2)).with_cov(kind)
    for i in range(3):
        one = jg.GLM(Y[i], X, family="gamma", freq_weights=np.tile([1.0, 2.0], N // 2)).fit().with_cov(kind)
        np.testing.assert_allclose(fits.bse[i], one.bse, rtol=1e-8)
        np.testing.assert_allclose(fits.pvalues[i], one.pvalues, rtol=1e-6)
        np.testing.assert_allclose(fits[i].bse, one.bse, rtol=1e-8)


def test_members_with_a_shared_parameter_and_aliased_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    X = np.column_stack([np.ones(N), x, 2 * x])
    Y = rng.negative_binomial(2, 0.3, (2, N)).astype(float)
    fits = jg.fit_batch("negbin", X, Y).with_cov("HC3")
    for i in range(2):
        one = jg.GLM(Y[i], X, family="negbin").fit().with_cov("HC3")
        np.testing.assert_allclose(fits.bse[i], one.bse, rtol=1e-7)
        assert np.isnan(one.bse["x2"])
    with pytest.raises(ValueError, match="unknown covariance 'cluster' of a batch"):
        fits.with_cov("cluster")


def test_functions_of_the_core_go_through_vmap(x64):
    """The pure function, vmapped over the weights, against a loop."""
    fit = STUDIES["negbin"][1]
    weights = fit._weights * np.random.default_rng(0).uniform(0.5, 2, (3, fit.problem.n))

    def one(w):
        problem = jg.Problem(fit.problem.family, fit.problem.y, fit.problem.designs, fit.problem.offsets, w)
        return covariance(problem, fit.state.theta, "HC3"), evaluate(problem, fit.state.theta).information

    together = jax.jit(jax.vmap(one))(weights)
    for w, found in zip(weights, together[0], strict=True):
        np.testing.assert_allclose(found, jax.jit(one)(w)[0], rtol=1e-9)


# --- other software


def test_heteroscedastic_kinds_of_statsmodels():
    given, _ = STUDIES["gaussian"]
    fit = jg.GLM(given["y"], given["X"]).fit()
    for kind in ROBUST[:4]:
        theirs = sm.OLS(given["y"], given["X"]).fit(cov_type=kind)
        close(cov(fit, kind), theirs.cov_params())
        np.testing.assert_allclose(fit.with_cov(kind).tvalues, theirs.tvalues, rtol=1e-9)


@pytest.mark.parametrize("name", ["gaussian", "poisson"])
def test_clusters_of_statsmodels(name):
    """Under a canonical link; elsewhere statsmodels has the observed information where R has the expected one."""
    given, _ = STUDIES[name]
    family = {"gaussian": sm.families.Gaussian(), "poisson": sm.families.Poisson()}[name]
    model = sm.GLM(given["y"], given["X"], family=family, offset=given["offset"])
    fit = again(given, weights=None)
    theirs = model.fit(cov_type="cluster", cov_kwds=dict(groups=GROUPS), tol=1e-14, maxiter=200)
    close(cov(fit, "cluster", correction="groups-df"), theirs.cov_params(), 1e-6)


def test_two_way_clusters_of_statsmodels():
    given, _ = STUDIES["gaussian"]
    ways = dict(groups=np.stack(WAYS, axis=1))
    theirs = sm.OLS(given["y"], given["X"]).fit(cov_type="cluster", cov_kwds=ways)
    ours = jg.GLM(given["y"], given["X"]).fit()
    close(cov(ours, "cluster", groups=WAYS, correction="groups-df"), theirs.cov_params())


def test_degrees_of_freedom_of_clusters():
    _, fit = STUDIES["gaussian"]
    clustered = fit.with_cov("cluster", groups=GROUPS)
    assert (fit.df_inference, clustered.df_inference, fit.with_cov("HC3").df_inference) == (N - 3, 14, N - 3)
    half = scipy.stats.t.ppf(0.975, 14) * clustered.bse
    np.testing.assert_allclose(clustered.conf_int()[:, 1], clustered.params + half)
    np.testing.assert_allclose(clustered.pvalues, 2 * scipy.stats.t.sf(np.abs(clustered.tvalues), 14))
    assert fit.with_cov("cluster", groups=WAYS, fix=True).df_inference == 11


# --- the expected information of any distribution, against closed forms


def simulated(n=120):
    rng = np.random.default_rng(5)
    X = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n)])
    return rng, X, np.exp(X @ [0.8, 0.4, -0.5])


def errors(*blocks):
    """Standard errors from blocks X' diag(w) Z of an information, given as {(j, k): (X, w, Z)} for j <= k."""
    table = {at: X.T @ (w[:, None] * Z) for at, (X, w, Z) in dict(blocks).items()}
    K = 1 + max(k for _, k in table)
    rows_ = [[table[j, k] if j <= k else table[k, j].T for k in range(K)] for j in range(K)]
    return np.sqrt(np.diag(np.linalg.inv(np.block(rows_))))


def test_expected_errors_of_a_negative_binomial():
    """Those of the mean are R's glm.nb; alpha is orthogonal to it."""
    rng, X, mu = simulated()
    weights = rng.integers(1, 4, len(X)).astype(float)
    fit = jg.GLM(rng.poisson(mu * rng.gamma(2, 0.5, len(X))), X, family="negbin", weights=weights).fit()
    alpha, m = np.exp(fit.params["log(alpha)"]), fit.fittedvalues
    r, k = 1 / alpha, np.arange(6000)[:, None]
    p = scipy.stats.nbinom.pmf(k, r, r / (r + m))
    trigamma = scipy.special.polygamma
    bend = trigamma(1, k + r) - trigamma(1, r) + 1 / r - 2 / (r + m) + (k + r) / (r + m) ** 2
    one = np.ones((len(X), 1))
    of_alpha = -r * r * np.sum(p * bend, axis=0) * weights
    found = fit.with_cov("expected")
    np.testing.assert_allclose(
        found.bse, errors(((0, 0), (X, weights * m / (1 + alpha * m), X)), ((0, 1), (X, 0 * m, one)),
                          ((1, 1), (one, of_alpha, one))), rtol=1e-8)  # fmt: skip
    assert found.cov_description == "expected information"


def test_expected_errors_where_scale_and_location_are_not_orthogonal():
    """Weibull: the information of (log scale, log sigma) is that of a Gumbel variable."""
    rng, X, mu = simulated()
    fit = jg.GLM(mu * rng.weibull(2.0, len(X)), X, family="weibull").fit()
    sigma, gamma = np.exp(fit.params["log(sigma)"]), np.euler_gamma
    one, size = np.ones((len(X), 1)), np.ones(len(X))
    closed = errors(((0, 0), (X, size / sigma**2, X)), ((0, 1), (X, size * (1 - gamma) / sigma, one)),
                    ((1, 1), (one, size * (np.pi**2 / 6 + (1 - gamma) ** 2), one)))  # fmt: skip
    np.testing.assert_allclose(fit.with_cov("expected").bse, closed, rtol=1e-7)


def test_expected_errors_of_a_modelled_dispersion_and_a_penalty():
    rng, X, _ = simulated()
    Z = X[:, :2]
    y = X @ [1.0, 2.0, 3.0] + np.exp(Z @ [0.1, 0.3]) * rng.normal(size=len(X))
    for penalty, more in ((None, 0.0), (jg.Ridge(2.0), 2.0)):
        fit = jg.GLM(y, {"mu": X, "phi": Z}, family="gaussian", penalty=penalty).fit()
        phi, half = np.exp(Z @ np.asarray(fit.params)[3:]), np.full(len(X), 0.5)
        ridge = np.asarray(fit.problem.penalty.parts(fit.problem, np.asarray(fit.state.theta))[2]) if more else 0.0
        whole = scipy.linalg.block_diag(X.T @ (X / phi[:, None]), Z.T @ (Z * half[:, None])) + ridge
        np.testing.assert_allclose(
            fit.with_cov("expected").bse, np.sqrt(np.diag(np.linalg.inv(whole))), rtol=1e-8)
        assert not more or np.abs(ridge).max() > 1


def test_expected_errors_of_points_with_a_mass():
    """A hurdle's probability and its positive part are two models."""
    rng, X, mu = simulated()
    y = np.where(rng.random(len(X)) < 0.3, 0.0, rng.gamma(3.0, mu / 3))
    fit = jg.GLM(y, X, family="hurdle_gamma").fit()
    share = np.mean(y > 0)
    found = fit.with_cov("expected").bse
    np.testing.assert_allclose(found["logit(nonzero)"],
                               1 / np.sqrt(len(X) * share * (1 - share)), rtol=1e-7)  # fmt: skip


def test_expected_errors_of_successes_out_of_trials():
    """Beta-binomial: the sum over all numbers of successes of the curvature, by differences of SciPy's density."""
    rng, X, _ = simulated(60)
    trials = rng.integers(3, 9, len(X)).astype(float)
    y = rng.binomial(trials.astype(int), rng.beta(2.0, 3.0, len(X))).astype(float)
    fit = jg.GLM((y, trials), X[:, :2], family="beta_binomial").fit()
    theta, far = np.asarray(fit.state.theta), 1e-4

    def logliks(t):
        with jax.enable_x64(True):
            eta = [np.repeat(e[: len(X)] if np.ndim(e) else [e] * len(X), 9) for e in linear_predictors(
                jg.problem(fit.family, X[:, :2], (y, trials)), t)]
            k, n = np.tile(np.arange(9.0), len(X)), np.repeat(trials, 9)
            one = jax.vmap(lambda k, n, *e: fit.family.loglik((k, n), *fit.family.views(e)))
            return np.where(k <= n, np.asarray(one(np.minimum(k, n), n, *eta)), -np.inf)

    mass, P = np.exp(logliks(theta)), len(theta)
    slopes = np.stack([(logliks(theta + d) - logliks(theta - d)) / (2 * far) for d in far * np.eye(P)])
    scores = np.where(mass > 0, slopes, 0.0)
    np.testing.assert_allclose(fit.with_cov("expected").bse, np.sqrt(np.diag(np.linalg.inv(scores * mass @ scores.T))),
                               rtol=1e-5)  # fmt: skip


def test_there_is_no_expected_information_without_the_distribution_of_a_number():
    rng, X, mu = simulated()
    classes = jg.GLM(rng.integers(0, 3, len(X)), X[:, 1:], family="ordinal").fit()
    times = jg.GLM((mu, rng.random(len(X)) < 0.7), X, family=jg.censored(jg.Weibull())).fit()
    for fit in (classes, times):
        with pytest.raises(ValueError, match=r"needs the distribution of a number\. Use 'observed'"):
            fit.with_cov("expected")


# --- words and errors


def test_the_factor_is_named(tmp_path):
    fit = STUDIES["poisson"][1]
    words = {kind: fit.with_cov(kind).cov_description for kind in ("expected", "HC0", "HC1", "opg")}
    assert words == {"expected": "expected information", "HC0": "HC0", "HC1": "HC1, n/(n-p)",
                     "opg": "outer product of gradients"}  # fmt: skip
    robust = fit.with_cov("HC0", correction="df")
    assert robust.cov_description == "HC0, n/(n-p)"
    np.testing.assert_allclose(robust.bse, fit.with_cov("HC1").bse)
    assert "Covariance    HC0, n/(n-p)" in str(robust.summary())
    robust.save(tmp_path / "fit.npz")
    loaded = jg.load(tmp_path / "fit.npz")
    np.testing.assert_array_equal(loaded.bse, robust.bse)
    assert fit.cov_description == "expected information"


BAD = {
    "an unknown kind": (lambda f: f.with_cov("HC9"), "unknown covariance 'HC9'; choose from expected, observed, opg"),
    "an unknown correction": (lambda f: f.with_cov("HC0", correction="stata"), "unknown correction 'stata'; choose"),
    "a factor of clusters": (lambda f: f.with_cov("HC0", correction="groups"), r"G/\(G-1\), counts clusters; 'HC0'"),
    "no groups": (lambda f: f.with_cov("cluster"), "needs groups="),
    "groups of rows": (lambda f: f.with_cov("HC1", groups=GROUPS), "'HC1' takes each row for itself"),
    "a column of arrays": (lambda f: f.with_cov("cluster", groups="firm"), "groups='firm' names a column, but"),
    "too few groups": (lambda f: f.with_cov("cluster", groups=GROUPS[:-1]), r"label for each row.*shape is \(59,\)"),
    "a matrix": (lambda f: f.with_cov("cluster", groups=np.stack(WAYS)), r"its shape is \(2, 60\)"),
    "missing groups": (
        lambda f: f.with_cov("cluster", groups=[None, *"a" * 59]), r"must not be missing; 1 of 60 are \(first: row 0"),
    "one cluster": (lambda f: f.with_cov("cluster", groups=np.zeros(N)), "all rows are in one cluster"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act(STUDIES["poisson"][1])


def test_every_kind_is_there():
    assert set(KINDS) == {"expected", "observed", "opg", *ROBUST, "cluster", "jackknife"}


def test_a_row_that_decides_a_coefficient_has_no_hc3():
    given, _ = STUDIES["poisson"]
    X = given["X"].copy()
    X[:, 2] = np.arange(N) == 17
    fit = jg.GLM(**given | dict(X=X, y=given["y"] + 1)).fit()
    with pytest.raises(ValueError, match=r"HC3 divides by 1 - leverage, which is 0 in 1 rows \(first: row 17\)"):
        fit.with_cov("HC3")
    assert np.all(np.isfinite(fit.with_cov("HC1").bse))


def test_a_singular_outer_product_is_refused():
    X = np.column_stack([np.ones(4), [0.0, 1, 0, 1]])
    fit = jg.GLM(np.asarray([1.0, 2, 1, 2]), X, dispersion=1.0).fit()
    with pytest.raises(ValueError, match="outer product of gradients is singular"):
        fit.with_cov("opg")
