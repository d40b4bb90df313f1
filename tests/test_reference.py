"""Every supported reference case: the public API against R and 200-bit arithmetic, by `reference/quantities.py`."""

import copy
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.reference.case import Case, load_folder
from tests.reference.fits import starts
from tests.reference.limits import contrast
from tests.reference.verdict import judge

CASES = load_folder(Path(__file__).parent / "reference" / "cases")


def by_id(name: str) -> Case:
    return next(case for case in CASES if case.id == name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case):
    if not case.get("batch.position"):  # members of a batch share its programs
        jax.clear_caches()  # each case has programs of its own; see conftest for why they must not pile up
    verdict = judge(case)
    assert verdict.word == "pass", "\n".join(map(str, verdict.failures or [verdict.unsupported]))


def test_a_wrong_number_fails():
    """A coefficient that is off by 1e-7 standard errors is seen, and by nothing else."""
    raw = copy.deepcopy(by_id("binomial_budworm_intercept").raw)
    raw["exact"]["coef"][0] += 1e-7 * raw["exact"]["se_observed"][0]
    verdict = judge(Case(raw))
    assert [m.name for m in verdict.failures] == ["coef"]


def test_an_unknown_model_is_unsupported():
    raw = by_id("gaussian_mtcars").raw | {"model": {"type": "lmm", "family": "gaussian", "link": "identity"}}
    assert str(judge(Case(raw))) == "gaussian_mtcars unsupported (type lmm)"


def test_names_of_bad_starts():
    raw = {"start": [1, 2], "r_outcome": {"start_m4_m5": {}, "start_minus_1.75": {}, "start_0_0": {}, "no_start": {}}}
    named = {"start_m4_m5": [-4.0, -5.0], "start_minus_1.75": [-1.75], "start_0_0": [0.0, 0.0]}
    assert starts(Case(raw)) == {"start": [1, 2]} | named


def test_names_of_contrasts():
    case = Case({"design": {"colnames": ["(Intercept)", "smoke1-19", "E2", "E3"]}})
    assert np.array_equal(contrast(case, "E3-E2"), [0, 0, -1, 1])
    assert np.array_equal(contrast(case, "smoke1-19"), [0, 1, 0, 0])
    assert np.array_equal(contrast(case, "E3-smoke1-19"), [0, -1, 0, 1])
