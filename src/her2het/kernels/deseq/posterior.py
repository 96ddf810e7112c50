"""The Cox-Reid adjusted log posterior of log dispersion of one gene, and where R's search finds its top.

log p(a) = sum_i [lgamma(y_i + r) - lgamma(r) - (y_i + r) log(mu_i + r) + r log r]
           - 1/2 log det X'WX - (a - prior mean)^2 / (2 prior variance),
with alpha = exp(a), r = 1/alpha, W = diag(mu / (1 + alpha mu)); the prior term only where asked for. References: Cox &
Reid 1987 (doi:10.1111/j.2517-6161.1987.tb01422.x), Love 2014 (doi:10.1186/s13059-014-0550-8).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import INNER, LEAF
from her2het.kernels.deseq.arrow import log_determinant
from her2het.kernels.deseq.likelihood import gather
from her2het.kernels.deseq.special import FAST, SMALL, log_row, stirling_rest

MIN_DISPERSION = 1e-8
MAX_STEPS = 100


class GeneRoom(NamedTuple):
    """One gene's counts and means in the order of the layout, and room for what is worked out from them."""

    y: NDArray[np.float64]
    y_large: NDArray[np.float64]
    """y where y >= 12, else 0."""
    large: NDArray[np.float64]
    """The counts >= 12, packed."""
    over: NDArray[np.int64]
    """How many counts below 12 exceed k."""
    mu: NDArray[np.float64]
    share: NDArray[np.float64]
    q: NDArray[np.float64]
    bits: NDArray[np.int64]
    work: NDArray[np.float64]
    weight: NDArray[np.float64]
    """Sums of W / r over a cell."""
    squared: NDArray[np.float64]
    zero: NDArray[np.float64]
    """Zeros, one per column of the design."""


class Search(NamedTuple):
    """Where the line search ended: log dispersion, log posterior at start and end, steps."""

    log_alpha: float
    at_start: float
    at_end: float
    steps: int


class Prior(NamedTuple):
    """The normal prior of log dispersion; `used` is False for the gene-wise estimate."""

    used: bool
    mean: float
    variance: float


@njit(**INNER)
def gene_room(samples, cells, columns):
    """Room for one gene."""
    q = np.empty(samples)
    return GeneRoom(
        np.empty(samples),
        np.empty(samples),
        np.empty(samples),
        np.empty(SMALL + 1, np.int64),
        np.empty(samples),
        np.empty(samples),
        q,
        q.view(np.int64),
        np.empty(samples),
        np.empty(cells),
        np.empty(cells),
        np.zeros(columns),
    )


@njit(**LEAF)
def take_gene(counts, order, gene):
    """Copy a gene's counts in the order of the layout, small and large apart; returns how many are large."""
    for k in range(SMALL + 1):
        gene.over[k] = 0
    n_large = 0
    for i in range(len(order)):
        v = counts[order[i]]
        gene.y[i] = v
        if v >= SMALL:
            gene.y_large[i] = v
            gene.large[n_large] = v
            n_large += 1
        else:
            gene.y_large[i] = 0.0
            gene.over[v] += 1
    above = 0
    for k in range(SMALL - 1, -1, -1):
        here = gene.over[k]
        gene.over[k] = above
        above += here
    return n_large


@njit(**LEAF, fastmath=FAST)
def log_posterior(a, gene, n_large, arrow, room, log_scale, prior):
    """Log posterior of log alpha = a, up to a constant, and its derivative."""
    n = len(gene.y)
    alpha = math.exp(a)
    r = 1.0 / alpha
    value = 0.0
    slope = 0.0
    q = gene.q
    for i in range(n):
        inv = 1.0 / (gene.mu[i] + r)
        gene.share[i] = inv
        q[i] = (gene.y_large[i] + r) * inv
    log_row(q, gene.bits, gene.work, n)
    for i in range(n):
        value += (gene.y[i] + r) * q[i]
        slope += (gene.y[i] - gene.mu[i]) * gene.share[i] - q[i]
    if n_large > 0:
        rest = 0.0
        psi = 0.0
        for i in range(n_large):
            x = gene.large[i] + r
            v = 1.0 / x
            z = v * v
            rest += v * (1 / 12.0 - z * (1 / 360.0 - z * (1 / 1260.0 - z * (1 / 1680.0 - z / 1188.0)))) - gene.large[i]
            psi += 0.5 * v + z * (1 / 12.0 - z * (1 / 120.0 - z * (1 / 252.0 - z * (1 / 240.0 - z / 132.0))))
        logs = 0.0
        i = 0
        while i < n_large:
            stop = min(n_large, i + 16)
            product = 1.0
            for j in range(i, stop):
                product *= gene.large[j] * alpha + 1.0
            logs += math.log(product)
            i = stop
        rest_r, psi_r = stirling_rest(r)
        value += rest - 0.5 * logs - n_large * rest_r
        slope += psi + n_large * psi_r
    for k in range(SMALL):
        if gene.over[k] == 0:
            break
        value += gene.over[k] * math.log1p(k * alpha)
        slope -= gene.over[k] / (r + k)
    slope *= r
    for i in range(n):
        t = gene.mu[i] * gene.share[i]
        gene.share[i] = t
        gene.work[i] = t * t
    gather(gene.share, arrow.start, gene.weight)
    gather(gene.work, arrow.start, gene.squared)
    log_det, trace = log_determinant(gene.weight, gene.squared, gene.zero, arrow, room)
    columns = len(arrow.block_cols) + len(arrow.border_cols)
    value -= 0.5 * (log_det + log_scale + columns * math.log(r))
    slope += 0.5 * trace
    if prior.used:
        d = a - prior.mean
        value -= 0.5 * d * d / prior.variance
        slope -= d / prior.variance
    return value, slope


@njit(**LEAF)
def line_search(a, gene, n_large, arrow, room, log_scale, prior):
    """Climb from a along the slope with Armijo steps, as R does; the stopping rules are part of the estimate.

    A step that raises the log posterior by less than 1e-6 ends the search, and so does one to below log(1e-9).
    """
    lowest = math.log(MIN_DISPERSION / 10)
    kappa = 1.0
    accepted = 0
    steps = -1
    to = a
    value = slope = at_start = 0.0
    while True:
        new, new_slope = log_posterior(to, gene, n_large, arrow, room, log_scale, prior)
        steps += 1
        if steps == 0:
            value, slope, at_start = new, new_slope, new
        elif -new <= -value - kappa * 1e-4 * slope * slope:
            accepted += 1
            a = to
            rise = new - value
            if rise >= 1e-6 and a < lowest:
                break  # R leaves the last but one value here
            value = new
            if rise < 1e-6:
                break
            slope = new_slope
            kappa = min(kappa * 1.1, 1.0)
            if accepted % 5 == 0:
                kappa /= 2.0
        else:
            kappa /= 2.0
        if steps == MAX_STEPS:
            break
        to = a + kappa * slope
        if to < -30.0:
            kappa = (-30.0 - a) / slope
        if to > 10.0:
            kappa = (10.0 - a) / slope
        to = a + kappa * slope
    return Search(a, at_start, value, steps)
