"""What a batch of fits tells: single models out of it, refits, tables, files; what it costs to compile and to hold."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import jaxglm as jg
from tests.batches import P, agree, batch, same
from tests.test_compile import TRACED, listener, nothing_traced  # noqa: F401

LABELS = [f"gene{i}" for i in range(16)]


@pytest.fixture(scope="module")
def given():
    made = batch("bernoulli", 16)
    made.Y[3] = made.X[3, :, 1] > 0
    made.Y[5, 0] = np.nan
    return made


@pytest.fixture(scope="module")
def fits(given):
    with pytest.warns(jg.FitWarning, match="2 of 16 fits did not converge: 1 SEPARATED, 1 INVALID_DATA"):
        return given.fit(labels=LABELS, names=["one", "dose", "age"])


def test_a_member_is_the_single_fit(given, fits):
    one = given.single(7)
    for found in (fits[7], fits["gene7"], fits[-9], fits[np.int64(7)]):
        agree(fits, 7, found)
        assert np.allclose(found.params, one.params, rtol=1e-9)
        assert np.allclose(found.cov_params(), one.cov_params(), rtol=1e-9)
        assert found.n_iter == fits.n_iter[7]
    assert "dose" in str(fits[7].summary())
    assert np.allclose(fits[7].predict(given.X[0]), one.predict(given.X[0]), rtol=1e-9)


@pytest.mark.parametrize(("what", "error", "words"), [
    (16, IndexError, "16"), (-17, IndexError, "-17"), ("gene99", KeyError, "gene0"), (1.5, KeyError, "1.5"),
    ("gene5", ValueError, "not fitted"),
])  # fmt: skip
def test_a_member_that_is_not_there(fits, what, error, words):
    with pytest.raises(error, match=words):
        fits[what]


def test_those_that_failed(fits):
    assert list(fits.failed()) == [3, 5]
    assert len(fits) == 16
    assert "14 converged" in repr(fits)


def test_refits_by_mask_and_by_position(fits):
    a, b = (fits.refit(index, penalty=jg.Ridge(1.0)) for index in (fits.status == jg.Status.SEPARATED, [3]))
    same(a, b)
    assert a.converged[3]
    assert np.array_equal(a.params[:3], fits.params[:3])
    assert fits.status[3] == jg.Status.SEPARATED
    assert fits.refit([]) is fits


def test_one_coefficient(fits):
    dose = fits.coef("dose")
    for name, whole in dict(estimate=fits.params, std_error=fits.bse, p_value=fits.pvalues).items():
        assert np.array_equal(dose[name], whole[:, 1], equal_nan=True)
    with pytest.raises(KeyError, match="dose"):
        fits.coef("dos")


def test_adjusted_p_values(fits):
    p, found = fits.pvalues[fits.converged, 1], fits.adjusted("dose", "bh")
    order = np.argsort(p)
    by_hand = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    assert np.allclose(found[fits.converged][order], np.minimum(by_hand, 1), rtol=1e-12)
    assert np.isnan(found[[3, 5]]).all()


def test_tables(fits):
    tidy, glance = fits.tidy(alpha=0.1, adjust="bh"), fits.glance()
    assert len(tidy) == 16 * P
    assert tidy["member"].tolist() == np.repeat(LABELS, P).tolist()
    assert np.array_equal(tidy["estimate"], fits.params.ravel(), equal_nan=True)
    assert np.array_equal(tidy["conf_low"], fits.conf_int(0.1)[..., 0].ravel(), equal_nan=True)
    assert np.array_equal(tidy.loc[tidy.term == "age", "p_adjusted"], fits.adjusted("age"), equal_nan=True)
    assert glance["status"].tolist() == [jg.Status(int(s)).name.lower() for s in fits.status]
    for name in ("nobs", "llf", "aic", "bic"):
        assert np.array_equal(glance[name], getattr(fits, name), equal_nan=True)


LABELLED = {"tuples": [("a", 1), ("a", 2)], "tuples of several lengths": [("a",), ("a", 2)], "mixed": ["a", 1]}


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_of_any_type(given, kind):
    fits = given.take([0, 1]).fit(labels=LABELLED[kind])
    assert fits.tidy()["member"].tolist() == [label for label in LABELLED[kind] for _ in range(P)]


def test_saved_and_loaded(fits, tmp_path):
    fits.save(tmp_path / "fits.npz")
    found = jg.load(tmp_path / "fits.npz")
    for name in ("params", "bse", "pvalues", "llf", "aic", "deviance", "status", "n_iter", "nobs"):
        assert np.array_equal(getattr(found, name), getattr(fits, name), equal_nan=True), name
    assert found.labels == LABELS
    assert str(found["gene7"].summary()).splitlines()[3:] == str(fits["gene7"].summary()).splitlines()[3:]


# ---------------------------------------------------------------- what it costs


def use(B: int, seed: int):
    fits = batch("trials", B, seed).fit(chunk=8)
    return fits.bse, fits.llf, fits.deviance, fits.pvalues, fits.tidy()


@pytest.mark.usefixtures("listener")
@pytest.mark.parametrize("size", [16, 19, 40])
def test_another_batch_traces_nothing(size):
    use(16, 0)
    with nothing_traced():
        use(size, 1)


MEMORY = """
import json, numpy as np, jaxglm as jg
from experiments.peers.probe import _memory

def given(B, n=500, p=10):
    rng = np.random.default_rng(0)
    X = np.empty((B, n, p))
    for x in X:
        x[:] = rng.normal(size=(n, p))
    return X, rng.poisson(1.0, (B, n)).astype(float)

jg.fit_batch("poisson", *given(300))
before = _memory("VmHWM")
X, Y = given(2000)
assert X.nbytes == 80_000_000
jg.fit_batch("poisson", X, Y).bse
print(json.dumps((_memory("VmHWM") - before) / (X.nbytes + Y.nbytes)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")
def test_memory_stays_near_the_data():
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) < 3
