"""What is asked of every score: differences between groups, residual cancer burden, change under treatment."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from her2het.analyses.parts import compare_pairs, group_of, pairs_of_groups, samples_at
from her2het.results.cohort import GroupAssignment
from her2het.schema import NotApplicable
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.rank_tests import rank_sum, signed_rank
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.summaries import boxes, fit_line
from her2het.stats.units import PerPatient, PerSample

RECEPTOR = ("HR+", "HR−")
FAMILIES = {
    "groups": "comparisons of groups",
    "receptor": "comparisons by receptor",
    "within": "comparisons of groups within receptor classes",
    "stratified": "comparisons of groups by receptor class",
    "rcb": "correlations with RCB",
    "changes": "changes",
}


def score_study(
    scores: pd.DataFrame, groups: GroupAssignment, patients: pd.DataFrame, unit: str, what: str
) -> dict[str, Any]:
    """The common fields of a `ScoreStudy` from scores (samples in rows, one column per score).

    :raises NotApplicable: where no baseline sample of a patient in a group has a score
    """
    label = group_of(groups)
    baseline = samples_at(groups, "baseline", scores.index)
    later = samples_at(groups, "followup", scores.index)
    if not baseline["patient"].isin(label.index).any():
        raise NotApplicable("no patient of a group has a baseline sample with scores")
    known = patients.set_index("patient")
    rcb = PerPatient(known["rcb"], "RCB") if "rcb" in known.columns and known["rcb"].notna().any() else None
    hr = receptor(known)
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    values, fits, pairs = [], [], []
    found: dict[str, list[Estimate]] = {name: [] for name in FAMILIES}
    for name in scores.columns:
        before = _per_patient(scores[name], baseline, str(name), unit)
        frame = before.known().rename("value").rename_axis("patient").reset_index()
        frame.insert(0, "score", str(name))
        frame["group"] = frame["patient"].map(label)
        frame["hr"] = frame["patient"].map(hr) if hr is not None else pd.NA
        frame["rcb"] = frame["patient"].map(rcb.values) if rcb is not None else np.nan
        values.append(frame)
        found["groups"] += compare_pairs(before, label, groups, str(name))
        if hr is not None and set(hr.reindex(before.known().index).dropna()) == set(RECEPTOR):
            found["receptor"].append(replace(rank_sum(before, hr, *RECEPTOR), quantity=str(name), groups=RECEPTOR))
            _within(before, label, hr, groups, found)
        if rcb is not None:
            both = before.known().index.intersection(rcb.known().index)
            if len(both) >= 5 and len(set(before.known().reindex(both))) > 1:
                x, y = before.pick(both), rcb.pick(both)
                found["rcb"].append(replace(spearman(x, y, contrast=f"{name}, RCB"), quantity=str(name)))
                fits.append(fit_line(x.array(), y.array()).assign(score=str(name)))
        if len(later):
            after = _per_patient(scores[name], later, str(name), unit)
            table, estimates = _change(before, after, het, str(name))
            pairs.append(table)
            found["changes"] += estimates
    long = [  # not melt: a score may be called as a column of the answer
        pd.DataFrame({"score": str(name), "sample": scores.index, "value": scores[name].to_numpy()})
        for name in scores.columns
    ]
    samples = pd.concat(long, ignore_index=True)
    about = groups.samples.set_index("sample")[["patient", "phase"]]
    samples = samples.join(about, on="sample")[["score", "sample", "patient", "phase", "value"]]
    table = pd.concat(values, ignore_index=True).astype(
        {"score": "string", "patient": "string", "group": "string", "hr": "string"}
    )
    empty = pd.DataFrame(columns=pd.Index(["score", "patient", "het_before", "before", "after"]))
    line = ["score", "x", "y", "low", "high"]
    told = {k: with_q(v, family=f"{what}: {len(v)} {FAMILIES[k]}") for k, v in found.items()}
    return {
        "samples": samples.astype({"score": "string", "sample": "string", "patient": "string", "phase": "string"}),
        "values": table,
        "boxes": boxes(table.dropna(subset=["group"]), "score"),
        "boxes_by_receptor": _boxes_by_receptor(table),
        "fits": pd.concat(fits, ignore_index=True)[line] if fits else pd.DataFrame(columns=pd.Index(line), dtype=float),
        "pairs": pd.concat(pairs, ignore_index=True) if pairs else empty,
        "comparisons": told["groups"],
        "by_receptor": told["receptor"],
        "in_positive": tuple(e for e in told["within"] if e.contrast.endswith(RECEPTOR[0])),
        "in_negative": tuple(e for e in told["within"] if e.contrast.endswith(RECEPTOR[1])),
        "stratified": told["stratified"],
        "correlations": told["rcb"],
        "changes": told["changes"],
        "unit": unit,
        "labels": groups.labels,
        "control": groups.control,
    }


def receptor(patients: pd.DataFrame) -> pd.Series | None:
    """HR+ or HR− of each patient (patients in the index), where both occur."""
    if "hr" not in patients.columns or patients["hr"].nunique() < 2:
        return None
    return patients["hr"].dropna().map({True: RECEPTOR[0], False: RECEPTOR[1]}).rename("hormone receptor")


def _within(
    values: PerPatient, label: pd.Series, hr: pd.Series, groups: GroupAssignment, found: dict[str, list[Estimate]]
) -> None:
    """Pairs of groups within each receptor class, and by what the classes have in common."""
    name = values.quantity
    known = values.known().index
    for stratum in RECEPTOR:
        here = hr.index[hr == stratum]
        part = PerPatient(values.known().reindex(known[known.isin(here)]), name, values.unit)
        found["within"] += [
            replace(e, contrast=f"{' − '.join(e.groups)}, {stratum}") for e in compare_pairs(part, label, groups, name)
        ]
    have = set(label.reindex(known).dropna())
    found["stratified"] += [
        replace(stratified_rank_sum(values, label, hr, a, b), quantity=name, groups=(a, b))
        for a, b in pairs_of_groups(groups.labels, groups.control)
        if {a, b} <= have
    ]


def _boxes_by_receptor(table: pd.DataFrame) -> pd.DataFrame:
    known = table.dropna(subset=["group", "hr"])
    parts = [boxes(part, "score").assign(hr=str(name)) for name, part in known.groupby("hr", sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else boxes(known, "score").assign(hr="")


def _per_patient(scores: pd.Series, samples: pd.DataFrame, name: str, unit: str) -> PerPatient:
    return PerSample(scores, name, unit).pick(samples["sample"]).per_patient(samples.set_index("sample")["patient"])


def _change(before: PerPatient, after: PerPatient, het: pd.Series, name: str) -> tuple[pd.DataFrame, list[Estimate]]:
    both = before.known().index.intersection(after.known().index)
    status = het.reindex(both).map({True: "HET", False: "non-HET"})
    frame = pd.DataFrame({"score": name, "patient": both, "het_before": status.to_numpy()})
    frame["before"] = before.known().reindex(both).to_numpy()
    frame["after"] = after.known().reindex(both).to_numpy()
    estimates: list[Estimate] = []
    for part, members in (("all", both), ("non-HET", both[status == "non-HET"]), ("HET", both[status == "HET"])):
        if len(members) >= 3:
            contrast = f"{name}, after − before, {part}"
            told = signed_rank(after.pick(members), before.pick(members), contrast=contrast)
            estimates.append(replace(told, quantity=name, groups=(part,)))
    return frame.astype({"score": "string", "patient": "string", "het_before": "string"}), estimates
