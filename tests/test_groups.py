"""A model for each group of rows, and ragged lists: single fits of the parts, whatever is missing from them."""

import importlib

import numpy as np
import pandas as pd
import pytest

import jaxglm as jg
from jaxglm.batch import stack_sizes
from jaxglm.frame import from_formula, group_columns
from jaxglm.frame.groups import group_rows
from jaxglm.many.blocks import seen
from jaxglm.many.data import Ragged, Stacked
from tests.batches import agree

FORMULA = "y ~ t + x"


def table(sizes=(30, 30, 16, 40, 9, 31), seed=0) -> pd.DataFrame:
    """Groups g0, g1, ... in shuffled rows: g1 lacks level b, g2 misses some responses, g4 all; some lack a key."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    made = pd.DataFrame(dict(g=np.repeat([f"g{i}" for i in range(len(sizes))], sizes), t=rng.choice(list("abc"), n),
                             x=rng.normal(size=n), site=rng.choice(["n", "s"], n), e=rng.uniform(1, 2, n)))
    made["y"] = rng.poisson(2.0 + (made.t == "b")).astype(float)
    made.loc[(made.g == "g1") & (made.t == "b"), "t"] = "a"
    made.loc[made.index[made.g == "g2"][:4], "y"] = np.nan
    made.loc[made.g == "g4", "y"] = np.nan
    made = made.sample(frac=1.0, random_state=1).reset_index(drop=True)
    made.loc[made.index[made.g == "g3"][:3], "g"] = None
    return made


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.fixture(scope="module")
def fits(data):
    with pytest.warns(jg.FitWarning, match="1 of 6"):
        return jg.glm(FORMULA, data, family="poisson", exposure="e", by="g")


@pytest.mark.parametrize("name", ["g0", "g2", "g3", "g5"])
def test_a_group_is_the_single_fit_of_its_rows(data, fits, name):
    one = jg.glm(FORMULA, data[data.g == name], family="poisson", exposure="e")
    agree(fits, fits.labels.index(name), one)
    again = fits[name]
    agree(fits, fits.labels.index(name), again)
    new = pd.DataFrame(dict(t=["a", "c"], x=[0.5, -1.0], e=[1.0, 2.0]))
    assert np.allclose(again.predict(new), one.predict(new), rtol=1e-9)
    assert np.allclose(again.resid("deviance"), one.resid("deviance"), rtol=1e-7, atol=1e-9)
    assert "Poisson" in str(again.summary())


def test_labels_are_sorted_and_a_missing_key_is_no_group(fits, data):
    assert fits.labels == [f"g{i}" for i in range(6)]
    assert fits.nobs.sum() == len(data) - data.y.isna().sum() - 3


def test_a_missing_level_is_nan_there_and_only_there(fits):
    j = fits.names.index("t[T.b]")
    assert list(np.flatnonzero(np.isnan(fits.params[:, j]))) == [1, 4]
    assert np.isfinite(fits.params[1][[0, 2, 3]]).all()
    assert fits.converged[1]


def test_a_group_without_rows_is_invalid(fits):
    assert fits.status[4] == jg.Status.INVALID_DATA
    assert fits.nobs[4] == 0
    with pytest.raises(ValueError, match="g4"):
        fits["g4"]


def test_several_columns(data):
    fits = jg.glm("y ~ x", data[data.y.notna()], family="poisson", by=["site", "g"])
    assert fits.labels == sorted(fits.labels)
    rows = data[(data.site == "s") & (data.g == "g3") & data.y.notna()]
    agree(fits, fits.labels.index(("s", "g3")), jg.glm("y ~ x", rows, family="poisson"))
    assert list(fits.tidy().columns[:2]) == ["site", "g"]
    assert np.array_equal(fits.glance()["g"], [label[1] for label in fits.labels])


def test_the_rest_of_the_columns_leaves_out_those_that_group(data):
    whole = data[data.y.notna()].drop(columns=["t", "e"])
    fits = jg.glm("y ~ .", whole, family="poisson", by=["g", "site"])
    assert fits.names == ("Intercept", "x")


KEYS = {
    "numbers": lambda g: g.str[1:].astype(float).fillna(-1).astype(int),
    "dates": lambda g: pd.Timestamp("2020-01-01") + pd.to_timedelta(g.str[1:].astype(float), unit="D"),
    "categories": lambda g: pd.Categorical(g, categories=[f"g{i}" for i in (5, 3, 0, 1, 2, 4, 9)]),
    "booleans": lambda g: (g == "g0").to_numpy(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_any_type(data, kind):
    given = data.assign(g=KEYS[kind](data.g))[data.y.notna()]
    fits = jg.glm("y ~ x", given, family="poisson", by="g")
    label = fits.labels[0]
    agree(fits, 0, jg.glm("y ~ x", given[given.g == label], family="poisson"))
    assert fits.glance()["g"].tolist() == pd.Series(fits.labels).tolist()
    assert len(fits.tidy()) == 2 * len(fits)


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_frames_out_follow_frames_in(data, fits, kind):
    module = importlib.import_module(kind)
    given = module.from_pandas(data) if kind == "polars" else module.Table.from_pandas(data)
    with pytest.warns(jg.FitWarning):
        found = jg.glm(FORMULA, given, family="poisson", exposure="e", by="g")
    assert found.labels == fits.labels
    assert np.allclose(found.params, fits.params, equal_nan=True, rtol=1e-9, atol=1e-12)
    for frame in (found.tidy(), found.glance()):
        assert type(frame).__module__.split(".")[0] == kind


def test_a_shared_design_is_seen_and_changes_nothing():
    rng = np.random.default_rng(3)
    given = pd.DataFrame(dict(g=np.repeat(np.arange(12), 20), x=np.tile(rng.normal(size=20), 12)))
    given["y"] = rng.poisson(3.0, len(given))
    shared = jg.glm("y ~ x", given, family="poisson", by="g")
    assert isinstance(shared.data, Stacked)
    assert shared.data.given[0].X.shape == (20, 2)
    frame = from_formula("y ~ x", given)
    _, rows, ends = group_rows(group_columns(given, "g")[1], frame.rows)
    loose = Ragged(frame, rows, ends)
    lists = [[loose.frame(i).X for i in range(12)], [loose.frame(i).y for i in range(12)]]
    lists[0][0], lists[1][0] = lists[0][0][:-1], lists[1][0][:-1]
    apart = jg.fit_batch("poisson", *lists)
    assert isinstance(apart.data, Ragged)
    assert np.allclose(shared.params[1:], apart.params[1:], rtol=1e-9, atol=1e-12)
    assert np.allclose(shared.bse[1:], apart.bse[1:], rtol=1e-9)


# ---------------------------------------------------------------- ragged lists


RAGGED = ("poisson", "gamma")
LENGTHS = (11, 37, 12, 40, 3, 39)


def lists(family: str):
    rng = np.random.default_rng(4)
    X = [np.column_stack([np.ones(n), rng.normal(size=n)]) for n in LENGTHS]
    draw = dict(poisson=lambda n: rng.poisson(3.0, n), binomial=lambda n: rng.binomial(1, 0.5, n),
                gamma=lambda n: rng.gamma(2.0, size=n))[family]
    return X, [draw(n).astype(float) for n in LENGTHS], [rng.uniform(0.5, 2, n) for n in LENGTHS]


@pytest.mark.filterwarnings("ignore::jaxglm.FitWarning")
@pytest.mark.parametrize("family", RAGGED)
def test_ragged_members_are_single_fits(family):
    X, Y, _ = lists(family)
    offset = [0.1 * x[:, 1] for x in X]
    fits = jg.fit_batch(family, X, Y, offset=offset, labels=list("abcdef"))
    for i in (2, 3):
        one = jg.GLM(Y[i], X[i], family=family, offset=offset[i]).fit()
        agree(fits, i, one)
        agree(fits, i, fits["abcdef"[i]])


def test_ragged_weights():
    X, Y, weights = lists("poisson")
    fits = jg.fit_batch("poisson", X, Y, weights=weights)
    agree(fits, 1, jg.GLM(Y[1], X[1], family="poisson", weights=weights[1]).fit())


def test_a_ragged_proportion_without_trials_is_invalid():
    X, Y, _ = lists("binomial")
    Y[1][0] = 0.5
    with pytest.warns(jg.FitWarning):
        fits = jg.fit_batch("binomial", X, Y)
    assert fits.status[1] == jg.Status.INVALID_DATA


def test_padding_is_at_most_a_quarter():
    rng = np.random.default_rng(8)
    for spread in (0.0, 0.5, 2.0):
        for _ in range(40):
            sizes = np.exp(rng.normal(4.0, spread, rng.integers(1, 300))).astype(int) + 1
            padded = stack_sizes(sizes)
            assert (padded >= sizes).all()
            waste = 1 - sizes.sum() / padded.sum()
            octave = sizes.sum() / np.maximum(8, sizes * 1.25).sum()
            assert waste <= max(0.25, 1 - octave), (waste, len(np.unique(padded)))


def test_padding_counts_for_nothing():
    X, Y, _ = lists("poisson")
    fits = jg.fit_batch("poisson", X, Y)
    for block in fits.data.blocks():
        assert (seen(block, fits.family).counted.sum(axis=1) == np.asarray(LENGTHS)[block.index]).all()


def test_a_number_is_a_label_where_labels_are_numbers():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"g": np.repeat([1, 2, 3], 30), "x": rng.normal(size=90), "y": rng.poisson(2, size=90)})
    fits = jg.glm("y ~ x", frame, family="poisson", by="g")
    one = jg.glm("y ~ x", frame[frame.g == 1], family="poisson")
    assert np.allclose(fits[1].params, one.params, rtol=0, atol=1e-12)
    with pytest.raises(KeyError, match="no member 0; use a label, such as 1"):
        fits[0]
