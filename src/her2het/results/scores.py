"""Scores per sample: by group before treatment, against residual cancer burden, and before against after treatment."""

from dataclasses import dataclass

import pandas as pd

from her2het.schema import Matrix
from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class GeneSetScores:
    """Scores of gene sets in every kept sample.

    scores: sets x samples. sets: set, size (genes found), shown (its name on figures). source: where the sets came
    from.
    """

    scores: Matrix
    sets: pd.DataFrame
    method: str
    source: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class ScoreStudy:
    """What is asked of every score: does it differ between groups, go with RCB, change under treatment?

    samples: score, sample, patient, phase, value. values: score, patient, group, hr (HR+, HR−), rcb, value (mean of a
    patient's baseline samples). boxes: quantity (score), group, n, q1, median, q3, low, high; boxes_by_receptor: the
    same with hr. fits: score, x (value), y (RCB), low, high. pairs: score, patient, het_before (HET, non-HET), before,
    after. Estimates carry the score as `quantity`; `by_receptor` compares HR+ with HR−, `in_positive` and `in_negative`
    the groups within one of these, `stratified` the groups by what both have in common; `changes` have the part of the
    patients (all, non-HET, HET) as their group.
    """

    samples: pd.DataFrame
    values: pd.DataFrame
    boxes: pd.DataFrame
    boxes_by_receptor: pd.DataFrame
    fits: pd.DataFrame
    pairs: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    by_receptor: tuple[Estimate, ...]
    in_positive: tuple[Estimate, ...]
    in_negative: tuple[Estimate, ...]
    stratified: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    changes: tuple[Estimate, ...]
    unit: str
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class ErbbSignatures(ScoreStudy):
    """Enrichment of ERBB and PI3K signatures."""


@dataclass(frozen=True, eq=False)
class ErbbReceptors(ScoreStudy):
    """Expression of the ERBB receptors."""


@dataclass(frozen=True, eq=False)
class Subtypes(ScoreStudy):
    """PAM50 probabilities, and the calls behind them.

    calls: sample, patient, phase, subtype, stability (share of choices with the same call), robust (genefu's robust
    scaling, as the paper), single_sample (no scaling). counts: receptor (all, HR+, HR−), group, subtype, patients
    (majority of the baseline samples). shift: patient, het_before, before, after (leading call of the baseline majority
    and of the follow-up). agreement: subtype (leading call), samples, one column per call under robust scaling,
    agree (share with the same call), stability (median). `count_tests` are about `counts` (quantity: the subtype, or
    'subtype' for all of them at once), `shift_tests` about `shift` (likewise; group: the part of the patients).
    """

    calls: pd.DataFrame
    counts: pd.DataFrame
    shift: pd.DataFrame
    agreement: pd.DataFrame
    count_tests: tuple[Estimate, ...]
    shift_tests: tuple[Estimate, ...]
    centring: str


@dataclass(frozen=True, eq=False)
class ImmuneScores(ScoreStudy):
    """ESTIMATE's stromal and immune scores (Illumina mode: no purity)."""


@dataclass(frozen=True, eq=False)
class CellFractions(ScoreStudy):
    """Fractions of cell types by deconvolution with the study's signature.

    fit: sample, correlation, rmse, p.
    """

    fit: pd.DataFrame


@dataclass(frozen=True, eq=False)
class RelativeExpression:
    """Genes or sets relative to the control group at baseline, from common to unique.

    rows: item, group, difference (of means), p, q, run (common, opposite, unique to a group, none), place. order of
    `item` is the order of drawing. sizes: group, n (patients). deciding: the groups by which a run is decided. unit: of
    the difference.
    """

    rows: pd.DataFrame
    sizes: pd.DataFrame
    deciding: tuple[str, ...]
    unit: str
    source: str
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class ErbbGenes(RelativeExpression):
    """Genes of an ERBB signalling set relative to the control group."""


@dataclass(frozen=True, eq=False)
class Pam50Genes(RelativeExpression):
    """The PAM50 genes relative to the control group."""


@dataclass(frozen=True, eq=False)
class Checkpoints(RelativeExpression):
    """Immune checkpoint receptors and ligands relative to the control group."""


@dataclass(frozen=True, eq=False)
class PathwayDeltas(RelativeExpression):
    """Gene set scores relative to the control group."""


@dataclass(frozen=True, eq=False)
class ExpressionChange(RelativeExpression):
    """Genes or sets after treatment relative to before, in the same patients, from common to unique.

    As RelativeExpression, but `group` is a part of the patients (all, non-HET, HET at baseline; HR+, HR−), the
    difference is the mean of the patients' own differences, after less before, and n counts pairs. `labels` are the
    parts; `control` says before treatment.
    """


@dataclass(frozen=True, eq=False)
class CheckpointChange(ExpressionChange):
    """Immune checkpoint receptors and ligands after treatment relative to before."""


@dataclass(frozen=True, eq=False)
class PathwayChange(ExpressionChange):
    """Gene set scores after treatment relative to before."""
