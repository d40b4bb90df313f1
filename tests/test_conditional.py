"""Choices among alternatives: against statsmodels, a likelihood by hand, Poisson with a dummy for each set and logistic
regression of differences; what follows from a fit; and what users get wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from statsmodels.discrete import conditional_models as discrete

import jaxglm as jg
from jaxglm.pytree import pytree

FORMULA = "choice ~ price + time + C(mode)"
TERMS = ["price", "time", "C(mode)[T.bus]", "C(mode)[T.car]", "C(mode)[T.rail]"]
rng = np.random.default_rng(20)


def simulated(n=150, smallest=2, largest=4):
    """Sets of different sizes with gumbel errors, rows in any order."""
    made = []
    for trip in range(n):
        m = rng.integers(smallest, largest + 1)
        mode = rng.permutation(["air", "bus", "car", "rail"])[:m]
        price, time = rng.normal(size=(2, m))
        utility = -price - 0.6 * time + 0.5 * (mode == "car") + rng.gumbel(size=m)
        made.append(pd.DataFrame({"trip": f"t{trip}", "choice": (utility == utility.max()).astype(int), "price": price,
                                  "time": time, "mode": mode, "income": rng.normal(), "w": 1.0 + rng.integers(3)}))
    return pd.concat(made).sample(frac=1.0, random_state=3).reset_index(drop=True)


FRAME = simulated()
FIT = jg.glm(FORMULA, FRAME, family="conditional_logit", sets="trip")
DUMMIES = pd.get_dummies(FRAME["mode"], drop_first=True, dtype=float)
X = np.column_stack([FRAME[["price", "time"]], DUMMIES])


def by_hand(X, y, sets, weights=None, offset=0.0):
    """Minus log-likelihood, gradient and Hessian of the choices, set by set."""
    groups = [np.flatnonzero(sets == s) for s in pd.unique(sets)]

    def parts(beta):
        value, slope, bend = 0.0, np.zeros(len(beta)), np.zeros((len(beta),) * 2)
        eta = X @ beta + offset
        for rows in groups:
            w = 1.0 if weights is None else weights[rows[0]]
            p = np.exp(eta[rows] - logsumexp(eta[rows]))
            value -= w * np.log(p[y[rows] == 1][0])
            slope -= w * X[rows].T @ (y[rows] - p)
            bend += w * X[rows].T @ (np.diag(p) - np.outer(p, p)) @ X[rows]
        return value, slope, bend

    return parts


def maximum(*data, **more):
    """Estimates, standard errors and log-likelihood by SciPy."""
    parts = by_hand(*data, **more)
    begin = np.zeros(data[0].shape[1])
    found = minimize(lambda b: parts(b)[:2], begin, jac=True, hess=lambda b: parts(b)[2], method="trust-exact",
                     options={"gtol": 1e-11})  # fmt: skip
    beta = found.x - np.linalg.solve(parts(found.x)[2], parts(found.x)[1])
    return beta, np.sqrt(np.diagonal(np.linalg.inv(parts(beta)[2]))), -parts(beta)[0]


def agrees(fit, beta, se, llf):
    assert fit.converged
    np.testing.assert_allclose(fit.params, beta, rtol=0, atol=1e-10)
    np.testing.assert_allclose(fit.bse, se, rtol=1e-7)
    np.testing.assert_allclose(fit.llf, llf, rtol=1e-12)


# ---------------------------------------------------------------- the numbers


def test_a_likelihood_by_hand():
    agrees(FIT, *maximum(X, FRAME["choice"].to_numpy(), FRAME["trip"].to_numpy()))
    assert list(FIT.names) == TERMS
    assert FIT.nobs == 150
    assert FIT.aic == pytest.approx(2 * 5 - 2 * FIT.llf, rel=1e-14)
    assert FIT.bic == pytest.approx(np.log(150) * 5 - 2 * FIT.llf, rel=1e-14)
    assert FIT.deviance == pytest.approx(-2 * FIT.llf, rel=1e-12)
    sizes = FRAME.groupby("trip").size()
    assert FIT.null_deviance == pytest.approx(2 * np.log(sizes).sum(), rel=1e-12)
    assert FIT.df_resid == 145


def test_statsmodels():
    model = discrete.ConditionalLogit(FRAME["choice"].to_numpy(), X, groups=FRAME["trip"].to_numpy())
    theirs = model.fit(method="bfgs", disp=0, gtol=1e-8, maxiter=500)
    np.testing.assert_allclose(FIT.params, theirs.params, rtol=0, atol=1e-3)  # BFGS stops early
    np.testing.assert_allclose(FIT.bse, theirs.bse, rtol=1e-3)
    assert theirs.llf <= FIT.llf + 1e-12
    np.testing.assert_allclose(model.score(np.asarray(FIT.params)), 0.0, atol=1e-9)
    assert FIT.llf == pytest.approx(model.loglike(np.asarray(FIT.params)), rel=1e-12)


def test_poisson_with_a_dummy_for_each_set():
    poisson = jg.glm("choice ~ 0 + C(trip) + price + time + C(mode)", FRAME, family="poisson")
    for term in TERMS:
        assert FIT.params[term] == pytest.approx(poisson.params[term], abs=1e-8)
        assert FIT.bse[term] == pytest.approx(poisson.bse[term], rel=1e-6)


def test_matched_pairs_are_a_logistic_regression_of_differences():
    Z, sets = rng.normal(size=(160, 3)), np.repeat(np.arange(80), 2)
    first = rng.random(80) < 1 / (1 + np.exp(-(Z[::2] - Z[1::2]) @ [1.0, -0.5, 0.2]))
    case = np.column_stack([first, ~first]).ravel().astype(float)
    pairs = jg.GLM(case, Z, family="conditional_logit", sets=sets).fit()
    logit = jg.GLM(first.astype(float), Z[::2] - Z[1::2], family="binomial").fit()
    np.testing.assert_allclose(pairs.params, logit.params, rtol=0, atol=1e-10)
    np.testing.assert_allclose(pairs.bse, logit.bse, rtol=1e-6)
    assert pairs.llf == pytest.approx(logit.llf, rel=1e-12)
    for kind in ("HC0", "HC3", "opg"):
        np.testing.assert_allclose(pairs.with_cov(kind).bse, logit.with_cov(kind).bse, rtol=1e-6)
    np.testing.assert_allclose(pairs.conf_int(method="profile"), logit.conf_int(method="profile"), rtol=1e-6)
    np.testing.assert_allclose(pairs.conf_int(method="score"), logit.conf_int(method="score"), rtol=1e-6)


def test_offset_and_weights():
    y, sets = FRAME["choice"].to_numpy(), FRAME["trip"].to_numpy()
    offset, w = 0.3 * FRAME["time"].to_numpy(), FRAME["w"].to_numpy()
    fit = jg.GLM(y, X, family="conditional_logit", sets=sets, weights=w, offset=offset).fit()
    agrees(fit, *maximum(X, y, sets, weights=w, offset=offset))
    counted = jg.glm(FORMULA, FRAME, family="clogit", sets="trip", freq_weights="w", offset=offset)
    np.testing.assert_allclose(counted.params, fit.params, rtol=1e-12)
    assert counted.nobs == FRAME.groupby("trip")["w"].first().sum()
    known = jg.glm("choice ~ price + C(mode) + offset(0.3 * time)", FRAME, family="clogit", sets="trip")
    assert known.llf < FIT.llf


def test_weight_zero_is_no_set():
    gone = FRAME["trip"].isin(["t0", "t7"])
    without = jg.glm(FORMULA, FRAME[~gone], family="conditional_logit", sets="trip")
    zero = jg.glm(FORMULA, FRAME, family="conditional_logit", sets="trip", weights=np.where(gone, 0.0, 1.0))
    np.testing.assert_allclose(zero.params, without.params, rtol=0, atol=1e-10)
    assert zero.nobs == without.nobs == 148
    assert zero.llf == pytest.approx(without.llf, rel=1e-12)


def test_badly_conditioned_columns_and_large_levels():
    """What all rows of a set share has no effect, however large it is."""
    moved = FRAME.assign(price=FRAME["price"] + 1e6 * FRAME["income"], time=FRAME["time"] + 1e-5 * FRAME["price"])
    fit = jg.glm("choice ~ price + time", moved, family="conditional_logit", sets="trip")
    plain = jg.glm("choice ~ price + time", FRAME, family="conditional_logit", sets="trip")
    assert fit.llf == pytest.approx(plain.llf, rel=1e-8)
    assert fit.params["time"] == pytest.approx(plain.params["time"], rel=1e-6)
    near = jg.GLM(FRAME["choice"], np.column_stack([X[:, 0], X[:, 0] + 1e-6 * X[:, 1]]), family="conditional_logit",
                  sets=FRAME["trip"]).fit()  # fmt: skip
    assert near.params["x1"] == pytest.approx(1e6 * plain.params["time"], rel=1e-7)


def test_laws():
    for K in (2, 3, 6):
        assert all(v.passed for v in jg.check_family(jg.ConditionalLogit(alternatives=K), verbose=False))


def test_laws_are_seen_to_fail():
    """The check sees tied predictors one by one: a log-likelihood that forgets one of them fails."""

    @pytree
    class Forgetful(jg.ConditionalLogit):
        def loglik(self, y, utility):
            return utility.value[0] * (y == 0) - jnp.log(jnp.sum(jnp.exp(utility.value)))

    broken = jg.check_family(Forgetful(alternatives=3), verbose=False)
    assert not broken[1].passed


@pytest.mark.parametrize("far", [40.0, 800.0, 1e20])
def test_far_utilities(far):
    with jax.enable_x64(True):
        design = np.array([[[1.0], [0.0], [0.0]], [[0.0], [1.0], [5.0]]])
        problem = jg.problem(jg.ConditionalLogit(), design, (np.array([1.0, 1.0]), np.array([3.0, 2.0])))
        loglik = jax.jit(lambda theta: jg.fit(problem, start=theta, solver=jg.Newton(max_steps=1)).loglik)
        assert np.isfinite(loglik(jnp.asarray([far])))


def test_the_functional_core():
    """Problems of tied predictors are differentiable and may be mapped over weights."""
    sizes = rng.integers(2, 5, 60).astype(float)
    design = np.where(np.arange(4)[None, :, None] < sizes[:, None, None], rng.normal(size=(60, 4, 2)), 0.0)
    chosen = np.floor(rng.random(60) * sizes)
    with jax.enable_x64(True):
        def theta(w):
            return jg.fit(jg.problem(jg.ConditionalLogit(), design, (chosen, sizes), weights=w)).theta

        w, eps = jnp.asarray(1.0 + rng.random(60)), 1e-5
        slope = jax.jacrev(theta)(w)[:, 7]
        there, back = theta(w.at[7].add(eps)), theta(w.at[7].add(-eps))
        np.testing.assert_allclose(slope, (there - back) / (2 * eps), rtol=1e-6)
        both = jax.vmap(theta)(jnp.stack([w, w[::-1]]))
        np.testing.assert_allclose(both[1], theta(w[::-1]), rtol=1e-9)
        whole = jg.fit(jg.problem(jg.ConditionalLogit(), design, np.zeros(60))).theta
        padded = jg.fit(jg.problem(jg.ConditionalLogit(), design, (np.zeros(60), np.full(60, 4.0)))).theta
        np.testing.assert_array_equal(whole, padded)


def test_a_large_problem_starts_from_a_subsample():
    n, K = 120_000, 3
    design = rng.normal(size=(n, K, 2))
    y = np.argmax(design @ [1.0, -0.5] + rng.gumbel(size=(n, K)), axis=1)
    with jax.enable_x64(True):
        found = jg.fit(jg.problem(jg.ConditionalLogit(), design, y.astype(float)))
    assert int(found.status) == 0
    assert int(found.steps) <= 4
    np.testing.assert_allclose(found.theta, [1.0, -0.5], atol=0.02)


# ---------------------------------------------------------------- what follows from a fit


def test_robust_errors_are_of_sets():
    parts = by_hand(X, FRAME["choice"].to_numpy(), FRAME["trip"].to_numpy())
    names = pd.unique(FRAME["trip"])
    scores = []
    for name in names:
        mine = (FRAME["trip"] == name).to_numpy()
        alone = by_hand(X[mine], FRAME["choice"].to_numpy()[mine], FRAME["trip"].to_numpy()[mine])
        scores.append(alone(np.asarray(FIT.params))[1])
    bread, scores = np.linalg.inv(parts(np.asarray(FIT.params))[2]), np.stack(scores)
    np.testing.assert_allclose(FIT.with_cov("HC0").cov_params(), bread @ scores.T @ scores @ bread, rtol=1e-8)
    itself = FIT.with_cov("cluster", groups="trip", correction="none")
    np.testing.assert_allclose(itself.bse, FIT.with_cov("HC0").bse, rtol=1e-10)
    halves = FRAME["trip"].str[-1].to_numpy()
    sums = np.stack([scores[[n[-1] == h for n in names]].sum(axis=0) for h in np.unique(halves)])
    found = FIT.with_cov("cluster", groups=halves, correction="none").cov_params()
    np.testing.assert_allclose(found, bread @ sums.T @ sums @ bread, rtol=1e-8)


def test_jackknife_leaves_out_sets():
    small = simulated(12)
    fit = jg.glm("choice ~ price", small, family="conditional_logit", sets="trip")
    left = [jg.glm("choice ~ price", small[small["trip"] != t], family="conditional_logit", sets="trip").params["price"]
            for t in pd.unique(small["trip"])]  # fmt: skip
    wanted = np.sqrt(11 / 12 * np.sum((np.array(left) - np.mean(left)) ** 2))
    assert fit.with_cov("jackknife").bse["price"] == pytest.approx(wanted, rel=1e-6)


def test_bootstrap_draws_sets():
    found = jg.bootstrap(jg.glm("choice ~ price", FRAME, family="conditional_logit", sets="trip"), 200, seed=1)
    assert np.std(found.params[:, 0]) == pytest.approx(FIT.bse["price"], rel=0.25)


def test_tests_and_limits():
    small = jg.glm("choice ~ price + time", FRAME, family="conditional_logit", sets="trip")
    test = small.lr_test(FIT)
    assert test.statistic == pytest.approx(2 * (FIT.llf - small.llf), rel=1e-9)
    assert test.df == 3
    assert FIT.drop_one().row("C(mode)")["chi2"] == pytest.approx(test.statistic, rel=1e-7)
    with pytest.raises(ValueError, match="reversed"):
        FIT.lr_test(small)
    rao = jg.anova(small, FIT, test="rao")["rao"][-1]
    assert rao == pytest.approx(FIT.drop_one("rao").row("C(mode)")["rao"], rel=1e-7)
    wald = FIT.wald_test("price = 0")
    assert wald.statistic == pytest.approx(FIT.tvalues["price"] ** 2, rel=1e-10)
    parts = by_hand(X[:, :2], FRAME["choice"].to_numpy(), FRAME["trip"].to_numpy())
    for limit in small.conf_int(method="profile")[0]:
        rest = minimize(lambda b: parts(np.array([limit, b[0]]))[0], [0.0], method="BFGS", options={"gtol": 1e-9})  # noqa: B023
        assert 2 * (small.llf + rest.fun) == pytest.approx(3.841458820694124, rel=1e-7)
    assert small.conf_int()[0, 1] == pytest.approx(small.params["price"] + 1.959963984540054 * small.bse["price"])


def test_score_tests():
    """Against the score and information by hand at the smaller model, and the likelihood ratio."""
    small = jg.glm("choice ~ price + time", FRAME, family="conditional_logit", sets="trip")
    test = small.score_test("C(mode)", FRAME)
    beta = np.concatenate([small.params, np.zeros(3)])
    _, slope, bend = by_hand(X, FRAME["choice"].to_numpy(), FRAME["trip"].to_numpy())(beta)
    assert test.statistic == pytest.approx(slope @ np.linalg.solve(bend, slope), rel=1e-7)
    assert test.df == 3
    assert test.statistic == pytest.approx(jg.anova(small, FIT, test="rao")["rao"][-1], rel=1e-7)
    columns = small.score_test(1e6 + X[:, 2:])
    assert columns.statistic == pytest.approx(test.statistic, rel=1e-6)
    with pytest.raises(ValueError, match=r"explains .*income.* already"):
        small.score_test("income", FRAME)  # constant within the sets
    with pytest.raises(ValueError, match=f"must have {len(FRAME)} rows"):
        small.score_test(np.ones(150))


def test_shares_explained():
    sizes = FRAME.groupby("trip")["trip"].transform("size")
    p, y = FIT.predict(which="prob"), FRAME["choice"] == 1
    null = -np.log(sizes[y]).sum()
    assert FIT.pseudo_r2() == pytest.approx(1 - FIT.llf / null, rel=1e-10)
    assert FIT.pseudo_r2("mcfadden_adjusted") == pytest.approx(1 - (FIT.llf - 5) / null, rel=1e-10)
    assert FIT.pseudo_r2("deviance") == pytest.approx(FIT.pseudo_r2(), rel=1e-10)
    assert FIT.pseudo_r2("cox_snell") == pytest.approx(1 - np.exp(-2 * (FIT.llf - null) / 150), rel=1e-10)
    assert FIT.pseudo_r2("tjur") == pytest.approx(p[y].mean() - p[~y].mean(), rel=1e-10)


def test_constants_within_sets_are_dropped_by_name():
    fit = jg.glm("choice ~ 1 + income + price + time + C(mode)", FRAME, family="conditional_logit", sets="trip")
    assert fit.aliased == ("income",)
    assert np.isnan(fit.params["income"])
    np.testing.assert_allclose(np.asarray(fit.params)[1:], FIT.params, rtol=1e-12)
    assert "constant within the sets" in str(fit.summary())
    with pytest.raises(ValueError, match="income"):
        jg.glm("choice ~ income + price", FRAME, family="conditional_logit", sets="trip", aliased="raise")
    with pytest.raises(ValueError, match="no column"):
        jg.glm("choice ~ income", FRAME, family="conditional_logit", sets="trip")


def test_predictions():
    p = FIT.predict(which="prob")
    eta = X @ np.asarray(FIT.params)
    size = np.exp(eta)
    np.testing.assert_allclose(p, size / pd.Series(size).groupby(FRAME["trip"]).transform("sum"), rtol=1e-12)
    np.testing.assert_array_equal(p, FIT.fittedvalues)
    np.testing.assert_allclose(FIT.predict(which="linear"), eta, rtol=1e-10)
    new = simulated(5)
    q = FIT.predict(new, "prob")
    np.testing.assert_allclose(pd.Series(q).groupby(new["trip"]).sum(), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(FIT.predict(new.drop(columns="trip"), "prob", sets=new["trip"].to_numpy()), q)
    hole = new.assign(price=np.where(np.arange(len(new)) == 0, np.nan, new["price"]))
    lost = (new["trip"] == new["trip"][0]).to_numpy()
    np.testing.assert_array_equal(np.isnan(FIT.predict(hole, "prob")), lost)
    arrays = jg.GLM(FRAME["choice"], X, family="conditional_logit", sets=FRAME["trip"]).fit()
    np.testing.assert_allclose(arrays.predict(X[:9], sets=FRAME["trip"][:9]), FIT.predict(FRAME.head(9)), rtol=1e-10)
    with pytest.raises(ValueError, match="pass sets="):
        arrays.predict(X[:9])
    with pytest.raises(ValueError, match="no column 'trip'"):
        FIT.predict(new.drop(columns="trip"))
    with pytest.raises(ValueError, match="which='prob'"):
        FIT.predict(new, "quantile", q=0.5)


def test_simulated_choices():
    """One row of each set, as often as its probability says."""
    drawn, p, sets = FIT.simulate(1, 4000), FIT.predict(which="prob"), FRAME["trip"].to_numpy()
    assert drawn.shape == (4000, len(FRAME))
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_array_equal(pd.DataFrame(drawn.T).groupby(sets).sum(), 1.0)
    z = (drawn.mean(axis=0) - p) / np.sqrt(p * (1 - p) / 4000)
    assert np.max(np.abs(z)) < 4.5
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.2)
    one, other = drawn[:, sets == "t0"], drawn[:, sets == "t1"]
    together = np.mean(one[:, 0] * other[:, 0]) - one[:, 0].mean() * other[:, 0].mean()
    assert abs(together) < 0.02  # sets are independent
    np.testing.assert_array_equal(FIT.simulate(1, 4000), drawn)
    again = jg.glm(FORMULA, FRAME.assign(choice=drawn[0]), family="conditional_logit", sets="trip")
    assert np.max(np.abs((np.asarray(again.params) - np.asarray(FIT.params)) / FIT.bse)) < 4


def test_simulated_choices_of_new_rows():
    new = simulated(5, largest=4)
    hole = new.assign(price=np.where(np.arange(len(new)) == 0, np.nan, new["price"]))
    lost = (new["trip"] == new["trip"][0]).to_numpy()
    drawn = FIT.simulate(2, 50, new=hole)
    np.testing.assert_array_equal(np.isnan(drawn), np.broadcast_to(lost, drawn.shape))
    whole = drawn[:, ~lost].T
    np.testing.assert_array_equal(pd.DataFrame(whole).groupby(new["trip"][~lost].to_numpy()).sum(), 1.0)
    by_label = FIT.simulate(2, 50, new=hole.drop(columns="trip"), sets=new["trip"].to_numpy())
    np.testing.assert_array_equal(by_label, drawn)
    far = pd.concat([new.head(1)] * 9, ignore_index=True).assign(trip="x", price=np.arange(9.0) * 500)
    np.testing.assert_array_equal(FIT.simulate(0, new=far)[0], [1, *[0] * 8])  # a larger set than any of the fit
    weighted = jg.glm("choice ~ price", FRAME, family="conditional_logit", sets="trip", weights="w")
    with pytest.raises(ValueError, match="nothing to draw from"):
        weighted.simulate(0)
    with pytest.raises(ValueError, match="is one row"):
        jg.glm("choice ~ price", FRAME, family="binomial").simulate(0, sets=FRAME["trip"])


def test_parametric_bootstrap_draws_choices():
    fit = jg.glm("choice ~ price + time", FRAME, family="conditional_logit", sets="trip")
    boot = jg.bootstrap(fit, 200, kind="parametric", seed=3)
    assert boot.n_failed == 0
    np.testing.assert_allclose(boot.bse, fit.bse, rtol=0.2)
    wild = jg.bootstrap(fit, 400, kind="wild", seed=3)
    np.testing.assert_allclose(wild.bse, fit.with_cov("HC0").bse, rtol=0.15)
    np.testing.assert_allclose(wild.wild.error, fit.with_cov("HC0").bse, rtol=1e-9)
    np.testing.assert_allclose(np.diff(wild.conf_int())[:, 0], 3.92 * fit.with_cov("HC0").bse, rtol=0.15)


def test_residuals():
    y, p, sets = FRAME["choice"].to_numpy(), FIT.predict(which="prob"), FRAME["trip"]
    np.testing.assert_allclose(FIT.resid("response"), y - p, rtol=0, atol=1e-15)
    np.testing.assert_allclose(FIT.resid("response") @ X, 0.0, atol=1e-8)  # the score of the fit
    np.testing.assert_allclose(FIT.resid("pearson"), (y - p) / np.sqrt(p * (1 - p)), rtol=1e-12)
    of_sets = pd.Series(np.where(y == 1, np.sqrt(-2 * np.log(p)), 0.0)).groupby(sets, sort=False).sum()
    np.testing.assert_allclose(FIT.resid("deviance"), of_sets, rtol=1e-12)
    assert np.sum(FIT.resid() ** 2) == pytest.approx(FIT.deviance, rel=1e-12)
    assert FIT.pearson_chi2 == pytest.approx(np.sum((y - p) ** 2 / p), rel=1e-12)
    weighted = jg.glm("choice ~ price", FRAME, family="conditional_logit", sets="trip", weights="w")
    q = weighted.predict(which="prob")
    wanted = np.sqrt(FRAME["w"]) * (y - q) / np.sqrt(q * (1 - q))
    np.testing.assert_allclose(weighted.resid("pearson"), wanted, rtol=1e-12)
    assert np.sum(weighted.resid() ** 2) == pytest.approx(weighted.deviance, rel=1e-12)
    for kind in ("quantile", "working", "anscombe", "studentized", "standardized_pearson"):
        with pytest.raises(ValueError, match=f"no '{kind}' residuals of choices.*response, pearson, deviance"):
            FIT.resid(kind)
    with pytest.raises(ValueError, match="unknown kind"):
        FIT.resid("residual")


def test_pearson_residuals_of_simulated_choices_have_variance_one():
    p = FIT.predict(which="prob")
    drawn = FIT.simulate(4, 2000)
    r = (drawn - p) / np.sqrt(p * (1 - p))
    assert np.mean(r**2) == pytest.approx(1.0, abs=0.02)
    assert np.abs(np.mean(r)) < 0.01


def test_augment_and_linear_predictor():
    table = FIT.augment()
    assert list(table.columns) == ["y", "fitted", "linear", "resid_response", "resid_pearson"]
    np.testing.assert_array_equal(table["y"], FRAME["choice"])
    np.testing.assert_allclose(table["linear"], X @ np.asarray(FIT.params), rtol=1e-10)
    np.testing.assert_array_equal(table["fitted"], FIT.fittedvalues)


def without_each_set(frame, formula="choice ~ price + time"):
    """Labels of the sets, the whole fit, and the fits without each of them."""
    fit = jg.glm(formula, frame, family="conditional_logit", sets="trip")
    names = pd.unique(frame["trip"])
    rest = [frame[frame["trip"] != name] for name in names]
    return names, fit, [jg.glm(formula, part, family="conditional_logit", sets="trip") for part in rest]


SMALL = simulated(16)
NAMES, WHOLE, WITHOUT = without_each_set(SMALL)


def test_exact_influence_is_that_of_refits():
    at = WHOLE.get_influence(exact=True)
    left = np.stack([np.asarray(f.params) for f in WITHOUT])
    np.testing.assert_allclose(at.params, left, rtol=0, atol=1e-7)
    np.testing.assert_allclose(at.dfbeta, np.asarray(WHOLE.params) - left, rtol=0, atol=1e-7)
    np.testing.assert_allclose(at.dfbetas, at.dfbeta / np.asarray(WHOLE.bse), rtol=1e-12)
    bend = by_hand(SMALL[["price", "time"]].to_numpy(), SMALL["choice"].to_numpy(), SMALL["trip"].to_numpy())
    information = bend(np.asarray(WHOLE.params))[2]
    step = np.asarray(WHOLE.params) - left
    np.testing.assert_allclose(at.cooks_distance, np.einsum("ni,ij,nj->n", step, information, step) / 2, rtol=1e-5)


def test_one_step_influence_of_sets():
    """Newton's step from the estimates for the likelihood without the set; leverages are shares of the coefficients."""
    at, parts = WHOLE.get_influence(), by_hand
    beta, Z = np.asarray(WHOLE.params), SMALL[["price", "time"]].to_numpy()
    y, sets = SMALL["choice"].to_numpy(), SMALL["trip"].to_numpy()
    whole = parts(Z, y, sets)(beta)[2]
    for i, name in enumerate(NAMES):
        out = sets != name
        _, slope, bend = parts(Z[out], y[out], sets[out])(beta)
        step = np.linalg.solve(bend, slope)  # of minus the log-likelihood: theta less theta without the set
        np.testing.assert_allclose(at.dfbeta[i], step, rtol=1e-7, atol=1e-10)
        assert at.hat[i] == pytest.approx(np.trace(np.linalg.solve(whole, whole - bend)), rel=1e-8)
        assert at.cooks_distance[i] == pytest.approx(step @ whole @ step / 2, rel=1e-7)
    assert np.sum(at.hat) == pytest.approx(2.0, rel=1e-9)
    exact = WHOLE.get_influence(exact=True)
    assert np.corrcoef(at.dfbeta.ravel(), exact.dfbeta.ravel())[0, 1] > 0.95
    table = at.summary_frame()
    assert list(table.columns) == ["trip", "hat", "cooks_distance", "dfbetas[price]", "dfbetas[time]"]
    assert list(table["trip"]) == list(NAMES)
    for name in ("dffits", "resid_studentized", "resid_standardized_pearson"):
        with pytest.raises(ValueError, match="sets of rows"):
            getattr(at, name)


