"""Pearson's chi-square of a table, and Cramér's V with an interval."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, chndtr

from her2het.kernels.conditional import whole_counts
from her2het.kernels.roots import brent_root
from her2het.kernels.symmetry import ChiSquare, chi_square_p


@dataclass(frozen=True)
class Cramer:
    """V from 0 (none) to 1 (one class fixes the other), with its interval and the smallest expected count."""

    value: float
    low: float
    high: float
    smallest_expected: float


def chi_square(table: ArrayLike, *, correct: bool = False) -> ChiSquare:
    """sum (n_ij - e_ij)^2 / e_ij with e_ij = n_i. n_.j / N and (r - 1)(c - 1) degrees of freedom.

    `correct`: Yates' continuity correction for 2 x 2 tables (distances less min(1/2, distance)), as R does by default.
    Empty rows and columns are left out; not a number where fewer than two of either remain.
    """
    counts = _filled(table)
    if min(counts.shape) < 2:
        return chi_square_p(math.nan, 0)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    distance = np.abs(counts - expected)
    if correct and counts.shape == (2, 2):
        distance = distance - min(0.5, float(distance.min()))
    return chi_square_p(float((distance**2 / expected).sum()), (counts.shape[0] - 1) * (counts.shape[1] - 1))


def cramer(table: ArrayLike, level: float = 0.95) -> Cramer:
    """Estimate V = sqrt(X^2 / (N min(r - 1, c - 1))).

    Interval: noncentralities L at which X^2 is the upper or lower (1 - level)/2 quantile of noncentral chi-square, as
    sqrt(L / (N min(r - 1, c - 1))), at most 1 (Smithson 2003, doi:10.4135/9781412983761). Approximate; the lower limit
    is 0 where the chi-square test does not reject. The upper limit of a table more even than chance would be 0, as if
    the sample could exclude every association: it is taken at the median of X^2 under independence where X^2 is
    smaller (a power-constrained limit, Cowan et al. 2011, arXiv:1105.3166). From about 20 degrees of freedom V, biased
    upwards by about df / N, can lie above its limit, which is then V.
    """
    found, counts = chi_square(table), _filled(table)
    if math.isnan(found.statistic):
        return Cramer(math.nan, math.nan, math.nan, math.nan)
    scale = float(counts.sum()) * (min(counts.shape) - 1)
    tail = (1 - level) / 2

    def limit(statistic: float, p: float) -> float:
        def gap(ncp: float) -> float:
            return float(chndtr(statistic, found.df, ncp)) - p

        if gap(0.0) <= 0:
            return 0.0
        reach = 1.0
        while gap(reach) > 0:
            reach *= 2
        return min(1.0, math.sqrt(brent_root(gap, 0.0, reach, 1e-10) / scale))

    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    value = min(1.0, math.sqrt(found.statistic / scale))
    high = limit(max(found.statistic, float(chdtri(found.df, 0.5))), tail)
    return Cramer(value, limit(found.statistic, 1 - tail), max(high, value), float(expected.min()))


def _filled(table: ArrayLike):
    counts = whole_counts(table)
    if counts.ndim != 2:
        raise ValueError(f"a table of {counts.ndim} dimensions, needed are rows and columns")
    return counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype(np.float64)
