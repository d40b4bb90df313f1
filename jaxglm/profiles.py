"""HOST: profile likelihood and score intervals of the coefficients and of contrasts of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from .compiled import program
from .frame import to_frame
from .inference.joint import joint_problem
from .inference.profile import Found, LimitStatus, limits
from .named import Named
from .problem import Problem
from .programs import in_float64

METHODS = ("profile", "profile_f", "score")
OUTERMOST = 0.01 / 2  # tail beyond which a profile is not drawn
TOGETHER = 1 << 23  # row-sized elements up to which limits are searched side by side


@program(static_argnames=("kind", "expected"))
def _limits(problem, theta, directions, targets, kind, expected):
    return limits(problem.prepared(), theta, directions, targets, kind=kind, expected=expected)


@in_float64
def limits_of(problem: Problem, theta, directions, targets, kind: str, expected: bool) -> Found:
    """`inference.profile.limits` on host arrays (M, P) and (M,), in calls whose size is a power of two."""
    count = len(targets)
    size = min(1 << max(count - 1, 7).bit_length(), max(TOGETHER // problem.n, 1))
    pad = -count % size
    directions, targets = np.pad(directions, ((0, pad), (0, 0)), mode="edge"), np.pad(targets, (0, pad), mode="edge")
    cuts = [slice(i, i + size) for i in range(0, count, size)]
    parts = [jax.device_get(_limits(problem, theta, directions[c], targets[c], kind, expected)) for c in cuts]
    return Found(*(np.concatenate(a)[:count] for a in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Target:
    """What is profiled: a problem at its maximum theta, and the coefficients as given, `outward @ theta`."""

    problem: Problem
    theta: np.ndarray
    outward: np.ndarray  # (coefficients that are not aliased, P)
    scale: float = 1.0  # of the roots, where the problem has its dispersion at one
    kind: str = "likelihood"
    expected: bool = False

    def solve(self, contrasts: np.ndarray, targets: np.ndarray, kind: str | None = None) -> Found:
        """Limits (m, r) of contrasts (m, .), for roots (m, r); of kind "value" for shifts of the contrasts."""
        (m, r), kind = targets.shape, kind or self.kind
        directions = np.repeat(contrasts @ self.outward, r, axis=0)
        goals = (targets * (1.0 if kind == "value" else self.scale)).ravel()
        good = np.all(np.isfinite(directions), axis=1) & np.isfinite(goals)
        nothing = Found(np.full(m * r, np.nan), np.full(m * r, np.nan), np.full(m * r, LimitStatus.NOT_FOUND.value),
                        np.zeros(m * r, int))  # fmt: skip
        if good.any():
            found = limits_of(self.problem, self.theta, directions[good], goals[good], kind, self.expected)
            for whole, part in zip(nothing, found, strict=True):
                whole[good] = part
        return Found(*(a.reshape(m, r) for a in nothing))


def target_of(fit: Any, method: str) -> Target:
    """The joint problem for "profile"; else the fit's own, whose dispersion is one, with roots that are scaled."""
    if fit.problem.penalty is not None:
        fit.problem.penalty.check_profile()
    if method == "profile" and not fit.family.is_density:
        raise ValueError(f"{fit.family_name} has no likelihood to profile; use method='profile_f', the deviance over "
                         "the dispersion.")
    theta, free = np.asarray(fit.state.theta), fit._phi is not None and fit._known_phi is None
    if method == "profile" and free and fit._phi not in fit.problem.family.predictors:
        return _joint(fit, theta)
    outward = fit._outward(np.eye(len(theta)))
    outward = np.pad(outward, ((0, len(fit._present) - len(outward)), (0, 0)), constant_values=np.nan)
    kind = "score" if method == "score" else "likelihood"
    return Target(fit.problem, theta, outward, float(np.sqrt(fit.dispersion)), kind, fit._edm)


def _joint(fit: Any, theta: np.ndarray) -> Target:
    """With the dispersion as one more parameter, which all rows share."""
    family = fit.family.in_arrays
    joint, position = joint_problem(fit.problem, family, fit.family_params[fit._phi])
    outward = np.insert(fit._outward(np.eye(len(theta))), position, 0.0, axis=1)
    if len(fit._present) > len(outward):
        outward = np.vstack([outward, np.eye(len(theta) + 1)[position]])
    return Target(joint, np.insert(theta, position, fit._phi_fit[0]), outward)


