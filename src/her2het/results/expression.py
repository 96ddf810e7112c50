"""RNA: normalisation, quality of samples, expression, components, markers, and distances."""

from dataclasses import dataclass

import pandas as pd

from her2het.schema import Matrix
from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class SampleQc:
    """Which libraries are aberrant, and by which rule.

    samples: sample, patient, phase, batch, lib_size, norm_factor, detected_genes, protein_coding_share (missing
    where genes are unknown), noncoding_share, mitochondrial_share, pc1 to pc5, literal_z (PC2 in SD), robust_z
    (largest over five components in MAD), literal_flag, robust_flag, excluded, reason.
    explained: component, share.
    """

    samples: pd.DataFrame
    explained: pd.DataFrame
    rule: str
    limit: float
    n_genes: int
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class Expression:
    """TMM factors and log expression of the libraries that passed.

    factors: sample, patient, phase, lib_size, norm_factor. genes: gene, kept (whether it passes the filter, by which
    components and distances go; log_cpm holds all genes).
    """

    log_cpm: Matrix
    factors: pd.DataFrame
    genes: pd.DataFrame
    scale: str
    gene_filter: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class SampleComponents:
    """Principal components of all kept samples, and of the baseline samples alone.

    scores: which (all, baseline), sample, patient, group, phase, pc1 to pc5, and the study's variables to colour by.
    explained: which, component, share. ellipses: which, group, x, y, width, height, angle (68 % of a bivariate normal).
    associations: how much of each component goes with each variable.
    """

    scores: pd.DataFrame
    explained: pd.DataFrame
    ellipses: pd.DataFrame
    associations: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    n_genes: int
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class MarkerExpression:
    """Expression of marker genes by group and against residual cancer burden, at patient level (baseline).

    values: gene, patient, group, value, rcb. boxes: quantity (gene), group, n, q1, median, q3, low, high.
    fits: gene, x, y, low, high (least squares against RCB with the 95 % band of the mean).
    Estimates carry the gene as `quantity`.
    """

    values: pd.DataFrame
    boxes: pd.DataFrame
    fits: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    scale: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class MrnaProtein:
    """mRNA of ERBB2, ESR1, PGR against their protein by IHC, per patient (baseline).

    values: gene, protein (its name), patient, group, mrna, protein_value. fits as in MarkerExpression.
    """

    values: pd.DataFrame
    fits: pd.DataFrame
    correlations: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    scale: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class BiopsyDistance:
    """How far apart two baseline biopsies of one tumour are, and what goes with it.

    pairs: patient, sample_a, sample_b, distance, distance_two_components, group, and the variables compared.
    null: distances between biopsies of different patients (quantile, distance).
    boxes: quantity (variable), group (level), n, q1, median, q3, low, high. fits: variable, x, y, low, high.
    """

    pairs: pd.DataFrame
    null: pd.DataFrame
    boxes: pd.DataFrame
    fits: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
