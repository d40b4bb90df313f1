"""Pictures of one fit: what is drawn against its own computation, the order of terms, labels that can be read."""

from itertools import combinations
from typing import Any

import matplotlib

matplotlib.use("Agg")
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from jax.scipy.special import gammaln
from matplotlib.text import Text
from scipy import stats

import jaxglm as jg
from jaxglm import Link, Log
from jaxglm import counts as counts_support
from jaxglm.data import load
from jaxglm.plot.curves import local_line, normal_band, normal_places

plot: Any = jg.plot
PICTURES = ("calibration", "coefficients", "effects", "influence", "profile", "residual_panel", "rootogram", "trace")


@jg.family
class Kicks:
    """A family of counts that only this test knows: Poisson, by its definition."""

    rate: Link = Log()
    support = counts_support

    def loglik(self, y, rate):
        return y * jnp.log(rate.value) - rate.value - gammaln(y + 1.0)


KICKS: Any = Kicks()


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def cars():
    return jg.glm("mpg ~ wt + hp + C(cyl)", load("mtcars", as_frame=True))


@pytest.fixture(scope="module")
def counts():
    return jg.glm("days ~ sex + age + eth", load("quine", as_frame=True), family=KICKS)


@pytest.fixture(scope="module")
def negbin():
    return jg.glm("days ~ sex + age + eth + lrn", load("quine", as_frame=True), family="negbin")


@pytest.fixture(scope="module")
def births():
    return jg.glm("low ~ age + lwt + race + smoke", load("birthwt", as_frame=True), family="binomial")


@pytest.fixture(scope="module")
def separated():
    x = np.linspace(-1, 1, 40)
    z = np.cos(7 * x)
    with pytest.warns(jg.FitWarning):
        return jg.GLM((x > 0.1) * 1.0, np.column_stack([np.ones(40), x, z]), family="binomial",
                      names=["one", "x", "z"]).fit()  # fmt: skip


def draw(name, fit):
    """The picture with its own arguments, of mtcars' first model where it needs a variable or a term."""
    term = {"effects": ("wt",), "profile": ("wt",)}.get(name, ())
    return getattr(plot, name)(fit, *term)


def boxes(texts):
    """Extents of the words that are there, without their leaders."""
    shown = [t for t in texts if t.get_text() and t.get_visible()]
    if shown:
        shown[0].figure.draw_without_rendering()
    return [Text.get_window_extent(t) for t in shown]


def overlapping(texts):
    return [1 for a, b in combinations(boxes(texts), 2) if a.overlaps(b)]


# --- coefficients


def test_coefficients_data(negbin):
    data = plot.coefficients_data(negbin, alpha=0.1)
    names = [n for n in negbin.names if n not in ("Intercept", "log(alpha)")]
    assert data["term"].tolist() == names
    np.testing.assert_array_equal(data["estimate"], [negbin.params[n] for n in names])
    limits = np.array([negbin.conf_int(0.1)[n] for n in names])
    np.testing.assert_array_equal(np.column_stack([data["low"], data["high"]]), limits)
    ratio = plot.coefficients_data(negbin, alpha=0.1, exponentiate=True)
    np.testing.assert_allclose(ratio["high"], np.exp(data["high"]))
    profile = plot.coefficients_data(negbin, method="profile")
    np.testing.assert_allclose(profile["low"], np.array([negbin.conf_int(0.05, "profile")[n] for n in names])[:, 0])
    whole = plot.coefficients_data(negbin, intercept=True)
    assert set(whole["term"]) == set(negbin.names)
    assert whole["predictor"].tolist() == ["mu"] * (len(names) + 1) + ["shared by all rows"]


