"""Several groups: do they differ (Kruskal and Wallis), and do they rise in order (Jonckheere and Terpstra)?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtri, ncfdtr, ndtr
from scipy.stats import rankdata

from her2het.kernels.ranks import rank_sum_cdf
from her2het.kernels.roots import brent_root
from her2het.kernels.superiority import Superiority

Groups = Sequence[NDArray[np.float64]]
EXACT_TO = 100  # values in all, for the exact distribution of the trend statistic


@dataclass(frozen=True)
class KruskalWallis:
    """H corrected for ties, degrees of freedom, p, and epsilon squared = H / (N - 1)."""

    statistic: float
    df: int
    p: float
    epsilon: float
    n: int


@dataclass(frozen=True)
class Trend:
    """Jonckheere's J, two-sided p, whether it is exact, and the probability of a rise from a group to a later one."""

    statistic: float
    p: float
    exact: bool
    superiority: Superiority


def kruskal_wallis(groups: Groups) -> KruskalWallis:
    """Test whether any group tends to higher values than another.

    H = (N - 1) sum n_g (R_g - R)^2 / sum (r_i - R)^2 with ranks r (ties at their mean), R_g a group's mean rank and R =
    (N + 1)/2; chi-square with (groups that have values) - 1 degrees of freedom. Epsilon squared = H/(N - 1) is the
    share of the ranks' variance that lies between groups. Not a number where fewer than two groups have values or all
    values are equal. Kruskal & Wallis 1952, doi:10.1080/01621459.1952.10483441; as R's kruskal.test.
    """
    filled = [g for g in groups if len(g)]
    n = sum(len(g) for g in filled)
    if len(filled) < 2:
        return KruskalWallis(math.nan, 0, math.nan, math.nan, n)
    ranks = rankdata(np.concatenate(filled)) - (n + 1) / 2
    whole = float(ranks @ ranks)
    parts = np.split(ranks, np.cumsum([len(g) for g in filled])[:-1])
    between = math.fsum(len(part) * float(part.mean()) ** 2 for part in parts)
    df = len(filled) - 1
    if whole == 0:
        return KruskalWallis(math.nan, df, math.nan, math.nan, n)
    h = (n - 1) * between / whole
    return KruskalWallis(h, df, float(chdtrc(df, h)), min(1.0, between / whole), n)


def epsilon_interval(of: KruskalWallis, level: float = 0.95) -> tuple[float, float]:
    """The interval of epsilon squared, from the variance ratio of the ranks.

    F = (e/df) / ((1 - e)/(N - df - 1)); the noncentralities L at which F is the upper or lower (1 - level)/2 quantile
    of noncentral F give e = L / (L + N). Approximate: ranks are not normal. Steiger 2004,
    doi:10.1037/1082-989X.9.2.164. Groups more alike than chance would get an upper limit of 0, as if the sample could
    exclude every difference: it is taken at the median of F where there is none if F is smaller (a power-constrained
    limit, Cowan et al. 2011, arXiv:1105.3166, as for Cramér's V), and is never below e.
    """
    rest = of.n - of.df - 1
    if math.isnan(of.epsilon) or rest < 1:
        return math.nan, math.nan
    if of.epsilon >= 1 - 1e-12:
        return math.nan, 1.0
    f = (of.epsilon / of.df) / ((1 - of.epsilon) / rest)
    tail = (1 - level) / 2

    def limit(p: float, f: float) -> float:
        def gap(ncp: float) -> float:
            return float(ncfdtr(of.df, rest, ncp, f)) - p

        if gap(0.0) <= 0:
            return 0.0
        reach = 1.0
        while gap(reach) > 0:
            reach *= 2
        ncp = brent_root(gap, 0.0, reach, 1e-10)
        return ncp / (ncp + of.n)

    high = limit(tail, max(f, float(fdtri(of.df, rest, 0.5))))
    return limit(1 - tail, f), max(high, of.epsilon)


