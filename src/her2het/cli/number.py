"""Numbers as options: finite and within bounds. (A range of click lets "nan" through, which no bound refuses.)"""

import math
from typing import Any

import click


class Number(click.FloatRange):
    """A finite number from `min` to `max`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Refuses what is not finite, then what lies out of bounds."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number

    def _describe_range(self) -> str:
        return "" if self.min is None and self.max is None else super()._describe_range()
