"""Members under a penalty are the single fits under it, and so is what is asked of them later."""

import warnings

import numpy as np
import pandas as pd
import pytest

import jaxglm as jg
from tests.batches import agree, batch, close

PENALTIES = {"jeffreys": "jeffreys", "ridge": jg.Ridge(2.0), "ridges": jg.Ridge(np.asarray([0.0, 1.0, 3.0]))}


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return call()


def same_as_single(fits: jg.BatchResults, i: int, one: jg.GLMResults) -> None:
    member = fits[i]
    # errors are of the last point but one, and where the penalty's curvature is left out steps shrink slowly
    tol = 1e-8 if isinstance(one.problem.penalty, jg.Jeffreys) else 1e-9
    agree(fits, i, one, tol)
    agree(fits, i, member, tol)
    close(member.penalised_llf, one.penalised_llf, 1e-9, "penalised_llf")
    close(member.cov_params(), one.cov_params(), 1e-8, "cov_params", atol=1e-8)
    close(fits.with_cov("HC1").bse[i], one.with_cov("HC1").bse, 1e-7, "HC1")
    limits = one.conf_int(method="profile")
    close(fits.conf_int(method="profile")[i], limits, 1e-6, "profile", atol=1e-7)
    close(member.conf_int(method="profile"), limits, 1e-6, "profile", atol=1e-7)


@pytest.mark.parametrize(("name", "kind"), [*((name, "bernoulli") for name in PENALTIES), ("ridge", "trials")])
def test_a_penalised_member_is_the_single_fit(name, kind):
    """With designs of their own and a shared one; a member is separated, another has a column twice."""
    given = batch(kind, 6)
    if kind == "bernoulli":
        given.Y[3] = given.X[3, :, 1] > 0
        given.X[4, :, 2] = 2 * given.X[4, :, 1]
    fits = quietly(lambda: given.fit(penalty=PENALTIES[name]))
    assert fits.converged.all(), fits.status_counts
    for i in (0, 3, 4):
        same_as_single(fits, i, given.single(i, penalty=PENALTIES[name]))


def test_a_constant_column_of_a_member_is_free():
    """A ridge leaves the columns that are constant alone, of each member its own."""
    given = batch("bernoulli", 6)
    given.X[2, :, 0], given.X[2, :, 1] = given.X[2, :, 1], 1.0
    fits = given.fit(penalty=jg.Ridge(2.0))
    for i in (1, 2):
        same_as_single(fits, i, given.single(i, penalty=jg.Ridge(2.0)))


def test_refitted_members_keep_their_penalty():
    given = batch("bernoulli", 6)
    given.Y[3] = given.X[3, :, 1] > 0
    fits = quietly(given.fit).refit(penalty="jeffreys")
    assert fits.converged.all()
    same_as_single(fits, 3, given.single(3, penalty="jeffreys"))
    same_as_single(fits, 1, given.single(1))
    kept = quietly(lambda: fits.refit([1, 3], solver=jg.Newton(tol=1e-12)))
    same_as_single(kept, 3, given.single(3, penalty="jeffreys"))
    assert kept[1].problem.penalty is None
    assert not quietly(lambda: given.fit(penalty="jeffreys").refit([3], penalty=None)).converged[3]
    back = quietly(lambda: fits.refit([3], penalty=None))
    assert not back.converged[3]
    assert back[3].problem.penalty is None


def test_resamples_of_a_member_are_penalised():
    given = batch("bernoulli", 6)
    fits, one = given.fit(penalty=jg.Ridge(2.0)), given.single(2, penalty=jg.Ridge(2.0))
    a, b = (jg.bootstrap(fit, 8, seed=3) for fit in (fits[2], one))
    close(a.params, b.params, 1e-6, "params", atol=1e-7)


def test_groups_with_a_penalty(tmp_path):
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=(2, 150))
    frame = pd.DataFrame({"g": np.repeat(list("abc"), (40, 50, 60)), "x": x, "z": z})
    frame["y"] = (rng.random(150) < 1 / (1 + np.exp(-frame.x))) * 1.0
    frame.loc[frame.g == "b", "z"] = 1.0
    ask = dict(formula="y ~ x + z", family="binomial", penalty=jg.Ridge(0.5))
    fits = quietly(lambda: jg.glm(data=frame, by="g", **ask))
    for i, g in enumerate("abc"):
        one = quietly(lambda g=g: jg.glm(data=frame[frame.g == g], **ask))
        assert fits.status[i] == one.status
        if one.converged:
            same_as_single(fits, i, one)
    assert fits.failed().tolist() == [1]
    fits.save(tmp_path / "fits.npz")
    assert jg.load(tmp_path / "fits.npz")["a"].penalised_llf == fits["a"].penalised_llf


def test_what_is_refused():
    given = batch("bernoulli", 2)
    for penalty, words in ((jg.Ridge(-1.0), "numbers >= 0"), (jg.Ridge(np.ones(7)), "a number or 3 of them; it has 7")):
        with pytest.raises(ValueError, match=words):
            given.fit(penalty=penalty)


def test_members_without_a_function_have_no_profile():
    """Among others, of which they take nothing."""
    given = batch("bernoulli", 3)
    plain = given.fit()
    mixed = plain.refit([1], penalty="mean_bias")
    limits = mixed.conf_int(method="profile")
    close(limits[[0, 2]], plain.conf_int(method="profile")[[0, 2]], 1e-12, "profile")
    assert np.isnan(limits[1]).all()
    back = given.fit(penalty="mean_bias").refit([0], penalty=None)
    close(back.conf_int(method="profile")[0], limits[0], 1e-6, "profile")


def test_what_a_refit_refuses():
    given = batch("bernoulli", 4)
    fits = given.fit(labels=list("abcd"))
    assert np.array_equal(fits.refit(["b"], penalty="jeffreys").params, fits.refit([1], penalty="jeffreys").params)
    marked = fits.refit([False, True, False, False], penalty="jeffreys")
    assert list(marked.refitted) == [1]
    with pytest.raises(KeyError, match="no member 'e'"):
        fits.refit(["e"])
    with pytest.raises(IndexError, match="there are 4 members"):
        fits.refit([99])
    with pytest.raises(ValueError, match=r"start must have shape \(2, 3\)"):
        fits.refit([1, 2], start=np.zeros(3))
