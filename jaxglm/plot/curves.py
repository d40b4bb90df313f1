"""HOST: curves that guide the eye: a local regression, and a band for ordered normal residuals."""

import numpy as np

SPAN = 0.75  # share of the points that a local line sees
POINTS = 60  # of a curve
MOST = 200  # order statistics of a band
DRAWS = 2000  # samples that give its level


def local_line(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (at most 60) from the smallest to the largest x, and lines fitted around them with tricube weights.

    Source: Cleveland (1979), JASA 74, without the rounds that make it robust.
    """
    places = np.unique(np.quantile(x, np.linspace(0, 1, POINTS))) if len(x) else x
    return places, np.array([_local(x, y, place) for place in places])


def _local(x: np.ndarray, y: np.ndarray, place: float) -> float:
    distance = np.abs(x - place)
    reach = np.partition(distance, k := int(np.ceil(SPAN * len(x))) - 1)[k]
    weight = (1 - np.minimum(distance / reach, 1) ** 3) ** 3 if reach > 0 else (distance == 0).astype(float)
    weight = weight / weight.sum()
    centre = weight @ x
    spread = weight @ (x - centre) ** 2
    slope = weight @ ((x - centre) * y) / spread if spread > 1e-12 * np.ptp(x) ** 2 else 0.0
    return weight @ y + slope * (place - centre)


def normal_places(n: int) -> np.ndarray:
    """About the expected values (n,) of n ordered standard normal numbers. Source: Blom (1958)."""
    from scipy.special import ndtri

    return ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))


def normal_band(n: int, alpha: float = 0.05) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, lower and upper limits between which n ordered standard normal numbers all lie with probability
    1 - alpha, each limit being left with the same probability.

    The order statistics, of at most 200 ranks evenly along the axis, are drawn by their gamma distributed gaps.
    Source: Aldor-Noiman, Brown, Buja, Rolke and Stine (2013), The American Statistician 67.
    """
    from scipy.special import betainc, betaincinv, ndtri

    places = normal_places(n)
    index = np.arange(n)
    if n > MOST:
        index = np.unique(np.abs(places[:, None] - np.linspace(places[0], places[-1], MOST)).argmin(axis=0))
    rank = index + 1
    gaps = np.random.default_rng(0).gamma(np.diff(np.concatenate([[0], rank, [n + 1]])), size=(DRAWS, len(rank) + 1))
    total = np.cumsum(gaps, axis=1)
    tail = betainc(rank, n + 1 - rank, total[:, :-1] / total[:, -1:])
    level = np.quantile(np.minimum(tail, 1 - tail).min(axis=1), alpha)
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, p)) for p in (level, 1 - level))
    return places[index], low, high
