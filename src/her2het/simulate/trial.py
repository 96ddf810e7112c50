"""The synthetic trial: all tables of a study with the structure of NCT02326974, and the planted truth beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2het.schema import Matrix
from her2het.simulate.cohort import (
    draw_clinic,
    draw_rcb,
    given_het,
    patient_table,
    sample_table,
    specimens,
)
from her2het.simulate.expression import draw_counts, draw_libraries
from her2het.simulate.features import draw_features
from her2het.simulate.fish import draw_fish, draw_tumours
from her2het.simulate.genes import FEWEST, FULL, draw_genes
from her2het.simulate.ihc import draw_ihc
from her2het.simulate.latent import draw_latent
from her2het.simulate.signature import draw_signature
from her2het.simulate.streams import Streams
from her2het.simulate.structure import TRIAL, Structure, cast
from her2het.simulate.truth import truth_tables
from her2het.tables import FISH_NUCLEI, IHC, PATIENTS, SAMPLES

MODEL = 2
"""Number of the model: another number, other data from the same seed."""


@dataclass(frozen=True, eq=False)
class SyntheticTrial:
    """A simulated study (not of any patient): its tables, and what was planted."""

    seed: int
    null: bool
    patients: pd.DataFrame
    samples: pd.DataFrame
    rna_counts: Matrix
    fish_nuclei: pd.DataFrame
    ihc: pd.DataFrame
    features: pd.DataFrame
    signature: Matrix
    truth: Mapping[str, pd.DataFrame]


def simulate_trial(
    seed: int, *, null: bool = False, genes: int = FULL, effect: float = 1.0, structure: Structure = TRIAL
) -> SyntheticTrial:
    """Simulate a trial with the structure, sizes and findings of Li et al. 2024.

    The same seed and settings give the same numbers; every piece has its own random stream. `null`: same structure,
    but groups and treatment change nothing that is measured, apart from what defines them (pCR and RCB 0; HET and the
    amplified fraction; shifts). `genes`: number of genes, at least 4,000 (fewer of each kind). `effect`: factor on
    every planted size. `structure`: numbers of patients and samples. docs/synthetic_trial.md describes the model.

    :raises ValueError: where genes or effect are out of bounds
    Reference: Li et al., J Clin Invest 2024, doi 10.1172/JCI176454.
    """
    if genes < FEWEST:
        raise ValueError(f"simulate_trial: genes is {genes}, below {FEWEST}")
    if not 0 <= effect <= 2:
        raise ValueError(f"simulate_trial: effect is {effect}, not in 0 to 2")
    scale = 0.0 if null else effect
    null = scale == 0
    streams = Streams(seed)
    roles = cast(streams, structure, null)
    clinic = draw_clinic(streams, roles, scale)
    found = specimens(roles)
    tumours = draw_tumours(streams, roles, scale)
    latent = draw_latent(streams, roles, clinic, found, tumours.before, scale)
    her2, immune = (latent.of_patient(name, found, roles.n) for name in ("her2", "immune"))
    basal = np.bincount(found.patient[~found.after], latent.weight[~found.after, 0], roles.n)
    basal /= np.bincount(found.patient[~found.after], minlength=roles.n)
    rcb = draw_rcb(streams, roles, her2, immune, basal, scale)
    panel = draw_genes(streams, genes)
    libraries = draw_libraries(streams, found)
    counts = draw_counts(streams, panel, roles, found, latent, libraries, scale)
    fish = draw_fish(streams, structure, roles, found, latent, tumours, scale)
    ihc, protein = draw_ihc(streams, roles, clinic, found, latent, fish.nuclei, fish.amplified)
    het = given_het(roles, found)
    samples = sample_table(streams, roles, found, het, latent.factor["tissue"] - latent.shift["tissue"], scale)
    columns = tuple(np.array(found.name)[libraries.sample].tolist())
    return SyntheticTrial(
        seed=seed,
        null=null,
        patients=PATIENTS.conform(patient_table(roles, clinic, rcb)),
        samples=SAMPLES.conform(samples),
        rna_counts=Matrix(counts, panel.symbol, columns, "counts"),
        fish_nuclei=FISH_NUCLEI.conform(fish.nuclei),
        ihc=IHC.conform(ihc),
        features=draw_features(streams, roles, found, latent),
        signature=draw_signature(streams, panel),
        truth=truth_tables(structure, roles, clinic, found, tumours, latent, panel, libraries, fish, protein, scale),
    )
