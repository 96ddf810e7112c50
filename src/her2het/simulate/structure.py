"""How many of what: the structure of NCT02326974 as its paper and its deposited sample sheet give it."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from her2het.simulate.streams import Streams

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

GROUPS = ("pCR", "non-HET/no pCR", "HET/no pCR")
PCR, NON_HET, HET = range(3)


@dataclass(frozen=True)
class Structure:
    """Numbers of patients and samples; pairs are baseline and residual tumour of one patient.

    Li et al., J Clin Invest 2024, doi 10.1172/JCI176454.
    """

    patients: tuple[int, int, int] = (64, 51, 14)
    """pCR, non-HET/no pCR, HET/no pCR."""
    single: tuple[int, int, int] = (10, 5, 1)
    """Patients with one baseline biopsy, by group; the others have two."""
    residual: tuple[int, int] = (44, 9)
    """Residual tumours of non-HET and of HET patients."""
    residual_rna: tuple[int, int] = (36, 7)
    """Those with RNA."""
    to_het: tuple[int, int] = (2, 1)
    """Non-HET tumours whose residual is HET: with RNA, without."""
    to_non_het: tuple[int, int] = (2, 2)
    """HET tumours whose residual is not: with RNA, without."""
    failed_both: int = 2
    """Residual tumours (non-HET at baseline) in which FISH and IHC failed."""
    failed_ihc: int = 1
    failed_baseline: int = 1
    """Patients with a residual tumour whose baseline FISH and IHC failed."""
    ihc_down: tuple[int, int] = (21, 5)
    """IHC pairs with a lower score in the residual tumour: non-HET, HET at baseline."""
    ihc_up: tuple[int, int] = (1, 0)
    aberrant: tuple[int, int, int] = (3, 3, 1)
    """Further, aberrant libraries of baseline material, by group."""
    not_evaluable: int = 3
    """Patients without a mutation result."""
    pik3ca: int = 17
    pik3ca_h1047: int = 12
    erbb2: int = 4
    areas: int = 6
    """FISH areas per patient and timepoint."""
    nuclei: int = 75
    """Median nuclei per area."""
    batches: int = 6

    def scaled(self, factor: int) -> "Structure":
        """The same trial with `factor` times as many patients of every kind."""
        same = ("areas", "nuclei", "batches")
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in same}
        more = {
            name: tuple(factor * v for v in value) if isinstance(value, tuple) else factor * value
            for name, value in values.items()
        }
        return Structure(**more, **{name: getattr(self, name) for name in same})


TRIAL = Structure()


@dataclass(frozen=True)
class Roles:
    """Who is what, one entry per patient in the order of identifiers."""

    group: Ints
    single: Flags
    residual: Flags
    residual_rna: Flags
    het_after: Flags
    shifted: Flags
    failed_post_fish: Flags
    failed_post_ihc: Flags
    failed_baseline: Flags
    ihc_change: Ints
    """-1, 0, 1 of the patients with an IHC pair; 0 elsewhere."""
    aberrant: Flags
    evaluable: Flags
    pik3ca: Flags
    h1047: Flags
    erbb2: Flags
    batch: Ints

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.group)

    @property
    def fish_pair(self) -> Flags:
        """Patients with FISH at baseline and in the residual tumour."""
        return self.residual & ~self.failed_post_fish & ~self.failed_baseline

    @property
    def ihc_pair(self) -> Flags:
        """Patients with IHC at baseline and in the residual tumour."""
        return self.residual & ~self.failed_post_ihc & ~self.failed_baseline


def cast(streams: Streams, structure: Structure, null: bool) -> Roles:
    """Draw who of the patients is what, so that every number of the structure holds exactly."""
    rng = streams.of("roles")
    n = sum(structure.patients)
    group = rng.permutation(np.repeat(np.arange(3), structure.patients))
    flags = {name: np.zeros(n, bool) for name in ("residual", "rna", "after", "both", "ihc", "base", "single", "odd")}

    def draw(pool: Ints, count: int) -> Ints:
        if count > len(pool):
            raise ValueError(f"structure asks for {count} of {len(pool)} patients")
        return rng.permutation(pool)[:count]

    of_group = [np.flatnonzero(group == g) for g in range(3)]
    non = draw(of_group[NON_HET], structure.residual[0])
    het = draw(of_group[HET], structure.residual[1])
    non_rna, het_rna = non[: structure.residual_rna[0]], het[: structure.residual_rna[1]]
    non_bare, het_bare = non[len(non_rna) :], het[len(het_rna) :]
    flags["residual"][np.concatenate([non, het])] = True
    flags["rna"][np.concatenate([non_rna, het_rna])] = True
    to_het = np.concatenate([non_rna[: structure.to_het[0]], non_bare[: structure.to_het[1]]])
    to_non = np.concatenate([het_rna[: structure.to_non_het[0]], het_bare[: structure.to_non_het[1]]])
    flags["after"][het] = True
    flags["after"][to_het] = True
    flags["after"][to_non] = False

    failing = draw(np.setdiff1d(non, to_het), structure.failed_both + structure.failed_ihc + structure.failed_baseline)
    both, ihc, base = np.split(failing, np.cumsum([structure.failed_both, structure.failed_ihc]))
    flags["both"][both] = True
    flags["ihc"][np.concatenate([both, ihc])] = True
    flags["base"][base] = True

    pools = (of_group[PCR], non_rna, np.setdiff1d(of_group[HET], het))
    for g, pool in enumerate(pools):
        flags["single"][draw(pool, structure.single[g])] = True
        flags["odd"][draw(np.setdiff1d(of_group[g], base), structure.aberrant[g])] = True

    change = np.zeros(n, np.int64)
    down, up = structure.ihc_down, structure.ihc_up
    if null:  # as many up as down
        down = up = tuple(max((d + u) // 4, 1) for d, u in zip(down, up, strict=True))
    pairs = flags["residual"] & ~flags["ihc"] & ~flags["base"]
    # shifted tumours lose HER2 protein, but for one that became non-HET and kept its score
    leads = [np.array([], np.int64)] * 2 if null else [to_het, to_non[: max(len(to_non) - 1, 0)]]
    for kind, lead in enumerate(leads):
        is_kind = group == (NON_HET, HET)[kind]
        rest = draw(np.setdiff1d(np.flatnonzero(pairs & is_kind), lead), int((pairs & is_kind).sum()) - len(lead))
        if not null and kind == 1:
            rest = np.concatenate([np.setdiff1d(rest, to_non, assume_unique=True), np.intersect1d(rest, to_non)])
        change[lead] = -1
        more = down[kind] - len(lead)
        change[rest[:more]] = -1
        change[rest[more : more + up[kind]]] = 1

    evaluable, pik3ca, h1047, erbb2 = _mutations(streams, structure, flags["rna"], to_het)
    batch = np.zeros(n, np.int64)
    for g in range(3):
        order = rng.permutation(of_group[g])
        batch[order] = (np.arange(len(order)) + g * structure.patients[0]) % structure.batches
    return Roles(
        group=group,
        single=flags["single"],
        residual=flags["residual"],
        residual_rna=flags["rna"],
        het_after=flags["after"],
        shifted=flags["residual"] & (flags["after"] != (group == HET)),
        failed_post_fish=flags["both"],
        failed_post_ihc=flags["ihc"],
        failed_baseline=flags["base"],
        ihc_change=change,
        aberrant=flags["odd"],
        evaluable=evaluable,
        pik3ca=pik3ca,
        h1047=h1047,
        erbb2=erbb2,
        batch=batch,
    )


def _mutations(streams: Streams, structure: Structure, rna: Flags, to_het: Ints) -> tuple[Flags, Flags, Flags, Flags]:
    """Hotspot mutations: about a quarter of the patients with RNA before and after have one; one to-HET has V777L."""
    rng = streams.of("mutations")
    n = len(rna)
    evaluable, pik3ca, h1047, erbb2 = np.ones(n, bool), np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    paired = rng.permutation(np.setdiff1d(np.flatnonzero(rna), to_het))
    others = rng.permutation(np.setdiff1d(np.arange(n), np.union1d(np.flatnonzero(rna), to_het)))
    in_pairs = structure.pik3ca // 2
    mutated = np.concatenate([paired[:in_pairs], others[: structure.pik3ca - in_pairs]])
    pik3ca[mutated] = True
    h1047[rng.permutation(mutated)[: structure.pik3ca_h1047]] = True
    more = max(structure.erbb2 // 4, 1)
    erbb2[to_het[:more]] = True
    erbb2[paired[in_pairs : in_pairs + more]] = True
    start = structure.pik3ca - in_pairs
    erbb2[others[start : start + structure.erbb2 - int(erbb2.sum())]] = True
    evaluable[others[len(others) - structure.not_evaluable :]] = False
    return evaluable, pik3ca, h1047, erbb2
