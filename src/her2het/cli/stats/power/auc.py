"""`her2het stats power auc`: patients for an area under the ROC curve."""

from functools import partial
from pathlib import Path

import click

from her2het.cli.number import Number
from her2het.cli.stats.power.answer import INSIDE, aims, answer

HELP = """Patients to find that an area under the ROC curve is not .5, or to know it to a width (Hanley and McNeil).

The first group has the outcome, the second has not: --ratio 8.2 for an outcome in 14 of 129.

\b
Examples:
  her2het stats power auc --area 0.7
  her2het stats power auc --area 0.7 --half-width 0.05 --ratio 8.2
"""


@click.command("auc", help=HELP)
@click.option("--area", type=INSIDE, required=True, help="The area that is expected.")
@click.option(
    "--half-width",
    type=Number(0, 1, min_open=True, max_open=True),
    help="Instead of power: how far the 95 % interval may reach to either side.",
)
@aims
def command(area: float, half_width: float | None, power: float, alpha: float, ratio: float, out: Path | None) -> None:
    from her2het.stats.planning import auc_to_width, for_auc

    if half_width is None:
        answer([partial(for_auc, area, power=power, alpha=alpha, ratio=ratio)], out)
    else:
        answer([partial(auc_to_width, area, half_width, ratio=ratio)], out)
