"""The front door refuses what cannot be meant: one ValueError that names the argument, before anything compiles."""

import re

import numpy as np
import pytest

import jaxglm as jg

N = 8
Y = np.asarray([1.0, 0, 2, 3, 1, 4, 2, 5])
X = np.column_stack([np.ones(N), np.arange(N)])
TABLE = {"y": Y, "x": np.arange(N) * 1.0, "size": np.arange(N) + 1.0, "group": np.asarray(list("aabbccab"))}


def changed(array, at, value) -> np.ndarray:
    made = np.array(array, float)
    made[at] = value
    return made


def arrays(y=Y, design=X, family="poisson", **sides):
    return lambda: jg.GLM(y, design, family=family, **sides).fit()


def formula(text="y ~ x", data=TABLE, family="poisson", **sides):
    return lambda: jg.glm(text, data, family=family, **sides)


HALF = np.full(N, 0.5)
CASES = {  # what is done, words that the message holds
    "a negative count": (arrays(changed(Y, 3, -1)), ["Poisson", "row 3", "-1"]),
    "a broken count": (arrays(changed(Y, 2, 0.5)), ["Poisson", "non-negative integers", "row 2"]),
    "a zero among positive numbers": (arrays(family="gamma"), ["Gamma", "positive", "row 1"]),
    "two for a 0/1": (arrays(family="binomial"), ["Binomial", "0 or 1"]),
    "successes above trials": (arrays((Y, np.full(N, 4.0)), family="binomial"), ["trials", "row 7"]),
    "two responses for one": (arrays((Y, Y + 1)), ["Poisson", "binomial"]),
    "an infinite response": (arrays(changed(Y, 1, np.inf)), ["y", "finite"]),
    "a missing response": (arrays(changed(Y, 1, np.nan)), ["y", "missing"]),
    "an infinite X": (arrays(design=changed(X, (4, 1), np.inf)), ["finite", "x1"]),
    "a missing X": (arrays(design=changed(X, (4, 1), np.nan)), ["missing"]),
    "rows of X": (arrays(design=X[:5]), ["5", "8"]),
    "a flat X": (arrays(design=X[:, 1]), ["X", "two-dimensional"]),
    "no rows": (arrays(Y[:0], X[:0]), ["empty"]),
    "no columns": (arrays(design=X[:, :0]), ["empty"]),
    "columns of zeros": (arrays(design=0 * X), ["no column"]),
    "words in X": (arrays(design=np.asarray([["a", "b"]] * N)), ["X", "numeric"]),
    "a short offset": (arrays(offset=np.zeros(3)), ["offset", "3"]),
    "an infinite offset": (arrays(offset=changed(HALF, 2, np.inf)), ["offset", "finite"]),
    "a negative weight": (arrays(weights=changed(HALF, 2, -1)), ["weights", "row 2"]),
    "weights of zero": (arrays(weights=np.zeros(N)), ["weights", "zero"]),
    "a negative frequency": (arrays(freq_weights=changed(HALF, 2, -1)), ["freq_weights"]),
    "an exposure of zero": (arrays(exposure=changed(HALF, 2, 0)), ["exposure"]),
    "names of columns": (arrays(names=["only one"]), ["names"]),
    "a start of another size": (lambda: jg.GLM(Y, X, family="poisson").fit(start=[1.0, 2, 3]), ["start", "3"]),
    "an unknown family": (arrays(family="poison"), ["poison", "poisson", "gamma"]),
    "an unknown link": (arrays(link="lg"), ["lg", "log", "cloglog"]),
    "no family": (arrays(family=3), ["family", "3"]),
    "an unknown dispersion": (arrays(dispersion="mle"), ["dispersion", "pearson"]),
    "a negative dispersion": (arrays(dispersion=-1.0), ["dispersion", "-1"]),
    "an unknown rule for aliased": (arrays(aliased="keep"), ["aliased", "keep"]),
    "aliased columns": (arrays(design=np.column_stack([X, X[:, 1]]), aliased="raise"), ["x2"]),
    "an unknown column": (formula("y ~ xx"), ["'xx'", "'x'"]),
    "an unknown response": (formula("why ~ x"), ["why"]),
    "an unknown offset": (formula(offset="sise"), ["sise", "size"]),
    "an unknown rule for missing": (formula(missing="keep"), ["missing", "keep"]),
    "a formula without response": (formula("~ x"), ["response"]),
    "a formula that is none": (formula("y ~ x +* 2"), ["y ~ x +* 2"]),
    "a response in words": (formula("group ~ x"), ["group"]),
    "data without rows": (formula(data={"y": [], "x": []}), ["no rows"]),
    "columns of two lengths": (formula(data={"y": [1.0, 2.0], "x": [1.0]}), ["length"]),
}


