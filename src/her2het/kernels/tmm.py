"""Library sizes, TMM normalisation factors and the two log-CPM scales built on them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL
from her2het.kernels.threads import over_chunks

LOG_RATIO_TRIM = 0.3
ABUNDANCE_TRIM = 0.05
SAMPLES_PER_CHUNK = 16
GENES_PER_CHUNK = 1024


@dataclass(frozen=True)
class TmmFactors:
    """What TMM gives for each sample: total count, factor (product 1), and the column that served as reference."""

    lib_size: NDArray[np.float64]
    norm_factor: NDArray[np.float64]
    reference: int

    @property
    def effective_lib(self) -> NDArray[np.float64]:
        """Library size times factor, the denominator of TMM-CPM."""
        return self.lib_size * self.norm_factor


def tmm_factors(counts: NDArray[Any]) -> TmmFactors:
    """Estimate one scaling factor per library as the weighted trimmed mean of log ratios to a reference library.

    For sample k with counts x_g, total N, and reference r with y_g, M, over genes counted in both:
    m_g = log2((x_g/N) / (y_g/M)), a_g = (log2(x_g/N) + log2(y_g/M)) / 2, v_g = (N-x_g)/(N x_g) + (M-y_g)/(M y_g).
    The outer 30 % of m and 5 % of a on each side go, by rank with average ties; log2 f_k = sum(m/v) / sum(1/v);
    the factors are divided by their geometric mean. The reference is the sample whose upper quartile (as a share
    of its total, over genes counted in any sample) is closest to the mean of all; where the median of these
    quartiles is 0, the sample with the largest sum of square roots.

    `counts`: genes x samples, raw counts >= 0. The factor of a sample with no gene in common with the reference is
    1 before scaling. It assumes that most genes do not differ between samples; it does not apply to log values.
    Raises ValueError for a wrong shape, negative or missing values, or a sample without any count.
    Robinson & Oshlack 2010, doi:10.1186/gb-2010-11-3-r25.
    """
    matrix = np.asarray(counts)
    _check(matrix)
    samples = matrix.shape[1]
    if samples == 0:
        return TmmFactors(np.empty(0), np.empty(0), -1)
    ever = np.asarray(matrix.any(axis=1))
    per_chunk = over_chunks(lambda a, b: _describe(_block(matrix, a, b), ever), samples, SAMPLES_PER_CHUNK)
    lib_size, quartile, root_sum = (np.concatenate(part) for part in zip(*per_chunk, strict=True))
    if (lib_size <= 0).any():
        raise ValueError(f"column {int(np.argmax(lib_size <= 0))} has no counts")
    share = quartile / lib_size
    if np.median(share) < 1e-20:
        reference = int(np.argmax(root_sum))
    else:
        reference = int(np.argmin(np.abs(share - math.fsum(share) / samples)))
    if samples == 1:
        return TmmFactors(lib_size, np.ones(1), 0)
    column = np.ascontiguousarray(matrix[:, reference], dtype=np.float64)
    parts = over_chunks(
        lambda a, b: _log_factors(_block(matrix, a, b), lib_size[a:b], column, lib_size[reference]),
        samples,
        SAMPLES_PER_CHUNK,
    )
    factor = np.exp2(np.concatenate(parts))
    return TmmFactors(lib_size, factor / np.exp(math.fsum(np.log(factor)) / samples), reference)


def log_cpm1(counts: NDArray[Any], effective_lib: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log2 of counts per million plus one: log2(x_gk / L_k * 1e6 + 1), with L_k the effective library size.

    `counts`: genes x samples; `effective_lib`: one positive number per sample (TmmFactors.effective_lib for
    TMM-CPM). The paper's expression scale. Raises ValueError where lengths differ.
    """
    matrix = np.asarray(counts)
    lib = _library(matrix, effective_lib)
    return _by_genes(matrix, lambda block: np.log2(block / lib * 1e6 + 1.0))


