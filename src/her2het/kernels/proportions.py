"""Intervals of proportions and of differences between two of them, independent or paired."""

import math

from scipy.special import betaincinv, ndtri


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a proportion: the p at which P(X >= hits) or P(X <= hits) is (1 - level)/2, X binomial.

    0 to 1 for n = 0. Raises ValueError unless 0 <= hits <= n. Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    _check(hits, n)
    tail = (1 - level) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return low, high


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion: (2 n p + z^2 -+ z sqrt(z^2 + 4 n p (1 - p))) / (2 (n + z^2)).

    0 to 1 for n = 0. Raises ValueError unless 0 <= hits <= n. Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    _check(hits, n)
    if n == 0:
        return 0.0, 1.0
    z, p = -float(ndtri((1 - level) / 2)), hits / n
    half = z * math.sqrt(z * z + 4 * n * p * (1 - p))
    low, high = (2 * n * p + z * z - half) / (2 * (n + z * z)), (2 * n * p + z * z + half) / (2 * (n + z * z))
    return (0.0 if hits == 0 else low), (1.0 if hits == n else high)


def newcombe(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    """The interval of p1 - p2 for independent groups, squared and added from Wilson's intervals (l, u) of each.

    d - sqrt((p1 - l1)^2 + (u2 - p2)^2) to d + sqrt((u1 - p1)^2 + (p2 - l2)^2). `first`, `second`: hits and number. Not
    a number where a group is empty. Newcombe 1998,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.
    """
    if first[1] == 0 or second[1] == 0:
        return math.nan, math.nan
    (l1, u1), (l2, u2) = wilson(*first, level), wilson(*second, level)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    return p1 - p2 - math.hypot(p1 - l1, u2 - p2), p1 - p2 + math.hypot(u1 - p1, p2 - l2)


def newcombe_paired(both: int, first: int, second: int, neither: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of p1 - p2 for paired answers: yes to both, to the first only, to the second only, to neither.

    As `newcombe` with the terms -2 phi (p1 - l1)(u2 - p2) and -2 phi (u1 - p1)(p2 - l2) under the roots; phi is the
    correlation of the answers, with both * neither - first * second lowered by n/2 but not below 0 where it is
    positive, and phi = 0 where a margin is empty. Newcombe 1998,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C, method 10.
    """
    n = both + first + second + neither
    if n == 0:
        return math.nan, math.nan
    one, other = both + first, both + second
    (l1, u1), (l2, u2) = wilson(one, n, level), wilson(other, n, level)
    p1, p2 = one / n, other / n
    margins = one * (n - one) * other * (n - other)
    cross = both * neither - first * second
    cross = max(cross - n / 2, 0.0) if cross > 0 else cross
    phi = cross / math.sqrt(margins) if margins else 0.0
    below = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    above = (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2
    return p1 - p2 - math.sqrt(max(below, 0.0)), p1 - p2 + math.sqrt(max(above, 0.0))


def _check(hits: int, n: int) -> None:
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is not a proportion")
