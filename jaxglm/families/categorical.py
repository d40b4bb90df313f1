"""Families of classes 0, 1, ..., as many as are asked for: unordered, and ordered in three ways."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..links import Identity, Link, Log, Logit
from .base import Family
from .support import Support
from .tails import log_difference


def multinomial(classes: int) -> Family:
    """Unordered classes 0, ..., classes - 1: eta_k = log P(Y = k) / P(Y = 0), a predictor for each but class 0."""
    names = [f"eta{k}" for k in range(1, _checked(classes))]
    links = dict.fromkeys(names, Identity())
    return Family.from_loglik(_softmax, _codes(classes), f"Multinomial({classes})", **links)


def ordinal(classes: int, link: Link | None = None, *, kind: str = "cumulative") -> Family:
    """Ordered classes 0, ..., classes - 1 with F the inverse of `link`, by default Logit(). A larger mu means a higher
    class; its predictor must have no intercept, which the cutpoints are.

    kind: "cumulative", P(Y <= k) = F(cut - mu), with parameters mu, cut1 and the gaps between further cutpoints, which
    are positive; "continuation", P(Y = k | Y >= k) = F(cut - mu), with mu, cut1, cut2, ...; "adjacent", log P(Y = k) /
    P(Y = k - 1) = mu - cut, which has no link.

    Raises: ValueError for fewer than two classes, another kind, or a link of adjacent classes.
    Source: McCullagh (1980), JRSS B 42; Agresti (2010), Analysis of Ordinal Categorical Data, ch. 3-4.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be {', '.join(KINDS)}; it is {kind!r}.")
    if kind == "adjacent" and link is not None:
        raise ValueError(f"adjacent classes are compared by their odds; leave out link (it is {link!r}).")
    rest = range(2, _checked(classes))
    further = {f"gap{k}": Log() for k in rest} if kind == "cumulative" else {f"cut{k}": Identity() for k in rest}
    links = {"mu": Identity(), "cut1": Identity(), **further}
    return Family.from_loglik(KINDS[kind](link or Logit()), _codes(classes), f"Ordinal({classes}, {kind})", **links)


def _checked(classes: int) -> int:
    if classes != int(classes) or classes < 2:
        raise ValueError(f"classes must be a whole number from 2 on; it is {classes!r}.")
    return int(classes)


def _codes(classes: int) -> Support:
    words = f"the codes 0, ..., {classes - 1} of classes"
    return Support(words, low=0.0, high=classes - 1.0, closed=True, whole=True, example=0.0)


def _chosen(y, values):
    """The entry of `values` at y; derivatives reach that one only."""
    stacked = jnp.stack(values)
    return jnp.sum(jnp.where(jnp.arange(len(values)) == y, stacked, 0.0))


def _softmax(y, *eta):
    return _log_share(y, [jnp.zeros_like(eta[0].value), *(e.value for e in eta)])


def _log_share(y, logits):
    return _chosen(y, logits) - jax.nn.logsumexp(jnp.stack(logits))


@dataclass(frozen=True)
class Cumulative:
    """Log-likelihood of a class that a latent variable falls into between two cutpoints."""

    link: Link

    def __call__(self, y, mu, first, *gaps):
        cuts = [first.value]
        for gap in gaps:
            cuts.append(cuts[-1] + gap.value)
        top = len(cuts)
        below, above = (self._tails(_chosen(k, cuts) - mu.value) for k in (y - 1, jnp.minimum(y, top - 1)))
        below = jnp.where(y > 0, below[0], -jnp.inf), jnp.where(y > 0, below[1], 0.0)
        above = jnp.where(y < top, above[0], 0.0), jnp.where(y < top, above[1], -jnp.inf)
        return log_difference(below, above)

    def _tails(self, eta):
        return self.link.log_inverse(eta), self.link.log1m_inverse(eta)


@dataclass(frozen=True)
class Continuation:
    """Log-likelihood of going on past each class before this one, and stopping here."""

    link: Link

    def __call__(self, y, mu, *cuts):
        eta = jnp.stack([c.value for c in cuts]) - mu.value
        k = jnp.arange(len(cuts))
        passed = jnp.sum(jnp.where(k < y, self.link.log1m_inverse(eta), 0.0))
        return passed + jnp.sum(jnp.where(k == y, self.link.log_inverse(eta), 0.0))


@dataclass(frozen=True)
class Adjacent:
    """Log-likelihood of a class whose odds against the one below are exp(mu - cut)."""

    link: Link

    def __call__(self, y, mu, *cuts):
        logits = [jnp.zeros_like(mu.value)]
        for cut in cuts:
            logits.append(logits[-1] + mu.value - cut.value)
        return _log_share(y, logits)


KINDS = {"cumulative": Cumulative, "continuation": Continuation, "adjacent": Adjacent}