def quantile(fit: Any, method: str, alpha: float) -> float:
    """Of the roots: normal for the joint likelihood, for the others that of the fit's Wald intervals."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; choose from wald, {', '.join(METHODS)}.")
    if method != "profile":
        return fit._quantile(alpha)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
    return float(_special().ndtri(1 - alpha / 2))


def interval(fit: Any, alpha: float, method: str) -> Named:
    """Confidence limits (P, 2) of every coefficient by "profile", "profile_f" or "score"."""
    z = quantile(fit, method, alpha)
    estimates = fit._estimates
    roots = np.broadcast_to([-z, z], (len(estimates), 2))
    return fit._named(estimates[:, None] + target_of(fit, method).solve(np.eye(len(estimates)), roots).shift)


@dataclass(frozen=True)
class Profile:
    """Profile likelihoods of coefficients or contrasts (T). What costs a computation is found when first asked for.

    `values` (T, points) are where the signed root of twice the drop of the log-likelihood is `roots` (points,), and
    `loglik` (T, points) is the log-likelihood there; values are infinite where the profile never drops so far.
    """

    names: tuple[str, ...]
    contrasts: np.ndarray  # (T, coefficients that are not aliased)
    fit: Any
    method: str
    points: int

    @cached_property
    def _target(self) -> Target:
        return target_of(self.fit, self.method)

    @property
    def estimates(self) -> Named:
        """Maximum likelihood estimates (T,)."""
        return Named(self.contrasts @ self.fit._estimates, self.names)

    @cached_property
    def roots(self) -> np.ndarray:
        """Signed roots (points,) from one tail to the other; 0 is the estimate."""
        end = quantile(self.fit, self.method, 2 * OUTERMOST)
        return end * np.arange(1 - self.points, self.points, 2) / (self.points - 1)  # the middle of an odd number is 0

    @cached_property
    def _drawn(self) -> Found:
        moved = np.where(self.roots == 0, 1e-3, self.roots)  # at the estimate nothing is searched
        found = self._target.solve(self.contrasts, np.broadcast_to(moved, (len(self.names), self.points)))
        here = self.roots == 0
        return found._replace(shift=np.where(here, 0.0, found.shift), drop=np.where(here, 0.0, found.drop))

    @property
    def values(self) -> np.ndarray:
        return np.asarray(self.estimates)[:, None] + self._drawn.shift

    @property
    def loglik(self) -> np.ndarray:
        return self.fit.penalised_llf - self._drawn.drop / self._target.scale**2

    def conf_int(self, alpha: float = 0.05) -> Named:
        """Limits (T, 2) at level 1 - alpha, solved for, not interpolated; infinite or NaN as `status` tells."""
        return Named(np.asarray(self.estimates)[:, None] + self._limits(alpha).shift, self.names)

    def status(self, alpha: float = 0.05) -> dict[str, tuple[LimitStatus, LimitStatus]]:
        """How the search for the lower and the upper limit of each term ended; each status has a `message`."""
        pairs = self._limits(alpha).status.tolist()
        return {name: (LimitStatus(a), LimitStatus(b)) for name, (a, b) in zip(self.names, pairs, strict=True)}

    def _limits(self, alpha: float) -> Found:
        z = quantile(self.fit, self.method, alpha)
        return self._target.solve(self.contrasts, np.broadcast_to([-z, z], (len(self.names), 2)))

    def pvalues(self, null: float | np.ndarray = 0.0) -> Named:
        """Two-sided p-values (T,) of the likelihood-ratio tests that each term equals `null`, a number or (T,)."""
        shift = np.broadcast_to(np.asarray(null, float), len(self.names)) - np.asarray(self.estimates)
        found = self._target.solve(self.contrasts, shift[:, None], "value")
        reached = (found.status == LimitStatus.FOUND) & np.isfinite(shift[:, None])
        drop = np.where(reached, found.drop, np.nan)[:, 0]
        root = np.sqrt(2 * np.maximum(drop, 0.0)) / self._target.scale
        student = self.method != "profile" and self.fit.use_t
        tail = _special().stdtr(self.fit.df_resid, -root) if student else _special().ndtr(-root)
        return Named(2 * tail, self.names)

    def to_frame(self):
        """term, value, root, loglik: one row a point, as a frame of the input's kind."""
        terms = np.repeat(np.asarray(self.names, object), self.points)
        columns = dict(term=terms, value=self.values.ravel(), root=np.tile(self.roots, len(self.names)),
                       loglik=self.loglik.ravel())  # fmt: skip
        return to_frame(columns, self.fit.frame.kind)


def profile(fit: Any, terms=None, *, points: int = 21, method: str = "profile") -> Profile:
    """Profile of coefficients by name, or of contrasts {name: weights (P,)}; None is every coefficient."""
    if method not in METHODS[:2]:
        raise ValueError(f"unknown method {method!r} of profile; choose from {', '.join(METHODS[:2])}.")
    if points < 2:
        raise ValueError(f"points must be at least 2; it is {points!r}.")
    names, weights = _contrasts(fit, terms)
    aliased = np.delete(weights, fit._present, axis=1)
    kept = np.where(np.any(aliased != 0, axis=1)[:, None], np.nan, weights[:, fit._present])
    return Profile(names, kept, fit, method, points)


def _contrasts(fit: Any, terms) -> tuple[tuple[str, ...], np.ndarray]:
    P, params = len(fit.names), fit.params
    if isinstance(terms, Mapping):
        weights = np.asarray([np.asarray(w, float) for w in terms.values()])
        if weights.shape != (len(terms), P):
            raise ValueError(f"each contrast needs one weight for each of the {P} coefficients {', '.join(fit.names)}.")
        return tuple(terms), weights
    names = fit.names if terms is None else (terms,) if isinstance(terms, str) else tuple(terms)
    return names, np.eye(P)[[params._position(name) for name in names]]


def _special():
    import scipy.special

    return scipy.special
