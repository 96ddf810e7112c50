"""HER2 status of specimens and patients under each version of the guideline, and what changes between versions."""

from collections.abc import Iterable
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from her2het.analyses.her2_cases import Observers, specimens
from her2het.analyses.parts import excluded, group_of
from her2het.plan import analysis
from her2het.reference.guidelines import GUIDELINES, VERSIONS, Version
from her2het.results.cohort import GroupAssignment
from her2het.results.her2 import Her2Status
from her2het.rules.cohort import Classified, counted, reclassification
from her2het.rules.ihc import Uncovered
from her2het.rules.outcome import Combination
from her2het.rules.status import Policy, verdicts
from her2het.rules.trace import STATUSES, Step, Verdict
from her2het.schema import Design, NotApplicable, Note
from her2het.tables import FishNuclei, Ihc, Samples

LATEST: Version = "2023"
EARLIEST: Version = "2007"
FOR_PATIENT = (
    "POSITIVE",
    "ADJUDICATION_REQUIRED",
    "RECOUNT_REQUIRED",
    "DUAL_PROBE_REQUIRED",
    "EQUIVOCAL",
    "INDETERMINATE",
    "INCOMPLETE",
    "INSUFFICIENT",
    "NEGATIVE",
)
"""Which of a patient's specimens decides: the first of these; an open result is not lost behind a negative one."""
STRATA = ("positive", "low", "ultralow", "null", "zero_unspecified", "unresolved", "review", "unknown")
SCORES = ("3+", "2+", "1+", "0")


@analysis(section="HER2 status and heterogeneity")
def her2_status(
    samples: Samples,
    ihc: Ihc | None,
    fish_nuclei: FishNuclei | None,
    groups: GroupAssignment | None,
    design: Design,
    *,
    uncovered: Annotated[
        Uncovered, Field(description="Staining that no row of a guideline covers: left to review, or 1+ by convention.")
    ] = "review",
    cumulative: Annotated[
        bool, Field(description="Whether staining patterns are added up against a threshold.")
    ] = True,
    combination: Annotated[
        Combination,
        Field(description="2007, 2013: a negative ISH settles IHC 2+ (reflex), or every test must be negative."),
    ] = "reflex",
    observers: Annotated[
        Observers,
        Field(description="Nuclei of several observers: the first counts and the second recounts, or all are pooled."),
    ] = "first",
) -> Her2Status:
    """Which HER2 status does each tumour have under ASCO/CAP 2007, 2013, 2018 and 2023, and what changes between them?

    Each specimen is a case of the published decision tables (2007: doi:10.1200/JCO.2006.09.2775; 2013:
    doi:10.1200/JCO.2013.50.9984; 2018: doi:10.1200/JCO.2018.77.8738; 2023: doi:10.1200/JCO.22.02864): IHC scored from
    percentages of stained cells (a bare score is carried as it stands), ISH from summed signals, compared as exact
    fractions, with delta-method and t intervals at 95 % that flag a result near a cut-off. IHC and ISH are put together
    as each version has it; every rule applied is kept as a trace. A patient has the status of the specimen that comes
    first in the order positive, open, negative; nuclei of specimens are not pooled. Strata below positive are a
    reporting layer (doi:10.1016/j.modpat.2025.100925). No test is made. Research use only: a status here is the outcome
    of published tables on the numbers given, not a diagnosis, and says nothing of treatment.
    """
    if ihc is None and fish_nuclei is None:
        raise NotApplicable("the study has neither HER2 IHC nor FISH")
    found = specimens(samples, ihc, fish_nuclei, design, observers)
    if not found.cases:
        raise NotApplicable("no sample before or after treatment has HER2 IHC or FISH")
    policy = Policy(uncovered, cumulative, combination)
    done = {name: verdicts(case, policy) for name, case in found.cases.items()}
    label = pd.Series(dtype="string") if groups is None else group_of(groups)
    table = _verdict_table(done)
    patients = _patients(found.samples, table, label)
    baseline = patients[patients["phase"] == "baseline"]
    change = reclassification(Classified(str(p), done[str(s)], ()) for p, s in _decides(baseline))
    rules = GUIDELINES[LATEST].ish
    lost = _left_out(samples, found.samples, design)
    return Her2Status(
        samples=found.samples,
        verdicts=table,
        steps=_steps(done),
        flags=_flags(done),
        patients=patients,
        matrix=_matrix(baseline),
        moved=_moved(change.moved, baseline),
        by_group=_by_group(baseline, () if groups is None else groups.labels),
        versions=tuple(VERSIONS),
        ratio_cut=float(rules.ratio.value),
        copies_cuts=(float(rules.copies_low.value), float(rules.copies_high.value)),
        labels=design.labels,
        control=design.control,
        excluded=excluded(lost),
        notes=_notes(found.samples, table, baseline, change.note, found.recounts),
    )


