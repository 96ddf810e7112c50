"""Patients whose HER2 by RNA, FISH and IHC disagree."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class Discordance:
    """How far the measurements of HER2 in one tumour disagree, given how closely they go together in the cohort.

    measures: measure (rna, fish, ihc, dsp), label, unit, n. patients: patient, group, a column of values per measure,
    place_<measure> (share of patients below, 0 to 1), z_<measure> (normal score), measured (how many), distance
    (squared, without what all measures share), p, q, discordant, apart (the measure that the others predict worst),
    gap (of that measure, in standard deviations of what the others leave open), words; and copies, fraction, score,
    het beside them. listed: the discordant as the page shows them. spearman: first, second, r. limit: the quantile of
    chi-square beyond which a tumour is listed; expected: how many would be by chance alone. `correlations` between
    measures; `comparisons` of the distance between groups.
    """

    measures: pd.DataFrame
    patients: pd.DataFrame
    listed: pd.DataFrame
    spearman: pd.DataFrame
    correlations: tuple[Estimate, ...]
    comparisons: tuple[Estimate, ...]
    limit: float
    expected: float
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
