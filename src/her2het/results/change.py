"""Before against after treatment: statuses and FISH measures of the same patients."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class StatusChange:
    """HER2 IHC score and HET of the same patients before and after treatment.

    pairs: what (HER2 IHC, HET), patient, before, after, het_before, change (up, same, down), shifted (HET changes).
    counts: what, before, after, patients. orders: what, place, status.
    """

    pairs: pd.DataFrame
    counts: pd.DataFrame
    orders: pd.DataFrame
    estimates: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class HeterogeneityChange:
    """Equitability, amplified fraction, ratio and copies of the same patients before and after treatment.

    pairs: quantity, patient, het_before (HET, non-HET), shift (none, to HET, from HET), gain (class of the ratio at
    baseline), hr (HR+, HR−), before, after, nuclei_before, nuclei_after. Estimates carry the quantity, and the part of
    the patients (all, non-HET, HET) as their group; `by_class` are changes of equitability in patients of one class of
    gain or one receptor class, which is their group.
    """

    pairs: pd.DataFrame
    estimates: tuple[Estimate, ...]
    by_class: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class FishByStatus:
    """FISH measures of tumours by their HET status, HER2 IHC score and copy number gain, before and after treatment.

    values: what (HET, HER2 IHC, gain), phase (baseline, followup), quantity, patient, group (the class: HET or
    non-HET, the score, the class of the ratio), value. boxes: what, phase, quantity, group, n, q1, median, q3, low,
    high. orders: what, place, group. Estimates carry quantity and classes, and in their contrast what and the phase;
    `ordered` are the trends over the scores.
    """

    values: pd.DataFrame
    boxes: pd.DataFrame
    orders: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    ordered: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class TreatmentDistance:
    """How far the transcriptome of each tumour moves from baseline to residual tumour, and what goes with it.

    patients: patient, group, het_before (HET, non-HET), shift (none, to HET, from HET), distance (to the mean of the
    baseline biopsies), distance_single (mean distance to one of them, against which between_biopsies stands),
    distance_two_components, between_biopsies (of the baseline; missing for one biopsy), place (1 = smallest), responder
    (strong, weak), and the variables compared. limit: the distance at the lowest quarter.
    null: quantile, distance (residual tumour to the baseline of other patients). tracks: name, column of patients.
    boxes: quantity, group, n, q1, median, q3, low, high. fits: variable, x, y, low, high. `within` are correlations
    among tumours HET or not HET at baseline, which is their group.
    """

    patients: pd.DataFrame
    null: pd.DataFrame
    tracks: pd.DataFrame
    boxes: pd.DataFrame
    fits: pd.DataFrame
    limit: float
    comparisons: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    within: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
