"""HOST: how good a fit is: against the model without covariates, and against other fits of the same rows."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..basis import Basis
from ..frame import to_frame
from ..predictors import Predictor
from ..programs import build_problem, solve
from .joint import responses
from .loo import loo

INTERCEPT = "(Intercept)"
KINDS = ("mcfadden", "mcfadden_adjusted", "cox_snell", "nagelkerke", "deviance", "tjur")
CRITERIA = ("aic", "aicc", "bic", "looic")


def aicc(fit: Any) -> float:
    """AIC with the correction for small samples; inf where there are not two observations more than parameters.

    Source: Hurvich and Tsai (1989), Biometrika 76.
    """
    k, n = fit.n_params, fit.nobs
    return fit.aic + 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf


def null_model(fit: Any) -> Any:
    """The fit with an intercept only: the same rows, offsets and family, every further parameter estimated and shared.

    A model without an intercept is compared with one too. Returns a result of the same kind.
    """
    fit.family.check_single("models with an intercept only")
    n, first = fit._n, fit.parts[0]
    ones = Basis(np.ones((n, 1)), None, np.arange(1))
    alone = lambda p: replace(p, part=_intercept(p.part), basis=ones, names=_names(p, first))  # noqa: E731
    parts = tuple(p if p.shared else alone(p) for p in fit.parts)
    weights = fit._weights[:n]
    offset, further = first.part.offset, [p.columns() for p in parts[1:]]
    problem = build_problem(fit.problem.family, np.ones((n, 1)), responses(fit), offset, weights, further)
    solved = solve(problem, fit.solver, None, fit._edm)
    frame = replace(fit.frame, X=np.ones((n, 1)), names=(INTERCEPT,), has_intercept=True, formula=None,
                    encode=parts[0].part.encode, further=tuple(p.part for p in parts[1:] if p.part))  # fmt: skip
    return replace(fit, frame=frame, parts=parts, problem=problem, solved=solved)


def _names(predictor: Predictor, first: Predictor) -> tuple[str, ...]:
    return (INTERCEPT,) if predictor.parameter == first.parameter else (f"{predictor.parameter}: {INTERCEPT}",)


def _intercept(part: Any) -> Any:
    def encode(new):
        X, offset = part.encode(new)
        return np.ones((len(X), 1)), offset

    return replace(part, X=np.ones((len(part.X), 1)), names=(INTERCEPT,), encode=encode, has_intercept=True,
                   formula=None)  # fmt: skip


def pseudo_r2(fit: Any, kind: str = "mcfadden") -> float:
    """Share of what there is to explain that the model explains, 0 for the model with an intercept only; of choices for
    the one in which the alternatives of a set are equally likely, an offset aside.

    kind: "mcfadden", of the log-likelihood; "mcfadden_adjusted", less one for each parameter; "cox_snell", by the
        likelihood ratio for each observation; "nagelkerke", the same over its largest value; "deviance", of the
        deviance; "tjur", the difference of mean predictions between responses 1 and 0, of choices between the rows that
        were chosen and those that were not.
    Raises: ValueError for another kind, "tjur" of responses that are not 0 or 1.
    Source: McFadden (1974); Cox and Snell (1989); Nagelkerke (1991), Biometrika 78; Tjur (2009), Amer. Statist. 63.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of pseudo_r2; choose from {', '.join(KINDS)}.")
    if kind == "tjur":
        return _tjur(fit)
    llf, deviance = _of_null(fit)
    if kind == "deviance":
        return 1 - fit.deviance / deviance
    gain, n = fit.llf - llf, fit.nobs
    table = {
        "mcfadden": lambda: 1 - fit.llf / llf,
        "mcfadden_adjusted": lambda: 1 - (fit.llf - fit.n_params) / llf,
        "cox_snell": lambda: -np.expm1(-2 * gain / n),
        "nagelkerke": lambda: np.expm1(-2 * gain / n) / np.expm1(2 * llf / n),
    }
    return float(table[kind]())


def _of_null(fit: Any) -> tuple[float, float]:
    """Log-likelihood and deviance without covariates. Choices have no intercept: there is nothing to fit, and their
    saturated log-likelihood is 0."""
    if fit.family.tied is not None:
        return -fit.null_deviance / 2, fit.null_deviance
    null = null_model(fit)
    return null.llf, null.deviance