@pytest.mark.parametrize("what", CASES)
def test_it_is_refused(what, monkeypatch):
    def compiled(*_, **__):
        raise AssertionError("the solver ran")

    monkeypatch.setattr("jaxglm.model.solve", compiled)
    call, words = CASES[what]
    with pytest.raises(ValueError, match=re.escape(words[0])) as caught:
        call()
    message = str(caught.value)
    assert [w for w in words if w not in message] == [], message
    assert "\n" not in message.strip()


@pytest.fixture(scope="module")
def fit():
    return jg.glm("y ~ x + group", TABLE, family="poisson")


@pytest.fixture(scope="module")
def array_fit():
    return jg.GLM(Y, X, family="poisson").fit()


def test_an_unseen_level_is_refused(fit):
    with pytest.raises(ValueError, match=r"group.*'z'|'z'.*group"):
        fit.predict({"x": [1.0], "group": ["z"]})


def test_a_missing_column_of_new_data_is_refused(fit):
    with pytest.raises(ValueError, match="group"):
        fit.predict({"x": [1.0]})


ASKED = {
    "columns of new X": (lambda f: f.predict(np.ones((2, 3))), "3 columns"),
    "a flat new X": (lambda f: f.predict(np.ones(2)), "two-dimensional"),
    "an unknown prediction": (lambda f: f.predict(which="median"), "median"),
    "an unknown residual": (lambda f: f.resid("raw"), "raw"),
    "an unknown covariance": (lambda f: f.with_cov("robust"), "robust"),
    "an unknown interval": (lambda f: f.conf_int(method="exact"), "exact"),
    "a level above one": (lambda f: f.conf_int(alpha=95), "alpha"),
    "a short new offset": (lambda f: f.predict(np.ones((2, 2)), offset=np.zeros(3)), "offset"),
    "words as a new offset": (lambda f: f.predict(np.ones((2, 2)), offset=["a", "b"]), "offset"),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_result_refuses_it(what, array_fit):
    call, words = ASKED[what]
    with pytest.raises(ValueError, match=words):
        call(array_fit)


def test_an_unknown_term_names_the_near_one(fit):
    with pytest.raises(KeyError, match="x"):
        fit.params["xx"]


# ---------------------------------------------------------------- what is accepted


def test_aliased_columns_are_dropped_and_named():
    design = np.column_stack([X, 2 * X[:, 1], X[:, 1] ** 2])
    found = jg.GLM(Y, design, family="poisson", names=["one", "x", "twice", "square"]).fit()
    assert found.aliased == ("twice",)
    assert np.isnan(found.params["twice"])
    assert np.isfinite([found.params["x"], found.params["square"], found.bse["square"]]).all()
    assert "twice" in str(found.summary())


INPUTS = {
    "lists": (Y.tolist(), X.tolist()),
    "whole numbers": (Y.astype(int), X.astype(int)),
    "single precision": (Y.astype(np.float32), X.astype(np.float32)),
    "columns first": (Y, np.asfortranarray(X)),
    "every other row of more": (np.repeat(Y, 2)[::2], np.repeat(X, 2, axis=0)[::2]),
}


@pytest.mark.parametrize("what", INPUTS)
def test_other_inputs_give_the_same_fit(what, array_fit):
    y, design = INPUTS[what]
    found = jg.GLM(y, design, family="poisson").fit()
    assert np.allclose(found.params, array_fit.params, rtol=1e-12)
    assert found.params.dtype == np.float64


def test_booleans_are_zero_and_one():
    y = np.asarray([0, 1, 0, 1, 1, 0, 1, 1])
    a, b = jg.GLM(y > 0, X, family="binomial").fit(), jg.GLM(y, X, family="binomial").fit()
    assert np.allclose(a.params, b.params, rtol=1e-12)


def test_inputs_are_never_changed():
    kept = {"y": Y.copy(), "X": X.copy(), "weights": np.ones(N), "offset": np.zeros(N)}
    for a in kept.values():
        a.setflags(write=False)
    found = jg.GLM(kept["y"], kept["X"], family="poisson", weights=kept["weights"], offset=kept["offset"]).fit()
    str(found.summary())
    found.predict(kept["X"], offset=kept["offset"])
    assert np.array_equal(kept["X"], X)
    assert np.array_equal(kept["y"], Y)


def test_a_fit_that_fails_warns_once_and_returns():
    y = (np.arange(N) > 3).astype(float)
    with pytest.warns(jg.FitWarning) as caught:
        found = jg.GLM(y, X, family="binomial").fit()
    assert len(caught) == 1
    assert "infinite" in str(caught[0].message)
    assert found.status == jg.Status.SEPARATED
    assert not found.converged


def test_a_family_without_a_log_likelihood_is_refused():
    with pytest.raises(TypeError, match="loglik"):

        @jg.family
        class Nothing:
            mu: jg.Link = jg.Log()


def test_a_family_without_a_parameter_is_refused():
    with pytest.raises(TypeError, match="parameter"):

        @jg.family
        class Nothing:
            def loglik(self, y, mu):
                return -mu.value


def test_the_solver_refuses_an_information_that_there_is_not():
    with pytest.raises(ValueError, match="information must be 'observed' or 'expected'; it is 'fisher'"):
        jg.Newton(information="fisher")
    X, y = np.column_stack([np.ones(30), np.arange(30.0)]), np.arange(30) % 7
    with pytest.raises(ValueError, match="expected information of NegativeBinomial with predictors for mu, alpha"):
        jg.GLM(y, X, family="negbin").fit(solver=jg.Newton(information="expected"))


NUMBERS = {
    "a plain number": (lambda: jg.NegativeBinomial(alpha=0.5), r"alpha of NegativeBinomial .* Fixed\(0.5\)"),
    "a known parameter": (lambda: jg.NegativeBinomial(alpha=jg.Fixed(-1.0)), "alpha of Neg.* must be from 0 to inf"),
    "one of several": (lambda: jg.Gaussian(phi=jg.Fixed(np.array([1.0, -1.0]))), "phi of Gaussian"),
    "a power": (lambda: jg.Tweedie(p=jg.Fixed(3.0)), "p of Tweedie must be from 1 to 2"),
    "a number that is no parameter": (lambda: jg.AsymmetricLaplace(tau=1.5), "tau .* strictly between 0 and 1"),
    "of a part": (lambda: jg.zero_inflated(jg.NegativeBinomial(alpha=jg.Fixed(-1.0))), "alpha of NegativeBinomial"),
}


@pytest.mark.parametrize("what", NUMBERS)
def test_numbers_of_a_family(what):
    make, words = NUMBERS[what]
    y, X = np.array([0.0, 1, 2, 4]), np.ones((4, 1))
    with pytest.raises(ValueError, match=words):
        jg.GLM(y, X, family=make())
    with pytest.raises(ValueError, match=words):
        jg.fit_batch(make(), X, y[None])


def test_a_plain_number_for_a_parameter_of_a_problem():
    with pytest.raises(ValueError, match=r"alpha of NegativeBinomial must be a link"):
        jg.problem(jg.NegativeBinomial(alpha=0.5), np.ones((4, 1)), np.ones(4))


@pytest.mark.parametrize("at", [-1, 0.5, np.nan])
def test_a_point_of_mass_outside_the_support(at):
    with pytest.raises(ValueError, match="inflated needs a point of the support of Poisson"):
        jg.inflated(jg.Poisson(), at=at)
    assert jg.inflated(jg.Beta(), at=1).at == 1


def test_truncation_that_cuts_nothing_off():
    y, X = np.array([0.0, 1, 2, 4]), np.ones((4, 1))
    whole, cut = (jg.GLM(y, X, family=f).fit().llf for f in (jg.Poisson(), jg.truncated(jg.Poisson(), 0)))
    assert cut == pytest.approx(whole, rel=1e-12)


def test_a_class_among_known_ones_is_named():
    labels, X = np.array(["low", "x", "high", "mid"]), np.arange(4.0)[:, None]
    with pytest.raises(ValueError, match="the class 'x', which is none of the levels of Ordinal"):
        jg.GLM(labels, X, family=jg.Ordinal(levels=("low", "mid", "high"))).fit()
