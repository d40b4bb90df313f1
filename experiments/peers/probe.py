"""Prints the peak memory of one fit as JSON: python -m experiments.peers.probe WORKLOAD PEER SCALE."""

import ctypes
import gc
import json
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from experiments.peers.competitors import Cannot, competitor
from experiments.peers.workloads import WORKLOADS

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
TINY = 0.002  # of the rows: libraries, compilers and thread pools get their memory before the measurement


def main(name: str, peer: str, scale: float) -> int:
    """1 where the peer is missing or has no such model."""
    warnings.simplefilter("ignore")
    try:
        module = competitor(peer)
        module.prepare(WORKLOADS[name](TINY), peer)()
    except (ImportError, Cannot):
        return 1
    before = _memory("VmHWM")
    workload = WORKLOADS[name](scale)
    size = workload["X"].nbytes
    fit = module.prepare(workload, peer)
    del workload  # the fit keeps what it needs
    fit()
    cold = _memory("VmHWM")
    print(json.dumps({"peak / X": (cold - before) / size, "warm extra / X": _warm(fit, size), "peak GB": cold / 1e9}))
    return 0


def _warm(fit: Callable[[], object], size: int) -> float | None:
    """What a second fit needs beyond the memory that the process held before it, over the size of X; Linux only."""
    if not RESET.exists():
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the first fit freed goes back, so that the second has to ask again
    RESET.write_text("5")  # the high-water mark starts anew
    held = _memory("VmRSS")
    fit()
    return (_memory("VmHWM") - held) / size


def _memory(key: str) -> int:
    """Bytes. Linux hands ru_maxrss down from the parent through exec, so the mark of the process itself is read."""
    if STATUS.exists():
        return next(int(line.split()[1]) * 1024 for line in STATUS.read_text().splitlines() if line.startswith(key))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
