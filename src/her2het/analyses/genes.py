"""Differential expression: groups at baseline, and before against after treatment."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded, group_of, samples_at
from her2het.engine import Engine
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.genes import BaselineGenes, PairedGenes
from her2het.schema import Matrix, NotApplicable, Note, StudyError
from her2het.stats.differential import Calibrate, Differential, compare, fit_expression
from her2het.stats.estimate import Estimate
from her2het.stats.matched import FEWEST, Cut, matched_difference, numbers_at_size, paired_fit
from her2het.tables import RnaCounts

TESTS: dict[Calibrate, str] = {
    "none": "Negative-binomial Wald test as DESeq2",
    "moderated": "Moderated t-test of log2 normalised counts",
    "factors": "Moderated t-test of log2 normalised counts after hidden factors",
}
PadjKnob = Annotated[float, Field(gt=0, lt=1, description="Adjusted p below which a gene is found.")]


@analysis(section="Before treatment")
def baseline_genes(
    rna_counts: RnaCounts,
    expression: Expression,
    groups: GroupAssignment,
    *,
    unit: Annotated[
        Literal["sum", "first"],
        Field(description="A patient's counts: summed over the baseline biopsies, or those of the first biopsy."),
    ] = "sum",
    calibrate: Annotated[
        Calibrate,
        Field(description="Wald test as DESeq2 (none), or a test that allows for more variation than it knows."),
    ] = "none",
    padj: PadjKnob = 0.05,
    fold: Annotated[float, Field(ge=1, description="Smallest fold change called, in either direction.")] = 1.5,
) -> BaselineGenes:
    """Which genes differ between each group and the control group before treatment?

    Negative binomial model of patients' counts as DESeq2 1.38.3 has it (doi:10.1186/s13059-014-0550-8; numbers in
    docs/differential_expression.md), one fit of all groups, Wald tests against the control group; padj by
    Benjamini-Hochberg after independent filtering, over the genes of each comparison. Two biopsies of one tumour are
    not two patients: their counts are summed (or the first is taken); fitted as if independent, biopsies raise the
    share of false findings. DESeq2's own share is above 5 % where expression varies more than negative binomially
    (9 to 13 % measured in that document); with calibrate "moderated", t-tests of log2 counts with shrunken variances
    keep it, and "factors" takes hidden causes that samples share off first.
    """
    baseline = samples_at(groups, "baseline", expression.log_cpm.columns)
    label = group_of(groups)
    counts = _per_patient(rna_counts, baseline[baseline["patient"].isin(label.index)], unit)
    sizes = label.reindex(list(counts.columns)).value_counts()
    present = [g for g in groups.labels if sizes.get(g, 0) >= FEWEST]
    others = [g for g in present if g != groups.control]
    if groups.control not in present or not others:
        raise NotApplicable(f"the control group and another one need {FEWEST} patients with RNA")
    kept = [p for p in counts.columns if label[p] in present]
    lost = [
        ("group", g, f"fewer than {FEWEST} patients with RNA", "baseline_genes")
        for g in groups.labels
        if g not in present
    ]
    table = pd.DataFrame(
        {"group": pd.Categorical(label.reindex(kept), [groups.control, *others])}, index=pd.Index(kept)
    )
    try:
        fit = fit_expression(counts.pick(kept), table, "~ group", reference={"group": groups.control})
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    try:
        found = {g: compare(fit, ("group", g, groups.control), calibrate=calibrate) for g in others}
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    genes = pd.concat([_frame(g, d, padj, fold) for g, d in found.items()], ignore_index=True)
    tally = _counts(genes, {g: int(sizes[g]) for g in others})
    tally["control_n"] = int(sizes[groups.control])
    notes = tuple(Note("note", "DESeq2 fit", text[:1].upper() + text[1:] + ".") for text in fit.notes)
    return BaselineGenes(
        genes=genes,
        counts=tally,
        overlap=_overlap(genes),
        padj=padj,
        fold=fold,
        unit="counts summed per patient" if unit == "sum" else "first biopsy of a patient",
        test=TESTS[calibrate],
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=notes,
    )


def _per_patient(counts: Matrix, samples: pd.DataFrame, unit: str) -> Matrix:
    """Counts of each patient's samples, summed or of the first, patients in the order of their names."""
    at = {name: i for i, name in enumerate(counts.columns)}
    owned = samples.groupby("patient", sort=True)["sample"].agg(list)
    columns = [
        counts.values[:, [at[s] for s in names]].sum(axis=1) if unit == "sum" else counts.values[:, at[names[0]]]
        for names in owned
    ]
    if not columns:
        raise NotApplicable("no patient of a group has a baseline sample with RNA")
    return Matrix(np.stack(columns, axis=1), counts.rows, tuple(map(str, owned.index)), "counts")


def _frame(contrast: str, d: Differential, padj: float, fold: float) -> pd.DataFrame:
    t = d.table
    frame = pd.DataFrame(
        {
            "contrast": contrast,
            "gene": t["gene"],
            "base_mean": t["baseMean"],
            "log2_fold": t["log2FoldChange"],
            "se": t["lfcSE"],
            "stat": t["stat"],
            "p": t["pvalue"],
            "padj": t["padj"],
            "reason": d.reasons.to_numpy(),
        }
    )
    frame["found"] = Cut(padj, fold).passed(t)
    return frame.astype({"contrast": "string", "gene": "string", "reason": "string"})


def _counts(genes: pd.DataFrame, sizes: dict[str, int]) -> pd.DataFrame:
    rows = []
    for contrast, n in sizes.items():
        part = genes[genes["contrast"] == contrast]
        hits = part[part["found"]]
        rows.append(
            (
                contrast,
                n,
                int((hits["log2_fold"] > 0).sum()),
                int((hits["log2_fold"] < 0).sum()),
                int(part["padj"].notna().sum()),
            )
        )
    return pd.DataFrame(rows, columns=pd.Index(["contrast", "n", "higher", "lower", "tested"])).astype(
        {"contrast": "string"}
    )


