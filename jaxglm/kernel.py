"""A small computation as one kernel.

XLA on a CPU runs a program as many parts, of a microsecond or less each in a small fit, and hands them from core to
core, which is more than half of its time. A call that is marked becomes one function of machine code instead. It can
call no library, so what is traced for it does without (`within`), and XLA refuses what it cannot put there: sorting,
Fourier transforms, callbacks to the host, large products of matrices. Its arguments must be those of the program around
it: a constant among them ends the process. So only `compiled.SmallProgram` marks calls, never one in a user's program.
"""

from collections.abc import Callable

import jax
from jax.experimental.xla_metadata import set_xla_metadata

MARK = {"xla_cpu_small_call": "true", "inlineable": "false"}
TESTED = ((0, 10), (0, 11))  # versions of JAX whose XLA was seen to know the mark; others run the parts as they are
# Whether what is traced meanwhile is to be one kernel; JAX's caches know of it
within = jax.make_user_context(False)


def available() -> bool:
    """Whether there is a CPU, and a version of JAX that makes kernels of marked calls."""
    return jax.__version_info__[:2] in TESTED and jax.default_backend() == "cpu"


def one_kernel(function: Callable, **options) -> Callable:
    """The function as a call that XLA on a CPU compiles to one kernel. options: as of `jax.jit`."""
    call = jax.jit(function, **options)

    def run(*args, **kwargs):
        with within(True):
            return set_xla_metadata(call(*args, **kwargs), **MARK)

    return run
