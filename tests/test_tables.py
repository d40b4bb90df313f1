"""Tables of models: every number in its place, in four formats; structure and escaping of LaTeX and HTML."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import jaxglm as jg
from jaxglm.latex import escape, number

RNG = np.random.default_rng(2)
N = 40
FRAME = pd.DataFrame({"x_1": RNG.normal(size=N), "z": RNG.normal(size=N), "g": list("ab" * 20)})
FRAME["y"] = RNG.poisson(np.exp(0.5 + 0.4 * FRAME["x_1"]))
FRAME["c"] = RNG.negative_binomial(1.2, 1.2 / (1.2 + np.exp(0.8 + 0.5 * FRAME["x_1"])))


@pytest.fixture(scope="module")
def fits():
    return [jg.glm("y ~ x_1", FRAME, family="poisson"), jg.glm("c ~ z + x_1", FRAME, family="negbin")]


def lines(table):
    return str(table).split("\n")


def test_the_numbers_and_the_order_of_terms(fits):
    table = jg.table(fits, names=["first", "second"])
    labels = [label for label, _ in table.terms if label]
    assert labels == ["Intercept", "x_1", "z", "log(alpha)"]
    frame = table.to_frame()
    assert list(frame["term"]) == labels
    assert frame["first estimate"][1] == fits[0].params["x_1"]
    assert frame["second std_error"][3] == fits[1].bse["log(alpha)"]
    assert frame["first estimate"][2:].isna().all()
    row = next(line for line in lines(table) if line.startswith(" x_1"))
    assert row.split()[1:] == [f"{fits[0].params['x_1']:.4f}", f"{fits[1].params['x_1']:.4f}"]
    below = lines(table)[lines(table).index(row) + 1]
    assert below.split() == [f"({fits[0].bse['x_1']:.4f})", f"({fits[1].bse['x_1']:.4f})"]
    assert [line.split()[-1] for line in lines(table) if line.startswith((" Family", " Link", " Response"))] == [
        "c", "NegativeBinomial", "log"]  # fmt: skip
    assert "*" not in str(table)


def test_text_is_aligned(fits):
    text = lines(jg.table([*fits, fits[0]], stars=True, statistics=("nobs", "deviance", "df_resid")))
    rules = [line for line in text if line and set(line) <= {"=", "-"}]
    assert len({len(rule) for rule in rules}) == 1
    first, last = (i for i, line in enumerate(text) if line and set(line) == {"-"})
    body = text[first + 1 : last]
    points = {tuple(m.start() for m in re.finditer(r"\.", line[len(" log(alpha)"):])) for line in body}
    longest = max(points, key=len)
    assert len(longest) == 3
    assert all(set(p) <= set(longest) for p in points), "decimal points stand below each other"
    assert "* p < 0.05, ** p < 0.01, *** p < 0.001." in text[-1]


def test_stars_and_exponentials(fits):
    plain, found = jg.table(fits, stars=True), jg.table(fits, exponentiate=True)
    cell = dict(plain.terms)["x_1"][0]
    p = fits[0].pvalues["x_1"]
    assert cell[1] == ("***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else "")
    assert cell[1]
    frame = found.to_frame()
    assert np.isclose(frame["(1) estimate"][1], np.exp(fits[0].params["x_1"]))
    assert np.isclose(frame["(1) std_error"][1], np.exp(fits[0].params["x_1"]) * fits[0].bse["x_1"])


def test_tidy_exponentials(fits):
    plain, found = fits[0].tidy(), fits[0].tidy(0.1, exponentiate=True)
    assert np.allclose(found["estimate"], np.exp(plain["estimate"]))
    assert np.allclose(found["std_error"], np.exp(plain["estimate"]) * plain["std_error"])
    assert np.allclose(found[["conf_low", "conf_high"]], np.exp(np.asarray(fits[0].conf_int(0.1))))
    assert np.array_equal(found["p_value"], plain["p_value"])


def test_augmented_rows_have_the_standard_error_of_the_predictor(fits):
    found = fits[0].augment()
    design = np.column_stack([np.ones(N), FRAME["x_1"]])
    assert np.allclose(found["linear_se"] ** 2, np.einsum("ij,jk,ik->i", design, fits[0].cov_params(), design))


# --- LaTeX


def check_latex(text):
    """Environments close in order, every row of a tabular has its columns, nothing is left unescaped."""
    stack = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if verb == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    tabular = r"\\begin\{tabular\}\{(?:@\{\})?(\w+)(?:@\{\})?\}(.*?)\\end\{tabular\}"
    for columns, body in re.findall(tabular, text, re.DOTALL):
        assert [body.count(rf"\{rule}") for rule in ("toprule", "bottomrule")] == [1, 1]
        rows = [line for line in body.split("\n") if line.endswith(r"\\")]
        assert rows
        for row in rows:
            cells = len(re.findall(r"(?<!\\)&", row)) + 1
            cells += sum(int(width) - 1 for width in re.findall(r"\\multicolumn\{(\d+)\}", row))
            assert cells == len(columns)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"(?<!\\)[_#%~^]", text.replace(r"\textasciitilde", "").replace(r"\textasciicircum", ""))


HOSTILE = r"a & b_1 % $x$ #2 {y} ~ ^ \cmd <i>"


def test_latex_of_tables_and_summaries(fits):
    check_latex(jg.table(fits, stars=True).to_latex())
    for fit in fits:
        check_latex(fit.summary().to_latex())
    assert r"x\_1" in jg.table(fits).to_latex()
    assert r"\multicolumn{2}{r}{natural scale}" in fits[1].summary().to_latex()


def test_latex_escapes_what_users_write(fits):
    design = np.column_stack([np.ones(N), FRAME["z"]])
    named = jg.GLM(FRAME["y"], design, names=["one", HOSTILE], family="poisson").fit()
    for text in (jg.table({HOSTILE: named}).to_latex(), named.summary().to_latex()):
        check_latex(text)
        assert escape(HOSTILE) in text
    assert escape(r"\_{}") == r"\textbackslash{}\_\{\}"


@pytest.mark.parametrize(("text", "expected"), [
    ("-1.5", "$-$1.5"), ("(-0.25)", "($-$0.25)"), ("1e-05", "1e-05"), ("-inf", "$-$inf"), ("5 %", r"5 \%"),
    ("converged", "converged"), ("2.5e-05", "2.5e-05"),
])  # fmt: skip
def test_numbers_in_latex(text, expected):
    assert number(text) == expected


# --- HTML


class Rows(HTMLParser):
    """Texts of the cells, row by row; tags must close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.rows = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.rows[-1][-1] += data


