"""glmax under vmap, at its own tolerance or at that in its label; arrays are on the device, coefficients come back."""

import jax
import jax.numpy as jnp

before = jax.config.jax_enable_x64  # type: ignore[attr-defined]
import glmax  # noqa: E402  (sets the flag for the whole process)

jax.config.update("jax_enable_x64", before)
LOOP = False
FAMILIES = {"binomial": glmax.Binomial, "poisson": glmax.Poisson, "negbin": glmax.NegativeBinomial}


def prepare(workload, label):
    family, X = FAMILIES[workload["family"]](), workload["X"]
    options = {"tol": float(label.split()[2])} if len(label.split()) > 2 else {}

    def one(X, y):
        found = glmax.fit(family, X, y, fitter=glmax.IRLSFitter(**options)).params
        return found.beta if found.aux is None else jnp.append(found.beta, jnp.log(found.aux))

    with jax.enable_x64(True):
        program = jax.jit(jax.vmap(one, in_axes=(0 if X.ndim == 3 else None, 0)))
        arrays = jnp.asarray(X), jnp.asarray(workload["y"])

    def fit():
        with jax.enable_x64(True):
            return jax.block_until_ready(program(*arrays))

    return fit
