"""Spatial pattern and regional heterogeneity of each sample as rows of a table."""

import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from her2het.io.fish_table import FishTable
from her2het.kernels.area_clustering import area_clustering, between_area_test
from her2het.kernels.cut_nuclei import amplified_probability, fit_cut_nuclei
from her2het.kernels.fish import CellRule, count_nuclei, number_areas
from her2het.kernels.spatial import PatternRule, spatial_pattern
from her2het.reference.het_profiles import BY_NAME, HetProfile
from her2het.reference.spatial_rule import SPATIAL_RULE


def pattern_rows(
    table: FishTable,
    *,
    at_least: float,
    p_keep: float | None,
    graph: Literal["knn", "delaunay"],
    neighbours: int,
    reach: float,
    permutations: int,
    seed: int,
) -> list[dict[str, object]]:
    """A row per sample, in the order of the file; cells without a position or without an answer are left out."""
    if table.x is None or table.y is None:
        raise ValueError("pattern_rows: the table has no positions")
    positive, known = _positive(table, at_least, p_keep)
    placed = known & np.isfinite(table.x) & np.isfinite(table.y)
    rows: list[dict[str, object]] = []
    order = np.argsort(table.sample.code, kind="stable")
    bounds = np.searchsorted(table.sample.code[order], np.arange(len(table.sample.names) + 1))
    areas = number_areas(table.sample.code[placed].astype(np.int64), table.area.code[placed].astype(np.int64))
    scored = np.bincount(areas.of_nucleus, minlength=len(areas.sample)).astype(np.int64)
    hits = np.bincount(areas.of_nucleus, positive[placed], len(areas.sample)).astype(np.int64)
    start = np.searchsorted(areas.sample, np.arange(len(table.sample.names) + 1)).astype(np.int64)
    regional, test = area_clustering(hits, scored, start), between_area_test(hits, scored, start)
    for k, name in enumerate(table.sample.names):
        mine = order[bounds[k] : bounds[k + 1]]
        use = mine[placed[mine]]
        got = spatial_pattern(
            table.x[use],
            table.y[use],
            positive[use],
            rule=PatternRule(*SPATIAL_RULE.bounds),
            graph=graph,
            k=neighbours,
            reach=reach,
            group=table.area.code[use],
            permutations=permutations,
            seed=seed,
            key=zlib.crc32(name.encode()),
        )
        rows.append(
            {
                "sample": name,
                "pattern": got.pattern.name,
                "cells": got.cells,
                "left_out": len(mine) - len(use),
                "fraction_positive": got.fraction_positive,
                "minority_fraction": got.minority_fraction,
                "minority": "positive" if got.minority_positive else "negative",
                "largest_component": got.largest_component,
                "connected_share": got.connected_share,
                "components": got.components,
                "moran": got.joins.moran,
                "moran_p": got.joins.p,
                "joins": got.joins.edges,
                "joins_positive": got.joins.both,
                "joins_mixed": got.joins.mixed,
                "areas": int(regional.areas[k]),
                "area_fraction_lowest": regional.lowest[k],
                "area_fraction_highest": regional.highest[k],
                "icc": regional.rho[k],
                "between_area_p": test.p[k],
            }
        )
    return rows


def _positive(table: FishTable, at_least: float, p_keep: float | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells are positive, and for which the question has an answer."""
    if table.marker is not None:
        return table.marker >= at_least, np.isfinite(table.marker)
    cell = CellRule(*BY_NAME[HetProfile.LI2024].cell.integers)
    h, c = table.erbb2.astype(np.int64), table.cep17.astype(np.int64)
    by_ratio = (c > 0) & (cell.ratio_den * h - cell.ratio_num * c >= cell.ratio_margin)
    by_copies = h >= cell.min_copies
    if p_keep is None:
        return by_ratio | by_copies, (c > 0) | by_copies
    owner = table.sample.code.astype(np.int64)
    n = len(table.sample.names)
    pairs = count_nuclei(h, c, owner, np.arange(n), n, rule=cell).pairs
    chance = amplified_probability(pairs, fit_cut_nuclei(pairs, rule=cell, p_keep=p_keep), rule=cell, p_keep=p_keep)
    of_pair = np.repeat(np.arange(n), np.diff(pairs.start))
    wide = np.int64(1) << 16
    keys = (of_pair * wide + pairs.her2) * wide + pairs.cep17
    order = np.argsort(keys)
    mine = (owner * wide + h) * wide + np.maximum(c, 0)
    at = np.minimum(np.searchsorted(keys[order], mine), max(len(keys) - 1, 0))
    found = (keys[order][at] == mine) & (c >= 0) if len(keys) else np.zeros(len(h), bool)
    p = np.where(found, chance[order][at] if len(keys) else np.nan, np.nan)
    p = np.where(np.isnan(p) & by_copies, 1.0, p)
    return p >= 0.5, np.isfinite(p)
