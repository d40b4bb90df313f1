"""Members with several linear predictors are the single fits: designs of several parameters, classes, bounds."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

import jaxglm as jg
from tests.batches import agree, close

B, N = 5, 60
FIGURES = ("llf", "aic", "bic", "deviance", "dispersion", "nobs", "df_resid", "n_params")


class Case(NamedTuple):
    """A family, and responses (n,) from the linear predictors of its first parameter and of the one beside it."""

    family: Any
    beside: str
    draw: Any


def expit(eta):
    return 1 / (1 + np.exp(-eta))


CASES = {
    "beta": Case("beta", "phi", lambda r, a, b: np.clip(r.beta(expit(a) * np.exp(2 + b), expit(-a) * np.exp(2 + b)),
                                                        1e-6, 1 - 1e-6)),
    "gaussian": Case("gaussian", "phi", lambda r, a, b: r.normal(a, np.exp(0.5 * b))),
    "negbin": Case("negbin", "alpha", lambda r, a, b: 1.0 * r.poisson(np.exp(1 + a) * r.gamma(np.exp(-b), np.exp(b)))),
    "zip": Case("zip", "pi", lambda r, a, b: r.poisson(np.exp(1 + a)) * (r.random(len(a)) < expit(1 - b))),
    "student_t": Case("student_t", "sigma", lambda r, a, b: a + np.exp(b) * r.standard_t(5, len(a))),
}  # fmt: skip
LAYOUTS = {"shared": (False, False), "own": (True, True), "first shared": (False, True), "second shared": (True, False)}


class Data(NamedTuple):
    """A design (N, p) or (B, N, p), or a dict of such, responses (B, N) or a pair of such, and side arrays."""

    family: Any
    X: Any
    Y: Any
    sides: dict[str, np.ndarray]

    def fit(self, **options) -> jg.BatchResults:
        return quietly(lambda: jg.fit_batch(self.family, self.X, self.Y, **self.sides, **options))

    def rows(self, i: int) -> np.ndarray:
        return np.broadcast_to(self.sides.get("mask", np.ones(1)) != 0, (B, N))[i]

    def arrays(self, i: int):
        """Designs, response and side arrays of one member, masked rows left out."""
        used = self.rows(i)
        own = lambda a, rank: (a[i] if a.ndim > rank else a)[used]  # noqa: E731
        X = {k: own(v, 2) for k, v in self.X.items()} if isinstance(self.X, dict) else own(self.X, 2)
        y = tuple(own(a, 1) for a in self.Y) if isinstance(self.Y, tuple) else own(self.Y, 1)
        return X, y, {k: own(v, 1) for k, v in self.sides.items() if k != "mask"}

    def single(self, i: int, **options) -> jg.GLMResults:
        X, y, sides = self.arrays(i)
        return quietly(lambda: jg.GLM(y, X, family=self.family, **sides, **options).fit())

    def ragged(self, **options) -> jg.BatchResults:
        """The same members as lists, without their masked rows."""
        each = [self.arrays(i) for i in range(B)]
        several = isinstance(self.X, dict)
        X = {k: [x[k] for x, _, _ in each] for k in self.X} if several else [x for x, _, _ in each]
        Y = [y for _, y, _ in each]
        Y = tuple(map(list, zip(*Y, strict=True))) if isinstance(self.Y, tuple) else Y
        sides = {k: [s[k] for _, _, s in each] for k in self.sides if k != "mask"}
        return quietly(lambda: jg.fit_batch(self.family, X, Y, **sides, **options))


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return call()


def designs(rng, own: tuple[bool, bool]) -> list[np.ndarray]:
    made = [rng.uniform(-1, 1, (*([B] * o), N, p)) for o, p in zip(own, (3, 2), strict=True)]
    for X in made:
        X[..., 0] = 1.0
    return made


def data(name: str, layout: str, sides=lambda rng: {}, seed: int = 0) -> Data:
    case, rng = CASES[name], np.random.default_rng(seed)
    X, Z = designs(rng, LAYOUTS[layout])
    beside = sides(rng)
    a = np.broadcast_to(X @ [0.2, 0.6, -0.4] + beside.get("offset", 0.0), (B, N))
    b = np.broadcast_to(Z @ [-0.3, 0.5], (B, N))
    Y = np.stack([case.draw(rng, a[i], b[i]) for i in range(B)]).astype(float)
    first = quietly(lambda: jg.GLM(Y[0], np.ones((N, 1)), family=case.family)).options.family.parameters[0]
    return Data(case.family, {first: X, case.beside: Z}, Y, beside)


def everything(rng):
    return {
        "offset": rng.uniform(-0.2, 0.2, (B, N)), "freq_weights": rng.integers(1, 4, (B, N)) * 1.0,
        "weights": rng.uniform(0.5, 2.0, N), "mask": rng.random((B, N)) < 0.9,
    }  # fmt: skip


def same_as_single(fits: jg.BatchResults, i: int, one: jg.GLMResults, limits: str | None = None) -> None:
    """Everything that a batch tells of a member is what the single fit tells, and so is the member as a result."""
    assert fits.names == tuple(one.names)
    agree(fits, i, one)
    agree(fits, i, fits[i])
    if not one.converged:
        return
    close(np.asarray(fits.n_params)[i], one.n_params, 0, "n_params")
    close(fits[i].cov_params(), one.cov_params(), 1e-8, "cov_params", atol=1e-12)
    close(fits[i].resid()[fits[i].counted > 0], one.resid(), 1e-6, "resid", atol=1e-7)
    close(fits[i].null_deviance, one.null_deviance, 1e-9, "null_deviance")
    close(fits.with_cov("HC1").bse[i], one.with_cov("HC1").bse, 1e-7, "HC1")
    if limits is not None:
        close(fits.conf_int(method=limits)[i], one.conf_int(method=limits), 1e-6, limits, atol=1e-7)


def ends_as_single(given, limits: str | None = None, ragged: bool = False) -> None:
    """The first and the last member are the single fits, of ragged lists too where asked for."""
    fits = [given.fit(), *([given.ragged()] if ragged else [])]
    for i in (0, B - 1):
        one = given.single(i)
        for of in fits:
            same_as_single(of, i, one, limits)


# ---------------------------------------------------------------- a design for each of several parameters


PAIRS = [*((name, "own") for name in CASES), *(("beta", layout) for layout in LAYOUTS if layout != "own")]


@pytest.mark.parametrize(("name", "layout"), PAIRS)
def test_designs_of_several_parameters(name, layout):
    ends_as_single(data(name, layout), "profile" if layout == "own" else None)


def test_weights_offsets_and_masks():
    ends_as_single(data("gaussian", "first shared", everything), ragged=True)


def test_location_and_scale_are_the_optimum():
    """Against a general optimiser on the log-likelihood itself."""
    given = data("gaussian", "own")
    fits, (X, Z) = given.fit(), given.X.values()
    for i in range(B):
        def loss(theta, i=i):
            return -norm.logpdf(given.Y[i], X[i] @ theta[:3], np.exp(Z[i] @ theta[3:] / 2)).sum()

        best = minimize(loss, np.zeros(5), tol=1e-12)
        np.testing.assert_allclose(fits.params[i], best.x, atol=2e-5)
        assert fits.llf[i] == pytest.approx(-best.fun, abs=1e-7)


@pytest.mark.parametrize("layout", ["own", "shared"])
def test_columns_that_depend(layout):
    """In the second design, of one member or of all; that of the first stays as it is."""
    given = data("gaussian", layout)
    Z = np.concatenate([given.X["phi"], given.X["phi"][..., :1] + given.X["phi"][..., 1:]], axis=-1)
    if layout == "own":
        Z[1:, :, 2] = np.random.default_rng(3).uniform(-1, 1, (B - 1, N))
    given = given._replace(X=given.X | {"phi": Z})
    fits = given.fit()
    for i in (0, 1):
        same_as_single(fits, i, given.single(i), "profile")
    assert np.flatnonzero(np.isnan(fits.params[0])).tolist() == [5]
    assert np.isnan(fits.params[1]).any() == (layout == "shared")


def test_a_bad_member_touches_nobody():
    given = data("gaussian", "own")
    plain = given.fit()
    Y, Z = given.Y.copy(), given.X["phi"].copy()
    Y[1, 3], Z[2, 4, 1] = np.nan, np.inf
    fits = given._replace(Y=Y, X=given.X | {"phi": Z}).fit()
    assert fits.status_counts == {"CONVERGED": B - 2, "INVALID_DATA": 2}
    assert np.isnan(fits.params[[1, 2]]).all()
    close(fits.params[[0, 3, 4]], plain.params[[0, 3, 4]], 1e-9, "params")


def test_refits_and_files(tmp_path):
    given = data("negbin", "second shared")
    fits = given.fit()
    again = fits.refit([1, 2], start=fits.params[[1, 2]])
    close(again.params, fits.params, 1e-8, "params", atol=1e-9)
    assert again.n_iter[1] <= 2
    fits.save(tmp_path / "fits.npz")
    found = jg.load(tmp_path / "fits.npz")
    for name in ("params", "bse", *FIGURES):
        assert np.array_equal(getattr(found, name), getattr(fits, name)), name
    assert found.names == fits.names


def table(seed: int = 0) -> pd.DataFrame:
    """Groups of several sizes; of "b" all rows have one z."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame({"g": np.repeat(list("abcd"), (40, 50, 50, 60)), "x": rng.normal(size=200),
                         "z": rng.choice(["u", "v"], 200), "e": rng.uniform(-0.5, 0.5, 200)})  # fmt: skip
    made.loc[made.g == "b", "z"] = "u"
    made["y"] = rng.normal(1 + made.x, np.exp(0.4 * (made.z == "v") + made.e))
    made["grade"] = pd.cut(made.x + rng.logistic(size=200), [-np.inf, -1, 0.5, np.inf], labels=["low", "mid", "high"])
    made["time"], made["event"] = rng.weibull(1.5, 200) * np.exp(0.3 * made.x), rng.integers(0, 2, 200)
    return made.sample(frac=1.0, random_state=1)


