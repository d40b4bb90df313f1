"""Data meets family: linear predictors, the only grad and hessian of a log-likelihood, and their sums over rows."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from .design import Design, Ones, design_of
from .families import Family
from .links import Fixed, is_unknown
from .numerics import Array, dot, factor
from .pytree import pytree

BLOCK = 4096  # rows of one block: X, its weighted copy and the row vectors stay in the cache
SINGLE_BLOCK = 1 << 19  # elements of X up to which one block is faster


@pytree
class Problem:
    """A pytree of everything that the log-likelihood depends on besides theta. Build it with `jaxglm.problem`."""

    family: Family
    y: Any  # (n,), or a tuple of such
    designs: tuple[Design, ...]  # one for each predictor of the family
    offsets: tuple[Array | None, ...]
    weights: Array | None = None
    penalty: Any = None
    barrier: jax.Array | None = None  # strength of the log-barrier at the walls of a constrained predictor

    @property
    def n(self) -> int:
        return self.designs[0].shape[0]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of coefficients of each predictor."""
        return tuple(d.shape[1] for d in self.designs)

    @property
    def dtype(self):
        return jnp.result_type(jax.tree.leaves(self.y)[0])

    def split(self, theta) -> list[jax.Array]:
        """theta (P,) as one vector of coefficients for each predictor."""
        ends = [sum(self.sizes[: k + 1]) for k in range(len(self.sizes) - 1)]
        return jnp.split(theta, ends)

    def prepared(self) -> "Problem":
        """The same problem with its designs stored so that many passes over them are cheap."""
        return replace(self, designs=tuple(d.prepared() for d in self.designs))

    def rows(self, start, size: int) -> "Problem":
        """The problem of `size` consecutive rows."""
        return self._select(lambda a: lax.dynamic_slice_in_dim(a, start, size), lambda d: d.rows(start, size))

    def take(self, index) -> "Problem":
        """The problem of the rows at `index`."""
        return self._select(lambda a: a[index], lambda d: d.take(index))

    def _select(self, array, design) -> "Problem":
        y, offsets, weights = jax.tree.map(array, (self.y, self.offsets, self.weights))
        return replace(self, y=y, designs=tuple(map(design, self.designs)), offsets=offsets, weights=weights)


def make_problem(family: Family, X, y, *, offset=None, weights=None, penalty=None) -> Problem:
    """The problem of one design for the first parameter; every further free parameter is shared by all rows.

    X: (n, p), or (n, K, p) for K tied predictors. y: (n,), or a tuple (successes, trials) for Binomial. offset (n,), or
    (n, K); weights: (n,). The dtype is that of X.
    """
    X = jnp.asarray(X)
    family = family.with_tied(X.shape[1]) if X.ndim == 3 else family
    dtype = jnp.result_type(X, jnp.float32) if jnp.issubdtype(X.dtype, jnp.floating) else jnp.result_type(float)
    cast = lambda a: None if a is None else jnp.asarray(a, dtype)  # noqa: E731
    if weights is not None:
        X = jnp.where(beside(jnp.asarray(weights) > 0, X), X, 0)  # 0 * NaN is NaN
    y = tuple(cast(a) for a in y) if isinstance(y, tuple) else cast(y)
    further = len(family.predictors) - 1
    designs = (design_of(X.astype(dtype)), *(Ones(X.shape[0]) for _ in range(further)))
    return Problem(family, y, designs, (cast(offset),) + (None,) * further, cast(weights), penalty)


class Rows(NamedTuple):
    """Row calculus: loglik (n,), score[k] (n,), curvature[j][k] (n,); weights are not applied. Where predictor k is one
    of K that are tied, score[k] is (n, K) and the curvature has an axis for each side that is."""

    loglik: jax.Array
    score: tuple
    curvature: tuple


class Evaluation(NamedTuple):
    """The objective at one theta: weighted log-likelihood less penalty, its gradient (P,), the information (P, P) =
    minus its Hessian, and the mean squared standardised score, the dispersion (1 for a family without one)."""

    loglik: jax.Array
    gradient: jax.Array
    information: jax.Array
    spread: jax.Array


def linear_predictors(problem: Problem, theta) -> tuple[jax.Array, ...]:
    """eta_k = X_k beta_k + offset_k for each predictor, (n,), or a scalar that all rows share, or (n, K) of K that are
    tied: the only place that computes it."""
    parts = zip(problem.designs, problem.split(theta), problem.offsets, strict=True)
    return tuple(d.matvec(b) if o is None else d.matvec(b) + o for d, b, o in parts)


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
    finite = jnp.isfinite(d) & (d > 0)
    return jnp.where(finite, jnp.log(jnp.where(finite, d, 1.0)), 0.0)


def masked(problem: Problem, eta: tuple):
    """y and eta with harmless values in rows of weight zero: 0 * inf would be NaN."""
    if problem.weights is None:
        return problem.y, eta
    keep = problem.weights > 0
    y = problem.family.support.masked(problem.y, keep)
    pairs = zip(eta, _neutral(problem, eta), strict=True)
    return y, tuple(jnp.where(beside(keep, e), e, m) if e.ndim else e for e, m in pairs)


def _neutral(problem: Problem, eta: tuple):
    """For each predictor a value at which every log-likelihood is finite."""
    family = problem.family
    free = [(k, i) for k, i in zip(family.links, family.intervals, strict=True) if not isinstance(k, Fixed)]
    walls = family.eta_intervals() if family.constrained else ((-jnp.inf, jnp.inf),) * len(free)
    for e, (link, interval), (low, high) in zip(eta, free, walls, strict=False):
        inside = link.forward(_inside(*interval, e.dtype)) if is_unknown(link) else _inside(low, high, e.dtype)
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

        curvature, (loglik, gradient) = jax.jacfwd(score, has_aux=True)(eta)
        return Rows(loglik, gradient, curvature)

    return over_rows(one, y, eta)


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


