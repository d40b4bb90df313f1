"""A small computation as one kernel.

XLA on a CPU runs a program as many parts, of a microsecond or less each in a small fit, and hands them from core to
core, which is more than half of its time. A call that is marked becomes one function of machine code instead. It can
call no library, so what is traced for it does without (`within`), and XLA refuses what it cannot put there: sorting,
Fourier transforms, callbacks to the host, large products of matrices. Its arguments must be those of the program around
it: a constant among them ends the process. So only `compiled.SmallProgram` marks calls, never one in a user's program.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.experimental.xla_metadata import set_xla_metadata

MARK = {"xla_cpu_small_call": "true", "inlineable": "false"}
TESTED = ((0, 10), (0, 11))  # versions of JAX whose XLA was seen to know the mark; others run the parts as they are
# Primitives that JAX hands to LAPACK, or to an FFT, on a CPU
LAPACK = frozenset({
    "cholesky", "cholesky_update", "triangular_solve", "tridiagonal_solve", "tridiagonal", "lu", "eig", "eigh", "svd",
    "qr", "geqrf", "geqp3", "householder_product", "schur", "sylvester", "hessenberg", "fft",
})  # fmt: skip
CALLS = LAPACK | {
    "sort", "top_k", "approx_top_k", "pure_callback", "io_callback", "debug_callback", "debug_print", "ffi_call",
}  # fmt: skip
# Whether what is traced meanwhile is to be one kernel; JAX's caches know of it
within = jax.make_user_context(False)


def available() -> bool:
    """Whether there is a CPU, and a version of JAX that makes kernels of marked calls."""
    return jax.__version_info__[:2] in TESTED and jax.default_backend() == "cpu"


class Refused(Exception):
    """What was traced cannot be one kernel."""


def primitives(jaxpr: Any) -> Iterator[str]:
    """Names of the primitives of a program, and of the programs that those call."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in jax.tree.leaves(equation.params):
            if hasattr(value, "eqns"):
                yield from primitives(value)


def one_kernel(function: Callable, **options) -> Callable:
    """The function as a call that XLA on a CPU compiles to one kernel. options: as of `jax.jit`.

    Raises Refused, or `jax.errors.JaxRuntimeError` when the program is compiled, where there cannot be one.
    """
    call = jax.jit(function, **options)

    def run(*args, **kwargs):
        with within(True):
            calls = CALLS.intersection(primitives(call.trace(*args, **kwargs).jaxpr))
            if calls:
                raise Refused(", ".join(sorted(calls)))
            return set_xla_metadata(call(*args, **kwargs), **MARK)

    return run