def test_a_formula_for_each_parameter_by_groups():
    """Each with an offset; the group without one of the levels has no coefficient for it."""
    formulas, frame = {"mu": "y ~ x + offset(e)", "phi": "~ z + offset(2 * e)"}, table()
    fits = jg.glm(formulas, frame, by="g")
    for i, g in enumerate("abcd"):
        one = jg.glm(formulas, frame[frame.g == g])
        if g != "b":
            same_as_single(fits, i, one)
            close(fits[g].predict(frame.head(3)), one.predict(frame.head(3)), 1e-9, "predict")
            continue
        assert np.isnan(fits.params[i]).tolist() == [False, False, False, True]  # the single fit has no such column
        close(fits.params[i, :3], one.params, 1e-9, "params")
        close(fits.llf[i], one.llf, 1e-9, "llf")
    assert fits.tidy()["term"].head(4).tolist() == list(fits.names)


def test_what_is_refused_of_designs():
    X, Y = np.ones((N, 1)), np.full((B, N), 0.5)
    refused = {"no parameter 'nu'": {"mu": X, "nu": X}, "must be of 'mu'": {"phi": X, "mu": X}, "empty": {},
               r"X\['phi'\] must be": {"mu": X, "phi": X[:3]}}  # fmt: skip
    for words, given in refused.items():
        with pytest.raises(ValueError, match=words):
            jg.fit_batch("beta", given, Y)
    with pytest.raises(ValueError, match="fixed"):
        jg.fit_batch(jg.Beta(phi=jg.Fixed(2.0)), {"mu": X, "phi": X}, Y)