def objective(problem: Problem, theta):
    """Weighted log-likelihood less the penalty, a scalar."""
    total = over_blocks(problem, lambda part: weighted_sum(part, row_logliks(part, theta)))
    return total if problem.penalty is None else total - problem.penalty(problem, theta)


def gradient(problem: Problem, theta):
    """Gradient of the objective in theta (P,)."""

    def block(part):
        return to_coefficients(part, rows(part, linear_predictors(part, theta)).score)

    total = over_blocks(problem, block)
    return total if problem.penalty is None else total - problem.penalty.parts(problem, theta)[1]


def evaluate(problem: Problem, theta, *, expected: bool = False) -> Evaluation:
    """Objective, gradient and information in one pass over the rows. The information is the observed one, or the
    expected one of an exponential dispersion model with a single predictor."""
    if expected and not (len(problem.designs) == 1 and problem.family.traits.edm):
        raise ValueError(
            f"the expected information of {problem.family.name} with predictors for "
            f"{', '.join(problem.family.predictors)} is not available; use information='observed'."
        )

    def block(part):
        eta = linear_predictors(part, theta)
        at = rows(part, eta)
        curvature = ((-expected_information(part, eta, at),),) if expected else at.curvature
        one = jnp.ones((), at.loglik.dtype)
        return Evaluation(
            weighted_sum(part, at.loglik),
            to_coefficients(part, at.score),
            information_from(part, curvature),
            weighted_sum(part, _mean_square(at.score[0], curvature[0][0])) if scaled else one,
        )

    scaled = len(problem.designs) == 1 and problem.family.traits.dispersion is not None
    total = over_blocks(problem, block)
    size = problem.n if problem.weights is None else jnp.sum(problem.weights)
    total = total._replace(spread=total.spread / size if scaled else jnp.ones_like(total.loglik))
    return total if problem.penalty is None else _penalised(problem, theta, total)


def _penalised(problem, theta, at: Evaluation) -> Evaluation:
    value, slope, bend = problem.penalty.parts(problem, theta)
    at = at._replace(loglik=at.loglik - value, gradient=at.gradient - slope, information=at.information + bend)
    if problem.penalty.is_function:
        return at
    # of a root all that can rise is minus its distance: it is a maximum, and a Newton step promises just that gain
    return at._replace(loglik=-0.5 * dot(at.gradient, factor(at.information).solve(at.gradient)))


def curvature(problem: Problem, theta):
    """Minus the Hessian of the objective (P, P), exact under any penalty: for the derivative of a solution."""
    if problem.penalty is None or problem.penalty.curved:
        return evaluate(problem, theta).information
    bend = jax.jacfwd(lambda at: problem.penalty.parts(problem, at)[1])(theta)
    return evaluate(replace(problem, penalty=None), theta).information + bend


def where_counted(problem: Problem, values, otherwise: float):
    """values (n, ...), or one that all rows share, with another value in the rows of weight zero."""
    if problem.weights is None or not values.ndim:
        return values
    return jnp.where(beside(problem.weights > 0, values), values, otherwise)


def beside(of_rows, values):
    """What rows have (n,), with axes of length one so that it stands beside values (n, ...)."""
    return jnp.expand_dims(of_rows, tuple(range(1, values.ndim)))


def _mean_square(score, curvature):
    size = jnp.abs(curvature)
    return jnp.where(size > 0, score**2 / jnp.where(size > 0, size, 1.0), 0.0)


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


def weighted_sum(problem: Problem, values):
    return jnp.sum(values) if problem.weights is None else dot(problem.weights, values)


def _weighted(problem: Problem, values):
    return values if problem.weights is None else beside(problem.weights, values) * values


def to_coefficients(problem: Problem, score):
    """X_k' W score_k for each predictor, joined (P,): the gradient in theta from that in eta."""
    parts = [d.rmatmat(_weighted(problem, s)) for d, s in zip(problem.designs, score, strict=True)]
    return jnp.concatenate(parts)


def information_from(problem: Problem, curvature):
    """Information in theta (P, P) from the curvature of the rows in eta, [j][k] (n,) each; without a penalty."""
    D = problem.designs
    block = [[D[j].gram(-_weighted(problem, curvature[j][k]), D[k]) for k in range(j + 1)] for j in range(len(D))]
    full = [[block[j][k] if k <= j else block[k][j].T for k in range(len(D))] for j in range(len(D))]
    return jnp.block(full)


def over_blocks(problem: Problem, total):
    """Sum of `total(rows)` over blocks of rows, so that nothing as large as X is ever written."""
    K = problem.family.tied or 1  # a row has K lines of X and a curvature of K times K
    elements, size = problem.n * K * max(sum(problem.sizes), K), max(BLOCK // K, 1)
    if elements <= SINGLE_BLOCK or problem.n < 2 * size:
        return total(problem)
    count = problem.n // size

    def part(start, size):
        return total(problem.rows(start, size))

    def add(i, sum_):
        return jax.tree.map(jnp.add, sum_, part(i * size, size))

    rest = problem.n - count * size
    first = part(count * size, rest) if rest else _zeros(lambda: part(0, size))
    return lax.fori_loop(0, count, add, first)


def _zeros(function):
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(function))
