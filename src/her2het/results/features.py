"""The study's own measurements (table `features`) under the same questions as everything else."""

from dataclasses import dataclass

import pandas as pd

from her2het.results.scores import ScoreStudy
from her2het.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class FeatureComparisons(ScoreStudy):
    """Numbers of the features table as scores (`values` also holds those measured once per patient), and its classes.

    features: feature, kind (number, flag, class), of (sample, patient), baseline (patients with a value), followup,
    levels. shares: feature, level, group, n (patients with the level), of (patients with a value). `associations`: each
    flag or class by group; `pcr`: each flag by pCR; `class_changes`: flags and classes of samples before against after.
    """

    features: pd.DataFrame
    shares: pd.DataFrame
    associations: tuple[Estimate, ...]
    pcr: tuple[Estimate, ...]
    class_changes: tuple[Estimate, ...]
