"""GSVA: how far a gene set stands out within each sample, relative to the cohort (as R's GSVA 1.46 scores it)."""

import math
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

from her2het.kernels.compile_options import KERNEL
from her2het.kernels.poisson_cdf import expansion, poisson_cdf, small_counts
from her2het.kernels.ranking import argsort_descending, ordered_keys, sort_buffers
from her2het.kernels.threads import over_chunks

Kernel = Literal["gaussian", "poisson"]

LANES = 8
GENES_PER_CHUNK = 64 * LANES
SAMPLES_PER_CHUNK = 4
TABLE_REACH = 10.0  # standard deviations
TABLE_STEPS = 10_000
NORMAL_CDF = ndtr(np.arange(TABLE_STEPS + 1) * (TABLE_REACH / TABLE_STEPS))
BANDWIDTH_SHARE = 4.0  # Gaussian bandwidth = sd / 4


def gsva_scores(
    expression: NDArray[Any], members: NDArray[np.integer], starts: NDArray[np.integer], kernel: Kernel = "gaussian"
) -> NDArray[np.float64]:
    """Estimate, per gene set and sample, the difference between the largest and smallest deviation of a random walk.

    For gene g and sample j of n, F_gj = 1/n Σ_k K(x_gj; x_gk), where K is Φ((x_gj - x_gk) / h_g) with h_g = sd_g / 4
    ("gaussian", log values) or the Poisson CDF at x_gj with mean x_gk + 0.5 ("poisson", counts); z_gj = logit F_gj.
    Within sample j genes are ordered by z from high to low (ties in the order of the rows); gene g at position
    i = 1..p has weight w_g = |p - i + 1 - p/2|. The walk goes up by w_g / Σ_set w at members of the set and down by
    1 / (p - |set|) elsewhere; the score is its maximum plus its minimum, both counted from 0. (The weight is 0 in the
    middle of an even p: the walk of a one-gene set that stands there ends at its gene.)

    `expression`: genes x samples, finite, at least 2 samples, no constant gene for the Gaussian kernel, whole
    numbers >= 0 for the Poisson kernel. Set t has the rows members[starts[t]:starts[t + 1]], each once; no set is
    empty or holds every gene. Returns sets x samples, without unit, from -1 to 1. Φ is read from a table of 10,001
    points over ten standard deviations, truncated to the lower point, as R does: an exact Φ moves scores by up to
    2.4e-3. A score depends on the cohort: scores of different cohorts do not compare. Raises ValueError where these
    conditions do not hold. Hänzelmann, Castelo & Guinney 2013, doi:10.1186/1471-2105-14-7.
    """
    values = np.ascontiguousarray(expression, dtype=np.float64)
    _check(values, kernel)
    check_sets(members, starts, len(values))
    keys = cohort_keys(values, kernel)
    return _walks(keys, members, starts)


def cohort_keys(values: NDArray[np.float64], kernel: Kernel) -> NDArray[np.uint64]:
    """Return samples x genes integers that order genes within a sample as their logit F does (see `gsva_scores`)."""
    genes, samples = values.shape
    keys = np.empty((samples, genes), np.uint64)

    def gaussian(start: int, stop: int) -> None:
        _gaussian_keys(values[start:stop], NORMAL_CDF, start, keys)

    def poisson(start: int, stop: int) -> None:
        _poisson_keys(values[start:stop], (small_counts(), expansion()), start, keys)

    over_chunks(gaussian if kernel == "gaussian" else poisson, genes, GENES_PER_CHUNK)
    return keys


def check_sets(members: NDArray[np.integer], starts: NDArray[np.integer], genes: int) -> None:
    """Raise ValueError unless every set has at least one row, not all, each in range and once."""
    sizes = np.diff(starts)
    if len(starts) < 1 or starts[0] != 0 or starts[-1] != len(members):
        raise ValueError("starts must run from 0 to the number of members")
    if (sizes < 1).any() or (sizes >= genes).any():
        raise ValueError(f"every set needs 1 to {genes - 1} of {genes} genes")
    if len(members) and (members.min() < 0 or members.max() >= genes):
        raise ValueError(f"set members must be rows 0 to {genes - 1}")
    set_of = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    pairs = np.sort(set_of * genes + members)
    if (pairs[1:] == pairs[:-1]).any():
        raise ValueError("a set names a row twice")


def _check(values: NDArray[np.float64], kernel: Kernel) -> None:
    if kernel not in ("gaussian", "poisson"):
        raise ValueError(f"kernel {kernel!r} is neither 'gaussian' nor 'poisson'")
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError("expression must be genes x samples with at least 2 samples")
    if not np.isfinite(values).all():
        raise ValueError("expression is missing or not finite")
    if kernel == "gaussian" and (values == values[:, :1]).all(axis=1).any():
        raise ValueError("a gene is constant over the samples")
    if kernel == "poisson" and ((values < 0).any() or (values != np.floor(values)).any()):
        raise ValueError("the Poisson kernel needs whole numbers >= 0")


