"""Library sizes, TMM normalisation factors and the two log-CPM scales built on them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
    ever = matrix.any(axis=1)
    used = int(ever.sum())
    rank = (used - 1) * 0.75
    per_chunk = over_chunks(lambda a, b: _describe(_block(matrix, a, b), ever, used, rank), samples, SAMPLES_PER_CHUNK)
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


@njit(cache=True, nogil=True)
def _kth(values, n, k):
    """The k-th smallest (from 0) of values[:n], by quickselect in place."""
    lo = 0
    hi = n - 1
    while lo < hi:
        x, y, z = values[lo], values[(lo + hi) >> 1], values[hi]
        pivot = max(min(x, y), min(max(x, y), z))
        i, j = lo, hi
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            hi = j
        elif k >= i:
            lo = i
        else:
            break
    return values[k]


@njit(cache=True, nogil=True)
def _kept_interval(values, n, lowest, highest, work):
    """The closed interval of the values whose average ranks lie in lowest..highest: two order statistics, no sort."""
    work[:n] = values[:n]
    low = _kth(work, n, lowest - 1)
    high = _kth(work, n, highest - 1)
    below_low = equal_low = below_high = equal_high = 0
    for i in range(n):
        below_low += values[i] < low
        equal_low += values[i] == low
        below_high += values[i] < high
        equal_high += values[i] == high
    if below_low + (equal_low + 1) / 2 < lowest:
        low = np.nextafter(low, np.inf)
    if below_high + (equal_high + 1) / 2 > highest:
        high = np.nextafter(high, -np.inf)
    return low, high


@njit(cache=True, nogil=True)
def _describe(block, ever, used, rank):
    """Per sample: total, upper quartile (linear between order statistics) over used genes, sum of square roots."""
    samples, genes = block.shape
    total = np.zeros(samples)
    quartile = np.zeros(samples)
    roots = np.zeros(samples)
    values = np.empty(max(used, 1))
    lower = math.floor(rank)
    for s in range(samples):
        n = 0
        for g in range(genes):
            if ever[g]:
                x = block[s, g]
                total[s] += x
                roots[s] += math.sqrt(x)
                values[n] = x
                n += 1
        if n == 0:
            continue
        at = _kth(values, n, lower)
        quartile[s] = at
        if rank > lower:
            above = np.inf  # quickselect leaves nothing smaller to the right of `lower`
            for i in range(lower + 1, n):
                above = min(above, values[i])
            if above != at:
                h = rank - lower
                quartile[s] = (1 - h) * at + h * above
    return total, quartile, roots


@njit(cache=True, nogil=True)
def _log_factors(block, lib_size, reference, reference_lib):
    """Log2 of each sample's unscaled factor. The expressions are literal: rearranged logs break ties differently."""
    samples, genes = block.shape
    out = np.zeros(samples)
    share = np.zeros(genes)
    log_share = np.zeros(genes)
    variance = np.zeros(genes)
    for g in range(genes):
        y = reference[g]
        if y > 0:
            share[g] = y / reference_lib
            log_share[g] = math.log2(share[g])
            variance[g] = (reference_lib - y) / reference_lib / y
    ratio = np.empty(genes)
    abundance = np.empty(genes)
    weight = np.empty(genes)
    work = np.empty(genes)
    for s in range(samples):
        lib = lib_size[s]
        n = 0
        largest = 0.0
        for g in range(genes):
            x = block[s, g]
            if x > 0 and share[g] > 0:
                own = x / lib
                ratio[n] = math.log2(own / share[g])
                abundance[n] = (math.log2(own) + log_share[g]) / 2
                weight[n] = (lib - x) / lib / x + variance[g]
                largest = max(largest, abs(ratio[n]))
                n += 1
        if largest < 1e-6:
            continue
        m_from = math.floor(n * LOG_RATIO_TRIM) + 1
        a_from = math.floor(n * ABUNDANCE_TRIM) + 1
        m_low, m_high = _kept_interval(ratio, n, m_from, n + 1 - m_from, work)
        a_low, a_high = _kept_interval(abundance, n, a_from, n + 1 - a_from, work)
        top = 0.0
        bottom = 0.0
        for i in range(n):
            if m_low <= ratio[i] <= m_high and a_low <= abundance[i] <= a_high:
                top += ratio[i] / weight[i]
                bottom += 1 / weight[i]
        if bottom > 0:
            out[s] = top / bottom
    return out