def _tjur(fit: Any) -> float:
    used, w = (fit.frame.of_rows(a) for a in (fit.counted > 0, fit._weights[: fit._n]))
    y = fit.y if fit.frame.sets is None else np.asarray(fit.frame.y)
    if not np.all((y[used] == 0) | (y[used] == 1)):
        raise ValueError(f"Tjur's coefficient is for responses 0 and 1; those of {fit.family_name} have other values.")
    mean = lambda level: np.average(fit.fittedvalues[used & (y == level)], weights=w[used & (y == level)])  # noqa: E731
    return float(mean(1) - mean(0))


def compare(fits: Iterable[Any] | Mapping[str, Any], *, by: str = "aic", looic: bool = False) -> Any:
    """Table of fits of the same responses, the best first, as a frame of the input's kind.

    Columns: model, llf, n_params, aic, aicc, bic, delta (to the best, by the criterion), weight (Akaike's, of the
    criterion), status; with `looic` also looic and its standard error.
    fits: results, or {name: result}. by: "aic", "aicc", "bic" or "looic". looic: leave-one-out for each, rows where
        one Newton step is doubtful refitted.
    Raises: ValueError for no fit, another criterion, or fits of different responses, rows or weights.
    Source: Burnham and Anderson (2002), Model Selection and Multimodel Inference, section 2.9.
    """
    if by not in CRITERIA:
        raise ValueError(f"unknown criterion by={by!r} of compare; choose from {', '.join(CRITERIA)}.")
    named = dict(fits) if isinstance(fits, Mapping) else numbered(list(fits))
    if not named:
        raise ValueError("compare needs at least one fit; it was given none.")
    names, models = list(named), list(named.values())
    for name, fit in zip(names[1:], models[1:], strict=True):
        _check_same(names[0], models[0], name, fit)
    _warn(named)
    numbers = ("llf", "n_params", "aic", "aicc", "bic")
    columns = {key: np.asarray([getattr(f, key) for f in models], float) for key in numbers}
    if looic or by == "looic":
        left = [loo(f, "mixed") if f.converged else None for f in models]
        columns |= {f"looic{end}": np.asarray([getattr(v, key) if v else np.nan for v in left])
                    for end, key in (("", "looic"), ("_se", "se"))}  # fmt: skip
    columns["delta"] = columns[by] - np.nanmin(columns[by])
    weight = np.exp(-columns["delta"] / 2)
    columns["weight"] = weight / np.nansum(weight)
    columns["status"] = np.asarray([f.status.name.lower() for f in models], object)
    order = np.argsort(columns[by], kind="stable")
    table = {"model": np.asarray(names, object)} | columns
    return to_frame({key: values[order] for key, values in table.items()}, models[0].frame.kind)


def numbered(fits: list) -> dict[str, Any]:
    words = [f.formula or f"{f.family_name}({f.link_name})" for f in fits]
    return {w if words.count(w) == 1 else f"{i + 1}: {w}": f for i, (w, f) in enumerate(zip(words, fits, strict=True))}


def _check_same(name: str, fit: Any, other_name: str, other: Any) -> None:
    pairs = f"{name!r} and {other_name!r}"
    if fit._n != other._n:
        raise ValueError(f"fits of different rows cannot be compared: {pairs} have {fit._n} and {other._n}. Columns "
                         "with missing values drop rows: drop these rows from the data of both.")
    one, two = (np.stack(np.broadcast_arrays(*r)) if isinstance(r, tuple) else np.asarray(r)[None]
                for r in (responses(fit), responses(other)))  # fmt: skip
    if one.shape != two.shape or not np.array_equal(one, two):
        what = f"{np.sum(one != two)} of {one.size} values differ" if one.shape == two.shape else "one has trials"
        raise ValueError(f"fits of different responses cannot be compared: those of {pairs} are not the same ({what}). "
                         "A transformed response has another likelihood.")
    same = np.array_equal(fit._weights[: fit._n], other._weights[: fit._n])
    if not (same and np.array_equal(fit.counted, other.counted)):
        raise ValueError(f"fits of different weights cannot be compared: those of {pairs} are not the same.")


def _warn(named: dict[str, Any]) -> None:
    whole = {fit.family.support.whole for fit in named.values()}
    if len(whole) > 1:
        warnings.warn("some of these families give probabilities of counts and some densities: their likelihoods, and "
                      "all criteria made from them, are not comparable.", stacklevel=3)  # fmt: skip
    failed = [f"{name} ({fit.status.name})" for name, fit in named.items() if not fit.converged]
    if failed:
        warnings.warn("these fits have no interior maximum, so that their criteria are not what they seem and "
                      f"there is no looic: {', '.join(failed)}.",
                      stacklevel=3)  # fmt: skip
