"""Single-sample gene set enrichment (Barbie et al.), and the variant of it that ESTIMATE uses."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL
from her2het.kernels.gsva import check_sets
from her2het.kernels.ranking import argsort_descending, ordered_keys, sort_buffers
from her2het.kernels.threads import over_chunks

SAMPLES_PER_CHUNK = 8
ALPHA = 0.25


def ssgsea_scores(
    expression: NDArray[Any],
    members: NDArray[np.integer],
    starts: NDArray[np.integer],
    *,
    alpha: float = ALPHA,
    normalise: bool = True,
) -> NDArray[np.float64]:
    """Estimate, per gene set and sample, the summed difference between two running shares along the sample's ranking.

    Genes of a sample are ordered from high to low (ties in the order of the rows). With r_g the rank of gene g from
    the lowest (average over ties, truncated to a whole number), P_hit(i) the share of Σ_set r^alpha reached at
    position i and P_miss(i) the share of the other genes passed, the score is Σ_i (P_hit(i) - P_miss(i)).
    `normalise` divides all scores by max - min over all sets and samples, as R's GSVA does: a score then depends
    on the cohort and on the sets that are scored with it.

    `expression`: genes x samples, finite; sets as in `gsva_scores`. Returns sets x samples. Without `normalise` a
    sample's score needs no other sample, and any increasing transformation of the sample leaves it as it is. Raises
    ValueError for wrong shapes or missing values, and where `normalise` meets scores that do not differ.
    Barbie et al. 2009, doi:10.1038/nature08460.
    """
    scores = enrichment_sums(expression, members, starts, alpha=alpha, whole_ranks=True)
    if not normalise:
        return scores
    span = float(np.ptp(scores)) if scores.size else 0.0
    if not span > 0:
        raise ValueError("scores do not differ, so their range cannot serve as the unit")
    return scores / span


def enrichment_sums(
    expression: NDArray[Any],
    members: NDArray[np.integer],
    starts: NDArray[np.integer],
    *,
    alpha: float,
    whole_ranks: bool,
) -> NDArray[np.float64]:
    """Return Σ_i (P_hit(i) - P_miss(i)) of `ssgsea_scores`, ranks truncated to whole numbers or with their halves."""
    values = np.asarray(expression)
    if values.ndim != 2:
        raise ValueError("expression must be genes x samples")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("expression is missing or not finite")
    genes, samples = values.shape
    check_sets(members, starts, genes)
    doubled = np.arange(2 * genes + 1)
    weight = (doubled // 2 if whole_ranks else doubled / 2) ** float(alpha)
    rows = np.ascontiguousarray(members, dtype=np.int32)
    bounds = np.ascontiguousarray(starts, dtype=np.int64)
    out = np.empty((len(bounds) - 1, samples))

    def score(start: int, stop: int) -> None:
        block = np.ascontiguousarray(values[:, start:stop].T, dtype=np.float64)
        _score_samples(block, rows, bounds, weight, out[:, start:stop])

    over_chunks(score, samples, SAMPLES_PER_CHUNK)
    return out


@njit(**KERNEL)
def _score_samples(block, members, starts, weight_of_doubled_rank, out):
    """Summed running differences in closed form: a hit at position i counts in every later step, so p - i + 1 times."""
    samples, genes = block.shape
    sets = len(starts) - 1
    keys = np.empty(genes, np.uint64)
    order = np.empty(genes, np.int32)
    buffers = sort_buffers(genes)
    gathered = np.empty((genes, 3))  # weight, weight x steps left, steps left
    all_steps = genes * (genes + 1) / 2
    for s in range(samples):
        x = block[s]
        ordered_keys(x, keys)
        argsort_descending(keys, order, buffers)
        i = 0
        while i < genes:
            j = i
            while j + 1 < genes and x[order[j + 1]] == x[order[i]]:
                j += 1
            weight = weight_of_doubled_rank[2 * genes - i - j]
            for k in range(i, j + 1):
                g = order[k]
                gathered[g, 0] = weight
                gathered[g, 1] = weight * (genes - k)
                gathered[g, 2] = genes - k
            i = j + 1
        for t in range(sets):
            weights = 0.0
            weighted_steps = 0.0
            steps = 0.0
            for q in range(starts[t], starts[t + 1]):
                g = members[q]
                weights += gathered[g, 0]
                weighted_steps += gathered[g, 1]
                steps += gathered[g, 2]
            out[t, s] = weighted_steps / weights - (all_steps - steps) / (genes - (starts[t + 1] - starts[t]))
