"""Tables of inputs for the front door: what comes in, what comes out, and what each error says."""

import pickle
import sys
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jaxglm.frame import ModelFrame, from_arrays, from_formula, to_frame

N = 12
rng = np.random.default_rng(7)
COLUMNS = {
    "y": rng.normal(size=N) + 5,
    "x": rng.normal(size=N),
    "z": np.arange(N),
    "g": np.array(list("bcabcabcabca")),
    "k": rng.integers(0, 6, N),
    "n": np.full(N, 6),
    "e": rng.random(N) + 1,
    "b": np.arange(N) % 3 == 0,
    "r": np.array(["no", "yes", "yes"] * 4),
    "w": rng.random(N),
    "my col": np.arange(N) + 1.0,
    "a.b": np.arange(N) / 7,
    "a-b": np.arange(N) % 5 + 0.5,
    "2nd": np.arange(N) ** 2.0,
}
LISTS = {name: values.tolist() for name, values in COLUMNS.items()}
FRAMES = {
    "pandas": pd.DataFrame(COLUMNS),
    "polars": pl.DataFrame(LISTS),
    "pyarrow": pa.table(LISTS),
    "numpy": COLUMNS,
}
DATA = FRAMES["pandas"]
ONES = np.ones((N, 1))


def gaps() -> pd.DataFrame:
    """Missing in y (row 7), x (row 3), g (row 5); labels of the rows are not their positions."""
    data = DATA.copy()
    data.loc[7, "y"], data.loc[3, "x"] = np.nan, np.nan
    data["g"] = data["g"].astype(object)
    data.loc[5, "g"] = None
    return data.set_index(pd.Index(range(100, 100 + N)))


# ---------------------------------------------------------------- formula: frames in


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_gives_the_same_model(kind):
    frame = from_formula("y ~ x * g + b + offset(log(e))", FRAMES[kind], weights="w", freq_weights="k", exposure="n")
    c = COLUMNS
    assert (frame.kind, frame.response, frame.formula) == (kind, "y", "y ~ x * g + b + offset(log(e))")
    assert frame.names == ("Intercept", "x", "g[T.b]", "g[T.c]", "b", "x:g[T.b]", "x:g[T.c]")
    gb, gc = c["g"] == "b", c["g"] == "c"
    expected = np.column_stack([np.ones(N), c["x"], gb, gc, c["b"], c["x"] * gb, c["x"] * gc])
    np.testing.assert_array_equal(frame.X, expected)
    np.testing.assert_allclose(frame.offset, np.log(6) + np.log(c["e"]), rtol=1e-15)
    np.testing.assert_array_equal(frame.weights, c["w"])
    np.testing.assert_array_equal(frame.freq_weights, c["k"])
    np.testing.assert_array_equal(frame.rows, np.arange(N))
    assert frame.n_dropped == 0
    assert frame.has_intercept
    assert frame.success is None
    X, offset = frame.encode(FRAMES[kind])
    np.testing.assert_array_equal(X, frame.X)
    np.testing.assert_array_equal(offset, frame.offset)
    for array in (frame.y, frame.X, frame.offset, frame.weights, frame.freq_weights, X, offset):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous


def test_structured_array_is_a_frame():
    data = np.array([(1.0, 2), (2.0, 3)], dtype=[("y", float), ("x", int)])
    np.testing.assert_array_equal(from_formula("y ~ x", data).X, [[1, 2], [1, 3]])
    np.testing.assert_array_equal(from_formula("y ~ x", data.view(np.recarray)).X, [[1, 2], [1, 3]])


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None, 3, 4], dtype="Int64"),
        pd.array([1.0, None, 3, 4], dtype="Float64"),
        np.array([1, None, 3, 4], dtype=object),
        pl.Series([1, None, 3, 4]),
        pa.array([1, None, 3, 4]),
        pd.array([1, None, 3, 4], dtype="float32"),
        pl.Series(["1", None, "3", "4"]).cast(pl.Decimal(10, 2)),
    ],
    ids=lambda column: f"{type(column).__name__}-{getattr(column, 'dtype', column)}"[:40],
)
def test_numbers_of_every_dtype(column):
    if isinstance(column, pl.Series):
        data = pl.DataFrame({"x": column, "y": [1.0, 2, 3, 4]})
    elif isinstance(column, pa.Array):
        data = pa.table({"x": column, "y": [1.0, 2, 3, 4]})
    else:
        data = pd.DataFrame({"x": column, "y": [1.0, 2, 3, 4]})
    frame = from_formula("y ~ x", data)
    np.testing.assert_array_equal(frame.X[:, 1], [1, 3, 4])
    np.testing.assert_array_equal(frame.rows, [0, 2, 3])
    assert frame.names == ("Intercept", "x")
    assert frame.n_dropped == 1


