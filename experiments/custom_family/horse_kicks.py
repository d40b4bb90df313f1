"""Horse kicks, with the quiet years lost: a Poisson of which no zero was written down."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from scipy import stats

import jaxglm as jg
from experiments.figures import BLACK, BLUE, GREEN, VERMILION, panels
from experiments.report import Report
from jaxglm import data

positive_counts = replace(jg.counts, low=1.0, words="positive integers")


@jg.family
class ZeroTruncatedPoisson:
    mu: jg.Link = jg.Log()
    support = positive_counts

    def loglik(self, y, mu):
        return y * mu.log - mu.value - jnp.log(-jnp.expm1(-mu.value)) - gammaln(y + 1)


TITLE = "Horse kicks without the zeros: a truncated Poisson"
FAMILY = ZeroTruncatedPoisson()
FORMULA = "deaths ~ decade"


def frame() -> Any:
    """The corps and years with at least one death."""
    return _all().query("deaths > 0")


def by_hand(frame: Any) -> tuple[np.ndarray, np.ndarray]:
    """Response and design without the formula."""
    decade = (frame["year"].to_numpy(float) - 85) / 10
    return frame["deaths"].to_numpy(float), np.column_stack([np.ones(len(frame)), decade])


def density(y: Any, eta: Any) -> Any:
    return stats.poisson.logpmf(y, np.exp(eta)) - np.log(stats.poisson.sf(0, np.exp(eta)))


def story(report: Report, fit: Any) -> None:
    everything, positive = _all(), frame()
    others = {"Poisson, all rows": everything, "Poisson, zeros lost": positive}
    fits = {name: jg.glm(FORMULA, rows, family="poisson") for name, rows in others.items()} | {
        "truncated, zeros lost": fit
    }
    lost, (guess, low, high) = len(everything) - len(positive), _lost(fit)
    report.text("positive_counts is dataclasses.replace(jg.counts, low=1.0, ...): the counts from one on.", soft=True)
    report.text(
        f"Bortkiewicz counted {len(everything)} corps-years; in {lost} of them nobody was killed. Suppose that only "
        f"the {len(positive)} with a death had been written down. A Poisson fitted to those is far too high. A Poisson "
        f"given y > 0 is not fooled: from the rows that are left it puts the rows that were lost at {guess:.0f} (95 % "
        f"interval {low:.0f} to {high:.0f}). mu is the mean before truncation."
    )
    report.figure(
        _figure(fits, everything),
        "horse_kicks",
        "Left: corps-years with so many deaths, counted and expected. Right: deaths a year by the three fits.",
    )


def _all() -> Any:
    frame = data.load("prussian", as_frame=True)
    return frame.assign(decade=(frame["year"] - 85) / 10)


def _rate(fit: Any) -> np.ndarray:
    return np.exp(fit.linear_predictor)


def _lost(fit: Any) -> tuple[float, float, float]:
    """Expected rows that truncation removed (odds of a zero, summed over the rows left), and its 95 % interval."""
    odds, X = 1 / np.expm1(_rate(fit)), by_hand(frame())[1]
    total = np.sum(odds)
    gradient = -(_rate(fit) * odds * (1 + odds)) @ X / total
    width = np.exp(1.96 * np.sqrt(gradient @ fit.cov_params() @ gradient))
    return float(total), float(total / width), float(total * width)


def _figure(fits: dict[str, Any], everything: Any) -> Any:
    figure, axes = panels(1, 2, width=10.5, height=4.0)
    colours = dict(zip(fits, (BLACK, VERMILION, BLUE), strict=True))
    _distribution(axes[0, 0], fits, everything, colours)
    means = everything.groupby("year")["deaths"].mean()
    axes[0, 1].plot(1800 + means.index, means, "o", color=GREEN, markersize=4, label="mean of all rows")
    for name, fit in fits.items():
        years, rate = np.array([1875, 1894]), np.exp(fit.params[0] + fit.params[1] * np.array([-1.0, 0.9]))
        axes[0, 1].plot(
            years, rate, color=colours[name], linestyle="--" if name.startswith("Poisson, all") else "-", label=name
        )
    axes[0, 1].set(
        xlabel="year", ylabel="deaths in a corps and year", ylim=(0, 1.9), title="Rate", xticks=range(1875, 1895, 5)
    )
    axes[0, 1].legend(fontsize=8, ncols=2, loc="upper left")
    return figure


def _distribution(axis: Any, fits: dict[str, Any], everything: Any, colours: Mapping[str, str]) -> None:
    k = np.arange(6)
    axis.bar(
        k, np.bincount(everything["deaths"], minlength=6), color="#cfd8de", width=0.8, label="counted (zeros: hidden)"
    )
    for (name, fit), shift in zip(fits.items(), (-0.2, 0.0, 0.2), strict=True):
        missing = _lost(fit)[0] if name.startswith("truncated") else 0.0
        expected = np.mean(stats.poisson.pmf(k[:, None], _rate(fit)), axis=1) * (fit.nobs + missing)
        axis.plot(k + shift, expected, "o", color=colours[name], label=name)
    axis.set(xlabel="deaths", ylabel="corps-years", title="How many corps-years")
    axis.legend(fontsize=8)
