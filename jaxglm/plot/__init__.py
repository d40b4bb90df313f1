"""HOST: pictures of a batch of fits and of one fit. Needs matplotlib (the extra `plot`), imported when one is drawn.

Each picture returns its Axes, and takes them as `ax` (None for a new figure); its twin `..._data` returns what is drawn
as NumPy arrays, and documents the arguments.
"""

from .batch import pvalue_histogram, pvalue_histogram_data, status_counts, status_counts_data, volcano, volcano_data

__all__ = [
    "pvalue_histogram", "pvalue_histogram_data", "status_counts", "status_counts_data", "volcano", "volcano_data",
]  # fmt: skip
