"""HOST: several programs at the same time on the threads of a CPU."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax

from ..compiled import cores

POOL = "tf_XLAEigen"  # name of the threads on which XLA's CPU client runs the parts of a program


def workers(sharding=None) -> int:
    """Threads that may each run a program: as many as there are cores, if XLA has a thread for each.

    A running program holds a thread of XLA's pool to its end. More threads than cores would take it from one to the
    other; what waits there for other threads can wait for ever, as a batch of LAPACK calls does (jaxlib 0.10.2).
    """
    if sharding is not None or default_platform() != "cpu":
        return 1
    return cores() if pool_size() >= cores() else 1


@lru_cache(maxsize=1)
def pool_size() -> int:
    """Threads of XLA's CPU client, once it runs, in this process; 0 where the system does not tell."""
    try:
        return sum(t.read_text().strip() == POOL for t in Path("/proc/self/task").glob("*/comm"))
    except OSError:
        return 0


def in_turn(work: Callable, items: Iterable, threads: int) -> Iterator:
    """work(item) of each item, in order; as many at the same time as there are threads, and as many waiting, so that
    none is idle while results are taken."""
    if threads < 2:
        yield from map(work, items)
        return
    settings = _of_this_thread("jax_enable_x64"), _of_this_thread("jax_default_device")
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque = deque()
        for item in items:
            ahead.append(pool.submit(_under, settings, work, item))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def default_platform() -> str:
    """Platform of the device that programs run on by default: "cpu", "gpu", ..."""
    device = _of_this_thread("jax_default_device") or jax.devices()[0]
    return device if isinstance(device, str) else device.platform


def _of_this_thread(setting: str) -> Any:
    """A setting of JAX, of which every thread has its own."""
    return getattr(jax.config, setting)


def _under(settings, work: Callable, item):
    x64, device = settings
    with jax.enable_x64(x64), jax.default_device(device):
        return work(item)
