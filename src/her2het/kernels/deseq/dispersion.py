"""Dispersions of all genes: starting values, gene-wise estimates, and estimates shrunk towards the trend."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL, LEAF
from her2het.kernels.deseq.arrow import arrow_room, to_cells
from her2het.kernels.deseq.grid import grid_search
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.posterior import (
    MAX_STEPS,
    MIN_DISPERSION,
    Prior,
    gene_room,
    line_search,
    take_gene,
)
from her2het.kernels.deseq.special import exp_row
from her2het.kernels.threads import over_chunks

GENES_PER_CHUNK = 128
MIN_MU = 0.5
"""Fitted means are clipped here, in the dispersion step and in the weights."""
NO_RISE = 1e-6
"""Of the absolute starting value: a smaller rise of the log posterior leaves the gene at its start."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Starts:
    """Mean and variance of the normalised counts, and the starting dispersion of each gene (NaN without counts)."""

    base_mean: Floats
    base_var: Floats
    dispersion: Floats


@dataclass(frozen=True)
class Genewise:
    """Gene-wise dispersions (NaN without counts), steps of the search, and whether the start was kept."""

    dispersion: Floats
    steps: NDArray[np.int64]
    kept_start: NDArray[np.bool_]


@dataclass(frozen=True)
class Shrunk:
    """Dispersions after shrinkage, those to be used (gene-wise for outliers), steps, and the outliers."""

    map: Floats
    final: Floats
    steps: NDArray[np.int64]
    outlier: NDArray[np.bool_]


def max_dispersion(samples: int) -> float:
    """Largest dispersion considered: 10 or the number of samples."""
    return float(max(10, samples))


def starting_dispersions(counts: NDArray[np.int32], size_factors: Floats, design: Layout) -> Starts:
    """Estimate each gene's dispersion roughly: the smaller of two moment estimates, within bounds.

    With x = y / s (s the size factors), m and v mean and variance of x, and u = max(1, least-squares fit of x on the
    design): min(max(0, sum[((x - u)^2 - u) / u^2] / (n - p)), (v - m mean(1/s)) / m^2), held to 1e-8..max(10, n).
    """
    out = np.empty((3, len(counts)))
    solve, back = np.ascontiguousarray(np.linalg.pinv(design.design).T), np.ascontiguousarray(design.design.T)
    inverse_mean = float(np.mean(1 / size_factors))
    spare = design.samples - design.columns

    def fill(a: int, b: int) -> None:
        x = counts[a:b] / size_factors
        mean, var = x.mean(axis=1), x.var(axis=1, ddof=1)
        u = np.maximum((x @ solve) @ back, 1.0)
        rough = (((x - u) ** 2 - u) / (u * u)).sum(axis=1) / spare
        with np.errstate(invalid="ignore"):
            start = np.minimum(np.maximum(rough, 0.0), (var - inverse_mean * mean) / (mean * mean))
        start = np.clip(start, MIN_DISPERSION, max_dispersion(design.samples))
        out[:, a:b] = mean, var, np.where(mean > 0, start, np.nan)

    over_chunks(fill, len(counts), GENES_PER_CHUNK)
    return Starts(out[0], out[1], out[2])


@njit(**LEAF)
def cell_means(beta, gene, sf, arrow, linear, cell):
    """Fill gene.mu with fitted means, clipped at 0.5: cell means times size factor, or exp of the linear predictor."""
    cells = arrow.border.shape[1]
    if linear:
        for c in range(cells):
            total = 0.0
            for i in range(arrow.start[c], arrow.start[c + 1]):
                total += gene.y[i] / sf[i]
            cell[c] = total / (arrow.start[c + 1] - arrow.start[c])
    else:
        to_cells(beta, cell, arrow)
        exp_row(cell, cell.view(np.int64), gene.weight, cells)
    for c in range(cells):
        for i in range(arrow.start[c], arrow.start[c + 1]):
            gene.mu[i] = max(cell[c] * sf[i], MIN_MU)


