"""How many seeds germinate, given water and fertilizer? Whether effects add or multiply is the choice of the link."""

from typing import Any

import numpy as np
import pandas as pd

import jaxglm as jg
from experiments.figures import BLACK, BLUE, COLOURS, VERMILION, panels
from experiments.report import Report

BASE, WATER, FERTILIZER = 12.0, 1.5, 1.2  # seeds in an untreated pot; factor of one dose of each
DOSES = 4
LINKS = {"identity (effects add)": jg.Poisson(mu=jg.Identity()), "log (effects multiply)": jg.Poisson()}


def simulate(seed: int, pots: int, doses: int) -> pd.DataFrame:
    """Pots with 0 to `doses` doses of water and of fertilizer, `pots` of each combination, and their seedlings."""
    rng = np.random.default_rng(seed)
    water, fertilizer = (np.repeat(a.ravel(), pots) for a in np.meshgrid(range(doses + 1), range(doses + 1)))
    return pd.DataFrame(
        {"water": water, "fertilizer": fertilizer, "seeds": rng.poisson(_true_mean(water, fertilizer)).astype(float)}
    )


def section(report: Report, config: Any) -> list[dict[str, Any]]:
    """Adds the question to the report, and returns its table: one row a link."""
    pots = config.pots
    single, many = simulate(config.seed, pots, 1), simulate(config.seed + 1, max(pots // 100, 2), DOSES)
    unseen = (single["water"] == 1) & (single["fertilizer"] == 1)
    fits = {name: _fit(single[~unseen], family) for name, family in LINKS.items()}
    doses = {name: _fit(many, family) for name, family in LINKS.items()}
    table = [_row(name, fits[name], doses[name], many) for name in LINKS]
    report.heading("How many seeds germinate, given water and fertilizer?")
    report.text(
        f"Water gives {WATER} times the seedlings, fertilizer {FERTILIZER} times. Pots with neither, with water, and "
        f"with fertilizer are seen; both together are not. What will both give? The truth is {WATER} x {FERTILIZER} = "
        f"{WATER * FERTILIZER:.1f} times. Adding the two factors, {WATER + FERTILIZER:.1f}, is a slip of the pen. "
        f"Adding the two gains, 1 + {WATER - 1:.1f} + {FERTILIZER - 1:.1f} = {WATER + FERTILIZER - 1:.1f}, is a model: "
        "the identity link. The log link adds on the log scale, which multiplies the means."
    )
    report.table(table)
    report.text(
        f"'both' is the predicted multiple with its 95 % interval, from {3 * pots} pots of the other three treatments. "
        f"The other columns: all combinations of 0 to {DOSES} doses ({len(many)} pots). Over one dose the two links "
        "differ little; over several, the straight plane cannot follow, and the likelihood says so."
    )
    report.figure(
        _figure(table, doses, many),
        "seeds",
        "Left: predicted multiple for the unseen treatment. Right: fitted means by dose; points are the means of the "
        "pots.",
    )
    return table


def _true_mean(water: Any, fertilizer: Any) -> Any:
    return BASE * WATER**water * FERTILIZER**fertilizer


def _fit(frame: Any, family: Any) -> Any:
    return jg.glm("seeds ~ water + fertilizer", frame, family=family)


def _row(name: str, fit: Any, doses: Any, many: pd.DataFrame) -> dict[str, Any]:
    multiple, low, high = _multiple(fit)
    error = np.abs(doses.fittedvalues / _true_mean(many["water"], many["fertilizer"]) - 1)
    return {
        "link": name,
        "both": multiple,
        "from": low,
        "to": high,
        "truth": WATER * FERTILIZER,
        "log-likelihood, doses": float(doses.llf),
        "AIC, doses": float(doses.aic),
        "largest error of a mean": f"{error.max():.0%}",
        "status": doses.status.name.lower(),
    }


def _multiple(fit: Any) -> tuple[float, float, float]:
    """Predicted mean with both treatments over the mean with none, and its interval (delta method, log scale)."""
    new = pd.DataFrame({"water": [0.0, 1.0], "fertilizer": [0.0, 1.0]})
    X, mean = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), np.asarray(fit.predict(new))
    slope = np.ones(2) if fit.link_name == "log" else 1 / mean  # d log(mean) / d eta
    gradient = X[1] * slope[1] - X[0] * slope[0]
    width = 1.96 * np.sqrt(gradient @ fit.cov_params() @ gradient)
    ratio = mean[1] / mean[0]
    return float(ratio), float(ratio * np.exp(-width)), float(ratio * np.exp(width))


def _figure(table: list[dict[str, Any]], doses: dict[str, Any], many: pd.DataFrame) -> Any:
    figure, axes = panels(1, 3, width=11.5, height=4.2, gridspec_kw={"width_ratios": [1.0, 1.2, 1.2]})
    _multiples(axes[0, 0], table)
    for axis, (name, fit) in zip(axes[0, 1:], doses.items(), strict=True):
        _by_dose(axis, name, fit, many)
    axes[0, 2].sharey(axes[0, 1])
    axes[0, 1].legend(fontsize=8, loc="upper left")
    return figure


def _multiples(axis: Any, table: list[dict[str, Any]]) -> None:
    labels = ["identity", "log", "sum of\nfactors"]
    heights = [row["both"] for row in table] + [WATER + FERTILIZER]
    axis.bar(labels, heights, color=[VERMILION, BLUE, "#888888"], width=0.6)
    for place, row in enumerate(table):
        axis.vlines(place, row["from"], row["to"], color=BLACK, linewidth=2.5)
    axis.axhline(WATER * FERTILIZER, color=BLACK, linestyle=":", label=f"truth, {WATER * FERTILIZER:.1f}")
    for place, height in enumerate(heights):
        axis.text(place, height / 2, f"{height:.2f}x", ha="center", color="white", fontweight="bold")
    axis.set(title="Water and fertilizer", ylabel="multiple of an untreated pot", ylim=(0, 3.2))
    axis.legend(fontsize=8, loc="upper left")


def _by_dose(axis: Any, name: str, fit: Any, many: pd.DataFrame) -> None:
    water = np.linspace(0, DOSES, 100)
    for fertilizer, colour in zip((0, DOSES // 2, DOSES), COLOURS, strict=False):
        axis.plot(
            water,
            fit.predict(pd.DataFrame({"water": water, "fertilizer": float(fertilizer)})),
            color=colour,
            label=f"fertilizer {fertilizer}",
        )
        axis.plot(
            many[many["fertilizer"] == fertilizer].groupby("water")["seeds"].mean(), "o", color=colour, markersize=5
        )
    axis.set(title=name, xlabel="doses of water", ylabel="seedlings in a pot")
