"""Marker genes by group and against residual cancer burden; mRNA against protein."""

from dataclasses import replace
from typing import Annotated

import pandas as pd
from pydantic import Field

from her2het.analyses.expression import scale_words
from her2het.analyses.parts import (
    compare_pairs,
    excluded,
    find_gene,
    gene_by_patient,
    group_of,
    patient_frame,
    samples_at,
)
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression, MarkerExpression, MrnaProtein
from her2het.schema import NotApplicable, Note
from her2het.stats.correlation import pearson, spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.summaries import boxes, fit_line
from her2het.stats.units import PerPatient, PerSample
from her2het.tables import Ihc, Patients

IHC_LEVELS = ("0", "1+", "2+", "3+")


@analysis(section="Before treatment")
def marker_expression(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    *,
    genes: Annotated[tuple[str, ...], Field(min_length=1, description="Genes to compare, by symbol.")] = (
        "ERBB2",
        "ESR1",
        "PGR",
    ),
) -> MarkerExpression:
    """Does expression of marker genes differ between groups, and does it go with residual cancer burden?

    Patient level: the mean over a patient's baseline biopsies. Groups: two-sided rank-sum test (exact as R's where both
    groups have fewer than 50 patients and no ties), Hodges-Lehmann shift with 95 % interval, rank-biserial correlation;
    Benjamini-Hochberg over all genes and pairs of groups. Residual cancer burden: Pearson and Spearman correlation with
    intervals, patients with pCR at 0; Benjamini-Hochberg over genes, for each coefficient apart.
    """
    baseline = samples_at(groups, "baseline", expression.log_cpm.columns)
    label = group_of(groups)
    unit = scale_words(expression.log_cpm.unit)
    rcb = _rcb(patients)
    found = {gene: find_gene(expression.log_cpm.rows, gene) for gene in genes}
    frames, fits = [], []
    comparisons: list[Estimate] = []
    correlations: dict[str, list[Estimate]] = {"Pearson": [], "Spearman": []}
    for gene, row in found.items():
        if row is None:
            continue
        values = gene_by_patient(expression.log_cpm, row, baseline, unit)
        values = PerPatient(values.values, gene, unit)
        frame = patient_frame(values, label, gene, "gene")
        if rcb is not None:
            both = values.known().index.intersection(rcb.known().index)
            frame["rcb"] = rcb.values.reindex(frame["patient"]).to_numpy(dtype=float)
            if len(both) >= 4:
                pair = values.pick(both), rcb.pick(both)
                correlations["Pearson"].append(replace(pearson(*pair, contrast=f"{gene}, RCB"), quantity=gene))
                correlations["Spearman"].append(replace(spearman(*pair, contrast=f"{gene}, RCB"), quantity=gene))
                line = fit_line(pair[0].array(), pair[1].array())
                fits.append(line.assign(gene=gene))
        frames.append(frame)
        comparisons += compare_pairs(values, label, groups, gene)
    if not frames:
        raise NotApplicable(f"none of {', '.join(genes)} is among the genes")
    table = pd.concat(frames, ignore_index=True)
    absent = [(gene, "not among the genes") for gene, row in found.items() if row is None]
    without = label.index[~label.index.isin(table["patient"])]
    rows = [("gene", gene, reason, "marker_expression.genes") for gene, reason in absent]
    rows += [("patient", str(p), "no RNA of a baseline biopsy", "rna_counts") for p in without]
    told = [e for kind, family in correlations.items() for e in with_q(family, family=f"{kind}: {len(family)} genes")]
    in_group = table.dropna(subset=["group"]).reset_index(drop=True)
    return MarkerExpression(
        values=table,
        boxes=boxes(in_group, "gene"),
        fits=_fits(fits, "gene"),
        comparisons=tuple(with_q(comparisons, family=f"{len(comparisons)} comparisons of genes and groups")),
        correlations=tuple(told),
        labels=groups.labels,
        control=groups.control,
        scale=unit,
        excluded=excluded(rows),
        notes=_rcb_notes(rcb),
    )


def _fits(fits: list[pd.DataFrame], name: str) -> pd.DataFrame:
    columns = [name, "x", "y", "low", "high"]
    return pd.concat(fits, ignore_index=True)[columns] if fits else pd.DataFrame(columns=pd.Index(columns), dtype=float)


