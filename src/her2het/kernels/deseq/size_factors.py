"""One scale per sample that makes samples of different depth comparable."""

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.threads import over_chunks

GENES_PER_CHUNK = 2048
SAMPLES_PER_CHUNK = 16


def ratio_size_factors(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Estimate each sample's size factor as the median of its ratios to the genes' geometric means.

    log s_j = median over genes without any zero of log y_gj - mean_j log y_gj. `counts`: genes x samples. Does not
    apply where every gene has a zero in some sample (use `poscounts_size_factors`). Raises ValueError there. Anders &
    Huber 2010, doi:10.1186/gb-2010-11-10-r106."""
    everywhere = np.concatenate(
        [np.empty(0, np.bool_), *over_chunks(lambda a, b: (counts[a:b] > 0).all(axis=1), len(counts), GENES_PER_CHUNK)]
    )
    if not everywhere.any():
        raise ValueError("every gene has a zero in some sample")
    kept = counts[everywhere]
    logs = np.empty((counts.shape[1], len(kept)))

    def fill(a: int, b: int) -> None:
        part = np.log(kept[a:b])
        part -= part.mean(axis=1, keepdims=True)
        logs[:, a:b] = part.T

    over_chunks(fill, len(kept), GENES_PER_CHUNK)
    medians = over_chunks(lambda a, b: np.median(logs[a:b], axis=1), len(logs), SAMPLES_PER_CHUNK)
    return np.exp(np.concatenate(medians))


def poscounts_size_factors(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Estimate each sample's size factor as the median ratio to geometric means that pass over zeros.

    The geometric mean of a gene is exp(sum over its non-zero counts of log y / n), n all samples; a sample's median
    runs over its own non-zero counts; the factors are divided by their geometric mean.
    Raises ValueError where a sample has no counts.
    """
    positive = counts > 0
    if not positive.any(axis=0).all():
        raise ValueError("a sample has no counts")
    logs = np.log(np.where(positive, counts, 1))
    centred = logs - logs.mean(axis=1, keepdims=True)
    factors = np.array([np.median(centred[positive[:, j], j]) for j in range(counts.shape[1])])
    return np.exp(factors - factors.mean())
