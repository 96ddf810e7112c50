"""The probability that a value of one group exceeds one of another (the area under the ROC curve), with intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit, ndtri, stdtrit
from scipy.stats import rankdata

from her2het.kernels.roots import brent_root


@dataclass(frozen=True)
class Superiority:
    """P(X > Y) + P(X = Y)/2 with the variance of its estimate and the degrees of freedom of that variance."""

    value: float
    variance: float
    df: float
    n: tuple[int, ...]


def placements(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of y below each x, and of x above each y, ties counting one half: DeLong's structural components."""
    m, n = len(x), len(y)
    ranks = rankdata(np.concatenate((x, y)))
    above = (ranks[:m] - rankdata(x)) / n
    below = 1.0 - (ranks[m:] - rankdata(y)) / m
    return above, below


def superiority(x: NDArray[np.float64], y: NDArray[np.float64]) -> Superiority:
    """Estimate theta = P(X > Y) + P(X = Y)/2 and its variance.

    theta = mean of the placements a_i of x among y; var = S_a^2/m + S_b^2/n with S^2 the sample variances of the
    placements of x and of y; df = var^2 / ((S_a^2/m)^2/(m-1) + (S_b^2/n)^2/(n-1)). The variance is not a number for
    groups of one. Brunner & Munzel 2000, doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U; the same
    variance as DeLong et al. 1988, doi:10.2307/2531595.
    """
    m, n = len(x), len(y)
    if m == 0 or n == 0:
        return Superiority(math.nan, math.nan, math.nan, (m, n))
    above, below = placements(x, y)
    if m < 2 or n < 2:
        return Superiority(float(above.mean()), math.nan, math.nan, (m, n))
    a, b = float(above.var(ddof=1)) / m, float(below.var(ddof=1)) / n
    variance = a + b
    df = variance**2 / (a**2 / (m - 1) + b**2 / (n - 1)) if variance > 0 else math.nan
    return Superiority(float(above.mean()), variance, df, (m, n))


def superiority_covariance(
    first: tuple[NDArray[np.float64], NDArray[np.float64]], second: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> float:
    """The covariance of two areas measured on the same units: S_10/m + S_01/n, from the paired placements.

    `first`, `second`: one marker's values of the m and of the n units, then the other's, units in the same order.
    Not a number for groups of one. DeLong et al. 1988, doi:10.2307/2531595.
    """
    (a, b), (c, d) = placements(*first), placements(*second)
    m, n = len(a), len(b)
    if m < 2 or n < 2:
        return math.nan
    return float(np.cov(a, c)[0, 1]) / m + float(np.cov(b, d)[0, 1]) / n


def paired_superiority(differences: NDArray[np.float64]) -> Superiority:
    """Estimate theta = P(D + D' > 0) for two paired differences, the share of Walsh averages above 0 (zeros left out).

    theta = V / (n(n+1)/2), V the signed-rank statistic; its variance by the jackknife, with n - 1 degrees of freedom.
    """
    d = differences[differences != 0]
    n = len(d)
    if n == 0:
        return Superiority(math.nan, math.nan, math.nan, (0,))
    share = (np.sign(np.add.outer(d, d)) + 1) / 2
    v = (share.sum() + np.trace(share)) / 2
    theta = float(v / (n * (n + 1) / 2))
    if n < 3:
        return Superiority(theta, math.nan, math.nan, (n,))
    without = (v - share.sum(axis=1)) / (n * (n - 1) / 2)
    variance = (n - 1) / n * float(((without - without.mean()) ** 2).sum())
    return Superiority(theta, variance, n - 1.0, (n,))


def superiority_interval(of: Superiority, level: float = 0.95) -> tuple[float, float]:
    """The interval of a probability of superiority: the outer limits of two, each of which fails where the other holds.

    One is `logit_interval`: where groups hardly overlap and one is small its variance rests on a few values (coverage
    down to 84 % for 14 against 115). The other is, for two groups, `newcombe5`, which needs no variance but takes the
    groups' spreads as alike (down to 88 %); for pairs, Clopper and Pearson's of theta n out of n. Together they kept
    95 % in every case tried, mostly at 0 to 15 % more width than the logit interval.
    """
    if math.isnan(of.value):
        return math.nan, math.nan
    one, other = logit_interval(of, level), _without_variance(of, level)
    return min(one[0], other[0]), max(one[1], other[1])


def logit_interval(of: Superiority, level: float = 0.95, *, normal: bool = False) -> tuple[float, float]:
    """The interval on the logit scale: logit(theta) +- q sqrt(var) / (theta (1 - theta)).

    q is the quantile of t with the estimate's df, or of the normal distribution where `normal` (DeLong's). Where the
    variance is 0 or unknown, or theta is 0 or 1, it is the interval that needs no variance (`superiority_interval`).
    """
    theta = of.value
    if math.isnan(theta):
        return math.nan, math.nan
    upper = (1 + level) / 2
    if of.variance > 1e-14 and 1e-12 < theta < 1 - 1e-12:
        q = float(ndtri(upper)) if normal else float(stdtrit(of.df, upper))
        half = q * math.sqrt(of.variance) / (theta * (1 - theta))
        centre = float(logit(theta))
        return float(expit(centre - half)), float(expit(centre + half))
    return _without_variance(of, level)


def _without_variance(of: Superiority, level: float) -> tuple[float, float]:
    theta, tail = of.value, (1 - level) / 2
    if len(of.n) == 2:
        return newcombe5(theta, of.n[0], of.n[1], level)
    n = of.n[0]
    hits = theta * n
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits > 1e-9 else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n - 1e-9 else 1.0
    return low, high


def newcombe5(theta: float, m: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Newcombe's method 5, an interval of theta from theta and the numbers alone, which never degenerates.

    The roots of |theta_hat - t| = z sqrt(t (1-t) (1 + N (1-t)/(2-t) + N t/(1+t)) / (mn)) with N = (m+n)/2 - 1.
    Newcombe 2006, doi:10.1002/sim.2324.
    """
    z, size = float(ndtri((1 + level) / 2)), (m + n) / 2 - 1

    def gap(t: float) -> float:
        spread = t * (1 - t) * (1 + size * (1 - t) / (2 - t) + size * t / (1 + t)) / (m * n)
        return abs(theta - t) - z * math.sqrt(spread)

    edge = 1e-9  # at the estimate itself the gap is below 0, unless the estimate is 0 or 1, where it is 0
    low = 0.0 if theta <= 0 else brent_root(gap, 0.0, min(theta, 1 - edge), 1e-13)
    high = 1.0 if theta >= 1 else brent_root(gap, max(theta, edge), 1.0, 1e-13)
    return low, high


def hanley_mcneil(theta: float, m: float, n: float) -> float:
    """The variance of an area theta under the curve with m units with and n without, for exponential values.

    (theta (1 - theta) + (m - 1)(Q1 - theta^2) + (n - 1)(Q2 - theta^2)) / (mn), Q1 = theta/(2 - theta),
    Q2 = 2 theta^2/(1 + theta). Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    one, two, square = theta / (2 - theta), 2 * theta * theta / (1 + theta), theta * theta
    return (theta * (1 - theta) + (m - 1) * (one - square) + (n - 1) * (two - square)) / (m * n)