def test_terms_are_top_down_in_the_order_of_the_table(cars):
    ax = plot.coefficients(cars)
    words = [t.get_text() for t in sorted(ax.get_yticklabels(), key=lambda t: -t.get_window_extent().y0)]
    assert words == [n for n in cars.names if n != "Intercept"]
    (points,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(points.get_xdata(), np.asarray(cars.params)[1:])
    assert ax.yaxis_inverted()


def test_several_models_share_the_lines_of_their_terms(negbin, counts):
    data = plot.coefficients_data({"all": negbin, "less": counts})
    lines = {}
    for term, line in zip(data["term"].tolist(), data["line"].tolist(), strict=True):
        assert lines.setdefault(term, line) == line
    assert sorted(lines.values()) == list(range(len(lines)))
    ax = plot.coefficients({"all": negbin, "less": counts})
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["all", "less"]
    places = [line.get_ydata() for line in ax.lines if line.get_marker() in "os" and len(line.get_xdata()) > 2]
    assert places[0][0] < 0 < places[1][0]  # dodged: one above the line, one below
    named = plot.coefficients([negbin, counts]).get_legend().get_texts()
    assert named[0].get_text().startswith("days ~ sex + age + eth + lrn"[:15])


def test_groups_by_predictor():
    fit = jg.glm({"mu": "mpg ~ wt + hp", "phi": "~ wt"}, load("mtcars", as_frame=True), family="gaussian")
    data = plot.coefficients_data(fit)
    assert data["term"].tolist() == ["wt", "hp", "phi: wt"]
    assert data["predictor"].tolist() == ["mu", "mu", "phi"]
    assert data["line"].tolist() == [1, 2, 4]
    labels = plot.coefficients(fit).get_yticklabels()
    assert [t.get_text() for t in labels] == ["mu", "wt", "hp", "phi", "wt"]
    assert [t.get_fontweight() for t in labels] == ["bold", "normal", "normal", "bold", "normal"]


def test_ratios_have_their_line_at_one_and_round_ticks(births):
    ax = plot.coefficients(births, exponentiate=True)
    assert ax.get_xscale() == "log"
    assert ax.lines[0].get_xdata()[0] == 1.0
    assert "1" in [t.get_text() for t in ax.get_xticklabels()]
    assert not overlapping(ax.get_xticklabels())


def test_aliased_and_infinite_coefficients_are_named(separated):
    frame = load("mtcars", as_frame=True)
    frame["kilograms"] = 453.6 * frame["wt"]
    ax = plot.coefficients(jg.glm("mpg ~ wt + kilograms", frame))
    assert [t.get_text() for t in ax.texts] == ["aliased"]
    data = plot.coefficients_data(separated)
    assert data["note"].tolist() == ["infinite"] * 2
    assert data["estimate"][0] == np.inf
    ax = plot.coefficients(separated)
    assert ax.get_title("left").endswith("separated")
    assert ax.texts[0].get_text() == "infinite (+)"


def test_thirty_long_names_do_not_overlap():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 30))
    names = [f"a covariate whose name is long enough to be cut short, ${i}$" for i in range(30)]
    ax = plot.coefficients(jg.GLM(X @ np.ones(30) + rng.normal(size=200), X, names=names).fit())
    labels = ax.get_yticklabels()
    assert len(labels) == 30
    assert not overlapping(labels)
    assert max(len(t.get_text()) for t in labels) == 44
    assert all(box.x0 >= 0 for box in boxes(labels))
    ax.figure.draw_without_rendering()
    assert ax.get_window_extent().width > 300


def test_only_intercepts_and_no_fits():
    alone = jg.GLM(np.arange(5.0), np.ones((5, 1))).fit()
    with pytest.raises(ValueError, match="intercept=True"):
        plot.coefficients(alone)
    assert len(plot.coefficients_data(alone, intercept=True)["term"]) == 1
    with pytest.raises(ValueError, match="at least one fit"):
        plot.coefficients({})


# --- residuals


