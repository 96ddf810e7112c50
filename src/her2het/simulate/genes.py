"""Which genes there are, how strongly each is expressed, and how it follows the factors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.reference.tables import (
    PAM50_SUBTYPES,
    erbb_pi3k_sets,
    estimate_common_genes,
    estimate_signatures,
    gene_annotation,
    pam50_centroids,
)
from her2het.simulate import gene_lists as lists
from her2het.simulate.effects import CHANGED_IN_HET, CHANGED_NONCODING, GROUP_GENES, TIME_FACTORS, TIME_GENES
from her2het.simulate.latent import FACTORS
from her2het.simulate.streams import Streams

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FULL = 20_000
CODING_SHARE = 0.775
FEWEST = 4_000
SMALL_SHARE = 0.30
"""Share of microRNA, LINC and snoRNA genes among the non-coding ones that fill up."""
SETS = {
    "pi3k": (
        *("SIGNALING_BY_ERBB2", "SIGNALING_BY_ERBB4"),
        *("PI3K_EVENTS_IN_ERBB2_SIGNALING", "PI3K_EVENTS_IN_ERBB4_SIGNALING"),
    ),
    "atf6": ("ATF6_ATF6_ALPHA_ACTIVATES_CHAPERONES",),
    "fgfr": ("SIGNALING_BY_FGFR",),
    "bile": ("BILE_ACID_AND_BILE_SALT_METABOLISM",),
    "mtor": ("MTOR_SIGNALLING",),
    "tgfb": ("SIGNALING_BY_TGF_BETA_RECEPTOR_COMPLEX",),
    "pten": ("PTEN_REGULATION",),
    "notch": ("SIGNALING_BY_NOTCH",),
    "dna_repair": ("DNA_REPAIR",),
    "proliferation": ("CELL_CYCLE",),
}
"""Factor -> Reactome sets (without the prefix) whose genes follow it."""
SET_LOADING = {"pi3k": 0.40, "atf6": 0.45, "bile": 0.45, "fgfr": 0.45, "mtor": 0.45}
USUAL_LOADING = 0.30
OWN_LEVEL = frozenset({"ERBB2", "ERBB3", "ERBB4", "ESR1", "PGR", "GRB7"})
"""Genes that a set's factor leaves alone: they have effects of their own."""
AS_DATES = re.compile(r"^(MARCH|SEPT|DEC|OCT)\d+$")
IMMUNOGLOBULIN = re.compile(r"^IG(HV|KV|LV)\d{1,2}D?-\d{1,2}$")


@dataclass(frozen=True)
class Genes:
    """The genes in alphabetical order (first axis of every array)."""

    symbol: tuple[str, ...]
    coding: Flags
    base: Floats
    """log2 counts per million where all factors are 0, up to a constant."""
    loading: Floats
    """(genes, factors) log2 per unit of a factor."""
    centroid: Floats
    """(genes, 5) log2 per unit of a PAM50 weight."""
    group: Floats
    """(genes, 2) log2 fold change of non-HET/no pCR and HET/no pCR against pCR beyond factors."""
    time: Floats
    """(genes, 2) log2 fold change after treatment beyond factors, non-HET and HET, at full response."""
    own: Floats
    """(genes,) standard deviation (log2) between patients of what is the gene's own."""
    dispersion: Floats
    """(genes,) negative binomial dispersion of a library."""
    damage: Floats
    """(genes,) log2 change in a degraded library."""
    lists: dict[str, tuple[str, ...]]


