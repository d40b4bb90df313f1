"""The table of R's tests: analysis of deviance, dropped terms, Wald tests of terms, two nested fits."""

from typing import Any

import numpy as np

import jaxglm as jg

from . import measure
from .case import Case
from .fits import Fits
from .quantity import Quantity, plain
from .yardsticks import LAGGED

OURS = {  # R's table: our method and its test
    "anova_sequential_LRT": ("anova", "chi2"),
    "anova_sequential_Rao": ("anova", "rao"),
    "drop1_LRT": ("drop_one", "chi2"),
    "drop1_Rao": ("drop_one", "rao"),
    "anova_F": ("anova", "F"),
}
COLUMNS = {  # R's column: ours, and the tolerance; R's scores use the weights of the step before the last
    "Df": ("df", 0), "Resid. Df": ("resid_df", 0), "Deviance": ("deviance", 1e-9), "Resid. Dev": ("resid_dev", 1e-9),
    "AIC": ("aic", 1e-9), "LRT": ("chi2", 1e-9), "Rao": ("rao", LAGGED), "Rao score": ("rao", LAGGED),
    "Pr(>Chi)": ("p_value", LAGGED), "F": ("F", LAGGED), "Pr(>F)": ("p_value", LAGGED),
}  # fmt: skip


def terms(case: Case) -> dict[str, list[str]]:
    """Columns of each term, as R assigns them."""
    pairs = list(zip(case.names, case.raw["design"]["assign"], strict=True))
    return {t: [n for n, a in pairs if a == j + 1] for j, t in enumerate(case.raw["design"]["term_labels"])}


def column(*path: str):
    """The stored numbers of a column, NaN where R has none; a name may have dots."""

    def read(case: Case):
        values = case.get("tests")
        for key in path:
            values = None if values is None else values.get(key)
        return None if values is None else np.asarray([np.nan if v is None else float(v) for v in values])

    return read


def of_largest_deviance(ours, truth, case: Case) -> float:
    """Differences of deviances are off by the rounding of the deviances."""
    return measure.scaled(ours, truth, case.get("fit.null_deviance"))


def table(fits: Fits, key: str):
    method, test = OURS[key]
    return getattr(fits.default, method)(test, terms=terms(fits.case))


def ours(fits: Fits, key: str, name: str) -> np.ndarray:
    return table(fits, key)[COLUMNS[name][0]]


ERRORS: dict[str, Any] = dict.fromkeys(("Deviance", "Resid. Dev", "LRT", "AIC"), of_largest_deviance)
ERRORS |= dict.fromkeys(("Rao", "Rao score", "F"), plain(measure.of_largest))


def row(key: str, name: str) -> Quantity:
    error = ERRORS.get(name, plain(measure.relative))
    tolerance = COLUMNS[name][1]
    return Quantity(f"R.{key}.{name}", column(key, "columns", name), lambda f: ours(f, key, name), tolerance, error)


# ---------------------------------------------------------------- one test


def wald_of_terms(fits: Fits) -> np.ndarray:
    columns = terms(fits.case)
    wanted = [w["term"] for w in fits.case.raw["tests"]["wald_by_term"]]
    return np.asarray([fits.default.wald_test(columns[term], use_f=False).statistic for term in wanted])


def wald_stored(case: Case):
    rows = case.get("tests.wald_by_term")
    return None if rows is None else np.asarray([w["chi2"] for w in rows])


def nested(fits: Fits):
    """The smaller model of the case, named "drop a, b"."""
    case = fits.case
    gone = {n for t in case.raw["tests"]["nested"]["reduced"].removeprefix("drop ").split(", ") for n in terms(case)[t]}
    kept = [j for j, name in enumerate(case.names) if name not in gone]
    data: dict[str, Any] = dict(names=[case.names[j] for j in kept], weights=case.weights, offset=case.offset)
    return jg.GLM(case.y, case.X[:, kept], family=fits.default.family, **data).fit(), gone


def nested_test(fits: Fits, test: str):
    small, gone = nested(fits)
    if test == "Wald":
        return fits.default.wald_test(sorted(gone))
    return small.lr_test(fits.default)


def nested_row(test: str, theirs: str, value) -> Quantity:
    def error(ours, truth, case):
        return measure.relative(ours, truth[-1])

    return Quantity(f"R.nested.{test}.{theirs}", column("nested", test, "columns", theirs), value, LAGGED, error)


def nested_rao(fits: Fits):
    return jg.anova(nested(fits)[0], fits.default, test="rao")["rao"][-1]


HYPOTHESES = (
    *(row(key, name) for key in OURS for name in COLUMNS),
    Quantity("R.wald_by_term", wald_stored, wald_of_terms, LAGGED,
             lambda ours, truth, case: measure.scaled(ours, truth, np.maximum(truth, 1.0))),
    nested_row("LR", "Deviance", lambda f: nested_test(f, "LR").statistic),
    nested_row("LR", "Pr(>Chi)", lambda f: nested_test(f, "LR").pvalue),
    nested_row("Wald", "Chisq", lambda f: nested_test(f, "Wald").statistic),
    nested_row("Wald", "Pr(>Chisq)", lambda f: nested_test(f, "Wald").pvalue),
    nested_row("Rao", "Rao", nested_rao),
)  # fmt: skip
