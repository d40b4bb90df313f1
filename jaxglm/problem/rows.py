"""The rows of a problem: the only grad and hessian of a log-likelihood."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from ..elementary import log1p
from ..families import Family
from ..links import Fixed, is_unknown
from .data import Problem, beside, linear_predictors

APART = 3  # predictors up to which the curvature is made for one at a time


class Rows(NamedTuple):
    """Row calculus: loglik (n,), score[k] (n,), curvature[j][k] (n,); weights are not applied. Where predictor k is one
    of K that are tied, score[k] is (n, K) and the curvature has an axis for each side that is."""

    loglik: jax.Array
    score: tuple
    curvature: tuple


def row_loglik(family: Family, y, eta: tuple, barrier=None):
    """Log-likelihood of one row, minus infinity outside the parameter space, with the log-barrier at its walls."""
    views = family.views(eta)
    value = family.loglik(y, *views)
    for view, (low, high) in zip(views, family.intervals, strict=True):
        if is_unknown(view.link):
            value = jnp.where((view.value > low) & (view.value < high), value, -jnp.inf)
    if not family.constrained:
        return value
    for e, (low, high) in zip(eta, family.eta_intervals(), strict=True):
        low, high = jnp.asarray(low, e.dtype), jnp.asarray(high, e.dtype)
        value = jnp.where((e > low) & (e < high), value, -jnp.inf)
        if barrier is not None:
            value = value + barrier * (_log_distance(e - low) + _log_distance(high - e))
    return value


def _log_distance(d):
    """log(d / (1 + d)): the log of a small distance that does not grow without end, or means would leave for infinity
    where the log-likelihood has a limit there."""
    finite = jnp.isfinite(d) & (d > 0)
    return -jnp.where(finite, log1p(1.0 / jnp.where(finite, d, 1.0)), 0.0)


def masked(problem: Problem, eta: tuple):
    """y and eta with harmless values in rows of weight zero: 0 * inf would be NaN."""
    if problem.weights is None:
        return problem.y, eta
    keep = problem.weights > 0
    y = problem.family.support.masked(problem.y, keep)
    pairs = zip(eta, _neutral(problem, eta), strict=True)
    return y, tuple(jnp.where(beside(keep, e), e, m) if e.ndim else e for e, m in pairs)


def _neutral(problem: Problem, eta: tuple):
    """For each predictor a value at which every log-likelihood is finite: the first is at the y of such rows, so that
    it is finite whatever the scale that all rows share."""
    family = problem.family
    free = [(k, i) for k, i in zip(family.links, family.intervals, strict=True) if not isinstance(k, Fixed)]
    walls = family.eta_intervals() if family.constrained else ((-jnp.inf, jnp.inf),) * len(free)
    for k, (e, (link, interval), (low, high)) in enumerate(zip(eta, free, walls, strict=False)):
        inside = link.forward(_inside(*interval, e.dtype)) if is_unknown(link) else _inside(low, high, e.dtype)
        if k == 0 and not is_unknown(link):
            y = jnp.asarray(family.support.example, e.dtype)
            at_y = link.forward(y)
            fits = jnp.isfinite(at_y) & (at_y > low) & (at_y < high) & (y > interval[0]) & (y < interval[1])
            inside = jnp.where(fits, at_y, inside)
        yield inside.astype(e.dtype)


def _inside(low, high, dtype):
    """A point strictly inside an interval; not 0, which has no reciprocal."""
    low, high = jnp.asarray(low, dtype), jnp.asarray(high, dtype)
    bounded, capped = jnp.isfinite(low), jnp.isfinite(high)
    return jnp.where(bounded, jnp.where(capped, (low + high) / 2, low + 1), jnp.where(capped, high - 1, 1.0))


def rows(problem: Problem, eta: tuple) -> Rows:
    """Log-likelihood, score and curvature of every row at eta: the derivatives of a log-likelihood are taken here."""
    y, eta = masked(problem, eta)

    def one(y, *eta):
        def value(eta):
            return row_loglik(problem.family, y, eta, problem.barrier)

        def score(eta):
            loglik, gradient = jax.value_and_grad(value)(eta)
            return gradient, (loglik, gradient)

        curvature, (loglik, gradient) = _jacobian(score, eta)
        return Rows(loglik, gradient, curvature)

    return over_rows(one, y, eta)


def rows_and_bend(problem: Problem, eta: tuple) -> tuple[Rows, jax.Array]:
    """Rows of one predictor at eta, and the slope of their curvature (n,)."""

    def curvature(e):
        at = rows(problem, (e,))
        return at.curvature[0][0], at

    _, bend, at = jax.jvp(curvature, eta, (jnp.ones_like(eta[0]),), has_aux=True)
    return at, bend


def _jacobian(score, eta: tuple) -> tuple:
    """Derivatives of the scores in eta, [j][k], and what else `score` returns. One predictor at a time: the others are
    then constants and no tangents of zero, of which XLA would multiply every one. Many share one pass."""
    if len(eta) > APART or any(e.ndim for e in eta):
        return jax.jacfwd(score, has_aux=True)(eta)

    def along(k):
        alone = lambda e: score((*eta[:k], e, *eta[k + 1 :]))  # noqa: E731
        return jax.jvp(alone, (eta[k],), (jnp.ones_like(eta[k]),), has_aux=True)

    _, columns, (rest, *_) = zip(*map(along, range(len(eta))), strict=True)
    return tuple(zip(*columns, strict=True)), rest


def joined(at: Rows) -> tuple[jax.Array, jax.Array]:
    """Score (n, K) and curvature (n, K, K) of all K linear predictors of a row, tied ones too, side by side."""
    n = at.loglik.shape[0]
    score = [s.reshape(n, -1) for s in at.score]
    sizes = [s.shape[1] for s in score]
    lines = [jnp.concatenate([c.reshape(n, j, k) for c, k in zip(line, sizes, strict=True)], axis=2)
             for line, j in zip(at.curvature, sizes, strict=True)]  # fmt: skip
    return jnp.concatenate(score, axis=1), jnp.concatenate(lines, axis=1)


def images(problem: Problem, root):
    """X_k R_k of all K linear predictors of a row (n, K, m), for directions R (P, m) in theta."""
    parts = [jax.vmap(d.matvec, 1, -1)(r) for d, r in zip(problem.designs, problem.split(root), strict=True)]
    n, m = problem.n, root.shape[1]
    wide = [jnp.broadcast_to(a, (n, m)) if a.ndim == 1 else a for a in parts]
    return jnp.concatenate([a.reshape(n, -1, m) for a in wide], axis=1)


def over_rows(function, y, eta: tuple):
    """function(y, *eta) of every row."""
    return jax.vmap(function, in_axes=(0, *(0 if e.ndim else None for e in eta)))(y, *eta)


def row_logliks(problem: Problem, theta):
    """Log-likelihood of every row (n,), without derivatives; weights are not applied."""
    y, eta = masked(problem, linear_predictors(problem, theta))
    return over_rows(lambda y, *e: row_loglik(problem.family, y, e, problem.barrier), y, eta)


def expected_information(problem: Problem, eta: tuple, at: Rows | None = None):
    """Expected information E[-d2 l / deta2] of the first predictor in every row (n,), for an exponential dispersion
    model: its score is c(eta) (y - mean), so the information is the change of the score as y follows the mean. at: the
    rows at eta if they are known, whose curvature it is under a canonical link."""
    family = problem.family
    if at is not None and family.canonical:
        return -at.curvature[0][0]
    y, eta = masked(problem, eta)

    def one(y, *eta):
        mean, slope = jax.jvp(family.links[0].inverse, (eta[0],), (jnp.ones_like(eta[0]),))

        def score(m):
            observed = family.support.at_mean(y, m)
            return jax.grad(lambda e: row_loglik(family, observed, (e, *eta[1:])))(eta[0])

        return jax.jvp(score, (mean,), (slope,))[1]

    return over_rows(one, y, eta)
