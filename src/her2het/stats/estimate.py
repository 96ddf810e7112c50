"""One atom of evidence: an effect with its interval, the test that goes with it, and how many units it rests on."""

from dataclasses import dataclass

from her2het.schema import Note

__all__ = ["LOWEST_LEVEL", "Estimate", "Note"]

LOWEST_LEVEL = 0.9  # an interval that so few patients allow only below it (in tenths of a per cent) is not shown


@dataclass(frozen=True)
class Estimate:
    """An effect and what is known of it.

    `value`, `low` and `high` are in `unit` at confidence `level`; `standard` is the same effect from -1 to 1 with its
    interval (rank-biserial correlation, correlation, difference of proportions), so that findings compare. `n` holds
    the units of each group in the order of the contrast; `quantity` is what was measured and `groups` are the groups
    compared (treated first, control last), by which a figure finds its brackets. `q` is p adjusted within `family`;
    a family of one has q = p. Not a number where a test or an interval does not exist; `remark` then says why.
    `of` holds the units before the test left some out (pairs that do not change), where it did. `by_definition` marks
    what the definition of the groups makes true: a description, not a finding.
    """

    contrast: str
    effect: str
    unit: str
    value: float
    low: float
    high: float
    n: tuple[int, ...]
    method: str
    p: float
    q: float = float("nan")
    family: str = ""
    level: float = 0.95
    standard: float = float("nan")
    standard_low: float = float("nan")
    standard_high: float = float("nan")
    remark: str = ""
    quantity: str = ""
    groups: tuple[str, ...] = ()
    of: tuple[int, ...] = ()
    by_definition: bool = False

    @property
    def too_few(self) -> bool:
        """Whether patients are too few for an interval of a level that is worth showing."""
        return round(self.level, 3) < LOWEST_LEVEL

    @property
    def units(self) -> str:
        """The units that the test rests on: '14, 64'; '5 (of 7)' where it left two out."""
        whole = self.of or self.n
        return ", ".join(f"{n}" if n == of else f"{n} (of {of})" for n, of in zip(self.n, whole, strict=True))
