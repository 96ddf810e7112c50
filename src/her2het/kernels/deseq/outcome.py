"""The table of one comparison: effect, error, statistic, p-values, and why a value is missing."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.deseq.filtering import benjamini_hochberg, independent_filtering
from her2het.kernels.deseq.pipeline import Run, contrast_errors
from her2het.kernels.deseq.special import LN2
from her2het.kernels.deseq.wald import Alternative, Test, wald_test

ENOUGH_ABOVE = 3
"""Samples with more counts than the outlier from which on, in a comparison of two groups, it is not taken as one."""

Floats = NDArray[np.float64]


class Missing(IntEnum):
    """Why a p-value or adjusted p-value is missing."""

    NOTHING = 0
    NO_COUNTS = 1
    OUTLIER = 2
    LOW_MEAN = 3


class Outcome(NamedTuple):
    """One row per gene; effect and error on the log2 scale."""

    effect: Floats
    error: Floats
    stat: Floats
    p: Floats
    adjusted: Floats
    missing: NDArray[np.int8]
    threshold: float
    """Mean of normalised counts below which genes are not tested."""


class Question(NamedTuple):
    """What is asked of a fit."""

    contrast: Floats
    """Weights of the coefficients."""
    levels: NDArray[np.bool_] | None = None
    """Samples of the two levels compared: a gene without counts in all of them has effect 0."""
    two_groups: bool = False
    """Whether the design is one factor of two levels."""
    threshold: float = 0.0
    alternative: Alternative = "greaterAbs"
    alpha: float = 0.1
    flag_outliers: bool = True
    filter_means: bool = True


def outcome(done: Run, asked: Question, test: Test | None = None) -> Outcome:
    """Effect of a contrast and its test (Wald, or the one given), without outliers, adjusted over genes well counted.

    Raises ValueError for a contrast of the wrong length. Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    contrast = np.asarray(asked.contrast, float)
    if contrast.shape != (done.design.columns,):
        raise ValueError("the contrast does not have one weight per column of the design")
    effect = done.genes.beta @ contrast / LN2
    error = contrast_errors(done, contrast[None, :])[:, 0]
    counted = done.genes.base_mean > 0
    absent = done.emptied.copy()
    if asked.levels is not None:
        absent |= counted & ~(done.counts[:, asked.levels] > 0).any(axis=1)
    effect[absent] = 0.0
    if test is None:
        with np.errstate(invalid="ignore", divide="ignore"):
            test = wald_test(effect, error, asked.threshold, asked.alternative)
        test.stat[absent], test.p[absent] = 0.0, 1.0
    p = test.p.copy()
    missing = np.zeros(len(p), np.int8)
    missing[np.isnan(p)] = Missing.NO_COUNTS
    if asked.flag_outliers:
        flagged = _outliers(done, asked.two_groups) & ~np.isnan(p)
        p[flagged] = np.nan
        missing[flagged] = Missing.OUTLIER
    adjusted, threshold = benjamini_hochberg(p), 0.0
    if asked.filter_means:
        adjusted, threshold, _ = independent_filtering(p, done.genes.base_mean, asked.alpha)
    missing[np.isnan(adjusted) & ~np.isnan(p)] = Missing.LOW_MEAN
    return Outcome(effect, error, test.stat, p, adjusted, missing, threshold)


def _outliers(done: Run, two_groups: bool) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        flagged = done.max_cooks > done.cutoff
    if two_groups:
        for g in np.flatnonzero(flagged).tolist():
            worst = done.counts[g, done.worst_sample[g]]
            flagged[g] = np.count_nonzero(done.counts[g] > worst) < ENOUGH_ABOVE
    return flagged
