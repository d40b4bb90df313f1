"""HOST: p-values adjusted for the number of tests made."""

import numpy as np


def adjust_pvalues(p, method: str = "bh") -> np.ndarray:
    """Adjusted p-values in the shape of p; rejecting those <= alpha holds the error rate of the method at alpha.

    p: numbers in [0, 1], shape (tests,) or (tests, columns), each column a set of tests by itself. NaN is a test that
        was not made: it stays NaN and is not counted.
    method: "bonferroni" and "holm" hold the chance of any false rejection, under any dependence; "bh" and "by" the
        expected share of false ones among the rejections, "bh" under independence or positive dependence, "by" under
        any.
    Raises: ValueError for another method, a p outside [0, 1] or another number of axes.
    Source: Holm (1979); Benjamini and Hochberg (1995); Benjamini and Yekutieli (2001), theorem 1.3.
    """
    p = _checked(np.asarray(p, float))
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r} of adjust_pvalues; choose from {', '.join(METHODS)}.")
    adjusted = p.copy()
    for column in np.atleast_2d(adjusted.T):  # views: what is assigned below is written into `adjusted`
        made = ~np.isnan(column)
        column[made] = np.minimum(METHODS[method](column[made]), 1)
    return adjusted


def _checked(p):
    if p.ndim not in (1, 2):
        raise ValueError(f"p must have one axis (tests) or two (tests, columns); its shape is {p.shape}.")
    outside = np.argwhere((p < 0) | (p > 1))
    if len(outside):
        first = tuple(outside[0].tolist())
        where = f"entry {first[0] if p.ndim == 1 else list(first)}, p = {p[first]:g}"
        raise ValueError(f"p must lie between 0 and 1; {len(outside)} of {p.size} entries do not (first: {where}).")
    return p


def _bonferroni(p):
    return p * len(p)


def _holm(p):
    """Step down: each p-value times the number of hypotheses not smaller, never below the one before."""
    order = np.argsort(p)
    return _placed(order, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))


def _bh(p):
    """Step up: each p-value times the number of tests over its rank, never above the one after."""
    order = np.argsort(p)[::-1]
    return _placed(order, np.minimum.accumulate(p[order] * (len(p) / np.arange(len(p), 0, -1))))


def _by(p):
    """As `_bh`, times 1 + 1/2 + ... + 1/m, the price of any dependence."""
    return _bh(p) * np.sum(1 / np.arange(1, len(p) + 1))


def _placed(order, values):
    """Values of sorted tests in the order of the tests."""
    out = np.empty_like(values)
    out[order] = values
    return out


METHODS = {"bonferroni": _bonferroni, "holm": _holm, "bh": _bh, "by": _by}
