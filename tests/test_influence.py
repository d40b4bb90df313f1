"""Influence and leave-one-out scores: against statsmodels, refits by hand and the textbook's formulas."""

import numpy as np
import pytest
import statsmodels.api as sm

import jaxglm as jg
from jaxglm.diagnostics import tails_at
from tests.resampled import again, every_family, study

ROWS = (0, 7, 23)  # left out by hand
PEERS = {"poisson": sm.families.Poisson(), "binomial": sm.families.Binomial()}  # canonical: one information


@pytest.fixture(scope="module")
def studies():
    made = {}

    def get(name):
        if name not in made:
            made[name] = study(name)
        return made[name]

    return get


def without(given, i):
    return again(given, np.arange(len(given["X"])) != i)


@pytest.mark.parametrize("name", PEERS)
def test_one_step_measures_are_those_of_statsmodels(name, studies):
    given, _ = studies(name)
    plain = given | {"weights": np.ones(len(given["X"]))}
    ours = again(plain).get_influence()
    y = given["y"]
    y = np.column_stack([y[0], y[1] - y[0]]) if isinstance(y, tuple) else y
    peer = sm.GLM(y, given["X"], family=PEERS[name], offset=given["offset"]).fit(tol=1e-14)
    theirs = peer.get_influence()
    np.testing.assert_allclose(ours.hat, theirs.hat_matrix_diag, rtol=1e-8)
    np.testing.assert_allclose(ours.cooks_distance, theirs.cooks_distance[0], rtol=1e-7)
    np.testing.assert_allclose(ours.dfbeta, theirs.d_params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.resid_standardized_pearson, theirs.resid_studentized, rtol=1e-7)


@every_family
def test_leverages_add_up_to_the_number_of_coefficients(name, studies):
    _, fit = studies(name)
    assert fit.get_influence().hat.sum() == pytest.approx(len(fit.state.theta), rel=1e-9)


@every_family
def test_exact_changes_are_those_of_refits(name, studies):
    given, fit = studies(name)
    found, near = fit.get_influence(exact=True), fit.get_influence()
    for i in ROWS:
        change = np.asarray(fit.params - without(given, i).params)
        np.testing.assert_allclose(found.dfbeta[i], change, atol=1e-7 * np.max(fit.bse))
    for one_step, exact in zip(near.dfbeta.T, found.dfbeta.T, strict=True):
        assert np.corrcoef(one_step, exact)[0, 1] > 0.98


@every_family
def test_the_step_is_newtons(name, studies):
    """From the equations of the likelihood without the row, information by differences of its gradient."""
    import jax

    from jaxglm.diagnostics import deletion_of
    from jaxglm.problem import evaluate

    _, fit = studies(name)
    theta, weights = np.asarray(fit.state.theta), np.asarray(fit.problem.weights)
    found = deletion_of(fit.problem, theta, weights, False)
    at = jax.jit(lambda w, t: evaluate(jg.Problem(*_parts(fit.problem), weights=w), t))
    with jax.enable_x64(True):
        for i in ROWS:
            left = np.where(np.arange(len(weights)) == i, 0.0, weights)
            rest = at(left, theta)
            step = np.linalg.solve(np.asarray(rest.information), np.asarray(rest.gradient))
            np.testing.assert_allclose(theta - found.step[i], theta + step, rtol=1e-7, atol=1e-9)


def _parts(problem):
    return problem.family, problem.y, problem.designs, problem.offsets


