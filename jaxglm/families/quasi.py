"""Quasi-likelihood: a mean, a variance function and a free dispersion, without a distribution."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..elementary import exp, expm1, log1p
from ..links import Identity, Interval, Link, Log, Parameter
from ..pytree import pytree, static
from .base import Family, Traits, inside
from .support import Support, interval, reals

EDGE = 1e-30  # distance from an end of the interval at which an integral begins; 0 to rounding
PANELS = 12  # each with the Gauss-Legendre rule of 12 nodes: 1e-10 of an integral from 1e-30, and rounding of near ones
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
SHARES = ((np.arange(PANELS)[:, None] + (1 + NODES) / 2) / PANELS).ravel()  # nodes in (0, 1)
SHARE_WEIGHTS = np.tile(WEIGHTS / 2 / PANELS, PANELS)


@pytree
class Quasi(Family):
    """The mean and variance function V of a family, and a free dispersion: the variance is phi V(mu).

    The log-likelihood is the extended quasi-likelihood -deviance / (2 phi) - log(phi) / 2 of a row, so that the
    coefficients are those of the family and phi scales their covariance. No distribution has it: llf, aic and bic are
    NaN.
    base: a family whose first parameter is the mean of an exponential dispersion model and its only free one.
    Source: Wedderburn (1974), Biometrika 61; Nelder and Pregibon (1987), Biometrika 74, eq. 5.
    """

    base: Any  # a Family
    phi: Link = Log()

    is_density = False

    @property
    def name(self) -> str:
        return f"Quasi{self.base.name}"

    @property
    def support(self) -> Support:  # type: ignore[override]
        return self.base.support

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.base.parameters[0], "phi"

    @property
    def intervals(self) -> tuple[Interval, ...]:  # type: ignore[override]
        return self.base.intervals[0], (0.0, np.inf)

    @property
    def links(self) -> tuple[Link, ...]:  # type: ignore[override]
        return self.base.links[0], self.phi

    @property
    def density(self):
        return Quasi, self.base.density

    @property
    def traits(self) -> Traits:  # type: ignore[override]
        """By construction, if those of the family are right; raises ValueError where they are not."""
        if not self.base.traits.edm or len(self.base.predictors) != 1:
            raise ValueError(
                f"Quasi needs an exponential dispersion model whose mean is the only free parameter; that of "
                f"{self.base.name} has free {', '.join(self.base.predictors)}. Hold the others with Fixed(...)."
            )
        return Traits(True, "phi")

    def with_links(self, **links: Link) -> "Quasi":
        mean = {n: k for n, k in links.items() if n == self.base.parameters[0]}
        return replace(self, base=self.base.with_links(**mean), phi=links.get("phi", self.phi))

    def loglik(self, y, mu, phi):
        best = inside(self.base, self.support.response(y))
        others = self.base.views((mu.eta,))[1:]
        gain = self.base.loglik(y, mu, *others) - self.base.loglik(y, Parameter(Identity(), best), *others)
        return gain / phi.value - 0.5 * phi.log


@pytree
class VarianceFunction(Family):
    """A mean and its variance function V, with the quasi-likelihood q(y, mu): the integral of (y - t) / V(t) over t
    from y to mu."""

    mu: Link
    variance: Callable = static()
    support: Support = static()  # type: ignore[misc]
    title: str = static()

    is_density = False

    @property
    def name(self) -> str:
        return self.title

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("mu",)

    @property
    def intervals(self) -> tuple[Interval, ...]:  # type: ignore[override]
        return ((self.support.low, self.support.high),)

    @property
    def density(self):
        return self.variance

    def loglik(self, y, mu):
        return _integral(self.variance, self.intervals[0], y, mu.value)


def quasi(variance: Callable, link: Link | None = None, *, support: Support | None = None, name: str = "") -> Quasi:
    """The quasi family of a variance function: Var(y) = phi V(mu).

    variance: V, a function of the mean (a scalar) written with jax.numpy, positive where the mean may be. Pass a named
        function: every new lambda compiles anew.
    link: of the mean, by default the identity. support: of y, by default the image of the link with its ends; the mean
        is strictly inside.

    Where the quasi-likelihood of a y is infinite, as of y = 0 with V = mu^2, so is the deviance: what is shown counts
    from 1e-30. Coefficients, standard errors and Pearson's dispersion do not depend on it.
    Source: Wedderburn (1974), Biometrika 61, eq. 3.
    """
    link = Identity() if link is None else link
    return Quasi(VarianceFunction(link, variance, support or _closed(link), name))


def _closed(link: Link) -> Support:
    low, high = link.image
    within = interval(low, high)
    return replace(within, words=f"between {low:g} and {high:g}", closed=True) if max(low, -high) > -np.inf else reals


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _integral(variance, bounds, y, mu):
    """By quadrature; its derivative is the integrand itself, so that the score has no error of quadrature."""
    return _between(lambda t, past: -past / variance(t), bounds, y, mu)


@_integral.defjvp
def _integral_jvp(variance, bounds, primals, tangents):
    (y, mu), (dy, dmu) = primals, tangents
    by_y = _between(lambda t, _: 1 / variance(t), bounds, y, mu)
    return _integral(variance, bounds, y, mu), (y - mu) / variance(mu) * dmu + by_y * dy


def _between(integrand, bounds: Interval, y, mu):
    """Integral of integrand(t, t - y) over t from y to mu, in log t on a half-line and logit t on an interval: there a
    power of the variance is an exponential.

    It starts a little inside the interval: at y = 0 with V = mu^2 the integral is infinite, but not its change with mu.
    """
    low, high = bounds
    bottom = low + EDGE if low > -np.inf else None
    top = high - jnp.finfo(mu.dtype).epsneg * max(1.0, abs(high)) if high < np.inf else None
    start, end = jnp.clip(y, bottom, top), jnp.clip(mu, bottom, top)
    width, past = _path(bounds, start, end, jnp.asarray(SHARES, mu.dtype))
    nodes = jnp.clip(start + past, bottom, top)
    slope = _slope(bounds, nodes)
    values = jax.vmap(integrand)(nodes, (start - y) + past)
    return jnp.where(width != 0, width * jnp.sum(jnp.asarray(SHARE_WEIGHTS, mu.dtype) * slope * values), 0.0)


def _path(bounds: Interval, start, end, share):
    """How far the end is from the start on the scale of the integral, and t - start at shares of the way."""
    (low, high), change = bounds, end - start
    if low > -np.inf and high < np.inf:
        below, above = start - low, high - start
        width = log1p(change / below) - log1p(-change / above)
        return width, below * above * expm1(share * width) / (above + below * exp(share * width))
    if low > -np.inf:
        width = log1p(change / (start - low))
        return width, (start - low) * expm1(share * width)
    return change, share * change


def _slope(bounds: Interval, t):
    low, high = bounds
    if low > -np.inf and high < np.inf:
        return (t - low) * (high - t) / (high - low)
    return t - low if low > -np.inf else jnp.ones_like(t)
