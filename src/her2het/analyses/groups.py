"""Who belongs to which group, and who was studied."""

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.fish import FishHeterogeneity
from her2het.schema import Design, NotApplicable, Note
from her2het.stats.grouping import assign_groups, baseline_het
from her2het.tables import Patients, Samples

HetSource = Literal["given", "computed"]


@analysis(section="Patients and samples")
def group_assignment(
    patients: Patients,
    samples: Samples,
    fish: FishHeterogeneity | None,
    design: Design,
    *,
    het_source: Annotated[
        HetSource, Field(description="Which call of HER2 heterogeneity decides; the other is the fall-back.")
    ] = "given",
) -> GroupAssignment:
    """Which group does each patient belong to?

    Groups are expressions over patient columns, in order: a patient belongs to the first that holds. HER2 heterogeneity
    (HET) is an attribute of the sample; a patient is HET where a baseline sample is. The call is the study's own or the
    one computed from FISH nuclei, as `het_source` says, with the other as the fall-back. Conflicts between the two, and
    changes between baseline and follow-up, are listed; neither moves a patient to another group. A patient for whom an
    expression cannot be decided has no group, with the reason.
    """
    if not design.groups:
        raise NotApplicable("study.toml defines no groups")
    table = samples[["sample", "patient", "timepoint"]].copy()
    table["phase"] = pd.Series([design.phase(t) for t in table["timepoint"]], index=table.index, dtype="string")
    table["het_given"] = samples["het"] if "het" in samples.columns else pd.Series(pd.NA, index=table.index)
    table["het_computed"] = _computed(table, fish)
    table = table.astype({"het_given": "boolean", "het_computed": "boolean"})
    first, second = ("het_given", "het_computed") if het_source == "given" else ("het_computed", "het_given")
    table["het"] = table[first].fillna(table[second])
    own = "het" in patients.columns and not table["het_given"].notna().any() and het_source == "given"
    at_baseline = baseline_het(table, design)
    if fish is not None:
        at_baseline = _pooled(at_baseline, table, fish, design, het_source)
    assigned = assign_groups(patients, None if own else at_baseline, design)
    decided = _sources(assigned["patient"], table, design, het_source)
    assigned.insert(3, "het_source", pd.Series("given" if own else decided, index=assigned.index, dtype="string"))
    lost = assigned[assigned["group"].isna()]
    return GroupAssignment(
        patients=assigned,
        samples=table,
        counts=_counts(assigned, table, design),
        shifts=_shifts(table),
        conflicts=_conflicts(table),
        labels=design.labels,
        control=design.control,
        het_source=het_source,
        excluded=excluded(("patient", p, r, "[groups]") for p, r in zip(lost["patient"], lost["reason"], strict=True)),
        notes=_notes(assigned, table, design),
    )


def _computed(table: pd.DataFrame, fish: FishHeterogeneity | None) -> pd.Series:
    if fish is None:
        return pd.Series(pd.NA, index=table.index, dtype="boolean")
    calls = fish.samples.set_index("sample")["het"]
    return pd.Series(calls.reindex(table["sample"]).to_numpy(), index=table.index, dtype="boolean")


def _pooled(
    het: pd.Series, table: pd.DataFrame, fish: FishHeterogeneity, design: Design, source: HetSource
) -> pd.Series:
    """The patient's pooled FISH call where it decides: pooling over a patient's biopsies is the paper's rule."""
    pooled = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")["het"]
    given = table[table["timepoint"].isin(design.baseline) & table["het_given"].notna()]["patient"]
    uses_pooled = ~het.index.isin(given) if source == "given" else het.index.isin(pooled.dropna().index)
    return het.mask(uses_pooled, pooled.reindex(het.index)).astype("boolean")


def _sources(patients: pd.Series, table: pd.DataFrame, design: Design, source: HetSource) -> pd.Series:
    baseline = table[table["timepoint"].isin(design.baseline)]
    has = {
        name: patients.isin(baseline.loc[baseline[f"het_{name}"].notna(), "patient"]) for name in ("given", "computed")
    }
    other: HetSource = "computed" if source == "given" else "given"
    words = pd.Series("none", index=patients.index, dtype="string")
    return words.mask(has[other], other).mask(has[source], source)


def _counts(assigned: pd.DataFrame, table: pd.DataFrame, design: Design) -> pd.DataFrame:
    group = table["patient"].map(assigned.set_index("patient")["group"])
    rows = [
        (
            label,
            int((assigned["group"] == label).sum()),
            int(((group == label) & (table["phase"] == "baseline")).sum()),
            int(((group == label) & (table["phase"] == "followup")).sum()),
        )
        for label in design.labels
    ]
    return pd.DataFrame(rows, columns=pd.Index(["group", "patients", "baseline_samples", "followup_samples"]))


def _shifts(table: pd.DataFrame) -> pd.DataFrame:
    known = table.dropna(subset=["het"])
    states = {
        phase: known[known["phase"] == phase].groupby("patient")["het"].any() for phase in ("baseline", "followup")
    }
    both = states["baseline"].index.intersection(states["followup"].index)
    changed = [p for p in both if bool(states["baseline"][p]) != bool(states["followup"][p])]
    rows = [(p, bool(states["baseline"][p]), bool(states["followup"][p])) for p in changed]
    frame = pd.DataFrame(rows, columns=pd.Index(["patient", "before", "after"]))
    return frame.astype({"patient": "string", "before": "boolean", "after": "boolean"})


def _conflicts(table: pd.DataFrame) -> pd.DataFrame:
    both = table.dropna(subset=["het_given", "het_computed"])
    differ = both[both["het_given"] != both["het_computed"]]
    renamed = differ.rename(columns={"het_given": "given", "het_computed": "computed"})
    return renamed[["sample", "patient", "phase", "given", "computed"]].reset_index(drop=True)


def _notes(assigned: pd.DataFrame, table: pd.DataFrame, design: Design) -> tuple[Note, ...]:
    notes: list[Note] = []
    lost = int(assigned["group"].isna().sum())
    if lost:
        text = f"{lost} of {len(assigned)} patients are in no group; the table of exclusions says why."
        notes.append(Note("note", "Patients without a group", text))
    conflicts, shifts = len(_conflicts(table)), len(_shifts(table))
    if conflicts:
        text = f"In {conflicts} samples the study's call and the call from FISH nuclei differ; they are listed."
        notes.append(Note("caution", "Conflicting HET calls", text))
    if shifts:
        text = f"In {shifts} patients HET differs between baseline and follow-up; groups use the baseline."
        notes.append(Note("note", "HET shifts", text))
    for label in design.labels:
        n = int((assigned["group"] == label).sum())
        if n == 0:
            notes.append(Note("caution", f"Nobody is in {label}", "Comparisons with this group are left out."))
        elif n < 20:
            text = "Intervals that involve this group are wide; an absent difference is not shown to be absent."
            notes.append(Note("note", f"{n} patients are {label}", text))
    return tuple(notes)
