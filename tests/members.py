"""The members that laws are run over: every family under its sensible links, with data whose maximum is interior."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jaxglm as jg

N, P = 40, 3
BATCH = 6  # problems in one call of `study`: every test of a member shares its one compiled program


class Member(NamedTuple):
    family: jg.Family
    beta: tuple[float, ...]  # true coefficients: the predictor stays inside the domain of the link
    draw: Callable  # (rng, mean) -> y


def normal(rng, mean):
    return mean + 0.3 * rng.normal(size=len(mean))


def binomial(rng, mean):
    trials = rng.integers(3, 13, len(mean))
    return rng.binomial(trials, mean).astype(float), trials.astype(float)


def bernoulli(rng, mean):
    return rng.binomial(1, mean).astype(float)


def poisson(rng, mean):
    return rng.poisson(mean).astype(float)


def gamma(rng, mean):
    return rng.gamma(2.5, mean / 2.5)


def wald(rng, mean):
    return rng.wald(mean, 4.0 * mean)


def negative_binomial(rng, mean):
    return rng.negative_binomial(2.0, 2.0 / (2.0 + mean)).astype(float)


def exponential(rng, mean):
    return rng.exponential(mean)


def geometric(rng, mean):
    return rng.geometric(1.0 / (1.0 + mean)) - 1.0


PROBABILITY, LOG_COUNT, COUNT, POSITIVE = (0.3, 0.8, -0.5), (1.5, 0.5, -0.3), (7.0, 1.5, -1.0), (2.0, 0.4, -0.3)
B, NB, IG = jg.Binomial, jg.NegativeBinomial, jg.InverseGaussian
MEMBERS = {
    "gaussian-identity": Member(jg.Gaussian(), PROBABILITY, normal),
    "gaussian-log": Member(jg.Gaussian(mu=jg.Log()), POSITIVE, normal),
    "gaussian-inverse": Member(jg.Gaussian(mu=jg.Inverse()), (0.7, 0.1, -0.1), normal),
    "bernoulli-logit": Member(B(), PROBABILITY, bernoulli),
    "binomial-logit": Member(B(), PROBABILITY, binomial),
    "binomial-probit": Member(B(mu=jg.Probit()), PROBABILITY, binomial),
    "binomial-cloglog": Member(B(mu=jg.CLogLog()), (-0.3, 0.6, -0.4), binomial),
    "binomial-loglog": Member(B(mu=jg.LogLog()), PROBABILITY, binomial),
    "binomial-cauchit": Member(B(mu=jg.Cauchit()), PROBABILITY, binomial),
    "binomial-log": Member(B(mu=jg.Log()), (-1.2, 0.3, -0.2), binomial),
    "binomial-identity": Member(B(mu=jg.Identity()), (0.5, 0.15, -0.1), binomial),
    "poisson-log": Member(jg.Poisson(), LOG_COUNT, poisson),
    "poisson-identity": Member(jg.Poisson(mu=jg.Identity()), COUNT, poisson),
    "poisson-sqrt": Member(jg.Poisson(mu=jg.Sqrt()), POSITIVE, poisson),
    "poisson-power": Member(jg.Poisson(mu=jg.Power(0.7)), (3.0, 0.5, -0.3), poisson),
    "gamma-log": Member(jg.Gamma(), LOG_COUNT, gamma),
    "gamma-inverse": Member(jg.Gamma(mu=jg.Inverse()), POSITIVE, gamma),
    "gamma-identity": Member(jg.Gamma(mu=jg.Identity()), COUNT, gamma),
    "inverse_gaussian-log": Member(IG(), LOG_COUNT, wald),
    "inverse_gaussian-inverse_squared": Member(IG(mu=jg.InverseSquared()), POSITIVE, wald),
    "inverse_gaussian-inverse": Member(IG(mu=jg.Inverse()), POSITIVE, wald),
    "inverse_gaussian-identity": Member(IG(mu=jg.Identity()), COUNT, wald),
    "negbin-log": Member(NB(), (2.5, 0.5, -0.3), negative_binomial),
    "negbin-sqrt": Member(NB(mu=jg.Sqrt()), POSITIVE, negative_binomial),
    "negbin-identity": Member(NB(mu=jg.Identity()), COUNT, negative_binomial),
    "negbin(0.5)-log": Member(NB(alpha=jg.Fixed(0.5)), (2.5, 0.5, -0.3), negative_binomial),
    "exponential-log": Member(jg.Exponential(), LOG_COUNT, exponential),
    "exponential-inverse": Member(jg.Exponential(mu=jg.Inverse()), POSITIVE, exponential),
    "geometric-log": Member(jg.Geometric(), LOG_COUNT, geometric),
    "geometric-identity": Member(jg.Geometric(mu=jg.Identity()), COUNT, geometric),
}


class Data(NamedTuple):
    """Host arrays of one data set."""

    X: np.ndarray
    y: np.ndarray | tuple
    offset: np.ndarray
    weights: np.ndarray


def data(name: str, seed: int = 1, n: int = N) -> Data:
    """A data set drawn from the member, with small offsets and uneven weights."""
    member, rng = MEMBERS[name], np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.uniform(-1, 1, (n, P - 1))])
    offset = rng.uniform(-0.05, 0.05, n)
    with jax.enable_x64(True):
        mean = np.asarray(member.family.links[0].inverse(jnp.asarray(X @ member.beta + offset)))
    return Data(X, member.draw(rng, mean), offset, rng.uniform(0.5, 2.0, n))


def problem(name: str, of: Data | None = None, **changed) -> jg.Problem:
    """The member's problem: array leaves in the dtype of the data's X, the family's numbers too."""
    d = (data(name) if of is None else of)._replace(**changed)
    made = jg.problem(MEMBERS[name].family, d.X, d.y, offset=d.offset, weights=d.weights)
    return jax.tree.map(lambda a: jnp.asarray(a, made.dtype), made)


