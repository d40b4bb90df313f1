"""Tests of hypotheses against statsmodels, refits by hand and finite differences, also for a family made here."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import jaxglm as jg
from jaxglm.inference import log_chi2, log_f, log_two_sided
from jaxglm.testing.hypothesis import parse
from jaxglm.testing.restricted import without
from jaxglm.testing.score import quadratic
from jaxglm.testing.vuong import row_logliks

# ---------------------------------------------------------------- tails


def chi2_tail(s, df):
    """log P(chi2 > s) to 60 digits."""
    with mp.workdps(60):
        a, x = mp.mpf(df) / 2, mp.mpf(s) / 2
        below = mp.gammainc(a, 0, x, regularized=True)
        return mp.log1p(-below) if below < 0.5 else mp.log(mp.gammainc(a, x, mp.inf, regularized=True))


def f_tail(f, d1, d2):
    """log P(F > f) to about 50 digits: the incomplete beta function as a hypergeometric series."""
    with mp.workdps(80):
        a, b, f = mp.mpf(d2) / 2, mp.mpf(d1) / 2, mp.mpf(f)
        y, rest = a / (a + b * f), b * f / (a + b * f)
        if rest * (a + b) < b:  # the other tail, which is small
            return mp.log1p(-_series(b, a, rest, y))
        return mp.log(_series(a, b, y, rest))


def _series(a, b, y, rest):
    front = mp.exp(a * mp.log(y) + b * mp.log(rest) - mp.log(a * mp.beta(a, b)))
    return front * mp.hyp2f1(a + b, 1, a + 1, y)


def error(value, exact) -> float:
    return float(abs((mp.mpf(float(value)) - exact) / exact))


@pytest.mark.parametrize("df", [0.7, 1, 2, 3, 10, 39.9, 40, 41, 200, 1000])
def test_chi_squared_to_1e_minus_1000(df):
    sizes = [0.9 * df, df, 2 * df, df + 50, df + 200, df + 900, df + 1100, df + 2300, df + 5500, 1e6]
    got = log_chi2(sizes, df)
    assert max(error(g, chi2_tail(s, df)) for g, s in zip(got, sizes, strict=True)) < 3e-13
    assert got[-2] < -1000 * np.log(10) or df == 1000


@pytest.mark.parametrize("df", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("df_denom", [1, 3, 19, 41, 1000, 1e4])
def test_f_to_1e_minus_1000(df, df_denom):
    sizes = [1e-3, 0.5, 1, 2, 5, 30, 300, 3e4, 1e8, 1e50, 1e150, 1e300]
    exact = [f_tail(f, df, df_denom) for f in sizes]
    assert max(error(g, e) for g, e in zip(log_f(sizes, df, df_denom), exact, strict=True)) < 3e-13
    assert min(exact) < -1000 * np.log(10) or df_denom < 10


def test_tails_agree_where_they_are_one():
    z = np.array([1e-6, 0.3, 1, 5, 37, 60, 1e3])
    np.testing.assert_allclose(log_chi2(z**2, 1), log_two_sided(z), rtol=1e-13)
    np.testing.assert_allclose(log_f(z**2, 1, 7.5), log_two_sided(z, 7.5), rtol=1e-13)
    np.testing.assert_array_equal(log_f(z, 3, np.inf), log_chi2(3 * z, 3))
    np.testing.assert_allclose(log_f(z, 3, 1e12), log_chi2(3 * z, 3), rtol=1e-5)


def test_tails_at_the_edges():
    np.testing.assert_array_equal(log_chi2([0, np.inf, np.nan, -1, 1], [2, 2, 2, 2, 0]), [0, -np.inf] + [np.nan] * 3)
    np.testing.assert_array_equal(log_f([0, np.inf, np.nan, 1], 2, [3, 3, 3, -1]), [0, -np.inf, np.nan, np.nan])


# ---------------------------------------------------------------- data and fits


N = 90
RNG = np.random.default_rng(7)
DATA = pd.DataFrame(dict(x=RNG.normal(size=N), z=RNG.normal(size=N), g=RNG.choice(list("abc"), N),
                         w=RNG.integers(1, 4, N).astype(float), off=RNG.normal(size=N) * 0.1))  # fmt: skip
MEAN = np.exp(0.8 + 0.3 * DATA.x - 0.1 * DATA.z + 0.4 * (DATA.g == "c") + DATA.off)
DATA["count"] = RNG.poisson(MEAN).astype(float)
DATA["over"] = RNG.negative_binomial(2, 2 / (2 + MEAN)).astype(float)
DATA["gauss"] = np.log(MEAN) + RNG.normal(size=N)
DATA["gam"] = RNG.gamma(2, MEAN / 2)
RIGHT = "x + z + C(g)"


def logistic(y, m, s):
    """Log-density of the logistic distribution: a user's family, no exponential dispersion model."""
    t = (y - m.value) / s.value
    return -t - s.log - 2 * jnp.logaddexp(0.0, -t)