def _decides(patients: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    return patients[["patient", "sample"]].itertuples(index=False)


def _verdict_table(done: dict[str, dict[Version, Verdict]]) -> pd.DataFrame:
    rows = [
        {
            "sample": name,
            "version": version,
            "status": v.status,
            "comment": v.comment_code,
            "ihc_score": v.ihc_score,
            "ish_category": v.ish.category if v.ish else None,
            "ish_group": v.ish.group if v.ish else None,
            "stratum": v.stratum,
            "basis": v.basis,
            "reason": v.reason,
            "flags": " ".join(dict.fromkeys(flag.code for flag in v.flags)),
            "next": " ".join(v.next_actions),
            "missing": "; ".join(v.missing),
            "ruleset": v.ruleset_version,
        }
        for name, by_version in done.items()
        for version, v in by_version.items()
    ]
    frame = pd.DataFrame(rows)
    return frame.astype({c: "string" for c in frame.columns if c != "ish_group"} | {"ish_group": "Int64"})


def _steps(done: dict[str, dict[Version, Verdict]]) -> pd.DataFrame:
    rows = [
        (name, version, at, _part(step, at == len(v.steps)), *_said(step))
        for name, by_version in done.items()
        for version, v in by_version.items()
        for at, step in enumerate(v.steps, 1)
    ]
    names = ["sample", "version", "step", "part", "observed", "rule", "outcome", "level", "reference"]
    frame = pd.DataFrame(rows, columns=pd.Index(names))
    return frame.astype({c: "string" for c in names if c != "step"} | {"step": "Int64"})


def _said(step: Step) -> tuple[str, ...]:
    return step.observed, step.rule, step.outcome, step.level, step.reference


def _part(step: Step, last: bool) -> str:
    if last:
        return "status"
    if step.observed.startswith("recount"):
        return "recount"
    return "ISH" if "copies" in step.observed or " cells" in step.observed or "ratio" in step.observed else "IHC"


def _flags(done: dict[str, dict[Version, Verdict]]) -> pd.DataFrame:
    rows = [
        (name, version, flag.code, flag.text)
        for name, by_version in done.items()
        for version, v in by_version.items()
        for flag in v.flags
    ]
    return pd.DataFrame(rows, columns=pd.Index(["sample", "version", "code", "text"])).astype("string")


def _patients(samples: pd.DataFrame, table: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """A row per patient and phase: the verdicts of the specimen that decides."""
    latest = table[table["version"] == LATEST].set_index("sample")
    known = samples.assign(status=samples["sample"].map(latest["status"]))
    known["rank"] = known["status"].map({name: i for i, name in enumerate(FOR_PATIENT)}).astype(int)
    grouped = known.groupby(["patient", "phase"], sort=False)
    chosen = known.loc[grouped["rank"].idxmin()].reset_index(drop=True)
    size = grouped["sample"].size()
    kinds = grouped["status"].nunique()
    keys = pd.MultiIndex.from_frame(chosen[["patient", "phase"]])
    frame = chosen[["patient", "phase"]].copy()
    frame["group"] = label.reindex(chosen["patient"]).astype("string").to_numpy() if len(label) else pd.NA
    frame["sample"] = chosen["sample"]
    frame["samples"] = size.reindex(keys).to_numpy()
    frame["differ"] = kinds.reindex(keys).to_numpy() > 1
    own = latest.reindex(chosen["sample"])
    for column in ("ihc_score", "ish_group"):
        frame[column] = own[column].array
    for column in ("nuclei", "ratio", "ratio_low", "ratio_high", "copies", "copies_low", "copies_high"):
        frame[column] = chosen[column].array
    wide = table.set_index(["sample", "version"])["status"].unstack().reindex(chosen["sample"])  # noqa: PD010
    for version in VERSIONS:
        frame[f"status_{version}"] = wide[version].array
    for column in ("stratum", "comment", "reason", "flags", "next"):
        frame[column] = own[column].array
    return frame.astype({"group": "string", "differ": "boolean"})


def _matrix(baseline: pd.DataFrame) -> pd.DataFrame:
    pairs = baseline.groupby([f"status_{EARLIEST}", f"status_{LATEST}"]).size()
    counts = {(str(a), str(b)): int(n) for (a, b), n in zip(pairs.index, pairs, strict=True)}
    table = counted(counts, (EARLIEST, STATUSES), (LATEST, STATUSES))
    wide = table.reset_index().rename(columns={EARLIEST: "status"})
    wide.columns = pd.Index([str(c) for c in wide.columns])
    return wide.astype({"status": "string"})


def _moved(moved: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    table = moved.rename(columns={"case": "patient"}).astype({"patient": "string"})
    sample = baseline.set_index("patient")["sample"]
    table.insert(1, "sample", table["patient"].map(sample).astype("string"))
    kept = ["patient", "sample", "before", "after", "reason_before", "reason_after"]
    return table[kept].astype("string").reset_index(drop=True)


def _by_group(baseline: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Baseline patients by status, stratum, IHC score and ISH group: a column per group, and all."""
    parts: list[dict[str, object]] = []
    whats = (
        (f"status {LATEST}", f"status_{LATEST}", FOR_PATIENT),
        (f"status {EARLIEST}", f"status_{EARLIEST}", FOR_PATIENT),
        (f"stratum {LATEST}", "stratum", STRATA),
        (f"IHC score {LATEST}", "ihc_score", SCORES),
        (f"ISH group {LATEST}", "ish_group", (1, 2, 3, 4, 5)),
    )
    for what, column, order in whats:
        for level in order:
            here = (baseline[column] == level).fillna(False).to_numpy(dtype=bool)
            if not here.any():
                continue
            row: dict[str, object] = {"what": what, "level": str(level)}
            for label in labels:
                row[label] = int((here & (baseline["group"] == label).fillna(False).to_numpy(dtype=bool)).sum())
            parts.append(row | {"all": int(here.sum())})
    return pd.DataFrame(parts, columns=pd.Index(["what", "level", *labels, "all"])).astype(
        {"what": "string", "level": "string"}
    )


def _left_out(samples: pd.DataFrame, used: pd.DataFrame, design: Design) -> list[tuple[str, str, str, str]]:
    phase = samples["timepoint"].map(design.phase)
    at = set(samples.loc[phase == "baseline", "patient"])
    have = set(used.loc[used["phase"] == "baseline", "patient"])
    return [("patient", str(p), "no HER2 IHC or FISH at baseline", "ihc, fish_nuclei") for p in sorted(at - have)]


def _notes(
    samples: pd.DataFrame, table: pd.DataFrame, baseline: pd.DataFrame, reading: str, recounts: int
) -> tuple[Note, ...]:
    notes = [Note("note", "What the versions could read", reading)]
    latest = table[table["version"] == LATEST].set_index("sample")
    open_ = baseline[~baseline[f"status_{LATEST}"].isin(["POSITIVE", "NEGATIVE"])]
    if len(open_):
        kinds = open_[f"status_{LATEST}"].value_counts()
        text = "; ".join(f"{name} in {n}" for name, n in kinds.items())
        text = f"{text} of {len(baseline)} patients: the rules ask for a further step, which software does not replace."
        notes.append(Note("caution", "Statuses that are not settled", text))
    differ = int(baseline["differ"].sum())
    if differ:
        text = f"In {differ} of {len(baseline)} patients specimens differ in status; the table names the one used."
        notes.append(Note("note", "Specimens of one patient differ", text))
    near = int(baseline["flags"].str.contains("NEAR_THRESHOLD").sum())
    if near:
        text = f"In {near} of {len(baseline)} patients the 95 % interval of ratio or copies includes a cut-off."
        notes.append(Note("note", "Near a cut-off", text))
    scored = latest["ihc_score"].reindex(samples["sample"]).to_numpy(dtype=object)
    given = samples["score_given"].to_numpy(dtype=object)
    apart = sum(pd.notna(a) and pd.notna(b) and a != b for a, b in zip(scored, given, strict=True))
    if apart:
        text = f"In {apart} samples the study's own IHC score is not what its percentages give under {LATEST}."
        notes.append(Note("caution", "IHC scores that differ from the percentages", text))
    if recounts:
        text = f"In {recounts} samples a second observer's nuclei serve as recount where one is called for."
        notes.append(Note("note", "Several observers", text))
    return tuple(notes)