def test_residual_panel_data(cars):
    data = plot.residual_panel_data(cars)
    np.testing.assert_array_equal(data["residual"], cars.resid("quantile"))
    order = np.argsort(data["residual"])
    np.testing.assert_allclose(data["theoretical"][order], stats.norm.ppf((np.arange(1, 33) - 0.375) / 32.25))
    h, r, p = data["leverage"], data["pearson"], len(cars.params)
    np.testing.assert_allclose(data["cooks_distance"], r**2 * h / (p * (1 - h)))  # what the contours say
    assert set(data["row"][data["labelled"]]) == set(np.argsort(-data["cooks_distance"])[:3])
    np.testing.assert_allclose(data["root_size"] ** 2, np.abs(data["residual"]))


def test_residual_panel_draws_into_four_axes(cars):
    axes = plot.residual_panel(cars, kind="deviance")
    assert axes.shape == (2, 2)
    for ax in axes.ravel():
        rows = [t for t in ax.texts if t.get_text().isdigit()]
        assert len(rows) >= 3
        assert not overlapping(rows)
    _, given = plt.subplots(1, 4)
    assert set(plot.residual_panel(cars, ax=given).ravel()) == set(given)
    with pytest.raises(ValueError, match=r"four Axes.*it has 2"):
        plot.residual_panel(cars, ax=plt.subplots(1, 2)[1])
    with pytest.raises(ValueError, match="kind"):
        plot.residual_panel(cars, kind="pearsn")
    for name in ("labels", "alpha"):
        with pytest.raises(ValueError, match=name):
            plot.residual_panel(cars, **{name: -1})


def test_the_band_holds_whole_normal_samples():
    """The share of samples that lie in it, by simulation from another generator."""
    for n in (20, 500):
        places, low, high = normal_band(n, 0.1)
        index = np.searchsorted(normal_places(n), places - 1e-9)
        ordered = np.sort(np.random.default_rng(5).normal(size=(4000, n)), axis=1)[:, index]
        inside = np.mean(np.all((ordered >= low) & (ordered <= high), axis=1))
        assert inside == pytest.approx(0.9, abs=0.025)
        np.testing.assert_allclose(low, -high[::-1], atol=1e-6)


def test_local_lines_are_exact_for_lines():
    x = np.concatenate([np.linspace(0, 1, 50), np.full(30, 0.5)])
    places, curve = local_line(x, 3 - 2 * x)
    np.testing.assert_allclose(curve, 3 - 2 * places, atol=1e-12)
    places, curve = local_line(np.repeat([0.0, 1.0], 10), np.repeat([1.0, 5.0], 10) + np.tile([-1, 1], 10))
    assert curve[0] == pytest.approx(1.0, abs=0.5)
    assert len(local_line(np.zeros(5), np.arange(5.0))[1]) == 1


def test_panel_of_a_separated_fit_says_so(separated):
    axes = plot.residual_panel(separated)
    assert axes[0, 0].figure.get_suptitle().endswith("separated")


def test_rows_of_leverage_one_are_counted():
    X = np.column_stack([np.ones(12), np.arange(12.0), np.arange(12) == 0])
    fit = jg.GLM(np.arange(12) % 3 + 1.0, X).fit()
    assert plot.residual_panel(fit)[1, 1].get_title("left") == "Leverage; 1 of leverage 1"
    assert plot.influence(fit).get_title("left").endswith("undefined in 1 of the rows")


# --- counts


def test_rootogram_data(counts):
    data = plot.rootogram_data(counts)
    rates, y = counts.fittedvalues, counts.y.astype(int)
    grid = np.arange(y.max() + 1)
    np.testing.assert_array_equal(data["observed"], np.bincount(y))
    np.testing.assert_allclose(data["expected"], stats.poisson.pmf(grid[:, None], rates).sum(axis=1), rtol=1e-8)
    wide = plot.rootogram_data(counts, width=10)
    assert wide["observed"].sum() == len(y)
    np.testing.assert_allclose(wide["expected"][0], data["expected"][:10].sum(), rtol=1e-8)
    assert wide["last"][-1] >= y.max()
    with pytest.raises(ValueError, match="width"):
        plot.rootogram(counts, width=0)