def test_influence_counts_sets():
    """A set of frequency 2 is left out once; one of weight 0 does not count."""
    times = SMALL["trip"].map(dict(zip(NAMES, [2, 0, *[1] * 14], strict=True)))
    fit = jg.glm("choice ~ price + time", SMALL, family="conditional_logit", sets="trip", freq_weights=times)
    at = fit.get_influence(exact=True)
    assert np.isnan(at.hat[1])
    assert np.sum(at.hat * np.array([2, 0, *[1] * 14]), where=~np.isnan(at.hat)) == pytest.approx(2.0, rel=1e-9)
    once = jg.glm("choice ~ price + time", SMALL[SMALL["trip"] != NAMES[1]], family="conditional_logit", sets="trip")
    np.testing.assert_allclose(at.params[0], once.params, atol=1e-7)


def test_leave_one_out_of_sets():
    exact, fast, mixed = (WHOLE.loo(m) for m in ("exact", "approximate", "mixed"))
    y, wanted = (SMALL["choice"] == 1).to_numpy(), []
    for name, fit in zip(NAMES, WITHOUT, strict=True):
        mine = (SMALL["trip"] == name).to_numpy()
        wanted.append(float(np.log(fit.predict(SMALL[mine], "prob")[y[mine]])[0]))
    np.testing.assert_allclose(exact.log_score, wanted, rtol=0, atol=1e-6)
    assert exact.elpd == pytest.approx(np.sum(wanted), abs=1e-5)
    assert np.all(exact.refitted)
    sure = ~fast.doubtful
    np.testing.assert_allclose(fast.log_score[sure], np.array(wanted)[sure], atol=0.2)
    np.testing.assert_allclose(mixed.log_score[mixed.refitted], np.array(wanted)[mixed.refitted], atol=1e-6)
    np.testing.assert_allclose(fast.in_sample.sum(), WHOLE.llf, rtol=1e-10)
    assert list(exact.summary_frame()["trip"]) == list(NAMES)
    large = jg.glm(FORMULA, FRAME, family="conditional_logit", sets="trip")
    small = jg.glm("choice ~ time", FRAME, family="conditional_logit", sets="trip")
    table = jg.compare({"small": small, "large": large}, looic=True)
    assert list(table["model"]) == ["large", "small"]
    assert np.all(np.abs(table["looic"] - table["aic"]) < 3)