def genewise_dispersions(
    counts: NDArray[np.int32], size_factors: Floats, design: Layout, start: Floats, beta: Floats
) -> Genewise:
    """Estimate each gene's own dispersion as the maximum of the Cox-Reid adjusted profile likelihood.

    Means come from `beta` (genes x columns, natural log scale; ignored where the design is saturated, whose means are
    cell means). Where the search gains less than |log posterior at start| / 1e6, the start is kept; where it takes
    100 steps or one, a grid decides. `start`: `Starts.dispersion`; NaN skips the gene.
    Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    alpha, steps, kept = _search_all(counts, size_factors, design, start, np.full(len(counts), np.nan), beta, 1.0)
    return Genewise(alpha, steps, kept)


def shrunken_dispersions(
    counts: NDArray[np.int32],
    size_factors: Floats,
    design: Layout,
    genewise: Floats,
    trend: Floats,
    beta: Floats,
    prior_variance: float,
    outlier_log_distance: float,
) -> Shrunk:
    """Estimate each gene's dispersion as the top of its posterior under a log-normal prior around the trend.

    The search starts at the gene-wise value, or at the trend where that is not above a tenth of it; after 100 steps
    a grid decides. A gene whose log dispersion lies more than `outlier_log_distance` above the log trend keeps its
    gene-wise value. `trend`: fitted dispersions (NaN skips the gene). Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        start = np.where(trend > 0, np.where(genewise > 0.1 * trend, genewise, trend), np.nan)
        log_trend = np.log(trend)
        outlier = (trend > 0) & (np.log(genewise) > log_trend + outlier_log_distance)
    alpha, steps, _ = _search_all(counts, size_factors, design, start, log_trend, beta, prior_variance)
    return Shrunk(alpha, np.where(outlier, genewise, alpha), steps, outlier)


def _search_all(
    counts: NDArray[np.int32],
    size_factors: Floats,
    design: Layout,
    start: Floats,
    prior_mean: Floats,
    beta: Floats,
    prior_variance: float,
) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    genes = len(counts)
    out = np.empty(genes)
    steps = np.zeros(genes, np.int64)
    kept = np.zeros(genes, np.bool_)
    args = (
        design.order, size_factors[design.order], design.fit, design.adjust, design.log_scale, design.saturated,
        start, prior_mean, prior_variance, beta, max_dispersion(design.samples), out, steps, kept,
    )  # fmt: skip
    over_chunks(lambda a, b: _search(counts, a, b, *args), genes, GENES_PER_CHUNK)
    own = ~np.isfinite(prior_mean)
    with np.errstate(invalid="ignore"):
        lost = (start > 0) & ((steps >= MAX_STEPS) | (own & (steps == 1) & (out > MIN_DISPERSION * 10)))
    low, high = math.log(MIN_DISPERSION), math.log(max_dispersion(design.samples))
    for g in np.flatnonzero(lost).tolist():
        y = counts[g].astype(np.float64)
        mean = _cell_means(y / size_factors, design) if design.saturated else np.exp(design.design @ beta[g])
        prior = None if own[g] else (float(prior_mean[g]), prior_variance)
        best = grid_search(low, high, y, np.maximum(mean * size_factors, MIN_MU), design.design, prior)
        out[g] = math.exp(min(max(best, low), high))
    return out, steps, kept


def _cell_means(x: Floats, design: Layout) -> Floats:
    return (np.bincount(design.cell_of, x) / np.bincount(design.cell_of))[design.cell_of]


@njit(**KERNEL)
def _search(
    counts, first, last, order, sf, arrow, adjust, log_scale, linear,
    start, prior_mean, prior_variance, beta, highest, out, steps, kept,
):  # fmt: skip
    """Dispersion of each gene: with a prior where prior_mean is a number, else with the rules of the gene-wise step."""
    gene = gene_room(len(order), arrow.border.shape[1], beta.shape[1])
    room = arrow_room(adjust)
    cell = np.empty(arrow.border.shape[1])
    for g in range(first, last):
        out[g] = np.nan
        if not start[g] > 0:
            continue
        n_large = take_gene(counts[g], order, gene)
        cell_means(beta[g], gene, sf, arrow, linear, cell)
        prior = Prior(not np.isnan(prior_mean[g]), prior_mean[g], prior_variance)
        found = line_search(math.log(start[g]), gene, n_large, adjust, room, log_scale, prior)
        alpha = math.exp(found.log_alpha)
        steps[g] = found.steps
        if not prior.used:
            alpha = min(alpha, highest)
            if found.at_end < found.at_start + abs(found.at_start) * NO_RISE:
                alpha = start[g]
                kept[g] = True
        out[g] = min(max(alpha, MIN_DISPERSION), highest)
