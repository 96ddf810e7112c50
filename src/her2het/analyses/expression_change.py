"""Genes and gene sets after treatment against before, in the same patients: receptors, checkpoints, pathways."""

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.expression import scale_words
from her2het.analyses.parts import excluded, find_gene, samples_at
from her2het.analyses.relative import PAIRS, Rows, arranged, find_genes
from her2het.analyses.scores import RECEPTOR, receptor, score_study
from her2het.analyses.signatures import shown_names
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.scores import CheckpointChange, ErbbReceptors, GeneSetScores, PathwayChange
from her2het.schema import Matrix, NotApplicable
from her2het.stats.rank_tests import signed_rank
from her2het.stats.units import PerPatient, PerSample
from her2het.tables import Patients

ALL, NON_HET, HET = "all", "non-HET", "HET"
BY_HET = (ALL, NON_HET, HET)
FEWEST = 3  # pairs of a part
BEFORE = "before treatment"


def change_rows(
    matrix: Matrix,
    shown: dict[str, str],
    groups: GroupAssignment,
    patients: pd.DataFrame,
    parts: tuple[str, ...],
    most: int | None = None,
) -> Rows:
    """The rows of a matrix (named by `shown`) after treatment less before, in parts of the patients.

    :raises NotApplicable: where fewer than three patients have samples before and after treatment
    """
    before, after = (samples_at(groups, phase, matrix.columns) for phase in ("baseline", "followup"))
    both = pd.Index(sorted(set(before["patient"]) & set(after["patient"])))
    if len(both) < FEWEST:
        raise NotApplicable(f"{len(both)} patients have RNA before and after treatment; needed are {FEWEST}")
    members = {name: who for name, who in _parts(both, groups, patients).items() if name in parts}
    members = {name: who for name, who in members.items() if len(who) >= FEWEST}
    rows: list[tuple[str, str, float, float]] = []
    for row, name in shown.items():
        per_sample = PerSample(matrix.row(row), name)
        one, two = (
            per_sample.pick(table["sample"]).per_patient(table.set_index("sample")["patient"])
            for table in (before, after)
        )
        for part, who in members.items():
            rows.append((name, part, _mean_change(two.pick(who), one.pick(who)), _p(two.pick(who), one.pick(who))))
    table = pd.DataFrame(rows, columns=pd.Index(["item", "group", "difference", "p"]))
    deciding = tuple(name for name in (NON_HET, HET) if name in members) or (ALL,)
    return arranged(table, {name: len(who) for name, who in members.items()}, deciding, most)


def _mean_change(after: PerPatient, before: PerPatient) -> float:
    return float(np.mean(after.array() - before.array()))


def _p(after: PerPatient, before: PerPatient) -> float:
    return signed_rank(after, before).p


def _parts(both: pd.Index, groups: GroupAssignment, patients: pd.DataFrame) -> dict[str, pd.Index]:
    """The patients of each part, in the order of drawing."""
    het = groups.patients.set_index("patient")["het"].astype("boolean").reindex(both)
    found = {ALL: both, NON_HET: both[(het == False).fillna(False)], HET: both[het.fillna(False)]}  # noqa: E712
    hr = receptor(patients.set_index("patient"))
    if hr is not None:
        found |= {name: both[(hr.reindex(both) == name).to_numpy()] for name in RECEPTOR}
    return found


@analysis(section="Mechanisms")
def erbb_receptors(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    *,
    genes: Annotated[tuple[str, ...], Field(min_length=1, description="Genes to follow, by symbol.")] = (
        "ERBB2",
        "ERBB3",
        "ERBB4",
        "EGFR",
    ),
) -> ErbbReceptors:
    """Does expression of the ERBB receptors change under treatment, and does it differ by heterogeneity?

    Log expression, mean of a patient's samples of one phase. Before against after: two-sided signed-rank test among all
    pairs, those not HET and those HET at baseline, with the pseudo-median of the change and its 95 % interval. Groups
    at baseline, receptor classes and residual cancer burden as for every score. Benjamini-Hochberg within each question
    (doi:10.1172/JCI176454).
    """
    found = {gene: find_gene(expression.log_cpm.rows, gene) for gene in dict.fromkeys(genes)}
    there = {gene: row for gene, row in found.items() if row is not None}
    if not there:
        raise NotApplicable(f"none of {', '.join(genes)} is among the genes; set erbb_receptors.genes")
    frame = pd.DataFrame({gene: expression.log_cpm.row(row) for gene, row in there.items()})
    absent = [("gene", g, "not among the genes", "erbb_receptors.genes") for g in found if g not in there]
    common = score_study(frame, groups, patients, scale_words(expression.log_cpm.unit), "ERBB receptors")
    return ErbbReceptors(**common, excluded=excluded(absent), notes=())


@analysis(section="Mechanisms")
def pathway_change(
    scores: GeneSetScores,
    groups: GroupAssignment,
    patients: Patients,
    *,
    most: Annotated[int, Field(ge=1, description="Sets of each run (common, unique to a part) that are shown.")] = 10,
) -> PathwayChange:
    """Which gene sets change under treatment, in common or in HET or non-HET tumours alone?

    Mean of the patients' own differences of the score, after less before treatment; two-sided signed-rank test;
    Benjamini-Hochberg over sets within each part of the patients. Common: p < .05 in tumours HET and not HET at
    baseline, in one direction; unique: in one of them alone. The star is the uncorrected p, as in the paper; q is
    beside it. A change that fewer HET tumours fail to show is not thereby absent.
    """
    rows = change_rows(scores.scores, shown_names(scores), groups, patients, BY_HET, most)
    return PathwayChange(
        rows=rows.table,
        sizes=rows.sizes,
        deciding=rows.deciding,
        unit=f"{scores.method.upper()} score",
        source=scores.source,
        labels=BY_HET,
        control=BEFORE,
        excluded=excluded(rows.lost),
        notes=(),
    )


@analysis(section="Immune microenvironment")
def checkpoint_change(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    *,
    genes: Annotated[
        tuple[str, ...], Field(min_length=3, description="Checkpoint receptors and ligands, by symbol.")
    ] = PAIRS,
) -> CheckpointChange:
    """Do immune checkpoint receptors and their ligands change under treatment, and in whom?

    Mean of the patients' own differences of log expression, after less before treatment, among all pairs, those HET and
    not HET at baseline, and by hormone receptor; two-sided signed-rank test; Benjamini-Hochberg over genes within each
    part. Common: p < .05 in tumours HET and not HET, in one direction; unique: in one of them alone.
    """
    shown, absent = find_genes(expression, genes, "checkpoint_change.genes")
    parts = (*BY_HET, *RECEPTOR)
    rows = change_rows(expression.log_cpm, shown, groups, patients, parts)
    return CheckpointChange(
        rows=rows.table,
        sizes=rows.sizes,
        deciding=rows.deciding,
        unit=scale_words(expression.log_cpm.unit),
        source="checkpoint pairs",
        labels=parts,
        control=BEFORE,
        excluded=excluded([*absent, *rows.lost]),
        notes=(),
    )
