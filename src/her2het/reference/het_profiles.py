"""Published definitions of HER2 genetic heterogeneity, each as integers with its source.

A fraction limit or a cut-off of a cell is never a bare number elsewhere: it is read from here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Unit = Literal["cell", "area", "population"]


class HetProfile(StrEnum):
    """Name of a published definition of HET."""

    LI2024 = "LI2024"
    METZGER2021 = "METZGER2021"
    CAP2009_RATIO = "CAP2009_ratio"
    CAP2009_COPIES = "CAP2009_copies"
    CAP2013 = "CAP2013"
    MOSAIC = "MOSAIC"
    BAR2011_30 = "BAR2011_30"


@dataclass(frozen=True)
class CellCutoffs:
    """When a nucleus is amplified: `ratio_den * ERBB2 - ratio_num * CEP17 >= ratio_margin`, or ERBB2 >= `min_copies`.

    `ratio_den = 0` or `min_copies = 0`: the definition has no such rule. The fields, in order, are what
    `kernels.fish.CellRule` takes.
    """

    ratio_num: int
    ratio_den: int
    ratio_margin: int
    min_copies: int
    min_copies_without_cep17: int = 6
    min_her2: int = 0
    """Fewest ERBB2 signals of an amplified nucleus: no source asks for any; a knob against cut diploid nuclei, which
    does not help with polysomic ones."""

    @property
    def integers(self) -> tuple[int, int, int, int, int, int]:
        """The fields in the order of `kernels.fish.CellRule`."""
        bare = self.min_copies_without_cep17
        return (self.ratio_num, self.ratio_den, self.ratio_margin, self.min_copies, bare, self.min_her2)


@dataclass(frozen=True)
class FractionLimits:
    """HET where `low_den * a - low_num * n >= low_margin` and `high_den * a < high_num * n`, for a amplified of n."""

    low_num: int
    low_den: int
    low_margin: int
    high_num: int
    high_den: int

    @property
    def integers(self) -> tuple[int, int, int, int, int]:
        """The fields in the order of `kernels.het_call.Limits`."""
        return (self.low_num, self.low_den, self.low_margin, self.high_num, self.high_den)

    @property
    def low(self) -> float:
        """The low limit as a fraction, for pictures and posterior masses."""
        return self.low_num / self.low_den

    @property
    def high(self) -> float:
        """The high limit as a fraction, for pictures and posterior masses."""
        return self.high_num / self.high_den


@dataclass(frozen=True)
class HetDefinition:
    """One published definition: what is counted, when a cell is amplified, which fractions are HET, and who says so."""

    name: HetProfile
    unit: Unit
    cell: CellCutoffs
    limits: FractionLimits
    n_min: int
    """Fewest scored cells of a sample."""
    n_min_unit: int
    """Fewest scored cells of an area or population (0: the sample's bound alone)."""
    doi: str
    text: str
    """The definition in words, for a report."""
    open_points: str = ""
    """What the source leaves open and how it is settled here."""
    research: bool = False
    """True where the source does not offer it as a definition."""


_RATIO_OR_COPIES = CellCutoffs(ratio_num=2, ratio_den=1, ratio_margin=0, min_copies=6)
_RATIO_ABOVE_2_2 = CellCutoffs(ratio_num=11, ratio_den=5, ratio_margin=1, min_copies=0)
_COPIES_ABOVE_6 = CellCutoffs(ratio_num=0, ratio_den=0, ratio_margin=0, min_copies=7)
_FROM_5_TO_50 = FractionLimits(low_num=1, low_den=20, low_margin=1, high_num=1, high_den=2)

DEFINITIONS: tuple[HetDefinition, ...] = (
    HetDefinition(
        HetProfile.LI2024,
        "cell",
        _RATIO_OR_COPIES,
        _FROM_5_TO_50,
        n_min=20,
        n_min_unit=0,
        doi="10.1172/JCI176454",
        text="More than 5 % and less than 50 % of all nuclei with a ratio of at least 2.0 or at least 6 ERBB2 copies.",
        open_points="Fewest nuclei (20) and nuclei without CEP17 (amplified from 6 copies on, else left out) are not "
        "in the source. A fraction of at most 5 % is not HET by the letter and is told apart here.",
    ),
    HetDefinition(
        HetProfile.METZGER2021,
        "area",
        _RATIO_OR_COPIES,
        _FROM_5_TO_50,
        n_min=20,
        n_min_unit=10,
        doi="10.1158/2159-8290.CD-20-1557",
        text="Any area with more than 5 % and less than 50 % amplified nuclei, or any HER2-negative area by FISH.",
        open_points="The amplified nucleus is taken from LI2024. A HER2-negative area is one with a ratio of sums "
        "below 2.0 and fewer than 6 copies on average or, by choice, with at most 5 % amplified nuclei. Presumes a "
        "HER2-positive tumour: where every area is negative the call is NON_HET_NONAMPLIFIED with a flag. Areas with "
        "fewer than 10 scored nuclei are left out.",
    ),
    HetDefinition(
        HetProfile.CAP2009_RATIO,
        "cell",
        _RATIO_ABOVE_2_2,
        _FROM_5_TO_50,
        n_min=20,
        n_min_unit=0,
        doi="10.5858/133.4.611",
        text="More than 5 % and less than 50 % of nuclei with a ratio above 2.2.",
        open_points="5 and 50 % are read as strict. Known to call many non-amplified tumours (23 % of 1,329 cases).",
    ),
    HetDefinition(
        HetProfile.CAP2009_COPIES,
        "cell",
        _COPIES_ABOVE_6,
        _FROM_5_TO_50,
        n_min=20,
        n_min_unit=0,
        doi="10.5858/133.4.611",
        text="More than 5 % and less than 50 % of nuclei with more than 6 ERBB2 signals.",
        open_points="5 and 50 % are read as strict; '> 6' is taken from secondary sources.",
    ),
    HetDefinition(
        HetProfile.CAP2013,
        "population",
        _RATIO_OR_COPIES,
        FractionLimits(low_num=1, low_den=10, low_margin=1, high_num=1, high_den=2),
        n_min=20,
        n_min_unit=20,
        doi="10.1200/JCO.2013.50.9984",
        text="A second contiguous population with increased ERBB2 signals that makes up more than 10 % of the tumour "
        "cells on the slide, counted in at least 20 of its own cells.",
        open_points="Needs populations told apart on the slide; without them the answer is UNDEFINED. Increased is "
        "read as the population's ratio of sums of at least 2.0 or mean copies of at least 6.",
    ),
    HetDefinition(
        HetProfile.MOSAIC,
        "cell",
        _RATIO_OR_COPIES,
        _FROM_5_TO_50,
        n_min=20,
        n_min_unit=0,
        doi="10.1038/s41374-018-0172-y",
        text="Mosaic: more than 5 % and less than 50 % positive cells, intermingled with negative ones. A contiguous "
        "positive area of more than 10 % is a cluster instead, see CAP2013.",
        open_points="Whether cells intermingle needs their positions; the fraction alone is what is called here.",
    ),
    HetDefinition(
        HetProfile.BAR2011_30,
        "cell",
        _RATIO_ABOVE_2_2,
        FractionLimits(low_num=3, low_den=10, low_margin=0, high_num=1, high_den=2),
        n_min=20,
        n_min_unit=0,
        doi="10.1309/AJCP0EN6AQMWETZZ",
        text="At least 30 % and less than 50 % of nuclei with a ratio above 2.2.",
        open_points="The source finds no effect on prognosis below 30 %; used as a threshold of sensitivity.",
        research=True,
    ),
)

BY_NAME: dict[HetProfile, HetDefinition] = {d.name: d for d in DEFINITIONS}
