"""Coefficients of all genes by iteratively reweighted least squares with a ridge; log likelihoods."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL, LEAF
from her2het.kernels.deseq.arrow import arrow_room, factor, solve, to_cells, to_columns
from her2het.kernels.deseq.dispersion import GENES_PER_CHUNK, MIN_MU
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.likelihood import gather, half_deviance, log_lik_at_counts, spread
from her2het.kernels.deseq.posterior import gene_room, take_gene
from her2het.kernels.deseq.special import FAST, LN2, exp_row, log_row
from her2het.kernels.threads import over_chunks

RIDGE = 1e-6
"""Precision of the normal prior on log2 coefficients that keeps separated groups finite."""
LARGEST = 30.0
"""A coefficient beyond this, on the natural log scale, ends the iterations without convergence."""
MAX_ITERATIONS = 100
TOLERANCE = 1e-8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coefficients:
    """Coefficients on the natural log scale (genes x columns; NaN where not fitted), iterations, and convergence.

    Where a coefficient ran beyond the largest allowed, the coefficients are those of the iteration before.
    """

    beta: Floats
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


def natural_ridge(design: Layout, log2_precision: Floats | float = RIDGE) -> Floats:
    """Prior precisions of log2 coefficients, on the natural log scale, one per column."""
    return np.ascontiguousarray(np.broadcast_to(np.asarray(log2_precision, float), design.columns) / LN2**2)


def coefficients(
    counts: NDArray[np.int32], size_factors: Floats, design: Layout, alpha: Floats, ridge: Floats
) -> Coefficients:
    """Fit log(mu / s) = X b to each gene's counts as negative binomial with dispersion alpha and ridge precisions.

    Iterations start from least squares on log(y / s + 0.1), clip means at 0.5, and stop where the deviance D moves by
    less than 1e-8 of |D| + 0.1. Not converged: 100 iterations, a coefficient beyond +-30, or a deviance that is not a
    number. `alpha`: NaN skips the gene; `ridge`: see `natural_ridge`. Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    genes = len(counts)
    beta = np.full((genes, design.columns), np.nan)
    iterations = np.zeros(genes, np.int64)
    converged = np.zeros(genes, np.bool_)
    sf = size_factors[design.order]
    args = (design.order, sf, np.log(sf), design.fit, alpha, ridge, beta, iterations, converged)
    over_chunks(lambda a, b: _irls(counts, a, b, *args), genes, GENES_PER_CHUNK)
    return Coefficients(beta, iterations, converged)


def log_likelihoods(
    counts: NDArray[np.int32], size_factors: Floats, design: Layout, alpha: Floats, beta: Floats, floor: Floats
) -> Floats:
    """Negative binomial log likelihood of each gene at the means s exp(X b) held above `floor` (one per gene; 0: not
    clipped); NaN where alpha is NaN."""
    out = np.full(len(counts), np.nan)
    sf = size_factors[design.order]
    args = (design.order, sf, design.fit, alpha, beta, floor, out)
    over_chunks(lambda a, b: _log_lik(counts, a, b, *args), len(counts), GENES_PER_CHUNK)
    return out


@njit(**KERNEL)
def _log_lik(counts, first, last, order, sf, arrow, alphas, beta, floor, out):
    cells = arrow.border.shape[1]
    gene = gene_room(len(order), cells, 1)
    mean = np.empty(cells)
    for g in range(first, last):
        if not alphas[g] > 0:
            continue
        r = 1 / alphas[g]
        n_large = take_gene(counts[g], order, gene)
        top = log_lik_at_counts(r, gene, n_large)
        to_cells(beta[g], mean, arrow)
        exp_row(mean, mean.view(np.int64), gene.squared, cells)
        out[g] = top - half_deviance(gene, sf, arrow, r, mean, floor[g])


@njit(**LEAF, fastmath=FAST)
def _least_squares(gene, sf, arrow, room, cell, rhs, b):
    """Start of the iterations: least squares of log(y / s + 0.1); `room` holds the factors of X'X."""
    n = len(sf)
    for i in range(n):
        gene.q[i] = gene.y[i] / sf[i] + 0.1
    log_row(gene.q, gene.bits, gene.work, n)
    gather(gene.q, arrow.start, cell)
    to_columns(cell, rhs, arrow)
    solve(rhs, b, arrow, room)
    to_cells(b, cell, arrow)


@njit(**LEAF, fastmath=FAST)
def _weights(gene, sf, log_sf, arrow, alpha, eta, mean, residual):
    """Per cell: sum of W, and of W (z - eta), for linear predictor `eta` and exp of it in `mean`."""
    n = len(sf)
    spread(mean, arrow.start, gene.mu)
    spread(eta, arrow.start, gene.work)
    for i in range(n):  # loops over few arrays, without loads behind a condition: only those vectorise
        u = gene.mu[i] * sf[i]
        off = -LN2 - log_sf[i] - gene.work[i]
        gene.work[i] = off if u < MIN_MU else 0.0
        gene.mu[i] = max(u, MIN_MU)
    for i in range(n):
        u = gene.mu[i]
        inv = 1 / (1 + alpha * u)
        gene.work[i] = (u * gene.work[i] + gene.y[i] - u) * inv
        gene.share[i] = u * inv
    gather(gene.share, arrow.start, gene.weight)
    gather(gene.work, arrow.start, residual)


@njit(**KERNEL)
def _irls(counts, first, last, order, sf, log_sf, arrow, alphas, ridge, beta, iterations, converged):
    n = len(order)
    cells = arrow.border.shape[1]
    p = len(ridge)
    gene = gene_room(n, cells, p)
    room = arrow_room(arrow)
    plain = arrow_room(arrow)
    size = np.empty(cells)
    for c in range(cells):
        size[c] = arrow.start[c + 1] - arrow.start[c]
    factor(size, np.zeros(p), arrow, plain)
    cell = np.empty(cells)
    mean = np.empty(cells)
    residual = np.empty(cells)
    rhs = np.empty(p)
    step = np.empty(p)
    for g in range(first, last):
        alpha = alphas[g]
        if not alpha > 0:
            continue
        r = 1 / alpha
        n_large = take_gene(counts[g], order, gene)
        top = -2 * log_lik_at_counts(r, gene, n_large)
        b = beta[g]
        _least_squares(gene, sf, arrow, plain, cell, rhs, b)
        for c in range(cells):
            mean[c] = cell[c]
        exp_row(mean, mean.view(np.int64), gene.squared, cells)
        previous = 0.0
        done = 0
        while done < MAX_ITERATIONS:
            done += 1
            _weights(gene, sf, log_sf, arrow, alpha, cell, mean, residual)
            factor(gene.weight, ridge, arrow, room)
            to_columns(residual, rhs, arrow)
            for j in range(p):
                rhs[j] -= ridge[j] * b[j]
            solve(rhs, step, arrow, room)
            largest = 0.0
            for j in range(p):
                b[j] += step[j]
                largest = max(largest, abs(b[j]))
            if not largest <= LARGEST:
                for j in range(p):
                    b[j] -= step[j]
                break
            to_cells(b, cell, arrow)
            for c in range(cells):
                mean[c] = cell[c]
            exp_row(mean, mean.view(np.int64), gene.squared, cells)
            deviance = top + 2 * half_deviance(gene, sf, arrow, r, mean, MIN_MU)
            if not abs(deviance) < np.inf:
                break
            if done > 1 and abs(deviance - previous) / (abs(deviance) + 0.1) < TOLERANCE:
                converged[g] = done < MAX_ITERATIONS
                break
            previous = deviance
        iterations[g] = done
