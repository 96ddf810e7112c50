"""Exact null distributions of rank statistics, and the rank-sum and signed-rank tests built on them."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

EXACT_BELOW = 50  # both groups, or the pairs, must number fewer for the exact distribution


@dataclass(frozen=True)
class RankTest:
    """A rank statistic with its two-sided p; `n` counts the values that were ranked, `zeros` those left out as 0."""

    statistic: float
    p: float
    exact: bool
    ties: bool
    n: tuple[int, ...]
    zeros: int = 0


@lru_cache(maxsize=256)
def rank_sum_cdf(m: int, n: int) -> NDArray[np.float64]:
    """P(U <= u) for u = 0..mn, U the number of pairs in which one of m values exceeds one of n, nothing tied.

    With f(m, n, u) = P(U = u): f(m, n, u) = m/(m+n) f(m-1, n, u-n) + n/(m+n) f(m, n-1, u), by whether the largest
    value is among the m or the n. Sums of positive terms only, so the relative error stays near 1e-14.
    Mann & Whitney 1947, doi:10.1214/aoms/1177730491.
    """
    if m > n:
        return rank_sum_cdf(n, m)
    row = [np.ones(1) for _ in range(n + 1)]  # row[j] = f(i, j, .)
    for i in range(1, m + 1):
        current = [np.ones(1)]
        for j in range(1, n + 1):
            f = np.zeros(i * j + 1)
            f[j:] += i / (i + j) * row[j]
            f[: i * (j - 1) + 1] += j / (i + j) * current[j - 1]
            current.append(f)
        row = current
    return _frozen(np.cumsum(row[n]))


@lru_cache(maxsize=256)
def signed_rank_cdf(n: int) -> NDArray[np.float64]:
    """P(V <= v) for v = 0..n(n+1)/2, V the sum of the ranks 1..n that carry a plus, each with probability 1/2.

    Wilcoxon 1945, doi:10.2307/3001968.
    """
    f = np.zeros(n * (n + 1) // 2 + 1)
    f[0] = 1.0
    for k in range(1, n + 1):
        f[k:] += f[:-k].copy()
        f *= 0.5
    return _frozen(np.cumsum(f))


def lower_quantile(cdf: NDArray[np.float64], p: float) -> int:
    """The smallest u with P(U <= u) >= p, but at least 1: the rank of an order statistic that bounds an interval."""
    return max(1, int(np.searchsorted(cdf, p - 10 * np.finfo(np.float64).eps)))


def rank_sum_test(x: NDArray[np.float64], y: NDArray[np.float64], *, exact: bool | None = None) -> RankTest:
    """Test whether P(X > Y) = P(X < Y) by the ranks of x among y.

    U = sum of the ranks of x - m(m+1)/2. Exact p = 2 min(P(U <= u), P(U >= u)). Otherwise, with mu = mn/2,
    N = m + n, t the sizes of tied blocks and s^2 = mn/12 (N + 1 - sum(t^3 - t) / (N(N-1))):
    z = (U - mu - sign(U - mu)/2) / s and p = 2 Phi(-|z|). `exact` None: exact where m < 50, n < 50 and nothing is
    tied, as R does. Not a number where a group is empty or all values are equal.

    `x`, `y`: finite values of two independent groups. Raises ValueError where exact is asked for with ties.
    Hollander, Wolfe & Chicken 2014, doi:10.1002/9781119196037, chapter 4.
    """
    m, n = len(x), len(y)
    if m == 0 or n == 0:
        return RankTest(math.nan, math.nan, False, False, (m, n))
    ranks = rankdata(np.concatenate((x, y)))
    u = float(ranks[:m].sum() - m * (m + 1) / 2)
    blocks = np.unique(ranks, return_counts=True)[1].astype(np.float64)
    ties = bool((blocks > 1).any())
    if exact is None:
        exact = m < EXACT_BELOW and n < EXACT_BELOW and not ties
    if exact:
        if ties:
            raise ValueError("the exact distribution is that of untied values, and some are tied")
        cdf = rank_sum_cdf(m, n)
        k = round(u)
        p = 2.0 * min(cdf[k], cdf[m * n - k])
        return RankTest(u, min(1.0, float(p)), True, False, (m, n))
    total = m + n
    spread = math.sqrt(m * n / 12 * ((total + 1) - float((blocks**3 - blocks).sum()) / (total * (total - 1))))
    return RankTest(u, two_sided(u - m * n / 2, spread), False, ties, (m, n))


def signed_rank_test(differences: NDArray[np.float64], *, exact: bool | None = None) -> RankTest:
    """Test whether paired differences are symmetric about 0 by the ranks of their sizes.

    Zeros are left out; V = sum of the ranks of |d| over d > 0 among the n that remain. Exact p = 2 min(P(V <= v),
    P(V >= v)). Otherwise mu = n(n+1)/4, s^2 = n(n+1)(2n+1)/24 - sum(t^3 - t)/48, z = (V - mu - sign(V - mu)/2) / s.
    `exact` None: exact where n < 50 and there are neither ties nor zeros, as R does. Not a number where nothing
    remains. Raises ValueError where exact is asked for with ties.
    Hollander, Wolfe & Chicken 2014, doi:10.1002/9781119196037, chapter 3.
    """
    d = differences[differences != 0]
    zeros, n = len(differences) - len(d), len(d)
    if n == 0:
        return RankTest(math.nan, math.nan, False, False, (0,), zeros)
    ranks = rankdata(np.abs(d))
    v = float(ranks[d > 0].sum())
    blocks = np.unique(ranks, return_counts=True)[1].astype(np.float64)
    ties = bool((blocks > 1).any())
    if exact is None:
        exact = n < EXACT_BELOW and not ties and not zeros
    if exact:
        if ties:
            raise ValueError("the exact distribution is that of untied differences, and some are tied")
        cdf = signed_rank_cdf(n)
        k = round(v)
        p = 2.0 * min(cdf[k], cdf[len(cdf) - 1 - k])
        return RankTest(v, min(1.0, float(p)), True, False, (n,), zeros)
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - float((blocks**3 - blocks).sum()) / 48)
    return RankTest(v, two_sided(v - n * (n + 1) / 4, spread), False, ties, (n,), zeros)


def two_sided(distance: float, spread: float) -> float:
    """Two-sided normal p of a distance from the expectation, with continuity correction; NaN where spread is 0."""
    if not spread > 0:
        return math.nan
    z = (distance - math.copysign(0.5, distance) * (distance != 0)) / spread
    return min(1.0, float(2.0 * ndtr(-abs(z))))


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values