def _overlap(genes: pd.DataFrame) -> pd.DataFrame:
    """How many genes two comparisons find in the same direction, and each alone."""
    names = list(genes["contrast"].drop_duplicates())
    hits = {}
    for name in names:
        part = genes[(genes["contrast"] == name) & genes["found"]]
        hits[name] = set(zip(part["gene"], np.sign(part["log2_fold"]), strict=True))
    rows = [
        (a, b, len(hits[a] & hits[b]), len(hits[a] - hits[b]), len(hits[b] - hits[a]))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    frame = pd.DataFrame(rows, columns=pd.Index(["contrast", "other", "both", "only", "other_only"]))
    return frame.astype({"contrast": "string", "other": "string"})


@analysis(section="Treatment-induced change")
def paired_genes(
    rna_counts: RnaCounts,
    expression: Expression,
    groups: GroupAssignment,
    *,
    padj: PadjKnob = 0.05,
    fold: Annotated[float, Field(ge=1, description="Smallest fold change called, in either direction.")] = 8.0,
    subsamples: Annotated[int, Field(ge=0, description="Draws from the larger part, of the smaller one's size.")] = 20,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams.")] = 1,
    engine: Engine,
) -> PairedGenes:
    """Which genes change under treatment, in HET and in non-HET tumours, and at equal numbers of patients?

    Negative binomial model as DESeq2 1.38.3 has it (doi:10.1186/s13059-014-0550-8) with the patient as a factor,
    counts of a patient's baseline biopsies summed; Wald test of after against before, apart among patients HET and not
    HET at baseline. More patients find more genes: as many patients not HET as there are HET (or the other way, where
    these are more) are drawn again and again and fitted the same way; the interval of the difference is that to the
    middle 95 % of the draws, and p the share of draws (plus one) in which HET tumours find as many genes or more. With
    20 draws p is .048 at the least; the paper's question deserves 200 (`subsamples`).
    """
    before = _per_patient(rna_counts, samples_at(groups, "baseline", expression.log_cpm.columns), "sum")
    later = samples_at(groups, "followup", expression.log_cpm.columns)
    if later.empty:
        raise NotApplicable("no follow-up sample has RNA")
    after = _per_patient(rna_counts, later, "sum")
    both = [p for p in after.columns if p in set(before.columns)]
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    parts = {
        "non-HET": [p for p in both if het.get(p) is not pd.NA and not het[p]],
        "HET": [p for p in both if het.get(p) is not pd.NA and het[p]],
    }
    lost = [
        ("part", name, f"{len(p)} patients with both, fewer than {FEWEST}", "paired_genes")
        for name, p in parts.items()
        if len(p) < FEWEST
    ]
    lost += [("patient", p, "RNA after but not before treatment", "rna_counts") for p in after.columns if p not in both]
    usable = {name: p for name, p in parts.items() if len(p) >= FEWEST}
    if not usable:
        raise NotApplicable(f"fewer than {FEWEST} patients have RNA before and after treatment in each part")
    frames, notes = [], []
    for name, patients in usable.items():
        try:
            d = paired_fit(before.pick(patients), after.pick(patients))
        except StudyError as e:
            lost.append(("part", name, str(e), "rna_counts"))
            continue
        frames.append(_frame(name, d, padj, fold))
        notes += [Note("note", f"DESeq2 fit, {name}", text[:1].upper() + text[1:] + ".") for text in d.fit.notes]
    if not frames:
        raise NotApplicable("; ".join(f"{name}: {why}" for _, name, why, _ in lost))
    genes = pd.concat(frames, ignore_index=True)
    usable = {name: p for name, p in usable.items() if name in set(genes["contrast"])}
    drawn, matched = _matched(before, after, usable, genes, (Cut(padj, fold), subsamples, seed), engine)
    return PairedGenes(
        genes=genes,
        counts=_counts(genes, {name: len(p) for name, p in usable.items()}),
        overlap=_overlap(genes),
        drawn=drawn,
        matched=matched,
        padj=padj,
        fold=fold,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=tuple(notes),
    )


def _matched(
    before: Matrix,
    after: Matrix,
    parts: dict[str, list[str]],
    genes: pd.DataFrame,
    knobs: tuple[Cut, int, int],
    engine: Engine,
) -> tuple[pd.DataFrame, tuple[Estimate, ...]]:
    """Genes found in subsamples of the larger part, and what the two parts make of each other at equal size."""
    cut, subsamples, seed = knobs
    names = ("HET", "non-HET")
    sizes = (len(parts.get(names[0], [])), len(parts.get(names[1], [])))
    frame = pd.DataFrame({"subsample": pd.Series(dtype=int), "found": pd.Series(dtype=float)})
    if not subsamples or min(sizes) < FEWEST or sizes[0] == sizes[1]:
        return frame.assign(part=pd.Series(dtype="string")), ()
    larger = names[int(sizes[1] > sizes[0])]
    drawn = numbers_at_size(
        before.pick(parts[larger]),
        after.pick(parts[larger]),
        min(sizes),
        draws=subsamples,
        seed=seed,
        cut=cut,
        over=engine.map,
    )
    frame = pd.DataFrame({"subsample": np.arange(1, subsamples + 1), "found": drawn})
    hits = [int(genes.loc[genes["contrast"] == name, "found"].sum()) for name in names]
    estimate = matched_difference((hits[0], hits[1]), drawn, names, sizes)
    return frame.assign(part=pd.Series(larger, index=frame.index, dtype="string")), (estimate,)
