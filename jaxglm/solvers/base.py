"""What every solver shares: the status codes with their words, the record of a run, and the loop."""

from enum import IntEnum
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Worded(IntEnum):
    """Base of codes that have a message."""

    message: str

    def __new__(cls, code: int, message: str = ""):
        member = int.__new__(cls, code)
        member._value_ = code
        member.message = message
        return member


class Status(Worded):
    """How a fit ended: what was seen, the usual cause, what to do."""

    RUNNING = -1, "The fit is still running."
    CONVERGED = 0, "The maximum was found: the gain still possible is below the tolerance."
    MAX_STEPS = (
        1,
        "The step limit was reached before the tolerance. Raise max_steps, scale the columns, or use another start.",
    )
    SEPARATED = (
        2,
        "The estimates are infinite: the likelihood still rises along a direction in which fitted values are at their "
        "limit. Usually a column (or a combination) separates the responses perfectly. The log-likelihood and the "
        "fitted values are at their limits; drop or merge the column, or penalise.",
    )
    BOUNDARY = (
        3,
        "The maximum lies on the edge of the parameter space, so Wald standard errors do not apply there. Usual cause: "
        "an overdispersion parameter that tends to zero, or a constrained mean that touches its limit. "
        "Consider the simpler family or another link.",
    )
    SINGULAR = (
        4,
        "The information matrix is singular: columns of the design depend on each other linearly, or the data say "
        "nothing of a further parameter (as of a class without rows), so the coefficients are not unique (the fitted "
        "values are). Drop columns or penalise.",
    )
    NO_PROGRESS = (
        5,
        "No step raises the log-likelihood although the gradient is not zero. Usual causes: a log-likelihood that is "
        "not smooth, or data of extreme scale.",
    )
    NON_FINITE = (
        6,
        "The log-likelihood or its derivatives are not finite at the start. Usual causes: NaN or infinite data, or "
        "offsets beyond the range of the link.",
    )
    INVALID_DATA = (
        8,
        "The data of this member of a batch are not valid: missing or infinite values, a response outside the support, "
        "a set of rows of which not exactly one was chosen, or no row that counts. Nothing was fitted.",
    )
    INFEASIBLE = (
        7,
        "No starting point was found inside the parameter space of the constrained link. Pass `start`, or use a link "
        "whose range fits the parameter.",
    )


class Trace(NamedTuple):
    """Log-likelihood and decrement at each accepted or rejected step; NaN beyond the last."""

    loglik: jax.Array
    decrement: jax.Array

    @classmethod
    def empty(cls, size: int, dtype):
        return cls(jnp.full(size, jnp.nan, dtype), jnp.full(size, jnp.nan, dtype))

    def put(self, step, loglik, decrement) -> "Trace":
        return Trace(self.loglik.at[step].set(loglik), self.decrement.at[step].set(decrement))


def code(status: Status):
    return jnp.int32(status.value)


def run(solver, problem, start):
    """State of `solver` after its last step from `start` (P,): one flat loop, a rejected trial is one pass of it."""
    state = solver.init(problem, start)
    return lax.while_loop(lambda s: s.status == Status.RUNNING, lambda s: solver.step(problem, s), state)
