"""Samples far from the others on principal components: the literal rule of the trial paper, and a robust one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAD_TO_SD = 1.482602218505602  # 1 / (0.75 quantile of the normal): makes the MAD estimate the SD of a normal


@dataclass(frozen=True)
class Outliers:
    """Which samples are flagged, how far each lies (in units of spread, largest over components), and where."""

    flagged: NDArray[np.bool_]
    distance: NDArray[np.float64]
    component: NDArray[np.int64]


def beyond_sd(score: NDArray[np.float64], k: float = 5.0) -> Outliers:
    """Flag samples whose score on one component lies beyond mean +- k SD of all samples.

    distance = |x - mean| / SD, SD with n - 1. No distance can exceed (n - 1) / sqrt(n), so that k = 5 flags nobody
    among fewer than 27 samples; and several outliers on one side hide each other by widening the SD.

    `score`: one number per sample (the trial paper: PC2, k = 5). Raises ValueError for fewer than two samples.
    """
    x = _finite(score, 1)
    spread = x.std(ddof=1)
    distance = np.abs(x - x.mean()) / spread if spread > 0 else np.zeros(len(x))
    return Outliers(distance > k, distance, np.zeros(len(x), dtype=np.int64))


def beyond_mad(scores: NDArray[np.float64], k: float = 5.0) -> Outliers:
    """Flag samples that lie beyond median +- k robust SD on any of the components given.

    distance = max over components of |x - median| / (1.4826 MAD), MAD = median |x - median|; `component` is where
    the maximum is. Up to half of the samples may be outliers without hiding each other. A component whose MAD is 0
    (more than half of the scores equal) puts every other sample at an infinite distance.

    `scores`: samples x components. Raises ValueError for fewer than two samples.
    Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013.
    """
    x = _finite(scores, 2)
    away = np.abs(x - np.median(x, axis=0))
    spread = MAD_TO_SD * np.median(away, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(away > 0, away / spread, 0.0)
    component = distance.argmax(axis=1)
    largest = distance[np.arange(len(x)), component]
    return Outliers(largest > k, largest, component.astype(np.int64))


def _finite(scores: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != dimensions or x.shape[0] < 2 or x.size < 2:
        raise ValueError(f"scores of shape {x.shape}: {dimensions} dimension(s) and two samples or more are needed")
    if not np.isfinite(x).all():
        raise ValueError("scores are not finite")
    return x
