"""Is a fish alive, given its food and its water? A line does not see the walls at 0 and 1."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

import jaxglm as jg
from experiments.figures import BLACK, BLUE, COLOURS, VERMILION, panels
from experiments.report import Report

TRUTH = {"intercept": -7.0, "food": 1.0, "water": 0.5}  # logit scale
FOOD, WATER = 10.0, 8.0  # largest daily ration in grams, litres of water per fish
MODELS = {
    "identity, least squares": jg.Gaussian(),
    "identity, binomial": jg.Binomial(mu=jg.Identity()),
    "logit": jg.Binomial(),
    "probit": jg.Binomial(mu=jg.Probit()),
    "cloglog": jg.Binomial(mu=jg.CLogLog()),
}


def simulate(seed: int, n: int) -> pd.DataFrame:
    """`n` fish with their food, water and fate (1 alive)."""
    rng = np.random.default_rng(seed)
    food, water = rng.uniform(0, FOOD, n), rng.uniform(0, WATER, n)
    alive = rng.random(n) < expit(_true_eta(food, water))
    return pd.DataFrame({"food": food, "water": water, "alive": alive.astype(float)})


def section(report: Report, config: Any) -> list[dict[str, Any]]:
    """Adds the question to the report, and returns its table: one row a model."""
    frame = simulate(config.seed, config.fish)
    fits = {name: _fit(frame, MODELS[name]) for name in config.links}
    table = [_row(name, fit, frame) for name, fit in fits.items()]
    report.heading("Is the fish alive, given food and water?")
    report.text(
        f"{config.fish} fish, 1 alive or 0 dead. "
        "The identity link draws a plane. Its height is meant to be a probability, but a "
        "plane leaves (0, 1) wherever there is enough food, or too little. Least squares does not mind; the Bernoulli "
        "likelihood does: a fish that lives where p <= 0, or dies where p >= 1, has probability zero, and the "
        "log-likelihood of that fit is minus infinity. The binomial model with an identity link must keep every "
        "observed fish inside, so the fish at the corners hold the whole plane down; and for new fish its p still "
        "leaves (0, 1)."
    )
    report.table(table)
    report.text(
        "'outside' counts fitted probabilities not in (0, 1); 'plane outside' is that share of the whole food x water "
        "range, where the next fish may come from."
    )
    report.figure(
        _figure(fits, frame),
        "fish",
        "Fitted probability of being alive by food, for three amounts of water. Shaded: no probability lives there.",
    )
    return table


def _true_eta(food: Any, water: Any) -> Any:
    return TRUTH["intercept"] + TRUTH["food"] * food + TRUTH["water"] * water


def _fit(frame: pd.DataFrame, family: Any) -> Any:
    with warnings.catch_warnings():  # a maximum on the boundary is a finding here: the table has its status
        warnings.simplefilter("ignore", jg.FitWarning)
        return jg.glm("alive ~ food + water", frame, family=family)


def _row(name: str, fit: Any, frame: pd.DataFrame) -> dict[str, Any]:
    p, grid = fit.fittedvalues, fit.predict(_grid())
    return {
        "link": name,
        "log-likelihood": _bernoulli(frame["alive"].to_numpy(), p),
        "outside": int(np.sum(_outside(p))),
        "smallest p": float(np.min(p)),
        "largest p": float(np.max(p)),
        "plane outside": f"{np.mean(_outside(grid)):.0%}",
        "mean error of p": float(np.mean(np.abs(grid - expit(_true_eta(*_grid().to_numpy().T))))),
        "status": fit.status.name.lower(),
    }


def _bernoulli(y: np.ndarray, p: np.ndarray) -> float:
    """Log-likelihood of 0/1 data, a p beyond 0 or 1 taken as 0 or 1; minus infinity where a fish contradicts it."""
    given = np.clip(np.where(y == 1, p, 1 - p), 0, 1)
    return float(np.sum(np.log(given))) if np.all(given > 0) else -np.inf


def _outside(p: Any) -> np.ndarray:
    return (np.asarray(p) < 0) | (np.asarray(p) > 1)


def _grid(size: int = 60) -> pd.DataFrame:
    food, water = np.meshgrid(np.linspace(0, FOOD, size), np.linspace(0, WATER, size))
    return pd.DataFrame({"food": food.ravel(), "water": water.ravel()})


def _figure(fits: dict[str, Any], frame: pd.DataFrame) -> Any:
    figure, axes = panels(2, 3, width=11.5, height=6.6, sharex=True, sharey=True)
    for axis, (name, fit) in zip(axes.flat, fits.items(), strict=False):
        _curves(axis, name, fit)
        axis.plot(frame["food"], frame["alive"], "|", color=BLACK, alpha=0.5, markersize=8)
    _all_links(axes.flat[5], fits)
    for axis in axes.flat:
        axis.axhspan(1, 1.6, color="#eeeeee")
        axis.axhspan(-0.6, 0, color="#eeeeee")
        axis.set(ylim=(-0.5, 1.5), xlim=(0, FOOD))
    axes[0, 0].legend(loc="upper left", fontsize=8)
    axes[1, 2].legend(loc="upper left", fontsize=8)
    figure.supxlabel("food, grams a day")
    figure.supylabel("probability that the fish is alive")
    return figure


def _curves(axis: Any, name: str, fit: Any) -> None:
    food = np.linspace(0, FOOD, 200)
    for water, colour in zip((1.0, 4.0, 7.0), (VERMILION, COLOURS[3], BLUE), strict=True):
        axis.plot(
            food, fit.predict(pd.DataFrame({"food": food, "water": water})), color=colour, label=f"{water:g} l of water"
        )
    axis.set_title(name)


def _all_links(axis: Any, fits: dict[str, Any]) -> None:
    new = pd.DataFrame({"food": np.linspace(0, FOOD, 200), "water": 4.0})
    for (name, fit), colour in zip(fits.items(), COLOURS, strict=False):
        axis.plot(new["food"], fit.predict(new), color=colour, linewidth=1.4, label=name)
    axis.plot(new["food"], expit(_true_eta(new["food"], 4.0)), ":", color=BLACK, label="truth")
    axis.set_title("all at 4 litres")