def test_rootogram_of_the_negative_binomial(negbin):
    data = plot.rootogram_data(negbin)
    size = 1 / negbin.family_params["alpha"]
    share = size / (size + negbin.fittedvalues)
    expected = stats.nbinom.pmf(data["first"][:, None], size, share).sum(axis=1)
    np.testing.assert_allclose(data["expected"], expected, rtol=1e-7)
    assert data["beyond"][0] == pytest.approx(146 - expected.sum(), abs=1e-6)


def test_bars_hang_from_the_curve(counts):
    ax = plot.rootogram(counts)
    data = plot.rootogram_data(counts)
    tops = np.array([bar.get_y() + bar.get_height() for bar in ax.patches])
    np.testing.assert_allclose(tops, np.sqrt(data["expected"]), atol=1e-12)
    assert ax.get_ylim()[0] < min(bar.get_y() for bar in ax.patches)


def test_frequencies_of_rows_and_of_successes():
    y, f = np.array([0.0, 1.0, 3.0]), np.array([5.0, 2.0, 0.0])
    fit = jg.GLM(y, np.ones((3, 1)), family="poisson", freq_weights=f).fit()
    data = plot.rootogram_data(fit)
    assert data["observed"].tolist() == [5, 2]
    np.testing.assert_allclose(data["expected"], 7 * stats.poisson.pmf([0, 1], 2 / 7))
    beetle = jg.glm("cbind(killed, n - killed) ~ logdose", load("beetle", as_frame=True), family="binomial")
    n = load("beetle")["n"]
    data = plot.rootogram_data(beetle)
    expected = stats.binom.pmf(data["first"][:, None], n, beetle.fittedvalues).sum(axis=1)
    np.testing.assert_allclose(data["expected"], expected, rtol=1e-7)


def test_a_rootogram_needs_counts(cars):
    with pytest.raises(ValueError, match="rootogram needs counts; the responses of Gaussian are finite numbers"):
        plot.rootogram(cars)


# --- calibration


def test_calibration_data(births, cars):
    data, found = plot.calibration_data(births, bins=5), births.calibration(5)
    np.testing.assert_array_equal(data["observed"], found.observed)
    k, n = np.round(found.observed * found.count).astype(int), found.count.astype(int)
    wilson = [stats.binomtest(a, b).proportion_ci(method="wilson") for a, b in zip(k, n, strict=True)]
    np.testing.assert_allclose(np.column_stack([data["low"], data["high"]]), wilson)
    data, found = plot.calibration_data(cars, bins=4), cars.calibration(4)
    np.testing.assert_allclose(data["high"] - data["observed"], 1.959964 * found.se, rtol=1e-6)
    for name in ("bins", "alpha"):
        with pytest.raises(ValueError, match=name):
            plot.calibration(births, **{name: 1})


# --- profile


def test_profile_data(births):
    data = plot.profile_data(births, "lwt", points=9)
    assert data["loglik"].max() == 0.0
    np.testing.assert_allclose(data["loglik"], -(data["root"] ** 2) / 2, atol=1e-7)
    # fits of one batch and of another, whose sums may be of another order
    np.testing.assert_allclose(data["limits"], births.conf_int(0.05, "profile")["lwt"], rtol=1e-12)
    np.testing.assert_array_equal(data["wald_limits"], births.conf_int()["lwt"])
    np.testing.assert_allclose(data["wald_root"], (data["value"] - births.params["lwt"]) / births.bse["lwt"])
    assert data["cutoff"][0] == pytest.approx(-1.959964**2 / 2, rel=1e-6)
    assert set(data["limits"]) <= set(data["value"])
    far = plot.profile(births, "lwt", points=9, alpha=1e-4)
    assert len([t for t in far.texts if t.get_text()]) == 2
    assert far.get_ylim()[0] < -7
    held = load("birthwt", as_frame=True)
    refit = jg.glm("low ~ age + race + smoke", held, family="binomial", offset=data["value"][0] * held["lwt"])
    assert refit.llf - births.llf == pytest.approx(data["loglik"][0], abs=1e-6)


