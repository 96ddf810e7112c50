"""Nuclei of a study, counted by sample or by patient and phase."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.fish import CellRule, FishCounts, NucleusSums, count_nuclei, number_areas
from her2het.kernels.het_call import Limits, negative_by_fraction, negative_by_sums
from her2het.schema import Design

NegativeArea = Literal["sums", "fraction"]


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of each unit and area. `units` and `areas` hold their names, row by row as the counts are."""

    units: pd.DataFrame
    areas: pd.DataFrame
    counts: FishCounts

    @property
    def owner(self) -> NDArray[np.int64]:
        """Which unit each area belongs to."""
        return np.repeat(np.arange(len(self.units)), np.diff(self.counts.area_start))


def placed_nuclei(fish_nuclei: pd.DataFrame, samples: pd.DataFrame, design: Design) -> pd.DataFrame:
    """The nuclei of samples before or after treatment, with patient, phase and area ('1' where none was given)."""
    owner = samples.set_index("sample")
    phase = owner["timepoint"].map(design.phase)
    area = fish_nuclei["area"] if "area" in fish_nuclei.columns else pd.Series(pd.NA, index=fish_nuclei.index)
    codes, names = pd.factorize(fish_nuclei["sample"])
    found = pd.Index(names)
    table = fish_nuclei.assign(
        patient=owner["patient"].reindex(found).to_numpy()[codes],
        phase=phase.reindex(found).to_numpy()[codes],
        area=area.astype("string").fillna("1"),
    )
    return table[table["phase"].isin(["baseline", "followup"])].reset_index(drop=True)


def count_units(nuclei: pd.DataFrame, unit: list[str], area: list[str], rule: CellRule) -> Counted:
    """Count the nuclei of each unit and of each of its areas; units and areas in the order of first appearance."""
    unit_code, units = _codes(nuclei, unit)
    area_code, areas = _codes(nuclei, area)
    numbered = number_areas(unit_code, area_code)
    counts = count_nuclei(
        nuclei["erbb2"].to_numpy(dtype=np.int64),
        nuclei["cep17"].to_numpy(dtype=np.int64),
        numbered.of_nucleus,
        numbered.sample,
        len(units),
        rule=rule,
    )
    return Counted(units, areas.iloc[numbered.label].reset_index(drop=True), counts)


def _codes(nuclei: pd.DataFrame, columns: list[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Codes in the order of first appearance, and the distinct rows in that order."""
    code = np.zeros(len(nuclei), np.int64)
    for name in columns:
        part, found = pd.factorize(nuclei[name])
        code = code * max(len(found), 1) + part
    code, _ = pd.factorize(code)
    _, first = np.unique(code, return_index=True)
    distinct = nuclei[columns].iloc[first].reset_index(drop=True).astype("string")
    return code.astype(np.int64), distinct


def negative_areas(areas: NucleusSums, rule: CellRule, limits: Limits, by: NegativeArea) -> NDArray[np.bool_]:
    """Which areas are HER2-negative: by ratio and copies of their sums, or by their amplified fraction."""
    if by == "fraction":
        return negative_by_fraction(areas.amplified, areas.scored, limits)
    return negative_by_sums(areas.her2, areas.cep17, areas.nuclei, rule, areas.paired_her2)


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """part / whole, not a number where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