# ---------------------------------------------------------------- classes

LEVELS = np.asarray(["high", "low", "mid"])  # in the order of the alphabet: that of labels without a declared one
ORDERED = ("ordinal", "continuation_ratio", "adjacent_category")


def classes(family: str, own: bool, sides=lambda rng: {}, seed: int = 1) -> Data:
    """Labels of three classes, each of which every member has."""
    rng = np.random.default_rng(seed)
    X = designs(rng, (own, own))[0]
    eta = np.broadcast_to(X @ [0.0, 1.0, -0.6], (B, N)) + rng.logistic(size=(B, N))
    return Data(family, X, LEVELS[np.digitize(eta, [-0.7, 0.7])], sides(rng))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("family", ["multinomial", *ORDERED])
def test_classes(family, own):
    given = classes(family, own)
    fits = given.fit(names=["one", "a", "b"])
    assert fits.converged.all()
    for i in (0, B - 1):
        one = given.single(i, names=["one", "a", "b"])
        same_as_single(fits, i, one, "profile" if family in ("multinomial", "ordinal") else None)
        close(fits[i].predict(given.arrays(i)[0]), one.predict(given.arrays(i)[0]), 1e-9, "predict")


@pytest.mark.parametrize("family", ["multinomial", "ordinal"])
def test_classes_of_ragged_and_masked_members(family):
    given = classes(family, True, everything)
    ends_as_single(given, ragged=True)
    spoiled = given.Y.astype(object)
    spoiled[given.sides["mask"] == 0] = "anything"
    close(given._replace(Y=spoiled).fit().params, given.fit().params, 1e-12, "params")


