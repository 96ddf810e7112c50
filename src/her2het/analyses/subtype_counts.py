"""Intrinsic subtypes as classes: by group and receptor, before against after, and how far the calls agree."""

from dataclasses import replace

import pandas as pd

from her2het.analyses.scores import RECEPTOR, receptor
from her2het.results.cohort import GroupAssignment
from her2het.stats.changes import discordance, mcnemar_of_counts, shift_table
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.strata import stratified_association
from her2het.stats.tables import association, compare_counts
from her2het.stats.units import PerPatient

ORDER = ("Her2", "Basal", "LumA", "LumB", "Normal")
ALL = "all"
WHAT = "subtype"


def count_table(before: pd.Series, groups: GroupAssignment, patients: pd.DataFrame) -> pd.DataFrame:
    """receptor (all, HR+, HR−), group, subtype, patients; `before` is one call per patient."""
    known = groups.patients.dropna(subset=["group"]).set_index("patient")["group"]
    table = pd.DataFrame({"group": known.reindex(before.index), "subtype": before}).dropna()
    parts = [table.assign(receptor=ALL)]
    hr = receptor(patients.set_index("patient"))
    if hr is not None:
        parts.append(table.assign(receptor=hr.reindex(table.index)).dropna())
    every = pd.concat(parts, ignore_index=True)
    counts = every.groupby(["receptor", "group", "subtype"]).size().reset_index(name="patients")
    rank = {name: i for i, name in enumerate((ALL, *RECEPTOR, *groups.labels, *ORDER))}
    text = dict.fromkeys(["receptor", "group", "subtype"], "string")
    ordered = counts.sort_values(["receptor", "group", "subtype"], key=lambda c: c.map(rank))
    return ordered.reset_index(drop=True).astype(text)


def count_tests(before: pd.Series, groups: GroupAssignment, patients: pd.DataFrame) -> tuple[Estimate, ...]:
    """Whether groups differ in subtypes: over all, within and by receptor class; each subtype against the control."""
    known = groups.patients.dropna(subset=["group"]).set_index("patient")["group"]
    label = known.reindex(before.index).dropna()
    present = tuple(g for g in groups.labels if (label == g).any())
    if len(present) < 2:
        return ()
    classes = PerPatient(pd.Series(pd.Categorical(before, ORDER), index=before.index), WHAT)
    found = [_named(association(classes, label, present, contrast="subtype by group"), WHAT, present)]
    hr = receptor(patients.set_index("patient"))
    if hr is not None:
        for stratum in RECEPTOR:
            inside = label[(hr.reindex(label.index) == stratum).to_numpy()]
            if len(set(inside)) > 1:
                told = association(classes, inside, present, contrast=f"subtype by group, {stratum}")
                found.append(_named(told, WHAT, present))
        told = stratified_association(classes, label, hr, present, contrast="subtype by group, by receptor class")
        found.append(replace(_named(told, WHAT, present), remark=told.remark or "a test without an effect of its own"))
    sizes = label.value_counts()
    for subtype in [s for s in ORDER if (before == s).any()]:
        hits = label[(before.reindex(label.index) == subtype).to_numpy()].value_counts()
        for group in present:
            if group != groups.control and groups.control in present:
                counts = [(int(hits.get(g, 0)), int(sizes[g])) for g in (group, groups.control)]
                told = compare_counts(*counts, contrast=f"share of {subtype}, {group} − {groups.control}")
                found.append(_named(told, subtype, (group, groups.control)))
    return with_q(found, family=f"{len(found)} comparisons of subtypes")


def shift_tests(shift: pd.DataFrame) -> tuple[Estimate, ...]:
    """Whether calls change under treatment: all classes (Bowker) by HET, and the share of each subtype (McNemar)."""
    found: list[Estimate] = []
    for part in (ALL, "non-HET", "HET"):
        rows = shift if part == ALL else shift[shift["het_before"] == part]
        if len(rows) < 3:
            continue
        table = rows.set_index("patient")
        before, after = (PerPatient(table[name], WHAT) for name in ("before", "after"))
        told = discordance(shift_table(before, after, ORDER)[0], contrast=f"subtype, after against before, {part}")
        found.append(_named(told, WHAT, (part,)))
    for subtype in [s for s in ORDER if ((shift["before"] == s) | (shift["after"] == s)).any()]:
        one, two = ((shift[name] == subtype).astype(int) for name in ("before", "after"))
        counts = [[int(((one == a) & (two == b)).sum()) for b in (0, 1)] for a in (0, 1)]
        found.append(_named(mcnemar_of_counts(counts, contrast=f"share of {subtype}, after − before"), subtype, (ALL,)))
    return with_q(found, family=f"{len(found)} changes of subtypes") if len(shift) >= 3 else ()


def agreement(calls: pd.DataFrame) -> pd.DataFrame:
    """The leading call against that under robust scaling, in samples."""
    rows: list[dict[str, object]] = []
    for subtype in [s for s in ORDER if (calls["subtype"] == s).any()]:
        mine = calls[calls["subtype"] == subtype]
        counts = {f"robust: {s}": int((mine["robust"] == s).sum()) for s in ORDER}
        same = float((mine["robust"] == subtype).mean())
        rows.append({"subtype": subtype, "samples": len(mine), **counts, "agree": round(same, 3),
                     "stability": round(float(mine["stability"].median()), 3)})  # fmt: skip
    return pd.DataFrame(rows).astype({"subtype": "string"})


def _named(estimate: Estimate, quantity: str, groups: tuple[str, ...]) -> Estimate:
    return replace(estimate, quantity=quantity, groups=groups)
