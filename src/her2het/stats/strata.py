"""Comparisons within strata (hormone receptor status, batch, site): shift, common odds ratio, general association."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from her2het.kernels.conditional import conditional, odds_ratio_interval, two_sided_p, whole_counts
from her2het.kernels.conditional import odds_ratio as conditional_odds_ratio
from her2het.kernels.mantel_haenszel import common_odds, general_association
from her2het.kernels.superiority import superiority_interval
from her2het.kernels.van_elteren import Stratum, stratified_shift, stratified_superiority, van_elteren
from her2het.stats.estimate import Estimate
from her2het.stats.patients import label_of, members, need_patients, numbers
from her2het.stats.tables import cross_table, zero_or_one
from her2het.stats.units import PerPatient


def stratified_rank_sum(
    values: PerPatient,
    groups: pd.Series,
    strata: pd.Series,
    treated: str,
    control: str,
    *,
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate by how much `treated` lies above `control` within strata, with van Elteren's rank-sum test.

    Effect: the shift that the strata share, the median of all differences within strata weighing 1/(N_s + 1), with the
    interval that inverts the test (normal, without continuity correction). Standardised: twice the probability of
    superiority within a stratum less 1. Patients without a value, group or stratum, and strata without one of the
    groups, are left out; the remark counts the latter. `groups` and `strata` map patient to label.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient stands in groups or strata twice
    van Elteren 1960, Bulletin of the International Statistical Institute 37:351.
    """
    known = numbers(values)
    one, other = members(label_of(groups, known.index), (treated, control))
    stratum = label_of(strata, known.index)
    array = known.to_numpy(dtype=np.float64)
    inside = members(stratum, tuple(sorted(set(stratum.dropna()))))
    parts: list[Stratum] = [(array[mask & one], array[mask & other]) for mask in inside]
    found, shift, theta = van_elteren(parts), stratified_shift(parts, level), stratified_superiority(parts)
    low, high = superiority_interval(theta, level)
    lost = sum(len(x) + len(y) for x, y in parts if not (len(x) and len(y)))
    remark = f"{lost} patients are in strata without the other group" if lost else ""
    if math.isnan(found.p):
        remark = "no stratum has both groups" if not found.strata else "all values of a stratum are equal"
    return Estimate(
        contrast=contrast or f"{treated} − {control}, by {strata.name or 'stratum'}",
        effect="shift within strata",
        unit=values.unit,
        value=shift.value,
        low=shift.low,
        high=shift.high,
        n=theta.n,
        method=f"van Elteren, {found.strata} strata",
        p=found.p,
        level=level,
        standard=2 * theta.value - 1,
        standard_low=2 * low - 1,
        standard_high=2 * high - 1,
        remark=remark,
        quantity=values.quantity,
        groups=(treated, control),
    )


def common_odds_ratio(
    flags: PerPatient,
    groups: pd.Series,
    strata: pd.Series,
    treated: str,
    control: str,
    *,
    exact: bool = False,
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate the odds ratio of `treated` against `control` that the strata share, with Mantel and Haenszel's test.

    `flags`: 0 or 1 per patient; `groups` and `strata` map patient to label. By default Mantel and Haenszel's estimate,
    Robins' interval and the test with continuity correction; `exact`: the conditional estimate, exact interval and
    exact test, as R's mantelhaen.test either way. It assumes that the strata share one odds ratio.

    :raises TypeError: where flags are not per patient
    :raises ValueError: where a value is neither 0 nor 1, or a patient stands in groups or strata twice
    """
    known = zero_or_one(flags)
    stratum = label_of(strata, known.index)
    inside = members(label_of(groups, known.index), (treated, control))
    yes = known.to_numpy() == 1
    tables = [
        [[int((g & s & yes).sum()), int((g & s & ~yes).sum())] for g in inside]
        for s in members(stratum, tuple(sorted(set(stratum.dropna()))))
    ]
    name = contrast or f"{treated} / {control}, by {strata.name or 'stratum'}"
    told = common_odds_ratio_of_counts(np.array(tables).reshape(-1, 2, 2), exact=exact, level=level, contrast=name)
    return replace(told, quantity=flags.quantity, groups=(treated, control))


def common_odds_ratio_of_counts(
    tables: ArrayLike, *, exact: bool = False, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """`common_odds_ratio` from K tables [[treated yes, treated no], [control yes, control no]]."""
    counts = whole_counts(tables)
    n = tuple(counts.sum(axis=(0, 2)).tolist()) if counts.ndim == 3 else (0, 0)
    if exact:
        given = conditional(counts)
        value, (low, high), p = conditional_odds_ratio(given), odds_ratio_interval(given, level), two_sided_p(given)
        method = "Mantel-Haenszel, exact"
    else:
        found = common_odds(counts, level)
        value, low, high, p, method = found.value, found.low, found.high, found.test.p, "Mantel-Haenszel, corrected"
    remark = "a stratum has no patients that could tell" if math.isnan(p) else ""
    if not remark and math.isnan(low):
        remark = "one group has no events, or events only: no interval; the exact one has a limit"
    return Estimate(contrast, "common odds ratio", "", value, low, high, n, method, p, level=level, remark=remark)


def stratified_association(
    classes: PerPatient, groups: pd.Series, strata: pd.Series, labels: tuple[str, ...], *, contrast: str = ""
) -> Estimate:
    """Test whether groups differ in a classification in any stratum (Cochran, Mantel and Haenszel), in whatever way.

    It has a p but no effect of its own: value and interval are not numbers.

    :raises TypeError: where classes are not per patient
    :raises ValueError: where a patient stands in groups or strata twice
    """
    values = need_patients(classes).values.dropna()
    stratum = label_of(strata, values.index)
    order = pd.CategoricalDtype(
        list(values.cat.categories) if isinstance(values.dtype, pd.CategoricalDtype) else sorted(set(values))
    )
    tables: list[NDArray[np.int64]] = []
    for inside in members(stratum, tuple(sorted(set(stratum.dropna())))):
        part = type(classes)(values[inside].astype(order), classes.quantity)
        tables.append(cross_table(part, groups, labels)[0])
    counts = np.array(tables, dtype=np.int64).reshape(len(tables), len(labels), -1)
    found = general_association(counts)
    return Estimate(
        contrast=contrast or f"{classes.quantity} by group, by {strata.name or 'stratum'}",
        effect="general association",
        unit="",
        value=math.nan,
        low=math.nan,
        high=math.nan,
        n=tuple(counts.sum(axis=(0, 2)).tolist()),
        method=f"Cochran-Mantel-Haenszel, {found.df} df",
        p=found.p,
        remark="" if found.df else "fewer than two groups or classes have patients in the strata",
        quantity=classes.quantity,
        groups=labels,
    )
