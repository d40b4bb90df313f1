"""HOST: one model fitted many times over: resampled, with parts left out, with one column more. X is shared by all."""

from .bootstrap import Bootstrap, bootstrap
from .crossvalidation import CrossValidation, cv
from .jackknife import Jackknife, jackknife
from .permutation import PermutationTest, permutation_test
from .scan import ScoreScan, score_scan

__all__ = [
    "Bootstrap",
    "CrossValidation",
    "Jackknife",
    "PermutationTest",
    "ScoreScan",
    "bootstrap",
    "cv",
    "jackknife",
    "permutation_test",
    "score_scan",
]
