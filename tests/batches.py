"""Batches that the tests of many fits share, and how a member is compared with the single fit of its data."""

from typing import Any, NamedTuple

import numpy as np

import jaxglm as jg
from tests import members as draw

N, P = 40, 3
UNBOUNDED = {"llf", "aic", "bic"}  # where every residual is zero and the dispersion is free
FIGURES = ("llf", "aic", "bic", "deviance", "dispersion", "nobs", "df_resid")


class Batch(NamedTuple):
    """Arguments of `fit_batch`: X (N, P) or (B, N, P), Y (B, N) or a pair, side arrays (N,) or (B, N)."""

    family: Any
    X: np.ndarray
    Y: Any
    sides: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        return len(self.Y[0]) if isinstance(self.Y, tuple) else len(self.Y)

    def fit(self, **options) -> jg.BatchResults:
        return jg.fit_batch(self.family, self.X, self.Y, **self.sides, **options)

    def take(self, index) -> "Batch":
        """The batch of some members."""
        own = lambda a, rank: a[index] if np.ndim(a) > rank else a  # noqa: E731
        Y = tuple(a[index] for a in self.Y) if isinstance(self.Y, tuple) else self.Y[index]
        return self._replace(X=own(self.X, 2), Y=Y, sides={k: own(v, 1) for k, v in self.sides.items()})

    def single(self, i: int, **options) -> jg.GLMResults:
        """The single fit of a member; masked rows are left out."""
        one = self.take([i])
        used = np.ravel(one.sides.get("mask", np.ones(N))) != 0
        flat = lambda a: np.ravel(a)[used]  # noqa: E731
        y = tuple(map(flat, one.Y)) if isinstance(one.Y, tuple) else flat(one.Y)
        sides = {k: flat(v) for k, v in one.sides.items() if k != "mask"}
        return jg.GLM(y, one.X.reshape(N, P)[used], family=self.family, **sides, **options).fit()


def designs(rng, *size: int) -> np.ndarray:
    X = rng.uniform(-1, 1, (*size, N, P))
    X[..., 0] = 1.0
    return X


def batch(kind: str, B: int, seed: int = 0) -> Batch:
    """A batch of the kind: see KINDS."""
    family, inverse, beta, sample, own, make = KINDS[kind]
    rng = np.random.default_rng(seed)
    X = designs(rng, *([B] if own else []))
    sides = make(rng, B)
    eta = X @ np.asarray(beta) + sides.get("offset", 0.0) + np.log(sides.get("exposure", 1.0))
    mean = np.broadcast_to(inverse(eta), (B, N))
    Y: Any = sample(rng, mean.ravel())
    Y = tuple(a.reshape(B, N) for a in Y) if isinstance(Y, tuple) else Y.reshape(B, N)
    if kind == "proportions":
        Y, sides = Y[0] / Y[1], {"weights": Y[1]}
    return Batch(family, X, Y, sides)


def exposed(rng, B):
    return {"exposure": rng.uniform(0.5, 2.0, (B, N)), "mask": rng.random((B, N)) < 0.8}


def weighted(rng, B):
    weights = rng.uniform(0.5, 2.0, (B, N))
    weights[:, ::7] = 0.0
    return {"weights": weights, "offset": rng.uniform(-0.05, 0.05, N)}


def counted(rng, B):
    return {"freq_weights": rng.integers(0, 4, (B, N)).astype(float)}


def shifted(rng, B):
    return {"offset": rng.uniform(-0.3, 0.3, (B, N))}


def nothing(rng, B):
    return {}


def logistic(eta):
    return 1 / (1 + np.exp(-eta))


def itself(eta):
    return eta


KINDS = {  # family, inverse link, coefficients, draw, whether designs differ, side arrays
    "poisson": ("poisson", np.exp, (1.0, 0.5, -0.3), draw.poisson, False, exposed),
    "bernoulli": ("binomial", logistic, (0.3, 0.8, -0.5), draw.bernoulli, True, nothing),
    "trials": ("binomial", logistic, (0.3, 0.8, -0.5), draw.binomial, False, shifted),
    "proportions": ("binomial", logistic, (0.3, 0.8, -0.5), draw.binomial, True, nothing),
    "gamma": (jg.Gamma(), np.exp, (1.0, 0.5, -0.3), draw.gamma, True, weighted),
    "gaussian": ("gaussian", itself, (1.0, 0.5, -0.3), draw.normal, False, counted),
    "inverse_gaussian": ("inverse_gaussian", np.exp, (1.0, 0.5, -0.3), draw.wald, False, weighted),
    "negbin": ("negbin", np.exp, (2.5, 0.5, -0.3), draw.negative_binomial, True, exposed),
}


def agree(fits: jg.BatchResults, i: int, one: jg.GLMResults, tol: float = 1e-9) -> None:
    """A member says what the single fit says: NaN in the same places, figures to `tol`."""
    assert jg.Status(int(fits.status[i])) == one.status
    assert np.array_equal(np.isnan(fits.params[i]), np.isnan(one.params))
    if not one.converged:
        agree_at_a_limit(fits, i, one)
        return
    se = np.where(np.isfinite(one.bse), one.bse, 1.0)
    rounding = 1e-13 * np.abs(one.params)
    assert np.nanmax((np.abs(fits.params[i] - one.params) - rounding) / se) <= tol
    close(fits.bse[i], one.bse, tol, "bse")
    close(fits.pvalues[i], one.pvalues, tol, "pvalues")
    close(fits.conf_int()[i], one.conf_int(), tol, "conf_int", atol=tol)
    for name in set(FIGURES) - (UNBOUNDED if one.df_resid == 0 and one.family.traits.dispersion else set()):
        close(getattr(fits, name)[i], getattr(one, name), tol, name)


def agree_at_a_limit(fits: jg.BatchResults, i: int, one: jg.GLMResults) -> None:
    """Infinite estimates stop anywhere far out; what has a limit is the same. Where there is none, only the counts."""
    limit = ("llf", "aic", "deviance") if one.status in (jg.Status.SEPARATED, jg.Status.BOUNDARY) else ()
    for name in (*limit, "nobs", "df_resid", "n_params"):
        close(np.asarray(getattr(fits, name))[i], getattr(one, name), 1e-9, name, atol=1e-9)


def close(ours, truth, tol: float, what: str, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(ours, truth, rtol=tol, atol=atol, equal_nan=True, err_msg=what)


def same(a: jg.BatchResults, b: jg.BatchResults, at_a=slice(None), at_b=slice(None)) -> None:
    """Members of two batches are the same beyond rounding."""
    for name in ("status", "n_iter"):
        assert np.array_equal(getattr(a, name)[at_a], getattr(b, name)[at_b]), name
    for name in ("params", "bse", *FIGURES):
        close(getattr(a, name)[at_a], getattr(b, name)[at_b], 1e-9, name, atol=1e-11)
