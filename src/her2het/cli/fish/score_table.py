"""Scores of nuclei as tables: one row per sample, one per area."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.io.fish_table import FishTable
from her2het.kernels.area_clustering import area_clustering, between_area_test
from her2het.kernels.area_posterior import Grade, fraction_posterior
from her2het.kernels.cut_nuclei import call_robust, fit_cut_nuclei, widest_limits
from her2het.kernels.diversity import DiversityFlag, diversity, rao_q, two_state_entropy
from her2het.kernels.diversity_null import rarefied, standardised
from her2het.kernels.fish import CellRule, FishCounts, NucleusSums, count_nuclei, number_areas
from her2het.kernels.fish_intervals import clopper_pearson, copies_interval, ratio_interval
from her2het.kernels.het_call import (
    HetCode,
    Limits,
    call_areas,
    call_fraction,
    call_populations,
    negative_by_fraction,
    negative_by_sums,
)
from her2het.kernels.streams import stream_states
from her2het.notice import INTENDED_USE
from her2het.reference.het_profiles import HetDefinition

Column = NDArray[np.generic]
NegativeArea = Literal["sums", "fraction"]
"""HER2-negative areas of METZGER2021: by ratio and copies of their sums, or by an amplified fraction up to 5 %."""


@dataclass(frozen=True)
class Wanted:
    """What to score beyond counts, intervals, the call and equitability."""

    certainty: bool = True
    p_keep: tuple[float, ...] = (0.8, 0.7, 0.9)
    """Chances that a cut nucleus keeps a signal: the first for the estimate, all for the limits; none: no allowance."""
    rarefy_to: int | None = None
    null: str | None = None
    seed: int = 0
    negative_area: NegativeArea = "sums"


def _rule(definition: HetDefinition) -> CellRule:
    return CellRule(*definition.cell.integers)


def count(table: FishTable, rule: CellRule, *, by_population: bool = False) -> tuple[FishCounts, list[str], list[str]]:
    """Counts per sample and area (or population), with the sample and the label of each area."""
    unit = table.population if by_population and table.population is not None else table.area
    areas = number_areas(table.sample.code.astype(np.int64), unit.code.astype(np.int64))
    counts = count_nuclei(table.erbb2, table.cep17, areas.of_nucleus, areas.sample, len(table.sample.names), rule=rule)
    samples = [table.sample.names[k] for k in areas.sample]
    return counts, samples, [unit.names[k] for k in areas.label]


def call(
    table: FishTable, definition: HetDefinition, n_min: int, negative_area: NegativeArea = "sums"
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The call of each sample by one definition, and where it contradicts a HER2-positive tumour."""
    rule, limits = _rule(definition), Limits(*definition.limits.integers)
    by_population = definition.unit == "population"
    counts, _, _ = count(table, rule, by_population=by_population)
    none = np.zeros(len(counts.samples.nuclei), bool)
    if by_population:
        if table.population is None:
            return np.full(len(none), int(HetCode.UNDEFINED), np.int8), none
        u = counts.areas
        code = call_populations(
            u.nuclei,
            ~negative_by_sums(u.her2, u.cep17, u.nuclei, rule, u.paired_her2),
            counts.area_start,
            n_min=n_min,
            n_min_population=definition.n_min_unit,
            limits=limits,
        )
        return code, none
    if definition.unit == "area":
        u = counts.areas
        if negative_area == "fraction":
            negative = negative_by_fraction(u.amplified, u.scored, limits)
        else:
            negative = negative_by_sums(u.her2, u.cep17, u.nuclei, rule, u.paired_her2)
        got = call_areas(
            u.amplified,
            u.scored,
            negative,
            counts.area_start,
            n_min=n_min,
            n_min_area=definition.n_min_unit,
            limits=limits,
        )
        return got.code, got.discordant_with_central_positive
    u = counts.samples
    return call_fraction(u.amplified, u.scored, n_min, limits, counted=u.nuclei), none