@pytest.mark.parametrize(
    ("data", "levels"),
    [
        (pd.DataFrame({"g": ["v", "u", None, "v"]}), "uv"),
        (pd.DataFrame({"g": pd.array(["v", "u", None, "v"], dtype="string")}), "uv"),
        (pd.DataFrame({"g": pd.Categorical(["v", "u", None, "v"], ["v", "w", "u"])}), "vu"),  # w is not in the data
        (pd.DataFrame({"g": pd.Categorical(["v", "u", None, "v"], ["v", "u"], ordered=True)}), "vu"),
        (pl.DataFrame({"g": ["v", "u", None, "v"]}), "uv"),
        (pl.DataFrame({"g": ["v", "u", None, "v"]}, schema={"g": pl.Categorical}), "uv"),
        (pl.DataFrame({"g": ["v", "u", None, "v"]}, schema={"g": pl.Enum(["v", "w", "u"])}), "vu"),
        (pa.table({"g": ["v", "u", None, "v"]}), "uv"),
        (pa.table({"g": pa.array(["v", "u", None, "v"]).dictionary_encode()}), "vu"),
        ({"g": ["v", "u", None, "v"]}, "uv"),
    ],
    ids=str,
)
def test_text_and_categories_of_every_dtype(data, levels):
    columns = data if isinstance(data, dict) else {"g": data["g"]}
    data = {**columns, "y": [1.0, 2, 3, 4]} if isinstance(data, dict) else _with_y(data)
    frame = from_formula("y ~ g", data)
    assert frame.names == ("Intercept", f"g[T.{levels[1]}]")
    np.testing.assert_array_equal(frame.X[:, 1], np.array(["v", "u", "v"]) == levels[1])
    np.testing.assert_array_equal(frame.rows, [0, 1, 3])


def _with_y(data):
    if isinstance(data, pa.Table):
        return data.append_column("y", pa.array([1.0, 2, 3, 4]))
    return (
        data.with_columns(y=pl.Series([1.0, 2, 3, 4]))
        if isinstance(data, pl.DataFrame)
        else data.assign(y=[1.0, 2, 3, 4])
    )


def test_text_with_missing_booleans_is_boolean():
    frame = from_formula("y ~ b", pl.DataFrame({"b": [True, None, False], "y": [1, 2, 3]}))
    np.testing.assert_array_equal(frame.X, [[1, 1], [1, 0]])


# ---------------------------------------------------------------- formula: terms and responses


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ 1", ("Intercept",)),
        ("y ~ x - 1", ("x",)),
        ("y ~ 0 + g", ("g[a]", "g[b]", "g[c]")),
        ("y ~ C(z % 2)", ("Intercept", "C(z % 2)[T.1]")),
        ("y ~ factor(b)", ("Intercept", "factor(b)[T.True]")),
        ("y ~ x:z + sqrt(e)", ("Intercept", "sqrt(e)", "x:z")),
        ("y ~ `my col` + a.b + `a-b` + `2nd`", ("Intercept", "my col", "a.b", "a-b", "2nd")),
        ("y ~ bs(x, df=4)", ("Intercept", *(f"bs(x, df=4)[{j}]" for j in range(1, 5)))),
        ("y ~ cr(x, df=3) - 1", tuple(f"cr(x, df=3)[{j}]" for j in range(1, 4))),
        ("y ~ poly(z, 2)", ("Intercept", "poly(z, 2)[1]", "poly(z, 2)[2]")),
        (
            "y ~ C(g, contr.treatment('c'))",
            ("Intercept", "C(g, contr.treatment('c'))[T.a]", "C(g, contr.treatment('c'))[T.b]"),
        ),
        ("y ~ g.str.upper()", ("Intercept", "g.str.upper()[T.B]", "g.str.upper()[T.C]")),
        ("y~offset(e)+x+offset(w)", ("Intercept", "x")),
    ],
)
def test_terms(formula, names):
    frame = from_formula(formula, DATA)
    assert frame.names == names
    assert frame.X.shape == (N, len(names))
    assert frame.has_intercept == ("Intercept" in names)
    np.testing.assert_allclose(frame.encode(DATA.iloc[[4, 0]])[0], frame.X[[4, 0]], rtol=1e-14)


def test_offsets_add_up_and_follow_new_data():
    frame = from_formula("y ~ x + offset(e) + offset(`my col` / 2)", DATA, exposure="n", offset="w")
    np.testing.assert_allclose(frame.offset, DATA["e"] + DATA["my col"] / 2 + np.log(6) + DATA["w"], rtol=1e-14)
    _, offset = frame.encode({"x": 0.0, "e": 1.0, "my col": 4.0, "n": np.e, "w": 0.5})
    np.testing.assert_allclose(offset, [4.5])
    assert not frame.encode.needs_offset
    assert from_formula("y ~ x", DATA, offset=np.ones(N)).encode.needs_offset


def test_dot_is_every_other_column():
    data = DATA[["y", "x", "g", "w", "k", "n"]]
    frame = from_formula("cbind(k, n - k) ~ .", data, weights="w")
    assert frame.names == ("Intercept", "y", "x", "g[T.b]", "g[T.c]")
    assert from_formula("k ~ .", data, trials="n").names == ("Intercept", "y", "x", "g[T.b]", "g[T.c]", "w")


