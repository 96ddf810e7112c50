"""Patients into groups, and whether batches could be mistaken for them."""

import numpy as np
import pandas as pd

from her2het.expression import columns, evaluate, parse
from her2het.schema import Design, Note


def baseline_het(samples: pd.DataFrame, design: Design, column: str = "het") -> pd.Series:
    """HER2 heterogeneity per patient at baseline: HET where any baseline sample is called HET.

    HET is an attribute of the sample; a patient is HET where at least one baseline sample is, not HET where all called
    samples are not, missing where none is called.
    """
    at_baseline = samples[samples["timepoint"].isin(design.baseline)]
    if column not in at_baseline.columns:
        patients = pd.Index(samples["patient"].unique(), name="patient")
        return pd.Series(pd.NA, index=patients, dtype="boolean", name="het")
    called = at_baseline.dropna(subset=[column])
    result = called.groupby("patient")[column].any().astype("boolean")
    return result.reindex(pd.Index(samples["patient"].unique())).astype("boolean").rename("het")


def assign_groups(patients: pd.DataFrame, het: pd.Series | None, design: Design) -> pd.DataFrame:
    """The group of each patient: the first whose expression holds.

    :returns: patient, group (missing where none applies), het, reason (why there is none)
    :raises StudyError: where an expression names what is not there
    """
    frame = patients.copy()
    if het is not None or "het" not in frame.columns:
        values = het if het is not None else pd.Series(dtype="boolean")
        frame["het"] = values.reindex(frame["patient"].to_numpy()).to_numpy()
        frame["het"] = frame["het"].astype("boolean")
    group = pd.Series(pd.NA, index=frame.index, dtype="string")
    open_ = pd.Series(False, index=frame.index)
    for g in design.groups:
        holds = evaluate(g.expression, frame, f"[groups] {g.label}")
        group = group.mask(group.isna() & ~open_ & holds.fillna(False), g.label)
        # A patient of whom an earlier group cannot be ruled out belongs to no later one either.
        open_ |= group.isna() & holds.isna()
    reason = pd.Series("", index=frame.index, dtype="string")
    used = [c for g in design.groups for c in columns(parse(g.expression, g.label))]
    for row in np.flatnonzero(group.isna().to_numpy()).tolist():
        lacking = [c for c in dict.fromkeys(used) if pd.isna(frame[c].iloc[row])]
        reason.iloc[row] = f"{' and '.join(lacking)} missing" if lacking else "no group's expression holds"
    return pd.DataFrame({"patient": frame["patient"], "group": group, "het": frame["het"], "reason": reason})


def group_sizes(groups: pd.DataFrame, design: Design) -> dict[str, int]:
    """How many patients each group has, in the order of the design."""
    return {label: int((groups["group"] == label).sum()) for label in design.labels}


def check_batches(samples: pd.DataFrame, groups: pd.DataFrame) -> tuple[Note, ...]:
    """A caution where a processing batch goes with a group or a timepoint so closely that they cannot be told apart."""
    if "batch" not in samples.columns:
        return ()
    own = samples[["patient", "batch", "timepoint"]]  # further columns may have any name
    table = own.merge(groups[["patient", "group"]], on="patient", how="left")
    notes: list[Note] = []
    for column, word in (("group", "group"), ("timepoint", "timepoint")):
        known = table.dropna(subset=["batch", column])
        cross = pd.crosstab(known["batch"], known[column])
        if min(cross.shape) < 2:
            continue
        v = cramers_v(cross.to_numpy(dtype=float))
        alone = (cross > 0).sum(axis=1).eq(1)
        if bool(alone.all()) or v >= 0.8:
            notes.append(
                Note(
                    "caution",
                    f"Batch coincides with {word}",
                    f"Batches and {word}s go together (Cramér's V {v:.2f}; {int(alone.sum())} of {len(cross)} batches "
                    f"hold one {word} only): a difference between {word}s cannot be told from one between batches.",
                )
            )
    return tuple(notes)


def cramers_v(table: np.ndarray) -> float:
    """Cramér's V = sqrt(chi2 / (n (min(r, c) - 1))) of a table of counts; 0 where a margin has a single class."""
    total = table.sum()
    expected = table.sum(1, keepdims=True) @ table.sum(0, keepdims=True) / total
    chi2 = float((((table - expected) ** 2)[expected > 0] / expected[expected > 0]).sum())
    smaller = min(table.shape) - 1
    return (chi2 / (total * smaller)) ** 0.5 if smaller else 0.0
