"""ERBB2 amplification between nuclei: counts, calls and diversity."""

from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.nuclei import NegativeArea, negative_areas
from her2het.analyses.parts import excluded
from her2het.kernels.area_posterior import Grade, fraction_posterior
from her2het.kernels.diversity import diversity
from her2het.kernels.fish import CellRule, FishCounts, count_nuclei, number_areas
from her2het.kernels.fish_intervals import clopper_pearson, copies_interval, ratio_interval
from her2het.kernels.het_call import HetCode, Limits, call_areas, call_fraction
from her2het.plan import analysis
from her2het.reference.het_profiles import BY_NAME, HetDefinition, HetProfile
from her2het.results.fish import FishHeterogeneity
from her2het.schema import Design, NotApplicable, Note
from her2het.tables import FishNuclei, Samples


@analysis(section="HER2 status and heterogeneity")
def fish_heterogeneity(
    fish_nuclei: FishNuclei,
    samples: Samples,
    design: Design,
    *,
    profile: Annotated[HetProfile, Field(description="Which published definition of HET decides.")] = HetProfile.LI2024,
    min_cells: Annotated[
        int | None, Field(ge=1, description="Fewest scored nuclei for a call; the definition's own where not set.")
    ] = None,
    negative_area: Annotated[
        NegativeArea,
        Field(description="METZGER2021: a HER2-negative area by ratio and copies of its sums, or by at most 5 %."),
    ] = "sums",
) -> FishHeterogeneity:
    """How is ERBB2 amplification spread between nuclei, areas, samples and patients?

    ERBB2/CEP17 is the ratio of summed signals, copies the mean ERBB2 signals per nucleus, each with its interval for
    independent nuclei (delta method; t). A nucleus is amplified as the chosen definition has it; the fraction of
    amplified nuclei carries a 95 % interval that allows for areas that differ (beta-binomial posterior, Beta(2/3, 2/3)
    prior on the mean, a correlation that falls linearly to 0 at 0.6; area rows: exact binomial). The fraction is the
    share of the nuclei counted, the interval that of the mean over areas, not centred on it. HET is called on
    integers. Equitability is Shannon's H of the (ERBB2, CEP17) pairs over ln of the number of distinct pairs, and
    beside it over ln of the number of nuclei; both depend on how many nuclei were counted. Patients pool the nuclei of
    one phase (doi:10.1172/JCI176454).
    """
    definition = BY_NAME[profile]
    n_min = min_cells or definition.n_min
    owner = samples.set_index("sample")
    nuclei = fish_nuclei.assign(
        patient=fish_nuclei["sample"].map(owner["patient"]),
        phase=fish_nuclei["sample"].map(owner["timepoint"]).map(design.phase),
        area=(fish_nuclei["area"] if "area" in fish_nuclei.columns else pd.Series("1", index=fish_nuclei.index)).fillna(
            "1"
        ),
    )
    if definition.unit == "population":
        raise NotApplicable(f"profile {profile.value} needs populations told apart on the slide, which no table holds")
    by_sample, areas = _score(nuclei, ["sample", "patient", "phase"], ["area"], definition, n_min, negative_area)
    by_patient, _ = _score(nuclei, ["patient", "phase"], ["sample", "area"], definition, n_min, negative_area)
    short = by_sample[by_sample["call"] == HetCode.INSUFFICIENT.name]
    rows = [
        ("sample", s, f"{n} scored nuclei, fewer than {n_min}", "fish_heterogeneity.min_cells")
        for s, n in zip(short["sample"], short["scored"], strict=True)
    ]
    bare = by_sample[by_sample["cep17_sum"] == 0]["sample"]
    rows += [("sample", s, "no CEP17 signal in any nucleus: no ratio", "fish_nuclei") for s in bare]
    return FishHeterogeneity(
        areas=areas,
        samples=by_sample,
        patients=by_patient,
        profile=profile.value,
        fraction_limits=(definition.limits.low, definition.limits.high),
        excluded=excluded(rows),
        notes=_notes(by_sample, by_patient, definition),
    )


