"""FISH of every sample: two subclones, areas that differ, cut nuclei, positions; and the truth behind them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.reference.het_profiles import BY_NAME, CellCutoffs, HetProfile
from her2het.simulate.cohort import Specimens
from her2het.simulate.effects import SIZES
from her2het.simulate.latent import Latent
from her2het.simulate.positions import PATTERNS, choose_amplified, place
from her2het.simulate.streams import Streams
from her2het.simulate.structure import HET, NON_HET, Flags, Roles, Structure

Floats = NDArray[np.float64]

P_KEEP = 0.8
"""Chance that a signal lies in the part of the nucleus that the section kept."""
RHO = 0.05
"""Between-area correlation of the amplified state."""
MARGIN = 0.03
"""How far the literal fraction of a tumour must stay from the limits of HET."""
AREA_GAP = 2500.0
"""Distance between areas of a section, um."""
DEFINITION = BY_NAME[HetProfile.LI2024]
ATTEMPTS = 200
COPIES = (8.5, 45.0)
"""Bounds of a tumour's mean ERBB2 copies in amplified cells."""
LOWEST_PURE = 0.55
"""Least literal fraction of a tumour that is not HET."""


@dataclass(frozen=True)
class Tumours:
    """Truth per patient: amplified fraction before and after (nan: no residual tumour), pattern, copies."""

    before: Floats
    after: Floats
    pattern_before: tuple[str, ...]
    pattern_after: tuple[str, ...]
    polysomy: Floats


@dataclass(frozen=True)
class Fish:
    """The table, and truth per nucleus and per area."""

    nuclei: pd.DataFrame
    amplified: Flags
    areas: pd.DataFrame


def draw_tumours(streams: Streams, roles: Roles, scale: float) -> Tumours:
    """Draw each tumour's true amplified fraction (before, after) and spatial pattern."""
    rng = streams.of("fish", 1_000_000)
    n = roles.n
    high = 1 - rng.beta(1.6, 14, n)
    lower = 1 - rng.beta(2.6, 14, n)
    pure = np.where((roles.group == NON_HET) & (scale > 0), lower, high)
    before = np.clip(pure, 0.70, 0.995)
    kind_before, kind_after = ["homogeneous"] * n, ["homogeneous"] * n
    drop = rng.uniform(0.0, 0.04, n) * scale
    after = np.where(roles.residual, np.clip(before - drop, 0.66, 0.995), np.nan)
    mixed_before = np.flatnonzero(roles.group == HET)
    order = rng.permutation(len(mixed_before))
    for k, p in enumerate(mixed_before):
        kind_before[p] = PATTERNS[order[k] % 3]
        before[p] = rng.uniform(*_range(kind_before[p]))
    for p in np.flatnonzero(roles.residual):
        if roles.het_after[p]:
            stays = roles.group[p] == HET
            kind_after[p] = kind_before[p] if stays else PATTERNS[int(rng.integers(3))]
            low, top = _range(kind_after[p])
            after[p] = max(before[p] * (1 - 0.25 * scale), low) if stays else rng.uniform(low, top)
        elif roles.group[p] == HET:
            after[p] = rng.uniform(0.72, 0.88)
    polysomy = rng.choice([0.05, 0.2, 0.45], n, p=[0.5, 0.35, 0.15])
    return Tumours(before, after, tuple(kind_before), tuple(kind_after), polysomy)


def _range(pattern: str) -> tuple[float, float]:
    return (0.07, 0.13) if pattern == "scattered" else (0.14, 0.29)


def is_amplified(erbb2: NDArray[np.integer], cep17: NDArray[np.integer], rule: CellCutoffs) -> tuple[Flags, Flags]:
    """Which nuclei the literal rule calls amplified, and which it can judge."""
    copies = erbb2 >= rule.min_copies
    ratio = (cep17 > 0) & (rule.ratio_den * erbb2 - rule.ratio_num * cep17 >= rule.ratio_margin)
    bare = (cep17 == 0) & (erbb2 >= rule.min_copies_without_cep17)
    called = ratio | bare | (copies & (cep17 > 0))
    return called, (cep17 > 0) | bare