@pytest.mark.parametrize(
    ("formula", "expected", "success"),
    [
        ("y ~ x", COLUMNS["y"], None),
        ("`a-b` ~ x", COLUMNS["a-b"], None),
        ("a.b ~ x", COLUMNS["a.b"], None),
        ("log(y) ~ x", np.log(COLUMNS["y"]), None),
        ("np.log(`my col`) ~ x", np.log(COLUMNS["my col"]), None),
        ("k/n ~ x", COLUMNS["k"] / 6, None),
        ("`a-b` + `my col` ~ x", COLUMNS["a-b"] + COLUMNS["my col"], None),
        ("I(y**2) ~ x", COLUMNS["y"] ** 2, None),
        ("b ~ x", COLUMNS["b"], "True"),
        ("y > 5 ~ x", COLUMNS["y"] > 5, "True"),
        ("g == 'a' ~ x", COLUMNS["g"] == "a", "True"),
        ("g == '~' ~ x", COLUMNS["g"] == "~", "True"),
        ("r ~ x", COLUMNS["r"] == "yes", "yes"),
    ],
)
def test_responses(formula, expected, success):
    frame = from_formula(formula, DATA)
    np.testing.assert_allclose(frame.y, np.asarray(expected, float), rtol=1e-15)
    assert frame.y.dtype == np.float64
    assert frame.success == success
    left = formula.rpartition(" ~ ")[0]
    assert frame.response == ("a-b" if left == "`a-b`" else left)


@pytest.mark.parametrize(
    ("formula", "trials"),
    [("cbind(k, n - k) ~ x", None), ("k ~ x", "n"), ("k ~ x", COLUMNS["n"]), ("k ~ x", COLUMNS["n"].tolist())],
)
def test_successes_and_trials(formula, trials):
    successes, total = from_formula(formula, DATA, trials=trials).y
    np.testing.assert_array_equal(successes, COLUMNS["k"])
    np.testing.assert_array_equal(total, COLUMNS["n"])
    assert successes.dtype == total.dtype == np.float64


def test_second_declared_level_is_the_success():
    data = DATA.assign(r=pd.Categorical(DATA["r"], ["yes", "no"]))
    frame = from_formula("r ~ x", data)
    assert frame.success == "no"
    np.testing.assert_array_equal(frame.y, DATA["r"] == "no")


def test_context_gives_functions_and_constants():
    frame = from_formula("y ~ double(x) + I(z - shift)", DATA, context={"double": lambda v: 2 * v, "shift": 3})
    np.testing.assert_allclose(frame.X[:, 1:], np.column_stack([2 * COLUMNS["x"], COLUMNS["z"] - 3.0]))


def test_a_column_named_like_a_function_does_not_hide_it():
    data = DATA.assign(log=1.0, C=2.0)
    assert from_formula("y ~ log(e) + C(g)", data).names == ("Intercept", "log(e)", "C(g)[T.b]", "C(g)[T.c]")


# ---------------------------------------------------------------- missing values


def test_missing_rows_are_dropped_and_arrays_keep_their_rows():
    weights = np.arange(N, dtype=float)
    weights[9] = np.nan
    frame = from_formula("y ~ x + g", gaps(), offset=np.arange(N), weights=weights)
    kept = [0, 1, 2, 4, 6, 8, 10, 11]
    np.testing.assert_array_equal(frame.rows, kept)
    np.testing.assert_array_equal(frame.offset, kept)
    np.testing.assert_array_equal(frame.weights, kept)
    np.testing.assert_array_equal(frame.y, COLUMNS["y"][kept])
    np.testing.assert_array_equal(frame.X[:, 1], COLUMNS["x"][kept])
    np.testing.assert_array_equal(frame.X[:, 2], COLUMNS["g"][kept] == "b")
    assert frame.n_dropped == 4


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict"])
def test_side_columns_with_missing_values_drop_rows(kind):
    columns = {"y": [1.0, 2, 3, 4], "w": [1, None, 3, 4], "k": [1, 1, 1, 1], "n": [2.5, 2, None, 2]}
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table, "dict": dict}[kind]
    frame = from_formula("k ~ y", make(columns), weights="w", trials="n", exposure="y")
    np.testing.assert_array_equal(frame.rows, [0, 3])
    np.testing.assert_array_equal(frame.weights, [1, 4])
    np.testing.assert_array_equal(frame.y[1], [2.5, 2])
    np.testing.assert_allclose(frame.offset, np.log([1, 4]))
    with pytest.raises(ValueError, match=r"2 of 4 rows have missing values: w \(row 1\), n \(row 2\)"):
        from_formula("k ~ y", make(columns), weights="w", trials="n", missing="raise")


def test_missing_values_in_columns_that_are_not_used_do_not_matter():
    assert from_formula("z ~ e", gaps()).n_dropped == 0


def test_a_level_that_is_only_in_dropped_rows_is_no_level():
    data = pd.DataFrame({"y": [1.0, 2, np.nan], "g": pd.Categorical(["a", "b", "c"])})
    assert from_formula("y ~ g", data).names == ("Intercept", "g[T.b]")


def test_row_numbers_in_errors_count_the_original_rows():
    data = gaps()
    data.iloc[8, data.columns.get_loc("e")] = -1.0
    with pytest.raises(ValueError, match=r"log\(e\) is undefined \(NaN\) in 1 of 9 rows \(first: row 8\)"):
        from_formula("y ~ x + g + log(e)", data)


