"""Effects drawn towards zero where the counts say little: a Cauchy prior (as apeglm) and a normal prior."""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from her2het.kernels.compile_options import KERNEL, LEAF
from her2het.kernels.deseq.arrow import arrow_room, factor, solve, to_cells, to_columns
from her2het.kernels.deseq.dispersion import GENES_PER_CHUNK
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.posterior import gene_room
from her2het.kernels.deseq.special import LN2, exp_row
from her2het.kernels.threads import over_chunks

OTHER_SD = 15.0
"""Standard deviation (natural log scale) of the normal prior of the coefficients that are not shrunken."""
LARGEST_SCALE = 1.0
VARIANCES = (1e-6, 400.0)
"""Where the variance of true effects is looked for."""
WIDE = 1e6
"""Variance of the prior of the intercept (log2 scale)."""
FINITE = 10.0
"""Log2 effects from here on do not count as typical."""
UPPER = 0.05

Floats = NDArray[np.float64]


class Shrunken(NamedTuple):
    """Effect and its posterior standard deviation, per gene; the unit is the caller's."""

    effect: Floats
    error: Floats


def cauchy_scale(effect: Floats, error: Floats) -> float:
    """Estimate the scale of the prior of effects (natural log scale) from all of them and their standard errors.

    With effect_g ~ N(0, A + error_g^2), A solves sum (effect^2 - error^2 - A) / (A + error^2)^2 = 0; the scale is
    sqrt(A), at most 1. NaNs are left out. Efron & Morris 1975, doi:10.1080/01621459.1975.10479864; Zhu 2019,
    doi:10.1093/bioinformatics/bty895.
    """
    known = np.isfinite(effect) & np.isfinite(error) & (error > 0)
    square, noise = effect[known] ** 2, error[known] ** 2

    def score(a: float) -> float:
        weight = 1 / (a + noise) ** 2
        return float(((square - noise) * weight).sum() / weight.sum() - a)

    low, high = VARIANCES
    if not known.any() or score(low) < 0:
        return math.sqrt(low)
    if score(high) > 0:
        return LARGEST_SCALE
    root: Any = brentq(score, low, high, xtol=1e-14)
    return min(math.sqrt(root), LARGEST_SCALE)


def cauchy_shrinkage(
    counts: NDArray[np.int32],
    size_factors: Floats,
    design: Layout,
    beta: Floats,
    alpha: Floats,
    column: int,
    scale: float,
) -> Shrunken:
    """Estimate one coefficient of each gene as the mode of its posterior under a Cauchy prior (natural log scale).

    Maximises sum log NB(y; s exp(X b), alpha) - log(1 + b_c^2 / scale^2) - sum of b_j^2 / (2 * 15^2) over j != c; the
    error is the root of the inverse curvature at the mode (Laplace). Searched from the estimates without prior and from
    b_c = 0; the higher mode counts. `beta`: start, genes x columns. NaN where alpha is NaN. Zhu, Ibrahim & Love 2019,
    doi:10.1093/bioinformatics/bty895."""
    genes = len(counts)
    out = np.full((2, genes), np.nan)
    args = (design.order, size_factors[design.order], design.fit, beta, alpha, column, scale, out)
    over_chunks(lambda a, b: _cauchy(counts, a, b, *args), genes, GENES_PER_CHUNK)
    return Shrunken(out[0], out[1])


@njit(**LEAF)
def _height(gene, sf, arrow, r, b, column, scale, cell, mean):
    """Log posterior up to a constant; leaves exp of the linear predictor in `mean`."""
    to_cells(b, cell, arrow)
    for c in range(len(cell)):
        mean[c] = cell[c]
    exp_row(mean, mean.view(np.int64), gene.squared, len(cell))
    value = 0.0
    for c in range(len(cell)):
        for i in range(arrow.start[c], arrow.start[c + 1]):
            value += gene.y[i] * cell[c] - (gene.y[i] + r) * math.log1p(mean[c] * sf[i] / r)
    for j in range(len(b)):
        if j == column:
            value -= math.log1p((b[j] / scale) ** 2)
        else:
            value -= 0.5 * (b[j] / OTHER_SD) ** 2
    return value