def jonckheere(groups: Groups, *, exact: bool | None = None) -> Trend:
    """Test whether values rise (or fall) from one group to the next, in the order given.

    J = sum over pairs of groups g < h of the pairs of values that rise, ties one half. Exact p: J is the sum of
    independent rank sums of each group against all before it. Otherwise (J - E)/s with E = (N^2 - sum n_g^2)/4 and the
    variance corrected for ties, without continuity correction. `exact` None: up to 100 values without ties.
    Superiority: J over the number of pairs between groups, its variance by the jackknife over values. Not a number
    where fewer than two groups have values. Raises ValueError where exact is asked for with ties. Jonckheere 1954,
    doi:10.1093/biomet/41.1-2.133; Hollander, Wolfe & Chicken 2014, doi:10.1002/9781119196037, chapter 6.
    """
    filled = [g for g in groups if len(g)]
    sizes = [len(g) for g in filled]
    if len(filled) < 2:
        return Trend(math.nan, math.nan, False, Superiority(math.nan, math.nan, math.nan, tuple(sizes)))
    values, label = np.concatenate(filled), np.repeat(np.arange(len(filled)), sizes)
    rises = (np.sign(np.subtract.outer(values, values)) + 1) / 2
    counted = np.where(np.greater.outer(label, label), rises, 0.0)
    counted = counted + np.where(np.less.outer(label, label), 1 - rises, 0.0)
    j = float(counted.sum()) / 2
    blocks = np.unique(values, return_counts=True)[1].astype(np.float64)
    ties, n = bool((blocks > 1).any()), len(values)
    if exact is None:
        exact = n <= EXACT_TO and not ties
    if exact and ties:
        raise ValueError("the exact distribution is that of untied values, and some are tied")
    p = _exact_trend_p(round(j), sizes) if exact else _normal_trend_p(j, np.array(sizes, dtype=np.float64), blocks)
    return Trend(j, p, exact, _rise(counted, label, sizes))


def _exact_trend_p(j: int, sizes: list[int]) -> float:
    density = np.ones(1)
    before = sizes[0]
    for size in sizes[1:]:
        density = np.convolve(density, np.diff(rank_sum_cdf(size, before), prepend=0.0))
        before += size
    j = min(j, len(density) - 1 - j)  # symmetric
    return min(1.0, 2 * float(density[: j + 1].sum()))


def _normal_trend_p(j: float, sizes: NDArray[np.float64], blocks: NDArray[np.float64]) -> float:
    n = float(sizes.sum())

    def sums(power: int) -> tuple[float, float]:
        """Falling factorials of the sizes and of the ties: t(t-1) or t(t-1)(t-2)."""
        f = (lambda t: t * (t - 1)) if power == 2 else (lambda t: t * (t - 1) * (t - 2))
        return float(f(sizes).sum()), float(f(blocks).sum())

    def cubic(t: NDArray[np.float64]) -> float:
        return float((t * (t - 1) * (2 * t + 5)).sum())

    variance = (n * (n - 1) * (2 * n + 5) - cubic(sizes) - cubic(blocks)) / 72
    if n > 2:
        variance += sums(3)[0] * sums(3)[1] / (36 * n * (n - 1) * (n - 2))
    variance += sums(2)[0] * sums(2)[1] / (8 * n * (n - 1))
    if not variance > 1e-12:
        return math.nan
    expected = (n * n - float((sizes**2).sum())) / 4
    return min(1.0, 2 * float(ndtr(-abs(j - expected) / math.sqrt(variance))))


def _rise(counted: NDArray[np.float64], label: NDArray[np.int64], sizes: list[int]) -> Superiority:
    """J over the pairs between groups, with its jackknife variance over values."""
    n = len(label)
    between = n - np.asarray(sizes)[label]
    pairs = float(between.sum()) / 2
    j = float(counted.sum()) / 2
    theta = j / pairs
    left = pairs - between
    sides = (sizes[0], n - sizes[0])  # where every pair rises the interval is that of the first group against the rest
    if n < 4 or (left <= 0).any():
        return Superiority(theta, math.nan, math.nan, sides)
    without = (j - counted.sum(axis=1)) / left
    variance = (n - 1) / n * float(((without - without.mean()) ** 2).sum())
    return Superiority(theta, variance, n - 1.0, sides)