def test_jackknife_of_sets():
    found = jg.jackknife(WHOLE)
    left = np.stack([np.asarray(f.params) for f in WITHOUT])
    np.testing.assert_allclose(found.params, left, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.bse, np.sqrt(15 / 16 * np.sum((left - left.mean(axis=0)) ** 2, axis=0)), rtol=1e-5)
    pairs = SMALL["trip"].map({name: i // 2 for i, name in enumerate(NAMES)}).to_numpy()
    assert len(jg.jackknife(WHOLE, groups=pairs).params) == 8
    with pytest.raises(ValueError, match="groups must be the same in all rows of a set"):
        jg.jackknife(WHOLE, groups=np.arange(len(SMALL)))


def test_cross_validation_by_sets():
    found = jg.cv(WHOLE, folds=16, seed=2)  # as many as sets: leave-one-out
    np.testing.assert_allclose(found.scores[0], WHOLE.loo("exact").log_score, rtol=0, atol=1e-6)
    assert found.fold.shape == (1, 16)
    y = (SMALL["choice"] == 1).to_numpy()
    for name, fit in zip(NAMES[:3], WITHOUT, strict=False):
        mine = (SMALL["trip"] == name).to_numpy()
        np.testing.assert_allclose(found.mu[0, mine], fit.predict(SMALL[mine], "prob"), atol=1e-6)
    assert found.total == pytest.approx(np.sum(np.log(found.mu[0, y])), rel=1e-9)
    brier = jg.cv(WHOLE, folds=16, seed=2, score=lambda y, p: (y - p) ** 2)
    wanted = pd.Series((y - found.mu[0]) ** 2).groupby(SMALL["trip"], sort=False).sum()
    np.testing.assert_allclose(brier.scores[0], wanted, rtol=1e-9)
    deviance = jg.cv(WHOLE, folds=16, seed=2, score="deviance")
    np.testing.assert_allclose(deviance.scores, -2 * found.scores, rtol=1e-9)
    pairs = SMALL["trip"].map({name: i // 2 for i, name in enumerate(NAMES)}).to_numpy()
    fold = jg.cv(WHOLE, folds=4, groups=pairs).fold[0]
    np.testing.assert_array_equal(fold[::2], fold[1::2])
    with pytest.raises(ValueError, match="number of sets, 16"):
        jg.cv(WHOLE, folds=17)


def test_cross_validation_prefers_the_larger_model():
    small = jg.glm("choice ~ time", FRAME, family="conditional_logit", sets="trip")
    assert jg.cv(FIT, folds=5, repeats=2).mean > jg.cv(small, folds=5, repeats=2).mean > np.log(0.25)


# ---------------------------------------------------------------- effects


MIXED = "choice ~ np.log(price + 9) + time + price:time + C(mode) + income:C(mode)"
RICH = jg.glm(MIXED, FRAME, family="conditional_logit", sets="trip")


def chances(theta, frame):
    """Probabilities of the rows at these coefficients, by the design of the formula alone."""
    eta = np.nan_to_num(RICH.frame.encode(frame)[0]) @ theta
    size = np.exp(eta - eta.max())
    return size / np.bincount(CODES, weights=size)[CODES]


CODES = pd.factorize(FRAME["trip"])[0]
THETA = np.nan_to_num(np.asarray(RICH.params))


def moved(frame, name, change, theta=THETA, whole=False):
    """The probability of each row where its own value is changed, the other rows of its set kept; or those of all."""
    changed = frame.assign(**{name: change(frame[name])})
    if whole:
        return chances(theta, changed)
    X, Z = (np.nan_to_num(RICH.frame.encode(f)[0]) for f in (frame, changed))
    own, base = np.exp(Z @ theta), np.exp(X @ theta)
    return own / (np.bincount(CODES, weights=base)[CODES] - base + own)


def judged(table, function, root=None):
    """Estimates and standard errors (by a numerical Jacobian) of a function of the coefficients."""
    present = ~np.isnan(np.asarray(RICH.params))
    step = 1e-6 * np.eye(len(THETA))[present]
    slopes = np.stack([(function(THETA + d) - function(THETA - d)) / 2e-6 for d in step])
    covariance = np.asarray(RICH.cov_params())[np.ix_(present, present)]
    np.testing.assert_allclose(table["estimate"], function(THETA), rtol=1e-6, atol=1e-9)
    se = np.sqrt(np.einsum("im,ij,jm->m", slopes, covariance, slopes))
    np.testing.assert_allclose(table["std_error"], se, rtol=1e-5, atol=1e-9)


def by_mode(values):
    return pd.Series(values).groupby(FRAME["mode"]).mean().to_numpy()


def test_predictions_with_errors():
    judged(RICH.predictions(), lambda t: chances(t, FRAME))
    np.testing.assert_allclose(RICH.predictions()["estimate"], RICH.predict(which="prob"), rtol=1e-12)
    judged(RICH.avg_predictions(by="mode"), lambda t: by_mode(chances(t, FRAME)))
    whole = RICH.avg_predictions()
    assert whole["estimate"][0] == pytest.approx(150 / len(FRAME), rel=1e-12)  # known: one is chosen in each set
    assert whole["std_error"][0] == pytest.approx(0.0, abs=1e-12)
    held = RICH.avg_predictions(variables={"price": [-1.0, 1.0]})
    judged(held, lambda t: np.array([moved(FRAME, "price", lambda x, v=v: 0 * x + v, t).mean() for v in (-1.0, 1.0)]))
    assert held["estimate"][0] > held["estimate"][1]
    linear = RICH.predictions(scale="link")
    np.testing.assert_allclose(linear["estimate"], RICH.predict(which="linear"), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(RICH.predictions(parameter="utility")["std_error"], linear["std_error"], rtol=1e-12)


def test_slopes_are_of_the_own_column():
    def slope(t):
        h = 1e-5
        return (moved(FRAME, "price", lambda x: x + h, t) - moved(FRAME, "price", lambda x: x - h, t)) / (2 * h)

    rows = RICH.slopes("price")
    np.testing.assert_allclose(rows["estimate"], slope(THETA), rtol=1e-4, atol=1e-8)
    table = RICH.avg_slopes("price", by="mode")
    np.testing.assert_allclose(table["estimate"], by_mode(slope(THETA)), rtol=1e-6, atol=1e-8)
    present = ~np.isnan(np.asarray(RICH.params))
    step = 1e-4 * np.eye(len(THETA))[present]
    jacobian = np.stack([by_mode(slope(THETA + d) - slope(THETA - d)) / 2e-4 for d in step])
    covariance = np.asarray(RICH.cov_params())[np.ix_(present, present)]
    np.testing.assert_allclose(table["std_error"], np.sqrt(np.diagonal(jacobian.T @ covariance @ jacobian)), rtol=1e-4)
    p, b = FIT.predict(which="prob"), FIT.params["price"]
    plain = FIT.avg_slopes("price")
    assert plain["estimate"][0] == pytest.approx(np.mean(p * (1 - p)) * b, rel=1e-10)  # what the formula says
    assert FIT.avg_slopes("price", scale="link")["estimate"][0] == pytest.approx(b, rel=1e-10)


def test_comparisons_change_one_alternative():
    table = RICH.avg_comparisons({"price": 2.0}, by="mode")
    change = lambda t: by_mode(moved(FRAME, "price", lambda x: x + 1, t) - moved(FRAME, "price", lambda x: x - 1, t))  # noqa: E731
    judged(table, change)
    found = RICH.avg_comparisons("mode")
    levels = [moved(FRAME, "mode", lambda x, v=v: v).mean() for v in ("air", "bus", "car", "rail")]
    np.testing.assert_allclose(found["estimate"], np.array(levels[1:]) - levels[0], rtol=1e-9)
    np.testing.assert_allclose(RICH.contrasts("mode", method="reference")["estimate"], found["estimate"], rtol=1e-12)
    ratio = RICH.avg_comparisons("mode", contrast="ratio")
    np.testing.assert_allclose(ratio["estimate"], np.array(levels[1:]) / levels[0], rtol=1e-9)
    with pytest.raises(ValueError, match="balanced grid"):
        RICH.contrasts("mode", margins="balanced")


def test_what_tells_of_the_chooser_changes_in_the_whole_set():
    up, down = (moved(FRAME, "income", lambda x, h=h: x + h, whole=True) for h in (1e-5, -1e-5))
    slope = (up - down) / 2e-5
    rows = RICH.slopes("income")
    np.testing.assert_allclose(rows["estimate"], slope, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(rows["estimate"].groupby(FRAME["trip"]).sum(), 0.0, atol=1e-12)
    table = RICH.avg_comparisons({"income": 1.0}, by="mode")
    ends = [lambda t, s=s: moved(FRAME, "income", lambda x: x + s / 2, t, whole=True) for s in (1, -1)]
    judged(table, lambda t: by_mode(ends[0](t) - ends[1](t)))
    assert RICH.avg_slopes("income")["estimate"][0] == pytest.approx(0.0, abs=1e-12)  # a set's probabilities sum to 1


def test_effects_of_new_sets_and_arrays():
    new = simulated(5)
    found = RICH.predictions(new=new)
    np.testing.assert_allclose(found["estimate"], RICH.predict(new, "prob"), rtol=1e-12)
    by_label = RICH.avg_slopes("price", new=new.drop(columns="trip"), sets=new["trip"].to_numpy())
    np.testing.assert_array_equal(by_label["estimate"], RICH.avg_slopes("price", new=new)["estimate"])
    larger = FRAME.head(40).assign(trip="one")  # more alternatives than any set of the fit
    np.testing.assert_allclose(RICH.predictions(new=larger)["estimate"], RICH.predict(larger, "prob"), rtol=1e-12)
    arrays = jg.GLM(FRAME["choice"], X, family="conditional_logit", sets=FRAME["trip"]).fit()
    np.testing.assert_allclose(arrays.avg_slopes("x0")["estimate"], FIT.avg_slopes("price")["estimate"], rtol=1e-9)
    same = arrays.avg_slopes("x0", new=X, sets=FRAME["trip"])
    np.testing.assert_allclose(same["std_error"], FIT.avg_slopes("price")["std_error"], rtol=1e-6)
    with pytest.raises(ValueError, match="pass sets="):
        arrays.avg_slopes("x0", new=X)
    with pytest.raises(ValueError, match="sets must not be missing; 1 of"):
        RICH.predictions(new=new.assign(trip=new["trip"].where(new.index > 0)))
    with pytest.raises(ValueError, match="is one row"):
        jg.glm("choice ~ price", FRAME, family="binomial").avg_predictions(sets=FRAME["trip"])


def test_effects_count_sets_with_their_frequency_and_offset():
    fit = jg.glm("choice ~ price + time", FRAME, family="clogit", sets="trip", freq_weights="w", offset="income")
    plain = jg.glm("choice ~ price + time", FRAME, family="clogit", sets="trip", weights="w")
    rows = fit.slopes("price")["estimate"]
    assert fit.avg_slopes("price")["estimate"][0] == pytest.approx(np.average(rows, weights=FRAME["w"]), rel=1e-10)
    assert plain.avg_slopes("price")["estimate"][0] == pytest.approx(np.mean(rows), rel=1e-8)
    known = jg.glm("choice ~ time + offset(-price)", FRAME, family="clogit", sets="trip")
    p = known.predict(which="prob")
    assert known.avg_slopes("time")["estimate"][0] == pytest.approx(np.mean(p * (1 - p)) * known.params["time"])


def test_a_choice_among_the_same_alternatives_is_a_multinomial_response():
    """With a constant and a slope of what tells of the chooser for each of them: everything agrees."""
    n, z, z2 = 120, rng.normal(size=120), rng.normal(size=120)
    utility = np.column_stack([0 * z, 0.4 + 0.8 * z, -0.5 * z + 0.3 * z2]) + rng.gumbel(size=(n, 3))
    wide = pd.DataFrame({"y": np.array(["a", "b", "c"])[utility.argmax(axis=1)], "z": z, "z2": z2})
    long = wide.loc[wide.index.repeat(3)].reset_index(names="who").assign(alt=np.tile(["a", "b", "c"], n))
    long["taken"] = (long["alt"] == long["y"]).astype(int)
    theirs = jg.glm("y ~ z + z2", wide, family="multinomial")
    ours = jg.glm("taken ~ C(alt) + z:C(alt) + z2:C(alt)", long, family="conditional_logit", sets="who")
    assert ours.llf == pytest.approx(theirs.llf, rel=1e-12)
    effects = {"avg_slopes": "z", "avg_predictions": None, "avg_comparisons": {"z2": (-1, 2)}}
    for name, variables in effects.items():
        one = getattr(ours, name)(by="alt", variables=variables)
        other = getattr(theirs, name)(variables=variables)
        assert list(one["alt"]) == list(other["class"])
        for column in ("estimate", "std_error", "conf_low"):
            np.testing.assert_allclose(one[column], other[column], rtol=1e-7)
    held = ours.avg_predictions(by="alt", variables={"z": [-1.0, 0.0, 1.0]}).sort_values(["alt", "z"])
    other = theirs.avg_predictions(variables={"z": [-1.0, 0.0, 1.0]}).sort_values(["class", "z"])
    np.testing.assert_allclose(held["std_error"], other["std_error"], rtol=1e-7)
    np.testing.assert_allclose(ours.resid("deviance"), theirs.resid("deviance"), rtol=1e-9)
    assert ours.pearson_chi2 == pytest.approx(theirs.pearson_chi2, rel=1e-9)
    for exact in (False, True):
        mine, that = ours.get_influence(exact=exact), theirs.get_influence(exact=exact)
        np.testing.assert_allclose(mine.hat, that.hat, rtol=1e-8)
        np.testing.assert_allclose(mine.cooks_distance, that.cooks_distance, rtol=1e-5)
    np.testing.assert_allclose(ours.loo().log_score, theirs.loo().log_score, rtol=1e-8)
    np.testing.assert_allclose(jg.cv(ours, seed=4).scores, jg.cv(theirs, seed=4).scores, rtol=1e-6)


def test_a_missing_value_is_that_of_its_set():
    new = simulated(4)
    hole = new.assign(price=np.where(np.arange(len(new)) == 0, np.nan, new["price"]))
    lost = (new["trip"] == new["trip"][0]).to_numpy()
    for table in (RICH.predictions(new=hole), RICH.slopes("time", new=hole)):
        np.testing.assert_array_equal(np.isnan(table["estimate"]), lost)
        np.testing.assert_array_equal(np.isnan(table["std_error"]), lost)


def test_pictures_of_effects():
    data = jg.plot.effects_data(RICH, "price", points=5)
    assert np.all(np.diff(data["estimate"]) < 0)
    assert np.all((data["low"] < data["estimate"]) & (data["estimate"] < data["high"]))


def test_save_and_load(tmp_path):
    FIT.save(tmp_path / "fit.npz")
    again = jg.load(tmp_path / "fit.npz")
    np.testing.assert_array_equal(again.params, FIT.params)
    np.testing.assert_array_equal(again.predict(FRAME, "prob"), FIT.predict(FRAME, "prob"))
    assert str(again.summary()) == str(FIT.summary())


def test_tables():
    text = str(FIT.summary())
    assert "Conditional logit regression" in text
    assert "Observations  150" in text
    tidy = FIT.tidy(exponentiate=True)
    np.testing.assert_allclose(tidy["estimate"], np.exp(FIT.params))
    assert FIT.glance()["nobs"].iloc[0] == 150


def test_separated_choices():
    perfect = FRAME.assign(price=FRAME["choice"] + 0.01 * FRAME["time"])
    with pytest.warns(jg.FitWarning):
        fit = jg.glm("choice ~ price", perfect, family="conditional_logit", sets="trip")
    assert fit.status.name == "SEPARATED"
    assert fit.separation().columns == ("price",)
    assert "price (+)" in fit.message
    np.testing.assert_array_equal(fit.separation().rows, np.flatnonzero(FRAME["choice"] == 0))


def test_a_level_that_is_always_chosen():
    always = FRAME.assign(choice=0)
    first = always.assign(car=FRAME["mode"] == "car").groupby("trip")["car"].transform("any")
    picks = np.where(first, FRAME["mode"] == "car", FRAME["choice"] == 1)
    with pytest.warns(jg.FitWarning, match=r"infinity: .*C\(mode\)\[T.car\] \(\+\)"):
        fit = jg.glm("choice ~ price + C(mode)", FRAME.assign(choice=picks.astype(int)), family="clogit", sets="trip")
    found = fit.separation()
    assert found.columns == ("C(mode)[T.car]",)
    np.testing.assert_array_equal(found.rows, np.flatnonzero(first & (FRAME["mode"] != "car")))


def test_other_frames():
    fit = jg.glm(FORMULA, polars.from_pandas(FRAME), family="conditional_logit", sets="trip")
    np.testing.assert_allclose(fit.params, FIT.params, rtol=1e-12)
    dot = jg.glm("choice ~ .", FRAME[["trip", "choice", "price", "time"]], family="conditional_logit", sets="trip")
    assert list(dot.names) == ["price", "time"]


# ---------------------------------------------------------------- what users get wrong


def test_missing_values_drop_their_sets():
    hole = FRAME.copy()
    hole.loc[5, "price"] = np.nan
    hole.loc[hole["trip"] == "t3", "trip"] = None
    lost = (FRAME["trip"] == FRAME["trip"][5]) | (FRAME["trip"] == "t3")
    fit = jg.glm(FORMULA, hole, family="conditional_logit", sets="trip")
    whole = jg.glm(FORMULA, FRAME[~lost], family="conditional_logit", sets="trip")
    np.testing.assert_allclose(fit.params, whole.params, rtol=0, atol=1e-12)
    assert (fit.n_dropped, fit.nobs) == (lost.sum(), whole.nobs)
    holed = X.copy()
    holed[5, 0] = np.nan
    with pytest.raises(ValueError, match="missing"):
        jg.GLM(FRAME["choice"], holed, family="conditional_logit", sets=FRAME["trip"])
    arrays = jg.GLM(FRAME["choice"], holed, family="conditional_logit", sets=FRAME["trip"], missing="drop").fit()
    assert arrays.n_dropped == (FRAME["trip"] == FRAME["trip"][5]).sum()
    everywhere = FRAME.assign(price=np.where(FRAME["choice"] == 1, np.nan, FRAME["price"]))
    with pytest.raises(ValueError, match="no complete set is left: each of the 150 sets"):
        jg.glm(FORMULA, everywhere, family="conditional_logit", sets="trip")


def with_choice(row_of_set, value):
    changed = FRAME.copy()
    changed.loc[(changed["trip"] == "t4") & (changed["choice"] == row_of_set), "choice"] = value
    return changed


ALONE = FRAME[(FRAME["trip"] != "t4") | (FRAME["choice"] == 1)]
WRONG = {
    "none chosen": (with_choice(1, 0), {}, r"exactly one row with choice = 1; set 't4' has 0 \(1 of 150 sets"),
    "two chosen": (with_choice(0, 1), {}, r"exactly one row with choice = 1; set 't4' has [234]"),
    "no choice": (ALONE, {}, r"a set of one row is no choice; set 't4' has one row \(1 of 150"),
    "a count": (with_choice(1, 2), {}, r"must be 1 for the alternative that was chosen .* 1 of \d+ rows have"),
    "wrong length": (FRAME, {"sets": np.arange(7)}, r"sets must be a label for each of the \d+ rows.*\(7,\)"),
    "no sets": (FRAME, {"sets": None}, r"ConditionalLogit needs sets="),
    "no such column": (FRAME, {"sets": "tripp"}, r"no column 'tripp'.* Did you mean 'trip'"),
    "another family": (FRAME, {"family": "binomial"}, r"sets= is for choices .*Binomial is one row"),
    "weights that differ": (FRAME, {"weights": "price"}, r"weights must be"),
    "weights within": (FRAME.assign(v=np.arange(len(FRAME))), {"weights": "v"}, r"weights must be the same in all"),
    "a penalty": (FRAME, {"penalty": "jeffreys"}, r"penalty= is not available for ConditionalLogit"),
    "trials": (FRAME, {"trials": "w"}, r"successes must not exceed|takes one response"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors(case):
    frame, changes, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        jg.glm(FORMULA, frame, **{"family": "conditional_logit", "sets": "trip"} | changes)


def test_sets_are_asked_for():
    with pytest.raises(ValueError, match="ConditionalLogit needs sets="):
        jg.fit_batch("conditional_logit", X, np.stack([FRAME["choice"]] * 2))
    with pytest.raises(ValueError, match="ConditionalLogit needs sets="):
        jg.glm("choice ~ price", FRAME, family="conditional_logit", by="mode")
    with pytest.raises(ValueError, match="one row"):
        jg.glm("choice ~ price", FRAME, family="binomial").predict(sets=FRAME["trip"])


REFUSED = {
    "calibration": lambda f: f.calibration(),
    "collinearity": lambda f: f.collinearity(),
    "overdispersion": lambda f: f.overdispersion_test(),
    "zero inflation": lambda f: f.zero_inflation_test(),
    "null model": lambda f: f.null_model(),
    "get_prediction": lambda f: f.get_prediction(),
    "permutation": lambda f: jg.permutation_test(f, "price", n=9),
    "scan": lambda f: jg.score_scan(f, FRAME[["income"]].to_numpy()),
    "influence picture": lambda f: jg.plot.influence_data(f),
    "rootogram": lambda f: jg.plot.rootogram_data(f),
    "residual panel": lambda f: jg.plot.residual_panel_data(f),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_of_single_rows_refuses(what):
    with pytest.raises(ValueError, match="those of ConditionalLogit are sets of rows"):
        REFUSED[what](FIT)
