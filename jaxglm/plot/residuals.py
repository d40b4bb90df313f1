"""HOST: four pictures of the residuals of one fit."""

from typing import Any

import numpy as np

from .curves import local_line, normal_band, normal_places
from .style import BLACK, BLUE, GREY, SKY, VERMILION, Arrays, four_axes, heading, level, model_of, words, write

ROOT_OF_NORMAL = 0.8221789586624  # E |Z|^(1/2) of a standard normal Z: 2^(1/4) Gamma(3/4) / sqrt(pi)
Drawn = tuple[np.ndarray, np.ndarray | None]  # points, and places on the line that guides the eye
CONTOURS = (0.5, 1.0)  # of Cook's distance


def residual_panel_data(fit: Any, *, kind: str = "quantile", labels: int = 3, alpha: float = 0.05,
                        seed: int = 0) -> Arrays:
    """Arrays over the rows that count: row (position in the input), linear (predictor), residual, root_size,
    theoretical (normal quantile of its rank), leverage, pearson (standardized), cooks_distance, labelled; and of curves
    smooth_x, smooth_residual, smooth_root_size, band_x, band_low, band_high.

    kind: of `resid`, for the first three pictures. labels: how many rows of the largest influence are labelled.
    alpha: all ordered residuals lie in the band with probability 1 - alpha, if the model holds. seed: of the residuals.
    Raises: ValueError for another kind, alpha or number of labels.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; it is {alpha!r}.")
    if labels < 0:
        raise ValueError(f"labels, the number of rows labelled, must be at least 0; it is {labels!r}.")
    fit.family.check_single("residual panels")
    residual, at = fit.resid(kind, seed=seed), fit.get_influence()
    used = (fit.counted > 0) & np.isfinite(residual)
    rows = dict(row=fit.frame.rows, linear=fit.linear_predictor, residual=residual, root_size=np.sqrt(np.abs(residual)),
                leverage=at.hat, pearson=at.resid_standardized_pearson, cooks_distance=at.cooks_distance)  # fmt: skip
    rows = {name: np.asarray(values)[used] for name, values in rows.items()}
    rows["theoretical"] = np.empty(used.sum())
    rows["theoretical"][np.argsort(rows["residual"], kind="stable")] = normal_places(used.sum())
    rows["labelled"] = largest(rows["cooks_distance"], labels)
    places, smooth = local_line(rows["linear"], rows["residual"])
    curves = dict(smooth_x=places, smooth_residual=smooth,
                  smooth_root_size=local_line(rows["linear"], rows["root_size"])[1])  # fmt: skip
    return rows | curves | dict(zip(("band_x", "band_low", "band_high"), normal_band(used.sum(), alpha), strict=True))


def residual_panel(fit: Any, *, kind: str = "quantile", labels: int = 3, alpha: float = 0.05, seed: int = 0,
                   ax: Any = None) -> np.ndarray:
    """Axes (2, 2): residuals against the linear predictor, their normal quantiles, their size, and their leverage.

    Curves of Cook's distance stand where it follows from residual and leverage: with a single linear predictor;
    otherwise its size is that of the points. ax: four Axes. Other arguments and Raises: as `residual_panel_data`.
    """
    data = residual_panel_data(fit, kind=kind, labels=labels, alpha=alpha, seed=seed)
    axes = four_axes(ax)
    pictures = zip(axes.ravel(), (_against_linear, _quantiles, _sizes, _leverage), strict=True)
    done: list[Any] = [(a, *draw(a, data, fit, kind, alpha)) for a, draw in pictures]
    if ax is None:
        title = heading(f"{model_of(fit)}, n = {fit.nobs:,.10g}", fit)
        axes[0, 0].figure.suptitle(title, fontsize=11, fontweight="bold", parse_math=False)
    for a, points, line in done:
        write(a, points, data["labelled"] & np.isfinite(points).all(axis=1), data["row"], avoid=line)
    return axes


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """Mask of that many of the largest finite numbers."""
    order = np.argsort(np.where(np.isfinite(values), -np.abs(values), np.inf), kind="stable")[:count]
    mask = np.isin(np.arange(len(values)), order)
    return mask & np.isfinite(values)


def points_look(n: int) -> dict[str, Any]:
    """Of n points: many are small and see through."""
    return dict(s=22 if n < 500 else 10 if n < 5000 else 3, alpha=0.75 if n < 500 else 0.4, color=BLUE, linewidths=0)


def _against_linear(ax, data, fit, kind, alpha) -> Drawn:
    x, y = data["linear"], data["residual"]
    ax.scatter(x, y, **points_look(len(x)))
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.plot(data["smooth_x"], data["smooth_residual"], color=VERMILION)
    ax.margins(0.08)
    words(ax, "Residuals and fit", "linear predictor", f"{kind} residual")
    return np.column_stack([x, y]), np.column_stack([data["smooth_x"], data["smooth_residual"]])


def _quantiles(ax, data, fit, kind, alpha) -> Drawn:
    x, y = data["theoretical"], data["residual"]
    ax.fill_between(data["band_x"], data["band_low"], data["band_high"], color=SKY, alpha=0.3, linewidth=0)
    ax.axline((0, 0), slope=1, color=BLACK, linewidth=0.8)
    ax.scatter(x, y, **points_look(len(x)))
    ax.margins(0.08)
    left, right = ax.get_xlim()
    words(ax, f"Normal quantiles, {level(alpha)} band", "normal quantile", f"{kind} residual")
    return np.column_stack([x, y]), np.column_stack([np.linspace(left, right, 80)] * 2)


def _sizes(ax, data, fit, kind, alpha) -> Drawn:
    x, y = data["linear"], data["root_size"]
    ax.scatter(x, y, **points_look(len(x)))
    if kind == "quantile":
        ax.axhline(ROOT_OF_NORMAL, color=BLACK, linewidth=0.8, linestyle="--")
    ax.plot(data["smooth_x"], data["smooth_root_size"], color=VERMILION)
    ax.margins(0.08)
    ax.set_ylim(bottom=0)
    words(ax, "Size of residuals", "linear predictor", f"√|{kind} residual|")
    return np.column_stack([x, y]), np.column_stack([data["smooth_x"], data["smooth_root_size"]])


def _leverage(ax, data, fit, kind, alpha) -> Drawn:
    x, y, cook = data["leverage"], data["pearson"], data["cooks_distance"]
    single = len(fit.problem.designs) == 1
    look = points_look(len(x))
    seen = np.isfinite(y)
    if not single:
        look["s"] = 6 + 120 * cook[seen] / max(np.nanmax(cook, initial=0.0), 1e-300)
    ax.scatter(x[seen], y[seen], **look)
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.margins(0.12)
    ax.set_xlim(0, max(1.12 * np.max(x[seen], initial=0.0), 1e-3))
    ax.set_ylim(min(ax.get_ylim()[0], -1.0), max(ax.get_ylim()[1], 1.0))
    if single:
        _contours(ax, len(fit.state.theta))
    lost = (~seen).sum()
    title = "Leverage" + (f"; {lost} of leverage 1" if lost else "" if single else "; size: Cook's D")
    words(ax, title, "leverage", "standardized Pearson residual")
    return np.column_stack([x, y]), None


def _contours(ax, p: int) -> None:
    """Where r^2 h / (p (1 - h)) is one half and one, within the limits of the points."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    h = np.linspace(max(right, 1e-6) / 500, min(right, 1 - 1e-9), 500)
    for distance in CONTOURS:
        height = np.sqrt(distance * p * (1 - h) / h)
        for side in (height, -height):
            inside = (side > low) & (side < high)
            ax.plot(h[inside], side[inside], color=GREY, linewidth=0.9, linestyle="--")
            if inside.any():
                ax.annotate(f"{distance:g}", (h[inside][-1], side[inside][-1]), (-2, 3), textcoords="offset points",
                            fontsize=7.5, color=GREY, ha="right")  # fmt: skip
    ax.set(xlim=(left, right), ylim=(low, high))
