"""HOST: likelihood ratio tests of nested fits, and what has to hold of the two."""

from typing import Any

import numpy as np

from ..design import Ones
from ..inference import log_chi2
from ..links import Fixed
from .restricted import USABLE
from .table import HypothesisTest, log_tail

INSIDE = 1e-7  # share of a column outside the span of the larger design up to which that has it
TESTS = ("chi2", "F", "rao")


def chosen_test(fit: Any, test: str | None, words: tuple[str, ...] = TESTS) -> str:
    """The test of this name; without one, F where the dispersion is estimated, else chi-squared."""
    check_unpenalised(fit)
    if test is None:
        return "F" if fit.use_t else "chi2"
    if test not in words:
        raise ValueError(f"unknown test {test!r}; choose from {', '.join(words)}.")
    if test == "F" and not fit.use_t:
        raise ValueError(f"test='F' needs a dispersion that is estimated; that of this {fit.family_name} fit is known. "
                         "Use test='chi2'.")  # fmt: skip
    return test


def check_unpenalised(fit: Any) -> None:
    """Raises ValueError for a penalised fit, whose log-likelihood is not at its maximum."""
    if fit.problem.penalty is not None:
        raise ValueError("this fit is penalised: it is not at the maximum of its likelihood, and likelihood ratios and "
                         "scores have no reference distribution there. Fit without the penalty.")  # fmt: skip


def by_deviance(fit: Any, test: str) -> bool:
    """Whether tests compare deviances over the dispersion; else twice the log-likelihood, all parameters at their best:
    families with further parameters, and a dispersion by maximum likelihood."""
    return fit._edm and not (test == "chi2" and fit.use_t and fit.dispersion_method == "ml")


def misfit(fit: Any, deviance: bool) -> float:
    """The deviance, or minus twice the log-likelihood."""
    return fit.deviance if deviance else -2 * fit.llf


def lr_test(small: Any, large: Any, *, test: str | None = None, edge: int = 0) -> HypothesisTest:
    """Likelihood ratio test of a fit against a larger one of the same rows that contains it.

    test: "chi2", or "F", the default where the dispersion is estimated: the difference in deviance over its degrees of
        freedom and over the dispersion of the larger fit. "chi2" is that difference over the dispersion, or twice the
        difference in log-likelihood where all parameters are by maximum likelihood.
    edge: 1 where the smaller model puts a parameter of the larger on the edge of its space (Poisson as the negative
        binomial with alpha = 0): the reference is then the even mixture of chi-squared with df - 1 and df degrees of
        freedom. That the families are nested is then not checked.
    Raises: ValueError where the fits are not nested, are given in reverse order, or have the same columns.
    Source: Wilks (1938); McCullagh and Nelder (1989), section 4.4; Self and Liang (1987) for the edge.
    """
    test = chosen_test(large, test, ("chi2", "F"))
    if edge not in (0, 1) or (edge and test == "F"):
        raise ValueError(f"edge must be 0, or 1 with test='chi2'; it is {edge!r} with test={test!r}.")
    df = checked_df(small, large, families=not edge)
    deviance = by_deviance(large, test) and not edge
    change, notes = gain(small, large, deviance)
    scale = large.dispersion if deviance else 1.0
    statistic = change / scale / (df if test == "F" else 1)
    df_denom = float(large.df_resid) if test == "F" else np.inf
    log_p = float(_log_mixture(statistic, df) if edge else log_tail(statistic, df, df_denom, as_f=test == "F"))
    method = "F test of deviances" if test == "F" else "Likelihood ratio test"
    return HypothesisTest(method, (f"{_title(small)}  against  {_title(large)}",), statistic, df, df_denom, log_p,
                          (*notes, *_edge_note(large, edge)), large.frame.kind)  # fmt: skip


def gain(small: Any, large: Any, deviance: bool) -> tuple[float, tuple[str, ...]]:
    """How much less the larger misfits; NaN with the reason where a fit has not reached its maximum."""
    bad = [f for f in (small, large) if f.status not in USABLE]
    if bad:
        return np.nan, (f"No statistic: a fit did not reach its maximum ({bad[0].status.name.lower()}). "
                        f"{bad[0].message}",)  # fmt: skip
    before, after = misfit(small, deviance), misfit(large, deviance)
    lower = before - after < -1e-6 * (1 + abs(after))
    notes = ("The larger model fits worse than the smaller: one of them stopped at a local maximum.",) if lower else ()
    return max(before - after, 0.0), notes


def _edge_note(large: Any, edge: int) -> tuple[str, ...]:
    if edge:
        return ("The smaller model is on the edge of the larger: half chi2(df - 1), half chi2(df).",)
    if large.status.name == "BOUNDARY":
        return ("A parameter of the larger model is on the edge of its space, where the reference distribution is not "
                "chi-squared: the p-value is then too large (see edge=1).",)  # fmt: skip
    return ()


