"""jaxglm's functional core: one call on arrays that are already on the device."""

import jax

import jaxglm as jg
from experiments.peers.competitors import Cannot

# phi does not move the coefficients, and no peer estimates it during the fit
FAMILIES = {"binomial": jg.Binomial(), "poisson": jg.Poisson(), "gamma": jg.Gamma(phi=jg.Fixed(1.0)),
            "negbin": jg.NegativeBinomial(), "zinb": jg.zero_inflated(jg.NegativeBinomial()), "beta": jg.Beta(),
            "ordinal": jg.Ordinal(levels=("0", "1", "2", "3"))}  # fmt: skip


def prepare(workload, label):
    if workload["family"] not in FAMILIES:
        raise Cannot("one design for several predictors is made by the front door")
    with jax.enable_x64(True):
        problem = jg.problem(FAMILIES[workload["family"]], workload["X"], workload["y"], offset=workload["offset"])

    def fit():
        with jax.enable_x64(True):
            return jax.block_until_ready(jg.fit(problem).theta)

    return fit
