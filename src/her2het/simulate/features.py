"""Further measurements, as a study brings them: quality, pathology, repertoires, a score per sample; mutations."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.simulate.cohort import Specimens, patient_names
from her2het.simulate.latent import Latent
from her2het.simulate.streams import Streams
from her2het.simulate.structure import Roles

DECLARED: Mapping[str, tuple[str, str, str]] = {
    "dv200": ("number", "%", "Share of RNA fragments longer than 200 nucleotides."),
    "tils": ("number", "%", "Stromal tumour-infiltrating lymphocytes, read on the slide."),
    "bcr_richness": ("integer", "clonotypes", "Distinct B-cell receptor CDR3 sequences assembled from RNA reads."),
    "tcr_richness": ("integer", "clonotypes", "Distinct T-cell receptor CDR3 sequences assembled from RNA reads."),
    "response_score": ("number", "", "A published single-sample score of sensitivity to HER2 antibodies, 0 to 100."),
    "single_sample_subtype": ("text", "", "Subtype by a rule for single samples, which knows no cohort."),
    "pik3ca_mutated": ("flag", "", "Hotspot mutation of PIK3CA seen in RNA reads (empty: not evaluable)."),
    "erbb2_mutated": ("flag", "", "Hotspot mutation of ERBB2 seen in RNA reads (empty: not evaluable)."),
    "mutation": ("text", "", "The mutation found, in the patient and in each sample's reads (wild type: none seen)."),
}
"""Column -> kind, unit, meaning."""
PER_PATIENT = ("pik3ca_mutated", "erbb2_mutated", "mutation")
OTHER_PIK3CA = ("E545K", "E542K", "N345K", "C420R", "Q546K")
WILD_TYPE = "wild type"
SEEN = 0.85
"""Chance that the reads of a sample show the mutation of its tumour."""


def draw_features(streams: Streams, roles: Roles, found: Specimens, latent: Latent) -> pd.DataFrame:
    """The table `features`: one row per sample with RNA, then one row per patient."""
    rng = streams.of("features")
    rows = np.flatnonzero(found.rna)
    n = len(rows)
    factor = {name: values[rows] for name, values in latent.factor.items()}
    aberrant = found.aberrant[rows]
    basal = latent.weight[rows, 0] > 0.9
    luminal = latent.weight[rows, 2:4].max(axis=1) > 1.15
    kind = np.where(basal & (rng.random(n) < 0.3), "Basal", np.where(luminal, "Luminal", "HER2-enriched"))
    score = 55 + 11 * factor["her2"] + 7 * factor["immune"] - 5 * factor["er"] + rng.normal(0, 8, n)
    per_sample = pd.DataFrame(
        {
            "sample": np.array(found.name)[rows],
            "dv200": np.round(np.where(aberrant, rng.uniform(3, 16, n), np.clip(rng.normal(48, 14, n), 18, 92)), 1),
            "tils": np.round(np.clip(np.exp(rng.normal(2.5 + 0.5 * factor["immune"], 0.35)), 0, 90)),
            "bcr_richness": rng.poisson(np.exp(6.0 + 0.85 * factor["plasma"] + rng.normal(0, 0.3, n))),
            "tcr_richness": rng.poisson(np.exp(3.6 + 0.60 * factor["immune"] + rng.normal(0, 0.3, n))),
            "response_score": np.round(np.clip(score, 0, 100), 1),
            "single_sample_subtype": kind,
        }
    )
    named = _names(rng, roles)
    per_sample["mutation"] = _seen(streams, roles, found, rows, named)
    per_patient = pd.DataFrame(
        {
            "patient": patient_names(roles.n),
            "pik3ca_mutated": [bool(m) if e else pd.NA for m, e in zip(roles.pik3ca, roles.evaluable, strict=True)],
            "erbb2_mutated": [bool(m) if e else pd.NA for m, e in zip(roles.erbb2, roles.evaluable, strict=True)],
            "mutation": named,
        }
    )
    table = pd.concat([per_sample, per_patient], ignore_index=True)
    return table[["sample", "patient", *DECLARED]].astype(
        {"bcr_richness": "Int64", "tcr_richness": "Int64", "pik3ca_mutated": "boolean", "erbb2_mutated": "boolean"}
    )


def _names(rng: np.random.Generator, roles: Roles) -> list[object]:
    names: list[object] = []
    for p in range(roles.n):
        found = []
        if roles.pik3ca[p]:
            other = OTHER_PIK3CA[int(rng.integers(len(OTHER_PIK3CA)))]
            found.append("PIK3CA " + ("H1047R" if roles.h1047[p] else other))
        if roles.erbb2[p]:
            found.append("ERBB2 V777L")
        names.append("; ".join(found) or pd.NA)
    return names


def _seen(streams: Streams, roles: Roles, found: Specimens, rows: NDArray[np.int64], named: list[object]) -> pd.Series:
    """What the reads of each sample show; at least one sample of a mutated tumour shows it.

    In one patient it is the residual tumour alone: most mutations are there before treatment (S5J).
    """
    rng = streams.of("mutation_calls")
    who, after, aberrant = found.patient[rows], found.after[rows], found.aberrant[rows]
    shows = rng.random(len(rows)) < SEEN
    mutated = roles.pik3ca | roles.erbb2
    late = np.flatnonzero(roles.pik3ca & roles.residual_rna)[:1]
    for p in np.flatnonzero(mutated):
        mine = (who == p) & ~aberrant
        if p in late:
            shows[mine] = after[mine]
        elif not shows[mine & ~after].any():
            shows[np.flatnonzero(mine & ~after)[0]] = True
    calls = [named[p] if mutated[p] and shows[i] else WILD_TYPE for i, p in enumerate(who)]
    return pd.Series(calls, dtype="string").mask(aberrant | ~roles.evaluable[who])