def test_encode_gives_nan_rows_for_missing_values():
    frame = from_formula("y ~ x + g", gaps(), exposure="e")
    X, offset = frame.encode(gaps())
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(X).any(axis=1)), [3, 5])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(offset)), [3, 5])
    np.testing.assert_array_equal(X[frame.rows], frame.X)
    nothing, offset = frame.encode({"x": [np.nan], "g": [None], "e": [1.0]})
    assert nothing.shape == (1, 4)
    assert np.isnan(nothing).all()
    assert np.isnan(offset).all()
    assert frame.encode(DATA.iloc[:0])[0].shape == (0, 4)


# ---------------------------------------------------------------- encoding of new data


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ bs(x, df=5)",
        "y ~ cr(x, df=4)",
        "y ~ scale(x) + center(z)",
        "y ~ poly(x, 3)",
        "y ~ C(g):x",
        "y ~ C(z)",
        "y ~ g * b",
    ],
)
def test_encoding_of_one_row_is_that_row(formula):
    frame = from_formula(formula, DATA)
    for row in (0, 5, 11):
        np.testing.assert_allclose(frame.encode(DATA.iloc[[row]])[0], frame.X[[row]], rtol=1e-13, atol=1e-13)


def test_encoding_survives_a_failed_call_and_pickling():
    frame = from_formula("y ~ scale(x) + g", DATA)
    with pytest.raises(ValueError, match=r"'scale\(x\)' cannot be computed"):
        frame.encode({"x": ["text"], "g": ["a"]})
    with pytest.raises(ValueError, match="g has a level"):
        frame.encode({"x": [1.0], "g": ["new"]})
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(frame.encode))(DATA)[0], frame.X)


def test_encoding_takes_another_kind_of_frame_and_another_order_of_levels():
    frame = from_formula("y ~ x + g", DATA)
    new = pl.DataFrame(
        {"g": ["c", "a"], "x": [1, 2], "more": [None, None]}, schema_overrides={"g": pl.Enum(["c", "a", "q"])}
    )
    np.testing.assert_array_equal(frame.encode(new)[0], [[1, 1, 0, 1], [1, 2, 0, 0]])
    np.testing.assert_array_equal(frame.encode({"x": 3, "g": "b"})[0], [[1, 3, 1, 0]])


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (
            {"x": [1.0, 2, 3], "g": ["a", "q", "p"]},
            r"g has levels that the model does not know: 'p', 'q' \(first: row 1\)",
        ),
        ({"x": [1.0], "g": ["q"]}, r"a level .*'q'.*Known levels: 'a', 'b', 'c'"),
        ({"x": [1.0, 2], "g": [None, "q"]}, r"'q' \(first: row 1\)"),
        ({"X": [1.0], "g": ["a"]}, r"new data: there is no column 'x'. Did you mean 'X'\?"),
        ({"x": [1.0]}, r"there is no column 'g'"),
        ({"x": ["u"], "g": ["a"]}, r"x is categorical here .*numerical in the data of the fit"),
        ({"x": [1.0], "g": [2.0]}, r"g is numerical here .*categorical in the data of the fit"),
        ({"x": [np.inf], "g": ["a"]}, r"column x is infinite in 1 of 1 rows"),
        ({"x": [1.0, 2], "g": ["a"]}, r"one length; they have x: 2, g: 1"),
        ([[1.0, 2.0]], r"new data must be a pandas or polars DataFrame"),
    ],
)
def test_bad_new_data(new, message):
    with pytest.raises(ValueError, match=message):
        from_formula("y ~ x + g", DATA).encode(new)


def test_bad_new_exposure_and_spline_bounds():
    with pytest.raises(ValueError, match=r"exposure must be > 0; 1 of 1 rows \(first: row 0, exposure = 0\) is not"):
        from_formula("y ~ x", DATA, exposure="e").encode({"x": [1.0], "e": [0.0]})
    with pytest.raises(ValueError, match=r"'bs\(x, df=4\)' cannot be computed: Some field values extend beyond"):
        from_formula("y ~ bs(x, df=4)", DATA).encode({"x": [100.0]})


# ---------------------------------------------------------------- errors of the formula door


