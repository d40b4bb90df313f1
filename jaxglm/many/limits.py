"""HOST: profile likelihood and score limits of every member: the search of a single fit, over all members at once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batch import Members, over_members
from ..frame import to_frame
from ..inference.joint import joint_problem
from ..inference.profile import LimitStatus, limits
from ..predictors import Predictor, outward, present
from ..profiles import METHODS, target_of
from ..results import special
from .blocks import Block, seen
from .penalised import penalised
from .run import fitted_on, into


@dataclass(frozen=True)
class BatchLimits:
    """Confidence limits of T coefficients of every member, and how the search for each ended."""

    names: tuple[str, ...]  # (T,)
    values: np.ndarray  # (B, T, 2) lower and upper; infinite or NaN as the status tells
    status: np.ndarray  # (B, T, 2) codes of `LimitStatus`, each with a `message`
    keys: dict[str, np.ndarray]  # columns (B,) that tell the member
    kind: str  # of the frame that came in

    @property
    def status_counts(self) -> dict[str, int]:
        """How many limits ended with each status that occurs."""
        codes, counts = np.unique(self.status, return_counts=True)
        return {LimitStatus(int(c)).name: int(k) for c, k in zip(codes, counts, strict=True)}

    def to_frame(self):
        """One row a member and coefficient, as a frame of the input's kind."""
        columns: dict[str, Any] = {name: np.repeat(values, len(self.names)) for name, values in self.keys.items()}
        columns["term"] = np.tile(np.asarray(self.names, object), len(self.values))
        for side, name in enumerate(("low", "high")):
            columns[f"conf_{name}"] = self.values[..., side].ravel()
            words = [LimitStatus(int(s)).name.lower() for s in self.status[..., side].ravel()]
            columns[f"status_{name}"] = np.asarray(words, object)
        return to_frame(columns, self.kind)


def limits_of_members(fits: Any, terms, alpha: float, method: str) -> BatchLimits:
    """Limits by "profile", "profile_f" or "score" of these coefficients of a batch, by name; None is every one."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; choose from wald, {', '.join(METHODS)}.")
    _check_profiled(fits)
    names = fits.names if terms is None else (terms,) if isinstance(terms, str) else tuple(terms)
    at = np.asarray([fits._position(name) for name in names])
    roots, joint = _roots(fits, alpha, method)
    shift = np.full((len(fits), len(at), 2), np.nan)
    status = np.full(shift.shape, LimitStatus.NOT_FOUND.value)
    for block in fits.data.blocks():
        together = _together(fits, block, at, roots, joint, method)
        for i, found in (*together, *_alone(fits, block, at, roots, method)):
            shift[i], status[i] = found
    return BatchLimits(names, fits.params[:, at, None] + shift, status, fits._keys(), fits.data.pattern.kind)


def _check_profiled(fits: Any) -> None:
    """Raises ValueError where no member has a function to profile; those that have none among others have no limits."""
    penalties = (fits.settings.penalty, *fits.refitted.values())
    if not any(map(_profiled, penalties)):
        penalties[0].check_profile()


def _profiled(penalty: Any) -> bool:
    return penalty is None or penalty.is_function


def _roots(fits: Any, alpha: float, method: str) -> tuple[np.ndarray, bool]:
    """Roots (B,) of the upper limits, and whether they are of the likelihood with the dispersion as a parameter."""
    z = special().ndtri(1 - alpha / 2) if method == "profile" else fits._quantile(alpha)
    z = np.broadcast_to(np.ravel(z), len(fits))
    return z, method == "profile" and fits._phi is not None and not fits._phi_known


def _kept(fits: Any, block: Block) -> tuple[tuple[Predictor, ...], np.ndarray, np.ndarray]:
    """Predictors as they were fitted, the places in theta of the coefficients that they have, and which members have
    those and the penalty of the batch, if that can be profiled."""
    parts = fitted_on(block, fits.settings)
    places, theta = present(parts), fits.params[block.index]
    have = np.isfinite(theta[:, places]).all(axis=1) & (np.isfinite(theta).sum(axis=1) == len(places))
    return parts, places, have & ~np.isin(block.index, list(fits.refitted)) & _profiled(fits.settings.penalty)


def _together(fits: Any, block: Block, at, roots, joint: bool, method: str):
    """Pairs of members (b,) and their (shift, status), each (b, T, 2), by one program."""
    parts, places, have = _kept(fits, block)
    phi = fits._phi_fit[0][block.index] if joint else np.ones(len(have))
    goals = roots[block.index] * (1.0 if joint else np.sqrt(fits.dispersion[block.index]))
    good, there = np.flatnonzero(have & np.isfinite(goals + phi) & (phi > 0)), np.isin(at, places)
    if not len(good) or not there.any():
        return []
    theta = into(parts, fits.params[block.index[good]])
    directions = np.repeat(outward(parts, np.eye(len(places)))[np.searchsorted(places, at[there])], 2, axis=0)
    targets = goals[good, None] * np.tile([-1.0, 1.0], there.sum())
    link = fits.family.link_of(fits._phi) if joint else None
    function = _search("score" if method == "score" else "likelihood", fits.settings.expected)
    with jax.enable_x64(True):
        found = over_members(function, _members(fits, block, parts).take(good), theta, targets, phi[good],
                             context=(link, directions), chunk=fits.settings.chunk)
    shape = (len(good), len(at), 2)
    full = np.full(shape, np.nan), np.full(shape, LimitStatus.NOT_FOUND.value)
    for whole, part in zip(full, found, strict=True):
        whole[:, there] = part.reshape(len(good), -1, 2)
    return [(block.index[good], full)]


def _members(fits: Any, block: Block, parts: tuple[Predictor, ...]) -> Members:
    """The members as they were fitted, with their penalty."""
    settings, data = fits.settings, seen(block, fits.settings.family)
    return penalised(block, data, settings.family, parts, settings.penalty)


@lru_cache(maxsize=8)
def _search(kind: str, expected: bool):
    """The limits of one member; a link of the dispersion makes that one more parameter, at `phi` for a start."""

    def search(problem, context, theta, targets, phi):
        link, directions = context
        if link is not None:
            family = problem.family.with_links(**{problem.family.traits.dispersion: link})
            problem, place = joint_problem(problem, family, phi)
            theta, directions = jnp.insert(theta, place, link.forward(phi)), jnp.insert(directions, place, 0.0, axis=1)
        found = limits(problem.prepared(), theta, directions, targets, kind=kind, expected=expected)
        return found.shift, found.status

    return search


def _alone(fits: Any, block: Block, at, roots, method: str):
    """Members that lack other columns than their company, or have another penalty, as single fits."""
    fitted = np.isfinite(fits.params[block.index]).any(axis=1)
    for i in block.index[fitted & ~_kept(fits, block)[2]]:
        if not _profiled(fits._penalty(int(i))):
            continue
        one = fits._single(int(i))
        weights = (one._present == at[:, None]).astype(float)
        weights[~weights.any(axis=1)] = np.nan
        found = target_of(one, method).solve(weights, np.tile([-roots[i], roots[i]], (len(at), 1)))
        yield i, (found.shift, found.status)
