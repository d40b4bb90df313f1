"""HOST: the expected information of any distribution: sums and quadratures of its curvature over the response."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..compiled import program
from ..diagnostics.distribution import expected_at
from ..problem import information_from
from ..programs import in_float64, information_at

RESOLVED = 1e-6  # of the log of a row's mass: beyond, its sum or quadrature missed some of it


@in_float64
def _summed(problem, blocks) -> Any:
    return _information(problem, blocks)


@program
def _information(problem, blocks):
    K = blocks.shape[1]
    return information_from(problem, [[-blocks[:, j, k] for k in range(K)] for j in range(K)])


def expected_information_of(fit: Any) -> np.ndarray:
    """Expected information (P, P) at the estimates of a fit, its penalty included.

    Raises ValueError where the distribution of the response is not known, and where it cannot be resolved.
    """
    problem, family = fit.problem, fit.family
    if not family.is_density or family.support.reading != "numbers" or family.tied is not None:
        raise ValueError(f"the expected information of {fit.family_name} is not available: it needs the distribution "
                         "of a number. Use 'observed'.")
    used = np.arange(problem.n) < fit._n
    used &= True if problem.weights is None else np.asarray(problem.weights) > 0
    found = expected_at(problem.family, problem.y, fit._eta)
    lost = used & ~(np.abs(found.mass) < RESOLVED)
    if lost.any():
        raise ValueError(f"the expected information is not available: the distributions of {lost.sum()} rows (first: "
                         f"row {fit.frame.rows[np.argmax(lost)]}) cannot be summed. Use 'observed'.")
    blocks = np.where(used[:, None, None], found.information, 0.0)
    information = _summed(replace(problem, penalty=None), blocks)
    if problem.penalty is None:
        return information
    theta = np.asarray(fit.state.theta)
    plain = information_at(replace(problem, penalty=None), theta, False)[0]
    return information + information_at(problem, theta, False)[0] - plain