@pytest.mark.parametrize(
    ("formula", "keywords", "message"),
    [
        ("y ~ xx", {}, r"there is no column 'xx'. Did you mean 'x'\? The columns are: y, x, z"),
        ("Y ~ x", {}, r"there is no column 'Y'. Did you mean 'y'\?"),
        ("y ~ log(X)", {}, r"no column 'X'. Did you mean 'x'"),
        ("y ~ id", {}, r"no column 'id'"),
        ("y ~ x", {"weights": "W"}, r"weights='W': there is no column 'W'. Did you mean 'w'"),
        ("y ~ x", {"offset": "np.log(e)"}, r"no column 'np.log\(e\)'"),
        ("y ~ foo(x)", {}, r"'foo\(x\)' cannot be computed: name 'foo' is not defined"),
        ("lgo(y) ~ x", {}, r"name 'lgo' is not defined. Did you mean 'log'"),
        ("y ~ I(x^2)", {}, r"'I\(x \^ 2\)' cannot be computed: .* Write \*\* for powers"),
        ("y ~ x +", {}, r"'y ~ x \+' cannot be read: [^\x1b]*$"),
        ("y ~ x:offset(z)", {}, r"offset\(...\) must be a term of its own; here it is part of 'x:offset\(z\)'"),
        ("~ x", {}, r"must be 'response ~ terms'"),
        ("y", {}, r"must be 'response ~ terms'"),
        ("", {}, r"must be 'response ~ terms'"),
        (3, {}, r"the formula must be text"),
        ("y ~ x | z", {}, r"one right-hand side"),
        ("y ~ x ~ z", {}, r"one right-hand side"),
        ("y ~ 0", {}, r"no terms and no intercept"),
        ("y ~ offset(x) - 1", {}, r"no terms and no intercept"),
        ("g ~ x", {}, r"the response g is not numeric and has 3 levels \('a', 'b', 'c'\).*exactly two"),
        ("5 ~ x", {}, r"the response '5' must have a value for each of 12 rows"),
        ("cbind(k) ~ x", {}, r"'cbind\(k\)' cannot be computed: .*failures"),
        ("cbind(k, n - k) ~ x", {"trials": "n"}, r"holds the trials already; leave out trials="),
        ("cbind(n, k - n) ~ x", {}, r"successes must not exceed trials; in \d+ of 12 rows they do \(first: row 0"),
        ("n ~ x", {"trials": "k"}, r"successes must not exceed trials; .*first: row 0, successes = 6, trials = "),
        (
            "n ~ x",
            {"trials": -COLUMNS["n"]},
            r"trials must be >= 0; 12 of 12 rows \(first: row 0, trials = -6\) are not",
        ),
        ("-k ~ x", {"trials": "n"}, r"successes must be >= 0"),
        ("y ~ x", {"weights": [1.0, 2.0]}, r"weights has 2 values, but there are 12 rows"),
        ("y ~ x", {"offset": 1.0}, r"offset must be one-dimensional"),
        ("y ~ x", {"offset": np.ones((N, 2))}, r"offset must be one-dimensional.*\(12, 2\)"),
        (
            "y ~ x",
            {"weights": np.where(np.arange(N) == 4, -2.0, 1.0)},
            r"weights must be >= 0; 1 of 12 rows \(first: row 4, .*-2\)",
        ),
        ("y ~ x", {"freq_weights": np.full(N, -1)}, r"freq_weights must be >= 0; 12 of 12 rows"),
        ("y ~ x", {"weights": np.zeros(N)}, r"weights are zero in all 12 rows"),
        ("y ~ x", {"weights": "g"}, r"weights must be numeric"),
        ("y ~ x", {"exposure": "z"}, r"exposure must be > 0; 1 of 12 rows \(first: row 0, exposure = 0\) is not"),
        ("y ~ x", {"offset": np.full(N, np.inf)}, r"offset must be finite; 12 of 12 rows"),
        ("y ~ offset(log(z))", {}, r"offset\(log\(z\)\) must be finite; 1 of 12 rows \(first: row 0, .* = -inf\)"),
        ("y ~ offset(g)", {}, r"offset\(g\) must be numeric"),
        ("y ~ I(1 / z)", {}, r"column I\(1 / z\) is infinite in 1 of 12 rows \(first: row 0"),
        ("I(1 / z) ~ x", {}, r"I\(1 / z\) must be finite; 1 of 12 rows \(first: row 0, .* = inf\) is not"),
        ("log(y - 100) ~ x", {}, r"log\(y - 100\) must be finite; 12 of 12 rows \(first: row 0, .* = nan\) are not"),
        ("y ~ C(g, levels=['a', 'b'])", {}, r"a level that the model does not know: 'c' \(first: row 1\)"),
        ("y ~ x", {"missing": "ignore"}, r'missing must be "drop" or "raise"; it is \'ignore\''),
    ],
)
def test_formula_errors(formula, keywords, message):
    with pytest.raises(ValueError, match=message):
        from_formula(formula, DATA, **keywords)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA.iloc[:0], "data has no rows"),
        ({"y": [], "x": []}, "data has no rows"),
        ({"y": [1, 2], "x": [1]}, "must have one length; they have y: 2, x: 1"),
        (np.ones((3, 2)), "data must be a pandas or polars DataFrame, .* a dict of columns; it is a ndarray"),
        (pl.LazyFrame({"y": [1], "x": [1]}), "is a LazyFrame. Collect it first"),
        (pd.DataFrame(np.ones((3, 3)), columns=["y", "x", "x"]), "2 columns have the name 'x'. Rename all but one"),
        ({"y": [np.nan, None], "x": [1, 2]}, r"no complete row is left: all 2 rows .* in y \(every row\)"),
        ({"y": [1.0, np.nan], "x": [np.nan, 2]}, r"no complete row .* y \(row 1\), x \(row 0\)"),
        (
            {"y": [1.0, 2], "x": pd.date_range("2020-01-01", periods=2)},
            r"x must be numeric or text; .*days since a start",
        ),
        ({"y": pd.date_range("2020-01-01", periods=2), "x": [1, 2]}, r"y must be numeric; its dtype is datetime64"),
        ({"y": ["a", "a"], "x": [1, 2]}, r"the response y is not numeric and has 1 level \('a'\)"),
        ({"y": [1.0, np.inf], "x": [1, 2]}, r"y must be finite; 1 of 2 rows \(first: row 1, y = inf\)"),
        ({"y": [1.0, 2], "x": [1, np.inf]}, r"column x is infinite in 1 of 2 rows \(first: row 1, x = inf\)"),
    ],
    ids=str,
)
def test_data_errors(data, message):
    with pytest.raises(ValueError, match=message):
        from_formula("y ~ x", data)


