"""HOST: what is predicted of a row as a function of its linear predictors, with its derivatives in them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..compiled import program
from ..programs import bucket, in_float64
from .rows import Predictors

SCALES = ("response", "link")


class Curve(NamedTuple):
    """A function of a row's linear predictors: values (n,), slopes by predictor, second derivatives by their pairs;
    what is not there is zero."""

    value: np.ndarray
    slope: dict[int, np.ndarray]
    bend: dict[tuple[int, int], np.ndarray]


def check_scale(fit: Any, scale: str, parameter: str | None) -> None:
    """Raises ValueError for an unknown scale, or a parameter without a linear predictor."""
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; choose from {', '.join(SCALES)}.")
    if parameter is not None and parameter not in fit.family.predictors:
        raise ValueError(f"unknown parameter {parameter!r}; {fit.family_name} has {', '.join(fit.family.predictors)}.")


def curve(fit: Any, at: Predictors, scale: str = "response", parameter: str | None = None) -> Curve:
    """The mean of the response, or this parameter of its distribution; on scale "link" their linear predictor."""
    check_scale(fit, scale, parameter)
    k = at.names.index(parameter or fit.family.parameters[0])
    if scale == "link":
        return Curve(at.eta[k], {k: np.ones(len(at.eta[k]))}, {})
    value, slope, bend = link_curve(fit.family.link_of(at.names[k]), at.eta[k])
    return Curve(value, {k: slope}, {(k, k): bend})


@in_float64
def link_curve(link: Any, eta: np.ndarray):
    """The parameter at eta (n,) and its first two derivatives."""
    padded = np.pad(eta, (0, bucket(len(eta)) - len(eta)), constant_values=0.0) if len(eta) else eta
    return tuple(np.asarray(a)[: len(eta)] for a in _link_curve(link, padded))


@program
def _link_curve(link, eta):
    one = jnp.ones_like(eta)
    first = lambda e: jax.jvp(link.inverse, (e,), (one,))  # noqa: E731
    (value, slope), (_, bend) = jax.jvp(first, (eta,), (one,))
    return value, slope, bend
