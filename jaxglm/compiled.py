"""HOST: `jax.jit` for whole programs, with the compiler options that suit them."""

import os
from collections.abc import Callable
from functools import lru_cache, wraps

import jax

# XLA's library of CPU kernels (YNNPACK) is good at products, and slow at all that it would compute on the way to them
# or to sums: up to 30 ns an element.
# Its older emitters compile in 60 to 90 % of the time and map a third less memory: the newer ones reach the system's
# limit of mappings (65,530) after a hundred programs in one process, which then crashes.
OPTIONS = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
}


def program(function: Callable | None = None, **options) -> Callable:
    """Like `jax.jit`, to be called from the host only; made when first called, so that importing starts no backend."""
    if function is None:
        return lambda f: program(f, **options)

    @lru_cache(maxsize=1)
    def made():
        return jax.jit(function, compiler_options=_accepted(), **options)

    @wraps(function)
    def run(*args, **kwargs):
        return made()(*args, **kwargs)

    return run


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _accepted() -> dict:
    """The options that this version of XLA knows."""
    return {k: v for k, v in OPTIONS.items() if _knows({k: v})} if jax.default_backend() == "cpu" else {}


def _knows(option: dict) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options=option).lower(0.0).compile()
    except Exception:  # one that was renamed or dropped: without it everything works, and is slower
        return False
    return True