def _log_mixture(statistic: float, df: int) -> np.ndarray:
    """log of the even mixture of the tails with df - 1 and df degrees of freedom; df = 0 is a mass at 0."""
    below = log_chi2(statistic, df - 1) if df > 1 else np.where(np.asarray(statistic) > 0, -np.inf, 0.0)
    return np.logaddexp(below, log_chi2(statistic, df)) - np.log(2)


def _title(fit: Any) -> str:
    return fit.formula or f"{fit.frame.response} on {', '.join(fit.frame.names)}"


# ---------------------------------------------------------------- nested?


def checked_df(small: Any, large: Any, *, families: bool = True) -> int:
    """Degrees of freedom between nested fits. Raises: ValueError where they are not nested in this order."""
    check_same_rows(small, large)
    if families:
        _check_families(small, large)
    outside, spare = _outside(small, large), _outside(large, small)
    df = large.n_params - small.n_params
    if outside and not spare:
        raise ValueError(f"the order is reversed: the first fit ({_title(small)}) contains the second "
                         f"({_title(large)}). Give the smaller one first.")  # fmt: skip
    if outside:
        raise ValueError(f"the fits are not nested: {', '.join(outside[:3])} of the first fit is not in the span of "
                         "the second's columns. `vuong_test` compares fits that are not nested.")  # fmt: skip
    if df < 0:
        raise ValueError(f"the order is reversed: the first fit has {small.n_params} parameters, the second "
                         f"{large.n_params}. Give the smaller one first.")  # fmt: skip
    if df == 0:
        raise ValueError(f"nothing to test: both fits have {large.n_params} parameters and columns of the same span.")
    return int(df)


def check_same_rows(one: Any, other: Any) -> None:
    """Raises ValueError unless two fits have the same response, rows and weights."""
    if one.nobs != other.nobs or one._n != other._n or not np.array_equal(one.frame.rows, other.frame.rows):
        raise ValueError(f"the fits must be of the same rows; they have {one.nobs:g} and {other.nobs:g}. Missing "
                         "values in a column of one of them? Fit both to the complete rows.")  # fmt: skip
    a, b = (np.atleast_2d(np.asarray(f.problem.y)) for f in (one, other))
    if a.shape != b.shape or not np.array_equal(a, b):
        names = f"{one.frame.response} and {other.frame.response}"
        raise ValueError(f"the fits must have the same response; the values of {names} differ.")
    if not np.array_equal(one._weights, other._weights):
        raise ValueError("the fits must have the same weights; they differ.")


def _check_families(small: Any, large: Any) -> None:
    a, b = small.family, large.family
    if a.density != b.density:
        raise ValueError(f"the fits must be of one family; they are {a.name} and {b.name}. Where one is the other with "
                         "a parameter on the edge of its space pass edge=1; else see `vuong_test`.")  # fmt: skip
    for name, one, two in zip(a.parameters, a.links, b.links, strict=True):
        freed = isinstance(one, Fixed) and not isinstance(two, Fixed)
        if not freed and repr(one) != repr(two):
            raise ValueError(f"the fits must have the same link for {name}; they have {one!r} and {two!r}.")


def _outside(inner: Any, outer: Any) -> list[str]:
    """What of the first fit's predictors the columns of the second's cannot make."""
    found = []
    for k, name in enumerate(outer.problem.family.predictors):
        if name in inner.problem.family.predictors:
            j = inner.problem.family.predictors.index(name)
            found += _parts_outside(inner, outer, j, k, name)
    return found


def _parts_outside(inner: Any, outer: Any, j: int, k: int, name: str) -> list[str]:
    used = outer._weights > 0
    basis, _ = np.linalg.qr(_scaled(stacked(design_matrix(outer.problem, k)[used])))
    columns = _scaled(stacked(design_matrix(inner.problem, j)[used]))
    rest = np.linalg.norm(columns - basis @ (basis.T @ columns), axis=0)
    found = [f"column {i + 1} of {name}" for i in np.flatnonzero(rest > INSIDE)]
    shift = np.ravel(_offset(inner.problem, j)[used] - _offset(outer.problem, k)[used])
    left = np.linalg.norm(shift - basis @ (basis.T @ shift))
    return found + ([f"the offset of {name}"] if left > INSIDE * max(np.linalg.norm(shift), 1e-300) else [])


def stacked(design: np.ndarray) -> np.ndarray:
    """The columns of a design, those of tied predictors one below the other."""
    return design.reshape(-1, design.shape[-1])


def _scaled(columns: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(columns, axis=0)
    return columns / np.where(size > 0, size, 1.0)


def design_matrix(problem: Any, k: int) -> np.ndarray:
    """The design of predictor k as a matrix (N, P_k) over the padded rows; (N, K, P_k) of tied ones."""
    design = problem.designs[k]
    return np.ones((problem.n, 1)) if isinstance(design, Ones) else np.asarray(design.X)


def _offset(problem: Any, k: int) -> np.ndarray:
    offset = problem.offsets[k]
    return np.zeros(design_matrix(problem, k).shape[:-1]) if offset is None else np.asarray(offset)
