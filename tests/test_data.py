"""The embedded data sets: complete, sourced, and as the index says."""

import numpy as np
import pytest

from jaxglm import data


@pytest.mark.parametrize("name", data.names())
def test_columns_are_complete(name):
    columns = data.load(name)
    lengths = {len(column) for column in columns.values()}
    assert len(lengths) == 1
    assert lengths.pop() > 1
    for column in columns.values():
        assert column.dtype.kind == "U" or np.all(np.isfinite(column))


@pytest.mark.parametrize("name", data.names())
def test_description_names_a_source(name):
    about = data.describe(name)
    assert all(about[key] for key in ("title", "source", "description"))
    assert any(character.isdigit() for character in about["source"])


@pytest.mark.parametrize("name", data.names())
def test_frame_has_the_same_values(name):
    columns, frame = data.load(name), data.load(name, as_frame=True)
    assert list(frame.columns) == list(columns)
    for key, column in columns.items():
        assert np.array_equal(np.asarray(frame[key], column.dtype), column)


@pytest.mark.parametrize("model", data.models(), ids=lambda model: model["name"])
def test_numbers_of_a_model_fit_together(model):
    numbers = model["numbers"]
    assert model["dataset"] in data.names()
    assert len(numbers["coef"]) == len(numbers["se"]) == len(numbers["terms"])
    assert numbers["deviance"] < numbers["null_deviance"]
    n = len(next(iter(data.load(model["dataset"]).values())))
    shared = model["family"] == "negbin"  # log(alpha) takes no residual degree of freedom
    assert numbers["df_residual"] == n - len(numbers["coef"]) + shared


def test_levels_keep_their_order():
    frame = data.load("warpbreaks", as_frame=True)
    assert list(frame["tension"].cat.categories) == ["L", "M", "H"]
    assert data.load("insurance")["district"].dtype.kind == "U"  # a factor, although its levels look like numbers


def test_columns_are_the_callers_own():
    data.load("beetle")["killed"][:] = 0
    assert data.load("beetle")["killed"].sum() == 291


def test_unknown_name_gives_the_near_one():
    with pytest.raises(ValueError, match=r"no data set 'mtcar'.*'mtcars'"):
        data.load("mtcar")
