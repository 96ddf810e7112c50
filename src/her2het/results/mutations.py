"""Mutations of the tumours: which, how often, in whom, and in which samples."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class Mutations:
    """Mutations per patient and, where the study has calls of samples, per sample.

    calls: patient, gene, mutated, residues (as the study names them, joined by commas), group, het (HET, non-HET), hr
    (HR+, HR−), pcr (pCR, no pCR); patients that could not be evaluated have no row. residues: gene, residue, codon,
    patients. frequency: variable (all, pCR, hormone receptor, HET, group, phase), level, gene (or any), mutated, n,
    share, low, high (per cent, Clopper-Pearson). samples: sample, patient, phase, place (first, second, … sample of
    its phase), gene, mutated. Estimates carry the gene as `quantity` (any: in any of the genes); `comparisons` are
    between classes of patients, `changes` within patients, `shares` test nothing.
    """

    calls: pd.DataFrame
    residues: pd.DataFrame
    frequency: pd.DataFrame
    samples: pd.DataFrame
    shares: tuple[Estimate, ...]
    comparisons: tuple[Estimate, ...]
    changes: tuple[Estimate, ...]
    genes: tuple[str, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
