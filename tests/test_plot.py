"""Pictures of a batch: what is drawn, what is left out and said so, and labels that do not lie on each other."""

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

import jaxglm as jg
from jaxglm.inference import adjust_pvalues, log_two_sided

plot: Any = jg.plot
FAILURES: Any = {3: jg.Status.SEPARATED, 4: jg.Status.SEPARATED, 9: jg.Status.MAX_STEPS}


@dataclass(frozen=True)
class Fits:
    """What the pictures ask of a batch of fits."""

    names: tuple
    params: np.ndarray
    pvalues: np.ndarray
    log_pvalues: np.ndarray
    status: np.ndarray
    labels: list | None = None

    @property
    def converged(self):
        return self.status == jg.Status.CONVERGED


def batch(members=300, labels=None, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(members, 2))
    z[:20, 1] *= 12
    z[0, 1] = 43  # p = 1e-404
    status = np.zeros(members, int)
    for member, code in FAILURES.items():
        status[member] = code
    log_p = log_two_sided(z)
    return Fits(("Intercept", "treat"), z * 0.1, np.exp(log_p), log_p, status, labels)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_volcano_data():
    fits = batch()
    data = plot.volcano_data(fits, "treat", labels=3)
    kept = np.setdiff1d(np.arange(300), list(FAILURES))
    np.testing.assert_array_equal(data["member"], kept)
    np.testing.assert_array_equal(data["estimate"], fits.params[kept, 1])
    np.testing.assert_allclose(data["minus_log10_p"], -fits.log_pvalues[kept, 1] / np.log(10))
    np.testing.assert_array_equal(data["adjusted"], adjust_pvalues(fits.pvalues[kept, 1]))
    np.testing.assert_array_equal(data["significant"], data["adjusted"] <= 0.05)
    assert set(data["member"][data["labelled"]]) == set(kept[np.argsort(fits.log_pvalues[kept, 1])[:3]])
    assert data["label"][1] == "1"
    assert all(isinstance(a, np.ndarray) and len(a) == len(kept) for a in data.values())


def test_volcano_shows_what_underflows():
    fits = batch()
    assert fits.pvalues[0, 1] == 0
    ax = plot.volcano(fits, "treat")
    drawn = np.concatenate([c.get_offsets() for c in ax.collections])
    assert drawn[:, 1].max() == pytest.approx(403.24, abs=0.01)
    assert len(drawn) == 297
    assert ax.get_ylim()[1] > drawn[:, 1].max()


def test_title_says_what_is_left_out():
    fits = batch()
    for ax in (plot.volcano(fits, "treat"), plot.pvalue_histogram(fits, "treat")):
        assert ax.get_title("left") == "treat: 297 fits; 3 did not converge"
    gone = fits.log_pvalues.copy()
    gone[[30, 31], 1] = np.nan, -np.inf
    ax = plot.volcano(replace(fits, log_pvalues=gone), "treat")
    assert ax.get_title("left") == "treat: 295 fits; 3 did not converge; 2 without a finite log p"
    ax = plot.volcano(replace(fits, status=np.zeros(300, int)), "treat")
    assert ax.get_title("left") == "treat: 300 fits"


@pytest.mark.parametrize("seed", range(3))
def test_labels_do_not_overlap(seed):
    names = [f"a rather long name of gene {i}" if i % 2 else f"g{i}" for i in range(300)]
    ax = plot.volcano(batch(labels=names, seed=seed), "treat", labels=15)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(t) for t in ax.texts]  # the words without their leaders
    assert len(boxes) == 15
    assert not [(i, j) for i in range(15) for j in range(i) if boxes[i].overlaps(boxes[j])]
    assert max(len(t.get_text()) for t in ax.texts) == 20


