"""Who was studied: groups, characteristics, and the flow from enrolment to analysis."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class GroupAssignment:
    """The group of each patient, and where the HER2 heterogeneity call behind it came from.

    patients: patient, group (missing where none applies), het, het_source (given, computed, none), reason.
    samples: sample, patient, timepoint, phase (baseline, followup, other), het_given, het_computed, het.
    counts: group, patients, baseline_samples, followup_samples.
    shifts: patient, before, after (HET where the follow-up differs from the baseline; nobody is regrouped).
    conflicts: sample, patient, phase, given, computed (where the two calls differ).
    """

    patients: pd.DataFrame
    samples: pd.DataFrame
    counts: pd.DataFrame
    shifts: pd.DataFrame
    conflicts: pd.DataFrame
    labels: tuple[str, ...]
    control: str
    het_source: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class CohortTable:
    """Characteristics of the patients by group.

    rows: variable, level (empty for a number), kind, group, text (as printed), n, value, low, high, missing.
    tests: one per variable, differences between the groups.
    """

    rows: pd.DataFrame
    tests: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class SampleFlow:
    """Patients and samples from the study's tables to the analysis.

    steps: title, patients, samples, lost, reason. groups: group, patients, line (what), count.
    """

    steps: pd.DataFrame
    groups: pd.DataFrame
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
