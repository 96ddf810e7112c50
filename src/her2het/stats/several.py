"""Several groups of patients at once: whether they differ, and whether they rise in order, as Estimates."""

import math

import pandas as pd

from her2het.kernels.ordered import epsilon_interval, jonckheere
from her2het.kernels.ordered import kruskal_wallis as kruskal_wallis_of
from her2het.kernels.superiority import logit_interval
from her2het.stats.estimate import Estimate
from her2het.stats.patients import split
from her2het.stats.units import PerPatient


def kruskal_wallis(
    values: PerPatient, groups: pd.Series, labels: tuple[str, ...], *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate the share of the ranks' variance between groups (epsilon squared), with Kruskal and Wallis' test.

    p by chi-square, as R's kruskal.test; the interval, from the variance ratio of the ranks, is approximate. Groups
    without patients are left out. Not a number where fewer than two groups have patients or all values are equal.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient has two groups
    """
    parts = split(values, groups, labels)
    found = kruskal_wallis_of(parts)
    low, high = epsilon_interval(found, level)
    remark = ""
    if math.isnan(found.p):
        remark = "all values are equal" if found.df else "fewer than two groups have patients"
    return Estimate(
        contrast=contrast or f"{values.quantity} by group",
        effect="epsilon squared",
        unit="",
        value=found.epsilon,
        low=low,
        high=high,
        n=tuple(len(part) for part in parts),
        method=f"Kruskal-Wallis, {found.df} df",
        p=found.p,
        level=level,
        standard=found.epsilon,
        standard_low=low,
        standard_high=high,
        remark=remark,
        quantity=values.quantity,
        groups=labels,
    )


def trend(
    values: PerPatient, groups: pd.Series, labels: tuple[str, ...], *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate how surely values rise from each group to a later one, with Jonckheere and Terpstra's test.

    Effect: P(later > earlier) + P(equal)/2 over all pairs of patients of different groups; standardised, twice that
    less 1. p exact up to 100 patients without ties, else normal with tie correction. Interval by the jackknife on the
    logit scale. `labels` in the order of the question.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient has two groups
    """
    parts = split(values, groups, labels)
    found = jonckheere(parts)
    low, high = logit_interval(found.superiority, level)
    theta = found.superiority.value
    remark = ""
    if math.isnan(found.p):
        remark = "fewer than two groups have patients" if math.isnan(found.statistic) else "all values are equal"
    return Estimate(
        contrast=contrast or f"{values.quantity} along {', '.join(labels)}",
        effect="probability of a rise",
        unit="",
        value=theta,
        low=low,
        high=high,
        n=tuple(len(part) for part in parts),
        method=f"Jonckheere-Terpstra, {'exact' if found.exact else 'normal'}",
        p=found.p,
        level=level,
        standard=2 * theta - 1,
        standard_low=2 * low - 1,
        standard_high=2 * high - 1,
        remark=remark,
        quantity=values.quantity,
        groups=labels,
    )
