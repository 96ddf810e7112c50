"""Correlations of two arrays, their intervals, and the null distribution of Spearman's."""

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import rankdata

ENUMERATED_TO = 9  # up to here R counts permutations
SERIES_BELOW = 1290  # from here R uses the t approximation
FAR = 1e-3  # p from which on the series is not trusted where it lies below t
Source = Literal["exact", "AS 89", "t"]


@lru_cache(maxsize=ENUMERATED_TO)
def squared_distances(n: int) -> NDArray[np.float64]:
    """How many permutations of 1..n have sum((i - perm_i)^2) = 0, 2, 4, ..., (n^3 - n)/3; n at most 12.

    Places 1..n are filled one after the other; the ranks used so far (a set) and the sum so far say all that matters.
    """
    size = (n**3 - n) // 3 + 1
    ways = {0: np.eye(1, size)[0]}
    for place in range(n):
        following: dict[int, NDArray[np.float64]] = {}
        for used, counts in ways.items():
            for rank in range(n):
                if not used >> rank & 1:
                    add = (place - rank) ** 2
                    held = following.setdefault(used | 1 << rank, np.zeros(size))
                    held[add:] += counts[: size - add]
        ways = following
    counts = ways[(1 << n) - 1][::2]
    counts.setflags(write=False)
    return counts


def upper_tail(s: float, n: int) -> float:
    """P(S >= s) for S = sum of squared rank differences of n untied pairs under independence.

    Counted for n <= 9. Above, Best and Roberts' Edgeworth series (algorithm AS 89) with
    x = (6 (s - 1) / (n (n^2 - 1)) - 1) sqrt(n - 1): 1 - Phi(x) plus a correction in powers of 1/n and x^2.
    Best & Roberts 1975, doi:10.2307/2347111.
    """
    if s <= 0:
        return 1.0
    if s > (n**3 - n) / 3:
        return 0.0
    if n <= ENUMERATED_TO:
        counts = squared_distances(n)
        return float(counts[math.ceil(s / 2) :].sum() / counts.sum())
    b = 1.0 / n
    x = (6.0 * (s - 1.0) * b / (n * n - 1.0) - 1.0) * math.sqrt(n - 1.0)
    y = x * x
    u = 0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y)
    u = -0.0758 + b * (0.1033 + 0.3932 * b) - y * b * (0.0879 + 0.0151 * b - y * u)
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * u) / math.exp(y / 2.0)
    return min(1.0, max(0.0, u + float(ndtr(-x))))


def spearman_p(r: float, n: int, *, ties: bool) -> tuple[float, Source]:
    """Two-sided p of a rank correlation, and where it comes from: counted, the series of AS 89, or t.

    Without ties and below 1,290 pairs: 2 min(P(S <= s), P(S >= s)) with s = (n^3 - n)(1 - r)/6, by `upper_tail`, as
    R's cor.test. Otherwise r sqrt((n - 2)/(1 - r^2)) against t with n - 2 degrees of freedom; so too in the far tail
    (p < .001) once the series has fallen below t on its way to 0, which R prints. No p is below that of a perfect
    order, 2/n!, which is counted.
    """
    if math.isnan(r) or n < 2:
        return math.nan, "t"
    if not ties and n < SERIES_BELOW:
        s = 2 * round((n**3 - n) * (1.0 - r) / 12.0)
        mirrored = (n**3 - n) // 3 - s
        least = 2 / math.factorial(n)
        if min(s, mirrored) == 0:
            return min(1.0, least), "exact"
        p, by_t = min(1.0, 2.0 * upper_tail(max(s, mirrored), n)), t_p(r, n)
        if n <= ENUMERATED_TO:
            return p, "exact"
        return (p, "AS 89") if p >= min(FAR, by_t) and p >= least else (max(least, by_t), "t")
    return t_p(r, n), "t"


def t_p(r: float, n: int) -> float:
    """Two-sided p of a correlation r of n pairs by t = r sqrt((n - 2)/(1 - r^2)); not a number below 3 pairs."""
    if math.isnan(r) or n < 3:
        return math.nan
    left = 1.0 - r * r
    return 0.0 if left <= 0 else float(2.0 * stdtr(n - 2, -abs(r) * math.sqrt((n - 2) / left)))


def pearson_r(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """sum(a b) / sqrt(sum(a^2) sum(b^2)), a and b the deviations from the means.

    Not a number below 3 pairs or where one array is constant.
    """
    if len(x) < 3 or x.min() == x.max() or y.min() == y.max():
        return math.nan
    a, b = x - x.mean(), y - y.mean()
    return float(np.clip((a @ b) / math.sqrt(float(a @ a) * float(b @ b)), -1.0, 1.0))


def spearman_r(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's correlation of the ranks, ties at their mean."""
    return pearson_r(rankdata(x), rankdata(y)) if len(x) else math.nan


def fisher_interval(r: float, n: int, inflate: float = 1.0, level: float = 0.95) -> tuple[float, float]:
    """tanh(artanh r +- z inflate / sqrt(n - 3)): Fisher's interval of a correlation of n pairs.

    `inflate` is 1 for Pearson's r and sqrt(1 + r^2/2) for Spearman's (Bonett & Wright 2000, doi:10.1007/BF02294183).
    A point at |r| = 1; not a number below 4 pairs.
    """
    if math.isnan(r) or n < 4:
        return math.nan, math.nan
    if abs(r) >= 1:
        return r, r
    centre, half = math.atanh(r), -float(ndtri((1 - level) / 2)) * inflate / math.sqrt(n - 3)
    return math.tanh(centre - half), math.tanh(centre + half)
