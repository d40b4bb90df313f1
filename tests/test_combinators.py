"""Families made of families: parameters, links, names; censoring and truncation by brute force; fits and their ends."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxglm as jg

PLAIN, NB = jg.Poisson(), jg.NegativeBinomial()
N = 240
fit = jax.jit(jg.fit)


def tame(y, mu, spread):
    """A user's family: Laplace's density, rounded."""
    z = (y - mu.value) / spread.value
    return -jnp.logaddexp(z, -z) - jnp.log(0.5 * jnp.pi) - spread.log


USERS = jg.Family.from_loglik(tame, mu=jg.Identity(), spread=jg.Log())


def test_parameters_are_those_of_the_base_then_its_own():
    family = jg.zero_inflated(NB)
    assert family.parameters == family.predictors == ("mu", "alpha", "pi")
    assert family.intervals == ((0.0, np.inf), (0.0, np.inf), (0.0, 1.0))
    assert family.name == "ZeroInflated(NegativeBinomial)"
    assert jg.hurdle(jg.Gamma()).parameters == ("mu", "phi", "nonzero")


def test_names_that_are_taken_get_a_number():
    assert jg.inflated(jg.inflated(jg.Beta(), at=0), at=1).parameters == ("mu", "phi", "pi", "pi2")
    assert jg.mixture(PLAIN, NB).parameters == ("mu1", "mu2", "alpha2", "pi")


def test_links_reach_the_parts():
    family = jg.mixture(PLAIN, NB).with_links(mu2=jg.Sqrt(), alpha2=jg.Fixed(0.5), pi=jg.Probit())
    assert family.links == (jg.Log(), jg.Sqrt(), jg.Fixed(0.5), jg.Probit())
    assert family.predictors == ("mu1", "mu2", "pi")
    assert jg.zero_inflated(PLAIN).with_links(mu=jg.Identity()).constrained


def test_numbers_of_the_base_are_leaves():
    """A new value compiles nothing."""
    one, two = (jg.truncated(NB.with_links(alpha=jg.Fixed(a)), 1) for a in (0.3, 0.7))
    assert jax.tree.structure(one) == jax.tree.structure(two)
    assert jax.tree.leaves(one) == [0.3]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: jg.truncated(PLAIN, 4, 2), "lower = 4, upper = 2"),
        (lambda: jg.truncated(jg.Gamma(), upper=-1), "positive"),
        (lambda: jg.mixture(PLAIN, jg.Gamma()), "one support"),
    ],
)
def test_impossible_combinations(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("family", "y", "words"),
    [
        (jg.truncated(PLAIN, 1), np.asarray([1.0, 0.0]), "from 1 to inf"),
        (jg.hurdle(jg.Gamma()), np.asarray([0.0, -1.0]), "or 0"),
        (jg.censored(jg.Weibull()), (np.asarray([2.0, 3.0]), np.asarray([1.0, 4.0])), r"row 1, y = \(3, 4\)"),
        (jg.censored(jg.Weibull()), (np.asarray([-2.0, 3.0]), np.asarray([1.0, 1.0])), "row 0"),
        (jg.interval_censored(jg.Weibull()), (np.asarray([1.0, 5.0]), np.asarray([np.inf, 2.0])), "row 1"),
    ],
)
def test_responses_outside_the_support(family, y, words):
    with pytest.raises(ValueError, match=words):
        family.support.check(y, family.name)


def test_valid_responses_pass():
    jg.hurdle(jg.Gamma()).support.check(np.asarray([0.0, 2.0]), "")
    jg.interval_censored(jg.Weibull()).support.check((np.asarray([0.0, 2.0]), np.asarray([1.0, np.inf])), "")


# ---------------------------------------------------------------- censoring, by brute force


@jax.jit
def logliks(family, y, eta):
    return jax.vmap(lambda t: family.loglik(t, *family.views(eta)))(y)


def arrays(*values):
    return tuple(jnp.asarray(v) for v in values)


def test_censored_rows_are_probabilities(x64):
    truth = stats.norm(0.5, 2.0)
    y = arrays([1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 2.0, 3.0], [0.0, 0.0, 0.0, 1.5])
    got = logliks(jg.censored(jg.Gaussian()), y, arrays(0.5, np.log(4.0)))
    wanted = [truth.logpdf(1.0), truth.logsf(1.0), truth.logcdf(1.0), np.log(truth.cdf(1.5) - truth.cdf(1.0))]
    assert np.allclose(got, wanted, rtol=1e-12)


def test_far_intervals_keep_their_digits(x64):
    """Both bounds thirty standard deviations out, on either side: the probabilities are 1e-198."""
    y = arrays([30.0, -30.5], [30.5, -30.0])
    got = logliks(jg.interval_censored(jg.Gaussian()), y, arrays(0.0, 0.0))
    assert np.allclose(got, np.log1p(-np.exp(stats.norm.logsf(30.5) - stats.norm.logsf(30.0))) + stats.norm.logsf(30.0))


def test_censored_counts_include_their_bounds(x64):
    truth = stats.poisson(3.0)
    y = arrays([4.0, 4.0, 4.0, 2.0], [1.0, 0.0, 2.0, 3.0], [0.0, 0.0, 0.0, 5.0])
    got = logliks(jg.censored(PLAIN), y, arrays(np.log(3.0)))
    wanted = [truth.logpmf(4), truth.logsf(3), truth.logcdf(4), np.log(truth.cdf(5) - truth.cdf(1))]
    assert np.allclose(got, wanted, rtol=1e-12)


def test_a_users_family_is_censored(x64):
    """The distribution function of this density is 2 arctan(exp(z)) / pi."""
    y = arrays([1.0, 1.0], [0.0, 2.0])
    below = 2 * np.arctan(np.exp((1.0 - 0.3) / np.exp(0.2))) / np.pi
    got = logliks(jg.censored(USERS), y, arrays(0.3, 0.2))
    assert np.allclose(got, np.log([1 - below, below]), rtol=1e-11)


def test_all_rows_exact_is_the_base(x64):
    y = jnp.asarray([0.3, 2.0])
    assert np.array_equal(
        logliks(jg.censored(jg.Weibull()), y, arrays(0.1, 0.2)), logliks(jg.Weibull(), y, arrays(0.1, 0.2))
    )


# ---------------------------------------------------------------- fits


def design(seed=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(N), rng.normal(size=N)])
    return rng, X, X @ [0.7, 0.4]


def status(solved) -> str:
    return jg.Status(int(solved.status)).name


def test_zip_of_zip_data_and_of_poisson_data(x64):
    rng, X, eta = design()
    counts = rng.poisson(np.exp(eta + 0.5)).astype(float)
    family = jg.zero_inflated(PLAIN)
    inflated = fit(jg.problem(family, X, np.where(rng.uniform(size=N) < 0.3, 0.0, counts)))
    assert status(inflated) == "CONVERGED"
    assert np.allclose(inflated.theta, [1.2, 0.4, np.log(3 / 7)], atol=0.45)
    plain = np.maximum(counts, 1.0)  # fewer zeros than Poisson's: pi tends to zero
    edge, simple = fit(jg.problem(family, X, plain)), fit(jg.problem(PLAIN, X, plain))
    assert status(edge) == "BOUNDARY"
    assert np.allclose(edge.theta[:2], simple.theta, atol=1e-6)
    assert np.isclose(edge.loglik, simple.loglik, rtol=1e-9)


def test_a_hurdle_is_two_fits(x64):
    """Its likelihood splits: a logistic regression of zero or not, and a truncated count."""
    rng, X, eta = design(4)
    y = np.where(rng.uniform(size=N) < 0.3, 0.0, rng.poisson(np.exp(eta)))
    whole = fit(jg.problem(jg.hurdle(PLAIN), X, y))
    counts = fit(jg.problem(jg.truncated(PLAIN, 1), X, np.maximum(y, 1.0), weights=(y > 0).astype(float)))
    share = (y > 0).mean()
    assert np.allclose(whole.theta, [*counts.theta, np.log(share / (1 - share))], atol=1e-8)
    zeros = N * (share * np.log(share) + (1 - share) * np.log(1 - share))
    assert np.isclose(whole.loglik, counts.loglik + zeros, rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_do_not_matter(scale, x64):
    rng, X, eta = design(5)
    y = eta + rng.standard_t(4, size=N)
    solved = fit(jg.problem(jg.StudentT(), X, scale * y))
    assert status(solved) == "CONVERGED"
    plain = fit(jg.problem(jg.StudentT(), X, y))
    assert np.allclose(solved.theta[:2] / scale, plain.theta[:2], rtol=1e-6)
    assert np.allclose(np.asarray(solved.theta[2:]) - [np.log(scale), 0], plain.theta[2:], atol=1e-6)


def test_light_tails_end_at_the_gaussian(x64):
    rng, X, eta = design(6)
    y = eta + rng.uniform(-1, 1, N)
    edge, gaussian = fit(jg.problem(jg.StudentT(), X, y)), fit(jg.problem(jg.Gaussian(), X, y))
    assert status(edge) == "BOUNDARY"
    assert np.isclose(edge.loglik, gaussian.loglik, rtol=1e-8)


def test_two_lines_in_one_cloud(x64):
    rng, X, eta = design(7)
    first = rng.uniform(size=N) < 0.6
    y = np.where(first, 3 + eta, -3.0) + 0.5 * rng.normal(size=N)
    solved = fit(jg.problem(jg.mixture(jg.Gaussian(), jg.Gaussian()), X, y))
    assert status(solved) == "CONVERGED"
    share = 1 / (1 + np.exp(-float(solved.theta[-1])))
    line, constant = (solved.theta[0], solved.theta[3]) if share > 0.45 else (solved.theta[3], solved.theta[0])
    assert abs(share - 0.6) < 0.1 or abs(share - 0.4) < 0.1
    assert np.isclose(line, 3.7, atol=0.3)
    assert np.isclose(constant, -3.0, atol=0.3)


def test_words_of_the_front_door():
    rng, X, eta = design(8)
    y = np.where(rng.uniform(size=N) < 0.3, 0.0, rng.poisson(np.exp(eta)))
    found = jg.GLM(y, X, family="zip").fit()
    assert found.converged
    assert found.names == ("x0", "x1", "logit(pi)")
    assert found.family_name == "ZeroInflated(Poisson)"
