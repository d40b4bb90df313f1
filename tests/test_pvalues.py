"""Logs of p-values against multiprecision, and adjusted p-values against their definitions and statsmodels."""

import mpmath as mp
import numpy as np
import pytest

from jaxglm.inference import adjust_pvalues, log_two_sided
from jaxglm.inference.tails import FAR

SIZES = (1e-8, 1e-4, 0.1, 0.67, 0.68, 1, 1.5, 2, 5, 8.9, 9, 15, 37, 40, 1e3, 1e5, 1e6, 1e10, 1e100)
# on both sides of 40, where Stirling's series takes over
DFS = (0.01, 0.5, 1, 2.5, 3, 10, 19.9, 39.9, 40, 40.1, 100, 1e3, 1e4, 1e6)
METHODS = ("bonferroni", "holm", "bh", "by")
THEIRS = list(zip(METHODS, ("bonferroni", "holm", "fdr_bh", "fdr_by"), strict=True))  # words of statsmodels


def normal(z):
    """log P(|Z| > z) to 60 digits."""
    with mp.workdps(60):
        z = mp.mpf(z) / mp.sqrt(2)
        return mp.log1p(-mp.erf(z)) if z < 1 else mp.log(mp.erfc(z))


def student(t, df):
    """log P(|T| > t) to about 50 digits: the incomplete beta function as a hypergeometric series."""
    with mp.workdps(60):
        a, b, x = mp.mpf(df) / 2, mp.mpf(1) / 2, df / (df + mp.mpf(t) ** 2)
        series = mp.hyp2f1(a + b, 1, a + 1, x)
        return a * mp.log(x) + b * mp.log(1 - x) - mp.log(a * mp.beta(a, b)) + mp.log(series)


def error(value, exact) -> float:
    return float(abs((mp.mpf(float(value)) - exact) / exact))


def test_normal_against_multiprecision():
    got = log_two_sided(SIZES)
    assert max(error(g, normal(z)) for g, z in zip(got, SIZES, strict=True)) < 1e-14


@pytest.mark.parametrize("df", DFS)
def test_student_against_multiprecision(df):
    got = log_two_sided(SIZES, df)
    assert max(error(g, student(t, df)) for g, t in zip(got, SIZES, strict=True)) < 2e-14


def test_student_with_many_degrees_of_freedom():
    """At df = 1e10 and t = 1e5 the tail is far from normal: the exponents are (df/2) log(1 + t^2/df) and t^2/2."""
    t = np.array([1e-4, 0.5, 1, 5, 20, 40])
    for df in (1e12, 1e16, 1e100, 1e300):
        near = t**4 / (4 * df) / -log_two_sided(t)
        np.testing.assert_allclose(log_two_sided(t, df), log_two_sided(t), rtol=1e-13 + 2 * near.max())
    np.testing.assert_array_equal(log_two_sided(t, np.inf), log_two_sided(t))
    np.testing.assert_allclose(log_two_sided(1e5, 1e10), -5e9 * np.log(2), rtol=1e-8)


def test_the_two_ways_meet():
    """No jump where the quadrature takes over: third differences are those of rounding."""
    for df in (3, 30, 3000):
        crossing = np.sqrt(df * np.expm1(2 * FAR / df))
        t = crossing * (1 + np.linspace(-1e-3, 1e-3, 41))
        assert np.abs(np.diff(log_two_sided(t, df), n=3)).max() < 1e-11


def test_special_values_and_shapes():
    statistic = np.array([0, -0.0, np.inf, -np.inf, np.nan, -3.0])
    for df in (None, 3, 1e6, np.inf):
        got = log_two_sided(statistic, df)
        np.testing.assert_array_equal(got[:5], [0, 0, -np.inf, -np.inf, np.nan])
        assert not np.signbit(got[:2]).any()
        assert got[5] == log_two_sided(3, df)
    assert np.isnan(log_two_sided(1.0, [0, -1, np.nan])).all()
    assert log_two_sided(np.ones((5, 3)), np.ones((5, 1))).shape == (5, 3)
    assert isinstance(log_two_sided(1), np.ndarray)
    assert log_two_sided([], 3).shape == (0,)
    np.testing.assert_allclose(log_two_sided(1, 1), np.log(0.5), rtol=1e-15)  # Cauchy quartiles
    assert error(log_two_sided(1e300, 3), -3 * mp.log(mp.mpf(10) ** 300) + mp.log(4 * mp.sqrt(3) / mp.pi)) < 1e-14


