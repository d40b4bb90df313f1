"""HOST: tests of hypotheses about fits: Wald, likelihood ratio, score, analysis of deviance, Vuong.

The functions take a fit; its results class offers them as methods.
"""

from .anova import anova, anova_of_fits, drop_one
from .likelihood_ratio import lr_test
from .score import score_test
from .table import HypothesisTest, TestTable
from .vuong import vuong_test
from .wald import wald_test

__all__ = ["HypothesisTest", "TestTable", "anova", "anova_of_fits", "drop_one", "lr_test", "score_test", "vuong_test",
           "wald_test"]  # fmt: skip
