"""HOST: the front doors of many fits: arrays with a batch axis, ragged lists, groups of a frame."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from ..frame import ModelFrame, group_rows
from ..frame.arrays import ArrayEncoder, check_names, has_constant
from ..frame.numeric import numeric
from ..options import FitWarning, Options, resolve_family, resolve_penalty, unit_dispersion
from ..solvers import Newton
from .data import Ragged, Stacked
from .results import BatchResults
from .run import Settings, fit_data


def fit_batch(
    family,
    X,
    Y,
    *,
    link=None,
    names: Sequence[str] | None = None,
    offset=None,
    exposure=None,
    weights=None,
    freq_weights=None,
    trials=None,
    mask=None,
    start=None,
    labels: Sequence | None = None,
    solver=None,
    penalty=None,
    dispersion: str | float = "pearson",
    precision: str = "float64",
    chunk: int | None = None,
    mesh=None,
    progress=None,
) -> BatchResults:
    """Fit many models of one form in one call.

    family: a word or an object; its fixed numbers may have an axis of members, as `NegativeBinomial(alpha=Fixed(a))`.
    X: (n, p) if all members share the design, or (B, n, p), or a list of (n_i, p). Y: (B, n), a pair of such
    (successes, trials), or a list of (n_i,). offset, exposure, weights, freq_weights, trials: (n,), (B, n), or a list.
    mask: true where an observation counts. start: (B, P). labels: a name for each member. penalty: such as "jeffreys".
    precision: "float64"; "mixed" finds the neighbourhood in float32 and the maximum in float64; "float32" stays there,
    and `accuracy` tells how far from the maximum. chunk: members a program call. mesh: a `jax.sharding.Mesh` of one
    axis, over whose devices the members are spread. progress: a function of (members done, members).

    A member never raises and never touches another: one whose data are not valid, separated or collinear has a status
    and NaN where nothing can be said, and one warning tells how many. Raises ValueError where shapes do not fit.
    """
    sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    options = Options(resolve_family(family, link), dispersion)
    ragged = isinstance(Y, list) and len({np.size(y) for y in Y}) > 1
    data = _ragged(X, Y, names, sides, mask) if ragged else _stacked(X, Y, names, sides, mask)
    chosen = resolve_penalty(penalty)
    settings = Settings(options, solver or Newton(), chosen, precision, chunk, _sharding(mesh), _watched(progress))
    _check_labels(labels, data.size)
    return _fitted(data, settings, start, labels=None if labels is None else list(labels))


def fit_groups(frame: ModelFrame, groups: tuple[str, ...], keys, options: Options, solver, start) -> BatchResults:
    """One model for each group of the rows of a frame; keys: a column (N,) for each name in `groups`, all rows."""
    labels, rows, ends = group_rows(keys, frame.rows)
    data = Ragged(frame, rows, ends).stacked()
    further = len(unit_dispersion(options.family).predictors) - 1
    penalty = options.penalty and options.penalty.bound(np.ptp(frame.X, axis=0) == 0, further, 0.0)
    settings = Settings(options, solver or Newton(), penalty, progress=_watched(None))
    return _fitted(data, settings, start, labels=labels, groups=groups, n_dropped=frame.n_dropped)


def _fitted(data: Stacked | Ragged, settings: Settings, start, **told) -> BatchResults:
    P = data.pattern.X.shape[-1] + len(settings.family.predictors) - 1
    _check_family(settings.family, data)
    if start is not None:
        start = np.asarray(start, float)
        if start.shape != (data.size, P):
            raise ValueError(f"start must have shape ({data.size}, {P}), a row for each member; it is {start.shape}.")
    made = BatchResults(data, settings, fit_data(data, settings, start), **told)
    failed = len(made.failed())
    if failed:
        counts = ", ".join(f"{k} {w}" for w, k in made.status_counts.items() if w != "CONVERGED")
        warnings.warn(f"{failed} of {len(made)} fits did not converge: {counts}. `.failed()` lists them, "
                      "`Status(code).message` says what to do.", FitWarning, stacklevel=3)
    return made


def _stacked(X, Y, names, sides: dict, mask) -> Stacked:
    y, trials = (Y if isinstance(Y, tuple) else (Y, sides["trials"]))
    y, design = _rectangle(y, "Y"), _rectangle(X, "X")
    if y.ndim != 2:
        hint = " For one response use GLM, or Y[None, :]." if y.ndim == 1 else ""
        raise ValueError(f"Y must be two-dimensional, members by rows; its shape is {y.shape}.{hint}")
    B, n = y.shape
    if not B or not n:
        raise ValueError(f"Y is empty: its shape is {y.shape}.")
    side = {k: _side(v, k, B, n) for k, v in (sides | {"trials": trials, "mask": mask}).items() if v is not None}
    side, design = _without_masked(side, design)
    _check_design(design, B, n)
    labels = check_names(names, design.shape[-1])
    offset = _offset(side)
    y = (y, np.broadcast_to(side["trials"], (B, n))) if "trials" in side else y
    one = design if design.ndim == 2 else design[0]
    pattern = _pattern(one, labels, offset is not None)
    return Stacked(pattern, B, design, y, offset, side.get("weights"), side.get("freq_weights"))


def _rectangle(values, name: str) -> np.ndarray:
    if isinstance(values, list) and values:
        parts = [numeric(v, name) for v in values]
        shapes = {a.shape for a in parts}
        if len(shapes) > 1:
            raise ValueError(f"{name} is a list of arrays of several shapes, but the members of Y have one length: "
                             f"{', '.join(map(str, sorted(shapes)))}.")
        return np.stack(parts)
    return numeric(values, name)


def _check_design(X: np.ndarray, B: int, n: int) -> None:
    if X.ndim == 2 and X.shape[0] == n and X.shape[1]:
        if not np.isfinite(X).all():
            raise ValueError("X must be finite: all members share it. Drop or mask the rows that are not.")
        return
    if X.ndim != 3 or X.shape[:2] != (B, n) or not X.shape[2]:
        raise ValueError(f"X must be (n, p) or (B, n, p) with B = {B} and n = {n} of Y; its shape is {X.shape}.")


def _side(values, name: str, B: int, n: int) -> np.ndarray:
    """A side array as (n,) or (B, n), checked; a missing value makes its member invalid."""
    array = _rectangle(values, name)
    if array.ndim == 0:
        array = np.full(n, float(array))
    if array.shape not in ((n,), (B, n)):
        raise ValueError(f"{name} must be ({n},) or ({B}, {n}); its shape is {array.shape}.")
    _check_sign(array, name)
    return array


def _check_sign(array: np.ndarray, name: str) -> None:
    bad = array <= 0 if name == "exposure" else array < 0
    if name in ("exposure", "weights", "freq_weights", "trials") and bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        need = "> 0" if name == "exposure" else ">= 0"
        raise ValueError(f"{name} must be {need}; {bad.sum()} of {bad.size} values are not "
                         f"(first: position {where}, {array[where]:g}).")


def _offset(side: dict[str, np.ndarray]) -> np.ndarray | None:
    logged = [np.log(side["exposure"])] if "exposure" in side else []
    parts = [a for a in (side.get("offset"), *logged) if a is not None]
    return sum(parts[1:], parts[0]) if parts else None


def _without_masked(side: dict[str, np.ndarray], X: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Side arrays and design in which masked rows count zero times and hold nothing that is not finite."""
    if "mask" not in side:
        return side, X
    used = side["mask"] != 0
    rows = used.any(axis=0) if used.ndim == 2 and X.ndim == 2 else used
    kept = {name: _where(used, values) for name, values in side.items() if name in ("offset", "weights", "trials")}
    kept["freq_weights"] = np.where(used, side.get("freq_weights", 1.0), 0.0)
    return side | kept, _where(rows[..., None], X)


