"""The doors of many fits refuse what cannot be meant: a ValueError names the argument, before anything compiles."""

import re

import numpy as np
import pytest

import jaxglm as jg

B, N = 3, 8
X = np.column_stack([np.ones(N), np.arange(N)])
XS = np.stack([X] * B)
Y = np.arange(B * N).reshape(B, N) % 5 * 1.0
LISTS = ([X, X[:5]], [Y[0], Y[1, :5]])
TABLE = {"y": Y[0], "x": np.arange(N) * 1.0, "group": np.asarray(list("aabbccab"))}


def arrays(X=X, Y=Y, family="poisson", **sides):
    return lambda: jg.fit_batch(family, X, Y, **sides)


def ragged(X=LISTS[0], Y=LISTS[1], **sides):
    return lambda: jg.fit_batch("poisson", X, Y, **sides)


def groups(by, **sides):
    return lambda: jg.glm("y ~ x", TABLE, family="poisson", by=by, **sides)


def changed(array, at, value):
    made = np.array(array, float)
    made[at] = value
    return made


ONES = np.ones((B, N))
CASES = {  # what is done, words that the message holds
    "one response": (arrays(Y=Y[0]), ["Y", "two-dimensional", "GLM"]),
    "a cube of responses": (arrays(Y=Y[None]), ["Y", "two-dimensional"]),
    "no members": (arrays(Y=Y[:0]), ["empty"]),
    "no rows": (arrays(X=X[:0], Y=Y[:, :0]), ["empty"]),
    "no list": (ragged([], []), ["Y"]),
    "no columns": (arrays(X=X[:, :0]), ["X", "(8, 0)"]),
    "rows of X": (arrays(X=X[:5]), ["X", "(5, 2)", "8"]),
    "members of X": (arrays(X=XS[:2]), ["X", "(2, 8, 2)", "3"]),
    "a flat X": (arrays(X=X[:, 1]), ["X", "(8,)"]),
    "an infinite shared X": (arrays(X=changed(X, (4, 1), np.inf)), ["X", "finite"]),
    "words in X": (arrays(X=np.asarray([["a", "b"]] * N)), ["X", "numeric"]),
    "a short offset": (arrays(offset=np.zeros(3)), ["offset", "(3,)"]),
    "an offset for other members": (arrays(offset=np.zeros((2, N))), ["offset", "(2, 8)"]),
    "a negative weight": (arrays(weights=changed(ONES, (1, 2), -1)), ["weights", "(1, 2)", "-1"]),
    "a negative frequency": (arrays(freq_weights=changed(ONES, (1, 2), -1)), ["freq_weights", "-1"]),
    "an exposure of zero": (arrays(exposure=changed(ONES, (1, 2), 0)), ["exposure", "> 0", "(1, 2)"]),
    "negative trials": (arrays(trials=changed(ONES, (1, 2), -1), family="binomial"), ["trials", "-1"]),
    "trials for counts": (arrays(trials=ONES), ["Poisson", "one response"]),
    "a short mask": (arrays(mask=np.ones(3)), ["mask", "(3,)"]),
    "a start of another size": (arrays(start=np.zeros((B, 3))), ["start", "(3, 2)", "(3, 3)"]),
    "one start": (arrays(start=np.zeros(2)), ["start", "(3, 2)"]),
    "labels": (arrays(labels=["a"]), ["labels", "3"]),
    "names": (arrays(names=["a"]), ["names"]),
    "an unknown family": (arrays(family="poison"), ["poison", "poisson"]),
    "an unknown link": (arrays(link="lg"), ["lg", "log"]),
    "an unknown precision": (arrays(precision="half"), ["precision", "mixed", "half"]),
    "an unknown dispersion": (arrays(dispersion="mle"), ["dispersion", "pearson"]),
    "a dispersion for each member": (arrays(dispersion=np.ones(3)), ["dispersion", "a positive number"]),
    "a chunk of none": (arrays(chunk=0), ["chunk", "0"]),
    "a chunk of words": (arrays(chunk="all"), ["chunk", "all"]),
    "a mask with gaps": (arrays(mask=np.full(N, np.nan)), ["mask", "missing"]),
    "names of another design": (arrays(names={"mu": ["a", "b"]}), ["names", "mu"]),
    "a known dispersion that is modelled": (
        lambda: jg.fit_batch("gaussian", {"mu": X, "phi": X}, Y, dispersion=2.0), ["phi", "formula", "2.0"]),
    "three parts of a pair": (lambda: jg.fit_batch("binomial", X, (Y, Y, Y)), ["Binomial", "pair", "3 parts"]),
    "fixed numbers of other members": (
        arrays(family=jg.NegativeBinomial(alpha=jg.Fixed(np.ones(5)))), ["NegativeBinomial", "3", "(5,)"]),
    "one matrix for members of several lengths": (ragged(X), ["X", "list of"]),
    "fewer matrices than responses": (ragged([X]), ["X", "2"]),
    "a matrix that does not fit its response": (ragged([X, X]), ["member 1", "8", "5"]),
    "matrices of several widths": (ragged([X, X[:5, :1]]), ["X", "columns"]),
    "side arrays of another length": (ragged(weights=[np.ones(N), np.ones(4)]), ["weights", "member 1", "4"]),
    "one side array for ragged members": (ragged(weights=np.ones(N)), ["weights", "list"]),
    "too few side arrays": (ragged(offset=[np.ones(N)]), ["offset", "list"]),
    "members without rows": (ragged([X, X[:0]], [Y[0], Y[0, :0]]), []),
    "an unknown column": (groups("grup"), ["by", "grup", "group"]),
    "an unknown column among several": (groups(["group", "z"]), ["by", "'z'"]),
    "by nothing": (groups([]), ["by"]),
    "a start for another model": (groups("group", start=[1.0, 2.0]), ["start", "(3, 2)"]),
}  # fmt: skip
ACCEPTED = {"members without rows"}


