"""HOST: the profile likelihood of a coefficient beside the parabola of Wald's intervals."""

from typing import Any

import numpy as np

from ..profiles import quantile
from .style import BLACK, BLUE, GREY, VERMILION, Arrays, axes_of, heading, legend, model_of, words

SCALES = ("loglik", "root")
FLAT = -0.05  # log-likelihood less its maximum


def profile_data(fit: Any, term: str, *, alpha: float = 0.05, method: str = "profile", points: int = 41) -> Arrays:
    """Arrays over the points of the curve, the limits among them: value, root (signed), loglik (less its maximum),
    wald_root, wald_loglik; and estimate (1,), limits (2,), wald_limits (2,), cutoff (1,), the log-likelihood at limits.

    term: a name in `fit.names`. alpha: the limits have level 1 - alpha. method, points: of `profile` of a fit.
    Raises: KeyError for an unknown term; ValueError for an aliased one, another alpha, method or number of points.
    """
    found = fit.profile(term, points, method=method)
    estimate, limits = float(found.estimates[0]), np.asarray(found.conf_int(alpha))[0]
    if np.isnan(estimate):
        raise ValueError(f"{term} is aliased: it has no coefficient, and no profile.")
    se, value, z = float(fit.bse[term]), found.values[0], quantile(fit, method, alpha)
    value, root = np.append(value, limits), np.append(found.roots, (-z, z))
    loglik = np.append(found.loglik[0] - fit.penalised_llf, (-(z**2) / 2,) * 2)
    order = np.argsort(value)
    order = order[np.isfinite(value[order])]
    value, root, loglik = value[order], root[order], loglik[order]
    wald = (value - estimate) / se
    return dict(value=value, root=root, loglik=loglik, wald_root=wald,
                wald_loglik=-(wald**2) / 2, estimate=np.array([estimate]), limits=limits,
                wald_limits=np.asarray(fit.conf_int(alpha)[term]), cutoff=np.array([-(z**2) / 2]))  # fmt: skip


def profile(fit: Any, term: str, *, scale: str = "loglik", alpha: float = 0.05, method: str = "profile",
            points: int = 41, ax: Any = None) -> Any:
    """Axes with the profile of a term, its limits, and what Wald's intervals take for it, dashed.

    scale: "loglik", less its maximum, where Wald's curve is a parabola; "root", the signed root of twice its drop,
    where it is a line. Other arguments and Raises: as `profile_data`, and ValueError for another scale.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r} of profile; choose from {', '.join(SCALES)}.")
    data = profile_data(fit, term, alpha=alpha, method=method, points=points)
    ax = axes_of(ax)
    ax.plot(data["value"], data[scale], color=BLUE, linewidth=2, label="profile")
    ax.plot(data["value"], data[f"wald_{scale}"], color=VERMILION, linestyle="--", label="Wald")
    floor = min(1.1 * data[scale].min(initial=0.0), -1.0)
    z = np.sqrt(-2 * data["cutoff"][0])
    for height in (data["cutoff"][0],) if scale == "loglik" else (-z, 0.0, z):
        ax.axhline(height, color=GREY, linewidth=0.9, linestyle=":")
    ax.set_ylim(floor, 0.06 * -floor if scale == "loglik" else -floor)
    ends = _limits(ax, data, scale, z)
    name = {"loglik": "log-likelihood less its maximum", "root": "signed root of twice the drop"}[scale]
    words(ax, heading(f"{term}, {model_of(fit)}{ends}", fit), term, name)
    legend(ax)
    return ax


def _limits(ax: Any, data: Arrays, scale: str, z: float) -> str:
    """Lines from the axis up to the curve at each limit, with its number; which of them are infinite, in words."""
    floor = ax.get_ylim()[0]
    heights = (data["cutoff"][0],) * 2 if scale == "loglik" else (-z, z)
    left, right = _ends(ax, data)
    ax.set_xlim(left, right)
    for limit, height, lower in zip(data["limits"], heights, (True, False), strict=True):
        if np.isfinite(limit):
            ax.vlines(limit, floor, height, color=BLACK, linewidth=0.9)
            before = limit - left > 0.12 * (right - left) if lower else right - limit < 0.12 * (right - left)
            ax.annotate(f"{limit:.4g}".replace("-", "−"), (limit, floor), (-4 if before else 4, 4), fontsize=8.5,
                        textcoords="offset points", ha="right" if before else "left")  # fmt: skip
    ax.vlines(data["estimate"], floor, 0.0, color=GREY, linewidth=0.9)
    lost = [word for word, limit in zip(("lower", "upper"), data["limits"], strict=True) if not np.isfinite(limit)]
    return "".join(f"; no {word} limit" for word in lost)


def _ends(ax: Any, data: Arrays) -> tuple[float, float]:
    """Limits of the x axis: without a limit the curve is flat for ever, and what is flat is left out."""
    value = data["value"][data["loglik"] < FLAT]
    if np.isfinite(data["limits"]).all() or not len(value):
        return ax.get_xlim()
    pad = 0.05 * np.ptp(value)
    return value.min() - pad, value.max() + pad
