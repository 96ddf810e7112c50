"""How far samples lie apart: pairwise, within and between patients, and from a patient's baseline biopsies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from her2het.kernels.pca import pca

CANCELLATION = 1e-3  # below this share of the two norms, a squared distance is computed from differences instead


@dataclass(frozen=True)
class Pairs:
    """All pairs of samples i < j: their distance and whether both are of one patient."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.float64]
    within: NDArray[np.bool_]


@dataclass(frozen=True)
class Baseline:
    """Per sample: distance to its patient's baseline (NaN if there is none), how many biopsies that is, the nearest."""

    distance: NDArray[np.float64]
    biopsies: NDArray[np.int64]
    nearest: NDArray[np.int64]


def euclidean(values: NDArray[Any]) -> NDArray[np.float64]:
    """Euclidean distance between samples: d_ij = sqrt(sum over genes of (x_gi - x_gj)^2), samples x samples.

    `values`: features x samples, finite. It comes from inner products of gene-centred values; pairs so close that this
    would lose digits are computed from their differences. Symmetric, zero diagonal; one BLAS thread.
    Raises ValueError for values that are not finite.
    """
    matrix = _matrix(values)
    centred = matrix - matrix.mean(axis=1, keepdims=True)
    with threadpool_limits(1, "blas"):
        gram = centred.T @ centred
    norm = np.diag(gram).copy()
    both = norm[:, None] + norm[None, :]
    squared = both - 2.0 * gram
    squared = (squared + squared.T) / 2
    for i, j in np.argwhere(np.triu(squared <= CANCELLATION * both, 1)):
        squared[i, j] = squared[j, i] = np.square(matrix[:, i] - matrix[:, j]).sum()
    np.fill_diagonal(squared, 0.0)
    return np.sqrt(np.maximum(squared, 0.0))


def component_distances(values: NDArray[Any], components: int = 2) -> NDArray[np.float64]:
    """Euclidean distance between samples on their first principal components (see `pca`), samples x samples."""
    return euclidean(pca(values, components).scores.T)


def within_between(distance: NDArray[np.float64], patient: NDArray[np.int64]) -> Pairs:
    """Take a distance matrix apart into pairs of one patient and pairs of two.

    `distance`: n x n; `patient`: one code per sample. Pairs share samples, so they are not independent: aggregate per
    patient before a test. Raises ValueError where shapes differ.
    """
    codes = np.asarray(patient)
    if distance.shape != (len(codes), len(codes)):
        raise ValueError(f"distances of shape {distance.shape} for {len(codes)} samples")
    first, second = np.triu_indices(len(codes), 1)
    return Pairs(first, second, distance[first, second], codes[first] == codes[second])


def to_baseline_mean(values: NDArray[Any], patient: NDArray[np.int64], baseline: NDArray[np.bool_]) -> Baseline:
    """Distance from each sample to the mean profile of its patient's baseline biopsies.

    d_i = sqrt(sum over genes of (x_gi - mean over b of x_gb)^2), b the baseline biopsies of the patient of i other than
    i itself. NaN where there are none. `values`: features x samples; `patient`, `baseline`: one entry per sample.
    Raises ValueError where lengths differ.
    """
    matrix, codes, is_baseline = _grouped(values, patient, baseline)
    out = _empty(len(codes))
    for i in range(len(codes)):
        own = _own_baseline(i, codes, is_baseline)
        out.biopsies[i] = len(own)
        if len(own):
            out.distance[i] = np.sqrt(np.square(matrix[:, i] - matrix[:, own].mean(axis=1)).sum())
            away = np.square(matrix[:, own] - matrix[:, [i]]).sum(axis=0)
            out.nearest[i] = own[int(away.argmin())]
    return out


def to_baseline_nearest(values: NDArray[Any], patient: NDArray[np.int64], baseline: NDArray[np.bool_]) -> Baseline:
    """Distance from each sample to the nearest of its patient's baseline biopsies other than itself.

    Arguments, missing values and errors as in `to_baseline_mean`. With two baseline biopsies the minimum of two
    distances is smaller than with one, whatever the biology: compare patients with equally many.
    """
    matrix, codes, is_baseline = _grouped(values, patient, baseline)
    out = _empty(len(codes))
    for i in range(len(codes)):
        own = _own_baseline(i, codes, is_baseline)
        out.biopsies[i] = len(own)
        if len(own):
            away = np.square(matrix[:, own] - matrix[:, [i]]).sum(axis=0)
            best = int(away.argmin())
            out.distance[i], out.nearest[i] = np.sqrt(away[best]), own[best]
    return out


def _own_baseline(i: int, codes: NDArray[np.int64], is_baseline: NDArray[np.bool_]) -> NDArray[np.int64]:
    own = np.flatnonzero(is_baseline & (codes == codes[i]))
    return own[own != i]


def _empty(samples: int) -> Baseline:
    return Baseline(np.full(samples, np.nan), np.zeros(samples, dtype=np.int64), np.full(samples, -1, dtype=np.int64))


def _grouped(
    values: NDArray[Any], patient: NDArray[np.int64], baseline: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    matrix, codes, is_baseline = _matrix(values), np.asarray(patient), np.asarray(baseline, dtype=bool)
    if not matrix.shape[1] == len(codes) == len(is_baseline):
        raise ValueError(f"{matrix.shape[1]} samples, {len(codes)} patients, {len(is_baseline)} baseline flags")
    return matrix, codes, is_baseline


def _matrix(values: NDArray[Any]) -> NDArray[np.float64]:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"values have {matrix.ndim} dimensions, not features x samples")
    if not np.isfinite(matrix).all():
        raise ValueError("values are not finite")
    return matrix
