"""`her2het stats power`: how many patients the next study needs."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "shift": ("her2het.cli.stats.power.shift", "To find a difference of two groups in a measurement."),
    "rates": ("her2het.cli.stats.power.rates", "To find a difference of two rates, or know it well."),
    "auc": ("her2het.cli.stats.power.auc", "To find, or know well, an area under the ROC curve."),
}

command = LazyGroup(
    "power", COMMANDS, help="How many patients the next study needs: for power, or for an interval of a given width."
)