@pytest.mark.parametrize("what", sorted(CASES.keys() - ACCEPTED))
def test_it_is_refused(what, monkeypatch):
    def compiled(*_, **__):
        raise AssertionError("the solver ran")

    monkeypatch.setattr("jaxglm.many.run.fit_members", compiled)
    call, words = CASES[what]
    with pytest.raises(ValueError, match=re.escape(words[0])) as caught:
        call()
    message = str(caught.value)
    assert [w for w in words if w not in message] == [], message


def test_members_without_rows_are_invalid():
    with pytest.warns(jg.FitWarning):
        fits = CASES["members without rows"][0]()
    assert fits.status_counts == {"CONVERGED": 1, "INVALID_DATA": 1}


INPUTS = {
    "lists": (X.tolist(), Y.tolist()),
    "a list of rows": (X, list(Y)),
    "lists of matrices and rows": (list(XS), list(Y)),
    "whole numbers": (X.astype(int), Y.astype(int)),
    "single precision": (X.astype(np.float32), Y.astype(np.float32)),
    "columns first": (np.asfortranarray(XS), np.asfortranarray(Y)),
}


@pytest.mark.filterwarnings("ignore::jaxglm.FitWarning")
@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
def test_other_inputs_give_the_same_fits(given):
    assert np.allclose(jg.fit_batch("poisson", *given).params, jg.fit_batch("poisson", X, Y).params, rtol=1e-9)


def test_inputs_are_never_changed():
    kept = {"weights": ONES.copy(), "offset": 0 * ONES, "mask": ONES > 0}
    design, response = X.copy(), Y.copy()
    for a in (design, response, *kept.values()):
        a.setflags(write=False)
    jg.fit_batch("poisson", design, response, **kept).tidy()
    assert np.array_equal(design, X)
    assert np.array_equal(response, Y)