def test_the_adjustment_and_the_level_are_taken():
    fits = batch()
    strict = plot.volcano_data(fits, "treat", alpha=1e-6, adjust="bonferroni")
    loose = plot.volcano_data(fits, "treat")
    assert strict["significant"].sum() < loose["significant"].sum()
    words = [t.get_text() for t in plot.volcano(fits, "treat", alpha=0.01, adjust="holm").get_legend().get_texts()]
    assert words[1].startswith("adjusted p (holm) ≤ 0.01: ")
    bad: Any
    for bad in ({"alpha": 0}, {"alpha": 1}, {"adjust": "fdr"}, {"labels": -1}):
        with pytest.raises(ValueError, match=next(iter(bad)).replace("adjust", "bh")):
            plot.volcano(fits, "treat", **bad)


def test_histogram():
    fits = batch()
    data = plot.pvalue_histogram_data(fits, "treat", bins=10)
    assert data["count"].sum() == 297
    np.testing.assert_allclose(data["edges"], np.linspace(0, 1, 11))
    np.testing.assert_allclose(data["expected"], 29.7)
    ax = plot.pvalue_histogram(fits, "treat", bins=10)
    np.testing.assert_array_equal([bar.get_height() for bar in ax.patches], data["count"])
    assert ax.lines[0].get_ydata()[0] == pytest.approx(29.7)
    with pytest.raises(ValueError, match="bins"):
        plot.pvalue_histogram(fits, "treat", bins=0)


def test_status_counts():
    data = plot.status_counts_data(batch())
    assert data["status"].tolist() == ["converged", "max steps", "separated"]
    assert data["count"].tolist() == [297, 1, 2]
    np.testing.assert_allclose(data["share"], np.array([297, 1, 2]) / 300)
    ax = plot.status_counts(batch())
    assert [t.get_text() for t in ax.texts] == ["297 (99.0%)", "1 (0.3%)", "2 (0.7%)"]
    ax.figure.draw_without_rendering()
    assert all(t.get_window_extent().x1 <= ax.get_window_extent().x1 for t in ax.texts)


def test_unknown_terms_name_the_near_one():
    for draw in (plot.volcano, plot.volcano_data, plot.pvalue_histogram, plot.pvalue_histogram_data):
        with pytest.raises(KeyError, match=r"'treet'; did you mean 'treat'.*Intercept, treat"):
            draw(batch(), "treet")


def test_axes_given_are_used_and_the_style_stays():
    before = dict(matplotlib.rcParams)
    _, axes = plt.subplots(1, 3)
    assert plot.volcano(batch(), "treat", ax=axes[0]) is axes[0]
    assert plot.pvalue_histogram(batch(), "treat", ax=axes[1]) is axes[1]
    assert plot.status_counts(batch(), ax=axes[2]) is axes[2]
    figure = plot.status_counts(batch()).figure
    assert figure.get_size_inches()[0] * figure.dpi == 960
    assert dict(matplotlib.rcParams) == before


def test_names_are_not_mathematics():
    fits = batch(20, labels=[f"${i}^$_{{" for i in range(20)])
    fits = replace(fits, names=("Intercept", "cost in $ (a_b$)"))
    plot.volcano(fits, "cost in $ (a_b$)").figure.draw_without_rendering()


def test_batches_with_nothing_to_show():
    fits = batch(10)
    failed = replace(fits, status=np.full(10, int(jg.Status.SINGULAR)))
    none = np.empty((0, 2))
    empty = Fits(fits.names, none, none, none, np.empty(0, int))
    for some, title in ((failed, "treat: 0 fits; 10 did not converge"), (empty, "treat: 0 fits")):
        for ax in (plot.volcano(some, "treat"), plot.pvalue_histogram(some, "treat")):
            assert ax.get_title("left") == title
            ax.figure.draw_without_rendering()
        plot.status_counts(some).figure.draw_without_rendering()


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "jaxglm\[plot\]"'):
        plot.status_counts(batch())
    assert plot.status_counts_data(batch())["count"].sum() == 300


def test_the_import_is_light():
    code = "import sys, jaxglm; jaxglm.plot.volcano; print({'matplotlib', 'scipy.special'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