def _where(used, values: np.ndarray) -> np.ndarray:
    return values if np.isfinite(values).all() else np.where(used | np.isfinite(values), values, 0.0)


def _pattern(X: np.ndarray, names: tuple[str, ...], needs_offset: bool) -> ModelFrame:
    """The frame that every member's is like."""
    return ModelFrame(np.empty(0), X, names, None, None, None, 0, np.arange(len(X)), "numpy", None, "y",
                      ArrayEncoder(names, needs_offset), has_constant(X), None)


def _ragged(X, Y, names, sides: dict, mask) -> Ragged:
    if isinstance(Y, tuple):
        raise ValueError("ragged members take trials= as a list, not a pair of lists.")
    if not isinstance(X, list | tuple) or len(X) != len(Y):
        raise ValueError(f"Y is a list of {len(Y)} members of different lengths; X must be a list of as many matrices.")
    lengths = [len(y) for y in Y]
    long = {"Y": _long(Y, "Y", lengths), "X": _long(X, "X", lengths)}
    side = {k: _long(v, k, lengths) for k, v in (sides | {"mask": mask}).items() if v is not None}
    for name, values in side.items():
        _check_sign(values, name)
    labels = check_names(names, long["X"].shape[1])
    side, design = _without_masked(side, long["X"])
    offset = _offset(side)
    y = (long["Y"], side["trials"]) if "trials" in side else long["Y"]
    pattern = _pattern(design[: lengths[0]] if lengths[0] else design, labels, offset is not None)
    whole = replace(pattern, y=y, X=design, offset=offset, weights=side.get("weights"),
                    freq_weights=side.get("freq_weights"), rows=np.arange(sum(lengths)))
    return Ragged(whole, np.arange(sum(lengths)), np.concatenate([[0], np.cumsum(lengths)]))


