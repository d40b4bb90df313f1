"""Times to an event as one row for each period at risk."""

from typing import Any, NamedTuple

import numpy as np

from .numeric import counted, vector


class PersonPeriods(NamedTuple):
    """One entry (m,) for each row of the data and each period in which it was at risk."""

    row: np.ndarray  # index of the row
    period: np.ndarray  # number of the period, from 1 on
    event: np.ndarray  # whether the event happened in it
    exposure: np.ndarray  # time at risk in it


def person_periods(time: Any, event: Any, ends: Any = None) -> PersonPeriods:
    """Times to an event as person-period data, of which a model of the hazard is a plain regression of the event:
    `binomial` in discrete time (with a cloglog link, proportional hazards in grouped time), `poisson` with exposure=
    where the hazard is constant in each period.

    time: (n,) until the event or until the row was seen last, non-negative. event: (n,) 1 where it happened, else 0.
    ends: of the periods, ascending from above 0, an end belonging to its period; by default 1, 2, ..., and then times
    are whole. What lies after the last end does not count.

    Raises: ValueError for times or events that are none, and for an event at 0 or after the last end.

    Source: Allison (1982), Sociological Methodology 13; Prentice and Gloeckler (1978), Biometrics 34.
    """
    time = vector(time, "time")
    event = vector(event, "event", len(time))
    _refuse(~(np.isfinite(time) & (time >= 0)), time, "time", "not finite and non-negative")
    _refuse(~np.isin(event, (0, 1)), event, "event", "neither 0 nor 1")
    if ends is None:
        _refuse(time != np.round(time), time, "time", "not whole. Give ends= of the periods")
    ends = np.arange(1.0, time.max(initial=0) + 1) if ends is None else vector(ends, "ends")
    starts = np.append(0.0, ends)[: len(ends)]
    if not np.all(ends > starts):
        raise ValueError(f"ends must be ascending from above 0; they are {ends.tolist()}.")
    lost = (event == 1) & ((time == 0) | (time > np.max(ends, initial=0)))
    _refuse(lost, time, "time", "of an event at 0 or after the last of ends=, in no period")
    entered = np.searchsorted(starts, time)
    row = np.repeat(np.arange(len(time)), entered)
    k = np.arange(len(row)) - np.repeat(np.cumsum(entered) - entered, entered)
    happened = (event[row] == 1) & (time[row] <= ends[k])
    return PersonPeriods(row, k + 1, happened, np.minimum(time[row], ends[k]) - starts[k])


def _refuse(bad: np.ndarray, values: np.ndarray, name: str, verdict: str) -> None:
    if bad.any():
        raise ValueError(f"{name}: {counted(bad, values, name)} {verdict}.")
