"""Laws of counts. The last one is not in jaxglm: its log-likelihood here is all there is of it."""

import inspect
import warnings
from typing import Any

import jax.numpy as jnp

import jaxglm as jg


@jg.family
class DiscreteWeibull:
    mu: jg.Link = jg.Log()
    shape: jg.Link = jg.Log()
    support = jg.counts

    def loglik(self, y, mu, shape):
        hazard = lambda t: jnp.exp(shape.value * (jnp.log(t) - mu.log))  # noqa: E731
        start = jnp.where(y > 0, hazard(jnp.maximum(y, 1.0)), 0.0)
        return -start + jnp.log(-jnp.expm1(start - hazard(y + 1.0)))


SOURCE = inspect.getsource(DiscreteWeibull)
RESPONSE = "mdvis"
LAWS = {
    "Poisson": jg.Poisson(),
    "geometric": jg.Geometric(),
    "NB1": jg.NegativeBinomial1(),
    "NB2": jg.NegativeBinomial(),
    "Conway-Maxwell": jg.ConwayMaxwellPoisson(),
    "zero-inflated Poisson": jg.zero_inflated(jg.Poisson()),
    "zero-inflated NB2": jg.zero_inflated(jg.NegativeBinomial()),
    "hurdle Poisson": jg.hurdle(jg.Poisson()),
    "hurdle NB2": jg.hurdle(jg.NegativeBinomial()),
    "discrete Weibull": DiscreteWeibull(),
}
ZEROS = ("pi", "nonzero")  # parameters of zeros, which have a formula of their own


def fit(name: str, frame: Any, config: Any, **counts: str) -> Any:
    """The law of this name with the covariates of the config. counts: freq_weights, a column of a tabulated frame."""
    family = LAWS[name]
    own = {p: _formula("", config.zeros) for p in family.parameters if p in ZEROS}
    main = _formula(RESPONSE, config.covariates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)  # the status is a column of the table
        return jg.glm({family.parameters[0]: main} | own if own else main, frame, family=family, **counts)


def _formula(response: str, covariates: tuple[str, ...]) -> str:
    return f"{response} ~ {' + '.join(covariates) or '1'}"
