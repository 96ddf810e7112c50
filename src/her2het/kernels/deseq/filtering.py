"""Adjusted p-values: Benjamini-Hochberg, and the threshold on the mean that finds most."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
QUANTILES = 50
LOWESS_SPAN = 0.2
FEW = 10
"""With at most this many rejections at every threshold, the lowest threshold is taken."""


class Filtered(NamedTuple):
    """Adjusted p-values (NaN below the threshold, and where p is), the threshold on the filter, and its quantile."""

    adjusted: Floats
    threshold: float
    quantile: float


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values: the smallest false discovery rate at which each test is rejected; NaN stays NaN.

    q_(i) = min over j >= i of p_(j) m / j, at most 1, over the m tests that have a p-value.
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    by = known[np.argsort(p[known], kind="stable")]
    out[by] = _step_up(p[by])
    return out


def _step_up(ascending: Floats) -> Floats:
    m = len(ascending)
    scaled = ascending * (m / np.arange(1, m + 1))
    return np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])


def independent_filtering(p: Floats, by: Floats, alpha: float = 0.1) -> Filtered:
    """Adjust p-values of the tests whose filter value is high enough, with the threshold that rejects most.

    50 thresholds are quantiles of `by` (mean of normalised counts) from the share of zeros to 0.95. The number of
    rejections at `alpha` is smoothed over them (lowess, span 1/5); the lowest threshold is taken that rejects more than
    the highest smoothed number less the root mean square of what the smooth leaves. With at most 10 rejections at every
    threshold nothing is filtered. Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    zeros = float(np.mean(by == 0))
    theta = np.linspace(zeros, 0.95 if zeros < 0.95 else 1.0, QUANTILES)
    cut = np.quantile(by, theta)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    ascending, value = p[order], by[order]
    rejected = np.zeros(QUANTILES)
    for k in range(QUANTILES):
        kept = ascending[value >= cut[k]]
        passed = np.flatnonzero(kept * (len(kept) / np.arange(1, len(kept) + 1)) < alpha)
        rejected[k] = passed[-1] + 1 if len(passed) else 0
    best = 0
    if rejected.max() > FEW:
        smooth = lowess(theta, rejected, LOWESS_SPAN)
        some = rejected > 0
        enough = smooth.max() - math.sqrt(float(np.mean((rejected[some] - smooth[some]) ** 2)))
        above = np.flatnonzero(rejected > enough)
        best = int(above[0]) if len(above) else 0
    kept = value >= cut[best]
    adjusted = np.full(p.shape, np.nan)
    adjusted[order[kept]] = _step_up(ascending[kept])
    return Filtered(adjusted, float(cut[best]), float(theta[best]))


def lowess(x: Floats, y: Floats, span: float) -> Floats:
    """Robust local straight lines through (x, y), x ascending: tricube windows, three bisquare rounds.

    The window of x_i holds the nearest floor(span n) points; after each round a point's weight is
    (1 - (residual / (6 median |residual|))^2)^2. Every point is fitted: R's shortcut for points closer than a hundredth
    of the range does not matter to 50 equal steps. Cleveland 1979, doi:10.1080/01621459.1979.10481038.
    """
    n = len(x)
    near = max(2, min(n, int(span * n + 1e-7)))
    smooth = np.zeros(n)
    robust = np.ones(n)
    extent = float(x[-1] - x[0])
    for turn in range(4):
        left, right = 0, near - 1
        for i in range(n):
            while right < n - 1 and x[i] - x[left] > x[right + 1] - x[i]:
                left += 1
                right += 1
            smooth[i] = _line(x, y, robust, i, left, float(max(x[i] - x[left], x[right] - x[i])), extent)
        if turn == 3:
            break
        residual = np.abs(y - smooth)
        ordered = np.sort(residual)
        scale = 3 * (ordered[n // 2] + ordered[n - n // 2 - 1])
        if scale < 1e-7 * residual.mean() or residual.max() <= 1e-13 * np.abs(y).max():
            break
        t = residual / scale if scale > 0 else np.where(residual > 0, np.inf, 0.0)
        robust = np.where(t <= 0.001, 1.0, np.where(t <= 0.999, (1 - t * t) ** 2, 0.0))
    return smooth


def _line(x: Floats, y: Floats, robust: Floats, i: int, left: int, h: float, extent: float) -> float:
    """Height at x_i of the weighted line over the points from `left` on that lie within h of x_i."""
    distance = np.abs(x - x[i])
    inside = (distance <= 0.999 * h) & (np.arange(len(x)) >= left)
    d = distance[inside] / h if h > 0 else distance[inside]
    w = np.where(distance[inside] <= 0.001 * h, 1.0, (1 - d**3) ** 3) * robust[inside]
    if w.sum() <= 0:
        return float(y[i])
    w = w / w.sum()
    if h > 0:
        at = x[inside]
        mean = float(w @ at)
        spread = float(w @ (at - mean) ** 2)
        if math.sqrt(spread) > 0.001 * extent:
            w = w * ((x[i] - mean) / spread * (at - mean) + 1)
    return float(w @ y[inside])
