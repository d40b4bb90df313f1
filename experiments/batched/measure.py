"""Seconds of batches: against their size, with members that have no estimate, and beside other libraries."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import jaxglm as jg
from experiments.batched.competitors import Cannot, competitor
from experiments.batched.likelihood import distances, logliks
from experiments.batched.workloads import Workload, head, separable

Row = dict[str, Any]


def throughput(workload: Workload, sizes: list[int], repeats: int) -> list[Row]:
    """One row a batch size: the first call, which compiles where the size is new, and warm ones."""
    return [_size(workload, B, repeats) for B in sizes]


def _size(workload: Workload, B: int, repeats: int) -> Row:
    part = head(workload, B)
    call = lambda: jg.fit_batch(part["family"], part["X"], part["y"])  # noqa: E731
    first, fits = seconds(call)
    times = [seconds(call)[0] for _ in range(repeats)]
    middle = float(np.median(times))
    row = {"part": "throughput", "workload": workload["name"], "B": B, "first s": first, "median s": middle}
    row |= {"min s": min(times), "max s": max(times), "fits/s": B / middle, "fits/s, first": B / first}
    return row | {"converged": float(np.mean(fits.converged)), "mean steps": float(np.mean(fits.n_iter))}


def statuses(name: str, fits: jg.BatchResults) -> list[Row]:
    """One row a status: its share of the members."""
    counts = fits.status_counts
    return [
        {"part": "status", "workload": name, "status": s, "members": k, "share": k / len(fits)}
        for s, k in counts.items()
    ]


def company(workload: Workload, share: float, repeats: int) -> tuple[Row, jg.BatchResults]:
    """What a share of separable members costs the batch, by turns with none, and what it does to the others."""
    mixed, which = separable(workload, share)
    plain_call, mixed_call = (lambda w=w: jg.fit_batch(w["family"], w["X"], w["y"]) for w in (workload, mixed))
    plain, fits = plain_call(), mixed_call()
    times = np.array([[seconds(plain_call)[0], seconds(mixed_call)[0]] for _ in range(repeats)])
    told = fits.status == jg.Status.SEPARATED
    planted = np.isin(np.arange(len(fits)), which)
    apart = np.abs(fits.params - plain.params)[~planted] / plain.bse[~planted]
    row = {"part": "separable", "workload": "logistic", "B": len(fits), "separable": len(which)}
    row |= {"found": int(np.sum(told & planted)), "false alarms": int(np.sum(told & ~planted & plain.converged))}
    row |= {"others moved by, se": float(np.max(apart, initial=0)), "median s": float(np.median(times[:, 1]))}
    return row | {"cost ratio": float(np.median(times[:, 1]) / np.median(times[:, 0]))}, fits


def beside(workload: Workload, peer: str, reference: np.ndarray, config: Any) -> Row:
    """One row a library: seconds for the whole batch, a loop's scaled up from a sample; and where it stopped."""
    B = len(workload["y"])
    row = {"part": "peers", "workload": workload["name"], "peer": peer, "B": B, "members timed": 0, "first s": None}
    row |= {"median s": None, "min s": None, "max s": None, "fits/s": None, "runs": 0}
    row |= {"deviance above jaxglm's": None, "distance, se": None, "note": ""}
    try:
        module = competitor(peer)
        members = min(config.sample, B) if module.LOOP else B
        part = head(workload, members)
        fit = module.prepare(part, peer)
    except ImportError as error:
        return row | {"note": f"not installed: {error.name}"}
    except Cannot as reason:
        return row | {"note": str(reason)}
    try:
        first, theta, times = _timed(fit, config)
    except Exception as error:  # a peer that crashes is a finding about the peer
        return row | {"note": f"fails: {_reason(error)}"}
    scale = B / members
    row |= {"members timed": members, "first s": first * scale, "median s": float(np.median(times)) * scale}
    row |= {"min s": min(times) * scale, "max s": max(times) * scale, "fits/s": members / float(np.median(times))}
    return row | {"runs": len(times), "note": "scaled up" if members < B else ""} | _judged(part, theta, reference)


@contextmanager
def _quiet() -> Iterator[None]:
    """What a peer thinks of its stop is in the deviance, and what it says of its crash in the note."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


@_quiet()
def _timed(fit: Callable[[], Any], config: Any) -> tuple[float, np.ndarray, list[float]]:
    first, theta = seconds(fit)
    times: list[float] = []
    while not times or (len(times) < config.repeats and first + sum(times) < config.budget):
        again, theta = seconds(fit)
        times.append(again)
    return first, np.asarray(theta), times


def _reason(error: Exception) -> str:
    """The last line that names an error: what callbacks raise is deep inside of what arrives."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    named = [line.split("Error: ", 1)[1] for line in lines if "Error: " in line]
    return (named or lines)[-1][:90]


def _judged(workload: Workload, theta: np.ndarray, reference: np.ndarray) -> Row:
    """The largest deviance beyond that of jaxglm, with its sign, and the largest distance from the maximum."""
    with np.errstate(all="ignore"):
        above = 2 * (logliks(workload, reference[: len(theta)]) - logliks(workload, theta))
        far = distances(workload, theta)
    above = np.where(np.isnan(above), np.inf, above)
    return {"deviance above jaxglm's": float(above[np.argmax(np.abs(above))]), "distance, se": float(np.max(far))}


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value