LOGISTIC = jg.Family.from_loglik(logistic, m=jg.Identity(), s=jg.Log())


class Model(NamedTuple):
    response: str
    family: Any
    options: dict


MODELS = {
    "poisson": Model("count", "poisson", {}),
    "poisson, weights and offset": Model("count", "poisson", dict(weights="w", offset="off")),
    "gaussian": Model("gauss", "gaussian", {}),
    "gamma": Model("gam", jg.Gamma(mu=jg.Log()), dict(freq_weights="w")),
    "negbin": Model("over", "negbin", {}),
    "logistic": Model("gauss", LOGISTIC, {}),
}
every_model = pytest.mark.parametrize("name", MODELS)
FITS: dict = {}


def fit(name: str, right: str = RIGHT, **more) -> Any:
    """A fit, made once."""
    key = (name, right, *sorted(more.items()))
    if key not in FITS:
        model = MODELS[name]
        options: dict[str, Any] = dict(family=model.family, **model.options) | more
        FITS[key] = jg.glm(f"{model.response} ~ {right}", DATA, **options)
    return FITS[key]


# ---------------------------------------------------------------- Wald

THEIRS = {"poisson": sm.families.Poisson(), "gaussian": sm.families.Gaussian(),
          "gamma": sm.families.Gamma(sm.families.links.Log())}  # fmt: skip