def test_missing_raise_names_columns_and_rows():
    with pytest.raises(ValueError, match=r"3 of 12 rows .*: y \(row 7\), x \(row 3\), g \(row 5\). Drop"):
        from_formula("y ~ x + g", gaps(), missing="raise")
    assert from_formula("z ~ e", gaps(), missing="raise").n_dropped == 0


def test_series_with_other_row_labels_is_not_paired_by_position():
    with pytest.raises(ValueError, match=r"weights and data have different row labels .*weights.to_numpy\(\)"):
        from_formula("y ~ x", DATA, weights=DATA["w"].iloc[::-1])
    assert from_formula("y ~ x", DATA.iloc[::-1], weights=DATA["w"].iloc[::-1]).weights[0] == COLUMNS["w"][-1]


def test_missing_formulaic_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "formulaic", None)
    with pytest.raises(ImportError, match=r'pip install "jaxglm\[formula\]"'):
        from_formula("y ~ x", DATA)


def test_inputs_are_not_changed():
    before, weights = gaps(), np.ones(N)
    data, weights_before = before.copy(), weights.copy()
    from_formula("y ~ scale(x) + g", data, weights=weights).encode(data)
    pd.testing.assert_frame_equal(data, before)
    np.testing.assert_array_equal(weights, weights_before)


# ---------------------------------------------------------------- arrays


X = np.column_stack([np.ones(N), COLUMNS["x"], COLUMNS["z"]])
Y = COLUMNS["y"]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("y", "design"),
    [
        (Y, X),
        (Y.tolist(), X.tolist()),
        (tuple(Y), tuple(map(tuple, X))),
        (read_only(Y), read_only(X)),
        (np.repeat(Y, 2)[::2], np.repeat(X, 2, axis=1)[:, ::2]),
        (Y[::-1][::-1], np.asfortranarray(X)),
        (Y[:, None], X),
        (Y.astype(object), X.astype(object)),
        (np.ma.array(Y), np.ma.array(X)),
        (pd.Series(Y), pd.DataFrame(X)),
        (pl.Series(Y), pl.DataFrame(X)),
        (pa.array(Y), pa.table({str(j): X[:, j] for j in range(3)})),
        (Y, {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}),
    ],
    ids=[
        "array",
        "list",
        "tuple",
        "read-only",
        "strided",
        "fortran",
        "column",
        "object",
        "masked",
        "pandas",
        "polars",
        "pyarrow",
        "dict",
    ],
)
def test_arrays_of_every_kind(y, design):
    frame = from_arrays(y, design)
    np.testing.assert_array_equal(frame.X, X)
    np.testing.assert_array_equal(frame.y, Y)
    assert frame.X.dtype == frame.y.dtype == np.float64
    assert frame.X.flags.c_contiguous
    assert frame.y.flags.c_contiguous
    assert isinstance(frame, ModelFrame)
    assert frame.formula is None
    assert frame.n_dropped == 0
    assert frame.has_intercept
    np.testing.assert_array_equal(frame.encode(design)[0], X)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32, np.longdouble])
