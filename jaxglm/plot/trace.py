"""HOST: how the solver came to the maximum."""

from typing import Any

import numpy as np

from .style import BLUE, VERMILION, Arrays, axes_of, heading, legend, words


def trace_data(fit: Any) -> Arrays:
    """Arrays over the steps of the solver that were recorded: step, loglik, gap (to the last log-likelihood), and
    decrement, the gain that the solver still expects."""
    history = fit.history
    loglik = history["loglik"]
    end = loglik[-1] if len(loglik) else np.nan
    with np.errstate(invalid="ignore"):
        return dict(step=np.arange(1, len(loglik) + 1), loglik=loglik, gap=end - loglik, decrement=history["decrement"])


def trace(fit: Any, *, ax: Any = None) -> Any:
    """Axes with the gap to the last log-likelihood and the decrement at each step, on a logarithmic axis; a step whose
    gap is zero to the last digit has no point. ax: where to draw, None for a new figure."""
    data = trace_data(fit)
    ax = axes_of(ax)
    lines = (("gap", "gap to the last log-likelihood", BLUE, "o-"),
             ("decrement", "gain still expected", VERMILION, "s--"))  # fmt: skip
    for name, label, colour, look in lines:
        seen = np.isfinite(data[name]) & (data[name] > 0)
        ax.plot(data["step"][seen], data[name][seen], look, color=colour, markersize=5, label=label)
    ax.set_yscale("log")
    ax.set_xlim(0.5, max(len(data["step"]), 1) + 0.5)
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    words(ax, heading(f"{fit.solver_name}, {fit.n_iter} step{'s' * (fit.n_iter != 1)}", fit), "step", "log-likelihood")
    legend(ax)
    return ax
