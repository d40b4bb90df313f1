"""Models that are fitted many times over: built-in families and one defined here."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import jaxglm as jg

N = 60
TIGHT: dict[str, Any] = dict(rtol=1e-8, atol=1e-8)


@jg.family
class Logistic:
    """Real numbers with heavier tails than the normal's: no exponential dispersion model."""

    mu: jg.Link = jg.Identity()
    scale: jg.Link = jg.Log()

    def loglik(self, y, mu, scale):
        z = (y - mu.value) / scale.value
        return -z - scale.log - 2 * jnp.logaddexp(0.0, -z)


def drawn(rng, name, mean):
    table = {
        "poisson": lambda: rng.poisson(mean).astype(float),
        "negbin": lambda: rng.poisson(mean * rng.gamma(0.7, 1 / 0.7, len(mean))).astype(float),
        "gamma": lambda: rng.gamma(2.0, mean / 2),
        "binomial": lambda: (rng.binomial(6, mean / (1 + mean)).astype(float), np.full(len(mean), 6.0)),
        "gaussian": lambda: np.log(mean) + rng.normal(size=len(mean)),
        "own": lambda: np.log(mean) + rng.logistic(size=len(mean)),
    }
    return table[name]()


def study(name, seed=3, n=N, **more) -> tuple[dict[str, Any], Any]:
    """A model with offsets and uneven weights: (arguments, fit)."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    offset = rng.uniform(-0.3, 0.3, n)
    y = drawn(rng, name, np.exp(X @ [0.6, 0.4, -0.3] + offset))
    given = dict(y=y, X=X, family=Logistic() if name == "own" else name, offset=offset,
                 weights=rng.uniform(0.5, 2.0, n), **more)  # fmt: skip
    return given, jg.GLM(**given).fit()


def again(given, rows: Any = slice(None), **changed) -> Any:
    """The same model with other arguments, fitted to some of the rows."""
    y = given["y"]
    cut = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in (given | changed).items()}
    cut["y"] = tuple(a[rows] for a in y) if isinstance(y, tuple) else y[rows]
    return jg.GLM(**cut).fit()


every_family = pytest.mark.parametrize("name", ["poisson", "negbin", "gamma", "binomial", "own"])
