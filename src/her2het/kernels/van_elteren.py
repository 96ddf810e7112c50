"""The rank-sum test within strata, and the shift that the strata share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from her2het.kernels.shifts import Shift
from her2het.kernels.superiority import Superiority, superiority

Stratum = tuple[NDArray[np.float64], NDArray[np.float64]]  # values of the first and of the second group


@dataclass(frozen=True)
class StratifiedTest:
    """z and two-sided p of van Elteren's test; `strata` counts those that have both groups."""

    z: float
    p: float
    strata: int


def van_elteren(strata: Sequence[Stratum]) -> StratifiedTest:
    """Test within strata whether P(X > Y) = P(X < Y), strata weighted so that the test is locally most powerful.

    T = sum_s (W_s - E_s)/(N_s + 1) with W_s the rank sum of the first group in stratum s and E_s = m_s (N_s + 1)/2; var
    = sum_s V_s/(N_s + 1)^2, V_s = m_s n_s/12 (N_s + 1 - sum(t^3 - t)/(N_s (N_s - 1))). p = 2 Phi(-|T|/sqrt(var)),
    without continuity correction. Strata without one of the groups say nothing and are left out. Not a number where
    none remains or nothing varies. van Elteren 1960, Bulletin of the International Statistical Institute 37:351.
    """
    used = [(x, y) for x, y in strata if len(x) and len(y)]
    distance = variance = 0.0
    for x, y in used:
        m, n = len(x), len(y)
        ranks = rankdata(np.concatenate((x, y)))
        distance += (float(ranks[:m].sum()) - m * (m + n + 1) / 2) / (m + n + 1)
        variance += _variance(m, n, _blocks(ranks))
    if not variance > 1e-12:
        return StratifiedTest(math.nan, math.nan, len(used))
    z = distance / math.sqrt(variance)
    return StratifiedTest(z, min(1.0, 2 * float(ndtr(-abs(z)))), len(used))


def stratified_shift(strata: Sequence[Stratum], level: float = 0.95) -> Shift:
    """Estimate the shift that strata share: the median of all differences within strata, each weighing 1/(N_s + 1).

    Interval: the shifts d at which T of x - d against y crosses +-z sqrt(var), var with the ties within x and within y
    of a stratum; both ends are differences. With one stratum it is the Hodges-Lehmann shift, with the interval that
    inverts the test without continuity correction.
    """
    used = [(x, y) for x, y in strata if len(x) and len(y)]
    if not used:
        return Shift(math.nan, math.nan, math.nan, level, exact=False)
    differences = np.concatenate([np.subtract.outer(x, y).ravel() for x, y in used])
    weights = np.concatenate([np.full(len(x) * len(y), 1.0 / (len(x) + len(y) + 1)) for x, y in used])
    if not differences.any():
        return Shift(0.0, math.nan, math.nan, level, exact=False)
    order = np.argsort(differences, kind="stable")
    differences = differences[order]
    passed = np.cumsum(weights[order])  # weight of the differences up to each
    half, total = passed[-1] / 2, float(passed[-1])
    variance = sum(_variance(len(x), len(y), _blocks(x) + _blocks(y)) for x, y in used)
    reach = -float(ndtri((1 - level) / 2)) * math.sqrt(variance)
    return Shift(
        _weighted_median(differences, passed, half, total),
        float(differences[_first(passed, half - reach, total)]),
        float(differences[_first(passed, half + reach, total)]),
        level,
        exact=False,
    )


def stratified_superiority(strata: Sequence[Stratum]) -> Superiority:
    """Estimate P(X > Y) + P(X = Y)/2 for two units of one stratum, strata weighing m_s n_s / (N_s + 1).

    The strata's estimates, averaged; the variance is not a number where a stratum has a group of one.
    """
    used = [(x, y) for x, y in strata if len(x) and len(y)]
    size = (sum(len(x) for x, _ in used), sum(len(y) for _, y in used))
    if not used:
        return Superiority(math.nan, math.nan, math.nan, size)
    parts = [superiority(x, y) for x, y in used]
    weights = np.array([len(x) * len(y) / (len(x) + len(y) + 1) for x, y in used])
    weights = weights / weights.sum()
    variances = weights**2 * np.array([p.variance for p in parts])
    variance = float(variances.sum())
    df = np.array([p.df for p in parts])
    lasting = variances > 0
    whole = variance**2 / float((variances[lasting] ** 2 / df[lasting]).sum()) if variance > 0 else math.nan
    return Superiority(float(weights @ np.array([p.value for p in parts])), variance, whole, size)


def _variance(m: int, n: int, blocks: float) -> float:
    total = m + n
    if total < 2:
        return 0.0
    return m * n / 12 * ((total + 1) - blocks / (total * (total - 1))) / (total + 1) ** 2


def _first(passed: NDArray[np.float64], weight: float, total: float) -> int:
    """The first difference up to which more than `weight` lies."""
    return int(min(np.searchsorted(passed, weight + 1e-12 * total, side="right"), len(passed) - 1))


def _weighted_median(values: NDArray[np.float64], passed: NDArray[np.float64], half: float, total: float) -> float:
    """The middle of the two neighbours where exactly half the weight lies on either side."""
    at = _first(passed, half, total)
    if at > 0 and abs(passed[at - 1] - half) <= 1e-12 * total:
        return float((values[at - 1] + values[at]) / 2)
    return float(values[at])


def _blocks(values: NDArray[np.float64]) -> float:
    sizes = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((sizes**3 - sizes).sum())
