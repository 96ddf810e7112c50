"""Hidden state of every sample: programme activities (factors), PAM50 weights, response strength, HER2 protein."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2het.reference.tables import PAM50_SUBTYPES
from her2het.simulate.cohort import Clinic, Specimens
from her2het.simulate.effects import GROUP_FACTORS, IMMUNE_BY_HR, SIZES, SUBTYPE_AFTER, TIME_FACTORS
from her2het.simulate.streams import Streams
from her2het.simulate.structure import HET, NON_HET, Flags, Roles

Floats = NDArray[np.float64]

MODULES = 10
FACTORS = (
    *("tissue", "immune", "stroma", "plasma", "her2", "er", "pr", "proliferation", "pi3k", "mesenchymal"),
    *("notch", "atf6", "fgfr", "bile", "mtor", "dna_repair", "tgfb", "pten"),
    *(f"module{k + 1}" for k in range(MODULES)),
)
"""Programme activities: standard deviation 1 between patients' samples of one group, unless stated."""
WITHIN = 0.3
"""Share of a factor's variance that lies between biopsies of one tumour."""
TISSUE_SD = 0.45
"""Standard deviation of the tissue factor, in units of the full change after treatment."""
TISSUE_SD_NULL = 0.62
"""The same where nothing changes after treatment, so that this axis stays the largest; in between by variance."""
TISSUE_RANGE = (-1.3, 1.6)
HR_NEGATIVE_MIX = {"Her2": 0.80, "Basal": 0.12, "LumB": 0.08}
HR_POSITIVE_MIX = {"Her2": 0.52, "Basal": 0.05, "LumA": 0.18, "LumB": 0.25}
HET_MIX = {"Her2": 0.0, "Basal": 0.84, "LumA": 0.08, "LumB": 0.08}


@dataclass(frozen=True)
class Latent:
    """What is hidden behind the measurements of samples (first axis: samples unless stated)."""

    factor: dict[str, Floats]
    shift: dict[str, Floats]
    """The planted part of each factor (group and time), so that truth can be read off."""
    subtype: tuple[str, ...]
    """Intrinsic subtype of each patient's tumour at baseline."""
    weight: Floats
    """(samples, 5) weights of the PAM50 centroids."""
    expected_weight: Floats
    """(patients, 5) their expectation at baseline, given group and receptors."""
    strength: Floats
    """(patients,) response strength of the transcriptome to treatment."""
    spread: Floats
    """(patients,) how far two biopsies of the tumour lie apart, relative."""
    mutated: Flags
    """(patients,)"""

    def of_patient(self, name: str, found: Specimens, n: int) -> Floats:
        """Mean of a factor over a patient's regular baseline biopsies, (patients,)."""
        use = ~found.after & ~found.aberrant
        total = np.bincount(found.patient[use], self.factor[name][use], n)
        return total / np.bincount(found.patient[use], minlength=n)


