"""Genes that differ between groups before treatment, and genes that change under it."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class BaselineGenes:
    """Differential expression of each group against the control at baseline.

    genes: contrast (the group), gene, base_mean, log2_fold, se, stat, p, padj, reason (of a missing p or padj), found
    (beyond both cut-offs). counts: contrast, n, control_n, higher, lower, tested. overlap: contrast, other, both, only,
    other_only. test: the test of p, in words.
    """

    genes: pd.DataFrame
    counts: pd.DataFrame
    overlap: pd.DataFrame
    padj: float
    fold: float
    unit: str
    test: str
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class PairedGenes:
    """Genes that change from baseline to residual tumour, among patients HET and not HET at baseline.

    genes: contrast (non-HET, HET), gene, base_mean, log2_fold, se, stat, p, padj, reason, found. counts: contrast, n,
    higher, lower, tested. overlap as in BaselineGenes. drawn: subsample, found (genes found in as many patients of the
    larger part as the smaller has; missing where a draw could not be fitted), part (the one drawn from). matched: the
    number found among HET against that among the others, at equal size.
    """

    genes: pd.DataFrame
    counts: pd.DataFrame
    overlap: pd.DataFrame
    drawn: pd.DataFrame
    matched: tuple[Estimate, ...]
    padj: float
    fold: float
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
