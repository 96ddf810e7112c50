"""`her2het rna`: one expression method on plain files. A matrix has genes in rows and samples in columns."""

from typing import Final

from her2het import notice
from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "tmm": ("her2het.cli.rna.tmm", "Normalisation factors, and log expression from counts (TMM)."),
    "de": ("her2het.cli.rna.de", "Differential expression of raw counts (DESeq2's estimates)."),
    "matched": ("her2het.cli.rna.matched", "Genes that change in two parts of the patients, at equal numbers."),
    "pca": ("her2het.cli.rna.pca", "Principal components of samples, and outliers."),
    "distances": ("her2het.cli.rna.distances", "Distances between samples, within and between patients."),
    "deconvolve": ("her2het.cli.rna.deconvolve", "Shares of cell types from a signature (CIBERSORT's algorithm)."),
    "signature": ("her2het.cli.rna.signature", "A signature of cell types from sorted or single-cell profiles."),
    "gsva": ("her2het.cli.rna.gsva", "Gene set scores relative to the cohort (GSVA)."),
    "ssgsea": ("her2het.cli.rna.ssgsea", "Gene set scores of each sample (ssGSEA)."),
    "pam50": ("her2het.cli.rna.pam50", "Intrinsic subtypes and how stable each call is (PAM50)."),
    "estimate": ("her2het.cli.rna.estimate", "Stromal and immune scores (ESTIMATE)."),
}

command = LazyGroup("rna", COMMANDS, compiles=True, says=notice.HEADER, help="Expression: one method on plain files.")