def by_definition(p, method):
    """The least level at which each test is rejected, over all levels at which a decision may change."""
    made = p[~np.isnan(p)]
    m, ordered = len(made), np.sort(made)
    harmonic = sum(1 / k for k in range(1, m + 1))
    factor = {
        "bonferroni": lambda k: m,
        "holm": lambda k: m - k + 1,
        "bh": lambda k: m / k,
        "by": lambda k: m * harmonic / k,
    }[method]
    levels = np.array([min(ordered[k - 1] * factor(k), 1) for k in range(1, m + 1)])
    if method == "holm":  # rejected if it and every smaller one pass
        steps = [max(levels[:k]) for k in range(1, m + 1)]
    elif method == "bonferroni":
        steps = list(levels)
    else:  # rejected if it or any larger one passes
        steps = [min(levels[k - 1 :]) for k in range(1, m + 1)]
    return np.array([np.nan if np.isnan(q) else steps[list(ordered).index(q)] for q in p])


def vectors():
    rng = np.random.default_rng(7)
    ties = rng.integers(0, 4, 15) / 3
    gaps = np.where(rng.random(20) < 0.3, np.nan, rng.random(20) ** 3)
    edges = np.array([0, 0, 1, 1, 0.5])
    return [rng.random(12) ** 4, ties, gaps, edges, np.array([0.3]), np.full(3, np.nan), np.empty(0)]


@pytest.mark.parametrize("method", METHODS)
def test_adjusted_against_the_definition(method):
    for p in vectors():
        before = p.copy()
        np.testing.assert_allclose(adjust_pvalues(p, method), by_definition(p, method), rtol=1e-14)
        np.testing.assert_array_equal(p, before)


@pytest.mark.parametrize(("method", "theirs"), THEIRS)
def test_adjusted_against_statsmodels(method, theirs):
    from statsmodels.stats import multitest

    for p in vectors():
        made = p[~np.isnan(p)]
        if len(made):
            expected = multitest.multipletests(made, method=theirs)[1]
            np.testing.assert_allclose(adjust_pvalues(p, method)[~np.isnan(p)], expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("bonferroni", [0.05, 0.2, 0.15, np.nan, 0.025, 0.15]),
        ("holm", [0.04, 0.09, 0.09, np.nan, 0.025, 0.09]),
        ("bh", [0.025, 0.04, 0.0375, np.nan, 0.025, 0.0375]),
        ("by", np.array([0.025, 0.04, 0.0375, np.nan, 0.025, 0.0375]) * 137 / 60),
    ],
)
def test_adjusted_by_hand(method, expected):
    p = [0.01, 0.04, 0.03, np.nan, 0.005, 0.03]
    np.testing.assert_allclose(adjust_pvalues(p, method), expected, rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_columns_are_adjusted_by_themselves(method):
    p = np.random.default_rng(3).random((9, 4))
    p[2, 1] = np.nan
    expected = np.stack([adjust_pvalues(column, method) for column in p.T], axis=1)
    np.testing.assert_array_equal(adjust_pvalues(p, method), expected)
    np.testing.assert_array_equal(adjust_pvalues(np.asfortranarray(p)[:, ::2], method), expected[:, ::2])


def test_bad_pvalues_are_named():
    with pytest.raises(ValueError, match=r"unknown method 'fdr'.*bonferroni, holm, bh, by"):
        adjust_pvalues([0.1], "fdr")
    with pytest.raises(ValueError, match=r"2 of 4 entries do not \(first: entry 1, p = -0.1\)"):
        adjust_pvalues([0.1, -0.1, np.nan, 1.5])
    with pytest.raises(ValueError, match=r"first: entry \[1, 0\], p = 2"):
        adjust_pvalues([[0.1, 0.2], [2, 0.3]])
    with pytest.raises(ValueError, match="its shape is"):
        adjust_pvalues(0.1)