def draw_latent(
    streams: Streams, roles: Roles, clinic: Clinic, found: Specimens, fraction: Floats, scale: float
) -> Latent:
    """Draw every hidden value; `fraction` is the amplified fraction of the baseline tumour, `scale` of all effects."""
    mutated = roles.pik3ca | roles.erbb2
    spread = np.exp(streams.of("response", 2).normal(0, 0.15, roles.n))
    spread *= np.where(clinic.er, 1.0, SIZES.spread_er_negative**scale)
    spread /= np.sqrt((spread**2).mean())
    strength = _strength(streams, roles, fraction, mutated, scale)
    who, group, after = found.patient, roles.group[found.patient], found.after
    het = group == HET

    factor: dict[str, Floats] = {}
    shift: dict[str, Floats] = {}
    for k, name in enumerate(FACTORS):
        rng = streams.of("latent", k)
        shared, own = rng.normal(size=roles.n), rng.normal(size=found.n)
        if name == "tissue" and scale > 0:  # the paper: the main axis at baseline goes with no group
            shared -= (np.bincount(roles.group, shared) / np.bincount(roles.group))[roles.group]
        value = np.sqrt(1 - WITHIN) * shared[who] + np.sqrt(WITHIN) * np.where(after, 1.0, spread[who]) * own
        planted = np.zeros(found.n)
        if name in GROUP_FACTORS:
            planted += np.array([0.0, *GROUP_FACTORS[name][:2]])[group]
        if name == "immune":
            for hr, sizes in IMMUNE_BY_HR.items():
                planted += np.where(clinic.hr[who] == (hr == "positive"), np.array([0.0, *sizes])[group], 0.0)
        if name in TIME_FACTORS:
            change = np.array(TIME_FACTORS[name][:2])[het.astype(int)]
            planted += np.where(after, change * (strength[who] if name == "tissue" else 1.0), 0.0)
        if name == "tissue":
            part = min(scale, 1.0) ** 2
            value *= np.sqrt(part * TISSUE_SD**2 + (1 - part) * TISSUE_SD_NULL**2)
        shift[name] = scale * planted
        factor[name] = value + shift[name]
    factor["tissue"] = np.clip(factor["tissue"], *TISSUE_RANGE)
    for name, positive, levels, sd in (("er", clinic.er, (-1.35, 0.55), 0.45), ("pr", clinic.pr, (-0.9, 0.6), 0.5)):
        receptor = np.where(positive[who], levels[1], levels[0])
        factor[name] = receptor + sd * factor[name]
        shift[name] = receptor * (scale > 0)  # receptors differ between groups, so their genes do
    plasma = factor["plasma"] - shift["plasma"]
    factor["plasma"] = 0.4 * (factor["immune"] - shift["immune"]) + np.sqrt(1 - 0.16) * plasma + shift["plasma"]
    subtype, weight, expected = _subtypes(streams, roles, clinic, found, scale)
    return Latent(factor, shift, subtype, weight, expected, strength, spread, mutated)


def _strength(streams: Streams, roles: Roles, fraction: Floats, mutated: Flags, scale: float) -> Floats:
    rng = streams.of("response")
    s = np.exp(rng.normal(0.04, 0.30, roles.n))
    s *= np.where(mutated, SIZES.response_mutated**scale, 1.0)
    for g, sign in ((NON_HET, 1.0), (HET, -1.0)):
        mine = roles.group == g
        z = (fraction[mine] - fraction[mine].mean()) / fraction[mine].std()
        s[mine] *= 1 + scale * sign * SIZES.response_fraction * z
    s *= np.where(roles.group == HET, SIZES.response_het**scale, 1.0)
    s *= np.where((roles.group == HET) & roles.shifted, SIZES.response_shifted**scale, 1.0)
    return np.clip(s, 0.25, 1.4)


def _subtypes(
    streams: Streams, roles: Roles, clinic: Clinic, found: Specimens, scale: float
) -> tuple[tuple[str, ...], Floats, Floats]:
    rng = streams.of("subtype")
    place = {name: k for k, name in enumerate(PAM50_SUBTYPES)}
    kinds: list[str] = []
    expected = np.zeros((roles.n, len(place)))
    for p in range(roles.n):
        mix = HR_POSITIVE_MIX if clinic.hr[p] else HR_NEGATIVE_MIX
        mix = HET_MIX if roles.group[p] == HET and scale > 0 else mix
        kinds.append(str(rng.choice(list(mix), p=list(mix.values()))))
        expected[p, [place[name] for name in mix]] = list(mix.values())
    main = np.array([place[k] for k in kinds])
    own = rng.normal(0, 0.12, (roles.n, 5)) + np.eye(5)[main]
    weight = own[found.patient] + rng.normal(0, 0.08, (found.n, 5))
    for name, size in SUBTYPE_AFTER.items():
        weight[:, place[name]] += np.where(found.after, scale * size, 0.0)
    return tuple(kinds), weight, expected
