"""HOST: `jax.jit` for whole programs, with the compiler options that suit them."""

import os
from collections.abc import Callable
from functools import lru_cache, wraps
from math import inf
from pathlib import Path
from threading import Lock
from weakref import WeakSet

import jax
from jax.core import eval_context
from jax.extend.core import get_opaque_trace_state

from .elementary import expanded
from .kernel import Refused, available, one_kernel

# XLA's library of CPU kernels (YNNPACK) is good at products, and slow at all that it would compute on the way to them
# or to sums: up to 30 ns an element.
LEAN = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"}
# Its older emitters compile in 60 to 90 % of the time and map a third less memory; what they make of many rows or
# members takes up to a third longer.
QUICK = {"xla_cpu_use_fusion_emitters": False}
LOOKS = 3000  # at a result, of a third of a microsecond each
COUNTED = 4  # programs after which mappings are counted, which takes a microsecond each
FULL = 0.5  # share of the mappings that a process may have beyond which programs are forgotten
_traces: list[str] = []  # names of what was compiled since they were counted
_programs: WeakSet = WeakSet()  # all that can be forgotten
_lock = Lock()  # a set must not grow while it is read
with eval_context():  # whoever imports this may be inside of one
    _outside = get_opaque_trace_state()  # of no transformation of JAX


def program(function: Callable | None = None, *, long: bool = False, **options) -> Callable:
    """Like `jax.jit`, to be called from the host only; made when first called, so that importing starts no backend.
    long: whether it has so much to do that it is worth more of the compiler's time."""
    if function is None:
        return lambda f: program(f, long=long, **options)

    @wraps(function)
    def traced(*args, **kwargs):
        _traces.append(function.__name__)
        with expanded(long):
            return function(*args, **kwargs)

    @lru_cache(maxsize=1)
    def made():
        compiled = jax.jit(traced, compiler_options=_accepted(long), **options)
        with _lock:
            _programs.add(compiled)
        return compiled

    @wraps(function)
    def run(*args, **kwargs):
        known = len(_traces)
        found = made()(*args, **kwargs)
        if len(_traces) > known:
            _leave_room()
        return found

    return run


class SmallProgram:
    """Like `program`, for little data: one kernel on a CPU, and what it returns is there, as to be woken when it is
    would take as long again. What cannot be one kernel is run as its parts."""

    def __init__(self, function: Callable, **options):
        self.whole = program(wraps(function)(one_kernel(function, **options)), **options)
        self.parts = program(function, **options)
        self.refused: set = set()  # structures of the arguments

    def __call__(self, *args, **kwargs):
        if available() and not (self.refused and jax.tree.structure((args, kwargs)) in self.refused):
            try:
                return _awaited(self.whole(*args, **kwargs))
            except (Refused, jax.errors.JaxRuntimeError):
                self.refused.add(jax.tree.structure((args, kwargs)))
        return self.parts(*args, **kwargs)


def _awaited(found):
    """What a program returned, looked at again and again until it is there, for a millisecond at most."""
    first = jax.tree.leaves(found)[0]
    for _ in range(LOOKS):
        if first.is_ready():
            break
    return found


def outside() -> bool:
    """Whether what is called now is run, and not traced for a transformation of JAX such as jit, vmap or grad."""
    return get_opaque_trace_state() == _outside


def _leave_room() -> None:
    """Forget all programs where those that this process has compiled map too much memory: beyond the system's limit the
    compiler does not raise, it crashes. Those that are needed again are compiled again."""
    if len(_traces) < COUNTED:
        return
    _traces.clear()
    if mappings() > FULL * most_mappings():
        with _lock:
            for made in _programs:
                made.clear_cache()


def mappings() -> int:
    """Memory mappings of this process; 0 where the system does not tell."""
    try:
        return Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def most_mappings() -> float:
    """How many a process may have."""
    try:
        return float(Path("/proc/sys/vm/max_map_count").read_text())
    except OSError:
        return inf


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=2)
def _accepted(long: bool) -> dict:
    """The options that this version of XLA knows."""
    wanted = LEAN if long else LEAN | QUICK
    return {k: v for k, v in wanted.items() if _knows(k, v)} if jax.default_backend() == "cpu" else {}


@lru_cache(maxsize=8)
def _knows(option: str, value) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options={option: value}).lower(0.0).compile()
    except Exception:  # one that was renamed or dropped: without it everything works, and is slower
        return False
    return True