@pytest.mark.parametrize("family", ["multinomial", "ordinal"])
def test_columns_of_classes_that_depend(family):
    """A column twice, a second constant; a missing label."""
    given = classes(family, True)
    given.X[0, :, 2], given.X[1, :, 1] = 2 * given.X[0, :, 1], 3.0
    given.Y[2] = given.Y[3]
    labels = given.Y.astype(object)
    labels[4, 7] = None
    fits = given._replace(Y=labels).fit()
    assert fits.status[4] == jg.Status.INVALID_DATA
    for i in (0, 1, 3):
        same_as_single(fits, i, given.single(i))
    assert np.isnan(fits.params[:2]).any(axis=1).all()


@pytest.mark.parametrize("family", ["multinomial", "continuation_ratio", "ordinal"])
@pytest.mark.parametrize("lacking", range(3))
def test_a_member_without_one_of_the_classes(family, lacking):
    """It says what the single fit with those levels says, which is not that it converged; the others never know."""
    given = classes(family, True)
    plain = given.fit()
    given.Y[2] = np.where(given.Y[2] == LEVELS[lacking], LEVELS[lacking - 1], given.Y[2])
    fits = given.fit()
    others = np.arange(B) != 2
    close(fits.params[others], plain.params[others], 1e-9, "params")
    made = {"multinomial": jg.Multinomial, "continuation_ratio": jg.ContinuationRatio, "ordinal": jg.Ordinal}[family]
    one = given._replace(family=made(levels=tuple(LEVELS))).single(2)
    assert fits.status[2] == one.status
    assert not fits.converged[2]
    assert fits.names == tuple(one.names)
    without = given.single(2)  # a model of the classes that there are has the same supremum
    assert fits.llf[2] == pytest.approx(without.llf, abs=1e-6)
    if family != "multinomial":
        close(fits.params[2, :2], without.params[:2], 1e-6, "params")


def test_levels_of_the_family():
    """Names, in an order of ones own, or their numbers."""
    given, order = classes("ordinal", False), ("low", "mid", "high")
    family = jg.Ordinal(levels=order)
    fits = given._replace(family=family).fit()
    numbers = given._replace(family=family, Y=np.asarray([list(order).index(y) for y in given.Y.ravel()]).reshape(B, N))
    close(numbers.fit().params, fits.params, 1e-12, "params")
    one = given._replace(family=family).single(1)
    same_as_single(fits, 1, one)
    assert one.names[-2:] == ("low|mid", "mid|high")
    fewer = given._replace(family=jg.Ordinal(levels=("low", "mid")))
    for fit in (fewer.fit, lambda: fewer.single(0)):
        with pytest.raises(ValueError, match="class 'high', which is none of the levels of Ordinal: low, mid"):
            fit()


def test_an_intercept_in_a_shared_design_with_masks():
    """Cutpoints stand for it; rows count for some members and not for others."""
    given, mask = classes("ordinal", False), np.random.default_rng(2).random((B, N)) < 0.9
    given = given._replace(sides={"mask": mask})
    fits = given.fit(names=["one", "a", "b"])
    assert fits.names[:2] == ("a", "b")
    for i in range(B):
        same_as_single(fits, i, given.single(i, names=["one", "a", "b"]))


def test_multinomial_is_the_optimum():
    """Against a general optimiser on the log-likelihood itself."""
    given = classes("multinomial", False)
    fits, y = given.fit(), np.searchsorted(LEVELS, given.Y)
    for i in range(B):
        def loss(theta, i=i):
            eta = np.column_stack([np.zeros(N), given.X @ theta.reshape(2, 3).T])
            return (np.logaddexp.reduce(eta, axis=1) - eta[np.arange(N), y[i]]).sum()

        best = minimize(loss, np.zeros(6), tol=1e-12)
        np.testing.assert_allclose(fits.params[i], best.x, atol=1e-4)
        assert fits.llf[i] == pytest.approx(-best.fun, abs=1e-8)


GRADES = {"multinomial": "grade ~ x", "ordinal": {"mu": "grade ~ x", "low|mid": "~ e"}}