@pytest.mark.parametrize("points", [21, 41, 61, 99])
def test_the_middle_of_a_profile_is_the_estimate(cars, points):
    """A root of 1e-16 in the middle sent the search away, so that the curve came back over its peak."""
    data = plot.profile_data(cars, "wt", points=points, method="profile_f")
    assert 0.0 in data["root"]
    assert np.all(np.diff(data["value"]) > 0)


def test_profiles_that_end_and_do_not(separated, cars):
    assert "no upper limit" in plot.profile(separated, "x").get_title("left")
    ax = plot.profile(cars, "wt", scale="root")
    assert len([t for t in ax.texts if t.get_text()]) == 2
    frame = load("mtcars", as_frame=True)
    frame["kilograms"] = 453.6 * frame["wt"]
    with pytest.raises(ValueError, match="kilograms is aliased"):
        plot.profile(jg.glm("mpg ~ wt + kilograms", frame), "kilograms")
    with pytest.raises(ValueError, match="unknown scale 'deviance'"):
        plot.profile(cars, "wt", scale="deviance")


# --- effects


def test_effects_data(births):
    data = plot.effects_data(births, "lwt", "smoke", points=5)
    rows = load("birthwt", as_frame=True)
    rows["lwt"], rows["smoke"] = data["place"][2], "yes"
    chosen = (data["group"] == "smoke = yes") & (data["place"] == data["place"][2])
    assert data["estimate"][chosen][0] == pytest.approx(births.predict(rows).mean(), rel=1e-10)
    table = births.avg_predictions(variables={"lwt": (data["place"][2],), "smoke": ("yes",)})
    low, high = data["low"][chosen][0], data["high"][chosen][0]
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    p = data["estimate"][chosen][0]
    half = 1.959964 * table["std_error"][0] / (p * (1 - p))
    assert logit(high) - logit(p) == pytest.approx(half, rel=1e-5)
    assert logit(p) - logit(low) == pytest.approx(half, rel=1e-5)
    assert np.all((data["low"] > 0) & (data["high"] < 1))


