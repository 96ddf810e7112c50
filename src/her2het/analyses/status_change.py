"""HER2 IHC, HET and FISH measures of the same patients before and after treatment."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded, samples_at
from her2het.analyses.scores import RECEPTOR, receptor
from her2het.plan import analysis
from her2het.reference.copy_gain import HIGH_GAIN
from her2het.results.change import HeterogeneityChange, StatusChange
from her2het.results.cohort import GroupAssignment
from her2het.results.fish import FishHeterogeneity
from her2het.schema import NotApplicable, Note
from her2het.stats.changes import discordance, mcnemar_of_counts
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.rank_tests import signed_rank
from her2het.stats.tables import compare_counts
from her2het.stats.units import PerPatient
from her2het.tables import Ihc, Patients

SCORES = ("0", "1+", "2+", "3+")
HET_WORDS = ("non-HET", "HET")
GAIN = (f"ratio ≥ {float(HIGH_GAIN.value):g}", f"ratio < {float(HIGH_GAIN.value):g}")
REGRESSION = Note(
    "caution",
    "Regression to the mean",
    "HET, non-HET and classes of gain are made by baseline values of what is measured again after treatment. Values "
    "chosen for lying at one side move back towards the others by chance alone: a fall in one class beside a rise in "
    "the other is no evidence of an effect. The change over all tumours is free of it.",
)
MEASURES = {
    "equitability": "Equitability",
    "fraction": "Amplified fraction",
    "ratio": "ERBB2/CEP17 ratio",
    "copies": "ERBB2 copies per nucleus",
}


@analysis(section="Treatment-induced change")
def status_change(
    groups: GroupAssignment,
    ihc: Ihc | None,
    fish: FishHeterogeneity | None,
    *,
    combine: Annotated[
        Literal["highest", "lowest"], Field(description="Which IHC score stands for a patient with several samples.")
    ] = "highest",
) -> StatusChange:
    """Do HER2 IHC score and heterogeneity status change under treatment, and in whom?

    Patients with a value before and after (HET: with FISH before and after, where the study has FISH). HET before is a
    patient's baseline status, HET after that of the follow-up samples. Shares that change carry Clopper-Pearson
    intervals; HET: exact McNemar test; IHC over its classes: Bowker's test of symmetry and Stuart-Maxwell's of the
    margins. Whether HET tumours shift, or fall in IHC, more often than non-HET ones: difference of shares with
    Newcombe's interval and Fisher's exact test. Benjamini-Hochberg over all of them. Tumours are told apart by a
    measurement that is then repeated: part of what changes is regression to the mean.
    """
    before, after = het_status(groups, "baseline"), het_status(groups, "followup")
    parts, estimates, lost = [], list[Estimate](), list[tuple[str, str, str, str]]()
    both = before.index.intersection(after.index)
    if fish is not None:
        scored = [set(fish.patients[fish.patients["phase"] == p]["patient"]) for p in ("baseline", "followup")]
        lost += [
            ("patient", str(p), "no FISH in one of the phases", "fish_nuclei")
            for p in both
            if not all(p in s for s in scored)
        ]
        both = both[[all(p in s for s in scored) for p in both]]
    if len(both):
        words = {True: "HET", False: "non-HET"}
        parts.append(_pairs("HET", before.reindex(both).map(words), after.reindex(both).map(words), HET_WORDS, before))
        estimates += _het_estimates(parts[-1])
    shifted = before.reindex(both)[before.reindex(both) != after.reindex(both)].index
    if ihc is not None and "score" in ihc.columns:
        one, two = (ihc_score(groups, ihc, phase, combine) for phase in ("baseline", "followup"))
        same = one.index.intersection(two.index)
        if len(same):
            parts.append(_pairs("HER2 IHC", one.reindex(same), two.reindex(same), SCORES, before))
            estimates += _ihc_estimates(parts[-1])
        lost += [("patient", str(p), "IHC after but not before treatment", "ihc") for p in two.index.difference(same)]
    if not parts:
        raise NotApplicable("no patient has HET or HER2 IHC both before and after treatment")
    lost += [
        ("patient", str(p), "HET known after but not before treatment", "samples") for p in after.index.difference(both)
    ]
    pairs = pd.concat(parts, ignore_index=True)
    pairs["shifted"] = pairs["patient"].isin(shifted)
    counts = pairs.groupby(["what", "before", "after"], sort=False, observed=True).size().reset_index(name="patients")
    orders = [("HET", i, w) for i, w in enumerate(HET_WORDS)] + [
        ("HER2 IHC", i, w) for i, w in enumerate(reversed(SCORES))
    ]
    return StatusChange(
        pairs=pairs,
        counts=counts,
        orders=pd.DataFrame(orders, columns=pd.Index(["what", "place", "status"])),
        estimates=with_q(estimates, family=f"{len(estimates)} questions about status"),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=(*_reading_notes(pairs), *_selection_notes(pairs, groups, ihc, combine)),
    )


def het_status(groups: GroupAssignment, phase: str) -> pd.Series:
    """HET per patient at a phase; the baseline is the one by which groups were assigned."""
    if phase == "baseline":
        return groups.patients.dropna(subset=["het"]).set_index("patient")["het"].astype(bool)
    known = groups.samples[(groups.samples["phase"] == phase) & groups.samples["het"].notna()]
    return known.groupby("patient")["het"].any().astype(bool)


def ihc_score(groups: GroupAssignment, ihc: pd.DataFrame, phase: str, combine: str) -> pd.Series:
    """HER2 IHC score per patient at a phase: the highest or lowest of the samples."""
    stained = samples_at(groups, phase, ihc["sample"])
    score = ihc.dropna(subset=["score"]).set_index("sample")["score"].astype("string")
    place = score.map({s: i for i, s in enumerate(SCORES)})
    table = stained.assign(place=stained["sample"].map(place)).dropna(subset=["place"])
    chosen = table.groupby("patient")["place"].agg("max" if combine == "highest" else "min")
    return chosen.astype(int).map(dict(enumerate(SCORES))).astype("string")


def _pairs(what: str, before: pd.Series, after: pd.Series, order: tuple[str, ...], het: pd.Series) -> pd.DataFrame:
    rank = {name: i for i, name in enumerate(order)}
    step = after.map(rank).astype(int) - before.map(rank).astype(int)
    change = step.map(lambda s: "up" if s > 0 else "down" if s < 0 else "same")
    frame = pd.DataFrame({"what": what, "patient": before.index, "before": before, "after": after, "change": change})
    frame["het_before"] = het.reindex(before.index).map({True: "HET", False: "non-HET"})
    return frame.reset_index(drop=True).astype("string")


def _table(pairs: pd.DataFrame, order: tuple[str, ...]) -> list[list[int]]:
    return [[int(((pairs["before"] == b) & (pairs["after"] == a)).sum()) for a in order] for b in order]


def _named(estimate: Estimate, quantity: str, groups: tuple[str, ...] = ()) -> Estimate:
    return replace(estimate, quantity=quantity, groups=groups)


def _het_estimates(pairs: pd.DataFrame) -> list[Estimate]:
    counts = _table(pairs, HET_WORDS)
    (stay, gained), (lost, keep) = counts
    found = [_named(mcnemar_of_counts(counts, contrast="HET, after − before"), "HET")]
    if stay + gained and lost + keep:
        words = "share that shifts, HET − non-HET"
        estimate = compare_counts((lost, lost + keep), (gained, stay + gained), contrast=words)
        found.append(_named(estimate, "HET shift", ("HET", "non-HET")))
    return found


def _ihc_estimates(pairs: pd.DataFrame) -> list[Estimate]:
    counts = _table(pairs, SCORES)
    found = [
        _named(discordance(counts, contrast="HER2 IHC score, after against before"), "HER2 IHC"),
        _named(discordance(counts, test="stuart-maxwell", contrast="HER2 IHC score, margins"), "HER2 IHC margins"),
    ]
    fell = pairs["change"] == "down"
    of = {
        name: (int((fell & (pairs["het_before"] == name)).sum()), int((pairs["het_before"] == name).sum()))
        for name in HET_WORDS
    }
    if of["HET"][1] and of["non-HET"][1]:
        words = "share that falls in IHC, HET − non-HET"
        found.append(
            _named(compare_counts(of["HET"], of["non-HET"], contrast=words), "HER2 IHC fall", ("HET", "non-HET"))
        )
    return found


def _reading_notes(pairs: pd.DataFrame) -> tuple[Note, ...]:
    moved = int((pairs["change"] != "same").sum())
    text = (
        f"{moved} changes include what two readings of one tumour would differ by; no second reading is in the study."
    )
    return (Note("note", "Part of a change is measurement", text),) if moved else ()


def _selection_notes(
    pairs: pd.DataFrame, groups: GroupAssignment, ihc: pd.DataFrame | None, combine: str
) -> tuple[Note, ...]:
    """What would change without treatment: classes near their limits, and the highest of several scores."""
    notes: list[Note] = []
    if (pairs["what"] == "HET").any():
        text = (
            "HET tumours were chosen by a baseline fraction between two limits. Measured again, some of them lie "
            "outside, and HET tumours shift more often than others, whatever treatment does."
        )
        notes.append(Note("caution", "Regression to the mean of HET", text))
    if ihc is not None and (pairs["what"] == "HER2 IHC").any():
        sizes = [samples_at(groups, p, ihc["sample"])["patient"].value_counts() for p in ("baseline", "followup")]
        mine = pairs.loc[pairs["what"] == "HER2 IHC", "patient"]
        more = int((sizes[0].reindex(mine).to_numpy() > sizes[1].reindex(mine).to_numpy()).sum())
        if more:
            text = (
                f"In {more} of {len(mine)} patients the score before is the {combine} of more samples than the score "
                f"after. By that alone it {'falls' if combine == 'highest' else 'rises'} more often than the other way."
            )
            notes.append(Note("caution", "More samples before than after", text))
    return tuple(notes)


@analysis(section="Treatment-induced change")
def heterogeneity_change(groups: GroupAssignment, fish: FishHeterogeneity, patients: Patients) -> HeterogeneityChange:
    """Do equitability, amplified fraction, ratio and copies change under treatment, and does it go with heterogeneity?

    Patients with FISH before and after, their nuclei of each phase pooled. Two-sided signed-rank test of the change
    (exact where fewer than 50 pairs without ties or zeros), pseudo-median with 95 % interval, matched rank-biserial
    correlation: over all pairs, and among those HET and those not HET at baseline; Benjamini-Hochberg over all of
    them. Equitability also by copy number gain (ratio at baseline 6 or more, as the paper has it;
    doi:10.1172/JCI176454) and by hormone receptor, a family of its own. Equitability falls as more nuclei are counted;
    pairs whose nuclei differ more than twofold are pointed out. Changes within HET, non-HET and classes of gain include
    regression to the mean: these classes are made by the baseline values of the same measurements.
    """
    het = het_status(groups, "baseline")
    later = het_status(groups, "followup")
    phases = {p: fish.patients[fish.patients["phase"] == p].set_index("patient") for p in ("baseline", "followup")}
    both = phases["baseline"].index.intersection(phases["followup"].index)
    if not len(both):
        raise NotApplicable("no patient has FISH both before and after treatment")
    status = het.reindex(both).map({True: "HET", False: "non-HET"})
    shift = pd.Series("none", index=both)
    now = later.reindex(both)
    changed = status.notna() & now.notna() & (het.reindex(both) != now)
    shift = shift.mask(changed, now.map({True: "to HET", False: "from HET"}))
    hr = receptor(patients.set_index("patient"))
    classes = {"gain": gain_class(phases["baseline"].reindex(both))}
    classes["hr"] = pd.Series(pd.NA, index=both) if hr is None else hr.reindex(both)
    parts: list[pd.DataFrame] = []
    estimates: list[Estimate] = []
    by_class: list[Estimate] = []
    only = phases["followup"].index.difference(both)
    lost = [("patient", str(p), "FISH after but not before treatment", "fish_nuclei") for p in only]
    for column, name in MEASURES.items():
        before, after = (PerPatient(phases[p][column].reindex(both), name) for p in ("baseline", "followup"))
        frame = pd.DataFrame(
            {"quantity": name, "patient": both, "het_before": status.to_numpy(), "shift": shift.to_numpy()}
        )
        for heading, values in classes.items():
            frame[heading] = values.to_numpy()
        frame["before"], frame["after"] = before.values.to_numpy(float), after.values.to_numpy(float)
        for phase, heading in (("baseline", "nuclei_before"), ("followup", "nuclei_after")):
            frame[heading] = phases[phase]["nuclei"].reindex(both).to_numpy()
        known = frame[["before", "after"]].notna().all(axis=1).to_numpy()
        lost += [("patient", str(p), f"{name}: no value in one of the phases", "fish_nuclei") for p in both[~known]]
        parts.append(frame[known])
        for part, members in (("all", both), ("non-HET", both[status == "non-HET"]), ("HET", both[status == "HET"])):
            if (known & both.isin(members)).sum() >= 3:
                contrast = f"{name}, after − before, {part}"
                estimate = signed_rank(after.pick(members), before.pick(members), contrast=contrast)
                estimates.append(replace(estimate, quantity=name, groups=(part,)))
        if column == "equitability":
            by_class = _by_class(before, after, classes)
    text = ("quantity", "patient", "het_before", "shift", "gain", "hr")
    pairs = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(text, "string"))
    return HeterogeneityChange(
        pairs=pairs,
        estimates=with_q(estimates, family=f"{len(estimates)} changes of FISH measures"),
        by_class=with_q(by_class, family=f"{len(by_class)} changes of equitability by gain and receptor"),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=(REGRESSION, *_coverage_notes(pairs.drop_duplicates("patient"))),
    )


def gain_class(fish: pd.DataFrame) -> pd.Series:
    """Class of copy number gain of each row, from its summed signals: at least the cited ratio, or below it."""
    known = fish["cep17_sum"].notna() & (fish["cep17_sum"] > 0)
    high = [
        HIGH_GAIN.met_by(int(one), int(other)) if ok else False
        for one, other, ok in zip(fish["erbb2_sum"].fillna(0), fish["cep17_sum"].fillna(0), known, strict=True)
    ]
    return pd.Series(np.where(high, *GAIN), index=fish.index, dtype="string").mask(~known)


def _by_class(before: PerPatient, after: PerPatient, classes: dict[str, pd.Series]) -> list[Estimate]:
    """Signed-rank tests within each class that has three pairs."""
    found: list[Estimate] = []
    for values, names in ((classes["gain"], GAIN), (classes["hr"], RECEPTOR)):
        for name in names:
            members = values.index[(values == name).fillna(False).to_numpy(dtype=bool)]
            if len(members) >= 3:
                contrast = f"{before.quantity}, after − before, {name}"
                told = signed_rank(after.pick(members), before.pick(members), contrast=contrast)
                found.append(replace(told, quantity=before.quantity, groups=(name,)))
    return found


def _coverage_notes(pairs: pd.DataFrame) -> tuple[Note, ...]:
    high = pairs[["nuclei_before", "nuclei_after"]].max(axis=1)
    low = pairs[["nuclei_before", "nuclei_after"]].min(axis=1)
    differ = int((high > 2 * low).sum())
    if not differ:
        return ()
    text = f"In {differ} of {len(pairs)} pairs the nuclei differ more than twofold; part of a change can be coverage."
    return (Note("caution", "FISH coverage differs within pairs", text),)
