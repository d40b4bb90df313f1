"""PyDESeq2 on the same counts, where it is installed."""

import contextlib
import io
import time
import warnings

import numpy as np

from experiments.differential_expression.simulate import Study
from experiments.differential_expression.verdicts import Tested


@contextlib.contextmanager
def _silence():
    told = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        warnings.simplefilter("ignore")
        yield


def tested(study: Study) -> tuple[Tested, float]:
    """Its Wald tests without its filters, so that every gene has a p-value, and the seconds. Raises ImportError."""
    import pandas as pd
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    samples = [f"s{j}" for j in range(len(study.X))]
    counts = pd.DataFrame(study.counts.T.astype(int), index=samples, columns=study.genes)
    about = {name: np.where(study.X[:, j] > 0, "b", "a") for j, name in ((1, "condition"), (2, "batch"))}
    start = time.perf_counter()
    with _silence():
        frame, options = pd.DataFrame(about, index=samples), {"refit_cooks": False, "quiet": True}
        data = DeseqDataSet(counts=counts, metadata=frame, design="~batch + condition", **options)
        data.deseq2()
        options = {"cooks_filter": False, "independent_filter": False, "quiet": True}
        stats = DeseqStats(data, contrast=["condition", "b", "a"], **options)
        stats.summary()
    seconds = time.perf_counter() - start
    table = stats.results_df.loc[study.genes]
    estimate, se = (table[name].to_numpy(float) * np.log(2) for name in ("log2FoldChange", "lfcSE"))
    return Tested(estimate, se, table["pvalue"].to_numpy(float), table["padj"].to_numpy(float)), seconds
