"""HOST: pictures of a batch of fits and of one fit. Needs matplotlib (the extra `plot`), imported when one is drawn.

Each picture returns its Axes, and takes them as `ax` (None for a new figure); its twin `..._data` returns what is drawn
as NumPy arrays, and documents the arguments.
"""

from .batch import pvalue_histogram, pvalue_histogram_data, status_counts, status_counts_data, volcano, volcano_data
from .calibration import calibration, calibration_data
from .coefficients import coefficients, coefficients_data
from .counts import rootogram, rootogram_data
from .effects import effects, effects_data
from .influence import influence, influence_data
from .profile import profile, profile_data
from .residuals import residual_panel, residual_panel_data
from .trace import trace, trace_data

__all__ = [
    "calibration", "calibration_data", "coefficients", "coefficients_data", "effects", "effects_data", "influence",
    "influence_data", "profile", "profile_data", "pvalue_histogram", "pvalue_histogram_data", "residual_panel",
    "residual_panel_data", "rootogram", "rootogram_data", "status_counts", "status_counts_data", "trace", "trace_data",
    "volcano", "volcano_data",
]  # fmt: skip
