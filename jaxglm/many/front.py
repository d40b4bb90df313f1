"""HOST: the front doors of many fits: arrays with a batch axis, ragged lists, groups of a frame."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from ..frame import ModelFrame, group_rows
from ..options import FitWarning, Options, check_sets, of_sets, resolve_family, resolve_penalty, with_classes
from ..predictors import check_parameters
from ..solvers import Newton
from .arrays import read_batch
from .blocks import names_of
from .data import Ragged, Stacked
from .results import BatchResults
from .run import Settings, checked_start, fit_data
from .sets import with_sets


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
    sets=None,
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
    X: (n, p) if all members share the design, or (B, n, p), or a list of (n_i, p); for several parameters a dict of
    such, {"mu": X, "phi": Z}, the mean first. Y: (B, n), or a list of (n_i,): numbers, or the labels of classes, whose
    levels are those of all members; or a tuple of such: (successes, trials), (time, event), (lower, upper).
    names: of the columns; a dict of such for several designs. offset, exposure (of the first parameter), weights,
    freq_weights, trials: (n,), (B, n), or a list.
    sets: which rows are the alternatives of one choice, for "conditional_logit": labels (n,), (B, n), or a list. Each
    member has sets of its own, whatever their labels; Y is 1 for the row of a set that was chosen, else 0. Weights are
    the same in all rows of a set. A member with a set that is no choice is not valid.
    mask: true where an observation counts; of sets, where a row is among the alternatives.
    start: (B, P). labels: a name for each member. penalty: as in `glm`.
    precision: "float64"; "mixed" finds the neighbourhood in float32 and the maximum in float64; "float32" stays there,
    and `accuracy` tells how far from the maximum. chunk: members a program call. mesh: a `jax.sharding.Mesh` of one
    axis, over whose devices the members are spread. progress: a function of (members done, members).

    A member never raises and never touches another: one whose data are not valid, separated or collinear has a status
    and NaN where nothing can be said, and one warning tells how many. Raises ValueError where shapes do not fit.
    """
    sides = dict(offset=offset, exposure=exposure, weights=weights, freq_weights=freq_weights, trials=trials)
    options = Options(resolve_family(family, link), dispersion, penalty=resolve_penalty(penalty))
    check_sets(options, sets is not None, tuple(X)[1:] if isinstance(X, dict) else ())
    data = with_sets(read_batch(options.family, X, Y, names, sides, mask), sets, mask)
    options, data = _of_data(options, data)
    check_parameters(data.pattern, options.family, next(iter(X)) if isinstance(X, dict) else None)
    settings = Settings(options, solver or Newton(), options.penalty, precision, chunk, _sharding(mesh),
                        _watched(progress), data.pattern.modelled)
    _check_labels(labels, data.size)
    return _fitted(data, settings, start, labels=None if labels is None else list(labels))


def fit_groups(frame: ModelFrame, groups: tuple[str, ...], keys, options: Options, solver, start) -> BatchResults:
    """One model for each group of the rows of a frame; keys: a column (N,) for each name in `groups`, all rows."""
    labels, rows, ends = group_rows(keys, frame.rows)
    data = Ragged(frame, rows, ends).stacked()
    watched = _watched(None)
    settings = Settings(options, solver or Newton(), options.penalty, progress=watched, modelled=frame.modelled)
    return _fitted(data, settings, start, labels=labels, groups=groups, n_dropped=frame.n_dropped)


def _of_data(options: Options, data: Stacked | Ragged) -> tuple[Options, Stacked | Ragged]:
    """Options and data after the family has seen the classes of all members, or the sizes of their sets. Where its
    parameters do what an intercept would, or nothing can, the design loses the column that is one in every member."""
    family, number = with_classes(options.family, data.pattern.levels)
    data = data if number is None else data.with_classes(number, family.support.levels)
    data = data.without_intercept() if family.absorbs_intercept else data
    return replace(options, family=of_sets(family, data.pattern)), data


def _fitted(data: Stacked | Ragged, settings: Settings, start, **told) -> BatchResults:
    P = len(names_of(data.pattern, settings.family))
    _check_family(settings.family, data)
    start = checked_start(start, data.size, P)
    made = BatchResults(data, settings, fit_data(data, settings, start), **told)
    failed = len(made.failed())
    if failed:
        counts = ", ".join(f"{k} {w}" for w, k in made.status_counts.items() if w != "CONVERGED")
        warnings.warn(f"{failed} of {len(made)} fits did not converge: {counts}. `.failed()` lists them, "
                      "`Status(code).message` says what to do.", FitWarning, stacklevel=3)
    return made


def _check_labels(labels, B: int) -> None:
    if labels is not None and len(labels) != B:
        raise ValueError(f"labels must be {B} names, one for each member; there are {len(labels)}.")


def _check_family(family, data: Stacked | Ragged) -> None:
    B = data.size
    shapes = {np.shape(v) for v in jax.tree.leaves(family)} - {(), (B,)}
    if shapes:
        raise ValueError(f"fixed numbers of {family.name} must be single, or {B}, one for each member; "
                         f"there are some of shape {shapes.pop()}.")


def _sharding(mesh):
    if mesh is None:
        return None
    mesh = jax.sharding.Mesh(mesh.devices, mesh.axis_names)  # that of jax.make_mesh would ask for shardings in programs
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names[0]))


def _watched(progress):
    """What was asked for, or a line on a terminal."""
    if progress is not None or not sys.stderr.isatty():
        return progress

    def line(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done:,} of {total:,} fits", end=end, file=sys.stderr, flush=True)

    return line
