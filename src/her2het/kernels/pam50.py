"""Nearest-centroid subtypes: gene-wise scaling, Spearman correlation to centroids, probabilities, risk of relapse."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

Scaling = Literal["none", "scale", "robust", "median"]

ROBUST_TAIL = 0.05  # of the values, half on each side
FEWEST_GENES = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NearestCentroid:
    """Per sample: correlations and probabilities (samples x centroids) and the number of the nearest centroid."""

    correlations: Floats
    probabilities: Floats
    nearest: NDArray[np.intp]


def scale_genes(expression: NDArray[Any], how: Scaling) -> Floats:
    """Return the values of each gene relative to the cohort.

    none: as they are. scale: (x - mean) / sd with n - 1. robust: ((x - q1) / (q2 - q1) - 1/2) * 2 with q1, q2 the
    2.5th and 97.5th percentile (linear between order statistics, R's type 7), not clipped. median: x minus the
    gene's median, then each sample to mean 0 and sd 1 over its genes (the authors' program).

    `expression`: genes x samples on a log scale; missing values (NaN) stay missing and count nowhere. A cohort that
    holds mostly one subtype makes the centre wrong for it: Her2 tumours of a HER2-positive-only cohort turn Basal.
    Raises ValueError for a single sample or a gene that does not vary, except with "none".
    Gendoo et al. 2016, doi:10.1093/bioinformatics/btv693; Parker et al. 2009, doi:10.1200/JCO.2008.18.1370.
    """
    x = _matrix(expression)
    if how == "none":
        return x.copy()
    if how not in ("scale", "robust", "median"):
        raise ValueError(f"scaling {how!r} is not none, scale, robust or median")
    if x.shape[1] < 2:
        raise ValueError("one sample cannot be scaled on its cohort")
    _several(x, 1)
    if how == "median":
        _several(x, 0)
        return _standardise_samples(x - np.nanmedian(x, axis=1, keepdims=True))
    if how == "scale":
        unit = np.nanstd(x, axis=1, keepdims=True, ddof=1)
        _varies(unit)
        return (x - np.nanmean(x, axis=1, keepdims=True)) / unit
    low, high = np.nanquantile(x, (ROBUST_TAIL / 2, 1 - ROBUST_TAIL / 2), axis=1, keepdims=True)
    _varies(high - low)
    return ((x - low) / (high - low) - 0.5) * 2


def nearest_centroid(expression: NDArray[Any], centroids: NDArray[Any]) -> NearestCentroid:
    """Estimate which centroid each sample resembles most, by Spearman's correlation over the genes it has.

    r(s, c) is the correlation of average ranks of sample s and centroid c over the genes with a value in s; the
    nearest centroid has the largest r, the first one where several do. Probabilities are max(r, 0) divided by their
    sum over centroids, NaN where no r is above 0; they are shares, not calibrated probabilities.

    `expression`: genes x samples (NaN: missing); `centroids`: the same genes x centroids, complete. A sample with
    fewer than 4 genes, or whose genes all have one value, gets NaN and -1. Raises ValueError for shapes that do not
    fit or incomplete centroids. Parker et al. 2009, doi:10.1200/JCO.2008.18.1370.
    """
    x = _matrix(expression)
    reference = _matrix(centroids)
    if len(x) != len(reference):
        raise ValueError(f"{len(x)} genes in the samples, {len(reference)} in the centroids")
    if np.isnan(reference).any():
        raise ValueError("centroids have missing values")
    correlations = np.full((x.shape[1], reference.shape[1]), np.nan)
    patterns, of = np.unique(~np.isnan(x.T), axis=0, return_inverse=True)
    for number, present in enumerate(patterns):
        if present.sum() < FEWEST_GENES:
            continue
        samples = np.flatnonzero(of == number)
        ours = _unit_ranks(x[np.ix_(present, samples)])
        correlations[samples] = ours.T @ _unit_ranks(reference[present])
    known = ~np.isnan(correlations).any(axis=1)
    nearest = np.full(len(correlations), -1, dtype=np.intp)
    nearest[known] = correlations[known].argmax(axis=1)
    return NearestCentroid(correlations, positive_shares(correlations), nearest)


def positive_shares(correlations: NDArray[Any]) -> Floats:
    """Return max(r, 0) divided by its sum over centroids, for each sample (row); NaN where no r is above 0."""
    positive = np.clip(np.asarray(correlations, dtype=np.float64), 0.0, None)
    total = positive.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, positive / total, np.nan)


def risk_of_relapse(
    correlations: NDArray[Any],
    correlation_weight: NDArray[Any],
    *,
    tumour_size: tuple[float, NDArray[Any]] | None = None,
    proliferation: tuple[float, NDArray[Any]] | None = None,
) -> Floats:
    """Estimate the PAM50 risk of each sample: Σ_c weight_c r_c, plus weight * value of tumour size and proliferation.

    `correlations`: samples x centroids; `correlation_weight`: one weight per centroid; `tumour_size` (0 up to 2 cm, 1
    above) and `proliferation` (mean of the proliferation genes after "median" scaling): a weight and one value
    per sample. NaN where a value is missing. The published score is 100 * (risk + offset) / span.
    Parker et al. 2009, doi:10.1200/JCO.2008.18.1370.
    """
    risk = np.asarray(correlations, dtype=np.float64) @ np.asarray(correlation_weight, dtype=np.float64)
    for term in (tumour_size, proliferation):
        if term is not None:
            risk = risk + term[0] * np.asarray(term[1], dtype=np.float64)
    return risk


def share_below_centre(centroids: NDArray[Any], mix: NDArray[Any], spread: float) -> Floats:
    """Estimate, per gene, the share of a cohort of known composition that lies below a balanced cohort's centre.

    Centroids are deviations from that centre, so with values normal around the centroid of their class,
    p_g = Σ_c mix_c Φ(-centroid_gc / spread). `centroids`: genes x classes; `mix`: one share per class, sum 1;
    `spread`: sd within a class, > 0, in the centroids' unit. It does not apply where classes are far from normal.
    After Zhao et al. 2015, doi:10.1186/s13058-015-0520-4, who count the share in a labelled cohort.
    """
    return ndtr(-np.asarray(centroids, dtype=np.float64) / spread) @ np.asarray(mix, dtype=np.float64)


def _matrix(values: NDArray[Any]) -> Floats:
    x = np.ascontiguousarray(values, dtype=np.float64)  # one layout: rounding must not depend on it
    if x.ndim != 2:
        raise ValueError(f"{x.ndim} dimensions, not genes x columns")
    if np.isinf(x).any():
        raise ValueError("values are not finite")
    return x


def _several(x: Floats, axis: Literal[0, 1]) -> None:
    few = (~np.isnan(x)).sum(axis=axis) < 2
    if few.any():
        raise ValueError(f"{'sample' if axis == 0 else 'gene'} {int(np.argmax(few))} has fewer than two values")


def _varies(unit: Floats) -> None:
    same = unit.ravel() <= 0
    if same.any():
        raise ValueError(f"gene {int(np.argmax(same))} does not vary")


def _standardise_samples(x: Floats) -> Floats:
    """Each sample to mean 0 and sd 1. The mean is exactly rounded, as the last bit decides which genes tie."""
    out = np.empty_like(x)
    for j in range(x.shape[1]):
        column = x[:, j]
        known = column[~np.isnan(column)]
        centred = column - float(sum(map(Fraction, known.tolist())) / len(known))
        squares = math.fsum(v * v for v in centred[~np.isnan(centred)])
        if not squares > 0:
            raise ValueError(f"sample {j} does not vary")
        out[:, j] = centred / math.sqrt(squares / (len(known) - 1))
    return out


def _unit_ranks(x: Floats) -> Floats:
    """Average ranks of each column, centred and scaled to length 1: their products are Spearman's correlations."""
    ranks = rankdata(x, axis=0)
    ranks -= (len(x) + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return ranks / np.sqrt((ranks * ranks).sum(axis=0))
