"""The summary of stub results: every number in its place, aligned, at most 100 columns, whatever the numbers are."""

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from jaxglm.summary import count, number, p_value, render, shortened

NAN, INF = np.nan, np.inf
LONG = "C(group, contr.treatment('the control group'))[T.a level whose name is very long indeed]"


def stub(names=("Intercept", "x", "g[T.b]"), params=(-7.9193, 0.012345, 1.0), bse=(0.19178, 0.0012, 0.3), **changes):
    """A results object that knows nothing but its numbers."""
    estimates, errors = np.array(params, float), np.array(bse, float)
    with np.errstate(all="ignore"):
        tvalues = estimates / errors
        limits = np.stack([estimates - 2 * errors, estimates + 2 * errors], axis=1)
    values = {
        "names": names, "params": estimates, "bse": errors, "tvalues": tvalues, "pvalues": np.full(len(names), 0.0123),
        "conf_int": lambda alpha: limits, "family_name": "Poisson", "link_name": "log",
        "cov_description": "expected information",
        "formula": "deaths ~ agecat * smoke", "nobs": 1234.0, "n_dropped": 3, "solver_name": "newton", "n_iter": 5,
        "status": SimpleNamespace(name="CONVERGED"), "message": "Found.", "converged": True, "aliased": (),
        "family": SimpleNamespace(is_density=True, tied=None),
        "dispersion": 1.0, "dispersion_method": "pearson", "family_params": {}, "llf": -28.352, "aic": 76.704,
        "bic": 79.73, "deviance": 12.1324, "null_deviance": 644.269, "pearson_chi2": 11.155, "df_resid": 5.0,
        "df_null": 9, "df_model": 4, "modelled_dispersion": False, "has_variance_function": True,
        "predictors": ("mu",) * len(names),
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


NEGBIN = {
    "names": ("Intercept", "x", "log(alpha)"), "predictors": ("mu", "mu", "alpha"),
    "params": (1.5, 0.2, -0.2434), "bse": (0.1, 0.05, 0.12),
    "family_name": "NegativeBinomial", "family_params": {"alpha": 0.78395}, "cov_description": "observed information",
}  # fmt: skip
TWO_PREDICTORS = {
    "names": ("Intercept", "x", "Intercept", "z", "log(nu)"), "params": (1, 2, 3, 4, 5), "bse": (1, 1, 1, 1, 1),
    "predictors": ("mu", "mu", "phi", "phi", "nu"), "family_params": {"nu": 148.4},
}  # fmt: skip
FAILED = {
    "converged": False, "n_iter": 100, "params": (INF, 1e12, -3e-9), "bse": (INF, 1e10, 1e-9), "llf": -INF,
    "deviance": NAN, "aic": NAN,
    "status": SimpleNamespace(name="MAX_STEPS"), "message": "The step limit was reached before the tolerance. " * 4,
}  # fmt: skip
UNKNOWN = dict.fromkeys(("llf", "aic", "bic", "deviance", "null_deviance", "pearson_chi2", "dispersion"), NAN)
HUGE = {
    "params": (1e300, -1e-300, 123456.789),
    "bse": (1e299, 1e-301, 1e-7),
    "llf": -1e9,
    "aic": 2e9,
    "deviance": 1e-20,
}
RESULTS = {
    "plain": stub(),
    "negbin": stub(**NEGBIN),
    "two predictors": stub(**TWO_PREDICTORS),
    "failed": stub(**FAILED),
    "aliased": stub(params=(1, NAN, 2), bse=(0.1, NAN, 0.2), aliased=("x",)),
    "nothing known": stub(params=[NAN] * 3, bse=[NAN] * 3, pvalues=np.full(3, NAN), df_resid=0.0, **UNKNOWN),
    "all zero": stub(params=[0, 0, 0], bse=[0, 0, 0], deviance=0.0, llf=0.0),
    "long names": stub(names=("Intercept", LONG, "x"), formula="y ~ " + " + ".join(f"variable_{j}" for j in range(40))),
    "huge and tiny": stub(**HUGE),
    "one": stub(names=("x",), params=[2.0], bse=[0.5], n_iter=1, formula=None),
    "arrays": stub(formula=None),
}


@pytest.mark.parametrize("case", RESULTS)
def test_text_is_aligned_and_narrow(case):
    lines = str(render(RESULTS[case])).split("\n")
    assert max(map(len, lines)) <= 100
    rules = [line for line in lines if line and set(line) <= {"=", "-"}]
    assert len({len(rule) for rule in rules}) == 1
    assert all(line == line.rstrip() for line in lines)
    assert all(line.startswith((" ", "=", "-")) for line in lines)
    table = lines[max(i for i, line in enumerate(lines) if " estimate " in line) :]
    ends = {len(line) for line in table if line.startswith(" ") and not line.strip().endswith(("aliased", "own."))}
    assert len(ends) == 1, "the last column ends in one place"


class Balanced(HTMLParser):
    """Checks that tags close in order, and counts the columns of each row of a table."""

    def __init__(self):
        super().__init__()
        self.open, self.columns = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.columns.append(0)
        if tag in ("td", "th"):
            self.columns[-1] += int(dict(attrs).get("colspan", 1))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", RESULTS)
def test_html_is_well_formed(case):
    page = Balanced()
    page.feed(render(RESULTS[case])._repr_html_())
    assert not page.open
    assert page.columns[:6] == [4] * 6
    assert set(page.columns[6:]) == {7}


def test_the_whole_of_a_plain_summary():
    assert (
        str(render(stub()))
        == """\
==============================================================================
 Poisson regression, log link
 deaths ~ agecat * smoke
------------------------------------------------------------------------------
 Observations  1,234                            Log-likelihood        -28.352
 Rows dropped  3                                AIC                    76.704
 Solver        newton                           BIC                    79.730
 Status        converged, 5 iterations          Deviance (5 df)        12.132
 Covariance    expected information             Null deviance (9 df)  644.269
 Dispersion    1 (fixed by the family)          Pearson chi2           11.155
------------------------------------------------------------------------------
                    estimate  std. error        z       p     2.5 %    97.5 %
 Intercept          -7.91930     0.19178  -41.294  0.0123  -8.30286  -7.53574
 x                   0.01235     0.00120   10.288  0.0123   0.00995   0.01474
 g[T.b]              1.00000     0.30000    3.333  0.0123   0.40000   1.60000
=============================================================================="""
    )


def test_shared_parameters_have_their_own_group_with_the_natural_scale():
    text = str(render(stub(**NEGBIN)))
    head, group = text.split(" shared by all rows ")
    assert "Negative binomial regression, log link" in head
    assert "observed information" in head
    assert "natural scale" in group
    row = next(line for line in group.split("\n") if "log(alpha)" in line)
    assert row.split() == ["log(alpha)", "-0.2434", "0.1200", "alpha", "=", "0.78395", "-0.4834", "-0.0034"]
    assert "log(alpha)" not in head


def test_each_predictor_has_its_own_group():
    text = str(render(stub(**TWO_PREDICTORS)))
    positions = [text.index(f"\n {label} ") for label in ("mu", "phi", "shared by all rows")]
    assert positions == sorted(positions)
    assert text.count(" Intercept ") == 2
    assert "nu = 148.4" in text


def test_a_column_called_log_is_no_shared_parameter():
    text = str(render(stub(names=("Intercept", "x", "log(x)"), family_params={"alpha": 1.0})))
    assert "shared by all rows" not in text


def test_a_fit_that_failed_says_so():
    text = str(render(stub(**FAILED)))
    assert "Status        max steps, 100 iterations" in text
    assert "NOT CONVERGED (max steps). The step limit was reached" in text
    assert "NOT CONVERGED" in render(stub(**FAILED))._repr_html_()
    assert "NOT CONVERGED" not in str(render(stub()))
    assert " inf " in text
    assert " nan" in text


def test_aliased_rows_and_note():
    text = str(render(RESULTS["aliased"]))
    row = next(line for line in text.split("\n") if line.startswith(" x "))
    assert row.split() == ["x", "aliased"]
    assert "aliased: a combination of earlier columns" in text
    assert "aliased" not in str(render(stub()))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dispersion": 0.083554, "use_t": True}, "0.083554 (Pearson chi2 / df)"),
        ({"dispersion": 2.0, "dispersion_method": "deviance", "use_t": True}, "2 (deviance / df)"),
        ({"dispersion": 0.5, "dispersion_method": "ml", "use_t": True}, "0.5 (maximum likelihood)"),
        ({"dispersion": 2.5, "dispersion_method": 2.5, "use_t": False}, "2.5 (fixed)"),
        ({"dispersion": 1.0, "use_t": False}, "1 (fixed by the family)"),
        ({"dispersion": 0.083554}, "0.083554 (Pearson chi2 / df)"),
    ],
)
def test_how_the_dispersion_was_got(changes, expected):
    text = str(render(stub(**changes)))
    assert f" Dispersion    {expected} " in text
    head = next(line for line in text.split("\n") if " estimate " in line).split()
    assert head[3] == ("t" if changes.get("use_t", True) else "z")


