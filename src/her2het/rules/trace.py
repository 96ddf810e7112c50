"""What a rule saw, which rule it was, and what came out: the steps of a verdict, and the verdict."""

from dataclasses import dataclass
from typing import Literal

from her2het.notice import INTENDED_USE, OF_RULES
from her2het.reference.guidelines import COMMENTS, GUIDELINES, Version

Level = Literal["plain", "caution", "stop"]
Status = Literal[
    "POSITIVE",
    "NEGATIVE",
    "EQUIVOCAL",
    "RECOUNT_REQUIRED",
    "ADJUDICATION_REQUIRED",
    "DUAL_PROBE_REQUIRED",
    "INCOMPLETE",
    "INSUFFICIENT",
    "INDETERMINATE",
]
STATUSES: tuple[Status, ...] = (
    "POSITIVE",
    "NEGATIVE",
    "EQUIVOCAL",
    "RECOUNT_REQUIRED",
    "ADJUDICATION_REQUIRED",
    "DUAL_PROBE_REQUIRED",
    "INCOMPLETE",
    "INSUFFICIENT",
    "INDETERMINATE",
)
RULES_EDITION = "1"
"""Raised when an implementation of a rule changes its result for any input."""

FLAGS: dict[str, str] = {
    "LEGACY_SCORE": "A bare IHC score cannot be re-scored under another version; it is carried unchanged.",
    "ZERO_UNSPECIFIED": "IHC 0 without saying whether any cell was faintly stained.",
    "LIMITED_INTENSE": "Intense complete staining in too few cells for 3+.",
    "UNCOVERED": "A staining pattern that no row of the version's table covers.",
    "MIXED": "1+ is reached by several patterns together.",
    "CUMULATIVE_MATTERS": "The score depends on whether patterns are added up or taken one by one.",
    "CONTROLS_FAILED": "Assay controls failed: the test has no result.",
    "INDETERMINATE_REVIEW": "The score has to be settled by review.",
    "NEAR_THRESHOLD": "A 95 % interval crosses a cut-off of the version.",
    "PRECISION_WARNING": "Rounding an average to one decimal would change the result.",
    "ROUNDED_AT_CUTOFF": "An average stands on a cut-off; before rounding it may have been on the other side.",
    "RATIO_FROM_AVERAGES": "The ratio was made from two averages.",
    "INSUFFICIENT": "Fewer cells were counted than the version asks for.",
    "CELLS_NOT_STATED": "The number of cells counted was not given.",
    "FEW_AREAS": "Fewer areas were counted than the version asks for.",
    "ZERO_SIGNAL_CELLS": "Cells without any signal of one probe.",
    "RECOUNT_ADVISED": "The ratio lies where kits and custom advise to count more cells.",
    "RECOUNT_INVALID": "The recount does not meet its conditions and was not used.",
    "RECOUNT_UNDOCUMENTED": "Conditions of the recount were not stated.",
    "RECOUNT_NOT_CALLED_FOR": "A recount was given that the version does not use here; it changed nothing.",
    "DISCORDANT": "IHC and ISH point in opposite directions.",
    "SINGLE_DUAL_DISCORDANT": "Single and dual probe point in opposite directions; the dual probe is preferred.",
    "SECOND_POPULATION": "A second population of cells was counted on its own; both results belong in the report.",
    "REFLEX_SETTLED": "IHC 2+ was settled by ISH; read test by test the status would stay equivocal.",
    "IMPLAUSIBLE": "Numbers that nuclei do not have; totals and averages may have been confused.",
    "COPIES_ONLY": "Copies without ratio or kind of probe: read as a test without a centromere probe.",
    "COPIES_MISSING": "HER2 copies per cell are missing, so that the ISH group is not known.",
    "RATIO_MISSING": "The HER2/CEP17 ratio is missing.",
    "SAME_WHICHEVER": "What is missing would not change the status.",
    "ISH_AS_REPORTED": "The ISH category of a report was used as it stands; it cannot be re-read.",
    "REPORTED_DISAGREES": "The ISH category of the report differs from what the numbers say; the numbers were used.",
    "ISH_SET_ASIDE": "An ISH test without a result was set aside; the status rests on IHC.",
    "IHC_SET_ASIDE": "An IHC test without a result was set aside; the status rests on ISH.",
    "NEAR_CUT": "An RCB index lies close to a class limit.",
    "CONSIDER_RETEST": "The version names circumstances like these in which a new test is considered.",
}
"""Every flag a verdict may carry, and what it means in general; its own text tells the case at hand."""