def cpm(counts: NDArray[Any], effective_lib: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts per million: x_gk / L_k * 1e6, genes x samples, with L_k the (effective) library size of sample k."""
    matrix = np.asarray(counts)
    lib = _library(matrix, effective_lib)
    return _by_genes(matrix, lambda block: block / lib * 1e6)


def log_cpm_edger(
    counts: NDArray[Any], lib_size: NDArray[np.float64], norm_factor: NDArray[np.float64], prior: float = 2.0
) -> NDArray[np.float64]:
    """Log2 CPM with a prior count in proportion to the library, the scale of edgeR's cpm(log = TRUE).

    With L_k = lib_size * norm_factor and p_k = prior * L_k / mean(L): log2((x_gk + p_k) / (L_k + 2 p_k) * 1e6).
    `counts`: genes x samples. A sample's values depend on the other samples through mean(L).
    Raises ValueError where lengths differ.
    """
    matrix = np.asarray(counts)
    lib = _library(matrix, np.asarray(lib_size, dtype=np.float64) * np.asarray(norm_factor, dtype=np.float64))
    added = prior * lib / (math.fsum(lib) / max(len(lib), 1))
    scale = (lib + 2.0 * added) / 1e6
    return _by_genes(matrix, lambda block: np.log2((block + added) / scale))


def _check(matrix: NDArray[Any]) -> None:
    if matrix.ndim != 2:
        raise ValueError(f"counts have {matrix.ndim} dimensions, not genes x samples")
    if matrix.size and not matrix.min() >= 0:  # a NaN fails this too
        raise ValueError("counts are negative or missing")
    if matrix.dtype.kind == "f" and not np.isfinite(matrix.sum()):
        raise ValueError("counts are not finite")


def _library(matrix: NDArray[Any], lib: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(lib, dtype=np.float64)
    if matrix.ndim != 2 or values.shape != (matrix.shape[1],):
        raise ValueError(f"library sizes of shape {values.shape} for counts of shape {matrix.shape}")
    if not (values > 0).all():
        raise ValueError("library sizes must be above 0")
    return values


def _by_genes(matrix: NDArray[Any], transform: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[np.float64]:
    out = np.empty(matrix.shape)

    def fill(start: int, stop: int) -> None:
        out[start:stop] = transform(matrix[start:stop])

    over_chunks(fill, len(matrix), GENES_PER_CHUNK)
    return out


def _block(matrix: NDArray[Any], start: int, stop: int) -> NDArray[np.float64]:
    """A few samples as contiguous rows: small enough for the cache, so the whole matrix is never copied."""
    return np.ascontiguousarray(matrix[:, start:stop].T, dtype=np.float64)


def _describe(block: NDArray[np.float64], ever: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Per sample: total, upper quartile (linear between order statistics) over genes ever counted, sum of roots."""
    quartile = np.zeros(len(block))
    for s, row in enumerate(block[:, ever]):
        if row.size:
            rank = (row.size - 1) * 0.75
            lower = math.floor(rank)
            ordered = np.partition(row, lower)
            at = quartile[s] = ordered[lower]
            above = ordered[lower + 1 :].min(initial=np.inf)
            if rank > lower and above != at:
                h = rank - lower
                quartile[s] = (1 - h) * at + h * above
    return block.sum(axis=1), quartile, np.sqrt(block).sum(axis=1)


def _log_factors(
    block: NDArray[np.float64], lib_size: NDArray[np.float64], reference: NDArray[np.float64], reference_lib: float
) -> NDArray[np.float64]:
    """Log2 of each sample's unscaled factor."""
    out = np.zeros(len(block))
    share, log_share, variance = _shares(reference, reference_lib)
    ratio, abundance, weight = np.empty_like(share), np.empty_like(share), np.empty_like(share)
    for s, row in enumerate(block):
        n, largest = _compare(row, lib_size[s], share, log_share, variance, ratio, abundance, weight)
        if largest < 1e-6:
            continue
        m = _kept_interval(ratio[:n], LOG_RATIO_TRIM)
        a = _kept_interval(abundance[:n], ABUNDANCE_TRIM)
        out[s] = _weighted_mean(ratio[:n], abundance[:n], weight[:n], *m, *a)
    return out


def _kept_interval(values: NDArray[np.float64], trim: float) -> tuple[float, float]:
    """The closed interval of the values whose average ranks survive the trim: two order statistics, no sort.

    Kept are ranks floor(n trim) + 1 to n - floor(n trim). A tied value goes where the mean of its ranks lies outside.
    """
    n = len(values)
    lowest = math.floor(n * trim) + 1
    highest = n + 1 - lowest
    ordered = np.partition(values, lowest - 1)  # one at a time: with two, numpy leaves its fast path
    low = ordered[lowest - 1]
    high = np.partition(ordered[lowest - 1 :], highest - lowest)[highest - lowest]
    below_low, equal_low, below_high, equal_high = _ties(values, low, high)
    if below_low + (equal_low + 1) / 2 < lowest:
        low = np.nextafter(low, np.inf)
    if below_high + (equal_high + 1) / 2 > highest:
        high = np.nextafter(high, -np.inf)
    return float(low), float(high)


@njit(**KERNEL)
def _shares(reference, reference_lib):
    """Of the reference: share of the library, its log2, and its part of the variance; 0 where it has no count."""
    share, log_share, variance = np.zeros_like(reference), np.zeros_like(reference), np.zeros_like(reference)
    for g in range(len(reference)):
        y = reference[g]
        if y > 0:
            share[g] = y / reference_lib
            log_share[g] = math.log2(share[g])
            variance[g] = (reference_lib - y) / reference_lib / y
    return share, log_share, variance


@njit(**KERNEL)
def _compare(row, lib, share, log_share, variance, ratio, abundance, weight):
    """Fill m, a and v of the genes counted in both; how many there are, and the largest |m|.

    The expressions are literal: rearranged logs break ties differently (4 % of one library's factor on sparse counts).
    """
    n = 0
    largest = 0.0
    for g in range(len(row)):
        x = row[g]
        if x > 0 and share[g] > 0:
            own = x / lib
            ratio[n] = math.log2(own / share[g])
            abundance[n] = (math.log2(own) + log_share[g]) / 2
            weight[n] = (lib - x) / lib / x + variance[g]
            largest = max(largest, abs(ratio[n]))
            n += 1
    return n, largest


@njit(**KERNEL)
def _ties(values, low, high):
    below_low = equal_low = below_high = equal_high = 0
    for x in values:
        below_low += x < low
        equal_low += x == low
        below_high += x < high
        equal_high += x == high
    return below_low, equal_low, below_high, equal_high


@njit(**KERNEL)
def _weighted_mean(ratio, abundance, weight, m_low, m_high, a_low, a_high):
    """Mean of the kept m, weighted by 1 / v; 0 where none is kept."""
    top = 0.0
    bottom = 0.0
    for i in range(len(ratio)):
        if m_low <= ratio[i] <= m_high and a_low <= abundance[i] <= a_high:
            top += ratio[i] / weight[i]
            bottom += 1 / weight[i]
    return top / bottom if bottom > 0 else 0.0
