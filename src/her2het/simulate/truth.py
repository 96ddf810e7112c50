"""What was planted, as tables: effects, genes, samples, patients, outliers, shifts, spatial patterns, numbers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.reference.tables import PAM50_SUBTYPES
from her2het.simulate.cohort import Clinic, Specimens, patient_names
from her2het.simulate.effects import SUBTYPE_AFTER, effects_table
from her2het.simulate.expression import Libraries
from her2het.simulate.fish import P_KEEP, RHO, Fish, Tumours
from her2het.simulate.genes import Genes
from her2het.simulate.latent import FACTORS, Latent
from her2het.simulate.structure import GROUPS, HET, NON_HET, PCR, Roles, Structure

Floats = NDArray[np.float64]


def truth_tables(
    structure: Structure,
    roles: Roles,
    clinic: Clinic,
    found: Specimens,
    tumours: Tumours,
    latent: Latent,
    genes: Genes,
    libraries: Libraries,
    fish: Fish,
    protein: pd.DataFrame,
    scale: float,
) -> dict[str, pd.DataFrame]:
    """Every table of the folder `truth`, by name."""
    patients = _patients(roles, found, tumours, latent)
    samples = _samples(found, latent, libraries, protein)
    present = set(genes.symbol)
    lists = [(name, gene) for name, members in genes.lists.items() for gene in members if gene in present]
    shifted = patients["shift"] != "none"
    return {
        "effects": effects_table(scale),
        "genes": _genes(roles, found, latent, genes, scale),
        "gene_lists": pd.DataFrame(lists, columns=["list", "gene"]),
        "patients": patients,
        "samples": samples,
        "outliers": samples.loc[samples["damage"] > 0, ["sample", "damage"]].reset_index(drop=True),
        "shifts": patients.loc[shifted, ["patient", "het_before", "het_after", "shift"]].reset_index(drop=True),
        "spatial": fish.areas,
        "nuclei": pd.DataFrame({"amplified": fish.amplified.astype(np.int8)}),
        "numbers": _numbers(structure, roles, clinic, found, scale),
    }


def _patients(roles: Roles, found: Specimens, tumours: Tumours, latent: Latent) -> pd.DataFrame:
    before = roles.group == HET
    shift = np.where(roles.shifted, np.where(roles.het_after, "non-HET to HET", "HET to non-HET"), "none")
    after = np.where(roles.residual & ~roles.failed_post_fish, roles.het_after.astype(float), np.nan)
    names = ("her2", "immune", "stroma", "plasma", "pi3k")
    return pd.DataFrame(
        {
            "patient": patient_names(roles.n),
            "group": np.array(GROUPS)[roles.group],
            "het_before": before,
            "het_after": pd.array([pd.NA if np.isnan(a) else bool(a) for a in after], dtype="boolean"),
            "shift": shift,
            "ihc_change": np.where(roles.ihc_pair, roles.ihc_change.astype(float), np.nan),
            "true_fraction_before": np.round(tumours.before, 4),
            "true_fraction_after": np.round(tumours.after, 4),
            "pattern_before": tumours.pattern_before,
            "pattern_after": np.where(roles.residual, np.array(tumours.pattern_after), ""),
            "subtype": latent.subtype,
            "response_strength": np.round(latent.strength, 4),
            "biopsy_spread": np.round(latent.spread, 4),
            "pik3ca": roles.pik3ca,
            "erbb2": roles.erbb2,
            **{f"factor_{name}": np.round(latent.of_patient(name, found, roles.n), 4) for name in names},
        }
    )


def _samples(found: Specimens, latent: Latent, libraries: Libraries, protein: pd.DataFrame) -> pd.DataFrame:
    size, damage = np.full(found.n, np.nan), np.zeros(found.n)
    size[libraries.sample] = np.round(libraries.size)
    damage[libraries.sample] = np.round(libraries.damage, 4)
    table = pd.DataFrame(
        {
            "sample": found.name,
            "library_size": size,
            "damage": damage,
            **{f"factor_{name}": np.round(latent.factor[name], 4) for name in FACTORS},
            **{f"weight_{name}": np.round(latent.weight[:, k], 4) for k, name in enumerate(PAM50_SUBTYPES)},
        }
    )
    return table.merge(protein, on="sample", how="left")


def _genes(roles: Roles, found: Specimens, latent: Latent, genes: Genes, scale: float) -> pd.DataFrame:
    """Expected log2 fold changes of the planted shifts (mean over the patients concerned), before reads are drawn."""
    group = roles.group[found.patient]
    before = ~found.after & ~found.aberrant
    counted = np.zeros(found.n)
    counted[before] = 1 / np.bincount(found.patient[before], minlength=roles.n)[found.patient[before]]

    def mean(values: Floats, rows: NDArray[np.bool_], weight: Floats | None = None) -> Floats:
        return np.average(values[rows], axis=0, weights=None if weight is None else weight[rows])

    shift = np.stack([latent.shift[name] for name in FACTORS], axis=1)
    columns: dict[str, Floats] = {}
    base = mean(shift, before & (group == PCR), counted)
    mix = [latent.expected_weight[roles.group == k].mean(axis=0) for k in range(3)]
    for k, name in ((0, "non_het"), (1, "het")):
        use = before & (group == k + 1)
        moved = mean(shift, use, counted) - base
        weights = (mix[k + 1] - mix[PCR]) * (scale > 0)
        columns[f"{name}_vs_pcr"] = genes.loading @ moved + genes.centroid @ weights + scale * genes.group[:, k]
    from_before = np.zeros((roles.n, shift.shape[1]))
    np.add.at(from_before, found.patient[before], shift[before] * counted[before, None])
    for k, (name, kind) in enumerate((("non_het", NON_HET), ("het", HET))):
        use = found.after & found.rna & (group == kind)
        moved = mean(shift[use] - from_before[found.patient[use]], np.ones(int(use.sum()), bool))
        strength = float(latent.strength[found.patient[use]].mean())
        weights = _subtype_change(scale)
        columns[f"after_vs_before_{name}"] = (
            genes.loading @ moved + genes.centroid @ weights + scale * strength * genes.time[:, k]
        )
    return pd.DataFrame(
        {
            "gene": genes.symbol,
            "protein_coding": genes.coding,
            "base_log2_cpm": np.round(genes.base, 3),
            "own_sd": np.round(genes.own, 3),
            "dispersion": np.round(genes.dispersion, 4),
            "damage": np.round(genes.damage, 3),
            **{name: np.round(values, 4) for name, values in columns.items()},
        }
    )


def _subtype_change(scale: float) -> Floats:
    return scale * np.array([SUBTYPE_AFTER.get(name, 0.0) for name in PAM50_SUBTYPES])


def _numbers(structure: Structure, roles: Roles, clinic: Clinic, found: Specimens, scale: float) -> pd.DataFrame:
    """Numbers that an analysis should come out with, and constants of the model."""
    regular = found.rna & ~found.aberrant
    pair = roles.fish_pair
    het = roles.group == HET
    values: list[tuple[str, float]] = [
        ("patients", roles.n),
        *((f"patients {g}", int((roles.group == k).sum())) for k, g in enumerate(GROUPS)),
        ("libraries", int(found.rna.sum())),
        ("aberrant libraries", int(found.aberrant.sum())),
        ("baseline libraries", int((regular & ~found.after).sum())),
        ("libraries after treatment", int((regular & found.after).sum())),
        ("patients with one baseline biopsy", int(roles.single.sum())),
        ("residual tumours", int(roles.residual.sum())),
        ("FISH pairs", int(pair.sum())),
        ("FISH pairs non-HET before, non-HET after", int((pair & ~het & ~roles.het_after).sum())),
        ("FISH pairs non-HET before, HET after", int((pair & ~het & roles.het_after).sum())),
        ("FISH pairs HET before, non-HET after", int((pair & het & ~roles.het_after).sum())),
        ("FISH pairs HET before, HET after", int((pair & het & roles.het_after).sum())),
        ("IHC pairs", int(roles.ihc_pair.sum())),
        *(
            (f"IHC pairs {word}", int((roles.ihc_pair & (roles.ihc_change == c)).sum()))
            for word, c in (("decreased", -1), ("unchanged", 0), ("increased", 1))
        ),
        ("patients with a mutation result", int(roles.evaluable.sum())),
        ("PIK3CA mutated", int(roles.pik3ca.sum())),
        ("PIK3CA H1047", int(roles.h1047.sum())),
        ("ERBB2 mutated", int(roles.erbb2.sum())),
        ("HR positive", int(clinic.hr.sum())),
        ("FISH areas per patient and timepoint", structure.areas),
        ("chance to keep a signal of a cut nucleus", P_KEEP),
        ("between-area correlation", RHO),
        ("scale of effects", scale),
    ]
    return pd.DataFrame(values, columns=["number", "value"])
