"""Shares of patients and tables of classes: differences, odds ratios and associations, exact, as Estimates.

Each comes twice: from values per patient, and (`..._of_counts`) from counts of patients, as papers print them. Counts
carry no unit; who passes counts of biopsies says something about biopsies.
"""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from her2het.kernels.association import chi_square, cramer
from her2het.kernels.conditional import conditional, odds_ratio_interval, two_sided_p, whole_counts
from her2het.kernels.conditional import odds_ratio as conditional_odds_ratio
from her2het.kernels.fisher import fisher_p
from her2het.kernels.proportions import clopper_pearson, newcombe, wilson
from her2het.stats.estimate import Estimate
from her2het.stats.patients import label_of, members, need_patients, numbers
from her2het.stats.units import PerPatient

ShareInterval = Literal["clopper-pearson", "wilson"]
Counts = tuple[int, int]  # hits, and of how many


def share(
    flags: PerPatient, *, method: ShareInterval = "clopper-pearson", level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate the share of patients for whom something holds, in per cent, with its interval; it tests nothing.

    `flags`: 0 or 1 (or booleans) per patient. Exact (Clopper-Pearson) or Wilson's score interval.

    :raises TypeError: where flags are not per patient
    :raises ValueError: where a value is neither 0 nor 1
    """
    known, name = zero_or_one(flags), contrast or flags.quantity
    told = share_of_counts((int(known.sum()), len(known)), method=method, level=level, contrast=name)
    return replace(told, quantity=flags.quantity)


def share_of_counts(
    counts: Counts, *, method: ShareInterval = "clopper-pearson", level: float = 0.95, contrast: str = ""
) -> Estimate:
    """`share` from (hits, number)."""
    hits, n = counts
    low, high = (clopper_pearson if method == "clopper-pearson" else wilson)(hits, n, level)
    value = hits / n if n else math.nan
    name = "Clopper-Pearson" if method == "clopper-pearson" else "Wilson"
    remark = "" if n else "no patients"
    return Estimate(
        contrast, "share", "%", 100 * value, 100 * low, 100 * high, (n,), name, math.nan, level=level, remark=remark
    )


def compare_shares(
    flags: PerPatient, groups: pd.Series, treated: str, control: str, *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate the difference of two groups' shares in percentage points; Newcombe's interval, Fisher's exact test.

    `flags`: 0 or 1 per patient; patients without a value or in neither group are left out. Standardised: the difference
    itself, from -1 to 1. Not a number where a group is empty.

    :raises TypeError: where flags are not per patient
    :raises ValueError: where a value is neither 0 nor 1, or a patient has two groups
    """
    one, other = _two(flags, groups, treated, control)
    name = contrast or f"{treated} − {control}"
    return _about(compare_counts(one, other, level=level, contrast=name), flags, (treated, control))


def compare_counts(treated: Counts, control: Counts, *, level: float = 0.95, contrast: str = "") -> Estimate:
    """`compare_shares` from (hits, number) of each group."""
    low, high = newcombe(treated, control, level)
    empty = treated[1] == 0 or control[1] == 0
    value = math.nan if empty else treated[0] / treated[1] - control[0] / control[1]
    p = math.nan if empty else two_sided_p(conditional(_two_by_two(treated, control)))
    return Estimate(
        contrast=contrast,
        effect="difference of shares",
        unit="points",
        value=100 * value,
        low=100 * low,
        high=100 * high,
        n=(treated[1], control[1]),
        method="Fisher, exact",
        p=p,
        level=level,
        standard=value,
        standard_low=low,
        standard_high=high,
        remark="a group has no patients" if empty else "",
    )


def odds_ratio(
    flags: PerPatient, groups: pd.Series, treated: str, control: str, *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate the odds ratio of something that holds in `treated` against `control`, exactly, with Fisher's test.

    The conditional maximum likelihood estimate with its exact interval, as R's fisher.test; 0 or infinite where a cell
    is empty. Standardised: the difference of shares with Newcombe's interval.

    :raises TypeError: where flags are not per patient
    :raises ValueError: where a value is neither 0 nor 1, or a patient has two groups
    """
    one, other = _two(flags, groups, treated, control)
    name = contrast or f"{treated} / {control}"
    return _about(odds_ratio_of_counts(one, other, level=level, contrast=name), flags, (treated, control))


def odds_ratio_of_counts(treated: Counts, control: Counts, *, level: float = 0.95, contrast: str = "") -> Estimate:
    """`odds_ratio` from (hits, number) of each group."""
    given = conditional(_two_by_two(treated, control))
    low, high = odds_ratio_interval(given, level)
    shares = compare_counts(treated, control, level=level)
    return Estimate(
        contrast=contrast,
        effect="odds ratio",
        unit="",
        value=conditional_odds_ratio(given),
        low=low,
        high=high,
        n=shares.n,
        method="Fisher, exact",
        p=shares.p,
        level=level,
        standard=shares.standard,
        standard_low=shares.standard_low,
        standard_high=shares.standard_high,
        remark=shares.remark or ("all patients answer alike" if given.low == given.high else ""),
    )


def association(
    classes: PerPatient,
    groups: pd.Series,
    labels: tuple[str, ...],
    *,
    method: Literal["fisher", "chi-square"] = "fisher",
    seed: int = 0,
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate how far groups differ in a classification: Cramér's V, with Fisher's test for tables of any size.

    `classes`: a class per patient (text, category, flag or whole number). p exact by counting; where the tables are too
    many, from 99,999 seeded draws, with a 99 % interval of p in the remark. V's interval by noncentral chi-square is
    approximate.

    :raises TypeError: where classes are not per patient
    """
    table, _ = cross_table(classes, groups, labels)
    name = contrast or f"{classes.quantity} by group"
    found = association_of_counts(table, method=method, seed=seed, level=level, contrast=name)
    return _about(found, classes, labels)


def association_of_counts(
    table: ArrayLike,
    *,
    method: Literal["fisher", "chi-square"] = "fisher",
    seed: int = 0,
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """`association` from a table of counts, groups in rows."""
    counts = whole_counts(table)
    v, remark = cramer(counts, level), ""
    if method == "chi-square":
        told, p = "chi-square", chi_square(counts).p
        if v.smallest_expected < 5:
            remark = f"the smallest expected count is {v.smallest_expected:.1f}; the exact test is safer"
    else:
        told, p, remark = _fisher(counts, seed)
    if math.isnan(v.value):
        remark = "fewer than two groups or classes have patients"
    return Estimate(
        contrast=contrast,
        effect="Cramér's V",
        unit="",
        value=v.value,
        low=v.low,
        high=v.high,
        n=tuple(counts.sum(axis=1).tolist()),
        method=told,
        p=p,
        level=level,
        standard=v.value,
        standard_low=v.low,
        standard_high=v.high,
        remark=remark,
    )


def cross_table(
    classes: PerPatient, groups: pd.Series, labels: tuple[str, ...]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Counts of patients, groups x classes, and the names of the classes (in their order, else sorted).

    :raises TypeError: where classes are not per patient
    """
    values = need_patients(classes).values.dropna()
    order = list(values.cat.categories) if isinstance(values.dtype, pd.CategoricalDtype) else sorted(set(values))
    plain = values.astype(object)
    masks = members(label_of(groups, values.index), labels)
    counts = [[int((mask & (plain == name).to_numpy(dtype=bool)).sum()) for name in order] for mask in masks]
    return np.array(counts, dtype=np.int64).reshape(len(labels), len(order)), tuple(str(name) for name in order)


def zero_or_one(flags: PerPatient) -> pd.Series:
    """The known flags per patient. :raises ValueError: where a value is neither 0 nor 1"""
    known = numbers(flags)
    other = known[~known.isin([0.0, 1.0])]
    if len(other):
        raise ValueError(f"{flags.quantity}: needed is 0 or 1 per patient, not {other.iloc[0]:g}")
    return known


def _two(flags: PerPatient, groups: pd.Series, treated: str, control: str) -> tuple[Counts, Counts]:
    known = zero_or_one(flags)
    one, other = members(label_of(groups, known.index), (treated, control))
    return (int(known[one].sum()), int(one.sum())), (int(known[other].sum()), int(other.sum()))


def _two_by_two(treated: Counts, control: Counts) -> list[list[int]]:
    return [[treated[0], treated[1] - treated[0]], [control[0], control[1] - control[0]]]


def _fisher(counts: NDArray[np.int64], seed: int) -> tuple[str, float, str]:
    """Method, p and remark."""
    found = fisher_p(counts, seed=seed)
    if not found.draws:
        return "Fisher, exact", found.p, ""
    hits = round(found.p * (1 + found.draws)) - 1
    low, high = clopper_pearson(hits, found.draws, 0.99)
    remark = f"p from {found.draws} drawn tables (seed {seed}): {low:.2g} to {high:.2g} with 99 % confidence"
    return "Fisher, drawn tables", found.p, remark


def _about(told: Estimate, of: PerPatient, groups: tuple[str, ...]) -> Estimate:
    return replace(told, quantity=of.quantity, groups=groups)