@njit(**LEAF)
def _curvature(gene, sf, arrow, alpha, b, column, scale, mean, residual, rhs, ridge):
    """Weights of the second derivative per cell, gradient in `rhs`, prior precisions in `ridge` (an upper bound of the
    Cauchy prior's, so that steps always climb)."""
    for c in range(len(mean)):
        w = 0.0
        z = 0.0
        for i in range(arrow.start[c], arrow.start[c + 1]):
            u = mean[c] * sf[i]
            inv = 1 / (1 + alpha * u)
            w += u * (1 + alpha * gene.y[i]) * inv * inv
            z += (gene.y[i] - u) * inv
        gene.weight[c] = w
        residual[c] = z
    to_columns(residual, rhs, arrow)
    for j in range(len(b)):
        ridge[j] = 2 / (scale * scale + b[j] * b[j]) if j == column else 1 / (OTHER_SD * OTHER_SD)
        rhs[j] -= ridge[j] * b[j]


@njit(**KERNEL)
def _cauchy(counts, first, last, order, sf, arrow, beta, alphas, column, scale, out):
    cells = arrow.border.shape[1]
    p = beta.shape[1]
    gene = gene_room(len(order), cells, p)
    room = arrow_room(arrow)
    cell, mean, residual = np.empty(cells), np.empty(cells), np.empty(cells)
    rhs, step, ridge, unit = np.empty(p), np.empty(p), np.empty(p), np.zeros(p)
    b, tried = np.empty(p), np.empty(p)
    unit[column] = 1.0
    for g in range(first, last):
        alpha = alphas[g]
        if not alpha > 0:
            continue
        for i in range(len(order)):
            gene.y[i] = counts[g, order[i]]
        best = -np.inf
        for start in range(2):
            for j in range(p):
                b[j] = beta[g, j]
            if start == 1:
                b[column] = 0.0
            value = _height(gene, sf, arrow, 1 / alpha, b, column, scale, cell, mean)
            for _ in range(200):
                _curvature(gene, sf, arrow, alpha, b, column, scale, mean, residual, rhs, ridge)
                factor(gene.weight, ridge, arrow, room)
                solve(rhs, step, arrow, room)
                promised = 0.0
                for j in range(p):
                    promised += rhs[j] * step[j]
                size = 1.0
                higher = -np.inf
                while size > 1e-8:
                    for j in range(p):
                        tried[j] = b[j] + size * step[j]
                    higher = _height(gene, sf, arrow, 1 / alpha, tried, column, scale, cell, mean)
                    if higher >= value:
                        break
                    size /= 2
                if not higher >= value:
                    _height(gene, sf, arrow, 1 / alpha, b, column, scale, cell, mean)
                    break
                for j in range(p):
                    b[j] = tried[j]
                value = higher
                if promised < 1e-14:
                    break
            if value > best + 1e-9:
                best = value
                _curvature(gene, sf, arrow, alpha, b, column, scale, mean, residual, rhs, ridge)
                square = b[column] * b[column]
                ridge[column] = 2 * (scale * scale - square) / (scale * scale + square) ** 2
                factor(gene.weight, ridge, arrow, room)
                solve(unit, step, arrow, room)
                out[0, g] = b[column]
                out[1, g] = math.sqrt(step[column]) if step[column] > 0 else np.nan


def normal_prior_variance(effect: Floats, weight: Floats) -> float:
    """Estimate the variance of a zero-centred normal prior of log2 effects from the largest 5 % of |effect|.

    (q / z)^2, q the weighted 0.95 quantile of |effect| below 10, z the 0.975 quantile of the normal distribution.
    `weight`: such as 1 / (1 / mean + dispersion on the trend). 10^6 where no effect is finite.
    Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    used = np.isfinite(effect) & (np.abs(effect) < FINITE) & np.isfinite(weight)
    if not used.any():
        return WIDE
    q = _weighted_quantile(np.abs(effect[used]), weight[used], 1 - UPPER)
    return float((q / ndtri(1 - UPPER / 2)) ** 2)


def _weighted_quantile(x: Floats, weight: Floats, share: float) -> float:
    """Quantile of a sample in which each value stands as often as its weight says (weights summing to n)."""
    values, of = np.unique(x, return_inverse=True)
    total = np.cumsum(np.bincount(of, weight * (len(x) / weight.sum())))
    rank = 1 + (total[-1] - 1) * share
    low = max(math.floor(rank), 1)
    at = np.searchsorted(total, np.array([low, min(low + 1, total[-1])]), side="left")
    lower, upper = values[np.minimum(at, len(values) - 1)]
    part = rank % 1
    return float((1 - part) * lower + part * upper)


def normal_ridge(variances: Floats) -> Floats:
    """Precisions on the natural log scale for prior variances of log2 coefficients."""
    return np.ascontiguousarray(1 / np.asarray(variances, float) / LN2**2)
