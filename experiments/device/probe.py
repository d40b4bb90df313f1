"""Prints the rows of one device as JSON: python -m experiments.device.probe CONFIG-AS-JSON. JAX_PLATFORMS picks it.

A process of its own for each device: JAX then knows no other, and the memory of a GPU is not held by two."""

import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxglm as jg
from experiments.batched.workloads import WORKLOADS, Workload

CPUS = Path("/proc/cpuinfo")


def main(config: dict[str, Any]) -> int:
    """One row for each workload and precision."""
    warnings.simplefilter("ignore", jg.FitWarning)  # statuses are in the rows
    device = jax.devices()[0]
    about = {"machine": config["machine"] or machine(), "device": device.platform, "jax": jax.__version__}
    limits = {"copy GB/s": copy_rate(config["megabytes"])}
    limits |= {f"product GF/s, {kind}": product_rate(config["order"], kind) for kind in ("float64", "float32")}
    rows = []
    for name in config["workloads"]:
        workload = WORKLOADS[name](config["members"], config[f"rows_{name}"], config[f"columns_{name}"])
        for precision in config["precisions"]:
            rows.append(about | measured(workload, precision, config["repeats"], limits) | limits)
    print(json.dumps(rows))
    return 0


def machine() -> str:
    """The GPU, or the processor and how many of it this process may use."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return device.device_kind
    lines = CPUS.read_text().splitlines() if CPUS.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{models[0] if models else platform.machine()}, {usable} core{'s' * (usable != 1)}"


def measured(workload: Workload, precision: str, repeats: int, limits: dict[str, float]) -> dict[str, Any]:
    """Fits per second, and the seconds of a Newton pass beside what reading the data once takes."""
    call = lambda: jg.fit_batch(workload["family"], workload["X"], workload["y"], precision=precision)  # noqa: E731
    first, fits = _seconds(call)
    middle = float(np.median([_seconds(call)[0] for _ in range(repeats)]))
    B, passes = len(workload["y"]), float(np.mean(fits.n_iter))
    size = 4 if precision == "float32" else 8
    bound = size * (workload["X"].size + workload["y"].size) / limits["copy GB/s"] / 1e9
    row = {"workload": workload["name"], "precision": precision, "B": B, "first s": first, "median s": middle}
    row |= {"fits/s": B / middle, "converged": float(np.mean(fits.converged)), "passes": passes}
    each = None if precision == "mixed" else middle / max(passes, 1)  # its passes in float32 are not counted
    row |= {"s per pass": each, "bound s per pass": bound, "times the bound": each and each / bound}
    return row | {"worst accuracy, se": float(np.nanmax(fits.accuracy)) if precision == "float32" else None}


def copy_rate(megabytes: int) -> float:
    """GB/s, read and written, of x = x * 1.0 in its place: page faults of fresh memory cost ten times the copy."""
    # times 1.0 would be compiled away; a factor that the compiler does not know is not
    copy, one = jax.jit(lambda x, one: x * one, donate_argnums=0), jnp.float32(1.0)
    held = [jax.device_put(np.ones(megabytes * 250_000, np.float32))]

    def again() -> Any:
        held[0] = copy(held[0], one)
        return held[0]

    return 2 * held[0].nbytes / _best(again) / 1e9


def product_rate(order: int, dtype: str) -> float:
    """1e9 operations a second of a square product at full precision."""
    with jax.enable_x64(True):
        a = jax.device_put(np.random.default_rng(0).standard_normal((order, order)).astype(dtype))
        product = jax.jit(lambda a: jnp.matmul(a, a, precision="highest"))
        return 2 * order**3 / _best(lambda: product(a)) / 1e9


def _best(call: Callable[[], Any], repeats: int = 5) -> float:
    jax.block_until_ready(call())
    return min(_seconds(lambda: jax.block_until_ready(call()))[0] for _ in range(repeats))


def _seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