def _rcb(patients: pd.DataFrame) -> PerPatient | None:
    if "rcb" not in patients.columns or not patients["rcb"].notna().any():
        return None
    return PerPatient(patients.set_index("patient")["rcb"], "Residual cancer burden")


def _rcb_notes(rcb: PerPatient | None) -> tuple[Note, ...]:
    if rcb is None:
        return (Note("note", "No residual cancer burden", "The patients table has no rcb: correlations are left out."),)
    zero = int((rcb.known() == 0).sum())
    text = f"{zero} of {rcb.n} patients have an index of 0 by definition of pCR; Pearson's r is read with that in mind."
    return (Note("note", "Residual cancer burden is 0 with pCR", text),)


@analysis(section="Expression")
def mrna_protein(expression: Expression, groups: GroupAssignment, ihc: Ihc) -> MrnaProtein:
    """Does mRNA follow protein, for HER2 and the hormone receptors?

    Patient level at baseline: mean mRNA of a patient's biopsies against the mean of its immunohistochemistry (HER2:
    score 0 to 3; ER, PR: per cent of stained tumour cells). Spearman correlation leads, since scores are ordered and
    percentages pile up at 0 and 100; Pearson's r, which the paper shows, stands beside it. Benjamini-Hochberg over the
    receptors, for each coefficient apart.
    """
    label = group_of(groups)
    unit = scale_words(expression.log_cpm.unit)
    rna = samples_at(groups, "baseline", expression.log_cpm.columns)
    stained = samples_at(groups, "baseline", ihc["sample"])
    frames, fits, absent = [], [], []
    told: dict[str, list[Estimate]] = {"Spearman": [], "Pearson": []}
    for gene, column, protein in (
        ("ERBB2", "score", "HER2 IHC score"),
        ("ESR1", "er_percent", "ER, % of cells"),
        ("PGR", "pr_percent", "PR, % of cells"),
    ):
        row = find_gene(expression.log_cpm.rows, gene)
        if row is None or column not in ihc.columns or not ihc[column].notna().any():
            absent.append(("receptor", gene, f"no gene or no column {column}", "mrna_protein"))
            continue
        number = ihc[column].map({s: i for i, s in enumerate(IHC_LEVELS)}) if column == "score" else ihc[column]
        by_sample = pd.Series(number.astype("float64").to_numpy(), index=pd.Index(ihc["sample"]))
        value = PerSample(by_sample, protein).pick(stained["sample"])
        per_patient = value.per_patient(stained.set_index("sample")["patient"])
        mrna = PerPatient(gene_by_patient(expression.log_cpm, row, rna, unit).values, f"{gene} mRNA", unit)
        both = mrna.known().index.intersection(per_patient.known().index)
        if len(both) < 4 or per_patient.known().reindex(both).nunique() < 2:
            absent.append(("receptor", gene, f"{len(both)} patients with both, or protein all equal", "mrna_protein"))
            continue
        x, y = mrna.pick(both), per_patient.pick(both)
        frame = patient_frame(x, label, gene, "gene").rename(columns={"value": "mrna"})
        frame.insert(1, "protein", protein)
        frame["protein_value"] = y.values.reindex(frame["patient"]).to_numpy(dtype=float)
        frames.append(frame)
        fits.append(fit_line(y.array(), x.array()).assign(gene=gene))
        contrast = f"{gene}, {protein}"
        told["Spearman"].append(replace(spearman(x, y, contrast=contrast), quantity=gene))
        told["Pearson"].append(replace(pearson(x, y, contrast=contrast), quantity=gene))
    if not frames:
        raise NotApplicable("no receptor has both mRNA and protein in four patients or more")
    return MrnaProtein(
        values=pd.concat(frames, ignore_index=True),
        fits=_fits(fits, "gene"),
        correlations=tuple(
            e for kind, family in told.items() for e in with_q(family, family=f"{kind}: {len(family)} receptors")
        ),
        labels=groups.labels,
        control=groups.control,
        scale=unit,
        excluded=excluded(absent),
        notes=(),
    )
