"""The bounded search for coefficients of the few genes on which reweighted least squares does not settle."""

import math

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL
from her2het.kernels.deseq.arrow import to_cells
from her2het.kernels.deseq.box import BODY, EPS, PAIRS, better_step, cauchy_point, hessian, subspace_point
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.likelihood import half_deviance, log_lik_at_counts
from her2het.kernels.deseq.posterior import gene_room, take_gene
from her2het.kernels.deseq.special import LN2, exp_row
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
BOUND = 30.0
"""Log2 coefficients stay within this."""
STEP = 1e-3
FLATTEST = 1e7 * EPS
MAX_ITERATIONS = 100
TRIALS = 20
SECONDS_PER_SEARCH, SECONDS_PER_ENTRY, WORTH_COMPILING = 1e-3, 1.5e-4, 0.5
"""What a search costs uncompiled, in seconds, beside what compiling it costs."""
SUFFICIENT, CURVATURE, NARROWEST = 1e-3, 0.9, 0.1


def bounded_coefficients(
    counts: NDArray[np.int32], size_factors: Floats, design: Layout, alpha: Floats, ridge: Floats, start: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Coefficients (natural log scale) of each gene by L-BFGS-B on the penalised likelihood, and whether it converged.

    Maximises sum log NB(y; s exp(X b), alpha) - sum ridge b^2 / 2 with log2 coefficients within +-30 and means not
    clipped. Derivatives are central differences of 1e-3 and the search ends where it gains less than 1e7 machine
    epsilons, as R's optimiser: in a flat direction (a group without counts) where it ends is part of the result.
    Columns that exceed 1 are scaled to 1, so that it moves under covariates too. `start`: genes x columns, log2 scale.
    """
    genes, p = start.shape
    beta = np.empty((genes, p))
    converged = np.zeros(genes, np.bool_)
    scale = np.maximum(np.abs(design.design).max(axis=0), 1.0)
    args = (design.order, size_factors[design.order], design.fit, alpha, ridge, start, scale, beta, converged)
    if genes * (SECONDS_PER_SEARCH + SECONDS_PER_ENTRY * p * p) < WORTH_COMPILING:
        with np.errstate(all="ignore"):
            _search_genes(counts, 0, genes, *args)
    else:
        over_chunks(lambda a, b: _compiled_search(counts, a, b, *args), genes, 8)
    return beta, converged


def _search_genes(counts, first, last, order, sf, arrow, alphas, ridge, start, scale, beta, converged):
    p = len(ridge)
    natural, mean, gradient, x = np.empty(p), np.empty(arrow.border.shape[1]), np.empty(p), np.empty(p)
    low, high, room, factor = np.empty(p), np.empty(p), np.empty((6, p)), np.empty(p)
    for g in range(first, last):
        r = 1 / alphas[g]
        gene, top = _gene_and_top(counts[g], order, arrow, p, r)
        fixed = -top  # constants count: the end rule is relative to the whole
        for j in range(p):
            fixed -= 0.5 * math.log(ridge[j] * LN2 * LN2 / (2 * math.pi))
            factor[j] = LN2 / scale[j]
            high[j] = BOUND * scale[j]
            low[j] = -high[j]
            x[j] = min(max(start[g, j] * scale[j], low[j]), high[j])
        converged[g] = _minimise(x, low, high, gradient, room, gene, sf, arrow, r, ridge, factor, fixed, natural, mean)
        for j in range(p):
            beta[g, j] = x[j] * factor[j]


@njit(**KERNEL)
def _gene_and_top(counts, order, arrow, p, r):
    """The gene's counts in the order of the layout, and the log likelihood where every mean equals its count."""
    gene = gene_room(len(order), arrow.border.shape[1], p)
    n_large = take_gene(counts, order, gene)
    return gene, log_lik_at_counts(r, gene, n_large)


@njit(**KERNEL)
def _evaluate(x, low, high, gradient, gene, sf, arrow, r, ridge, factor, fixed, natural, mean):
    """Negative log posterior at x, and its central differences into gradient."""
    p = len(x)
    here = 0.0
    other = 0.0
    for k in range(2 * p + 1):
        j = (k - 1) // 2
        for i in range(p):
            natural[i] = x[i]
        if k > 0:
            natural[j] = min(x[j] + STEP, high[j]) if k % 2 else max(x[j] - STEP, low[j])
        prior = 0.0
        for i in range(p):
            natural[i] *= factor[i]
            prior += 0.5 * ridge[i] * natural[i] * natural[i]
        to_cells(natural, mean, arrow)
        exp_row(mean, mean.view(np.int64), gene.squared, len(mean))
        value = fixed + prior + half_deviance(gene, sf, arrow, r, mean, 0.0)
        if k == 0:
            here = value
        elif k % 2:
            other = value
        else:
            gradient[j] = (other - value) / (min(x[j] + STEP, high[j]) - max(x[j] - STEP, low[j]))
    return here


@register_jitable(**BODY)
def _minimise(x, low, high, g, room, gene, sf, arrow, r, ridge, factor, fixed, natural, mean):
    p = len(x)
    z, d, t, old, old_g = room[0], room[1], room[2], room[3], room[4]
    work = room[5]
    steps, changes, b, a = np.zeros((PAIRS, p)), np.zeros((PAIRS, p)), np.empty((p, p)), np.empty((p, p))
    free = np.empty(p, np.int64)
    s = np.zeros(10)
    f = 0.0
    kept = 0
    theta = 1.0
    stale = False
    for iteration in range(-1, MAX_ITERATIONS):  # -1: the start is evaluated
        while True:
            good = True
            slope = -1.0
            before = f
            for i in range(p):
                old[i] = z[i] = x[i]
                old_g[i] = g[i]
            if iteration >= 0:
                hessian(steps, changes, kept, theta, b, work)
                cauchy_point(x, g, b, theta, low, high, z, d, t)
                cornered = True
                for i in range(p):
                    cornered = cornered and (z[i] <= low[i] or z[i] >= high[i])
                good = kept == 0 or cornered or (not stale and subspace_point(x, g, b, low, high, z, d, free, a))
                # the reference drops what it remembers after a step on which no variable was free
                stale = stale or (cornered and kept > 0)
                slope = 0.0
                for i in range(p):
                    d[i] = z[i] - x[i]
                    slope += g[i] * d[i]
            if good and slope < 0:
                longest = 1e10 if iteration > 0 else 1.0
                if iteration > 0:
                    for i in range(p):
                        if d[i] != 0.0:
                            longest = min(longest, max(((high[i] if d[i] > 0 else low[i]) - x[i]) / d[i], 0.0))
                s[0], s[1], s[2], s[3], s[4], s[5] = 0.0, f, slope, 0.0, f, slope
                s[6], s[9] = min(1.0, longest), 0.0
                first_slope = slope
                test = SUFFICIENT * slope
                width = longest
                width_before = 2 * longest
                nearest = 0.0
                farthest = 5 * s[6]
                stage = 1
                good = False
                for _ in range(TRIALS):
                    stp = s[6]
                    for i in range(p):
                        x[i] = z[i] if stp == 1.0 else old[i] + stp * d[i]
                    f = _evaluate(x, low, high, g, gene, sf, arrow, r, ridge, factor, fixed, natural, mean)
                    slope = 0.0
                    for i in range(p):
                        slope += g[i] * d[i]
                    enough = before + stp * test
                    if stage == 1 and f <= enough and slope >= SUFFICIENT * first_slope:
                        stage = 2
                    bracketed = s[9] > 0
                    good = (
                        iteration < 0
                        or (bracketed and (stp <= nearest or stp >= farthest))
                        or (bracketed and farthest - nearest <= NARROWEST * farthest)
                        or (stp == longest and f <= enough and slope <= test)
                        or (stp == 0.0 and (f > enough or slope >= test))
                        or (f <= enough and abs(slope) <= -CURVATURE * first_slope)
                    )
                    if good:
                        break
                    shift = test if stage == 1 and f <= s[1] and f > enough else 0.0
                    s[7], s[8] = f - stp * shift, slope - shift
                    s[1] -= s[0] * shift
                    s[2] -= shift
                    s[4] -= s[3] * shift
                    s[5] -= shift
                    better_step(s, nearest, farthest)
                    s[1] += s[0] * shift
                    s[2] += shift
                    s[4] += s[3] * shift
                    s[5] += shift
                    if s[9] > 0:
                        if abs(s[3] - s[0]) >= 0.66 * width_before:
                            s[6] = s[0] + 0.5 * (s[3] - s[0])
                        width_before = width
                        width = abs(s[3] - s[0])
                        nearest, farthest = min(s[0], s[3]), max(s[0], s[3])
                    else:
                        nearest = s[0]
                        farthest = s[6] + 4 * (s[6] - s[0])
                    s[6] = max(0.0, min(longest, s[6]))
                    if s[9] > 0 and (s[6] <= nearest or s[6] >= farthest or farthest - nearest <= NARROWEST * farthest):
                        s[6] = s[0]
            else:
                good = False
            if good:
                break
            f = before
            for i in range(p):
                x[i] = old[i]
                g[i] = old_g[i]
            if kept == 0:
                return False
            kept = 0
            theta = 1.0
            stale = False
        if iteration < 0:
            continue
        if before - f <= FLATTEST * max(abs(before), abs(f), 1.0):
            return True
        rr = 0.0
        dr = 0.0
        start_slope = 0.0
        for i in range(p):
            rr += (g[i] - old_g[i]) ** 2
            dr += (g[i] - old_g[i]) * (x[i] - old[i])
            start_slope += old_g[i] * (x[i] - old[i])
        if dr > -EPS * start_slope:
            if kept == PAIRS:
                for k in range(PAIRS - 1):
                    for i in range(p):
                        steps[k, i] = steps[k + 1, i]
                        changes[k, i] = changes[k + 1, i]
                kept -= 1
            for i in range(p):
                steps[kept, i] = x[i] - old[i]
                changes[kept, i] = g[i] - old_g[i]
            kept += 1
            theta = rr / dr
    return False


_compiled_search = njit(**KERNEL)(_search_genes)