def _walks(keys: NDArray[np.uint64], members: NDArray[np.integer], starts: NDArray[np.integer]) -> NDArray[np.float64]:
    samples, genes = keys.shape
    bounds = np.ascontiguousarray(starts, dtype=np.int64)
    rows = np.ascontiguousarray(members, dtype=np.int32)
    sets = len(bounds) - 1
    set_of = np.repeat(np.arange(sets, dtype=np.int32), np.diff(bounds))
    by_gene = np.argsort(rows, kind="stable")
    gene_starts = np.zeros(genes + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=genes), out=gene_starts[1:])
    gene_sets = set_of[by_gene]
    out = np.empty((sets, samples))

    def walk(start: int, stop: int) -> None:
        _walk_samples(keys[start:stop], (rows, bounds), (gene_starts, gene_sets), out[:, start:stop])

    over_chunks(walk, samples, SAMPLES_PER_CHUNK)
    return out


@njit(**KERNEL)
def _gaussian_keys(block, table, first, keys):
    """Keys of logit F for a block of genes, Gaussian kernel; `keys` is samples x all genes, filled from `first`.

    Eight genes run side by side, one SIMD lane each, so that every sum takes the samples in R's order: more accurate
    summation would break R's near ties another way. Each pair of samples is looked up once, as Φ(-z) = 1 - Φ(z).
    """
    genes, n = block.shape
    steps = float(len(table) - 1)
    scale = steps / TABLE_REACH
    x = np.zeros((n, LANES))
    total = np.zeros((n, LANES))
    index = np.empty((n, LANES), np.int32)
    mean = np.zeros(LANES)
    spread = np.zeros(LANES)
    own = np.empty(LANES)
    here = np.empty(LANES)
    logit = np.empty(LANES)
    found = np.empty(LANES, np.uint64)
    for base in range(0, genes, LANES):
        lanes = min(LANES, genes - base)
        mean[:] = 0.0
        spread[:] = 0.0
        total[:] = 0.0
        for lane in range(lanes):
            for i in range(n):
                x[i, lane] = block[base + lane, i]
        for i in range(n):
            for lane in range(LANES):
                mean[lane] += x[i, lane]
        for lane in range(LANES):
            mean[lane] /= n
        for i in range(n):
            for lane in range(LANES):
                spread[lane] += (x[i, lane] - mean[lane]) * (x[i, lane] - mean[lane])
        for lane in range(LANES):
            width = math.sqrt(spread[lane] / (n - 1)) / BANDWIDTH_SHARE
            spread[lane] = scale / width if lane < lanes else 0.0
        for i in range(n):
            for lane in range(LANES):
                x[i, lane] *= spread[lane]
        for i in range(n):
            for lane in range(LANES):
                here[lane] = x[i, lane]
                own[lane] = total[i, lane] + 0.5
            for j in range(i + 1, n):
                for lane in range(LANES):
                    index[j, lane] = np.int32(min(abs(x[j, lane] - here[lane]), steps))
            for j in range(i + 1, n):
                for lane in range(LANES):
                    c = table[index[j, lane]]
                    c = c if x[j, lane] >= here[lane] else 1.0 - c
                    total[j, lane] += c
                    own[lane] += 1.0 - c
            for lane in range(LANES):
                share = own[lane] / n
                logit[lane] = -math.log((1.0 - share) / share)
            ordered_keys(logit, found)
            for lane in range(lanes):
                keys[i, first + base + lane] = found[lane]


@njit(**KERNEL)
def _poisson_keys(block, tables, first, keys):
    """Keys of logit F for a block of genes, Poisson kernel; `keys` is samples x all genes, filled from `first`."""
    genes, n = block.shape
    table, coefficients = tables
    logit = np.empty(n)
    found = np.empty(n, np.uint64)
    for g in range(genes):
        x = block[g]
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += poisson_cdf(x[j], x[k], table, coefficients)
            share = total / n
            logit[j] = -math.log((1.0 - share) / share)
        ordered_keys(logit, found)
        for j in range(n):
            keys[j, first + g] = found[j]


@njit(**KERNEL)
def _walk_samples(keys, of_set, of_gene, out):
    """Scores of a few samples: one pass over the genes in order serves all sets; only members touch their set.

    `of_set`: members and starts by set; `of_gene`: starts by gene and the sets of each gene.
    """
    members, starts = of_set
    gene_starts, gene_sets = of_gene
    samples, genes = keys.shape
    sets = len(starts) - 1
    order = np.empty(genes, np.int32)
    buffers = sort_buffers(genes)
    weight = np.empty(genes)
    per_weight = np.empty(sets)
    per_miss = np.empty(sets)
    state = np.empty((sets, 4))  # weight so far, members so far, maximum, minimum
    for s in range(samples):
        argsort_descending(keys[s], order, buffers)
        for r in range(genes):
            weight[order[r]] = abs(genes - r - genes / 2)
        for t in range(sets):
            total = 0.0
            for q in range(starts[t], starts[t + 1]):
                total += weight[members[q]]
            per_weight[t] = 1.0 / total if total > 0.0 else 0.0
            per_miss[t] = 1.0 / (genes - (starts[t + 1] - starts[t]))
        state[:] = 0.0
        for r in range(genes):
            g = order[r]
            for q in range(gene_starts[g], gene_starts[g + 1]):
                t = gene_sets[q]
                missed = (r - state[t, 1]) * per_miss[t]
                before = state[t, 0] * per_weight[t] - missed
                state[t, 3] = min(state[t, 3], before)
                state[t, 0] += weight[g]
                state[t, 1] += 1.0
                after = state[t, 0] * per_weight[t] - missed
                state[t, 2] = max(state[t, 2], after)
        for t in range(sets):
            out[t, s] = state[t, 2] + state[t, 3]