def test_numbers_of_every_width(dtype):
    frame = from_arrays(np.array([1, 0, 1], dtype), np.array([[1, 0], [1, 1], [0, 1]], dtype))
    np.testing.assert_array_equal(frame.X, [[1, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(frame.y, [1, 0, 1])
    assert frame.X.dtype == frame.y.dtype == np.float64


def test_a_float64_design_is_not_copied():
    assert np.shares_memory(from_arrays(Y, X).X, X)


def test_names_and_kind():
    assert from_arrays(Y, X).names == ("x0", "x1", "x2")
    assert from_arrays(Y, X, names=["one", "x", 3]).names == ("one", "x", "3")
    frame = from_arrays(pd.Series(Y, name="height"), pd.DataFrame(X, columns=["a", "b", "c"]))
    assert (frame.names, frame.kind, frame.response) == (("a", "b", "c"), "pandas", "height")
    assert from_arrays(Y, pl.DataFrame(X, schema=["a", "b", "c"])).kind == "polars"
    assert from_arrays(Y, X).kind == "numpy"
    shuffled = pd.DataFrame(X[:, ::-1], columns=["c", "b", "a"]).assign(other="text")
    np.testing.assert_array_equal(frame.encode(shuffled)[0], X)
    np.testing.assert_array_equal(frame.encode(X[:2])[0], X[:2])


@pytest.mark.parametrize(
    ("y", "expected", "success"),
    [
        ([True, False, True], [1, 0, 1], "True"),
        (["b", "a", "b"], [1, 0, 1], "b"),
        (pd.Categorical(["b", "a", "b"], ["b", "a"]), [0, 1, 0], "a"),
        (pl.Series(["b", "a", "b"]), [1, 0, 1], "b"),
        (pl.Series(["b", "a", "b"], dtype=pl.Categorical), [1, 0, 1], "b"),
        (pl.Series(["b", "a", "b"], dtype=pl.Enum(["b", "a"])), [0, 1, 0], "a"),
        (pd.Series([1, 0, 1], dtype="Int64"), [1, 0, 1], None),
        (np.array([b"b", b"a", b"b"]), [1, 0, 1], "b'b'"),
    ],
)
def test_responses_of_two_levels(y, expected, success):
    frame = from_arrays(y, np.ones((3, 1)))
    np.testing.assert_array_equal(frame.y, expected)
    assert frame.success == success
    assert frame.y.dtype == np.float64


@pytest.mark.parametrize(
    ("y", "keywords"), [(([1, 2], [3, 3]), {}), ((np.array([1, 2]), [3.0, 3]), {}), ([1, 2], {"trials": [3, 3]})]
)
def test_arrays_of_successes_and_trials(y, keywords):
    successes, trials = from_arrays(y, np.ones((2, 1)), **keywords).y
    np.testing.assert_array_equal(successes, [1, 2])
    np.testing.assert_array_equal(trials, [3, 3])
    assert from_arrays((1, 2), np.ones((2, 1))).y.tolist() == [1, 2]  # two numbers are no pair of arrays


def test_sides_of_arrays():
    frame = from_arrays(
        Y, X, offset=list(range(N)), exposure=np.full(N, 2), weights=np.arange(N), freq_weights=np.ones(N, bool)
    )
    np.testing.assert_allclose(frame.offset, np.arange(N) + np.log(2))
    np.testing.assert_array_equal(frame.weights, np.arange(N))
    assert frame.freq_weights.dtype == np.float64
    assert frame.encode.needs_offset
    assert from_arrays(Y, X).offset is None
    assert not from_arrays(Y, X).encode.needs_offset


@pytest.mark.parametrize(
    ("design", "constant"),
    [
        (np.ones((3, 1)), True),
        (np.full((3, 1), 2.5), True),
        (np.zeros((3, 1)), False),
        (np.arange(3.0)[:, None], False),
        (np.column_stack([np.arange(200.0), np.repeat([1.0, 1.0, 0.0, 1.0], 50)]), False),
        (np.column_stack([np.arange(200.0), np.ones(200)]), True),
    ],
)
def test_intercept_is_seen(design, constant):
    assert from_arrays(np.zeros(len(design)), design).has_intercept is constant


def test_arrays_drop_missing_rows_on_request():
    design, y, weights = X.copy(), Y.copy(), np.ones(N)
    design[2, 1], y[4], weights[6] = np.nan, np.nan, np.nan
    frame = from_arrays(y, design, weights=weights, offset=np.arange(N), missing="drop")
    np.testing.assert_array_equal(frame.rows, [0, 1, 3, 5, 7, 8, 9, 10, 11])
    np.testing.assert_array_equal(frame.offset, frame.rows)
    np.testing.assert_array_equal(frame.X, X[frame.rows])
    assert frame.n_dropped == 3
    with pytest.raises(ValueError, match=r"3 of 12 rows .* y \(row 4\), weights \(row 6\), x1 \(row 2\)"):
        from_arrays(y, design, weights=weights)
    successes = np.array([1, np.nan, 2])
    pair = from_arrays((successes, [3, 3, np.nan]), np.ones((3, 1)), missing="drop").y
    assert [part.tolist() for part in pair] == [[1], [3]]


def test_new_rows_of_arrays():
    frame = from_arrays(Y, X)
    new = X[:2].copy()
    new[1, 1] = np.nan
    np.testing.assert_array_equal(frame.encode(new)[0], new)
    for bad, message in [
        (X[:, :2], r"new X has 2 columns; the model has 3: x0, x1, x2"),
        (X[0], r"new X must be two-dimensional"),
        (np.full((1, 3), np.inf), r"column x0 is infinite"),
        ({"x0": [1]}, r"no column 'x1'. The columns are: x0"),
    ]:
        with pytest.raises(ValueError, match=message):
            frame.encode(bad)


class Sparse:
    toarray = nnz = None


BAD = np.array([1.0, -1.0, -3.0])


@pytest.mark.parametrize(
    ("y", "design", "keywords", "message"),
    [
        (Y, X[:, 1], {}, r"X must be two-dimensional, rows by columns; its shape is \(12,\). .*X\[:, None\]"),
        (Y, X[None], {}, r"X must be two-dimensional.*\(1, 12, 3\)"),
        (Y[:5], X, {}, r"y has 5 values, but X has 12 rows"),
        (([1, 2], [3, 3, 3]), np.ones((2, 1)), {}, r"trials of y has 3 values, but there are 2 rows"),
        (([1, 2], [3, 3]), np.ones((3, 1)), {}, r"successes has 2 values, but X has 3 rows"),
        (5.0, X, {}, r"y must be one-dimensional"),
        (np.ones((N, 2)), X, {}, r"y must be one-dimensional; its shape is \(12, 2\).*tuple \(successes, trials\)"),
        (Y, np.ones((N, 0)), {}, r"X is empty: its shape is \(12, 0\)"),
        ([], np.ones((0, 2)), {}, r"X is empty: its shape is \(0, 2\)"),
        (Y, [["a", "b"]] * N, {}, r"X must be numeric; its dtype is <U1 \(first value: 'a'\)"),
        (Y, np.array([[1.0, "a"]] * N, object), {}, r"X must be numeric; row 0 holds 'a' \(str\)"),
        (Y, pd.DataFrame({"a": Y, "g": COLUMNS["g"]}), {}, r"column g must be numeric; .*use a formula"),
        (Y, pd.DataFrame({"g": pd.Categorical([1, 2] * 6)}), {}, r"column g must be numeric; it is categorical"),
        (Y, pl.DataFrame({"g": COLUMNS["g"].tolist()}), {}, r"column g must be numeric"),
        (Y, pd.DataFrame(X, columns=["a", "b", "a"]), {}, r"2 columns have the name 'a'"),
        (Y, Sparse(), {}, r"X is a sparse Sparse; give a dense array, X.toarray\(\)"),
        (Y, [[1.0], [1.0, 2.0]], {}, r"X must be a rectangular array of numbers"),
        (Y + 1j, X, {}, r"y must be real; its dtype is complex128"),
        (np.array(["2020-01-01"] * N, "M8[D]"), X, {}, r"y must be numeric; its dtype is datetime64"),
        (["a", "b", "c"], np.ones((3, 1)), {}, r"the response y is not numeric and has 3 levels"),
        (np.where(Y[3] == Y, np.inf, Y), X, {}, r"y must be finite; 1 of 12 rows \(first: row 3, y = inf\) is not"),
        (Y, np.where(X == 5.0, -np.inf, X), {}, r"column x2 is infinite in 1 of 12 rows \(first: row 5, x2 = -inf\)"),
        (Y, np.where(X == 5.0, np.nan, X), {}, r"1 of 12 rows have missing values: x2 \(row 5\)"),
        (np.full(N, np.nan), X, {"missing": "drop"}, r"no complete row is left: .* y \(every row\)"),
        (Y, X, {"names": ["a", "b"]}, r"names must be 3 names, one for each column of X; it is \['a', 'b'\]"),
        (Y, X, {"names": "abc"}, r"names must be 3 names"),
        (Y, X, {"names": ["a", "b", "a"]}, r"names must differ from each other; given more than once: a"),
        (
            BAD,
            np.ones((3, 1)),
            {"weights": BAD},
            r"weights must be >= 0; 2 of 3 rows \(first: row 1, .* = -1\) are not",
        ),
        (BAD, np.ones((3, 1)), {"freq_weights": BAD}, r"freq_weights must be >= 0; 2 of 3 rows"),
        (
            BAD,
            np.ones((3, 1)),
            {"exposure": BAD},
            r"exposure must be > 0; 2 of 3 rows \(first: row 1, .* = -1\) are not",
        ),
        (BAD, np.ones((3, 1)), {"weights": [0, 0, 0]}, r"weights are zero in all 3 rows"),
        (BAD, np.ones((3, 1)), {"offset": [1, 2]}, r"offset has 2 values, but there are 3 rows"),
        (BAD, np.ones((3, 1)), {"offset": "e"}, r"offset must be numeric"),
        ([1, 2, 3], np.ones((3, 1)), {"trials": [3, 1, 2]}, r"2 of 3 rows .*first: row 1, successes = 2, trials = 1"),
        (([1, 2], [3, 3]), np.ones((2, 1)), {"trials": [3, 3]}, r"y holds the trials already"),
        (([1, -2], [3, 3]), np.ones((2, 1)), {}, r"successes must be >= 0; 1 of 2 rows \(first: row 1, .* = -2\)"),
        (Y, X, {"missing": "no"}, r'missing must be "drop" or "raise"'),
        (pd.Series(Y, index=range(1, N + 1)), pd.DataFrame(X), {}, r"y and X have different row labels"),
    ],
)
def test_array_errors(y, design, keywords, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(y, design, **keywords)


def test_values_whose_squares_overflow_are_finite():
    huge = X * 1e200
    np.testing.assert_array_equal(from_arrays(Y * 1e200, huge).X, huge)


def test_arrays_are_read_at_once():
    big, y = np.ones((500, 10)), np.ones(500)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        from_arrays(y, big)
        times.append(time.perf_counter() - start)
    assert min(times) < 2e-4  # 30 microseconds on an idle core


# ---------------------------------------------------------------- frames out


def test_frames_out_follow_frames_in():
    columns = {"term": np.array(["a", "b"], dtype=object), "estimate": np.array([1.0, np.nan])}
    for kind, frame in [
        ("pandas", pd.DataFrame),
        ("polars", pl.DataFrame),
        ("pyarrow", pa.Table),
        ("numpy", pd.DataFrame),
    ]:
        made = to_frame(columns, kind)
        assert isinstance(made, frame)
        values = made.to_pydict() if kind == "pyarrow" else made
        assert list(values["term"]) == ["a", "b"]
        assert values["estimate"][0] == 1.0


def test_without_pandas_the_columns_come_back(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert to_frame({"a": np.ones(2)}, "numpy")["a"].tolist() == [1.0, 1.0]
