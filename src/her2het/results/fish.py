"""Heterogeneity of ERBB2 amplification between nuclei."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class FishHeterogeneity:
    """ERBB2 copies, amplified fraction, heterogeneity call and equitability, by area, sample and patient.

    areas: sample, patient, phase, area, nuclei, ratio, copies, amplified, fraction, fraction_low, fraction_high.
    samples and patients (pooled over a patient's samples of one phase): sample or patient, phase, group-free columns
    nuclei, areas, erbb2_sum, cep17_sum, ratio, ratio_low, ratio_high, copies, copies_low, copies_high, amplified,
    ratio_driven, copy_driven, fraction, fraction_low, fraction_high, call, het, equitability, equitability_cells,
    species, flags.
    """

    areas: pd.DataFrame
    samples: pd.DataFrame
    patients: pd.DataFrame
    profile: str
    fraction_limits: tuple[float, float]
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class FishByGroup:
    """FISH measures of baseline tumours by group, at patient level.

    values: quantity, patient, group, value, low, high (95 % interval within the tumour, where there is one). boxes:
    quantity, group, n, q1, median, q3, low, high.
    """

    values: pd.DataFrame
    boxes: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    fraction_limits: tuple[float, float]
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
