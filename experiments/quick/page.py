"""What the report shows of one model: its data, summary, pictures and differences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.figures import BLUE, ORANGE, VERMILION, panels
from experiments.report import Report
from jaxglm import data

COLUMNS = ("offset", "exposure", "weights", "trials")  # the arguments of glm that name a column


def section(report: Report, model: Mapping[str, Any], fit: Any, checks: list[dict[str, Any]]) -> None:
    """Adds one model to the report."""
    about, stored = data.describe(model["dataset"]), model["numbers"]
    report.heading(f"{about['title']}: {model['family']}, {model['link']} link")
    report.text(about["description"])
    report.text(f"Source: {about['source']}.", soft=True)
    report.code(_call(model))
    report.html(fit.summary()._repr_html_())
    caption = f"{model['name']}: coefficients in their standard errors, and deviance residuals"
    report.figure(_figure(fit, stored), model["name"], caption)
    report.table([{key: row[key] for key in ("quantity", "difference", "tolerance", "verdict")} for row in checks])
    report.text(f"Compared with: {stored['engine']}{_distance(stored)}", soft=True)
    if "call" in stored:
        report.code(stored["call"])


def _distance(stored: Mapping[str, Any]) -> str:
    if "r_distance" not in stored:
        return "."
    return f"; R stopped {stored['r_distance']:.0e} standard errors from the maximum."


def _call(model: Mapping[str, Any]) -> str:
    words = [f'{key}="{model[key]}"' for key in ("family", "link", *COLUMNS) if key in model]
    frame = f'frame = jaxglm.data.load("{model["dataset"]}", as_frame=True)'
    return f'{frame}\nfit = jg.glm("{model["formula"]}", frame, {", ".join(words)})'


def _figure(fit: Any, stored: Mapping[str, Any]) -> Any:
    # an intercept is often far from zero, and seldom the question
    shown = [i for i, name in enumerate(fit.params.names) if name != "Intercept"]
    figure, axes = panels(1, 2, width=10.5, height=max(3.2, 1.2 + 0.3 * len(shown)))
    _coefficients(axes[0, 0], fit, stored, shown)
    _residuals(axes[0, 1], fit)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=2, fontsize=9)
    return figure


def _coefficients(axis: Any, fit: Any, stored: Mapping[str, Any], shown: list[int]) -> None:
    """Estimates in standard errors, with 95 % intervals: coefficients of different units fit on one axis."""
    rows, z = np.arange(len(shown))[::-1], np.asarray(fit.params / fit.bse)[shown]
    known = (np.array(stored["coef"]) / stored["se"])[shown]
    axis.axvline(0, color="#888888", linewidth=1)
    axis.errorbar(z, rows, xerr=1.96, fmt="o", color=BLUE, markersize=5, capsize=2, label="jaxglm, with 95 % interval")
    axis.plot(known, rows, "o", color=VERMILION, markersize=10, fillstyle="none", label="stored number")
    axis.set_yticks(rows, [f"{fit.params.names[i]}  {fit.params[i]:.3g}" for i in shown])
    axis.set(ylim=(-0.7, len(rows) - 0.3), xlabel="estimate / standard error", title="Coefficients")


def _residuals(axis: Any, fit: Any) -> None:
    axis.axhline(0, color="#888888", linewidth=1)
    axis.plot(fit.linear_predictor, fit.resid("deviance"), "o", color=ORANGE, markeredgecolor="white", markersize=6)
    axis.set(xlabel="linear predictor", ylabel="deviance residual", title="Residuals")
