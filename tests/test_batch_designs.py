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
    """Designs {parameter: (N, p) or (B, N, p)}, responses (B, N) and side arrays."""

    family: Any
    X: dict[str, np.ndarray]
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
        X = {k: own(v, 2) for k, v in self.X.items()}
        y = tuple(own(a, 1) for a in self.Y) if isinstance(self.Y, tuple) else own(self.Y, 1)
        return X, y, {k: own(v, 1) for k, v in self.sides.items() if k != "mask"}

    def single(self, i: int, **options) -> jg.GLMResults:
        X, y, sides = self.arrays(i)
        return quietly(lambda: jg.GLM(y, X, family=self.family, **sides, **options).fit())

    def ragged(self, **options) -> jg.BatchResults:
        """The same members as lists, without their masked rows."""
        each = [self.arrays(i) for i in range(B)]
        X = {k: [x[k] for x, _, _ in each] for k in self.X}
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


# ---------------------------------------------------------------- a design for each of several parameters


PAIRS = [*((name, "own") for name in CASES), *(("beta", layout) for layout in LAYOUTS if layout != "own")]


@pytest.mark.parametrize(("name", "layout"), PAIRS)
def test_designs_of_several_parameters(name, layout):
    given = data(name, layout)
    fits = given.fit()
    for i in (0, B - 1):
        same_as_single(fits, i, given.single(i), "profile" if layout == "own" else None)


def test_weights_offsets_and_masks():
    given = data("gaussian", "first shared", everything)
    fits, lists = given.fit(), given.ragged()
    for i in (0, B - 1):
        one = given.single(i)
        same_as_single(fits, i, one)
        same_as_single(lists, i, one)


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