def choose(streams: Streams, n: int) -> tuple[tuple[str, ...], Flags, dict[str, tuple[str, ...]]]:
    """The symbols, which code for protein, and the named lists; the named genes are always there."""
    rng = streams.of("genes")
    annotation = gene_annotation().drop_duplicates("symbol")
    annotation = annotation[~annotation["symbol"].str.match(AS_DATES)]
    coding_of = pd.Series(annotation["protein_coding"].to_numpy(), index=annotation["symbol"].to_numpy())
    codes = set(coding_of.index[coding_of])
    other = [s for s in coding_of.index if s not in codes]
    estimate = estimate_signatures()
    sets = {name.removeprefix("REACTOME_"): genes for name, genes in erbb_pi3k_sets().items()}
    immunoglobulins = [s for s in other if IMMUNOGLOBULIN.match(s)]
    kept = rng.permutation(len(immunoglobulins))[: round(110 * n / FULL)]
    named: dict[str, tuple[str, ...]] = {
        "pam50": tuple(pam50_centroids().index),
        "estimate_stromal": estimate["stromal"],
        "estimate_immune": estimate["immune"],
        "amplicon_17q12": tuple(lists.AMPLICON),
        "basal": tuple(lists.BASAL),
        "luminal": tuple(lists.LUMINAL),
        "checkpoints": lists.CHECKPOINTS,
        "lymphoid": lists.LYMPHOID,
        "myeloid": lists.MYELOID,
        "mhc": lists.MHC,
        "plasma_cells": lists.PLASMA,
        "mesenchymal": lists.MESENCHYMAL,
        "immunoglobulins": (*lists.IMMUNOGLOBULIN_CONSTANT, *(immunoglobulins[k] for k in np.sort(kept))),
        "erbb_genes": lists.ERBB_GENES,
        **{
            f"reactome_{factor}": tuple(sorted({g for name in names for g in sets[name] if g in codes}))
            for factor, names in SETS.items()
        },
    }
    more = [*lists.KERATINS, *lists.LONG_NONCODING, *lists.LEVELS, *GROUP_GENES, *TIME_GENES]
    first = dict.fromkeys([g for genes in named.values() for g in genes] + more)
    unlisted = set(other)
    coding, rest = [g for g in first if g not in unlisted], [g for g in first if g in unlisted]
    common = [g for g in dict.fromkeys(estimate_common_genes()["symbol"]) if g in codes and g not in first]
    measured = {*first, *common}
    late = [g for g in coding_of.index if g in codes and g not in measured]
    small = [s for s in other if re.match(r"MIR|LINC|SNOR", s) and s not in first]
    various = [s for s in other if not re.match(r"MIR|LINC|SNOR|IG|TR[ABGD]|RNU|MT-|Y_RNA|7SK", s) and s not in first]
    n_coding = round(CODING_SHARE * n)
    pools = ((coding, (common, late), n_coding), (rest, (small, various), n - n_coding))
    for chosen, groups, wanted in pools:
        for pool in groups:
            share = (wanted - len(chosen)) * (SMALL_SHARE if pool is small else 1)
            picked = rng.permutation(len(pool))[: max(round(share), 0)]
            chosen += [pool[k] for k in picked]
    symbols = tuple(sorted([*coding, *rest]))
    is_coding = np.isin(np.array(symbols), np.array(coding))
    return symbols, is_coding, named


def draw_genes(streams: Streams, n: int) -> Genes:
    """Draw levels, loadings, own variation and planted changes of `n` genes."""
    symbols, coding, named = choose(streams, n)
    at = {s: i for i, s in enumerate(symbols)}
    known = np.zeros(n, bool)
    for genes in named.values():
        known[[at[g] for g in genes if g in at]] = True
    base = _levels(streams, symbols, coding, known)
    loading, centroid = _loadings(streams, at, named)
    group, time = np.zeros((n, 2)), np.zeros((n, 2))
    for table, target in ((GROUP_GENES, group), (TIME_GENES, time)):
        for gene, (non, het, _) in table.items():
            target[at[gene]] = non, het
    changed, shared = _change_after(streams, symbols, coding, known, base, loading, time)
    named |= {"changed_after_treatment": changed, "changed_after_treatment_het_too": shared}
    rng = streams.of("loadings", 99)
    own = np.exp(rng.normal(np.log(0.42), 0.45, n))
    own[[at[g] for g in (*lists.AMPLICON, *lists.CHECKPOINTS, *lists.ERBB_GENES) if g in at]] *= 0.7
    own[[at[g] for g in named["immunoglobulins"] if g in at]] = 0.7
    dispersion = np.exp(rng.normal(np.log(0.05), 0.5, n))
    protected = np.zeros(n, bool)
    protected[[at[g] for g in changed]] = True
    damage = _damage(streams, coding, base, protected)
    return Genes(symbols, coding, base, loading, centroid, group, time, own, dispersion, damage, named)


def _levels(streams: Streams, symbols: tuple[str, ...], coding: Flags, known: Flags) -> Floats:
    rng = streams.of("genes", 1)
    n = len(symbols)
    kind = rng.random(n)
    expressed, low, silent = rng.normal(4.5, 1.6, n), rng.normal(-1.2, 1.9, n), rng.normal(-6.5, 1.5, n)
    code = np.where(kind < 0.72, expressed, np.where(kind < 0.92, low, silent))
    code = np.where(known, np.maximum(rng.normal(4.3, 1.5, n), 0.0), code)
    bare = np.where(kind < 0.20, rng.normal(2.0, 1.3, n), np.where(kind < 0.75, low, silent))
    level = np.where(coding, np.minimum(code, 10.0), np.minimum(bare, 8.0))
    for i, symbol in enumerate(symbols):
        if symbol in lists.LEVELS:
            level[i] = lists.LEVELS[symbol]
        elif IMMUNOGLOBULIN.match(symbol):
            level[i] = rng.normal(2.6, 1.3)
        elif re.match(r"RP[LS]P?\d+[AXYL]?\d?$", symbol) and coding[i]:
            level[i] = rng.normal(9.3, 0.7)
    return level


