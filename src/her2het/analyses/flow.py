"""From the study's tables to the analysis: who and what was left out, and why."""

import pandas as pd

from her2het.analyses.parts import counted, excluded, group_of
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment, SampleFlow
from her2het.results.expression import SampleQc
from her2het.schema import Note
from her2het.tables import FishNuclei, Ihc, Patients, RnaCounts, Samples


@analysis(section="Patients and samples")
def sample_flow(
    patients: Patients,
    samples: Samples,
    groups: GroupAssignment,
    rna_counts: RnaCounts | None,
    fish_nuclei: FishNuclei | None,
    ihc: Ihc | None,
    qc: SampleQc | None,
) -> SampleFlow:
    """Who was sampled, when, and with what, and what was left out?

    Counts patients and samples at each step from the tables to the analysis, with what each step left out and the
    reason; and for each group the samples and pairs of each assay.
    """
    steps = [("In the study", len(patients), len(samples), "", "")]
    lost = groups.patients[groups.patients["group"].isna()]
    assigned = group_of(groups)
    in_group = groups.samples[groups.samples["patient"].isin(assigned.index)]
    reasons = "; ".join(lost["reason"].dropna().unique()[:2])
    steps.append(
        ("In a group", len(assigned), len(in_group), counted(len(lost), "patient") if len(lost) else "", reasons)
    )
    rna = in_group
    if rna_counts is not None:
        has = set(rna_counts.columns)
        rna = in_group[in_group["sample"].isin(has)]
        missing = len(in_group) - len(rna)
        why = "no RNA library" if missing else ""
        steps.append(
            ("With RNA", rna["patient"].nunique(), len(rna), counted(missing, "sample") if missing else "", why)
        )
    if qc is not None:
        bad = qc.samples[qc.samples["excluded"]]
        gone = rna[rna["sample"].isin(bad["sample"])]
        rna = rna[~rna["sample"].isin(bad["sample"])]
        why = gone["sample"].map(bad.set_index("sample")["reason"]).unique()
        steps.append(
            (
                "RNA analysed",
                rna["patient"].nunique(),
                len(rna),
                counted(len(gone), "sample") if len(gone) else "",
                "; ".join(why),
            )
        )
    fish = set(fish_nuclei["sample"].unique()) if fish_nuclei is not None else None
    stained = set(ihc["sample"]) if ihc is not None else None
    table = pd.DataFrame(steps, columns=pd.Index(["title", "patients", "samples", "lost", "reason"]))
    return SampleFlow(
        steps=table.astype({"title": "string", "lost": "string", "reason": "string"}),
        groups=_by_group(groups, assigned, rna if rna_counts is not None else None, fish, stained),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(),
        notes=_libraries(rna) if rna_counts is not None else (),
    )


def _libraries(rna: pd.DataFrame) -> tuple[Note, ...]:
    """How many libraries of each phase are analysed."""
    counts = [
        f"{int((rna['phase'] == phase).sum())} {words}"
        for phase, words in (
            ("baseline", "baseline"),
            ("followup", "residual (after treatment)"),
            ("other", "of other timepoints"),
        )
        if phase != "other" or (rna["phase"] == phase).any()
    ]
    text = f"RNA libraries analysed: {', '.join(counts[:-1])} and {counts[-1]}, of {rna['patient'].nunique()} patients."
    return (Note("note", "RNA libraries", text),)


def _by_group(
    groups: GroupAssignment,
    assigned: pd.Series,
    rna: pd.DataFrame | None,
    fish: set[str] | None,
    stained: set[str] | None,
) -> pd.DataFrame:
    rows = []
    table = groups.samples.assign(group=groups.samples["patient"].map(assigned))
    for label in groups.labels:
        own = table[table["group"] == label]
        patients = int((assigned == label).sum())
        lines: list[tuple[str, int]] = []
        if rna is not None:
            kept = own[own["sample"].isin(rna["sample"])]
            lines.append(("Baseline biopsies, RNA", int((kept["phase"] == "baseline").sum())))
            lines.append(("Residual tumours, RNA", int((kept["phase"] == "followup").sum())))
        else:
            lines.append(("Baseline biopsies", int((own["phase"] == "baseline").sum())))
            lines.append(("Follow-up samples", int((own["phase"] == "followup").sum())))
        for name, has in (("FISH before and after", fish), ("IHC before and after", stained)):
            if has is not None:
                with_assay = own[own["sample"].isin(has)]
                phases = with_assay.groupby("patient")["phase"].agg(set)
                lines.append((name, int(sum({"baseline", "followup"} <= p for p in phases))))
        rows += [(label, patients, line, count) for line, count in lines]
    return pd.DataFrame(rows, columns=pd.Index(["group", "patients", "line", "count"]))