def draw_fish(
    streams: Streams,
    structure: Structure,
    roles: Roles,
    found: Specimens,
    latent: Latent,
    tumours: Tumours,
    scale: float,
) -> Fish:
    """Draw the nuclei of every sample with FISH; a tumour is drawn again until its literal call is the planted one."""
    her2 = latent.of_patient("her2", found, roles.n)
    own = streams.of("fish", 1_000_001).normal(0, 0.22, roles.n)
    copies = np.clip(15 * np.exp(np.log(2) * SIZES.copies_per_her2 * her2 + own), *COPIES)
    tables: list[pd.DataFrame] = []
    truths: list[pd.DataFrame] = []
    for p in range(roles.n):
        for after in (False, True):
            samples = np.flatnonzero((found.patient == p) & found.fish & (found.after == after))
            if not len(samples):
                continue
            fraction = float((tumours.after if after else tumours.before)[p])
            pattern = (tumours.pattern_after if after else tumours.pattern_before)[p]
            het = bool(roles.het_after[p]) if after else bool(roles.group[p] == HET)
            spread = SIZES.copy_spread_before
            spread += scale * (SIZES.copy_spread_after - SIZES.copy_spread_before) * after
            polysomy = float(tumours.polysomy[p]) + scale * SIZES.polysomy_after * after
            tumour = _Tumour(fraction, pattern, float(copies[p]), spread, polysomy, het)
            table, truth = _draw_tumour(streams.of("fish", 2 * p + after), structure, tumour, len(samples))
            names = np.array(found.name)[samples]
            table["sample"] = names[table["sample"]]
            truth["sample"] = names[truth["sample"]]
            truth["pattern"] = pattern
            truth["true_fraction_tumour"] = fraction
            tables.append(table)
            truths.append(truth)
    nuclei = pd.concat(tables, ignore_index=True)
    amplified = nuclei.pop("amplified").to_numpy()
    areas = pd.concat(truths, ignore_index=True)
    order = ["sample", "area", "pattern", "nuclei", "true_fraction_tumour", "true_fraction_area", "true_amplified"]
    return Fish(nuclei[["sample", "area", "nucleus", "erbb2", "cep17", "x", "y"]], amplified, areas[order])


@dataclass(frozen=True)
class _Tumour:
    fraction: float
    pattern: str
    copies: float
    spread: float
    polysomy: float
    het: bool


def _draw_tumour(
    rng: np.random.Generator, structure: Structure, tumour: _Tumour, samples: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    limits = DEFINITION.limits
    for _ in range(ATTEMPTS):
        table, truth = _attempt(rng, structure, tumour, samples)
        called, judged = is_amplified(table["erbb2"].to_numpy(), table["cep17"].to_numpy(), DEFINITION.cell)
        total = np.bincount(table["sample"], judged, samples)
        share = np.bincount(table["sample"], called, samples) / total
        pooled = called.sum() / judged.sum()
        if tumour.het:
            inside = (share > limits.low) & (share < limits.high)
            fits = limits.low + MARGIN < pooled < limits.high - MARGIN and bool(inside.all())
        else:
            fits = pooled >= LOWEST_PURE and bool((share >= limits.high + MARGIN / 2).all())
        if fits:
            return table, truth
    raise RuntimeError(f"no draw of {tumour} has its planted call")


def _attempt(
    rng: np.random.Generator, structure: Structure, tumour: _Tumour, samples: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    areas = structure.areas
    count = np.clip(np.round(rng.normal(structure.nuclei, 0.15 * structure.nuclei, areas)), 20, None).astype(int)
    share = rng.beta(tumour.fraction * (1 - RHO) / RHO, (1 - tumour.fraction) * (1 - RHO) / RHO, areas)
    number = rng.binomial(count, share)
    of_sample = np.arange(areas) * samples // areas
    in_sample = np.arange(areas) - np.searchsorted(of_sample, of_sample)
    area = np.repeat(np.arange(areas), count)
    n = len(area)
    position = np.empty((n, 2))
    amplified = np.empty(n, bool)
    first = np.concatenate([[0], np.cumsum(count)])
    for a in range(areas):
        part = slice(first[a], first[a + 1])
        position[part] = place(rng, count[a])
        amplified[part] = choose_amplified(rng, position[part], int(number[a]), tumour.pattern)
    position[:, 0] += AREA_GAP * in_sample[area]
    cep17 = 2 + rng.binomial(2, tumour.polysomy, n)
    shape = 1 / tumour.spread**2
    many = np.maximum(rng.poisson(tumour.copies * rng.gamma(shape, 1 / shape, n)), 5)
    erbb2 = np.where(amplified, many, cep17)
    table = pd.DataFrame(
        {
            "sample": of_sample[area],
            "area": [f"A{k + 1}" for k in in_sample[area]],
            "nucleus": np.arange(n) - first[area] + 1,
            "erbb2": rng.binomial(erbb2, P_KEEP),
            "cep17": rng.binomial(cep17, P_KEEP),
            "x": np.round(position[:, 0], 1),
            "y": np.round(position[:, 1], 1),
            "amplified": amplified,
        }
    )
    truth = pd.DataFrame(
        {
            "sample": of_sample,
            "area": [f"A{k + 1}" for k in in_sample],
            "nuclei": count,
            "true_fraction_area": np.round(share, 4),
            "true_amplified": number,
        }
    )
    return table, truth