def sample_table(
    table: FishTable, counts: FishCounts, definition: HetDefinition, n_min: int, wanted: Wanted
) -> pd.DataFrame:
    """One row per sample, in the order of the file."""
    s, pairs = counts.samples, counts.pairs
    ratio, copies = ratio_interval(s), copies_interval(s)
    spread = area_clustering(counts.areas.amplified, counts.areas.scored, counts.area_start)
    low, high = clopper_pearson(s.amplified, s.scored)
    even = diversity(pairs.start, pairs.count)
    code, discordant = call(table, definition, n_min, wanted.negative_area)
    capped = np.bincount(table.sample.code[table.capped], minlength=len(s.nuclei))
    columns: dict[str, Column | list[str]] = {
        "sample": list(table.sample.names),
        "nuclei": s.nuclei,
        "areas": np.diff(counts.area_start),
        "left_out": table.left_out,
        "capped": capped,
        "no_cep17": s.no_cep17,
        "ratio": ratio.estimate,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "copies": copies.estimate,
        "copies_low": copies.low,
        "copies_high": copies.high,
        "cep17_copies": _share(s.cep17, s.paired),
        "amplified": s.amplified,
        "scored": s.scored,
        "amplified_by_ratio_only": s.amplified - s.by_copies,
        "amplified_by_copies": s.by_copies,
        "fraction": _share(s.amplified, s.scored),
        "fraction_low_naive": low,
        "fraction_high_naive": high,
        "call": _names(HetCode, code),
        "pairs": even.species,
        "shannon": even.shannon,
        "equitability": even.equitability,
        "equitability_cells": even.equitability_cells,
        "chao_shen": even.chao_shen,
        "gini_simpson": even.gini_simpson_unbiased,
        "two_state_entropy": two_state_entropy(s.amplified, s.scored),
    }
    if wanted.certainty:
        columns |= _certainty(counts, definition, spread.rho, spread.deff)
        columns["rao_log_ratio"] = rao_q(pairs, "log_ratio", unbiased=True)
    if wanted.p_keep:
        columns |= _robust(counts, definition, n_min, wanted.p_keep, spread.deff)
    states = stream_states(wanted.seed, len(s.nuclei)) if wanted.rarefy_to or wanted.null else None
    if wanted.rarefy_to and states is not None:
        thin = rarefied(pairs, states, cells=wanted.rarefy_to)
        columns |= {
            f"equitability_of_{thin.cells}": thin.equitability,
            f"equitability_of_{thin.cells}_sd": thin.equitability_sd,
            f"shannon_of_{thin.cells}": thin.shannon,
        }
    if wanted.null and states is not None:
        model = "thinning" if wanted.null == "thinning" else "poisson"
        z = standardised(s, even.shannon, even.equitability, states, model=model)
        columns |= {"equitability_z": z.equitability_z, "shannon_z": z.shannon_z}
    columns["flags"] = _flags(
        counts, definition, ratio.low, ratio.high, copies.low, copies.high, even.flags, discordant, capped
    )
    return pd.DataFrame(columns)


def _certainty(
    counts: FishCounts, definition: HetDefinition, rho: NDArray[np.float64], deff: NDArray[np.float64]
) -> dict[str, Column | list[str]]:
    a = counts.areas
    limits = definition.limits
    post = fraction_posterior(a.amplified, a.scored, counts.area_start, low=limits.low, high=limits.high)
    test = between_area_test(a.amplified, a.scored, counts.area_start)
    return {
        "fraction_low": post.low,
        "fraction_high": post.high,
        "p_at_most_low": post.p_low,
        "p_between": post.p_between,
        "p_at_least_high": post.p_high,
        "grade": _names(Grade, post.grade),
        "icc": rho,
        "design_effect": deff,
        "between_area_p": test.p,
    }


