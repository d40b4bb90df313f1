"""Effects: slopes, comparisons, averages, contrasts and the delta method, by finite differences of the whole path from
the coefficients to the number, by statsmodels, and by numbers of marginaleffects."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import jaxglm as jg
from jaxglm.effects.estimates import Estimates
from jaxglm.prediction import curve, data_of, predictors_at

RNG = np.random.default_rng(3)
N = 40
X = RNG.normal(size=N).round(2)
Z = (RNG.random(N) < 0.5).astype(int)
G = np.array(list("abca" * 10))
FRAME = pd.DataFrame({
    "x": X, "z": Z, "g": pd.Categorical(G),
    "y": RNG.poisson(np.exp(0.3 + 0.4 * X + 0.3 * Z - 0.2 * (G == "b"))),
})  # fmt: skip
FRAME["e"] = np.round(1 + RNG.random(N), 2)
FRAME["c"] = RNG.negative_binomial(1.2, 1.2 / (1.2 + np.exp(0.8 + 0.5 * X)))
FRAME["w"] = 1 + RNG.random(N)
FRAME["t"] = RNG.gumbel(1 + 0.5 * X, np.exp(-0.4 + 0.2 * Z))
FRAME["m"], FRAME["k"] = 6, RNG.binomial(6, 1 / (1 + np.exp(-0.3 - 0.8 * X)))


def gumbel(y, location, scale):
    z = (y - location.value) / scale.value
    return -z - jnp.exp(-z) - scale.log


GUMBEL = jg.Family.from_loglik(gumbel, location=jg.Identity(), scale=jg.Log())
MODELS = {
    "poisson": lambda: jg.glm("y ~ x*z + I(x**2) + g", FRAME, family="poisson"),
    "exposure": lambda: jg.glm("y ~ log(e) + x", FRAME, family="poisson", exposure="e", weights="w"),
    "negbin": lambda: jg.glm("c ~ bs(x, df=4) + z", FRAME, family="negbin"),
    "gaussian": lambda: jg.glm("t ~ x + g", FRAME),
    "trials": lambda: jg.glm("k ~ x + z", FRAME, family="binomial", link="probit", trials="m"),
    "a user's family, two formulas": lambda: jg.glm({"location": "t ~ x", "scale": "~ z"}, FRAME, family=GUMBEL),
}
members = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def fits():
    return {name: make() for name, make in MODELS.items()}


@pytest.fixture(scope="module")
def poisson(fits):
    return fits["poisson"]


class Moved:
    """The fit with other coefficients: nothing else of it changes."""

    def __init__(self, fit, estimates):
        self.fit, self._estimates = fit, estimates

    def __getattr__(self, name):
        return getattr(self.fit, name)


def gradient(fit, number, step=1e-5):
    """Central differences (m, P) of a function of the fit in its coefficients."""
    columns = []
    for j in range(len(fit._estimates)):
        ends = []
        for side in (-1, 1):
            beta = fit._estimates.copy()
            beta[j] += side * step
            ends.append(np.asarray(number(Moved(fit, beta))))
        columns.append((ends[1] - ends[0]) / (2 * step))
    return np.stack(columns, axis=-1)


def response(fit, frame):
    """The mean of each row, from the public parts of the fit."""
    data = data_of(fit, frame)
    return curve(fit, predictors_at(fit, data)).value


def brute_slope(fit, frame, name, step=1e-4):
    ends = [response(fit, frame.assign(**{name: frame[name] + side * step})) for side in (-1, 1)]
    return (ends[1] - ends[0]) / (2 * step)


@members
def test_average_slope_and_its_standard_error_are_those_of_finite_differences(fits, name):
    fit = fits[name]
    inner = FRAME.iloc[np.argsort(FRAME["x"])[2:-2]]  # a spline has no value beyond the rows of the fit
    found = fit.avg_slopes("x", new=inner)
    slope = lambda f: [np.mean(brute_slope(f, inner, "x"))]  # noqa: E731
    se = np.sqrt(np.diag(gradient(fit, slope) @ fit._cov @ gradient(fit, slope).T))
    assert np.allclose(found["estimate"], slope(fit), rtol=1e-6)
    assert np.allclose(found["std_error"], se, rtol=1e-5)


@members
def test_slopes_at_the_ends_of_the_data(fits, name):
    """There the differences are one-sided, for splines end at the last rows."""
    fit = fits[name]
    rows = np.asarray(fit.slopes("x")["estimate"])
    inner = np.argsort(FRAME["x"])[2:-2]
    assert np.allclose(rows[inner], brute_slope(fit, FRAME.iloc[inner], "x"), rtol=2e-6, atol=1e-7)
    end = int(np.argmax(FRAME["x"]))
    backwards = [response(fit, FRAME.iloc[[end]].assign(x=FRAME["x"].max() - h))[0] for h in (0, 1e-3, 2e-3)]
    assert np.isclose(rows[end], (3 * backwards[0] - 4 * backwards[1] + backwards[2]) / 2e-3, rtol=1e-4)


@members
def test_average_predictions_and_comparisons(fits, name):
    fit, frame = fits[name], FRAME.assign(z=1 - FRAME["z"])
    mean = fit.avg_predictions("g", new=frame)
    by_hand = lambda f: [np.mean(response(f, frame)[level == G]) for level in "abc"]  # noqa: E731
    jacobian = gradient(fit, by_hand)
    assert np.allclose(mean["estimate"], by_hand(fit), rtol=1e-10)
    assert np.allclose(mean["std_error"], np.sqrt(np.diag(jacobian @ fit._cov @ jacobian.T)), rtol=1e-6)
    change = fit.avg_comparisons({"x": (-0.5, 0.5)}, contrast="ratio", new=frame)
    mean_at = lambda f, x: np.mean(response(f, frame.assign(x=x)))  # noqa: E731
    ratio = lambda f: np.log([mean_at(f, 0.5) / mean_at(f, -0.5)])  # noqa: E731
    jacobian = gradient(fit, ratio)
    assert np.allclose(np.log(change["estimate"]), ratio(fit), rtol=1e-9)
    assert np.allclose(change["std_error"] / change["estimate"], np.sqrt(jacobian @ fit._cov @ jacobian.T), rtol=1e-6)


def test_numbers_of_marginaleffects(poisson):
    """marginaleffects 0.6.0 for Python, on the same model fitted by statsmodels 0.15.0, this FRAME: avg_slopes(),
    avg_comparisons(), avg_comparisons(variables={"x": 2}), avg_predictions(by="g")."""
    slopes = poisson.avg_slopes()
    assert list(slopes["term"]) == ["x", "z", "g", "g"]
    assert list(slopes["contrast"]) == ["dY/dX", "1 - 0", "b - a", "c - a"]
    assert np.allclose(slopes["estimate"], [1.028268, 0.987235, -0.18609, -0.569795], atol=6e-7)
    # its Jacobian is by forward differences: it has 0.221438 for x
    assert np.allclose(slopes["std_error"], [0.221438, 0.486279, 0.614817, 0.558467], atol=4e-5)
    assert np.allclose(poisson.avg_comparisons("x")["estimate"], 1.023091, atol=6e-7)
    double = poisson.avg_comparisons({"x": 2})
    assert np.allclose(double[["estimate", "std_error"]], [[2.014517, 0.453754]], atol=6e-7)
    assert np.allclose(poisson.avg_comparisons("z", contrast="ratio")["estimate"], 1.663189, atol=6e-7)
    means = poisson.avg_predictions("g")
    assert np.allclose(means["estimate"], [1.75, 2.5, 1.7], atol=6e-7)
    assert np.allclose(means["std_error"], [0.295804, 0.5, 0.41231], atol=6e-7)
    by_group = poisson.avg_slopes("x", by="g")["estimate"]
    assert np.allclose(by_group, [1.107179, 1.000402, 0.89831], atol=6e-7)


def test_margins_of_statsmodels():
    """get_margeff of a logit model: average derivatives, with the normal distribution."""
    design = np.column_stack([np.ones(N), X, RNG.normal(size=N)])
    y = (RNG.random(N) < 1 / (1 + np.exp(-X))).astype(float)
    ours = jg.GLM(y, design, family="binomial").fit().avg_slopes()
    theirs = sm.Logit(y, design).fit(disp=0).get_margeff().summary_frame()
    assert np.allclose(ours["estimate"], theirs["dy/dx"], rtol=1e-7)
    assert np.allclose(ours["std_error"], theirs["Std. Err."], rtol=1e-6)
    assert np.allclose(ours["p_value"], theirs["Pr(>|z|)"], rtol=1e-5)


def test_linear_model_by_hand():
    """Slopes are the coefficients with their t tests, adjusted or not; contrasts are differences of coefficients."""
    fit = jg.glm("t ~ x + g", FRAME)
    slopes, table = fit.avg_slopes(), fit.tidy().set_index("term")
    row = slopes[slopes["term"] == "x"].iloc[0]
    for column in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
        assert np.isclose(row[column], table.loc["x", column], rtol=1e-9)
    pairs = fit.contrasts("g")
    assert list(pairs["contrast"]) == ["b - a", "c - a", "c - b"]
    b, c = table.loc["g[T.b]", "estimate"], table.loc["g[T.c]", "estimate"]
    assert np.allclose(pairs["estimate"], [b, c, c - b])
    by_delta = fit.delta(lambda beta: beta["g[T.c]"] - beta["g[T.b]"])
    assert np.isclose(pairs["std_error"][2], by_delta["std_error"][0])
    balanced = fit.contrasts("g", margins="balanced", adjust="bonferroni")
    assert np.allclose(balanced["estimate"], pairs["estimate"])
    assert np.allclose(balanced["p_value"], np.minimum(3 * pairs["p_value"], 1))


def test_balanced_margins_are_a_grid(poisson):
    """Numbers at their means, the levels of z and g in equal shares: what emmeans calls the reference grid."""
    found = poisson.contrasts("g", method="reference", margins="balanced")
    at = pd.DataFrame({"x": FRAME["x"].mean(), "z": [0, 1]})
    held = [np.mean(poisson.predict(at.assign(g=pd.Categorical([v] * 2, categories=list("abc"))))) for v in "abc"]
    assert np.allclose(found["estimate"], [held[1] - held[0], held[2] - held[0]])


def test_contrasts_on_the_scale_of_the_link(poisson):
    found = poisson.contrasts("g", method=("b", "c"), scale="link")
    assert np.allclose(found["estimate"], poisson.params["g[T.c]"] - poisson.params["g[T.b]"])
    odds = jg.glm("z ~ x + g", FRAME, family="binomial").avg_comparisons({"x": (0, 1)}, contrast="odds")
    assert odds["conf_low"][0] < odds["estimate"][0] < odds["conf_high"][0]


def test_rows_count_as_in_the_fit():
    """Weight 0 is a row that is absent, frequency 2 a row twice."""
    twice = pd.concat([FRAME, FRAME.iloc[:10]], ignore_index=True)
    frame = FRAME.assign(f=np.where(np.arange(N) < 10, 2, 1))
    one = jg.glm("y ~ x + g", twice, family="poisson").avg_slopes()
    other = jg.glm("y ~ x + g", frame, family="poisson", freq_weights="f").avg_slopes()
    assert np.allclose(one[["estimate", "std_error"]], other[["estimate", "std_error"]], rtol=1e-8)
    absent = jg.glm("y ~ x", FRAME.assign(v=(np.arange(N) < 32) * 1.0), family="poisson", weights="v").avg_slopes()
    assert np.allclose(absent["estimate"], jg.glm("y ~ x", FRAME[:32], family="poisson").avg_slopes()["estimate"])


def test_an_array_as_offset_stays_where_a_variable_changes():
    fit = jg.glm("y ~ x", FRAME, family="poisson", exposure=FRAME["e"].to_numpy())
    named = jg.glm("y ~ x", FRAME, family="poisson", exposure="e")
    assert np.allclose(fit.avg_slopes()["estimate"], named.avg_slopes()["estimate"], rtol=1e-12)
    with pytest.raises(ValueError, match="pass offset="):
        fit.avg_slopes(new=FRAME)


def test_an_offset_that_depends_on_the_variable_counts():
    """d/dx of exp(b0 + b1 x + log(e)) in e is the mean over e."""
    fit = jg.glm("y ~ x + log(e)", FRAME, family="poisson", exposure="e")
    found = np.mean((1 + fit.params["log(e)"]) * fit.fittedvalues / FRAME["e"])
    assert np.isclose(fit.avg_slopes("e")["estimate"][0], found, rtol=1e-7)


def test_the_covariance_follows():
    """Of a linear function of the coefficients: the standard error is that of the covariance chosen."""
    fit = jg.glm("y ~ x", FRAME, family="poisson", link="sqrt").with_cov("observed")
    assert np.isclose(fit.avg_slopes(scale="link")["std_error"][0], fit.bse["x"], rtol=1e-9)


def test_frames_follow_the_input():
    import polars

    plain = FRAME.assign(g=G.astype(object))
    fit = jg.glm("y ~ x + g", polars.from_pandas(plain), family="poisson")
    found = fit.avg_slopes(by="g")
    assert isinstance(found, polars.DataFrame)
    assert found.columns[:3] == ["g", "term", "contrast"]
    expected = jg.glm("y ~ x + g", plain, family="poisson").avg_slopes(by="g")
    assert np.allclose(found["estimate"].to_numpy(), expected["estimate"])
    assert len(fit.predictions()) == N


@pytest.mark.parametrize("size", [20, 17])
def test_a_member_of_a_batch_has_its_own_rows(size):
    """Groups of one length are stored as a stack, those of several lengths as pieces of one frame."""
    frame = FRAME.assign(part=np.where(np.arange(N) < size, "p", "q"))
    member = jg.glm("y ~ x + z", frame, family="poisson", by="part")["q"]
    alone = jg.glm("y ~ x + z", frame[frame["part"] == "q"], family="poisson")
    assert np.allclose(member.avg_slopes(by="z")["estimate"], alone.avg_slopes(by="z")["estimate"], rtol=1e-8)


def test_a_saved_model_keeps_its_columns(poisson, tmp_path):
    poisson.save(tmp_path / "fit.npz")
    again = jg.load(tmp_path / "fit.npz").avg_slopes()
    assert np.array_equal(again["estimate"], poisson.avg_slopes()["estimate"])


def test_held_variables():
    fit = jg.glm("y ~ x + g", FRAME, family="poisson")
    found = fit.avg_predictions(variables={"x": [-1.0, 1.0], "g": ["a", "c"]})
    assert list(found["x"]) == [-1, -1, 1, 1]
    assert list(found["g"]) == ["a", "c", "a", "c"]
    assert np.allclose(found["estimate"][3], np.exp(fit.params["Intercept"] + fit.params["x"] + fit.params["g[T.c]"]))
    assert len(fit.avg_predictions(variables="x")) == 5


# --- the delta method


@members
def test_delta_method_by_finite_differences_and_simulation(fits, name):
    fit = fits[name]
    ratio = lambda b: {"ratio": b[1] / b[0], "both": jnp.exp(b.array[:2])}  # noqa: E731
    found = fit.delta(ratio)
    assert list(found["term"]) == ["ratio", "both[0]", "both[1]"]
    b = np.asarray(fit.params)
    assert np.allclose(found["estimate"], [b[1] / b[0], np.exp(b[0]), np.exp(b[1])], rtol=1e-12)
    jacobian = gradient(fit, lambda f: [f._estimates[1] / f._estimates[0], *np.exp(f._estimates[:2])], 1e-6)
    assert np.allclose(found["std_error"], np.sqrt(np.diag(jacobian @ fit._cov @ jacobian.T)), rtol=1e-6)
    draws = stats.multivariate_normal(fit._estimates, fit._cov / 1e8, seed=1, allow_singular=True).rvs(4000)
    assert np.allclose(np.std(draws[:, 1] / draws[:, 0]) * 1e4, found["std_error"][0], rtol=0.1)


def test_delta_against_a_null(poisson):
    found = poisson.delta(lambda b: b["x"] + b["z"], null=0.5)
    assert np.isclose(found["statistic"][0], (found["estimate"][0] - 0.5) / found["std_error"][0])


# --- errors


ERRORS = {
    "an unknown variable": (lambda f: f.avg_slopes("zz"), r"no variable 'zz'. Did you mean 'z'\?"),
    "an unknown column of groups": (lambda f: f.avg_slopes(by="gg"), r"no column 'gg'. Did you mean 'g'\?"),
    "an unknown level": (lambda f: f.avg_comparisons({"g": ("a", "q")}), "no level 'q'; the model knows a, b, c"),
    "an unknown level held": (lambda f: f.avg_predictions(variables={"g": ["q"]}), "no level 'q'"),
    "an unseen level of new rows": (lambda f: f.avg_slopes(new=FRAME.assign(g="q")), "does not know: 'q'"),
    "an unknown change of a number": (lambda f: f.avg_comparisons({"x": "big"}), "'minmax'; it is 'big'"),
    "an unknown change of a factor": (lambda f: f.avg_comparisons({"g": 3}), "pair .low, high. of its levels; it is 3"),
    "an unknown contrast": (lambda f: f.avg_comparisons(contrast="share"), "unknown contrast 'share'"),
    "an unknown scale": (lambda f: f.avg_slopes(scale="mu"), "unknown scale 'mu'"),
    "an unknown parameter": (lambda f: f.avg_slopes(parameter="phi"), "unknown parameter 'phi'; Poisson has mu"),
    "a step that is none": (lambda f: f.avg_slopes(eps=0), "eps must be a positive step"),
    "contrasts of a number": (lambda f: f.contrasts("x"), "x is a number"),
    "unknown margins": (lambda f: f.contrasts("g", margins="even"), "unknown margins 'even'"),
    "a function of an unknown coefficient": (lambda f: f.delta(lambda b: b["xx"]), r"'xx'. Did you mean 'x'\?"),
    "a function that returns words": (lambda f: f.delta(lambda b: "x"), "must return a number"),
    "a function that returns nothing": (lambda f: f.delta(lambda b: None), "must return a number"),
    "a function that returns a matrix": (lambda f: f.delta(lambda b: jnp.ones((2, 2))), "must return a number"),
    "an average of no rows": (lambda f: f.avg_slopes(new=FRAME[:0]), "an average needs rows; new has none"),
    "a function of NumPy": (lambda f: f.delta(lambda b: np.exp(b["x"])), "jnp.exp in place of np.exp"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(poisson, case):
    call, words = ERRORS[case]
    with pytest.raises(ValueError, match=words):
        call(poisson)


def test_estimates_of_many_rows_are_blocks(poisson):
    """Standard errors do not depend on the blocks of rows."""
    at = predictors_at(poisson, data_of(poisson))
    found = Estimates.of(at, curve(poisson, at))
    long = replace(found, value=np.tile(found.value, 200),
                   parts=tuple((k, np.tile(d, (200, 1)), np.tile(a, 200)) for k, d, a in found.parts))
    assert np.allclose(long.std_error(poisson._root), np.tile(found.std_error(poisson._root), 200))
