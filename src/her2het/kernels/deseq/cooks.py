"""Cook's distances: which single count moves a gene's coefficients, and what would be expected in its place."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from her2het.kernels.compile_options import INNER, KERNEL
from her2het.kernels.deseq.arrow import arrow_room, factor, leverages, to_cells
from her2het.kernels.deseq.dispersion import GENES_PER_CHUNK, MIN_MU
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.special import exp_row
from her2het.kernels.deseq.wald import cell_weights
from her2het.kernels.threads import over_chunks

ENOUGH = 3
"""Samples of a cell from which on its variance is used, and its distances are looked at."""
LEAST_ROBUST = 0.04
"""Floor of the robust dispersion."""
TRIM = 0.2
"""Share trimmed at each end of the mean that replaces an outlier."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """Where the fitted means come from: coefficients (natural log), or plain cell means, held above `floor`."""

    beta: Floats
    linear: bool = False
    floor: float = 0.0


@dataclass(frozen=True)
class Influence:
    """Per gene: the largest distance over all samples and its sample, and the largest over the watched samples.

    NaN where the gene was not fitted, and for `largest_watched` where no sample is watched. Where a bound was asked for
    and holds, the numbers are upper bounds of the distances, not above it.
    """

    largest: Floats
    sample: NDArray[np.int64]
    largest_watched: Floats


def cooks_cutoff(design: Layout) -> float:
    """The 0.99 quantile of F(p, n - p), beyond which a count is an outlier; infinite where n = p."""
    residual = design.samples - design.columns
    return float(f_distribution.ppf(0.99, design.columns, residual)) if residual > 0 else math.inf


def influence(
    counts: NDArray[np.int32],
    size_factors: Floats,
    design: Layout,
    means: Means,
    weight_beta: Floats,
    alpha: Floats,
    ridge: Floats,
    watched: NDArray[np.bool_],
    bound: float = -1.0,
) -> Influence:
    """Cook's distance of each count: the largest per gene over all samples, and over the `watched` ones (flags).

    D = (y - mu)^2 / (mu + phi mu^2) / p * h / (1 - h)^2, mu the means, h the leverage at the weights of
    `weight_beta` (where least squares ended) and dispersion `alpha`, phi a robust dispersion
    (at least 0.04) from trimmed variances within cells of three samples or more, or over all samples where there is no
    such cell. Genes whose distances with phi = 0.04 do not exceed `bound` are not looked at further.
    Cook 1977, doi:10.1080/00401706.1977.10489493; Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    genes = len(counts)
    largest = np.full((2, genes), np.nan)
    at = np.full(genes, -1, np.int64)
    fixed = _arguments(size_factors, design, means, weight_beta, alpha, ridge)
    args = (*fixed, watched[design.order], bound, largest, at, np.empty((0, 0)))
    _walk(counts, args)
    if not watched.any():
        largest[1] = np.nan
    return Influence(largest[0], at, largest[1])


def cooks_distances(
    counts: NDArray[np.int32],
    size_factors: Floats,
    design: Layout,
    means: Means,
    weight_beta: Floats,
    alpha: Floats,
    ridge: Floats,
) -> Floats:
    """Cook's distance of each count (genes x samples); see `influence`."""
    genes = len(counts)
    every = np.full(counts.shape, np.nan)
    fixed = _arguments(size_factors, design, means, weight_beta, alpha, ridge)
    none = np.zeros(design.samples, np.bool_)
    args = (*fixed, none, -1.0, np.empty((2, genes)), np.full(genes, -1, np.int64), every)
    _walk(counts, args)
    return every


def _walk(counts: NDArray[np.int32], args: tuple[Any, ...]) -> None:
    over_chunks(lambda a, b: _influence(counts, a, b, *args), len(counts), GENES_PER_CHUNK)


def _arguments(
    size_factors: Floats, design: Layout, means: Means, weight_beta: Floats, alpha: Floats, ridge: Floats
) -> tuple[Any, ...]:
    sizes = np.diff(design.fit.start)
    trusted = sizes >= ENOUGH
    return (
        design.order, size_factors[design.order], design.fit, means.beta, means.linear, means.floor, weight_beta, alpha,
        ridge, trusted,
    )  # fmt: skip


