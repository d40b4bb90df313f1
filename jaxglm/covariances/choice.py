"""HOST: the kinds of covariance by name, each a root of it from the pieces of the fit, and words for what it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..inference import DISCOUNTS
from ..programs import information_at
from .clusters import clusterings, crossed, named, sums
from .corrections import Correction, correction_of
from .expected import expected_information_of
from .jackknife import jackknife_root
from .pieces import Pieces, pieces_of
from .roots import inverse_root_of_square, root_of_square, root_of_symmetric

USUAL = {"HC1": "df", "cluster": "groups"}  # corrections where none is given
ALONE = 1 - 1e-10  # leverage from which on a row alone decides a coefficient


@dataclass(frozen=True)
class Covariance:
    """A covariance R R' of the estimates (P, P) that was chosen, and what it is."""

    root: np.ndarray  # (P, m)
    words: str
    df: float | None = None  # degrees of freedom of t statistics, where they are not those of the residuals


@dataclass(frozen=True)
class Request:
    """What was asked for, of which fit."""

    fit: Any
    kind: str
    groups: Any
    correction: Correction
    fix: bool

    def scale(self, G: float = np.nan) -> float:
        """Root of the small-sample factor, for G clusters."""
        if not self.correction.words:
            return 1.0
        n = self.fit.nobs
        return float(np.sqrt(self.correction.factor(n, n - self.fit.df_resid, G)))

    def made(self, pieces: Pieces, root: np.ndarray, words: str, df: float | None = None) -> Covariance:
        """The covariance whose root in the coordinates of the solver is this one."""
        words = f"{words}, {self.correction.words}" if self.correction.words else words
        return Covariance(pieces.outward(root), words, df)


def covariance_of(fit: Any, kind: str, *, groups=None, correction: str | None = None, fix: bool = False) -> Covariance:
    """The covariance of the estimates of this kind; see `GLMResults.with_cov`."""
    if kind not in KINDS:
        raise ValueError(f"unknown covariance {kind!r}; choose from {', '.join(KINDS)}.")
    if groups is not None and kind not in ("cluster", "jackknife"):
        raise ValueError(f'groups= are for "cluster" and "jackknife"; {kind!r} takes each row for itself.')
    chosen = correction_of(USUAL.get(kind, "none") if correction is None else correction, kind, fit)
    return KINDS[kind](Request(fit, kind, groups, chosen, fix))


def _model(ask: Request) -> Covariance:
    """The inverse of an information, times the dispersion."""
    fit, expected = ask.fit, ask.kind == "expected"
    if expected == fit._edm:
        information = None
    else:
        theta = np.asarray(fit.state.theta)
        information = expected_information_of(fit) if expected else information_at(fit.problem, theta, False)[0]
    pieces = pieces_of(fit, information)
    return ask.made(pieces, np.sqrt(pieces.phi) * ask.scale() * pieces.root, f"{ask.kind} information")


def _opg(ask: Request) -> Covariance:
    pieces = pieces_of(ask.fit)
    scores, _ = pieces.scores("HC0")
    root = pieces.root @ inverse_root_of_square(np.sqrt(pieces.counts)[:, None] * scores)
    return ask.made(pieces, pieces.phi * ask.scale() * root, "outer product of gradients")


def _robust(ask: Request) -> Covariance:
    pieces = pieces_of(ask.fit)
    scores, leverage = pieces.scores(ask.kind)
    used = np.flatnonzero(pieces.counts > 0)
    _check_leverage(leverage[used], ask.kind, ask.fit.frame.rows[used])
    root = pieces.root @ root_of_square(np.sqrt(pieces.counts)[:, None] * scores)
    return ask.made(pieces, ask.scale() * root, ask.kind)


def _check_leverage(leverage: np.ndarray, kind: str, rows: np.ndarray) -> None:
    alone = np.flatnonzero(leverage > ALONE)
    if len(alone) and DISCOUNTS[kind] is not None:
        raise ValueError(f"{kind} divides by 1 - leverage, which is 0 in {len(alone)} rows (first: row "
                         f"{rows[alone[0]]}): each alone decides a coefficient, and its residual says nothing of its "
                         'variance. Use "HC1", or merge the levels of a factor that occur once.')


def _cluster(ask: Request) -> Covariance:
    pieces, codes = pieces_of(ask.fit), clusterings(ask.fit, ask.groups)
    scores, used = pieces.scores("HC0")[0], pieces.counts > 0
    whole = (pieces.counts[:, None] * scores)[used]
    parts = [(sign, ask.scale(way.max() + 1) * sums(whole, way)) for sign, way in crossed(codes)]
    if len(parts) == 1:
        root = root_of_square(parts[0][1])
    else:
        root = root_of_symmetric(sum(sign * part.T @ part for sign, part in parts), ask.fix)  # type: ignore[arg-type]
    return ask.made(pieces, pieces.root @ root, named(ask.groups, codes), min(way.max() for way in codes))


def _jackknife(ask: Request) -> Covariance:
    pieces = pieces_of(ask.fit)
    root, words = jackknife_root(pieces.fit, ask.groups)
    return ask.made(pieces, ask.scale() * root, words)


KINDS = {"expected": _model, "observed": _model, "opg": _opg, **dict.fromkeys(DISCOUNTS, _robust),
         "cluster": _cluster, "jackknife": _jackknife}  # fmt: skip