def _robust(
    counts: FishCounts, definition: HetDefinition, n_min: int, p_keep: tuple[float, ...], deff: NDArray[np.float64]
) -> dict[str, Column | list[str]]:
    spread = np.fmax(deff, 1.0)
    fits = [fit_cut_nuclei(counts.pairs, rule=_rule(definition), p_keep=p, inflation=spread) for p in p_keep]
    fit = widest_limits(fits, fits[0])
    code, sure = call_robust(fit, low=definition.limits.low, high=definition.limits.high, n_min=n_min)
    return {
        "robust_fraction": fit.share,
        "robust_low": fit.low,
        "robust_high": fit.high,
        "robust_by_copies_only": fit.by_copies_only,
        "robust_call": _names(HetCode, code),
        "robust_within_class": sure,
        "modal_erbb2": fit.modal_her2,
        "modal_cep17": fit.modal_cep17,
        "cut_null_fraction": fit.null_fraction,
        "cut_null_p": fit.p_value,
    }


def area_table(counts: FishCounts, samples: list[str], labels: list[str]) -> pd.DataFrame:
    """One row per area."""
    a = counts.areas
    ratio, copies = ratio_interval(a), copies_interval(a)
    low, high = clopper_pearson(a.amplified, a.scored)
    return pd.DataFrame(
        {
            "sample": samples,
            "area": labels,
            "nuclei": a.nuclei,
            "ratio": ratio.estimate,
            "ratio_low": ratio.low,
            "ratio_high": ratio.high,
            "copies": copies.estimate,
            "copies_low": copies.low,
            "copies_high": copies.high,
            "cep17_copies": _share(a.cep17, a.paired),
            "amplified": a.amplified,
            "scored": a.scored,
            "fraction": _share(a.amplified, a.scored),
            "fraction_low": low,
            "fraction_high": high,
        }
    )


def labelled(frame: pd.DataFrame, definition: HetDefinition) -> pd.DataFrame:
    """The table with the definition that decided and what it is for, in each row."""
    fewest = definition.cell.min_her2
    name = definition.name.value + (f", ERBB2 >= {fewest}" if fewest else "")
    return frame.assign(definition=name, intended_use=INTENDED_USE)


def at_least(definition: HetDefinition, min_her2: int | None) -> HetDefinition:
    """The definition, with a fewest number of ERBB2 signals of an amplified nucleus."""
    return definition if min_her2 is None else replace(definition, cell=replace(definition.cell, min_her2=min_her2))


def profile_table(
    table: FishTable, definitions: list[HetDefinition], negative_area: NegativeArea = "sums"
) -> pd.DataFrame:
    """The call of each sample by each definition: columns call_<definition>."""
    return pd.DataFrame(
        {f"call_{d.name.value}": _names(HetCode, call(table, d, d.n_min, negative_area)[0]) for d in definitions}
    )


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _names(kind: type[HetCode] | type[Grade], code: NDArray[np.int8]) -> list[str]:
    names = {int(k): k.name for k in kind}
    return [names[int(k)] for k in code]


def _flags(
    counts: FishCounts,
    definition: HetDefinition,
    ratio_low: NDArray[np.float64],
    ratio_high: NDArray[np.float64],
    copies_low: NDArray[np.float64],
    copies_high: NDArray[np.float64],
    even: NDArray[np.int8],
    discordant: NDArray[np.bool_],
    capped: NDArray[np.int64],
) -> list[str]:
    cell = definition.cell
    s: NucleusSums = counts.samples
    near = np.zeros(len(s.nuclei), bool)
    if cell.ratio_den:
        near |= (ratio_low < cell.ratio_num / cell.ratio_den) & (ratio_high >= cell.ratio_num / cell.ratio_den)
    if cell.min_copies:
        near |= (copies_low < cell.min_copies) & (copies_high >= cell.min_copies)
    marks = {
        "NEAR_THRESHOLD": near,
        "CLUSTERING_NOT_ESTIMABLE": np.diff(counts.area_start) < 2,
        "CAPPED": capped > 0,
        "LEFT_FRACTION": s.scored < s.nuclei,
        "DISCORDANT_WITH_CENTRAL_POSITIVE": discordant,
        "SINGLE_SPECIES": (even & DiversityFlag.SINGLE_SPECIES) > 0,
    }
    lines = [[] for _ in range(len(s.nuclei))]
    for name, where in marks.items():
        for k in np.flatnonzero(where):
            lines[k].append(name)
    return [" ".join(line) for line in lines]