class Study(NamedTuple):
    """A fit with the derivative of (theta, loglik) along a tangent of the problem, and of theta @ cotangent."""

    fit: jg.Fit
    forward: tuple
    reverse: jg.Problem


@jax.jit
@jax.vmap
def _study(problem, start, tangent, cotangent) -> Study:
    def solution(p):
        fit = jg.fit(p, start=start)
        return (fit.theta, fit.loglik), fit

    _, forward, fit = jax.jvp(solution, (problem,), (tangent,), has_aux=True)
    _, pullback, _ = jax.vjp(solution, problem, has_aux=True)
    return Study(fit, forward, pullback((cotangent, jnp.zeros_like(fit.loglik)))[0])


def study(problems, starts, tangent=None) -> Study:
    """Fits of up to BATCH problems of one member from these starts, with derivatives, as host arrays."""
    tangent = jax.tree.map(jnp.zeros_like, problems[0]) if tangent is None else tangent
    starts = [jnp.asarray(s, problems[0].dtype) for s in starts]
    cotangent = jnp.arange(1.0, len(starts[0]) + 1, dtype=starts[0].dtype)
    members = [stack(filled(part)) for part in (problems, starts, [tangent], [cotangent])]
    found = jax.device_get(_study(*members))
    return jax.tree.map(lambda a: a[: max(len(problems), len(starts))], found)


def stack(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def filled(members: list) -> list:
    return members + [members[-1]] * (BATCH - len(members))


def moved(problem, tangent, h: float):
    return jax.tree.map(lambda a, t: a + h * t, problem, tangent)


def good_start(name: str) -> np.ndarray:
    """The true coefficients of the mean, and zeros for the parameters that all rows share."""
    member = MEMBERS[name]
    return np.asarray([*member.beta, *(0.0 for _ in member.family.predictors[1:])])



def random_tangent(problem, seed: int = 0, scale: float = 1.0):
    """A direction in which the whole problem moves: y, X, offset, weights and the family's numbers, but not trials."""
    rng = np.random.default_rng(seed)
    tangent = jax.tree.map(lambda a: jnp.asarray(scale * rng.normal(size=a.shape), a.dtype), problem)
    if isinstance(problem.y, tuple):
        tangent = replace(tangent, y=(tangent.y[0], jnp.zeros_like(problem.y[1])))
    return tangent
