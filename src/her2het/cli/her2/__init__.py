"""`her2het her2`: HER2 status by guideline."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "call": ("her2het.cli.her2.call", "HER2 status of one case under each guideline version, with its trace."),
    "classify": ("her2het.cli.her2.classify", "HER2 status of a table of cases; what changes between versions."),
}

command = LazyGroup("her2", COMMANDS, help="HER2 status by guideline: one case, or a table of cases.")
