"""Seconds of a bootstrap, and of a loop of statsmodels over the very resamples that it drew."""

from typing import Any

import numpy as np
from scipy.special import expit

import jaxglm as jg
from experiments.batched.measure import seconds
from jaxglm.refits.units import Units

SEED = 0
Row = dict[str, Any]


def measured(config: Any) -> list[Row]:
    """One row a library: seconds for all resamples of a logistic regression, a loop's scaled up from a sample."""
    fit, n, many = _fitted(config.rows_resamples, config.columns_resamples), config.resamples, config.sample
    try:
        loop = _loop(fit, Units.of(fit).resampled(np.random.default_rng(SEED), n)[:many])
    except ImportError as error:
        loop = None
        note = f"not installed: {error.name}"
    calls = {"jaxglm bootstrap": lambda: jg.bootstrap(fit, n, seed=SEED).params}
    calls |= {} if loop is None else {"statsmodels GLM loop": loop}
    # one library after the other: the threads of NumPy's BLAS spin on for a while and would slow what comes next
    found = {peer: [seconds(call) for _ in range(1 + config.repeats)] for peer, call in calls.items()}
    replicates = found["jaxglm bootstrap"][0][1]
    rows = []
    for peer, runs in found.items():
        theta = np.asarray(runs[-1][1])
        (first, *times), scale = [s for s, _ in runs], n / len(theta)
        apart = np.max(np.abs(theta - replicates[: len(theta)]) / np.asarray(fit.bse))
        rows.append(_row(n, peer) | {"members timed": len(theta), "first s": first * scale, "runs": len(times),
                    "median s": float(np.median(times)) * scale, "min s": min(times) * scale,
                    "max s": max(times) * scale, "from jaxglm's, se": float(apart)})  # fmt: skip
    return rows if loop else [*rows, _row(n, "statsmodels GLM loop") | {"note": note}]


def _row(n: int, peer: str) -> Row:
    empty = dict.fromkeys(("first s", "median s", "min s", "max s", "from jaxglm's, se"))
    return {"part": "resamples", "peer": peer, "B": n, "members timed": 0, "runs": 0} | empty | {"note": ""}


def _fitted(n: int, p: int) -> Any:
    rng = np.random.default_rng(7)
    X = np.column_stack([np.ones(n), rng.standard_normal((n, p - 1))])
    y = (rng.random(n) < expit(X @ (rng.standard_normal(p) * 0.3))).astype(float)
    return jg.GLM(y, X, family="binomial").fit()


def _loop(fit: Any, counts: np.ndarray) -> Any:
    """statsmodels GLM on the rows of each resample."""
    import statsmodels.api as sm

    X, y, family = fit.frame.X, fit.y, sm.families.Binomial()
    drawn = [np.repeat(np.arange(len(y)), c[: len(y)].astype(int)) for c in counts]
    return lambda: np.array([sm.GLM(y[rows], X[rows], family=family).fit().params for rows in drawn])
