"""Score and information of all coefficients at any theta, as score tests need them: a pure function."""

import jax.numpy as jnp

from ..problem import Problem, evaluate, expected_information, linear_predictors, over_blocks, rows


def score_information(problem: Problem, theta):
    """Gradient (P,) and information (P, P) of the log-likelihood at theta, which need not be its maximum.

    The information of an exponential dispersion model is the expected one of its mean. The score of the mean is then
    c (y - mean), so that every further parameter (alpha of the negative binomial) is orthogonal to it. The observed
    one is no substitute: away from the maximum it need not be positive (Morgan, Palmer and Ridout, 2007). Other
    families have the observed joint information.
    """
    if not problem.family.traits.edm:
        at = evaluate(problem, theta)
        return at.gradient, at.information
    return over_blocks(problem, lambda part: _expected(part, linear_predictors(part, theta)))


def _expected(problem: Problem, eta: tuple):
    at, designs = rows(problem, eta), problem.designs
    w = jnp.ones(problem.n, problem.dtype) if problem.weights is None else problem.weights
    gradient = jnp.concatenate([d.rmatmat(w * s) for d, s in zip(designs, at.score, strict=True)])

    def block(j: int, k: int):
        if 0 in (j, k) and j != k:
            return jnp.zeros((designs[j].shape[1], designs[k].shape[1]), gradient.dtype)
        h = expected_information(problem, eta) if j == 0 else -at.curvature[j][k]
        return designs[j].gram(w * h, designs[k])

    lower = [[block(j, k) for k in range(j + 1)] for j in range(len(designs))]
    return gradient, jnp.block([[lower[j][k] if k <= j else lower[k][j].T for k in range(len(designs))]
                                for j in range(len(designs))])  # fmt: skip
