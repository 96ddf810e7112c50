"""FISH measures of baseline tumours by group of patients."""

import pandas as pd

from her2het.analyses.parts import compare_pairs, excluded, group_of, of_het_nuclei, patient_frame
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.fish import FishByGroup, FishHeterogeneity
from her2het.schema import Note
from her2het.stats.families import with_q
from her2het.stats.summaries import boxes
from her2het.stats.units import PerPatient

QUANTITIES = {
    "fraction": "Amplified fraction",
    "ratio": "ERBB2/CEP17 ratio",
    "copies": "ERBB2 copies per nucleus",
    "equitability": "Equitability",
}


@analysis(section="HER2 status and heterogeneity")
def fish_by_group(fish: FishHeterogeneity, groups: GroupAssignment) -> FishByGroup:
    """Do amplified fraction, ratio, copies and equitability differ between groups at baseline?

    Each patient's nuclei of all baseline biopsies are pooled. Two-sided rank-sum tests between groups, Hodges-Lehmann
    shift with 95 % interval, rank-biserial correlation; Benjamini-Hochberg over the comparisons of one quantity. A
    group of HET tumours differs from others by construction in what its nuclei show: the fraction that defines HET, and
    with it ratio, copies and equitability; these tests are marked as descriptions.
    """
    label = group_of(groups)
    baseline = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")
    parts: list[pd.DataFrame] = []
    comparisons = []
    for column, name in QUANTITIES.items():
        values = PerPatient(baseline[column], name)
        frame = patient_frame(values, label, name, "quantity")
        for side in ("low", "high"):
            limits = baseline.get(f"{column}_{side}")
            frame[side] = limits.reindex(frame["patient"]).to_numpy(float) if limits is not None else float("nan")
        parts.append(frame)
        family = compare_pairs(values, label, groups, name)
        comparisons += with_q(family, family=f"{name}: {len(family)} comparisons of groups")
    table = pd.concat(parts, ignore_index=True)
    no_group = table[table["group"].isna()]["patient"].unique()
    without = label.index[~label.index.isin(baseline.index)]
    rows = [("patient", str(p), "no group", "[groups]") for p in no_group]
    rows += [("patient", str(p), "no FISH at baseline", "fish_nuclei") for p in without]
    table = table.dropna(subset=["group"]).reset_index(drop=True)
    return FishByGroup(
        values=table,
        boxes=boxes(table, "quantity"),
        comparisons=of_het_nuclei(comparisons, groups),
        labels=groups.labels,
        control=groups.control,
        fraction_limits=fish.fraction_limits,
        excluded=excluded(rows),
        notes=(
            Note(
                "note",
                "Groups are defined by heterogeneity",
                "Where a group is defined by HET, its amplified fraction differs by construction, and with it what "
                "else is counted in the same nuclei. These comparisons are descriptions, not findings.",
            ),
        ),
    )