def _long(parts, name: str, lengths: list[int]) -> np.ndarray:
    if not isinstance(parts, list | tuple) or len(parts) != len(lengths):
        raise ValueError(f"{name} must be a list of {len(lengths)} arrays, one for each member, as Y is.")
    arrays = [numeric(part, name) for part in parts]
    widths = {a.shape[1:] for a in arrays}
    if len(widths) > 1:
        raise ValueError(f"{name} must have the same columns in every member; shapes end in {sorted(widths)}.")
    for i, (array, n) in enumerate(zip(arrays, lengths, strict=True)):
        if len(array) != n:
            raise ValueError(f"member {i}: {name} has {len(array)} rows, but Y has {n}.")
    return np.concatenate(arrays)


def _check_labels(labels, B: int) -> None:
    if labels is not None and len(labels) != B:
        raise ValueError(f"labels must be {B} names, one for each member; there are {len(labels)}.")


def _check_family(family, data: Stacked | Ragged) -> None:
    if set(family.predictors[1:]) & set(family.regressed) or family.absorbs_intercept:
        raise ValueError(f"the members of a batch have one design, of the first parameter; {family.name} needs one for "
                         "each of several, or none for an intercept. Fit them one by one.")
    B, y = data.size, data.whole.y if isinstance(data, Ragged) else data.y
    if isinstance(y, tuple) and family.support.reading == "bounds":
        raise ValueError(f"of the responses of {family.name} only bounds are known; members of a batch have numbers. "
                         "Fit them one by one.")
    if isinstance(y, tuple) and not family.support.pairs:
        raise ValueError(f"{family.name} takes one response; trials and (successes, trials) are for family='binomial'.")
    shapes = {np.shape(v) for v in jax.tree.leaves(family)} - {(), (B,)}
    if shapes:
        raise ValueError(f"fixed numbers of {family.name} must be single, or {B}, one for each member; "
                         f"there are some of shape {shapes.pop()}.")


def _sharding(mesh):
    if mesh is None:
        return None
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names[0]))


def _watched(progress):
    """What was asked for, or a line on a terminal."""
    if progress is not None or not sys.stderr.isatty():
        return progress

    def line(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done:,} of {total:,} fits", end=end, file=sys.stderr, flush=True)

    return line
