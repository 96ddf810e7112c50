"""Rank tests about patients: the rank-sum test of two groups and the signed-rank test of pairs, as Estimates."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from her2het.kernels.ranks import RankTest, rank_sum_test, signed_rank_test
from her2het.kernels.shifts import Shift, pseudo_median, shift_of_two
from her2het.kernels.superiority import Superiority, paired_superiority, superiority, superiority_interval
from her2het.stats.estimate import Estimate
from her2het.stats.patients import numbers, pairs, split
from her2het.stats.units import PerPatient


def rank_sum(
    values: PerPatient,
    groups: pd.Series,
    treated: str,
    control: str,
    *,
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate by how much the patients of `treated` lie above those of `control`, with the rank-sum test.

    Effect: the Hodges-Lehmann shift, the median of all differences between a treated and a control patient, with the
    interval that inverts the test (kernels/shifts). p two-sided, exact where both groups have fewer than 50 patients
    and nothing is tied, else normal with continuity and tie correction, as R. Standardised: the rank-biserial
    correlation 2 theta - 1, theta = P(treated > control) + P(equal)/2, with the outer limits of the Brunner-Munzel
    interval on the logit scale and Newcombe's method 5 (kernels/superiority). `groups` maps patient to label; patients
    without a value or in neither group are left out. Where a group is empty everything but n is not a number.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient has two groups
    Hollander, Wolfe & Chicken 2014, doi:10.1002/9781119196037, chapter 4.
    """
    x, y = split(values, groups, (treated, control))
    test = rank_sum_test(x, y)
    shift, theta = shift_of_two(x, y, level), superiority(x, y)
    told = _told(test, shift, theta, level, (contrast or f"{treated} − {control}", "shift", values.unit, "rank-sum"))
    return replace(told, quantity=values.quantity, groups=(treated, control))


def signed_rank(
    after: PerPatient, before: PerPatient | None = None, *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate by how much paired values change, with the signed-rank test.

    `after` minus `before` for the patients that have both; or `after` alone, where it already holds differences.
    Effect: the pseudo-median (median of the means of all pairs of differences) with the interval that inverts the test.
    p two-sided, exact where fewer than 50 differences, none 0 and none tied in size, else normal with continuity and
    tie correction, as R. Zero differences are left out of all of it: n holds the pairs used, `of` all pairs.
    Standardised: the matched rank-biserial correlation (sum of positive less sum of negative ranks, over the sum of
    all) with the outer limits of the jackknife interval on the logit scale and Clopper and Pearson's.

    :raises TypeError: where values are not per patient
    Hollander, Wolfe & Chicken 2014, doi:10.1002/9781119196037, chapter 3.
    """
    if before is None:
        changes = numbers(after).to_numpy(dtype=np.float64)
        name = contrast or after.quantity
    else:
        one, two = pairs(after, before)
        changes = one - two
        name = contrast or f"{after.quantity} − {before.quantity}"
    test = signed_rank_test(changes)
    shift, theta = pseudo_median(changes, level), paired_superiority(changes)
    told = _told(test, shift, theta, level, (name, "shift of pairs", after.unit, "signed-rank"))
    return replace(told, quantity=after.quantity)


def _told(test: RankTest, shift: Shift, theta: Superiority, level: float, words: tuple[str, str, str, str]) -> Estimate:
    contrast, effect, unit, name = words
    low, high = superiority_interval(theta, level)
    if math.isnan(test.statistic):
        method = name
    elif test.exact:
        method = f"{name}, exact"
    else:
        method = f"{name}, normal with continuity{' and tie' if test.ties else ''} correction"
    return Estimate(
        contrast=contrast,
        effect=effect,
        unit=unit,
        value=shift.value,
        low=shift.low,
        high=shift.high,
        n=test.n,
        of=(test.n[0] + test.zeros,) if test.zeros else (),
        method=method,
        p=test.p,
        level=shift.level,
        standard=2 * theta.value - 1,
        standard_low=2 * low - 1,
        standard_high=2 * high - 1,
        remark=_remark(test, shift, level),
    )


def _remark(test: RankTest, shift: Shift, level: float) -> str:
    said: list[str] = []
    if test.zeros:
        said.append(f"{test.zeros} of {test.n[0] + test.zeros} differences are 0 and were left out")
    if math.isnan(test.statistic):
        said.append("no difference is left to test" if len(test.n) == 1 else "a group has no patients")
    elif math.isnan(test.p):
        said.append("all values are equal")
    elif shift.level < level:
        size = " against ".join(str(n) for n in test.n)
        said.append(f"{size} patients allow an interval of {100 * shift.level:.1f} % at most")
    return "; ".join(said)
