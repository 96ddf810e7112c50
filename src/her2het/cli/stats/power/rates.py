"""`her2het stats power rates`: patients for a difference of two rates."""

from functools import partial
from pathlib import Path

import click

from her2het.cli.number import Number
from her2het.cli.stats.power.answer import aims, answer

HELP = """Patients per group to find a difference of two rates (Fisher's test), or to know it to a width (Newcombe).

`unrounded` is the number without the continuity correction that an exact test needs: R's power.prop.test.

\b
Examples:
  her2het stats power rates --first 0.56 --second 0.40
  her2het stats power rates --first 0.56 --second 0.40 --power 0.9 --ratio 2
  her2het stats power rates --first 0.56 --second 0.40 --half-width 0.1
"""
RATE = Number(0, 1)


@click.command("rates", help=HELP)
@click.option("--first", type=RATE, required=True, help="Rate of the first group, 0 to 1.")
@click.option("--second", type=RATE, required=True, help="Rate of the second group.")
@click.option(
    "--half-width",
    type=Number(0, 1, min_open=True, max_open=True),
    help="Instead of power: how far the 95 % interval may reach (shares, not points).",
)
@aims
def command(
    first: float, second: float, half_width: float | None, power: float, alpha: float, ratio: float, out: Path | None
) -> None:
    from her2het.stats.planning import for_rates, rates_to_width

    if half_width is None:
        answer([partial(for_rates, first, second, power=power, alpha=alpha, ratio=ratio)], out)
    else:
        answer([partial(rates_to_width, first, second, half_width, ratio=ratio)], out)
