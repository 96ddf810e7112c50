"""Whether the change of a tumour depends on the baseline biopsy that it is measured from."""

from dataclasses import dataclass

import pandas as pd

from her2het.schema import Note
from her2het.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class BiopsyAgreement:
    """Distances of the baseline biopsies of a tumour to its residual tumour, and how far they differ.

    patients: patient, group, sample_a, sample_b, distance_a, distance_b (of the first two biopsies), difference
    (absolute, mean over pairs of biopsies), and the variables compared. fits: variable, x, y, low, high; the line of
    distance_b on distance_a is under 'Distance from the first biopsy'.
    """

    patients: pd.DataFrame
    fits: pd.DataFrame
    correlations: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
