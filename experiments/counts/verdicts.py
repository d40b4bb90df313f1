"""One row a law, and the sentences that follow from the rows."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

import jaxglm as jg
from experiments.counts.judge import Judged, loo_difference

Row = dict[str, Any]
CLEAR = 2.0  # standard errors of a difference that count as one


def table(judged: Mapping[str, Judged], observed: np.ndarray) -> list[Row]:
    """One row a law, the best by leave-one-out first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of fits at an edge: their status is in the table
        criteria = jg.compare({name: one.fit for name, one in judged.items()})
    given = {row["model"]: row for row in criteria.to_dict("records")}
    order = sorted(judged, key=lambda name: judged[name].looic or judged[name].fit.aic)
    best = next((judged[name].loo for name in order if judged[name].loo), None)
    return [_row(name, judged[name], given[name], best, observed) for name in order]


def _row(name: str, one: Judged, given: Row, best: Any, observed: np.ndarray) -> Row:
    behind, error = loo_difference(one.loo, best) if one.loo else (None, None)
    return {
        "model": name,
        "parameters": int(given["n_params"]),
        "log-likelihood": float(given["llf"]),
        "AIC": float(given["aic"]),
        "BIC": float(given["bic"]),
        "LOO-IC": one.looic,
        "behind by": behind,
        "se of that": error,
        "zeros expected": float(one.expected[0]),
        "ones expected": float(one.expected[1]),
        "worst bar, se": float(np.max(np.abs(2 * (np.sqrt(observed) - np.sqrt(one.expected))))),
        "residual sd": float(np.std(one.residuals)),
        "status": one.fit.status.name.lower(),
        "edge": "".join(f" ({name} tends to {end:g})" for name, end in one.fit.limits.items()),
        "fit s": one.seconds,
    }


def shown(rows: list[Row]) -> list[Row]:
    """The rows for people: large numbers are whole."""
    whole = lambda v: round(v) if isinstance(v, float) and abs(v) >= 100 else v  # noqa: E731
    return [{key: whole(value) for key, value in row.items()} for row in rows]


def conclusion(rows: list[Row], observed: np.ndarray) -> str:
    """What the table says, in words."""
    edge, laws = [row for row in rows if row["LOO-IC"] is None], len(rows)
    rows = [row for row in rows if row["LOO-IC"] is not None]
    best, poisson = rows[0], next((row for row in rows if row["model"] == "Poisson"), None)
    close = [row["model"] for row in rows[1:] if row["behind by"] < CLEAR * row["se of that"]]
    by = {key: min(rows, key=lambda row: row[key])["model"] for key in ("AIC", "BIC")}
    agree = [key for key in by if by[key] == best["model"]]
    words = [f"By leave-one-out the best of these {laws} laws is {best['model']} (LOO-IC {best['LOO-IC']:,.1f})"]
    words += [f", as by {' and '.join(agree)}" if agree else ""]
    words += [f"; {key} prefers {name}" for key, name in by.items() if key not in agree]
    words += [_lead(rows[1], close) if len(rows) > 1 else "", "."]
    if poisson and poisson is not best:
        words += [f" The Poisson is behind by {poisson['behind by']:,.0f} and expects {poisson['zeros expected']:,.0f} "
                  f"person-years without a visit where {int(observed[0]):,} were counted."]  # fmt: skip
    words += [
        f" {row['model']} ends at the edge of its parameters{row['edge']}: another law is its limit." for row in edge
    ]
    words += [f" {_shape(best)}"]
    return "".join(words)


def _lead(second: Row, close: list[str]) -> str:
    if close:
        return f"; {' and '.join(close)} cannot be told from it (less than {CLEAR:g} standard errors behind)"
    size = second["behind by"] / second["se of that"]
    return f"; the next, {second['model']}, is behind by {second['behind by']:.1f}, {size:.1f} standard errors"


def _shape(best: Row) -> str:
    """Whether the best law is also a good one."""
    if best["worst bar, se"] < 3:
        return f"The rootogram of {best['model']} shows no count that it misses by three standard errors."
    return (
        f"{best['model']} is the best here, not the truth: it misses one of the counts by "
        f"{best['worst bar, se']:.1f} standard errors; and person-years of one person, whom the data do not name, are "
        "not independent."
    )
