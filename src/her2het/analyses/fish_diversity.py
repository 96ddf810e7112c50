"""Diversity of FISH signals between nuclei, made comparable: by group, and before against after treatment."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.nuclei import Counted, count_units, placed_nuclei
from her2het.analyses.parts import compare_pairs, excluded, group_of, of_het_nuclei, patient_frame
from her2het.analyses.status_change import REGRESSION
from her2het.kernels.diversity import diversity, rao_q, two_state_entropy
from her2het.kernels.diversity_null import rarefied, standardised
from her2het.kernels.fish import CellRule
from her2het.kernels.streams import stream_states
from her2het.plan import analysis
from her2het.reference.het_profiles import BY_NAME, HetProfile
from her2het.results.cohort import GroupAssignment
from her2het.results.her2 import FishDiversity
from her2het.schema import Design, NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.rank_tests import signed_rank
from her2het.stats.summaries import boxes
from her2het.stats.units import PerPatient
from her2het.tables import FishNuclei, Samples

NullModel = Literal["thinning", "poisson"]
QUANTITIES = {
    "rarefied_equitability": "Equitability at equal nuclei",
    "chao_shen": "H by Chao-Shen",
    "z_shannon": "H beyond a homogeneous tumour, SD",
    "rao_log_ratio": "Q (Rao) of log₂ ratio",
    "two_state": "Entropy of amplified or not, bits",
}
FEWEST = 20
"""Fewest nuclei that a tumour is rarefied to; those with fewer are left out of it."""
INDICES = (
    *("shannon", "equitability", "equitability_cells", "gini_simpson", "gini_simpson_unbiased", "inverse_simpson"),
    *("exp_shannon", "miller_madow", "chao_shen", "chao1", "chao1_corrected"),
)


@analysis(section="HER2 status and heterogeneity")
def fish_diversity(
    fish_nuclei: FishNuclei,
    samples: Samples,
    groups: GroupAssignment | None,
    design: Design,
    *,
    cells: Annotated[
        int | None, Field(ge=2, description="Nuclei to which all are rarefied; the fewest of any tumour where not set.")
    ] = None,
    cap: Annotated[
        int | None, Field(ge=2, description="Most ERBB2 signals that are told apart; higher counts are set to it.")
    ] = None,
    null: Annotated[
        NullModel, Field(description="Homogeneous tumour: one genotype in cut nuclei, or Poisson signals.")
    ] = "thinning",
    p_keep: Annotated[
        float, Field(gt=0, le=1, description="Chance that a signal is in the section, for homogeneous cut nuclei.")
    ] = 0.8,
    repeats: Annotated[int, Field(ge=100, description="Draws per tumour, for rarefying and for the null.")] = 200,
    seed: Annotated[int, Field(ge=0, description="Seed of the draws.")] = 1,
) -> FishDiversity:
    """How diverse are the FISH signals of a tumour's nuclei, once the number of nuclei and of copies is allowed for?

    Species are the distinct (ERBB2, CEP17) pairs, p their shares among N nuclei. Equitability is H / ln S with
    Shannon's H = -sum p ln p and S species (as doi:10.1172/JCI176454 is read here; over ln N beside it). It falls as
    more nuclei are counted and rises with copies, whatever the tumour. Therefore: equitability and H after drawing the
    same number of nuclei from each tumour, without replacement; the Chao-Shen estimate of H
    (doi:10.1023/A:1026096204727); H and equitability in standard deviations of homogeneous tumours (one genotype, cut
    nuclei) with the same mean signals and number of nuclei; and two measures that ask for clones rather than counts,
    Rao's Q, the mean difference of log2 ERBB2/CEP17 between two nuclei (doi:10.1016/0040-5809(82)90004-1), and the
    entropy of being amplified or not. Patients pool the nuclei of one phase. Groups at baseline: two-sided rank-sum
    tests, Hodges-Lehmann shift with 95 % interval, Benjamini-Hochberg over the comparisons of one quantity. Before
    against after: signed-rank tests over all pairs and by HET at baseline, Benjamini-Hochberg over all of them. A group
    of HET tumours differs in diversity by construction: these comparisons are marked as descriptions.
    """
    nuclei = placed_nuclei(fish_nuclei, samples, design)
    if nuclei.empty:
        raise NotApplicable("no nuclei were counted before or after treatment")
    nuclei = nuclei.assign(capped=nuclei["erbb2"] > (cap if cap is not None else np.inf))
    if cap is not None:
        nuclei["erbb2"] = nuclei["erbb2"].clip(upper=cap)
    settings = {"null": null, "p_keep": p_keep, "repeats": repeats, "seed": seed}
    by_sample = _measure(nuclei, ["sample", "phase"], cells, **settings)
    by_patient = _measure(nuclei, ["patient", "phase"], cells, **settings)
    baseline = by_patient[by_patient["phase"] == "baseline"].set_index("patient")
    values, comparisons = _by_group(baseline, groups)
    pairs, changes = _changes(by_patient, groups)
    both = pairs[["before", "after"]].notna().all(axis=1)
    lost = pairs[~both]
    pairs = pairs[both].reset_index(drop=True)
    short = by_patient[by_patient["rarefied_equitability"].isna()]
    rows = [
        ("patient", str(p), f"{n} nuclei {phase}, fewer than the {FEWEST if cells is None else cells} drawn", "cells")
        for p, phase, n in zip(short["patient"], short["phase"], short["nuclei"], strict=True)
    ]
    rows += [
        ("patient", str(p), f"{score}: no value in one of the phases", "fish_nuclei")
        for p, score in zip(lost["patient"], lost["score"], strict=True)
    ]
    return FishDiversity(
        samples=by_sample,
        patients=by_patient,
        values=values,
        boxes=boxes(values, "score").rename(columns={"score": "quantity"}),
        comparisons=comparisons,
        pairs=pairs,
        changes=changes,
        unit="",
        labels=design.labels,
        control=design.control,
        excluded=excluded(rows),
        notes=(*_notes(by_patient, cap), *((REGRESSION,) if changes else ())),
    )


def _measure(
    nuclei: pd.DataFrame, unit: list[str], cells: int | None, null: NullModel, p_keep: float, repeats: int, seed: int
) -> pd.DataFrame:
    """All indices of each unit."""
    counted = count_units(nuclei, unit, ["area"], CellRule(*BY_NAME[HetProfile.LI2024].cell.integers))
    pairs, s = counted.counts.pairs, counted.counts.samples
    index = diversity(pairs.start, pairs.count)
    enough = s.nuclei[s.nuclei >= FEWEST]
    drawn = cells if cells is not None else int(enough.min()) if len(enough) else FEWEST
    keys = [zlib.crc32(" ".join(map(str, row)).encode()) for row in counted.units.itertuples(index=False)]
    streams = [
        stream_states(seed + step, len(keys), keys) for step in (0, 1)
    ]  # a tumour keeps its draws, whoever joins
    even = rarefied(pairs, streams[0], cells=drawn, repeats=repeats)
    against = standardised(s, index.shannon, index.equitability, streams[1], model=null, p_keep=p_keep, repeats=repeats)
    frame = counted.units.copy()
    frame["nuclei"], frame["species"] = index.cells, index.species
    for name in INDICES:
        frame[name] = getattr(index, name)
    frame["rao_log_ratio"] = rao_q(pairs, "log_ratio", unbiased=True)
    frame["rao_signals"] = rao_q(pairs, "euclidean", unbiased=True)
    frame["two_state"] = two_state_entropy(s.amplified, s.scored)
    frame["rarefied_to"] = drawn
    for name in ("equitability", "equitability_sd", "shannon", "shannon_sd", "species"):
        frame[f"rarefied_{name}"] = getattr(even, name)
    for name in ("equitability", "shannon"):
        frame[f"null_{name}"] = getattr(against, f"{name}_null")
        frame[f"z_{name}"] = getattr(against, f"{name}_z")
    frame["capped"] = _capped(nuclei, counted, unit)
    frame["flags"] = [
        " ".join(word for word, holds in (("SINGLE_SPECIES", n == 1), ("CAPPED", k > 0)) if holds)
        for n, k in zip(index.species, frame["capped"], strict=True)
    ]
    return frame.astype({"flags": "string"})


def _capped(nuclei: pd.DataFrame, counted: Counted, unit: list[str]) -> NDArray[np.int64]:
    found = nuclei.groupby(unit, sort=False)["capped"].sum()
    return found.reindex(pd.MultiIndex.from_frame(counted.units)).to_numpy(dtype=np.int64)


def _by_group(baseline: pd.DataFrame, groups: GroupAssignment | None) -> tuple[pd.DataFrame, tuple[Estimate, ...]]:
    parts: list[pd.DataFrame] = []
    found: list[Estimate] = []
    label = pd.Series(dtype="string") if groups is None else group_of(groups)
    for column, name in QUANTITIES.items():
        values = PerPatient(baseline[column], name)
        parts.append(patient_frame(values, label, name, "score"))
        if groups is not None:
            family = compare_pairs(values, label, groups, name)
            found += with_q(family, family=f"{name}: {len(family)} comparisons of groups") if family else ()
    return pd.concat(parts, ignore_index=True), of_het_nuclei(found, groups) if groups is not None else ()


def _changes(by_patient: pd.DataFrame, groups: GroupAssignment | None) -> tuple[pd.DataFrame, tuple[Estimate, ...]]:
    phases = [by_patient[by_patient["phase"] == p].set_index("patient") for p in ("baseline", "followup")]
    both = phases[0].index.intersection(phases[1].index)
    het = pd.Series(pd.NA, index=both, dtype="string")
    if groups is not None:
        known = groups.patients.set_index("patient")["het"].reindex(both)
        het = known.map({True: "HET", False: "non-HET"}).astype("string")
    parts: list[pd.DataFrame] = []
    found: list[Estimate] = []
    for column, name in QUANTITIES.items():
        before, after = (PerPatient(phase[column].reindex(both), name) for phase in phases)
        ends = {"before": before.values.to_numpy(float), "after": after.values.to_numpy(float)}
        parts.append(pd.DataFrame({"score": name, "patient": both, "het_before": het.to_numpy()} | ends))
        for part, members in _parts(both, het):
            if len(members) >= 3:
                estimate = signed_rank(
                    after.pick(members), before.pick(members), contrast=f"{name}, after − before, {part}"
                )
                found.append(replace(estimate, quantity=name, groups=(part,)))
    pairs = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(("score", "patient", "het_before"), "string"))
    return pairs, with_q(found, family=f"{len(found)} changes of diversity") if found else ()


def _parts(both: pd.Index, het: pd.Series) -> Sequence[tuple[str, pd.Index]]:
    return [("all", both), *((name, het.index[(het == name).fillna(False)]) for name in ("non-HET", "HET"))]


def _notes(by_patient: pd.DataFrame, cap: int | None) -> tuple[Note, ...]:
    few, many = int(by_patient["nuclei"].min()), int(by_patient["nuclei"].max())
    drawn = int(by_patient["rarefied_to"].iloc[0])
    text = f"Tumours have {few} to {many} nuclei; for comparisons {drawn} are drawn from each."
    notes = [Note("note", "Equal numbers of nuclei", text)]
    if drawn * 2 < by_patient["nuclei"].median():
        text = f"One tumour with {drawn} nuclei sets how many are drawn from all; a higher `cells` leaves it out."
        notes.append(Note("caution", "Few nuclei decide for all", text))
    capped = int(by_patient["capped"].sum())
    if cap is not None and capped:
        notes.append(
            Note("note", "Capped counts", f"{capped} nuclei with more than {cap} ERBB2 signals count as {cap}.")
        )
    text = (
        "Rao's Q and the entropy of amplified or not tell clones apart; the others also rise with the spread of counts."
    )
    return (*notes, Note("note", "What the measures ask", text))
