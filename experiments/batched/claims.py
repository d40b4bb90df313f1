"""What jaxglm says about its own speed on batches, next to what was measured."""

from typing import Any

# workload, against whom, at most so many times its seconds
SPEED = [
    ("logistic", "glmax vmap", 1 / 2),
    ("logistic", "statsmodels GLM loop", 1 / 20),
    ("poisson", "glmax vmap", 1 / 4),
    ("poisson", "statsmodels GLM loop", 1 / 80),
    ("negbin", "statsmodels NegativeBinomial loop", 1 / 60),
]
RESAMPLES = 1 / 50  # of the seconds of a loop of statsmodels GLM
NEAR = 1e-6  # standard errors from the maximum
COMPANY = 1.3  # times the seconds of a batch without separable members


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a claim; '-' where one side was not measured."""
    peers = {(row["workload"], row["peer"]): row for row in rows if row["part"] == "peers"}
    speed = [_row(f"{name}: seconds, jaxglm / {peer}", _ratio(peers, name, peer), most) for name, peer, most in SPEED]
    drawn = {row["peer"]: row["median s"] for row in rows if row["part"] == "resamples"}
    if drawn:
        ours, theirs = drawn["jaxglm bootstrap"], drawn["statsmodels GLM loop"]
        claim = "resamples: seconds, jaxglm bootstrap / statsmodels GLM loop"
        speed.append(_row(claim, ours / theirs if theirs else None, RESAMPLES))
    right = [
        _row(f"{name}: largest distance from the maximum, se", row["distance, se"], NEAR)
        for (name, peer), row in peers.items()
        if peer == "jaxglm"
    ]
    cost = [
        _row(f"logistic: cost with {row['separable']} of {row['B']} separable", row["cost ratio"], COMPANY)
        for row in rows
        if row["part"] == "separable"
    ]
    return speed + right + cost


def _row(claim: str, value: float | None, limit: float) -> dict[str, Any]:
    return {"claim": claim, "at most": limit, "measured": value, "holds": None if value is None else value <= limit}


def _ratio(peers: dict, name: str, peer: str) -> float | None:
    here, there = (peers.get((name, who), {}).get("median s") for who in ("jaxglm", peer))
    return here / there if here and there else None
