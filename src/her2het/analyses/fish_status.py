"""What FISH measures go with in one phase: HET status, HER2 IHC score, copy number gain."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from her2het.analyses.parts import compare_groups, excluded
from her2het.analyses.status_change import GAIN, HET_WORDS, MEASURES, SCORES, gain_class, het_status, ihc_score
from her2het.plan import analysis
from her2het.results.change import FishByStatus
from her2het.results.cohort import GroupAssignment
from her2het.results.fish import FishHeterogeneity
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.several import trend
from her2het.stats.summaries import boxes
from her2het.stats.units import PerPatient
from her2het.tables import Ihc

PHASES = (("baseline", "before treatment"), ("followup", "after treatment"))
ASKED = {"HET": ("fraction", "ratio", "copies"), "HER2 IHC": ("fraction", "ratio"), "gain": ("equitability",)}
CLASSES = {"HET": HET_WORDS, "HER2 IHC": SCORES, "gain": tuple(reversed(GAIN))}
FEWEST = 2  # patients of a class


@dataclass(frozen=True)
class _Found:
    values: list[pd.DataFrame]
    boxes: list[pd.DataFrame]
    comparisons: list[Estimate]
    ordered: list[Estimate]
    lost: list[tuple[str, str, str, str]]


@analysis(section="Treatment-induced change")
def fish_by_status(
    fish: FishHeterogeneity,
    groups: GroupAssignment,
    ihc: Ihc | None,
    *,
    combine: Annotated[
        Literal["highest", "lowest"], Field(description="Which IHC score stands for a patient with several samples.")
    ] = "highest",
) -> FishByStatus:
    """Do FISH measures go with HET, HER2 IHC and copy number gain, before and after treatment?

    All patients with FISH in a phase, their nuclei of that phase pooled. Amplified fraction, ratio and copies by HET
    status of the same phase (rank-sum test; the fraction differs by definition, its test is a description); fraction
    and ratio over the HER2 IHC score (Jonckheere-Terpstra trend); equitability by copy number gain (ratio 6 or more
    against less, as the paper has it, doi:10.1172/JCI176454; rank-sum test). Equitability follows the number of
    distinct counts, which a higher ratio brings with it. Both classes are made of the counts that are then compared:
    these tests are marked as descriptions. Benjamini-Hochberg over all comparisons, and over the trends.
    """
    found = _Found([], [], [], [], [])
    for phase, words in PHASES:
        table = fish.patients[fish.patients["phase"] == phase].set_index("patient")
        classes = {"HET": _het(groups, phase), "gain": gain_class(table)}
        if ihc is not None and "score" in ihc.columns:
            classes["HER2 IHC"] = ihc_score(groups, ihc, phase, combine)
        for what, columns in ASKED.items():
            if what in classes:
                for column in columns:
                    _ask(what, phase, words, classes[what], PerPatient(table[column], MEASURES[column]), found)
    if not found.values:
        raise NotApplicable("no patient with FISH has a HET status, an IHC score or a ratio")
    orders = [(what, i, name) for what, names in CLASSES.items() for i, name in enumerate(names)]
    return FishByStatus(
        values=pd.concat(found.values, ignore_index=True),
        boxes=pd.concat(found.boxes, ignore_index=True),
        orders=pd.DataFrame(orders, columns=pd.Index(["what", "place", "group"])),
        comparisons=with_q(found.comparisons, family=f"{len(found.comparisons)} FISH measures by status"),
        ordered=with_q(found.ordered, family=f"{len(found.ordered)} FISH measures over the IHC score"),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(dict.fromkeys(found.lost)),
        notes=(
            Note(
                "note",
                "HET is defined by the amplified fraction",
                "That fraction and ratio are lower in HET tumours is so by definition of HET.",
            ),
        ),
    )


def _het(groups: GroupAssignment, phase: str) -> pd.Series:
    return het_status(groups, phase).map({True: "HET", False: "non-HET"}).astype("string")


def _ask(what: str, phase: str, words: str, classes: pd.Series, values: PerPatient, found: _Found) -> None:
    """Values by class in one phase, with one comparison or trend."""
    known = values.known()
    label = classes.reindex(known.index).dropna()
    if label.empty:
        return
    frame = pd.DataFrame({"patient": label.index, "group": label.to_numpy(), "value": known.reindex(label.index)})
    frame.insert(0, "quantity", values.quantity)
    text = dict.fromkeys(["quantity", "patient", "group"], "string")
    frame = frame.reset_index(drop=True).astype(text)
    found.values.append(frame.assign(what=what, phase=phase))
    found.boxes.append(boxes(frame, "quantity").assign(what=what, phase=phase))
    sizes = label.value_counts()
    present = tuple(name for name in CLASSES[what] if sizes.get(name, 0) >= FEWEST)
    why = f"in a class of {what} {words} with fewer than {FEWEST} patients: shown, not tested"
    found.lost.extend(("patient", str(p), why, "fish_by_status") for p in label.index[~label.isin(present)])
    if len(present) < 2:
        return
    here = label[label.isin(present)]
    contrast = f"{values.quantity} by {what}, {words}"
    if what == "HER2 IHC":
        told = trend(values, here, present, contrast=contrast)
        found.ordered.append(replace(told, quantity=values.quantity, groups=present))
    else:
        defined = what in ("HET", "gain")  # made of the same counts
        found.comparisons.extend(
            replace(e, by_definition=defined) for e in compare_groups(values, here, present, contrast)
        )
