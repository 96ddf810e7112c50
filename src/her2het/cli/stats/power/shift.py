"""`her2het stats power shift`: patients for a difference of two groups in a measurement."""

from functools import partial
from pathlib import Path

import click

from her2het.cli.number import Number
from her2het.cli.stats.power.answer import INSIDE, aims, answer

HELP = """Patients per group for a two-sided rank-sum test to find a shift (Noether), or to know it to a width.

--superiority is the chance that a patient of the first group has the higher value: (standard + 1)/2 of an answer of
`stats compare`; .64 is about half a standard deviation. Or --half-width: patients for the interval to reach so far to
either side, from one seen (--low, --high, with --first and --second patients), if the spread stays the same. With
--first and --second alone: the power of so many.

\b
Examples:
  her2het stats power shift --superiority 0.65
  her2het stats power shift --superiority 0.65 --first 50 --second 50
  her2het stats power shift --half-width 0.3 --low -1.1 --high -0.4 --first 51 --second 64
"""


@click.command("shift", help=HELP)
@click.option("--superiority", type=INSIDE, help="Chance that the first group's value is the higher one.")
@click.option("--half-width", type=Number(0, min_open=True), help="How far the interval may reach to either side.")
@click.option("--low", type=Number(), help="Lower limit of the interval seen.")
@click.option("--high", type=Number(), help="Upper limit of the interval seen.")
@click.option("--first", type=click.IntRange(min=1), help="Patients of the first group.")
@click.option("--second", type=click.IntRange(min=1), help="Patients of the second group.")
@aims
def command(
    superiority: float | None,
    half_width: float | None,
    low: float | None,
    high: float | None,
    first: int | None,
    second: int | None,
    power: float,
    alpha: float,
    ratio: float,
    out: Path | None,
) -> None:
    import pandas as pd

    from her2het.cli.stats.told import write
    from her2het.schema import StudyError
    from her2het.stats.estimate import Estimate
    from her2het.stats.planning import for_shift, power_of_shift, shift_to_width

    if (superiority is None) == (half_width is None):
        raise StudyError("power shift: one of --superiority and --half-width is needed. Give one.")
    if (first is None) != (second is None):
        raise StudyError("power shift: --first and --second go together. Give both.")
    if superiority is not None:
        if low is not None or high is not None:
            raise StudyError("power shift: --low and --high go with --half-width. Leave them out.")
        if first is not None and second is not None:
            found = power_of_shift(superiority, first, second, alpha=alpha)
            row = (first, second, first + second, found, f"two-sided alpha {alpha:g}, Noether")
            columns = pd.Index(["first", "second", "total", "power", "assumed"])
            write(pd.DataFrame([row], columns=columns), out)
            return
        answer([partial(for_shift, superiority, power=power, alpha=alpha, ratio=ratio)], out)
        return
    if low is None or high is None or first is None or second is None or half_width is None:
        raise StudyError(
            "power shift: --half-width starts from an interval seen. Give --low, --high, --first, --second."
        )
    middle = (low + high) / 2
    seen = Estimate("seen", "shift", "", middle, low, high, (first, second), "", float("nan"))
    answer([partial(shift_to_width, seen, half_width, ratio=ratio)], out)