@njit(**KERNEL)
def _influence(
    counts, first, last, order, sf, arrow, beta, linear, floor, weight_beta, alpha, ridge, trusted, seen, bound,
    largest, at, every,
):  # fmt: skip
    cells = arrow.border.shape[1]
    n = len(order)
    p = len(ridge)
    room = arrow_room(arrow)
    mean = np.empty(cells)
    centre = np.empty(cells)
    weight = np.empty(cells)
    hat = np.empty(cells)
    x = np.empty(n)
    work = np.empty(n)
    for g in range(first, last):
        if not alpha[g] > 0:
            continue
        to_cells(weight_beta[g], centre, arrow)
        exp_row(centre, centre.view(np.int64), weight, cells)
        cell_weights(sf, arrow, alpha[g], centre, weight)
        factor(weight, ridge, arrow, room)
        leverages(hat, arrow, room)
        if linear:
            for c in range(cells):
                mean[c] = 0.0
                for i in range(arrow.start[c], arrow.start[c + 1]):
                    mean[c] += counts[g, order[i]] / sf[i]
                mean[c] /= arrow.start[c + 1] - arrow.start[c]
        else:
            to_cells(beta[g], mean, arrow)
            exp_row(mean, mean.view(np.int64), weight, cells)
        phi = LEAST_ROBUST
        exact = bound < 0
        if exact:
            phi = _robust_dispersion(counts[g], order, sf, arrow, trusted, x, work)
        while True:
            most = -1.0
            most_seen = 0.0
            for c in range(cells):
                for i in range(arrow.start[c], arrow.start[c + 1]):
                    u = max(mean[c] * sf[i], floor)
                    w = max(centre[c] * sf[i], MIN_MU)
                    h = w / (1 + alpha[g] * w) * hat[c]
                    d = (counts[g, order[i]] - u) ** 2 / (u + phi * u * u) / p * h / ((1 - h) * (1 - h))
                    if len(every):
                        every[g, order[i]] = d
                    if d > most or (d == most and order[i] < at[g]):
                        most = d
                        at[g] = order[i]
                    if seen[i] and d > most_seen:
                        most_seen = d
            if exact or not most > bound:
                break
            exact = True
            phi = _robust_dispersion(counts[g], order, sf, arrow, trusted, x, work)
        largest[0, g] = most
        largest[1, g] = most_seen


@njit(**INNER)
def _robust_dispersion(counts, order, sf, arrow, trusted, x, work):
    n = len(order)
    mean = 0.0
    for i in range(n):
        x[i] = counts[order[i]] / sf[i]
        mean += x[i]
    mean /= n
    variance = -1.0
    if trusted.any():
        for c in range(len(trusted)):
            if trusted[c]:
                variance = max(variance, _trimmed_variance(x[arrow.start[c] : arrow.start[c + 1]], work))
    else:
        middle = _trimmed_mean(x, 0.125)
        for i in range(n):
            work[i] = (x[i] - middle) ** 2
        variance = 1.51 * _trimmed_mean(work, 0.125)
    return max((variance - mean) / (mean * mean), LEAST_ROBUST)


@njit(**INNER)
def _trimmed_variance(x, work):
    """Trimmed mean square around the trimmed mean, scaled to be unbiased for the normal distribution."""
    n = len(x)
    share, scale = (1 / 3, 2.04) if n < 4 else ((1 / 4, 1.86) if n < 24 else (1 / 8, 1.51))
    middle = _trimmed_mean(x, share)
    for i in range(n):
        work[i] = (x[i] - middle) ** 2
    return scale * _trimmed_mean(work[:n], share)


@njit(**INNER)
def _trimmed_mean(x, share):
    n = len(x)
    cut = math.floor(n * share)
    ordered = x.copy()
    gap = n // 2
    while gap > 0:  # Shell's sort: a library sort would take longer to compile than all the rest here
        for i in range(gap, n):
            v = ordered[i]
            j = i
            while j >= gap and ordered[j - gap] > v:
                ordered[j] = ordered[j - gap]
                j -= gap
            ordered[j] = v
        gap = 1 if gap == 2 else gap * 5 // 11
    total = 0.0
    for i in range(cut, n - cut):
        total += ordered[i]
    return total / (n - 2 * cut)


def replaced_counts(
    counts: NDArray[np.int32], size_factors: Floats, cooks: Floats, cutoff: float, replaceable: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """The counts (genes x samples) with outliers of replaceable samples at what their gene leads one to expect.

    The replacement is the mean of the gene's normalised counts with 20 % trimmed at each end, times the sample's size
    factor, rounded down. `cooks`: distances of the same shape.
    """
    normalised = np.sort(counts / size_factors, axis=1)
    cut = math.floor(counts.shape[1] * TRIM)
    middle = normalised[:, cut : counts.shape[1] - cut].mean(axis=1)
    expected = (middle[:, None] * size_factors).astype(np.int32)
    with np.errstate(invalid="ignore"):
        return np.where((cooks > cutoff) & replaceable, expected, counts).astype(np.int32)
