"""Areas under the ROC curve from pairs of units: of predictions made in folds, and of resampled patients."""

import math

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.superiority import Superiority

Floats = NDArray[np.float64]
DRAWS_AT_ONCE = 500


def pair_wins(x: Floats, y: Floats) -> Floats:
    """1 where a value of x lies above one of y, 1/2 where they are equal, else 0: (len(x), len(y))."""
    return (np.sign(np.subtract.outer(x, y)) + 1) / 2


def weighted_share(wins: Floats, weight: Floats) -> Superiority:
    """Estimate the share of pairs that x wins, pairs weighted, with DeLong's variance over units.

    theta = sum(K M) / sum(M), K the wins and M the weights (m, n); with all weights equal it is the area under the
    curve. Placements a_i = sum_j K_ij M_ij / sum_j M_ij (b_j alike over i) weigh like their sums A_i of M:
    var = sum(A_i^2 (a_i - theta)^2) / (sum A)^2 m/(m - 1) + the same for y. For predictions of repeated
    cross-validation, M_ij counts the repeats in which i and j lie in the same test fold and K_ij is the mean of their
    wins there: predictions of different folds come from different fits and are not compared. Not a number where no
    pair has weight, and without variance for groups of one. DeLong et al. 1988, doi:10.2307/2531595; LeDell et al.
    2015, doi:10.1214/15-EJS1035.
    """
    m, n = wins.shape
    total = float(weight.sum())
    if total <= 0:
        return Superiority(math.nan, math.nan, math.nan, (m, n))
    won = wins * weight
    theta = float(won.sum()) / total
    if min(m, n) < 2:
        return Superiority(theta, math.nan, math.nan, (m, n))
    x, y = (_spread(won.sum(axis=axis), weight.sum(axis=axis), theta) for axis in (1, 0))
    variance = x + y
    df = variance**2 / (x**2 / (m - 1) + y**2 / (n - 1)) if variance > 0 else math.nan
    return Superiority(theta, variance, df, (m, n))


def _spread(won: Floats, weight: Floats, theta: float) -> float:
    """The variance that the units of one side add: influences A_i (a_i - theta) / sum A."""
    k = len(weight)
    return float(((won - theta * weight) ** 2).sum() / weight.sum() ** 2) * k / (k - 1)


def resample_counts(size: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each of `size` units is drawn in each of `draws` resamples with replacement: (draws, size)."""
    return rng.multinomial(size, np.full(size, 1 / size), draws).astype(np.float64)


def resampled_shares(wins: Floats, weight: Floats, x_counts: Floats, y_counts: Floats) -> Floats:
    """theta of `weighted_share` in each resample of the units of x and of y, drawn as often as counted.

    `x_counts` (draws, m), `y_counts` (draws, n). Not a number where a resample leaves no pair with weight. The same
    counts for two sets of wins give resamples of the same patients, so that areas can be compared.
    """
    won = wins * weight
    found = np.empty(len(x_counts))
    for start in range(0, len(x_counts), DRAWS_AT_ONCE):
        a, b = x_counts[start : start + DRAWS_AT_ONCE], y_counts[start : start + DRAWS_AT_ONCE]
        up, down = ((a @ won) * b).sum(axis=1), ((a @ weight) * b).sum(axis=1)
        found[start : start + len(a)] = np.divide(up, down, out=np.full(len(a), np.nan), where=down > 0)
    return found