@pytest.mark.parametrize("family", GRADES)
def test_classes_by_groups(family):
    """In their declared order; one cutpoint has a formula of its own; a group lacks a class."""
    frame = table()
    fits = jg.glm(GRADES[family], frame, family=family, by="g")
    for g in "acd":
        one = jg.glm(GRADES[family], frame[frame.g == g], family=family)
        same_as_single(fits, fits.labels.index(g), one)
        close(fits[g].predict(frame.head(3)), one.predict(frame.head(3)), 1e-9, "predict")
    lacking = frame[~((frame.g == "c") & (frame.grade == "high"))]
    with pytest.warns(jg.FitWarning, match="1 of 4"):
        fits = jg.glm(GRADES[family], lacking, family=family, by="g")
    assert fits.failed().tolist() == [2]


def test_a_shared_design_of_classes_is_stored_once():
    """Whatever the number of classes: its columns and their products are leaves of the members one time."""
    from jaxglm.many.blocks import as_given, members_of, seen

    fits = classes("multinomial", False).fit()
    (block,) = fits.data.blocks()
    members = members_of(block, seen(block, fits.settings.family), fits.settings.family,
                         as_given(block, fits.settings.family))  # fmt: skip
    shapes = [np.shape(leaf) for leaf in members.leaves]
    assert (shapes.count((3, N)), shapes.count((6, N))) == (1, 1)
    problem = members.one(0)
    assert problem.designs[0] is problem.designs[1]


# ---------------------------------------------------------------- bounds


def times(kind: str, own: bool, sides=lambda rng: {}) -> Data:
    rng = np.random.default_rng(2)
    X = designs(rng, (own, own))[0]
    time = np.exp(X @ [0.5, 0.3, -0.3]) * rng.weibull(1.5, (B, N)) + 0.01
    if kind == "right":
        end = rng.uniform(0.5, 4.0, (B, N))
        return Data(jg.censored(jg.Weibull()), X, (np.minimum(time, end), 1.0 * (time <= end)), sides(rng))
    low = np.floor(2 * time) / 2
    bounds = (low, np.where(low > 4, np.inf, low + 0.5))
    return Data(jg.interval_censored(jg.LogNormal()), X, bounds, sides(rng))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", ["right", "between"])
def test_bounds(kind, own):
    ends_as_single(times(kind, own), "profile" if own else None)


def test_bounds_of_ragged_and_masked_members():
    ends_as_single(times("right", True, everything), ragged=True)


def test_bad_bounds_touch_nobody():
    """A time that is not positive, an event that is none; not where the mask says that they are absent."""
    given = times("right", False)
    plain = given.fit()
    (time, event), mask = (a.copy() for a in given.Y), np.ones((B, N))
    time[1, 3], event[2, 4], time[3, 5], mask[3, 5] = -1.0, 7.0, np.nan, 0
    fits = given._replace(Y=(time, event), sides={"mask": mask}).fit()
    assert fits.status_counts == {"CONVERGED": 3, "INVALID_DATA": 2}
    close(fits.params[[0, 4]], plain.params[[0, 4]], 1e-9, "params")
    one = given._replace(Y=(time, event), sides={"mask": mask}).single(3)
    close(fits.params[3], one.params, 1e-9, "params")
    close(fits[3].params, one.params, 1e-9, "params")


def test_bounds_by_groups():
    frame = table()
    fits = jg.glm("Surv(time, event) ~ x", frame, family="weibull", by="g")
    for i, g in enumerate("abcd"):
        one = jg.glm("Surv(time, event) ~ x", frame[frame.g == g], family="weibull")
        same_as_single(fits, i, one)


def test_what_is_refused_of_classes_and_bounds():
    X, Y = np.ones((N, 1)), np.ones((B, N))
    refused = {
        "needs sets=": (jg.ConditionalLogit(), Y, {}),
        "trials=": ("multinomial", Y, {"trials": Y}),
        "takes one response": ("poisson", (Y, Y), {}),
        "has 1 class": ("ordinal", Y, {}),
        "one shape": (jg.censored(jg.Weibull()), (Y, Y[:, :3]), {}),
        "lower, upper": (jg.interval_censored(jg.Weibull()), (Y, Y, Y), {}),
    }
    for words, (family, given, sides) in refused.items():
        with pytest.raises(ValueError, match=words):
            jg.fit_batch(family, X, given, **sides)
