"""`her2het fish`: ERBB2 FISH counted per nucleus."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "score": ("her2het.cli.fish.score", "Score a table of nuclei: ratio, copies, heterogeneity, diversity."),
    "plan": ("her2het.cli.fish.plan", "How many nuclei in how many areas for a wanted certainty."),
}

command = LazyGroup("fish", COMMANDS, help="ERBB2 FISH counted per nucleus: score nuclei, plan how many to count.")
