"""Configs say what is wrong with them; every experiment runs small, and leaves what it promises."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import jaxglm as jg
from experiments import config as configs
from experiments.report import text_table
from experiments.run import main

CONFIGS = Path(__file__).parent.parent / "configs"
SMALL = {
    "quick": ["models=['warpbreaks_log', 'leuk_exponential']"],
    "links": ["fish=60", "pots=20", "links=['identity, least squares', 'logit']", "solvers=['Newton', 'optax.lbfgs']"],
    "custom_family": ["examples=['stack_loss']"],
    "counts": [
        "models=['Poisson', 'discrete Weibull', 'hurdle Poisson']",
        "covariates=['lncoins', 'disea']",
        "zeros=['disea']",
        "rows=600",
        "bars=8",
        "untabulated='Poisson'",
    ],
    "starts": ["laws=['zero-inflated NB', 'beta-binomial', 'Student t']", "data_sets=60", "restarts=2"],
    "peers": [
        "workloads=['small_logistic']",
        "peers=['jaxglm fit', 'statsmodels Logit', 'nothing']",
        "repeats_small=2",
    ],
    "batched": [
        "workloads=['logistic', 'poisson']",
        "peers=['jaxglm', 'sklearn newton-cholesky loop', 'statsmodels GLM loop']",
        "largest=8",
        "rows_logistic=60",
        "columns_logistic=3",
        "rows_poisson=40",
        "columns_poisson=3",
        "sample=2",
        "repeats=1",
        "separable=0.25",
        "resamples=12",
        "rows_resamples=80",
        "columns_resamples=3",
    ],
    "device": [
        "workloads=['poisson']",
        "precisions=['float64', 'float32']",
        "members=8",
        "rows_poisson=40",
        "columns_poisson=3",
        "repeats=1",
        "megabytes=4",
        "order=64",
        "published=false",
    ],
    "coverage": [
        "families=['gaussian', 'binomial']",
        "sizes=[12, 20]",
        "data_sets=600",
        "wild_sets=100",
        "pairs_sets=20",
        "resamples=39",
    ],
    "differential_expression": ["genes=300", "samples=16", "data_sets=1", "share=0.2"],
}


@dataclass(frozen=True)
class Schema:
    steps: int = 1
    rate: float = 0.5
    names: tuple[str, ...] = ()


def run(name: str, out: Path, *overrides: str) -> int:
    return main(
        [str(CONFIGS / f"{name}.toml"), "--out", str(out), *(part for text in overrides for part in ("--set", text))]
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"step": 3}, "unknown key 'step'. Did you mean 'steps'?"),
        ({"steps": 3.5}, "steps must be a whole number, but got 3.5"),
        ({"steps": True}, "steps must be a whole number, but got True"),
        ({"rate": "fast"}, "rate must be a number, but got 'fast'"),
        ({"names": "a"}, "names must be a list, but got 'a'"),
        ({"names": ["a", 2]}, "names must be a text in quotes, but got 2"),
    ],
)
def test_a_wrong_key_or_type_is_named(values, message):
    with pytest.raises(configs.ConfigError, match=re.escape(message)):
        configs.build(Schema, values)


def test_a_whole_number_is_a_number_and_a_list_becomes_a_tuple():
    assert configs.build(Schema, {"rate": 2, "names": ["a"]}) == Schema(rate=2.0, names=("a",))


def test_overrides_replace_keys(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('experiment = "quick"\nmodels = []\n')
    name, values = configs.read(path, ["models=['a', 'b']", "tol_se=1e-3", "word=plain"])
    assert (name, values) == ("quick", {"models": ["a", "b"], "tol_se": 1e-3, "word": "plain"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = []", 'must say experiment = "..."'),
        ('experiment = "quik"', "unknown experiment 'quik'. Did you mean 'quick'?"),
        ('experiment = "quick"\nmodel = []', "unknown key 'model'. Did you mean 'models'?"),
        (
            'experiment = "quick"\nmodels = ["beetle_probits"]',
            "unknown models 'beetle_probits'. Did you mean 'beetle_probit'?",
        ),
        ('experiment = "peers"\nscale = 2.0', "scale must be in (0, 1], but got 2.0"),
        ("experiment =", "cannot read"),
    ],
)
def test_a_config_that_cannot_run_ends_with_status_2(tmp_path, capsys, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    assert main([str(path), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_every_config_file_is_valid():
    import importlib

    for path in sorted(CONFIGS.glob("*.toml")):
        name, values = configs.read(path)
        configs.build(importlib.import_module(f"experiments.{name}").Config, values)


@pytest.mark.parametrize("name", SMALL)
def test_an_experiment_leaves_numbers_pictures_and_one_page(tmp_path, capsys, name):
    assert run(name, tmp_path, *SMALL[name]) == 0
    printed = capsys.readouterr()
    assert str(tmp_path / "report.html") in printed.out
    assert printed.err == ""
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    pictures, page = list((tmp_path / "figures").glob("*.png")), (tmp_path / "report.html").read_text()
    assert rows
    assert pictures
    assert page.count("data:image/png;base64,") == len(pictures)
    assert not re.search(r"<(script|link|iframe)|(src|href)\s*=\s*[\"']?(http|//|figures)", page)
    env = json.loads((tmp_path / "env.json").read_text())
    assert env["experiment"] == name
    assert env["versions"]["jax"]
    assert env["config"]
    assert env["device"]


def test_quick_is_red_where_a_number_is_out_of_tolerance(tmp_path, capsys):
    assert run("quick", tmp_path, "models=['warpbreaks_log']", "tol_loglik=0.0") == 1
    assert "FAIL" in capsys.readouterr().out
    assert 'class="verdict bad"' in (tmp_path / "report.html").read_text()


def test_a_missing_peer_is_a_row_that_says_so(monkeypatch):
    from experiments.peers import measure
    from experiments.peers.workloads import WORKLOADS

    def missing(label):
        raise ModuleNotFoundError("No module named 'glum'", name="glum")

    monkeypatch.setattr(measure, "competitor", missing)
    row = measure.measured(WORKLOADS["small_logistic"](1.0), "glum 1e-8", 3, 1.0)
    assert row["note"] == "not installed: glum"
    assert row["median s"] is None


def test_a_model_that_a_peer_lacks_is_a_row_that_says_so():
    from experiments.peers.measure import measured
    from experiments.peers.workloads import WORKLOADS

    row = measured(WORKLOADS["large_poisson"](0.001), "sklearn lbfgs", 1, 1.0)
    assert row["note"] == "has no offset"


def test_the_score_of_a_workload_is_the_derivative_of_its_log_likelihood():
    from experiments.peers.workloads import WORKLOADS, max_score

    workload = WORKLOADS["large_poisson"](0.001)
    X, y, beta = workload["X"], workload["y"], np.zeros(100)
    eta = lambda b: X @ b + workload["offset"]  # noqa: E731
    loglik = lambda b: np.sum(y * eta(b) - np.exp(eta(b)))  # noqa: E731
    slopes = [(loglik(beta + 1e-5 * e) - loglik(beta - 1e-5 * e)) / 2e-5 for e in np.eye(100)]
    assert max_score(workload, beta) == pytest.approx(np.max(np.abs(slopes)), rel=1e-6)


def test_student_t_of_the_custom_family_is_at_the_known_maximum():
    from experiments.custom_family import stack_loss

    fit = jg.glm(stack_loss.FORMULA, stack_loss.frame(), family=stack_loss.FAMILY)
    # survreg(dist = "t", parms = 4), here in 200-bit arithmetic: coefficients and log(sigma), se, log-likelihood
    estimate = np.array(
        [-40.0680926907363, 0.8570907789389713, 0.7452688108641794, -0.11512482642807337, 0.705339517614271]
    )
    se = np.array([7.406593544521895, 0.11623464548685168, 0.29238114087788053, 0.0991243741549204, 0.2303100745607337])
    assert np.max(np.abs(np.asarray(fit.params) - estimate) / se) < 1e-8
    assert np.max(np.abs(np.asarray(fit.bse) / se - 1)) < 1e-6
    assert fit.llf == pytest.approx(-51.42333743265155, rel=1e-9)


def test_criteria_and_frequencies_of_counts_are_those_of_single_rows(tmp_path):
    import jaxglm as jg
    from jaxglm import data

    assert run("counts", tmp_path, *SMALL["counts"]) == 0
    rows = {row["model"]: row for row in csv.DictReader((tmp_path / "results.csv").open())}
    frame = data.load("randhie", as_frame=True).head(600)
    fit = jg.glm("mdvis ~ lncoins + disea", frame, family="poisson")
    mean, y = fit.fittedvalues, frame["mdvis"].to_numpy()
    assert float(rows["Poisson"]["AIC"]) == pytest.approx(fit.aic, rel=1e-10)
    assert float(rows["Poisson"]["BIC"]) == pytest.approx(fit.bic, rel=1e-10)
    assert float(rows["Poisson"]["LOO-IC"]) == pytest.approx(fit.loo("mixed").looic, rel=1e-8)
    assert float(rows["Poisson"]["zeros expected"]) == pytest.approx(np.exp(-mean).sum(), rel=1e-10)
    assert float(rows["hurdle Poisson"]["zeros expected"]) == pytest.approx(np.sum(y == 0), rel=1e-6)


def test_the_difference_of_two_leave_one_outs_is_that_of_repeated_rows():
    from dataclasses import dataclass

    from experiments.counts.judge import loo_difference

    @dataclass
    class Scores:
        log_score: np.ndarray
        counted: np.ndarray

    rng = np.random.default_rng(0)
    one, other, counts = rng.normal(size=6), rng.normal(size=6), np.array([1, 4, 2, 1, 3, 1])
    total, error = loo_difference(Scores(one, counts), Scores(other, counts))
    apart = np.repeat(-2 * (one - other), counts)
    assert total == pytest.approx(apart.sum())
    assert error == pytest.approx(np.sqrt(12) * apart.std(ddof=1))


def test_a_conclusion_names_laws_that_cannot_be_told_apart_and_those_at_an_edge():
    from experiments.counts.verdicts import conclusion

    row = lambda model, ic, behind, se, aic: {  # noqa: E731
        "model": model, "LOO-IC": ic, "behind by": behind, "se of that": se, "AIC": aic, "BIC": aic,
        "zeros expected": 10.0, "worst bar, se": 1.0, "edge": " (nu tends to 0)",
    }  # fmt: skip
    rows = [row("a", 100.0, 0.0, 0.0, 99.0), row("b", 103.0, 3.0, 2.0, 98.0), row("c", None, None, None, 120.0)]
    words = conclusion(rows, np.array([12, 5]))
    assert "the best of these 3 laws is a (LOO-IC 100.0)" in words
    assert "AIC prefers b" in words
    assert "b cannot be told from it" in words
    assert "c ends at the edge of its parameters (nu tends to 0)" in words


def test_a_default_start_is_judged_by_the_best_of_all_starts():
    from experiments.starts import Race

    one = Race(np.array([-10.0, -20.0, -np.inf]), [np.array([-10.0, -19.0, -5.0])], np.zeros(3), 1.0, 1.0)
    assert one.reached(one.own).tolist() == [True, False, False]
    assert one.behind.tolist() == [0.0, 1.0, np.inf]


def test_a_batch_finds_the_members_without_an_estimate_and_no_others(tmp_path):
    assert run("batched", tmp_path, *SMALL["batched"]) == 0
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    mixed = next(row for row in rows if row["part"] == "separable")
    assert (mixed["separable"], mixed["found"], mixed["false alarms"]) == ("2", "2", "0")
    assert float(mixed["others moved by, se"]) < 1e-6
    for name in ("logistic", "poisson", "logistic, some separable"):
        assert sum(float(row["share"]) for row in rows if row["part"] == "status" and row["workload"] == name) == 1
    mine = [row for row in rows if row["part"] == "peers" and row["peer"] == "jaxglm"]
    assert len(mine) == 2
    assert all(float(row["distance, se"]) < 1e-6 for row in mine)
    drawn = {row["peer"]: row for row in rows if row["part"] == "resamples"}
    assert float(drawn["jaxglm bootstrap"]["from jaxglm's, se"]) == 0
    assert 0 < float(drawn["statsmodels GLM loop"]["from jaxglm's, se"]) < 1e-4  # IRLS stops by its deviance


def test_overdispersion_shared_between_genes_is_nearer_to_the_truth_and_needed(tmp_path):
    assert run("differential_expression", tmp_path, *SMALL["differential_expression"]) == 0
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    by = {row["alpha"]: row for row in rows if row["alpha"]}
    values = {row["quantity"]: float(row["value"]) for row in rows if row["quantity"]}
    error = "root mean square of log(alpha / truth), {}"
    assert values[error.format("shrunk")] < values[error.format("gene by gene")]
    assert abs(float(by["true alpha"]["null p < 0.05"]) - 0.05) < 4 * float(by["true alpha"]["MC error"])
    assert float(by["Poisson"]["null p < 0.05"]) > 0.2
    assert 0.9 < float(by["shrunk, df"]["95 % limits cover"]) < 0.98
    assert float(by["shrunk, df"]["power at 0.05"]) > 0.3


def test_a_device_is_measured_in_both_precisions_and_told_apart(tmp_path):
    assert run("device", tmp_path, *SMALL["device"], "machine=here") == 0
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    cpu = {row["precision"]: row for row in rows if row["device"] == "cpu"}
    assert set(cpu) == {"float64", "float32"}
    assert all(row["machine"] == "here" for row in rows)
    assert all(float(row["fits/s"]) > 0 and float(row["copy GB/s"]) > 0.1 for row in rows)
    assert float(cpu["float64"]["bound s per pass"]) == pytest.approx(2 * float(cpu["float32"]["bound s per pass"]))
    assert 0 < float(cpu["float32"]["worst accuracy, se"]) < 0.01


def test_rows_of_this_machine_replace_committed_ones_and_others_stay():
    from experiments.device import merged, sentence

    row = lambda machine, speed: {  # noqa: E731
        "machine": machine, "device": "cpu", "workload": "poisson", "precision": "float64", "fits/s": speed
    }  # fmt: skip
    rows = merged([row("a", 2.0)], [row("a", 1.0), row("b", 3.0)])
    assert [(r["machine"], r["fits/s"]) for r in rows] == [("a", 2.0), ("b", 3.0)]
    assert "no GPU" in sentence(rows)
    assert "cuda" in sentence([row("a", 1.0) | {"device": "cuda"}])


def test_coverage_is_exact_where_theory_says_so_and_too_low_where_the_variance_is_wrong(tmp_path):
    assert run("coverage", tmp_path, *SMALL["coverage"]) == 0
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    found = {(r["family"], r["model"], r["n"], r["method"]): r for r in rows if r["part"] == "intervals"}
    share = lambda *key: float(found[key]["coverage"])  # noqa: E731
    for n in (12, 20):
        wald, by_f = (found["gaussian", "right", str(n), name] for name in ("Wald", "profile F"))
        assert abs(float(wald["coverage"]) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 600)
        assert by_f["coverage"] == wald["coverage"]
        drop = np.sqrt((n - 2) * np.expm1(stats.chi2.isf(0.05, 1) / n))  # the likelihood ratio in terms of t
        exact = 1 - 2 * stats.t.sf(drop, n - 2)
        assert abs(share("gaussian", "right", str(n), "profile") - exact) < 4 * np.sqrt(0.05 * 0.95 / 600)
    assert share("gaussian", "wrong", "20", "Wald") < 0.88 < share("gaussian", "wrong", "20", "Wald HC3")
    wald, profile = (found["binomial", "right", "12", name] for name in ("Wald", "profile"))
    key = ("binomial", "right", "12")
    ended = next(r["fits"] for r in rows if r["part"] == "fits" and (r["family"], r["model"], r["n"]) == key)
    assert int(wald["no interval"]) > 10
    assert f"{wald['no interval']} separated" in ended
    assert profile["no interval"] == "0"
    assert profile["one limit infinite"] == wald["no interval"]
    assert len(found) == 2 * 2 * (7 + 6)


def test_coverage_counts_intervals_that_exist_and_infinite_limits_on_their_side():
    from experiments.coverage.intervals import Intervals
    from experiments.coverage.verdicts import verdict

    limits = [[0.0, 2.0], [1.5, np.inf], [-np.inf, 0.5], [0.5, np.inf], [np.nan, 3.0]]
    row = verdict("profile", Intervals(np.asarray(limits)), 1.0)
    assert (row["coverage"], row["misses above"], row["misses below"]) == (0.5, 0.25, 0.25)
    assert (row["no interval"], row["one limit infinite"], row["MC error"]) == (1, 3, 0.25)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_a_wrong_variance_leaves_the_mean_right(family):
    from experiments.coverage.truths import TRUTHS, drawn

    for model in ("right", "wrong"):
        sets = drawn(family, model, 8, 12, 40_000, [3])
        y = sets.y[0] / sets.y[1] if isinstance(sets.y, tuple) else sets.y
        truth, y = TRUTHS[family], y[:, :8]
        mean = truth.inverse(sets.X[:8] @ truth.beta)
        assert np.all(np.abs(y.mean(axis=0) - mean) < 5 * y.std(axis=0) / 200)
        assert sets.counts.tolist() == [1.0] * 8 + [0.0] * 4


def test_the_wild_intervals_of_a_batch_are_those_of_the_library():
    from experiments.coverage.intervals import fitted, wild
    from experiments.coverage.truths import drawn

    sets = drawn("gamma", "right", 20, 20, 8, [3])
    found = wild(sets, fitted(sets), 1, 39, np.random.default_rng(7)).limits[0]
    one = jg.GLM(sets.y[0], sets.X, family="gamma", names=("one", "x")).fit()
    wanted = jg.bootstrap(one, 39, kind="wild", seed=7).conf_int()
    assert found == pytest.approx(wanted["x"], rel=1e-8)


def test_size_factors_are_the_depth_of_the_samples():
    from experiments.differential_expression.simulate import simulate, size_factors

    study = simulate(500, 20, 0.1, 0.5, seed=3)
    ratio = size_factors(study.counts) / study.depth
    assert np.std(np.log(ratio)) < 0.05


@pytest.mark.parametrize("name", ["logistic", "poisson", "negbin"])
def test_the_judge_of_a_batch_has_the_right_score_and_knows_a_maximum(name):
    from experiments.batched.likelihood import distances, logliks, scores
    from experiments.batched.workloads import WORKLOADS

    workload = WORKLOADS[name](3, 80, 2)
    theta = np.full((3, 2 + (name == "negbin")), 0.1)
    for k, shift in enumerate(np.eye(theta.shape[1]) * 1e-5):
        slope = (logliks(workload, theta + shift) - logliks(workload, theta - shift)) / 2e-5
        assert scores(workload, theta)[:, k] == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert np.all(distances(workload, theta) > 0.1)


def test_a_claim_that_was_not_measured_neither_holds_nor_fails():
    from experiments.batched import claims

    rows = [
        {"part": "peers", "workload": "negbin", "peer": peer, "median s": s, "distance, se": 1e-9}
        for peer, s in (("jaxglm", 1.0), ("statsmodels NegativeBinomial loop", 50.0))
    ]
    holds = {row["claim"]: row["holds"] for row in claims.table(rows)}
    assert holds["negbin: seconds, jaxglm / statsmodels NegativeBinomial loop"] is False
    assert holds["logistic: seconds, jaxglm / glmax vmap"] is None
    assert holds["negbin: largest distance from the maximum, se"] is True


def test_tables_align():
    table = text_table([{"a": "x", "b": 1.23456}, {"a": "longer", "b": None}])
    assert table == "a           b\nx       1.235\nlonger      -"
