"""Cut-offs of the published HER2 testing guidelines and of residual cancer burden, as frozen, cited records.

The records hold what the tables of a publication say, re-expressed; consult the original text. `basis` tells how a
record was come by: `published` (read in the table cited), `secondary` (read in a later publication that restates it)
or `recalled` (common knowledge of the field that was not checked against the text; see docs/her2_rules.md).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

Version = Literal["2007", "2013", "2018", "2023"]
Basis = Literal["published", "secondary", "recalled"]
VERSIONS: tuple[Version, ...] = ("2007", "2013", "2018", "2023")
_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}


@dataclass(frozen=True)
class Citation:
    """A publication: how it is cited in a trace, in full, and its DOI."""

    short: str
    full: str
    doi: str


@dataclass(frozen=True)
class Bound:
    """A published limit on a quotient: `total / per` stands in `relation` to `numerator / denominator`."""

    relation: Literal[">", ">=", "<", "<="]
    numerator: int
    denominator: int = 1
    basis: Basis = "published"

    @property
    def value(self) -> Fraction:
        """The limit itself."""
        return Fraction(self.numerator, self.denominator)

    def met_by(self, total: int | Fraction, per: int | Fraction = 1) -> bool:
        """Whether `total / per` satisfies the limit, without division: total * denominator against numerator * per."""
        left, right = total * self.denominator, self.numerator * per
        if self.relation == ">":
            return left > right
        if self.relation == ">=":
            return left >= right
        return left < right if self.relation == "<" else left <= right

    def __str__(self) -> str:
        return f"{_SIGNS[self.relation]} {float(self.value):.1f}"

    def percent(self) -> str:
        """'> 10 %': the limit as a percentage."""
        return f"{_SIGNS[self.relation]} {float(self.value * 100):g} %"


@dataclass(frozen=True)
class IhcRules:
    """When a staining pattern earns a score; shares are of invasive tumour cells."""

    score_3: Bound
    """Intense complete staining from this share on is 3+."""
    score_2: Bound
    """Complete weak-to-moderate staining from this share on is 2+; so is intense complete staining short of 3+."""
    incomplete_counts: bool
    """Whether circumferential but incomplete staining counts towards 2+ (2013 wording 'incomplete and/or')."""
    intense_incomplete_2: bool
    """Whether moderate-to-intense incomplete staining, which no row covers, is to be considered 2+."""
    score_1: Bound
    """Stained cells from this share on, below 2+, are 1+."""
    zero_may_stain: bool
    """Whether 0 includes faint incomplete staining below `score_1`."""
    reference: str


@dataclass(frozen=True)
class IshRules:
    """When a ratio of HER2 to CEP17 and a mean number of HER2 copies per cell earn a category."""

    ratio: Bound
    """The ratio from which the dual probe is positive (2007) or that divides the groups (2013 on)."""
    ratio_equivocal: Bound | None
    """2007 only: the ratio from which a result that is not positive is equivocal."""
    copies_high: Bound
    copies_low: Bound
    groups: bool
    """Whether the dual-probe result is one of the five groups of 2018."""
    min_cells: int
    min_areas: int
    min_recount_cells: int
    second_population: Bound
    """Share of tumour from which a second population with more signals is counted on its own."""
    reference: str
    reference_single: str
    work_up: tuple[tuple[int, str], ...] = ()
    """Groups that need a work-up, and where it stands."""

    def figure(self, group: int | None) -> str | None:
        """Where the work-up of a group stands, if it needs one."""
        return dict(self.work_up).get(group or 0)


@dataclass(frozen=True)
class Guideline:
    """One version of the guideline: what it is, where it stands, and its cut-offs."""

    version: Version
    ruleset: str
    title: str
    published: str
    citation: Citation
    ihc: IhcRules
    ish: IshRules


WOLFF_2007 = Citation(
    "Wolff 2007",
    "Wolff AC, Hammond ME, Schwartz JN, et al. J Clin Oncol 2007;25(1):118-145",
    "10.1200/JCO.2006.09.2775",
)
WOLFF_2013 = Citation(
    "Wolff 2013",
    "Wolff AC, Hammond ME, Hicks DG, et al. J Clin Oncol 2013;31(31):3997-4013",
    "10.1200/JCO.2013.50.9984",
)
WOLFF_2018 = Citation(
    "Wolff 2018",
    "Wolff AC, Hammond MEH, Allison KH, et al. J Clin Oncol 2018;36(20):2105-2122",
    "10.1200/JCO.2018.77.8738",
)
WOLFF_2023 = Citation(
    "Wolff 2023",
    "Wolff AC, Somerfield MR, Dowsett M, et al. J Clin Oncol 2023;41(22):3867-3872",
    "10.1200/JCO.22.02864",
)
RAKHA_2026 = Citation(
    "Rakha 2026",
    "Rakha EA, Tan PH, Van Bockstal MR, et al. Mod Pathol 2026;39(1):100925",
    "10.1016/j.modpat.2025.100925",
)
SYMMANS_2007 = Citation(
    "Symmans 2007",
    "Symmans WF, Peintinger F, Hatzis C, et al. J Clin Oncol 2007;25(28):4414-4422",
    "10.1200/JCO.2007.10.6823",
)

_TEN = Bound(">", 10, 100)
_IHC_2018 = IhcRules(_TEN, _TEN, False, True, _TEN, True, "Wolff 2018, fig. 1")
_ISH_2018 = IshRules(
    ratio=Bound(">=", 2),
    ratio_equivocal=None,
    copies_high=Bound(">=", 6),
    copies_low=Bound(">=", 4),
    groups=True,
    min_cells=20,
    min_areas=2,
    min_recount_cells=20,
    second_population=_TEN,
    reference="Wolff 2018, fig. 3",
    reference_single="Wolff 2018, fig. 2",
    work_up=((2, "Wolff 2018, fig. 4"), (3, "Wolff 2018, fig. 5"), (4, "Wolff 2018, fig. 6")),
)
_IHC_2023 = replace(_IHC_2018, reference="Wolff 2018, fig. 1, affirmed in Wolff 2023")
_ISH_2023 = replace(
    _ISH_2018,
    reference="Wolff 2018, fig. 3, affirmed in Wolff 2023",
    reference_single="Wolff 2018, fig. 2, affirmed in Wolff 2023",
)

GUIDELINES: MappingProxyType[Version, Guideline] = MappingProxyType(
    {
        "2007": Guideline(
            "2007",
            "asco-cap-2007",
            "ASCO/CAP 2007",
            "2007-01-01",
            WOLFF_2007,
            IhcRules(
                score_3=Bound(">", 30, 100),
                score_2=Bound(">=", 10, 100, "secondary"),
                incomplete_counts=False,
                intense_incomplete_2=False,
                score_1=Bound(">", 0, 100, "secondary"),
                zero_may_stain=False,
                reference="Wolff 2007 (J Oncol Pract 2007;3:48-50, table 2)",
            ),
            IshRules(
                ratio=Bound(">", 22, 10),
                ratio_equivocal=Bound(">=", 18, 10),
                copies_high=Bound(">", 6),
                copies_low=Bound(">=", 4),
                groups=False,
                min_cells=20,
                min_areas=2,
                min_recount_cells=20,
                second_population=_TEN,
                reference="Wolff 2007 (J Oncol Pract 2007;3:48-50, table 2)",
                reference_single="Wolff 2007 (J Oncol Pract 2007;3:48-50, table 2)",
            ),
        ),
        "2013": Guideline(
            "2013",
            "asco-cap-2013",
            "ASCO/CAP 2013",
            "2013-11-01",
            WOLFF_2013,
            IhcRules(_TEN, _TEN, True, True, _TEN, True, "Wolff 2013"),
            IshRules(
                ratio=Bound(">=", 2, basis="secondary"),
                ratio_equivocal=None,
                copies_high=Bound(">=", 6, basis="secondary"),
                copies_low=Bound(">=", 4, basis="secondary"),
                groups=False,
                min_cells=20,
                min_areas=2,
                min_recount_cells=20,
                second_population=Bound(">", 10, 100, "secondary"),
                reference="Wolff 2013",
                reference_single="Wolff 2013",
            ),
        ),
        "2018": Guideline("2018", "asco-cap-2018", "ASCO/CAP 2018", "2018-07-10", WOLFF_2018, _IHC_2018, _ISH_2018),
        "2023": Guideline("2023", "asco-cap-2023", "ASCO/CAP 2023", "2023-08-01", WOLFF_2023, _IHC_2023, _ISH_2023),
    }
)
"""2023 affirmed 2018 without changing a cut-off."""

RECOUNT_BAND = (Bound(">=", 18, 10, "recalled"), Bound("<=", 22, 10, "recalled"))
"""Ratios between these limits: kits and custom advise to count 20 more cells, preferably by a second observer."""

INTERVAL_LEVEL = 0.95
PERCENT_TOLERANCE = Fraction(1, 2)
"""Percentages that were rounded one by one may add up to this much more than 100."""
UNSTAINED_TOLERANCE = Fraction(5)
"""Percentages of all cells, the unstained among them, may add up to this much less than 100."""
MOST_CEP17 = 10
"""More CEP17 signals per nucleus are not seen: averages that imply them are totals, or mistakes."""
FEWEST_COPIES = 1
"""Fewer HER2 copies per nucleus are not seen, even where nuclei are cut: such sums are averages, or mistakes."""


@dataclass(frozen=True)
class Comment:
    """What goes with a status that was reached against one half of the evidence: own words, and the source."""

    code: str
    text: str
    reference: str


COMMENTS: MappingProxyType[str, Comment] = MappingProxyType(
    {
        "C2": Comment(
            "C2",
            "The ratio is at least 2.0 although there are fewer than 4.0 HER2 copies per cell. Few such tumours were "
            "in the trials behind the cut-off and no effect was apparent among them, so that without 3+ protein "
            "staining the case is reported as negative.",
            "Wolff 2018, fig. 4",
        ),
        "C3": Comment(
            "C3",
            "There are at least 6.0 HER2 copies per cell at a ratio below 2.0 and no protein overexpression. Such "
            "tumours did not enter the first adjuvant trials, so that data on them are insufficient; with IHC 0 or 1+ "
            "the case is reported as negative.",
            "Wolff 2018, fig. 5",
        ),
        "C4": Comment(
            "C4",
            "There are 4.0 to below 6.0 HER2 copies per cell at a ratio below 2.0 without 3+ protein staining; what "
            "that means is uncertain. A result this close to a cut-off can change by chance when it is repeated, so "
            "that no further test of the same specimen is asked for and the case is reported as negative.",
            "Wolff 2018, fig. 6",
        ),
    }
)


@dataclass(frozen=True)
class RcbRules:
    """Residual cancer burden: RCB = a (f d)^p + (b (1 - q^LN) d_met)^p, and the upper ends of classes I and II."""

    primary_factor: float
    power: float
    node_factor: float
    node_base: float
    class_1_up_to: float
    class_2_up_to: float
    near: float
    """An index this close to a class limit is flagged."""
    citation: Citation
    reference: str


RCB = RcbRules(1.4, 0.17, 4.0, 0.75, 1.36, 3.28, 0.005, SYMMANS_2007, "Symmans 2007")