def _loadings(streams: Streams, at: dict[str, int], named: dict[str, tuple[str, ...]]) -> tuple[Floats, Floats]:
    n = len(at)
    place = {name: k for k, name in enumerate(FACTORS)}
    loading = np.zeros((n, len(FACTORS)))

    def put(factor: str, genes: Sequence[str], mean: float, sd: float, number: int) -> None:
        rng = streams.of("loadings", number)
        rows = [at[g] for g in genes if g in at and g not in OWN_LEVEL]
        loading[rows, place[factor]] = np.maximum(rng.normal(mean, sd, len(rows)), 0.2 * mean)

    taken: set[str] = set()
    for number, factor in enumerate(SETS):  # a gene of several sets follows the first
        mean = SET_LOADING.get(factor, USUAL_LOADING)
        put(factor, [g for g in named[f"reactome_{factor}"] if g not in taken], mean, 0.35 * mean, 20 + number)
        taken |= set(named[f"reactome_{factor}"])
    put("immune", named["estimate_immune"], 0.70, 0.20, 1)
    put("immune", lists.LYMPHOID, 0.80, 0.20, 2)
    put("immune", lists.MYELOID, 0.50, 0.15, 3)
    put("immune", lists.MHC, 0.45, 0.10, 4)
    put("immune", lists.CHECKPOINTS, 0.35, 0.10, 5)
    put("stroma", named["estimate_stromal"], 0.75, 0.20, 6)
    put("stroma", lists.MESENCHYMAL, 0.80, 0.15, 7)
    put("plasma", named["immunoglobulins"], 1.6, 0.20, 8)
    put("plasma", lists.PLASMA, 0.70, 0.20, 9)
    put("mesenchymal", lists.MESENCHYMAL[:3], 0.8, 0.05, 10)
    for gene in ("PTEN", "MYC", "NRAS", "EIF4EBP1"):
        loading[at[gene]] = 0.0  # their changes are planted as their own
    for factor, table, size in (("her2", lists.AMPLICON, 1.15), ("er", lists.LUMINAL, 1.0)):
        for gene, weight in table.items():
            loading[at[gene], place[factor]] = size * weight
    loading[at["PGR"], place["pr"]] = 1.5
    quiet = np.zeros(n, bool)
    quiet[[at[g] for g in (*GROUP_GENES, *TIME_GENES, *lists.AMPLICON, *lists.BASAL) if g in at]] = True
    for number, (factor, share, sd) in enumerate(
        [("tissue", 0.30, 0.62), ("immune", 0.03, 0.25), ("stroma", 0.04, 0.25), ("er", 0.05, 0.35)]
        + [(f, 0.04, 0.40) for f in FACTORS if f.startswith("module")]
    ):
        rng = streams.of("loadings", 40 + number)
        hit = (rng.random(n) < share) & ~quiet & ~loading.any(axis=1)
        loading[hit, place[factor]] = rng.normal(0, sd, int(hit.sum()))
    centroid = np.zeros((n, len(PAM50_SUBTYPES)))
    table = pam50_centroids()
    rows = [at[g] for g in table.index]
    strength = np.array([0.15 if g in ("ERBB2", "GRB7") else 0.4 if g in ("ESR1", "PGR") else 0.9 for g in table.index])
    centroid[rows] = strength[:, None] * table[list(PAM50_SUBTYPES)].to_numpy()
    for gene, weight in lists.BASAL.items():
        centroid[at[gene], PAM50_SUBTYPES.index("Basal")] += weight
    return loading, centroid


def _change_after(
    streams: Streams,
    symbols: tuple[str, ...],
    coding: Flags,
    known: Flags,
    base: Floats,
    loading: Floats,
    time: Floats,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Plant the large changes after treatment on the tissue factor; a fifth of them in HET tumours too."""
    rng = streams.of("loadings", 98)
    n = len(symbols)
    small = np.array([bool(re.match(r"MIR|LINC|SNOR", s)) for s in symbols])
    free = ~known & ~loading[:, 1:].any(axis=1)
    pools = (np.flatnonzero(small & free & ~coding), np.flatnonzero(coding & free & (base > 0)))
    rows = [rng.permutation(p)[: round(k * n / FULL)] for p, k in zip(pools, (520, 60), strict=True)]
    hit = np.concatenate(rows)
    up = rng.random(len(hit)) < 0.75
    size = np.where(up, 1.0, -1.0) * rng.uniform(*CHANGED_NONCODING, len(hit))
    base[hit] = np.where(up, rng.normal(0.0, 1.0, len(hit)), rng.normal(3.5, 0.8, len(hit)))
    loading[hit] = 0.0
    loading[hit, 0] = size
    shared = hit[: round(0.2 * len(hit))]
    time[shared, 1] = (CHANGED_IN_HET - TIME_FACTORS["tissue"][1]) * loading[shared, 0]
    return tuple(symbols[i] for i in np.sort(hit)), tuple(symbols[i] for i in np.sort(shared))


def _damage(streams: Streams, coding: Flags, base: Floats, protected: Flags) -> Floats:
    """log2 change in a degraded library: most coding transcripts lost in part, non-coding ones kept and so risen."""
    rng = streams.of("damage")
    n = len(coding)
    lost = rng.random(n) < 0.6
    code = np.where(lost, rng.normal(-2.4, 0.7, n), rng.normal(-0.4, 0.3, n))
    bare = rng.normal(np.where(base > 3, 3.6, 2.2), 0.7)
    return np.where(protected, 0.0, np.where(coding, code, bare))