def _score(
    nuclei: pd.DataFrame,
    unit: list[str],
    area: list[str],
    definition: HetDefinition,
    n_min: int,
    negative_area: NegativeArea,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per unit and a row per area of a unit."""
    unit_code, units = _codes(nuclei[unit])
    area_code, areas = _codes(nuclei[area])
    numbered = number_areas(unit_code, area_code)
    rule = CellRule(*definition.cell.integers)
    counts = count_nuclei(
        nuclei["erbb2"].to_numpy(dtype=np.int64),
        nuclei["cep17"].to_numpy(dtype=np.int64),
        numbered.of_nucleus,
        numbered.sample,
        len(units),
        rule=rule,
    )
    limits = Limits(*definition.limits.integers)
    table = pd.concat([units, _columns(counts, definition, limits, n_min, rule, negative_area)], axis=1)
    low, high = clopper_pearson(counts.areas.amplified, counts.areas.scored)
    of_area = pd.DataFrame(
        {
            "nuclei": counts.areas.nuclei,
            "ratio": ratio_interval(counts.areas).estimate,
            "copies": copies_interval(counts.areas).estimate,
            "amplified": counts.areas.amplified,
            "scored": counts.areas.scored,
            "fraction": _share(counts.areas.amplified, counts.areas.scored),
            "fraction_low": low,
            "fraction_high": high,
        }
    )
    names = units.iloc[numbered.sample].reset_index(drop=True)
    labels = areas.iloc[numbered.label].reset_index(drop=True)
    return table, pd.concat([names, labels, of_area], axis=1)


def _codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Codes in the order of first appearance, and the distinct rows in that order."""
    numbers = frame.groupby(list(frame.columns), sort=False, dropna=False).ngroup().to_numpy()
    distinct = frame.drop_duplicates(ignore_index=True).astype("string")
    return numbers.astype(np.int64), distinct


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _columns(
    counts: FishCounts, definition: HetDefinition, limits: Limits, n_min: int, rule: CellRule, by: NegativeArea
) -> pd.DataFrame:
    s, a = counts.samples, counts.areas
    if definition.unit == "area":
        negative = negative_areas(a, rule, limits, by)
        called = call_areas(
            a.amplified,
            a.scored,
            negative,
            counts.area_start,
            n_min=n_min,
            n_min_area=definition.n_min_unit,
            limits=limits,
        )
        code, discordant = called.code, called.discordant_with_central_positive
    else:
        code, discordant = call_fraction(s.amplified, s.scored, n_min, limits, s.nuclei), np.zeros(len(s.nuclei), bool)
    ratio, copies = ratio_interval(s), copies_interval(s)
    posterior = fraction_posterior(
        a.amplified, a.scored, counts.area_start, low=definition.limits.low, high=definition.limits.high
    )
    naive_low, naive_high = clopper_pearson(s.amplified, s.scored)
    index = diversity(counts.pairs.start, counts.pairs.count)
    het = pd.Series(code == HetCode.HET).astype("boolean")
    unknown = (code == HetCode.INSUFFICIENT) | (code == HetCode.UNDEFINED)
    flags = [
        ", ".join(
            word
            for word, holds in (
                ("SINGLE_SPECIES", index.species[i] == 1),
                ("NO_CEP17", s.no_cep17[i] > 0),
                ("ONE_AREA", posterior.areas[i] == 1),
                ("DISCORDANT_WITH_CENTRAL_POSITIVE", discordant[i]),
            )
            if holds
        )
        for i in range(len(code))
    ]
    return pd.DataFrame(
        {
            "nuclei": s.nuclei,
            "areas": np.diff(counts.area_start),
            "erbb2_sum": s.her2,
            "cep17_sum": s.cep17,
            "ratio": ratio.estimate,
            "ratio_low": ratio.low,
            "ratio_high": ratio.high,
            "copies": copies.estimate,
            "copies_low": copies.low,
            "copies_high": copies.high,
            "scored": s.scored,
            "amplified": s.amplified,
            "ratio_driven": s.amplified - s.by_copies,
            "copy_driven": s.by_copies,
            "fraction": _share(s.amplified, s.scored),
            "fraction_low": posterior.low,
            "fraction_high": posterior.high,
            "fraction_low_naive": naive_low,
            "fraction_high_naive": naive_high,
            "p_het": posterior.p_between,
            "grade": pd.Series([Grade(g).name for g in posterior.grade], dtype="string"),
            "call": pd.Series([HetCode(c).name for c in code], dtype="string"),
            "het": het.mask(unknown),
            "equitability": index.equitability,
            "equitability_cells": index.equitability_cells,
            "species": index.species,
            "flags": pd.Series(flags, dtype="string"),
        }
    )


def _notes(by_sample: pd.DataFrame, by_patient: pd.DataFrame, definition: HetDefinition) -> tuple[Note, ...]:
    notes = [Note("note", f"Definition {definition.name.value}", f"{definition.text} {definition.open_points}".strip())]
    uncertain = by_patient[(by_patient["phase"] == "baseline") & (by_patient["grade"] == "UNCERTAIN")]
    if len(uncertain):
        n = int((by_patient["phase"] == "baseline").sum())
        text = f"In {len(uncertain)} of {n} patients no class (at most 5 %, between, at least 50 %) reaches 80 %."
        notes.append(Note("note", "Uncertain heterogeneity calls", text))
    few, many = by_sample["nuclei"].min(), by_sample["nuclei"].max()
    if len(by_sample) and many > 2 * few:
        text = f"Samples have {few} to {many} nuclei; equitability falls as more are counted, whatever the tumour."
        notes.append(Note("caution", "Nuclei per sample differ", text))
    bare = int(by_sample["flags"].str.contains("NO_CEP17").sum())
    if bare:
        text = f"{bare} samples have nuclei without CEP17 signals: amplified from 6 ERBB2 copies on, else left out."
        notes.append(Note("note", "Nuclei without CEP17", text))
    return tuple(notes)
