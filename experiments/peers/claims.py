"""What jaxglm says about its own speed, next to what was measured."""

from typing import Any

LARGE = ("large_logistic", "large_poisson", "large_gamma")
# workload, who, against whom, at most so many times its warm median
SPEED = [
    ("small_logistic", "jaxglm fit", "statsmodels Logit", 0.2),
    ("small_logistic", "jaxglm GLM", "statsmodels Logit", 0.5),
    *((name, mine, "glum 1e-8", 1.0) for name in LARGE for mine in ("jaxglm fit", "jaxglm GLM")),
    *((name, "jaxglm GLM", "statsmodels model", 0.2) for name in ("negbin", "zinb", "beta", "ordinal")),
    ("multinomial", "jaxglm GLM", "sklearn newton-cholesky", 1.0),
]
MEMORY = 2.0  # times X, everything included


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a claim; '-' where one side was not measured."""
    at = {(row["workload"], row["peer"]): row for row in rows}
    speed = [_row(f"{name}: {mine} / {peer}", _ratio(at, name, mine, peer), limit) for name, mine, peer, limit in SPEED]
    pairs = [(name, mine) for name in LARGE for mine in ("jaxglm fit", "jaxglm GLM")]
    warm = [
        _row(f"{name}: memory of X and a warm {mine} / X", _warm(at.get((name, mine), {})), MEMORY)
        for name, mine in pairs
    ]
    first = [
        _row(
            f"{name}: memory of X and a first {mine}, with the compiler / X",
            at.get((name, mine), {}).get("peak / X"),
            MEMORY,
        )
        for name, mine in pairs
    ]
    return speed + warm + first


def _warm(row: dict[str, Any]) -> float | None:
    extra = row.get("warm extra / X")
    return None if extra is None else 1 + extra


def _row(claim: str, value: float | None, limit: float) -> dict[str, Any]:
    return {"claim": claim, "at most": limit, "measured": value, "holds": None if value is None else value <= limit}


def _ratio(at: dict, name: str, mine: str, peer: str) -> float | None:
    here, there = (at.get((name, who), {}).get("median s") for who in (mine, peer))
    return here / there if here and there else None