def test_effects_at_typical_values(births):
    data = plot.effects_data(births, "race", others="typical")
    frame = load("birthwt", as_frame=True)
    row = frame.iloc[:1].copy()
    row["age"], row["lwt"], row["smoke"] = frame["age"].median(), frame["lwt"].median(), frame["smoke"].mode()[0]
    for place, estimate, low in zip(data["place"], data["estimate"], data["low"], strict=True):
        row["race"] = row["race"].astype(frame["race"].dtype)
        row.loc[row.index[0], "race"] = place
        at = births.get_prediction(row)
        assert estimate == pytest.approx(at.mean[0], rel=1e-10)
        assert low == pytest.approx(at.mean_ci_lower[0], rel=1e-8)
    ax = plot.effects(births, "race", "smoke")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["white", "black", "other"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["smoke = no", "smoke = yes"]


def test_effects_by_quartiles_and_wrong_words(births):
    groups = list(dict.fromkeys(plot.effects_data(births, "age", "lwt", points=2)["group"].tolist()))
    quartiles = np.quantile(load("birthwt")["lwt"], [0.25, 0.5, 0.75])
    assert groups == [f"lwt = {q:.4g}" for q in quartiles]
    with pytest.raises(ValueError, match=r"no variable 'lwtt'.*lwt"):
        plot.effects(births, "lwtt")
    with pytest.raises(ValueError, match="others='mean'"):
        plot.effects(births, "lwt", others="mean")
    with pytest.raises(ValueError, match="points"):
        plot.effects(births, "lwt", points=1)


# --- trace and influence


def test_trace_data(negbin):
    data = plot.trace_data(negbin)
    assert len(data["step"]) == negbin.n_iter
    np.testing.assert_array_equal(data["gap"], data["loglik"][-1] - data["loglik"])
    np.testing.assert_array_equal(data["decrement"], negbin.history["decrement"])
    ax = plot.trace(negbin)
    assert ax.get_yscale() == "log"
    assert ax.get_title("left") == f"Newton, {negbin.n_iter} steps"


def test_influence_data(cars):
    at = cars.get_influence()
    for what in ("cooks_distance", "dffits", "hat", "resid_studentized"):
        np.testing.assert_array_equal(plot.influence_data(cars, what)["value"], getattr(at, what))
    data = plot.influence_data(cars, "wt", labels=2)
    np.testing.assert_array_equal(data["value"], at.dfbetas[:, 1])
    assert set(np.flatnonzero(data["labelled"])) == set(np.argsort(-np.abs(at.dfbetas[:, 1]))[:2])
    assert data["threshold"][0] == pytest.approx(2 / np.sqrt(32))
    with pytest.raises(KeyError, match="no term 'wd'"):
        plot.influence(cars, "wd")
    with pytest.raises(ValueError, match="labels"):
        plot.influence(cars, labels=-1)


def test_rows_are_named_by_their_place_in_the_input():
    frame = load("mtcars", as_frame=True).astype({"hp": float})
    frame.loc[0, "hp"] = np.nan
    fit = jg.glm("mpg ~ wt + hp", frame, missing="drop")
    data = plot.influence_data(fit)
    assert data["row"][0] == 1
    labelled = [t.get_text() for t in plot.influence(fit, labels=3).texts]
    assert set(labelled) == set(data["row"][np.argsort(-data["value"])[:3]].astype(str))


@pytest.mark.parametrize("what", ["cooks_distance", "bubble", "wt"])
def test_labels_of_rows_do_not_overlap(cars, what):
    ax = plot.influence(cars, what, labels=10)
    assert len(ax.texts) == 10
    assert not overlapping(ax.texts)
    frame = ax.get_window_extent()
    assert all(b.x0 >= frame.x0 - 1 and b.x1 <= frame.x1 + 1 for b in boxes(ax.texts))


# --- all of them


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_leave_no_traces(cars, counts, name):
    before = dict(matplotlib.rcParams)
    fit = counts if name == "rootogram" else cars
    ax = np.ravel(draw(name, fit))[0]
    assert ax.figure.get_size_inches()[0] * ax.figure.dpi == 960
    assert len(plt.get_fignums()) == 1
    assert dict(matplotlib.rcParams) == before
    if name != "residual_panel":
        _, given = plt.subplots()
        term = {"effects": ("wt",), "profile": ("wt",)}.get(name, ())
        assert getattr(plot, name)(fit, *term, ax=given) is given
        assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize("name", PICTURES)
def test_titles_and_legends_stay_in_the_figure(cars, counts, name):
    for ax in np.ravel(draw(name, counts if name == "rootogram" else cars)):
        ax.figure.draw_without_rendering()
        box, whole = ax.get_tightbbox(), ax.figure.bbox
        assert min(box.x0, box.y0) >= -1
        assert max(box.x1 - whole.x1, box.y1 - whole.y1) <= 1
        assert not overlapping(ax.get_xticklabels())
        assert not overlapping(ax.get_yticklabels())


def test_pictures_of_a_family_of_one_s_own(counts):
    for name in ("calibration", "coefficients", "influence", "residual_panel", "rootogram", "trace"):
        draw(name, counts)
    data = plot.effects_data(counts, "age")
    np.testing.assert_allclose(data["estimate"].size, 4)
    poisson = jg.glm("days ~ sex + age + eth", load("quine", as_frame=True), family="poisson")
    for key in ("estimate", "low", "high"):
        np.testing.assert_allclose(data[key], plot.effects_data(poisson, "age")[key], rtol=1e-7)
        np.testing.assert_allclose(plot.coefficients_data(counts)[key], plot.coefficients_data(poisson)[key], rtol=1e-6)