def test_html(fits):
    page = Rows()
    page.feed(jg.table({HOSTILE: fits[0], "b": fits[1]})._repr_html_())
    assert not page.open
    assert page.rows[0] == ["", HOSTILE, "b"]
    assert {len(row) for row in page.rows[:-1]} == {3}
    assert ["x_1", f"{fits[0].params['x_1']:.4f}", f"{fits[1].params['x_1']:.4f}"] in page.rows


def test_frames_follow_the_first_model():
    import polars

    fit = jg.glm("y ~ z", polars.from_pandas(FRAME), family="poisson")
    assert isinstance(jg.table([fit]).to_frame(), polars.DataFrame)


def test_aliased_terms_and_failed_fits():
    frame = FRAME.assign(twice=2 * FRAME["z"])
    table = jg.table([jg.glm("y ~ z + twice", frame, family="poisson")])
    assert dict(table.terms)["twice"][0][0] == "aliased"
    separated = pd.DataFrame({"x": np.arange(20.0), "y": (np.arange(20) > 9) * 1.0})
    with pytest.warns(jg.FitWarning):
        failed = jg.glm("y ~ x", separated, family="binomial")
    assert "NOT CONVERGED: model 1." in str(jg.table([failed]))


@pytest.mark.parametrize(("call", "words"), [
    (lambda f: jg.table([]), "at least one model"),
    (lambda f: jg.table(f, names=["one"]), "names must be 2 names"),
    (lambda f: jg.table(f, names=["one", "one"]), "names must differ"),
    (lambda f: jg.table(f, statistics=["r2"]), "unknown statistic 'r2'; choose from nobs"),
])  # fmt: skip
def test_errors(fits, call, words):
    with pytest.raises(ValueError, match=words):
        call(fits)
