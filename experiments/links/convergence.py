"""Gradient descent and Newton climb the same hill: they differ in the number of steps, not in the summit."""

import time
from typing import Any

import jax
import numpy as np
import optax

import jaxglm as jg
from experiments.figures import COLOURS, panels
from experiments.links import fish
from experiments.report import Report

FLOOR = 1e-14  # gaps below the rounding error of a log-likelihood are drawn here
AGREE = 1e-5  # standard errors between two solvers that found the same maximum


METHODS = {
    "optax.lbfgs": optax.lbfgs(),
    "optax.adam": optax.adam(optax.exponential_decay(0.2, 200, 0.5)),
    "optax.sgd, momentum": optax.sgd(0.5, momentum=0.9, nesterov=True),
    "optax.sgd": optax.sgd(1.0),
}
SOLVERS = ("Newton", *METHODS)


def section(report: Report, config: Any) -> tuple[list[dict[str, Any]], bool]:
    """Adds the race to the report; returns its table, and whether all solvers ended at Newton's coefficients."""
    with jax.enable_x64(True):
        problem = _problem(config.seed, config.fish)
        fits = {name: _timed(problem, _solver(name, config.steps)) for name in config.solvers}
        best, unit = _optimum(problem, fits["Newton"][0])
    table = [_row(name, fit, seconds, best, unit) for name, (fit, seconds) in fits.items()]
    agree = all(row["from Newton, se"] < AGREE for row in table)
    report.heading("Newton and gradient descent reach the same optimum")
    report.text(
        "The logistic model of the fish, every solver from zero. Newton uses the curvature and needs a handful of "
        "steps, each of which solves a p x p system. The optax methods use the gradient only: many cheap steps. The "
        "log-likelihood of this model is concave, so there is one summit."
    )
    report.verdict(
        agree,
        f"all solvers {'end' if agree else 'do not end'} within {AGREE:g} standard errors of Newton's coefficients",
    )
    report.table(table)
    report.figure(
        _figure(fits, best),
        "convergence",
        "Log-likelihood still to be gained, after each step (both axes logarithmic).",
    )
    return table, agree


def _problem(seed: int, n: int) -> Any:
    frame = fish.simulate(seed, n)
    X = np.column_stack([np.ones(n), frame["food"], frame["water"]])
    return jg.problem(jg.Binomial(), X, frame["alive"].to_numpy())


def _solver(name: str, steps: int) -> Any:
    if name == "Newton":
        return jg.Newton(record=50)
    return jg.Gradient(METHODS[name], max_steps=steps, record=steps)


def _timed(problem: Any, solver: Any) -> tuple[Any, float]:
    """The fit from zero, and the seconds of a second, compiled call."""
    start = np.zeros(sum(problem.sizes))
    fit = jax.jit(lambda problem: jg.fit(problem, solver=solver, start=start))
    jax.block_until_ready(fit(problem))
    begin = time.perf_counter()
    result = jax.block_until_ready(fit(problem))
    return jax.tree.map(np.asarray, result), time.perf_counter() - begin


def _optimum(problem: Any, newton: Any) -> tuple[Any, np.ndarray]:
    """Newton's fit, and the standard errors of its coefficients."""
    X, eta = np.asarray(problem.designs[0].X), np.asarray(problem.designs[0].X) @ newton.theta
    weights = 1 / (2 + 2 * np.cosh(eta))  # p (1 - p) of the logit link
    return newton, np.sqrt(np.diag(np.linalg.inv(X.T @ (weights[:, None] * X))))


def _row(name: str, fit: Any, seconds: float, best: Any, unit: np.ndarray) -> dict[str, Any]:
    return {
        "solver": name,
        "steps": int(fit.steps),
        "status": jg.Status(int(fit.status)).name.lower(),
        "log-likelihood": float(fit.loglik),
        "below Newton": float(best.loglik - fit.loglik),
        "from Newton, se": float(np.max(np.abs(fit.theta - best.theta) / unit)),
        "ms, compiled": 1000 * seconds,
    }


def _figure(fits: dict[str, tuple[Any, float]], best: Any) -> Any:
    figure, axes = panels(1, 1, width=9.0, height=4.6)
    for (name, (fit, _)), colour in zip(fits.items(), COLOURS, strict=False):
        path = fit.trace.loglik[: int(fit.steps)]
        marker = "o" if name == "Newton" else None
        axes[0, 0].loglog(
            1 + np.arange(len(path)), np.maximum(best.loglik - path, FLOOR), color=colour, marker=marker, label=name
        )
    axes[0, 0].set(xlabel="step", ylabel="log-likelihood below the maximum")
    axes[0, 0].legend()
    return figure
