"""Profile and score limits of batches: those of single fits, and of refits with the coefficient held by an offset."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

import jaxglm as jg
from jaxglm.inference.profile import LimitStatus
from tests.batches import N, batch

Z = norm.isf(0.025)


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return call()


@pytest.mark.parametrize("method", ["profile", "profile_f", "score"])
def test_limits_are_those_of_the_single_fits(method):
    """A dispersion that is a parameter of "profile" and scales the others; frequencies; members of differing df."""
    given = batch("gaussian", 8)
    fits = given.fit()
    limits = fits.conf_int(0.1, method)
    assert limits.shape == (8, 3, 2)
    for i in (0, 7):
        np.testing.assert_allclose(limits[i], given.single(i).conf_int(0.1, method), rtol=1e-8, atol=1e-8)


def test_a_member_without_a_limit_says_so_and_the_others_never_know():
    """Separated, invalid, and with a column that depends on another, in designs of their own."""
    given = batch("bernoulli", 16)
    plain = given.fit().conf_int(method="profile")
    given.Y[3] = given.X[3, :, 1] > 0
    given.Y[5, 0] = np.nan
    given.X[7, :, 2] = 2 * given.X[7, :, 1]
    fits = quietly(given.fit)
    found = fits.limits(["x1", "x2"])
    np.testing.assert_array_equal(np.delete(found.values, [3, 5, 7], 0), np.delete(plain[:, 1:], [3, 5, 7], 0))
    for i in (3, 7):
        one = quietly(lambda i=i: given.single(i))
        np.testing.assert_allclose(found.values[i], one.conf_int(method="profile")[1:], rtol=1e-5)
        assert [tuple(s) for s in found.status[i]] == [one.profile(t).status()[t] for t in ("x1", "x2")]
    assert found.values[3, 0, 1] == np.inf
    assert found.status[3, 0].tolist() == [LimitStatus.FOUND, LimitStatus.INFINITE]
    assert np.isnan(found.values[5]).all()
    assert np.isnan(found.values[7, 1]).all()
    assert np.all(found.status[5] == LimitStatus.NOT_FOUND)
    assert found.status_counts == {"FOUND": 55, "INFINITE": 3, "NOT_FOUND": 6}
    frame = found.to_frame()
    assert len(frame["member"]) == 32
    assert frame["status_high"][6] == "infinite"


def test_a_shared_design_with_columns_that_depend_or_nearly_do():
    given = batch("poisson", 8)
    plain = given.fit()
    near = given.X.copy()
    near[:, 2] = given.X[:, 1] + 1e-5 * given.X[:, 2]
    for X, rtol in ((given.X[:, [0, 1, 1, 2]], 1e-9), (near, 1e-4)):
        fits = quietly(given._replace(X=X).fit)
        found = fits.limits([fits.names[-1]]).values[:, 0]
        scale = 1.0 if X.shape[1] == 4 else 1e5
        np.testing.assert_allclose(found / scale, plain.limits("x2").values[:, 0], rtol=rtol, atol=1e-9)
    aliased = quietly(given._replace(X=given.X[:, [0, 1, 1, 2]]).fit).limits("x2")
    assert np.isnan(aliased.values).all()


def test_limits_under_a_penalty_are_those_of_the_penalised_fit():
    """Jeffreys' makes those of a separated member finite."""
    given = batch("bernoulli", 8)
    given.Y[3] = given.X[3, :, 1] > 0
    found = given.fit(penalty="jeffreys").limits("x1")
    assert found.status_counts == {"FOUND": 16}
    one = jg.GLM(given.Y[3], given.X[3], family="binomial", penalty="jeffreys").fit()
    np.testing.assert_allclose(found.values[3, 0], one.conf_int(method="profile")["x1"], rtol=1e-7)


def weibull(y, scale, shape):
    """Log-density of a positive time."""
    log_ratio = shape.value * (jnp.log(y) - scale.log)
    return shape.log - jnp.log(y) + log_ratio - jnp.exp(log_ratio)


WEIBULL = jg.Family.from_loglik(weibull, jg.positive, scale=jg.links.Log(), shape=jg.links.Log())


def test_limits_of_a_family_of_ones_own_are_those_of_refits():
    """The log-likelihood with the coefficient held at a limit is half the quantile of chi2(1) below the maximum."""
    rng = np.random.default_rng(5)
    X = np.column_stack([np.ones(N), rng.normal(size=N)])
    Y = np.exp(X @ [0.5, 0.3]) * rng.weibull(1.5, (8, N))
    fits = jg.fit_batch(WEIBULL, X, Y)
    limits = fits.limits("x1").values[:, 0]
    for side in limits.T:
        held = jg.fit_batch(WEIBULL, X[:, :1], Y, offset=side[:, None] * X[:, 1])
        np.testing.assert_allclose(fits.llf - held.llf, Z**2 / 2, atol=1e-8)
    shared = fits.conf_int(method="profile")
    assert shared.shape == (8, 3, 2)
    assert np.all((shared[:, 2, 0] < fits.params[:, 2]) & (fits.params[:, 2] < shared[:, 2, 1]))


def test_what_is_refused():
    fits = batch("poisson", 8).fit()
    with pytest.raises(ValueError, match="unknown method 'bayes'; choose from wald, profile, profile_f, score"):
        fits.conf_int(method="bayes")
    with pytest.raises(ValueError, match="alpha must be between 0 and 1; it is 5"):
        fits.conf_int(5, "profile")
    with pytest.raises(KeyError, match="x9"):
        fits.limits("x9")
