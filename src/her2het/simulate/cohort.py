"""Who the patients are and which samples they gave: the tables `patients` and `samples`, and what is behind them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.reference.guidelines import RCB
from her2het.simulate.effects import HR_POSITIVE, SIZES
from her2het.simulate.streams import Streams
from her2het.simulate.structure import HET, PCR, Flags, Ints, Roles

Floats = NDArray[np.float64]

BASELINE, SURGERY = "baseline", "surgery"
STAGES = (("IIA", 0.40), ("IIB", 0.33), ("IIIA", 0.19), ("IIIB", 0.05), ("IIIC", 0.03))


@dataclass(frozen=True)
class Clinic:
    """Hormone receptors and age per patient, drawn before anything is measured."""

    er: Flags
    pr: Flags
    age: Floats
    nodes: Flags
    stage: tuple[str, ...]

    @property
    def hr(self) -> Flags:
        """Hormone receptor positive."""
        return self.er | self.pr


@dataclass(frozen=True)
class Specimens:
    """One entry per sample, patients in order, baseline before surgery."""

    name: tuple[str, ...]
    patient: Ints
    core: Ints
    """1 and 2: baseline biopsies; 3: aberrant library of baseline material; 0: residual tumour."""
    rna: Flags
    fish: Flags
    ihc: Flags

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.name)

    @property
    def after(self) -> Flags:
        """Residual tumours."""
        return self.core == 0

    @property
    def aberrant(self) -> Flags:
        """Aberrant libraries."""
        return self.core == 3


def patient_names(n: int) -> tuple[str, ...]:
    """SYN-001, SYN-002, …"""
    width = max(3, len(str(n)))
    return tuple(f"SYN-{i + 1:0{width}d}" for i in range(n))


def draw_clinic(streams: Streams, roles: Roles, scale: float) -> Clinic:
    """Draw age, receptors, nodes and stage of each patient."""
    rng = streams.of("clinic")
    n = roles.n
    hr = np.zeros(n, bool)
    for g, share in enumerate(HR_POSITIVE):  # the shares hold exactly; without effects all patients are one pool
        mine = np.flatnonzero(roles.group == g)
        planted = HR_POSITIVE[0] + scale * (share - HR_POSITIVE[0]) if scale > 0 else share
        hr[rng.permutation(mine)[: round(planted * len(mine))]] = True
    if scale == 0:
        hr = rng.permutation(hr)
    er = hr & (rng.random(n) < 0.95)
    pr = hr & ((rng.random(n) < 0.72) | ~er)
    age = np.clip(np.round(rng.normal(50, 11, n)), 24, 80)
    nodes = rng.random(n) < 0.47
    stage = rng.choice([s for s, _ in STAGES], n, p=[p for _, p in STAGES])
    return Clinic(er, pr, age, nodes, tuple(map(str, stage)))


def specimens(roles: Roles) -> Specimens:
    """List the samples that the roles imply."""
    names, patient, core = [], [], []
    for p, label in enumerate(patient_names(roles.n)):
        cores = [1] if roles.single[p] else [1, 2]
        cores += [3] * bool(roles.aberrant[p]) + [0] * bool(roles.residual[p])
        names += [f"{label}-{'R' if c == 0 else f'B{c}'}" for c in cores]
        patient += [p] * len(cores)
        core += cores
    who, which = np.array(patient), np.array(core)
    after, extra = which == 0, which == 3
    return Specimens(
        name=tuple(names),
        patient=who,
        core=which,
        rna=~after | roles.residual_rna[who],
        fish=~extra & np.where(after, ~roles.failed_post_fish[who], ~roles.failed_baseline[who]),
        ihc=~extra & np.where(after, ~roles.failed_post_ihc[who], ~roles.failed_baseline[who]),
    )


def draw_rcb(streams: Streams, roles: Roles, her2: Floats, immune: Floats, basal: Floats, scale: float) -> Floats:
    """Residual cancer burden: 0 with pCR, else falling with HER2 and immune factor and rising with the basal weight."""
    rng = streams.of("response", 1)
    slope = SIZES.her2_rcb * (her2 + 1.0) + SIZES.immune_rcb * immune + SIZES.basal_rcb * basal
    rcb = 2.0 + scale * slope + rng.normal(0, 0.55, roles.n)
    return np.where(roles.group == PCR, 0.0, np.round(np.clip(rcb, 0.4, 5.2), 2))


def patient_table(roles: Roles, clinic: Clinic, rcb: Floats) -> pd.DataFrame:
    """The table `patients`."""
    limits = [0.0, RCB.class_1_up_to, RCB.class_2_up_to]
    return pd.DataFrame(
        {
            "patient": patient_names(roles.n),
            "age": clinic.age.astype(int),
            "er": clinic.er,
            "pr": clinic.pr,
            "hr": clinic.hr,
            "nodes": clinic.nodes,
            "stage": clinic.stage,
            "pcr": roles.group == PCR,
            "rcb": rcb,
            "rcb_class": np.array(["0", "I", "II", "III"])[np.searchsorted(limits, rcb, side="left")],
        }
    )


def sample_table(
    streams: Streams, roles: Roles, found: Specimens, het: Floats, tissue: Floats, scale: float
) -> pd.DataFrame:
    """The table `samples`; `het` is the call of each sample (1, 0, nan), `tissue` its factor."""
    rng = streams.of("clinic", 1)
    share = 58 - 9 * np.clip(tissue, -2, 2) - 8 * scale * found.after + rng.normal(0, 11, found.n)
    area = np.exp(rng.normal(np.where(found.after, 3.2, 2.1), 0.5))
    who = found.patient
    return pd.DataFrame(
        {
            "sample": found.name,
            "patient": np.array(patient_names(roles.n))[who],
            "timepoint": np.where(found.after, SURGERY, BASELINE),
            "site": np.array(["residual", "site1", "site2", "site1"])[found.core],
            "biopsy": np.array(["block1", "core1", "core1", "core2"])[found.core],
            "cellularity": np.clip(np.round(share), 5, 95).astype(int),
            "area_mm2": np.round(area, 1),
            "batch": [f"run {b + 1}" for b in roles.batch[who]],
            "het": [pd.NA if np.isnan(h) else bool(h) for h in het],
        }
    ).astype({"het": "boolean"})


def given_het(roles: Roles, found: Specimens) -> Floats:
    """HET as the study called it: at baseline by patient, after treatment as the residual tumour's FISH shows it."""
    before = roles.group[found.patient] == HET
    after = roles.het_after[found.patient]
    call = np.where(found.after, after, before).astype(float)
    call[found.after & ~found.fish] = np.nan
    return call