def test_header_of_arrays_and_of_a_coded_response():
    frame = SimpleNamespace(response="outcome", success="yes")
    assert "\n outcome on 3 columns   (success: outcome = yes)\n" in str(render(stub(formula=None, frame=frame)))
    assert "\n y on 1 column\n" in str(render(RESULTS["one"]))
    assert "1 iteration " in str(render(RESULTS["one"]))
    frame = SimpleNamespace(response="b", success="True")
    assert "success" not in str(render(stub(frame=frame)))


def test_confidence_level():
    asked = []
    results = stub()
    limits = results.conf_int
    results.conf_int = lambda alpha: asked.append(alpha) or limits(alpha)
    text = str(render(results, alpha=0.1))
    assert asked == [0.1]
    assert " 5 % " in text
    assert text.count(" 95 %") == 1


def test_html_escapes_and_keeps_long_names():
    page = render(stub(names=("Intercept", "a<b>&'\"", LONG)))._repr_html_()
    assert "a&lt;b&gt;&amp;&#x27;&quot;" in page
    assert "<b>" not in page
    assert LONG.replace("'", "&#x27;") in page
    assert "http" not in page
    assert "<script" not in page


def test_long_names_keep_both_ends():
    assert shortened("short", 10) == "short"
    assert shortened(LONG, 21) == "C(group, ...ng indeed]"[:9] + "..." + LONG[-9:]
    assert len(shortened(LONG, 20)) == 20
    assert "...".join([LONG[:5], LONG[-5:]]) == shortened(LONG, 13)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1.0000"),
        (0.05, "0.0500"),
        (1e-4, "0.0001"),
        (9.9e-5, "9.9e-05"),
        (1.2e-16, "1.2e-16"),
        (9e-17, "<1e-16"),
        (0.0, "<1e-16"),
        (NAN, "nan"),
    ],
)
def test_p_values(p, text):
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1.0, "1"),
        (0.123456, "0.12346"),
        (123456.7, "123457"),
        (1234567, "1.2346e+06"),
        (1e-5, "1e-05"),
        (NAN, "nan"),
        (-INF, "-inf"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(5, "5"), (5.0, "5"), (1e6, "1,000,000"), (12.5, "12.5"), (NAN, "nan")])
def test_counts(value, text):
    assert count(value) == text


@pytest.mark.parametrize("seed", range(30))
def test_any_numbers_stay_within_the_width(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 8)
    special = np.array([NAN, INF, -INF, 0.0, 1.0])
    draw = [10.0 ** rng.uniform(-12, 12, size) * rng.choice([-1, 1], size) for _ in range(3)]
    draw = [np.where(rng.random(size) < 0.2, rng.choice(special, size), values) for values in draw]
    names = tuple("n" * int(k) for k in rng.integers(1, 80, size))
    results = stub(names=names, params=draw[0], bse=np.abs(draw[1]), pvalues=rng.random(size) ** 30, llf=draw[2][0])
    summary = render(results)
    assert max(map(len, str(summary).split("\n"))) <= 100
    assert summary._repr_html_()


def test_it_prints_as_text():
    summary = render(stub())
    assert repr(summary) == str(summary)
    assert str(summary).isascii()
