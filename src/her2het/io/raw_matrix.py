"""What every matrix format is read into before its names and numbers are judged."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RawMatrix:
    """A matrix as it stands in a file: identifier columns, sample names and numbers, genes in rows.

    `ids`: (heading, one text per row), the leading text columns in the order of the file. `lines`: line of each row
    in the file, where it has lines. `problems`: what the reader found wrong; `notes`: what it did.
    """

    place: str
    form: str
    ids: tuple[tuple[str, list[str]], ...]
    samples: tuple[str, ...]
    values: NDArray[np.generic]
    lines: NDArray[np.int64] | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layers: tuple[str, ...] = field(default=())

    def at(self, row: int) -> str:
        """' (line 12)', or nothing where the format has no lines."""
        return "" if self.lines is None else f" (line {int(self.lines[row])})"


def counted(number: int, noun: str) -> str:
    """'1 row', '3 rows'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: list[str], shown: int = 3) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(repr(name) for name in names[:shown]) + more
