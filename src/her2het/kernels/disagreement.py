"""How far several measurements of one thing disagree, given how closely they go together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Disagreement:
    """Per unit: squared distance, its p, how many measurements it rests on; and each measurement's own gap.

    `gap` (units, measurements): a measurement less what the others predict, in standard deviations of what they leave
    open; not a number where it is missing or alone.
    """

    distance: Floats
    p: Floats
    measured: NDArray[np.int64]
    gap: Floats


def normal_scores(values: Floats) -> Floats:
    """Blom's normal scores of mid-ranks, Phi^-1((r - 3/8)/(n + 1/4)); missing stays missing.

    Blom 1958; a monotone change of scale leaves them as they are, and no single value can lie far out.
    """
    known = ~np.isnan(values)
    scores = np.full(len(values), np.nan)
    scores[known] = ndtri((rankdata(values[known]) - 0.375) / (known.sum() + 0.25))
    return scores


def rank_correlations(scores: Floats) -> tuple[Floats, Floats]:
    """Spearman's r of each pair of columns over the units that have both, and the normal correlation that goes with it.

    r_normal = 2 sin(pi r / 6) for a bivariate normal. The matrix of these is made positive definite, where it is not,
    by mixing in as little of the identity as leaves a smallest eigenvalue of .05. 0 for fewer than 4 units.
    """
    k = scores.shape[1]
    r = np.eye(k)
    for a in range(k):
        for b in range(a):
            both = ~np.isnan(scores[:, a]) & ~np.isnan(scores[:, b])
            x, y = rankdata(scores[both, a]), rankdata(scores[both, b])
            flat = both.sum() < 4 or np.ptp(x) == 0 or np.ptp(y) == 0
            r[a, b] = r[b, a] = 0.0 if flat else float(np.corrcoef(x, y)[0, 1])
    normal = 2 * np.sin(np.pi * r / 6)
    np.fill_diagonal(normal, 1.0)
    lowest = float(np.linalg.eigvalsh(normal)[0])
    if lowest < 0.05:
        part = (0.05 - lowest) / (1 - lowest)
        normal = (1 - part) * normal + part * np.eye(k)
    return r, normal


def disagreement(scores: Floats, correlation: Floats) -> Disagreement:
    """Estimate how far the measurements of each unit disagree.

    With z the k known scores of a unit and R their correlation, the level that they share is
    m = 1'R^-1 z / 1'R^-1 1, and the distance (z - m 1)' R^-1 (z - m 1): Mahalanobis' squared distance without the part
    along which all measurements rise together. For jointly normal scores it is chi-square with k - 1 degrees of
    freedom. Gap of measurement j: (z_j - r_j'R_-j^-1 z_-j) / sqrt(1 - r_j'R_-j^-1 r_j). Units with fewer than two
    measurements have none. `scores`: units x measurements; `correlation`: as of `rank_correlations`.
    """
    n, k = scores.shape
    distance, p, gap = np.full(n, np.nan), np.full(n, np.nan), np.full((n, k), np.nan)
    known = ~np.isnan(scores)
    for pattern in np.unique(known, axis=0):
        at = np.flatnonzero(pattern)
        if len(at) < 2:
            continue
        rows = np.flatnonzero((known == pattern).all(axis=1))
        z = scores[np.ix_(rows, at)]
        inverse = np.linalg.inv(correlation[np.ix_(at, at)])
        ones = inverse.sum(axis=1)
        away = z - ((z @ ones) / ones.sum())[:, None]
        distance[rows] = np.einsum("ij,jk,ik->i", away, inverse, away)
        p[rows] = chdtrc(len(at) - 1, distance[rows])
        gap[np.ix_(rows, at)] = (z @ inverse) / np.sqrt(np.diag(inverse))
    return Disagreement(distance, p, known.sum(axis=1), gap)
