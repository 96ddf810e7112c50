"""`her2het rna`: one expression method on plain files. A matrix has genes in rows and samples in columns."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "gsva": ("her2het.cli.rna.gsva", "Gene set scores relative to the cohort (GSVA)."),
    "ssgsea": ("her2het.cli.rna.ssgsea", "Gene set scores of each sample (ssGSEA)."),
    "pam50": ("her2het.cli.rna.pam50", "Intrinsic subtypes and how stable each call is (PAM50)."),
    "estimate": ("her2het.cli.rna.estimate", "Stromal and immune scores (ESTIMATE)."),
}

command = LazyGroup("rna", COMMANDS, help="Expression: one method on plain files.")