@dataclass(frozen=True)
class Step:
    """One line of a trace: what was observed, the rule applied to it, what came out, and where the rule stands."""

    observed: str
    rule: str
    outcome: str
    level: Level = "plain"
    reference: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return {
            "observed": self.observed,
            "rule": self.rule,
            "outcome": self.outcome,
            "level": self.level,
            "reference": self.reference,
        }


@dataclass(frozen=True)
class Flag:
    """A code of `FLAGS` and what it is about in this case."""

    code: str
    text: str

    def __post_init__(self) -> None:
        if self.code not in FLAGS:
            raise ValueError(f"no flag {self.code!r}: add it to FLAGS with its meaning")


@dataclass(frozen=True)
class Measure:
    """A ratio or a mean number of copies, as shown and as a number, with its interval if there is one."""

    shown: str
    value: float
    low: float | None = None
    high: float | None = None
    se: float | None = None

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        interval = None if self.low is None else [self.low, self.high]
        return {"shown": self.shown, "value": self.value, "interval_95": interval, "se": self.se}


@dataclass(frozen=True)
class IshSummary:
    """What one ISH count says under one version."""

    probe: str
    category: str
    group: int | None
    possible_groups: tuple[int, ...]
    n: int | None
    sum_her2: int | None
    sum_cep17: int | None
    ratio: Measure | None
    copies: Measure | None

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "probe": self.probe,
            "category": self.category,
            "group": self.group,
            "possible_groups": list(self.possible_groups),
            "n": self.n,
            "sum_her2": self.sum_her2,
            "sum_cep17": self.sum_cep17,
            "ratio": self.ratio.as_dict() if self.ratio else None,
            "copies": self.copies.as_dict() if self.copies else None,
        }


@dataclass(frozen=True)
class Verdict:
    """The HER2 status of one case under one version, and all that led there."""

    case: str
    version: Version
    status: Status
    reason: str
    """One sentence that says why."""
    comment_code: str | None
    ihc_score: str | None
    ihc_category: str
    ish: IshSummary | None
    recount: IshSummary | None
    recount_state: str
    """'none', 'accepted', 'invalid' or 'not used'."""
    stratum: str | None
    """2018 and 2023: positive, low, ultralow, null, zero_unspecified, unresolved, review, unknown."""
    basis: str
    """What the status rests on: 'IHC', 'ISH', 'IHC and ISH', 'ISH as reported' (with IHC or not), or 'nothing'."""
    flags: tuple[Flag, ...]
    steps: tuple[Step, ...]
    next_actions: tuple[str, ...]
    missing: tuple[str, ...]
    inputs_sha256: str

    @property
    def ruleset_version(self) -> str:
        """Identifier and edition of the rule set, such as 'asco-cap-2018/1'."""
        return f"{GUIDELINES[self.version].ruleset}/{RULES_EDITION}"

    def has(self, code: str) -> bool:
        """Whether the verdict carries this flag."""
        return any(flag.code == code for flag in self.flags)

    def as_dict(self) -> dict[str, object]:
        """For JSON: plain dicts, lists, text and numbers."""
        guideline = GUIDELINES[self.version]
        comment = COMMENTS[self.comment_code] if self.comment_code else None
        return {
            "case": self.case,
            "guideline": self.version,
            "guideline_date": guideline.published,
            "ruleset_version": self.ruleset_version,
            "reference": {"citation": guideline.citation.full, "doi": guideline.citation.doi},
            "status": self.status,
            "reason": self.reason,
            "basis": self.basis,
            "comment_code": self.comment_code,
            "comment": comment.text if comment else None,
            "ihc_score": self.ihc_score,
            "ihc_category": self.ihc_category,
            "ish_group": self.ish.group if self.ish else None,
            "ish": self.ish.as_dict() if self.ish else None,
            "recount_state": self.recount_state,
            "recount": self.recount.as_dict() if self.recount else None,
            "stratum": self.stratum,
            "warnings": [{"code": flag.code, "text": flag.text} for flag in self.flags],
            "steps": [step.as_dict() for step in self.steps],
            "next_actions": list(self.next_actions),
            "missing": list(self.missing),
            "inputs_sha256": self.inputs_sha256,
            "intended_use": INTENDED_USE,
            "research_use": list(OF_RULES),
        }
