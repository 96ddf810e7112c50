"""Principal components of samples by way of the Gram matrix: samples are few, genes are many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits

GENES_PER_BLOCK = 1024


@dataclass(frozen=True)
class Pca:
    """Scores (samples x components), loadings (genes x components), SD and share of variance of each component."""

    scores: NDArray[np.float64]
    loadings: NDArray[np.float64]
    sd: NDArray[np.float64]
    share: NDArray[np.float64]


def pca(values: NDArray[Any], components: int = 10) -> Pca:
    """Find the directions in which samples differ most, by principal components of gene-centred expression.

    With Y = values less the mean of each gene (genes x samples): Y'Y = V diag(w) V', scores = V sqrt(w), loadings =
    Y V / sqrt(w), sd = sqrt(w / (n - 1)), share = w / sum(w); w in descending order. Genes are not scaled. The sign
    of a component is the one that makes its score of largest absolute value positive (the first of equal ones), so
    reports do not flip. BLAS runs on one thread: the same input gives the same bits.

    `values`: genes x samples, finite, on a log scale. At most n - 1 components exist; fewer than asked are returned
    where that, or the rank, is less. Components of equal variance have no order of their own. Raises ValueError for
    fewer than two samples, no genes, values that are not finite, or samples that are all alike.
    Jolliffe & Cadima 2016, doi:10.1098/rsta.2015.0202.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] < 1 or matrix.shape[1] < 2:
        raise ValueError(f"values of shape {matrix.shape}: at least one gene and two samples are needed")
    with np.errstate(invalid="ignore"):
        total = matrix.sum()
    if not np.isfinite(total):
        raise ValueError("values are not finite")
    if components < 1:
        raise ValueError(f"{components} components")
    genes, samples = matrix.shape
    blocks = [slice(start, start + GENES_PER_BLOCK) for start in range(0, genes, GENES_PER_BLOCK)]
    with threadpool_limits(1, "blas"):
        gram, norm = np.zeros((samples, samples)), np.zeros(samples)
        for block in blocks:  # so that no second matrix of full size is needed
            centred = _centred(matrix[block])
            gram += centred.T @ centred
            norm += np.square(matrix[block]).sum(axis=0)
        last = (max(samples - components, 1), samples - 1)
        variance, vectors = eigh(gram, subset_by_index=last, driver="evr", check_finite=False)
        kept = int((variance > norm.max() * np.finfo(float).eps * samples).sum())
        if kept == 0:
            raise ValueError("all samples have the same values")
        variance, vectors = variance[::-1][:kept], vectors[:, ::-1][:, :kept]
        root = np.sqrt(variance)
        farthest = np.abs(vectors).argmax(axis=0)
        vectors = vectors * np.where(vectors[farthest, np.arange(kept)] < 0, -1.0, 1.0)
        loadings = np.concatenate([_centred(matrix[block]) @ (vectors / root) for block in blocks])
    return Pca(vectors * root, loadings, root / np.sqrt(samples - 1), variance / np.trace(gram))


def _centred(genes: NDArray[np.float64]) -> NDArray[np.float64]:
    return genes - genes.mean(axis=1, keepdims=True)
