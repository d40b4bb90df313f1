"""Data meets family: linear predictors, the only grad and hessian of a log-likelihood, and their sums over rows."""

from .data import Problem, beside, linear_predictors, make_problem, where_counted
from .rows import (
    Rows,
    expected_information,
    images,
    joined,
    masked,
    over_rows,
    row_loglik,
    row_logliks,
    rows,
    rows_and_bend,
)
from .totals import (
    Evaluation,
    curvature,
    evaluate,
    gradient,
    information_from,
    objective,
    over_blocks,
    to_coefficients,
    weighted_sum,
)
