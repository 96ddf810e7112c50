"""Pieces of the negative binomial log likelihood of one gene, summed so that little is lost to rounding."""

import math

from numba import njit

from her2het.kernels.compile_options import LEAF
from her2het.kernels.deseq.special import FAST, HALF_LOG_2PI, SMALL, log_row, stirling_rest


@njit(**LEAF, fastmath=FAST)
def log_lik_at_counts(r, gene, n_large):
    """Log likelihood where every mean equals its count: the most that means can reach.

    With Stirling's series the large logarithms cancel: for large counts -log(y (1 + y / r)) / 2 - log(2 pi) / 2 and
    small terms are left.
    """
    alpha = 1 / r
    total = 0.0
    for k in range(SMALL):
        if gene.over[k] == 0:
            break
        total += gene.over[k] * math.log1p(k * alpha)
    factorial = 0.0
    for v in range(1, SMALL):
        factorial += math.log(v)
        here = gene.over[v - 1] - gene.over[v]
        if here > 0:
            total += here * (v * math.log(v) - factorial - (v + r) * math.log1p(v * alpha))
    if n_large == 0:
        return total
    rest_r, _ = stirling_rest(r)
    rest = 0.0
    for i in range(n_large):
        y = gene.large[i]
        v, w = 1.0 / (y + r), 1.0 / y
        z, u = v * v, w * w
        rest += v * (1 / 12.0 - z * (1 / 360.0 - z * (1 / 1260.0 - z * (1 / 1680.0 - z / 1188.0))))
        rest -= w * (1 / 12.0 - u * (1 / 360.0 - u * (1 / 1260.0 - u * (1 / 1680.0 - u / 1188.0))))
    logs = 0.0
    i = 0
    while i < n_large:
        stop = min(n_large, i + 8)
        product = 1.0
        for j in range(i, stop):
            product *= gene.large[j] * (1.0 + gene.large[j] * alpha)
        logs += math.log(product)
        i = stop
    return total + rest - 0.5 * logs - n_large * (HALF_LOG_2PI + rest_r)


@njit(**LEAF)
def spread(cell, start, out):
    """Give every sample the value of its cell."""
    if len(cell) == len(out):
        for i in range(len(out)):
            out[i] = cell[i]
    else:
        for c in range(len(cell)):
            for i in range(start[c], start[c + 1]):
                out[i] = cell[c]


@njit(**LEAF, fastmath=FAST)
def gather(values, start, out):
    """Sum the samples' values over each cell."""
    if len(values) == len(out):
        for i in range(len(out)):
            out[i] = values[i]
    else:
        for c in range(len(out)):
            t = 0.0
            for i in range(start[c], start[c + 1]):
                t += values[i]
            out[c] = t


@njit(**LEAF, fastmath=FAST)
def half_deviance(gene, sf, arrow, r, mean, floor):
    """sum y log(y / u) - (y + r) log((y + r) / (u + r)) over samples, u = max(mean of cell * s, floor) above 0."""
    n = len(sf)
    spread(mean, arrow.start, gene.mu)
    for i in range(n):
        gene.mu[i] = max(gene.mu[i] * sf[i], floor)
        gene.q[i] = gene.mu[i] / gene.y[i] if gene.y[i] > 0 else 1.0
    log_row(gene.q, gene.bits, gene.work, n)
    total = 0.0
    for i in range(n):
        total -= gene.y[i] * gene.q[i]
        gene.q[i] = (gene.mu[i] + r) / (gene.y[i] + r)
    log_row(gene.q, gene.bits, gene.work, n)
    for i in range(n):
        total += (gene.y[i] + r) * gene.q[i]
    return total
