"""Rank-sum tests of many genes for several contrasts at once: one sort per gene serves them all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

from her2het.kernels.ranks import EXACT_BELOW, rank_sum_cdf
from her2het.kernels.threads import over_chunks

GENES_PER_CHUNK = 512


@dataclass(frozen=True)
class ManyRankSums:
    """Genes x contrasts: U, two-sided p, whether p is exact, and P(first > second) + P(equal)/2."""

    u: NDArray[np.float64]
    p: NDArray[np.float64]
    exact: NDArray[np.bool_]
    superiority: NDArray[np.float64]


def many_rank_sums(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    contrasts: Sequence[tuple[int, int]],
    *,
    exact: bool | None = None,
) -> ManyRankSums:
    """The rank-sum test of `ranks.rank_sum_test` for each row of `values` and each contrast.

    `values`: genes x units, finite; `group`: the group 0..G-1 of each unit, -1 for a unit of none; `contrasts`: pairs
    of groups, the first against the second. `exact` None: by gene and contrast as R decides; False: always the normal
    score with continuity and tie correction. p is not a number where all values of a contrast are equal.
    Raises ValueError for wrong shapes, missing values, or a contrast with an empty group.
    """
    matrix = np.asarray(values, dtype=np.float64)
    code = np.asarray(group, dtype=np.int64)
    pairs = np.asarray(contrasts, dtype=np.int64).reshape(-1, 2)
    if matrix.ndim != 2 or code.shape != (matrix.shape[1],):
        raise ValueError(f"groups of shape {code.shape} for values of shape {matrix.shape}")
    if matrix.size and not np.isfinite(matrix.sum()):
        raise ValueError("values are missing or not finite")
    size = np.bincount(code[code >= 0], minlength=int(pairs.max(initial=-1)) + 1)
    if pairs.size and (pairs.min() < 0 or (size[pairs] == 0).any()):
        raise ValueError("a contrast names a group without units")
    parts = over_chunks(
        lambda a, b: _ranked(matrix[a:b], np.argsort(matrix[a:b], axis=1), code, size, pairs),
        len(matrix),
        GENES_PER_CHUNK,
    )
    if not parts:
        empty = np.empty((0, len(pairs)))
        return ManyRankSums(empty, empty, empty.astype(bool), empty)
    u, z, tied = (np.concatenate(part) for part in zip(*parts, strict=True))
    p = np.minimum(1.0, 2.0 * ndtr(-np.abs(z)))
    told = np.zeros(u.shape, dtype=bool)
    pairs_of_units = size[pairs].prod(axis=1)
    if exact is not False:
        for k, (m, n) in enumerate(size[pairs].tolist()):
            if exact is None and (m >= EXACT_BELOW or n >= EXACT_BELOW):
                continue
            rows = ~tied[:, k]
            if exact and not rows.all():
                raise ValueError("the exact distribution is that of untied values, and some are tied")
            cdf, at = rank_sum_cdf(m, n), np.rint(u[rows, k]).astype(np.int64)
            p[rows, k] = np.minimum(1.0, 2.0 * np.minimum(cdf[at], cdf[m * n - at]))
            told[rows, k] = True
    return ManyRankSums(u, p, told, u / pairs_of_units)


@njit(cache=True, nogil=True, no_cfunc_wrapper=True)  # pyright: ignore[reportCallIssue]
def _ranked(values, sorting, code, size, pairs):
    """U, corrected normal score and a flag for ties, genes x contrasts. `sorting`: the order within each row."""
    genes, units = values.shape
    contrasts = len(pairs)
    u = np.empty((genes, contrasts))
    z = np.empty((genes, contrasts))
    tied = np.zeros((genes, contrasts), dtype=np.bool_)
    rank = np.empty(contrasts)
    cubes = np.empty(contrasts)
    seen = np.empty(contrasts)
    block = np.empty(len(size))
    for g in range(genes):
        row, order = values[g], sorting[g]
        rank[:] = 0.0
        cubes[:] = 0.0
        seen[:] = 0.0
        i = 0
        while i < units:
            value = row[order[i]]
            block[:] = 0.0
            while i < units and row[order[i]] == value:
                if code[order[i]] >= 0:
                    block[code[order[i]]] += 1
                i += 1
            for k in range(contrasts):
                first = block[pairs[k, 0]]
                both = first + block[pairs[k, 1]]
                if both > 0:
                    rank[k] += first * (seen[k] + (both + 1) / 2)
                    seen[k] += both
                    if both > 1:
                        cubes[k] += both * both * both - both
                        tied[g, k] = True
        for k in range(contrasts):
            m = float(size[pairs[k, 0]])
            n = float(size[pairs[k, 1]])
            total = m + n
            u[g, k] = rank[k] - m * (m + 1) / 2
            distance = u[g, k] - m * n / 2
            spread = m * n / 12 * ((total + 1) - cubes[k] / (total * (total - 1)))
            z[g, k] = (distance - np.sign(distance) * 0.5) / np.sqrt(spread) if spread > 0 else np.nan
    return u, z, tied