MATRICES = ([[0, 1, -1, 0, 0]], [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
            [[1, 2, 0, 0, -0.5], [0, 0, 3, 0, 0], [0, 1, 1, 1, 0]])  # fmt: skip


@pytest.mark.parametrize("name", THEIRS)
def test_wald_is_that_of_statsmodels(name):
    ours = fit(name)
    weights = {"freq_weights": DATA.w} if name == "gamma" else {}
    theirs = sm.GLM(DATA[MODELS[name].response], ours.frame.X, family=THEIRS[name], **weights).fit(tol=1e-14)
    for matrix in MATRICES:
        value = np.arange(len(matrix)) * 0.1
        for use_f in (True, False):
            got, want = ours.wald_test((matrix, value), use_f=use_f), theirs.wald_test((matrix, value), use_f=use_f,
                                                                                       scalar=True)  # fmt: skip
            np.testing.assert_allclose([got.statistic, got.pvalue], [want.statistic, want.pvalue], rtol=1e-7)


@every_model
def test_wald_in_words_is_the_quadratic_form(name):
    """(R b - r)' (R V R')^-1 (R b - r) with the covariance that the fit shows, also under another one."""
    words = "x = z, 2*C(g)[T.b] - 3*(z + 1)/2 = -1 + x"
    for f in (fit(name), fit(name).with_cov("observed")):
        R = np.zeros((2, len(f.names)))
        R[0, 1:3], R[1, 1:4] = [1, -1], [-1, -1.5, 2]
        gap = R @ f.params - [0, 0.5]
        chi2 = gap @ np.linalg.solve(R @ f.cov_params() @ R.T, gap)
        test = f.wald_test(words)
        np.testing.assert_allclose(test.statistic, chi2 / (2 if f.use_t else 1), rtol=1e-10)
        tail = stats.f.sf(chi2 / 2, 2, f.df_resid) if f.use_t else stats.chi2.sf(chi2, 2)
        np.testing.assert_allclose(test.pvalue, tail, rtol=1e-9)


@every_model
def test_wald_of_one_coefficient_is_its_t(name):
    f = fit(name)
    for j, term in enumerate(f.names):
        test = f.wald_test(term)
        np.testing.assert_allclose([test.statistic, test.pvalue], [f.tvalues[j] ** 2, f.pvalues[j]], rtol=1e-8)


def test_terms_name_all_their_columns():
    f = fit("poisson", "x * C(g) + z")
    both = "C(g)[T.b] = 0, C(g)[T.c] = 0"
    assert f.wald_test("C(g)").statistic == f.wald_test(both).statistic == f.wald_test("C(g) = 0").statistic
    assert f.wald_test(["C(g)", "x:C(g)"]).df == f.wald_test("C(g), x:C(g)").df == 4
    assert f.wald_test("x:C(g)[T.b] = x:C(g)[T.c]").df == 1
    assert "x:C(g)[T.b] = 0" in f.wald_test("x:C(g)").hypothesis


def test_rows_that_say_the_same():
    f = fit("poisson")
    single, twice = f.wald_test("x = z"), f.wald_test("x = z, 2*x - 2*z = 0, z - x = 0")
    assert (twice.statistic, twice.df) == (single.statistic, 1)
    assert "Follows" in twice.notes[0]
    with pytest.raises(ValueError, match="contradicts itself: 'x = 2'"):
        f.wald_test("x = z, z = 1, x = 2")
    with pytest.raises(ValueError, match="restricts nothing"):
        f.wald_test("x = x")


def test_shared_parameters_by_name():
    f = fit("negbin")
    np.testing.assert_allclose(f.wald_test("log(alpha) = -0.5").statistic,
                               ((f.params["log(alpha)"] + 0.5) / f.bse["log(alpha)"]) ** 2, rtol=1e-10)  # fmt: skip


NAMES = ("Intercept", "x", "x1", "x 1", "phi: x", "log(alpha)", "C(g)[T.a-b]", "C(g)[T.a-b]:x", "x.1", "3", "a=b")


@pytest.mark.parametrize(("text", "row"), [
    ("x1 - x", {2: 1, 1: -1}), ("x 1 = 3", {3: 1, -1: -3}), ("phi: x = log(alpha)", {4: 1, 5: -1}),
    ("C(g)[T.a-b] - C(g)[T.a-b]:x = 0", {6: 1, 7: -1}), ("x.1*1e-1/2", {8: 0.05}), ("`3` = 3", {9: 1, -1: -3}),
    ("a=b = x", {10: 1, 1: -1}), ("-(x - 2)*3 + x1", {1: -3, 2: 1, -1: 6}), ("x=x1", {1: 1, 2: -1}),
])  # fmt: skip
def test_names_are_known_before_signs(text, row):
    wanted = np.zeros((1, len(NAMES) + 1))
    wanted[0, list(row)] = list(row.values())
    np.testing.assert_allclose(parse(text, {n: (j,) for j, n in enumerate(NAMES)}, len(NAMES)), wanted)


@pytest.mark.parametrize(("text", "message"), [
    ("xx = 0", "no coefficient or term 'xx'. Did you mean 'x'"), ("C(g)[T.z] = 0", r"'C\(g\)\[T.z\]'. Did you mean"),
    ("x:z", "no coefficient or term 'x:z'"), ("x * z", "not linear"), ("1 = 2", "has no coefficient"), ("x =", "ends"),
    ("(x", "not closed"), ("x z", "out of place"), ("1/x", "divided by"), ("", "ends"), ("`q`", "no coefficient"),
    ("2x", "no coefficient or term '2x'"),
])  # fmt: skip
def test_text_that_is_no_hypothesis(text, message):
    with pytest.raises(ValueError, match=message):
        fit("poisson").wald_test(text)


@pytest.mark.parametrize(("hypothesis", "value", "message"), [
    (np.eye(3), None, "needs 5 columns"), (np.eye(5), [1, 2], "one for each row"), (object(), None, "must be text"),
    (np.full((1, 5), np.nan), None, "finite"), ("x", 1.0, "write it into the hypothesis"),
])  # fmt: skip
def test_a_matrix_that_does_not_fit(hypothesis, value, message):
    with pytest.raises(ValueError, match=message):
        fit("poisson").wald_test(hypothesis, value=value)


def test_aliased_coefficients():
    f = fit("poisson", "x + z + I(x - z) + C(g)")
    with pytest.raises(ValueError, match=r"aliased: I\(x - z\)"):
        f.wald_test("I(x - z) = x")
    assert f.wald_test(["x", "I(x - z)"]).df == 1
    table = f.anova()
    assert table.row("I(x - z)")["df"] == 0
    assert np.isnan(table.row("I(x - z)")["p_value"])
    dropped = f.drop_one()
    assert dropped.row("x")["df"] == 0  # the aliased column takes its place
    np.testing.assert_allclose(dropped.row("C(g)")["chi2"], fit("poisson").drop_one().row("C(g)")["chi2"], rtol=1e-9)


# ---------------------------------------------------------------- likelihood ratio


@every_model
def test_likelihood_ratio_by_hand(name):
    small, large = fit(name, "x"), fit(name)
    test = small.lr_test(large)
    want: Any
    if large.use_t:
        F = (small.deviance - large.deviance) / 3 / large.dispersion
        want = F, 3, large.df_resid, stats.f.sf(F, 3, large.df_resid)
    else:
        chi2 = 2 * (large.llf - small.llf)
        want = chi2, 3, np.inf, stats.chi2.sf(chi2, 3)
    np.testing.assert_allclose([test.statistic, test.df, test.df_denom, test.pvalue], want, rtol=1e-8)
    assert jg.lr_test(small, large) == test


def test_f_of_gaussian_is_exact():
    """The F test of a linear model is the squared t of a coefficient, and the Wald test of several."""
    f = fit("gaussian")
    without_z = fit("gaussian", "x + C(g)")
    np.testing.assert_allclose(without_z.lr_test(f).statistic, f.tvalues["z"] ** 2, rtol=1e-10)
    np.testing.assert_allclose(f.wald_test("C(g)").statistic, fit("gaussian", "x + z").lr_test(f).statistic, rtol=1e-10)
    np.testing.assert_allclose(f.wald_test("C(g)").pvalue, f.drop_one().row("C(g)")["p_value"], rtol=1e-9)


def test_a_restriction_by_offset_is_nested():
    """z held at 0.5 through the offset: its likelihood ratio is that of the hypothesis z = 0.5."""
    held = fit("gaussian", "x + C(g) + offset(0.5 * z)")
    test = held.lr_test(fit("gaussian"))
    np.testing.assert_allclose(test.statistic, fit("gaussian").wald_test("z = 0.5").statistic, rtol=1e-9)


def test_likelihood_by_ml_counts_the_dispersion():
    small, large = (fit("gamma", right, dispersion="ml") for right in ("x", RIGHT))
    np.testing.assert_allclose(small.lr_test(large, test="chi2").statistic, 2 * (large.llf - small.llf), rtol=1e-9)
    np.testing.assert_allclose(large.anova("chi2")["minus_2_loglik"][-1], -2 * large.llf, rtol=1e-12)


def test_edge_of_the_parameter_space():
    small, large = fit("negbin", RIGHT, family="poisson"), fit("negbin")
    test = small.lr_test(large, edge=1)
    assert test.df == 1
    np.testing.assert_allclose(test.statistic, 2 * (large.llf - small.llf), rtol=1e-9)
    np.testing.assert_allclose(test.log_pvalue, np.log(0.5) + log_chi2(test.statistic, 1), rtol=1e-12)
    with pytest.raises(ValueError, match="edge=1"):
        small.lr_test(large)
    fixed = fit("negbin", family=jg.NegativeBinomial(alpha=jg.Fixed(0.5)))
    np.testing.assert_allclose(fixed.lr_test(large).statistic, 2 * (large.llf - fixed.llf), rtol=1e-8)
    assert fixed.lr_test(large).df == 1


def test_fits_that_are_not_nested():
    large, small = fit("poisson"), fit("poisson", "x")
    with pytest.raises(ValueError, match="order is reversed"):
        large.lr_test(small)
    with pytest.raises(ValueError, match="nothing to test"):
        large.lr_test(large)
    with pytest.raises(ValueError, match="not nested"):
        fit("poisson", "x + I(x**2)").lr_test(large)
    with pytest.raises(ValueError, match="same weights"):
        small.lr_test(fit("poisson", weights="w"))
    with pytest.raises(ValueError, match="same response"):
        small.lr_test(fit("negbin", family="poisson"))
    with pytest.raises(ValueError, match="same rows"):
        jg.glm("count ~ x", DATA.iloc[:80], family="poisson").lr_test(large)
    with pytest.raises(ValueError, match="same link"):
        fit("poisson", "x", link="sqrt").lr_test(large)
    with pytest.raises(ValueError, match="dispersion that is estimated"):
        small.lr_test(large, test="F")
    penalised = replace(small, problem=replace(small.problem, penalty=jg.Ridge(1.0)))
    for test in (lambda: large.lr_test(penalised), penalised.anova, lambda: penalised.score_test(DATA.z.to_numpy())):
        with pytest.raises(ValueError, match="is penalised"):
            test()
    with pytest.raises(ValueError, match="unknown test"):
        large.anova("wald")


# ---------------------------------------------------------------- score


def score_by_hand(small, columns):
    """U' V^-1 U with U by finite differences of the log-likelihood that the test writes down, for a logistic family."""
    X = np.column_stack([small.frame.X, columns])
    theta = np.concatenate([small.params[:-1], np.zeros(columns.shape[1]), small.params[-1:]])

    def value(t):
        s = np.exp(t[-1])
        u = (DATA.gauss - X @ t[:-1]) / s
        return np.sum(-u - t[-1] - 2 * np.logaddexp(0, -u))

    h, eye = 1e-4, np.eye(len(theta))
    U = np.asarray([(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in eye])
    V = [[-(value(theta + h * (a + b)) - value(theta + h * (a - b)) - value(theta - h * (a - b)) +
            value(theta - h * (a + b))) / (4 * h * h) for a in eye] for b in eye]  # fmt: skip
    return U @ np.linalg.solve(np.asarray(V), U)


def test_score_of_a_users_family_by_finite_differences():
    small = fit("logistic", "x")
    columns = np.column_stack([DATA.z, DATA.g == "b", DATA.g == "c"]).astype(float)
    got = small.score_test(columns)
    np.testing.assert_allclose(got.statistic, score_by_hand(small, columns), rtol=1e-5)
    assert got.df == 3
    np.testing.assert_allclose(got.statistic, small.score_test("z + C(g)", DATA).statistic, rtol=1e-9)


@every_model
def test_three_ways_to_score(name):
    """Terms added to the smaller fit, the same in the sequence, and two fits compared: one number."""
    small, large = fit(name, "x + z"), fit(name)
    added = small.score_test("C(g)", DATA)
    compared = jg.anova(small, large, test="rao")
    sequence = large.anova("rao")
    scale = large.dispersion / small.dispersion
    np.testing.assert_allclose(compared["rao"][-1] * scale, added.statistic, rtol=1e-7)
    np.testing.assert_allclose(sequence.row("C(g)")["rao"] * scale, added.statistic, rtol=1e-7)
    np.testing.assert_allclose(large.drop_one("rao").row("C(g)")["rao"] * scale, added.statistic, rtol=1e-7)
    likelihood = small.lr_test(large).statistic * (2 if large.use_t else 1)
    assert abs(np.log(likelihood / added.statistic)) < 0.5  # equal to first order


def test_score_is_that_of_the_scan():
    f = fit("negbin", "x + C(g)")
    scan = jg.score_scan(f, DATA[["z"]])
    np.testing.assert_allclose(f.score_test(DATA[["z"]]).statistic, scan.statistic[0], rtol=1e-9)


def test_score_of_a_further_parameter():
    """That alpha depends on z: columns added to its predictor, by finite differences of two refits' slopes."""
    f = fit("negbin")
    test = f.score_test(DATA.z.to_numpy(), predictor="alpha")
    z = np.column_stack([np.ones(N), DATA.z])
    mu, y = f.fittedvalues, DATA.over.to_numpy()

    def value(t):
        r = np.exp(-z @ t)
        return stats.nbinom.logpmf(y, r, r / (r + mu)).sum()

    at, h, eye = np.array([f.params["log(alpha)"], 0.0]), 1e-4, np.eye(2)
    U = np.asarray([(value(at + h * e) - value(at - h * e)) / (2 * h) for e in eye])
    V = [[-(value(at + h * (a + b)) - value(at + h * (a - b)) - value(at - h * (a - b)) + value(at - h * (a + b)))
          / (4 * h * h) for a in eye] for b in eye]  # fmt: skip
    np.testing.assert_allclose(test.statistic, U @ np.linalg.solve(np.asarray(V), U), rtol=1e-4)
    assert "in alpha" in test.hypothesis[0]


def test_elimination_of_the_information():
    """Against a solve; a column that others explain and one of no information that is orthogonal are left out."""
    A = np.random.default_rng(3).normal(size=(9, 5))
    A[:, 3] = A[:, 0] - A[:, 2]
    V, U = A.T @ A, A.T @ np.arange(9.0)
    U[0] = U[1] = 0.0
    statistic, kept, notes = quadratic(U, V, np.arange(2), np.arange(2, 5))
    left = np.ix_([0, 1, 2, 4], [0, 1, 2, 4])
    np.testing.assert_allclose(statistic, U[[0, 1, 2, 4]] @ np.linalg.solve(V[left], U[[0, 1, 2, 4]]), rtol=1e-10)
    assert (kept, notes) == ([0, 2], ())
    V[1], V[:, 1] = 0.0, 0.0
    V[1, 1] = -1e-20
    assert np.isfinite(quadratic(U, V, np.arange(2), np.arange(2, 5))[0])
    V[2, 2] = -1.0
    assert np.isnan(quadratic(U, V, np.arange(2), np.arange(2, 5))[0])


def test_columns_that_cannot_be_added():
    f = fit("poisson")
    assert f.score_test(np.column_stack([DATA.x + DATA.z, DATA.x**2])).df == 1
    with pytest.raises(ValueError, match="explains z0 already"):
        f.score_test(2 * DATA.x.to_numpy())
    with pytest.raises(ValueError, match="needs data="):
        f.score_test("I(x**2)")
    with pytest.raises(ValueError, match="must have 90 rows"):
        f.score_test(np.ones(3))
    with pytest.raises(ValueError, match="finite; z0 is not in row 4"):
        f.score_test(np.where(np.arange(N) == 4, np.nan, DATA.x**2))
    with pytest.raises(ValueError, match="unknown predictor 'alpha'"):
        f.score_test(DATA.x.to_numpy() ** 2, predictor="alpha")
    with pytest.raises(ValueError, match="missing in 1 of the 90"):
        f.score_test("q", DATA.assign(q=np.where(np.arange(N) == 4, np.nan, DATA.x**2)))


# ---------------------------------------------------------------- tables


@every_model
def test_every_row_is_a_refit(name):
    """Each number of both tables from models fitted apart."""
    whole, table, dropped = fit(name), fit(name).anova(), fit(name).drop_one()
    by_deviance = "resid_dev" in table.columns
    for right, row in (("1", "NULL"), ("x", "x"), ("x + z", "z")):
        apart = fit(name, right)
        want = apart.deviance if by_deviance else -2 * apart.llf
        got = table.row(row)
        np.testing.assert_allclose(got["resid_dev" if by_deviance else "minus_2_loglik"], want, rtol=1e-9)
        assert got["resid_df"] == apart.df_resid
    for right, row in (("z + C(g)", "x"), ("x + z", "C(g)")):
        apart, got = fit(name, right), dropped.row(row)
        test = apart.lr_test(whole)
        np.testing.assert_allclose([got["F" if whole.use_t else "chi2"], got["log_p_value"], got["aic"]],
                                   [test.statistic, test.log_pvalue, apart.aic], rtol=1e-7)  # fmt: skip


def test_marginality():
    f = fit("poisson", "x * C(g) + z")
    assert f.drop_one().rows == ("<none>", "z", "x:C(g)")
    assert f.anova().rows == ("NULL", "x", "C(g)", "z", "x:C(g)")


def test_an_array_model_has_its_columns_as_terms():
    f = fit("poisson")
    arrays = jg.GLM(DATA["count"], f.frame.X, family="poisson", names=["one", "x", "z", "b", "c"]).fit()
    assert arrays.anova().rows == ("NULL", "x", "z", "b", "c")
    grouped = arrays.anova(terms={"C(g)": ["b", "c"]})
    np.testing.assert_allclose(grouped["chi2"], f.anova()["chi2"], rtol=1e-9)
    with pytest.raises(ValueError, match="lists 'd'"):
        arrays.anova(terms={"C(g)": ["b", "d"]})


def test_columns_that_nearly_depend():
    """In the basis of the solver a dropped column is a direction: its F is still the squared t."""
    near = DATA.assign(q=DATA.x + 1e-5 * DATA.z**2)
    f = jg.glm("gauss ~ x + z + q", near)
    assert f.basis is not None
    table = f.drop_one()
    for term in ("x", "z", "q"):
        np.testing.assert_allclose(table.row(term)["F"], f.tvalues[term] ** 2, rtol=1e-6)
    apart = jg.glm("gauss ~ x + z", near)
    np.testing.assert_allclose(table.row("q")["deviance"], apart.deviance, rtol=1e-10)


def test_fits_in_a_row():
    fits = [fit("gaussian", right) for right in ("1", "x", "x + z", RIGHT)]
    table = jg.anova(*fits)
    np.testing.assert_allclose(table["F"][1:], fits[-1].anova()["F"][1:], rtol=1e-9)
    assert "4: gauss ~ x + z + C(g)" in table.notes
    np.testing.assert_array_equal(jg.anova(fits[-1])["F"], fits[-1].anova()["F"])
    with pytest.raises(ValueError, match="order is reversed"):
        jg.anova(fits[1], fits[0])


def test_separated_terms_have_a_likelihood_ratio():
    """The supremum counts where the estimate is infinite: the Wald test has none, the likelihood ratio does."""
    with pytest.warns(jg.FitWarning):
        f = jg.glm("b ~ s + z", DATA.assign(s=(DATA.x > 0) * 1.0, b=((DATA.x > 0) & (DATA.z > 0)) * 1.0),
                   family="binomial")  # fmt: skip
    row = f.drop_one().row("s")
    assert row["chi2"] > 0
    assert np.isfinite(row["p_value"])


def test_a_parameter_on_its_edge():
    """Counts less scattered than Poisson: alpha is at 0, and every table is that of the Poisson model."""
    under = DATA.assign(under=np.random.default_rng(3).binomial(5, 0.3, N) * 1.0)
    with pytest.warns(jg.FitWarning, match="edge"):
        f = jg.glm(f"under ~ {RIGHT}", under, family="negbin")
    poisson = jg.glm(f"under ~ {RIGHT}", under, family="poisson")
    np.testing.assert_allclose(f.drop_one()["chi2"], poisson.drop_one()["chi2"], atol=1e-6)
    np.testing.assert_allclose(f.anova("rao")["rao"], poisson.anova("rao")["rao"], atol=1e-6)
    assert poisson.lr_test(f, edge=1).pvalue > 0.99
    assert "edge" in jg.glm("under ~ x", under, family=jg.NegativeBinomial(alpha=jg.Fixed(0.1))).lr_test(f).notes[0]


def test_refits_share_a_program():
    """A log-likelihood is called in traces only: after the first dropped term none of whatever size is traced."""
    calls = []

    def loglik(y, m):
        calls.append(y)
        return -((y - m.value) ** 2)

    family = jg.Family.from_loglik(loglik, m=jg.Identity())
    f = jg.glm(f"gauss ~ {RIGHT}", DATA, family=family)
    without(f, [1])
    assert f.deviance > 0
    calls.clear()
    assert len(f.anova().rows) == len(f.drop_one().rows) == 4
    assert not calls


# ---------------------------------------------------------------- Vuong


def test_vuong_by_hand():
    one, other = fit("negbin"), fit("negbin", "x", family="poisson")
    a = stats.nbinom.logpmf(DATA.over, 1 / one.family_params["alpha"],
                            1 / (1 + one.family_params["alpha"] * one.fittedvalues))  # fmt: skip
    m = a - stats.poisson.logpmf(DATA.over, other.fittedvalues)
    extra = one.n_params - other.n_params
    ratios = np.asarray([m.sum(), m.sum() - extra, m.sum() - extra * np.log(N) / 2])
    z = ratios / (np.sqrt(N) * m.std(ddof=1))
    table = jg.vuong_test(one, other)
    np.testing.assert_allclose(table["z"], z, rtol=1e-7)
    np.testing.assert_allclose(table["p_value"], 2 * stats.norm.sf(np.abs(z)), rtol=1e-6)
    np.testing.assert_allclose(jg.vuong_test(other, one)["z"], -z, rtol=1e-7)


def test_vuong_counts_frequencies():
    """A row that counts twice is two rows; the dispersion is at its maximum in every row's log-likelihood."""
    twice = DATA.loc[np.repeat(DATA.index, DATA.w.astype(int))].reset_index(drop=True)
    pair = [fit("gamma"), fit("gamma", family=jg.InverseGaussian(mu=jg.Log()))]
    families: Any = jg.Gamma(mu=jg.Log()), jg.InverseGaussian(mu=jg.Log())
    rows = [jg.glm(f"gam ~ {RIGHT}", twice, family=f) for f in families]
    np.testing.assert_allclose(jg.vuong_test(*pair)["z"], jg.vuong_test(*rows)["z"], rtol=1e-7)
    np.testing.assert_allclose(DATA.w @ row_logliks(pair[0]), pair[0].llf, rtol=1e-10)


def test_vuong_of_one_model():
    table = jg.vuong_test(fit("poisson"), fit("poisson"))
    assert np.isnan(table["z"]).all()
    assert "models are one" in table.notes[0]


# ---------------------------------------------------------------- how they read


def test_printed_forms():
    text = str(fit("poisson").anova())
    assert text.splitlines()[2].split() == ["df", "deviance", "resid.", "df", "resid.", "dev", "chi2", "p"]
    assert "<table>" in fit("poisson").drop_one()._repr_html_()
    test = fit("poisson").wald_test("x = z")
    assert "H0: x - z = 0" in str(test)
    assert f"chi2(1) = {test.statistic:.5g}" in str(test)
    assert "F(2, 85)" in str(fit("gaussian").wald_test("C(g)"))
    far = jg.testing.table.p_text(-1000 * np.log(10) - 0.1)
    assert far == "9.0e-1001"


def test_frames_follow_the_input():
    f = fit("poisson")
    frame = f.anova().frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["term"]) == ["NULL", "x", "z", "C(g)"]
    assert f.wald_test("x").frame()["p_value"][0] == f.wald_test("x").pvalue
