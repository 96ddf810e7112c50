"""`her2het spatial`: where HER2-positive cells lie."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "pattern": ("her2het.cli.spatial.pattern", "Homogeneous, clustered, mosaic or scattered, from positions of cells."),
}

command = LazyGroup(
    "spatial", COMMANDS, help="Spatial pattern of HER2-positive cells (FISH, IHC or immunofluorescence)."
)
