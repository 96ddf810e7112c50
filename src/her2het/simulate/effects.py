"""What is planted: every effect with its size, read by the generators and written to the truth as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from her2het.simulate.gene_lists import FALL_AFTER

GROUP_FACTORS: Mapping[str, tuple[float, float, str]] = {
    "her2": (-0.9, -2.1, "1C, 1E: ERBB2 and its amplicon highest in pCR, lowest in HET"),
    "stroma": (0.0, -0.7, "5A: lower stromal score in HET"),
    "plasma": (-1.0, 0.0, "1E: lower immunoglobulin genes in non-HET/no pCR"),
    "pi3k": (-0.9, 0.0, "1F: ERBB/PI3K signatures lower in non-HET/no pCR, kept in HET"),
    "notch": (-0.5, -0.5, "S3C: low in both no-pCR groups"),
    "atf6": (-0.5, -0.5, "S3C: low in both no-pCR groups"),
    "fgfr": (0.8, 0.8, "S3C: high in both no-pCR groups"),
    "bile": (0.6, 0.6, "S3C: high in both no-pCR groups"),
    "mtor": (0.0, 0.7, "S3C: high in HET"),
    "dna_repair": (0.0, 0.7, "S3C: high in HET"),
    "proliferation": (0.0, 0.6, "S3C: cell cycle high in HET"),
    "mesenchymal": (-0.5, -0.5, "S3B: FN1, TNC lower in no pCR"),
}
"""Factor -> difference from pCR in standard deviations of patients: non-HET/no pCR, HET/no pCR; figure."""

IMMUNE_BY_HR = {"positive": (-1.2, 0.0), "negative": (0.3, 0.0)}
"""Immune factor by hormone receptor: difference from pCR. Opposite signs, as S7A-B describes."""

TIME_FACTORS: Mapping[str, tuple[float, float, str]] = {
    "tissue": (1.0, 0.12, "4A-C: transcriptome-wide change, large in non-HET (times the patient's response strength)"),
    "immune": (0.7, 0.0, "7A: immune score up in non-HET only"),
    "stroma": (0.8, 0.0, "7A: stromal score up in non-HET only"),
    "plasma": (0.7, 0.0, "7B, 7E: plasma cells and B-cell receptors up in non-HET only"),
    "pi3k": (0.9, 0.9, "4E: ERBB/PI3K signatures up in both"),
    "tgfb": (0.7, 0.7, "4G: changed in both"),
    "fgfr": (0.6, 0.6, "4G: changed in both"),
    "mtor": (0.6, 0.6, "4G: changed in both"),
    "pten": (-0.6, -0.6, "4G: changed in both"),
    "notch": (0.6, 0.0, "4G: changed in non-HET only"),
}
"""Factor -> residual tumour against baseline of the same patient: non-HET, HET (in standard deviations; tissue: in
units of the full change)."""

SUBTYPE_AFTER = {"Basal": -0.5, "LumA": 0.6, "Her2": -0.2}
"""Weights of PAM50 centroids: residual tumour against baseline, non-HET and HET alike (S6F)."""

GROUP_GENES: Mapping[str, tuple[float, float, str]] = {
    "MYC": (0.0, 1.0, "1G: uniquely higher in HET"),
    "NRAS": (0.0, 0.6, "1G: uniquely higher in HET"),
    "EIF4EBP1": (0.0, 0.9, "1G: uniquely higher in HET"),
    "ERBB4": (0.8, 0.8, "S3D: higher in both no-pCR groups"),
    "CD274": (0.0, 0.9, "5C: higher in HET"),
    "CD160": (0.0, 0.8, "5C: higher in HET"),
    "CD226": (0.0, 0.7, "5C: higher in HET"),
    "PVR": (0.0, 0.6, "5C: higher in HET"),
    "HAVCR2": (0.0, 0.9, "5C: higher in HET (TIM3)"),
    "LGALS9": (0.0, 0.6, "5C: higher in HET (ligand of TIM3)"),
}
"""Gene -> log2 fold change against pCR beyond its factors: non-HET/no pCR, HET/no pCR."""

TIME_GENES: Mapping[str, tuple[float, float, str]] = {
    "ERBB2": (0.9, 0.0, "S6A-B: up in non-HET only"),
    "ERBB3": (0.9, 0.0, "S6A-B: up in non-HET only"),
    "ERBB4": (-1.4, 0.0, "S6A-B: down in non-HET only"),
    "CD8A": (0.7, 0.0, "7B: CD8 T cells up in non-HET"),
    "CD8B": (0.7, 0.0, "7B: CD8 T cells up in non-HET"),
    "MS4A1": (0.7, 0.0, "7B: memory B cells up in non-HET"),
    "FOXP3": (-2.0, 0.0, "7B: regulatory T cells down in non-HET"),
    "TNFRSF14": (0.7, 0.7, "7C: up after treatment in both"),
    "CD47": (0.7, 0.7, "7C: up after treatment in both"),
    "PTEN": (-0.6, -0.6, "S8B: down in all"),
    **dict.fromkeys(FALL_AFTER, (-1.2, -0.8, "7C: checkpoint genes down after treatment in both")),
}
"""Gene -> log2 fold change, residual tumour against baseline beyond its factors: non-HET, HET."""

HR_POSITIVE = (0.625, 0.75, 0.714)
"""Share of hormone receptor positive patients by group."""

CHANGED_NONCODING = (3.3, 4.6)
"""Range of |log2 fold change| after treatment of the many microRNA and long non-coding genes (full response)."""
CHANGED_IN_HET = 1.15
"""Change of the shared part of these genes in HET tumours, relative to non-HET."""


@dataclass(frozen=True)
class Sizes:
    """Single numbers of the planted truth that are no group difference of a factor or gene."""

    her2_rcb: float = -0.45
    """RCB of patients without pCR per standard deviation of the HER2 factor."""
    immune_rcb: float = -0.3
    basal_rcb: float = 0.4
    response_het: float = 0.9
    """Response strength of HET tumours relative to non-HET (the directions that respond differ as well)."""
    response_mutated: float = 0.5
    """Response strength with a PIK3CA or ERBB2 mutation, relative to without."""
    response_shifted: float = 0.5
    """The same for tumours that became non-HET."""
    response_fraction: float = 0.12
    """Relative change of response strength per standard deviation of the amplified fraction: + in non-HET, - in HET."""
    spread_er_negative: float = 1.4
    """Differences between two biopsies of an ER-negative tumour, relative to ER-positive."""
    copies_per_her2: float = 0.3
    """log2 ERBB2 copies of amplified cells per standard deviation of the HER2 factor."""
    copy_spread_before: float = 0.2
    """Coefficient of variation of copies between amplified cells beyond Poisson, at baseline."""
    copy_spread_after: float = 0.40
    """The same in residual tumours: with the next number, higher equitability (3D)."""
    polysomy_after: float = 0.16
    """Added to the chance of each of two further copies of chromosome 17 in residual tumours."""


SIZES = Sizes()


def effects_table(scale: float) -> pd.DataFrame:
    """Every planted effect: target, contrast, size (times `scale`), unit, and the figure that it stands for."""
    rows: list[tuple[str, str, str, float, str, str]] = []
    baseline = ("non-HET/no pCR - pCR, baseline", "HET/no pCR - pCR, baseline")
    after = ("after - before, non-HET", "after - before, HET")
    tables = (
        ("factor", GROUP_FACTORS, baseline, "SD of patients"),
        ("factor", TIME_FACTORS, after, "SD of patients"),
        ("gene", GROUP_GENES, baseline, "log2 fold change beyond factors"),
        ("gene", TIME_GENES, after, "log2 fold change beyond factors"),
    )
    for kind, table, contrasts, unit in tables:
        for name, (first, second, figure) in table.items():
            for contrast, size in zip(contrasts, (first, second), strict=True):
                rows.append((kind, name, contrast, scale * size, unit, figure))
    for hr, sizes in IMMUNE_BY_HR.items():
        for contrast, size in zip(baseline, sizes, strict=True):
            figure = "5A, S7A-B: immune score lower in non-HET/no pCR; opposite in HR-negative"
            rows.append(("factor", "immune", f"{contrast}, HR {hr}", scale * size, "SD of patients", figure))
    rows += [
        ("subtype", subtype, contrast, scale * size, "centroid weight", "S6F: basal to luminal A")
        for subtype, size in SUBTYPE_AFTER.items()
        for contrast in after
    ]
    figures = {
        "her2_rcb": ("RCB per SD of HER2 factor, no pCR", "1D"),
        "immune_rcb": ("RCB per SD of immune factor, no pCR", "S7B"),
        "basal_rcb": ("RCB per unit of basal weight, no pCR", "S3G"),
        "copies_per_her2": ("log2 copies of amplified cells per SD of HER2 factor", "S4A"),
    }
    for name, (contrast, figure) in figures.items():
        rows.append(("slope", name, contrast, scale * getattr(SIZES, name), "", figure))
    for group, share in zip(("non-HET/no pCR", "HET/no pCR"), HR_POSITIVE[1:], strict=True):
        contrast = f"{group} - pCR, share of HR-positive"
        rows.append(("difference", "hr", contrast, scale * (share - HR_POSITIVE[0]), "", "pCR commoner in HR-negative"))
    ratios = {
        "response_het": ("HET / non-HET", "4B"),
        "response_mutated": ("mutated / not", "4D"),
        "response_shifted": ("HET to non-HET / other HET", "4C"),
        "spread_er_negative": ("two biopsies, ER-negative / ER-positive", "S2I-J"),
    }
    for name, (contrast, figure) in ratios.items():
        rows.append(("ratio", name, contrast, getattr(SIZES, name) ** scale, "ratio", figure))
    for group, sign in (("non-HET", 1), ("HET", -1)):
        size = sign * scale * SIZES.response_fraction
        contrast = f"relative response strength per SD of amplified fraction, {group}"
        rows.append(("slope", "response_fraction", contrast, size, "", "S5B"))
    spread = (SIZES.copy_spread_after - SIZES.copy_spread_before) * scale
    contrast = "copy spread (coefficient of variation), after - before"
    rows.append(("difference", "copy_spread", contrast, spread, "", "3D: equitability higher after"))
    contrast = "chance of further copies of chromosome 17, after - before"
    rows.append(("difference", "polysomy", contrast, SIZES.polysomy_after * scale, "", "3D: equitability higher after"))
    return pd.DataFrame(rows, columns=["kind", "target", "contrast", "size", "unit", "stands_for"])