def test_gaussian_deletion_is_exact():
    """For least squares one step is the refit, the textbook's formulas hold, and externally studentised is rstudent."""
    rng = np.random.default_rng(2)
    X = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    y = X @ [1.0, 2.0, -1.0] + rng.normal(size=30)
    ours, peer = jg.GLM(y, X).fit(), sm.OLS(y, X).fit().get_influence()
    near = ours.get_influence()
    np.testing.assert_allclose(near.dfbeta, ours.get_influence(exact=True).dfbeta, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(near.dfbetas, peer.dfbetas, rtol=1e-9)
    np.testing.assert_allclose(near.dffits, peer.dffits[0], rtol=1e-9)
    np.testing.assert_allclose(near.resid_studentized, peer.resid_studentized_external, rtol=1e-9)
    np.testing.assert_allclose(near.resid_standardized_deviance, peer.resid_studentized_internal, rtol=1e-9)
    np.testing.assert_allclose(near.cooks_distance, peer.cooks_distance[0], rtol=1e-9)


def test_a_row_of_frequency_two_is_two_rows():
    given, _ = study("poisson")
    rng, n = np.random.default_rng(1), len(given["X"])
    counts = rng.integers(1, 3, n).astype(float)
    once = again(given | {"weights": np.ones(n)}, freq_weights=counts)
    twice = again(given | {"weights": np.ones(n)}, np.repeat(np.arange(n), counts.astype(int)))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(int)
    for kind in ("hat", "cooks_distance", "dfbeta", "dfbetas", "resid_studentized", "dffits"):
        a, b = getattr(once.get_influence(), kind), getattr(twice.get_influence(), kind)
        np.testing.assert_allclose(a, b[first], rtol=1e-8, atol=1e-12)
    assert once.loo().looic == pytest.approx(twice.loo().looic, rel=1e-10)
    assert once.loo("exact").looic == pytest.approx(twice.loo("exact").looic, rel=1e-8)
    assert once.loo().se == pytest.approx(twice.loo().se, rel=1e-9)


def test_rows_of_weight_zero_have_no_influence():
    given, _ = study("poisson")
    weights = given["weights"] * (np.arange(60) != 5)
    found = again(given, weights=weights).get_influence()
    assert np.isnan(found.hat[5])
    assert np.isnan(found.dfbeta[5]).all()
    assert np.isfinite(np.delete(found.hat, 5)).all()
    assert list(found.summary_frame().columns)[:2] == ["hat", "cooks_distance"]


def test_the_only_row_of_a_level_is_singular():
    """Without it the coefficient of its level cannot be estimated."""
    X = np.column_stack([np.ones(12), np.arange(12) == 3]).astype(float)
    found = jg.GLM(np.arange(1.0, 13.0), X, family="poisson").fit().get_influence()
    assert found.hat[3] == pytest.approx(1)
    assert np.isnan(found.cooks_distance[3])
    assert np.isfinite(np.delete(found.cooks_distance, 3)).all()


def test_aliased_columns_have_no_change():
    given, _ = study("gamma")
    X = np.column_stack([given["X"], given["X"][:, 1] * 2])
    wide, plain = again(given, X=X).get_influence(), again(given).get_influence()
    assert np.isnan(wide.dfbeta[:, 3]).all()
    np.testing.assert_allclose(wide.dfbeta[:, :3], plain.dfbeta, rtol=1e-6, atol=1e-10)


@every_family
def test_leave_one_out_scores_are_those_of_refits(name, studies):
    given, fit = studies(name)
    near, exact, mixed = fit.loo(), fit.loo("exact"), fit.loo("mixed")
    for i in ROWS:
        rest = without(given, i)
        assert exact.log_score[i] == pytest.approx(given["weights"][i] * log_density(rest, given, i), abs=1e-6)
    sure = ~near.doubtful
    assert sure.mean() > 0.8
    assert np.max(np.abs(near.log_score - exact.log_score)[sure]) < 0.2
    assert abs(mixed.looic - exact.looic) < 0.1 * exact.se
    assert mixed.n_doubtful == 0
    assert mixed.refitted.sum() == near.doubtful.sum()
    assert near.p_loo > 0
    assert near.in_sample.sum() == pytest.approx(fit.llf, rel=1e-9)


def log_density(fit, given, i):
    """Log-density of row i of the data under a fit without it, at the dispersion of maximum likelihood."""
    import jax

    from jaxglm.problem import row_loglik

    eta = [float(np.asarray(given["X"][i] @ np.asarray(fit.params)[:3] + given["offset"][i]))]
    family = fit.family
    shared = {k: family.link_of(k).forward(np.float64(v)) for k, v in fit.family_params.items()}
    y = given["y"]
    one = tuple(a[i] for a in y) if isinstance(y, tuple) else y[i]
    with jax.enable_x64(True):
        return float(row_loglik(family, one, tuple(np.float64(e) for e in (*eta, *shared.values()))))


def test_a_wild_row_is_doubtful():
    rng = np.random.default_rng(5)
    x = np.append(rng.normal(size=29), 12.0)
    X, y = np.column_stack([np.ones(30), x]), np.append(rng.poisson(2.0, 29), 60.0)
    fit = jg.GLM(y, X, family="poisson").fit()
    assert fit.loo().doubtful[29]
    assert fit.loo("mixed").log_score[29] == pytest.approx(fit.loo("exact").log_score[29])


def test_errors(studies):
    _, fit = studies("poisson")
    with pytest.raises(ValueError, match="unknown method 'quick' of loo"):
        fit.loo("quick")
    X = np.column_stack([np.ones(8), np.arange(8.0)])
    with pytest.warns(jg.FitWarning):
        split = jg.GLM((np.arange(8) > 3).astype(float), X, family="binomial").fit()
    with pytest.raises(ValueError, match="needs a maximum; the fit ended as SEPARATED"):
        split.loo()


def test_a_family_of_two_formulas():
    """Both linear predictors have columns: leverages, changes and scores are those of the joint likelihood."""
    rng = np.random.default_rng(8)
    n = 50
    data = {"x": rng.normal(size=n), "z": rng.normal(size=n)}
    data["y"] = 1 + data["x"] + np.exp(0.3 * data["z"]) * rng.normal(size=n)
    fit = jg.glm({"mu": "y ~ x", "phi": "~ z"}, data, family="gaussian")
    exact, near = fit.get_influence(exact=True), fit.get_influence()
    assert near.hat.sum() == pytest.approx(4, rel=1e-9)
    rest = jg.glm({"mu": "y ~ x", "phi": "~ z"}, {k: np.delete(v, 3) for k, v in data.items()}, family="gaussian")
    np.testing.assert_allclose(exact.dfbeta[3], np.asarray(fit.params) - np.asarray(rest.params), atol=1e-7)
    b = np.asarray(rest.params)
    mean, sd = b[0] + b[1] * data["x"][3], np.exp((b[2] + b[3] * data["z"][3]) / 2)
    score = -0.5 * ((data["y"][3] - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    assert fit.loo("exact").log_score[3] == pytest.approx(score, abs=1e-6)
    z = fit.resid("quantile")
    at = tails_at(fit.family, data["y"], fit._eta and tuple(e[:n] for e in fit._eta))
    np.testing.assert_allclose(z, (data["y"] - fit.fittedvalues) / np.sqrt(np.exp(fit._eta[1][:n])), atol=1e-8)
    assert np.abs(at.mass).max() < 1e-9
