"""One difference between two groups of patients, analysed in each of the ways that may be defended."""

import math
from functools import partial
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.stats.bootstrap import Kind, Mapper, Rows, cluster_bootstrap
from her2het.stats.estimate import Estimate
from her2het.stats.mixed import mixed_shift
from her2het.stats.patients import label_of, members, numbers
from her2het.stats.sensitivity import by_combination
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.units import Combine, PerPatient, PerSample

Way = Literal["mean", "stratified", "mixed", "mixed_adjusted", "bootstrap", "median", "max", "min", "first"]
WAYS: Final[tuple[Way, ...]] = (
    *("mean", "stratified", "mixed", "mixed_adjusted", "bootstrap"),
    *("median", "max", "min", "first"),
)
"""`mean` (of a patient's samples, rank-sum test) is the way of the trial's paper, against which the others are held."""
FEWEST, FEW = 5, 10  # patients in a group: below the one a bootstrap has no interval, below the other a remark
OTHERS: Final[tuple[Combine, ...]] = ("median", "max", "min", "first")


def by_way(
    samples: PerSample,
    patient_of: pd.Series,
    groups: pd.Series,
    treated: str,
    control: str,
    *,
    strata: pd.Series | None = None,
    draws: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[Way, Estimate]:
    """Estimate one difference of two groups of patients in several ways, all as a shift in the unit of the measurement.

    `mean`: Hodges-Lehmann shift of patients' means, rank-sum test. `stratified`: the shift within strata, van Elteren's
    test. `mixed` and `mixed_adjusted`: difference of means in a linear mixed model of all samples, without and with the
    strata as a covariate. `bootstrap`: the shift of `mean` with an interval from resampled patients; it has no p.
    `median`, `max`, `min`, `first`: as `mean`, a patient's samples combined so. Without strata, or with one alone, the
    two that need them are not there; where no patient has two samples neither are those that would say the same.
    All but the mixed models estimate a shift, these a difference of means: for skewed values the two are not the same
    quantity. `samples` of one timepoint; `patient_of` maps sample to patient, `groups` and `strata` patient to label.

    :raises TypeError: where samples are not per sample
    :raises ValueError: where a sample belongs to no patient, a patient has two groups, or draws are fewer than 100
    """
    told = by_combination(samples, patient_of, groups, treated, control, ways=("mean", *OTHERS), level=level)
    means, two = samples.per_patient(patient_of), (treated, control)
    known = numbers(means).index
    compared = known[label_of(groups, known).isin(two).to_numpy()]
    found: dict[Way, Estimate] = {"mean": told[0]}
    divided = strata is not None and len(label_of(strata, compared).dropna().unique()) > 1
    if strata is not None and divided:
        found["stratified"] = stratified_rank_sum(means, groups, strata, *two, level=level)
    if several(samples, patient_of, compared):
        found["mixed"] = mixed_shift(samples, patient_of, groups, *two, level=level)
        if strata is not None and divided:
            covariate = PerPatient(strata.dropna().astype(object), str(strata.name or "stratum"))
            found["mixed_adjusted"] = mixed_shift(samples, patient_of, groups, *two, adjust=(covariate,), level=level)
        found |= dict(zip(OTHERS, told[1:], strict=True))
    found["bootstrap"] = bootstrap_shift(means, groups, *two, draws=draws, seed=seed, level=level)
    return {way: found[way] for way in WAYS if way in found}


def several(samples: PerSample, patient_of: pd.Series, patients: pd.Index) -> bool:
    """Whether any of these patients has two samples with a value."""
    owner = patient_of.reindex(samples.known().index)
    return bool(owner[owner.isin(patients)].duplicated().any())


def bootstrap_shift(
    values: PerPatient,
    groups: pd.Series,
    treated: str,
    control: str,
    *,
    draws: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
    kind: Kind = "percentile",
    contrast: str = "",
    over: Mapper | None = None,
) -> Estimate:
    """Estimate the Hodges-Lehmann shift between two groups with an interval from resampled patients, and no test.

    The median of all differences between a treated and a control patient; each draw takes as many patients of either
    group as there are, with replacement (`cluster_bootstrap`). Unlike the interval that inverts the rank-sum test it
    does not assume that the groups differ by a shift alone. Percentiles cover .93 to .95 for 14 patients against 64,
    .92 for 8 against 30. Not a number for an empty group; no interval below 5 patients in one.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient has two groups, or draws are fewer than 100
    Efron & Tibshirani 1993, doi:10.1201/9780429246593.
    """
    known = numbers(values)
    label = label_of(groups, known.index)
    one, other = members(label, (treated, control))
    inside = one | other
    part, flags = known[inside], one[inside]
    n = (int(one.sum()), int(other.sum()))
    value = low = high = math.nan
    remark, made = "a group has no patients", draws
    if min(n):
        middle = partial(_middle, part.to_numpy(dtype=np.float64), flags)
        value = middle(np.arange(len(part), dtype=np.int64))
        remark = f"fewer than {FEWEST} patients in a group: too few to resample"
        if min(n) >= FEWEST:
            owner = pd.Series(part.index, index=part.index)
            drawn = cluster_bootstrap(
                owner, middle, draws=draws, seed=seed, level=level, kind=kind, strata=label[inside], over=over
            )
            low, high, made = drawn.low, drawn.high, drawn.kept
            remark = "" if min(n) >= FEW else f"an interval from resamples of {min(n)} patients is too narrow"
    return Estimate(
        contrast=contrast or f"{treated} − {control}",
        effect="shift",
        unit=values.unit,
        value=value,
        low=low,
        high=high,
        n=n,
        method=f"bootstrap of patients, {'BCa' if kind == 'bca' else 'percentile'}, {made} draws (seed {seed})",
        p=math.nan,
        level=level,
        remark=remark,
        quantity=values.quantity,
        groups=(treated, control),
    )


def _middle(values: NDArray[np.float64], treated: NDArray[np.bool_], rows: Rows) -> float:
    """The median of the differences between these rows of either group."""
    drawn, flags = values[rows], treated[rows]
    return float(np.median(np.subtract.outer(drawn[flags], drawn[~flags])))
