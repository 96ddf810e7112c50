"""What an ISH count says under each version: category, group, and how near a cut-off it lies."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from her2het.reference.guidelines import (
    FEWEST_COPIES,
    GUIDELINES,
    MOST_CEP17,
    RECOUNT_BAND,
    Bound,
    IshRules,
    Version,
)
from her2het.rules.exact import show
from her2het.rules.ish_input import Ish, Relation
from her2het.rules.trace import Flag, IshSummary, Measure, Step

Zone = Literal["low", "middle", "high"]
Category = Literal["positive", "equivocal", "negative", "workup"]
State = Literal["none", "read", "insufficient", "indeterminate"]
ZONES: tuple[Zone, ...] = ("low", "middle", "high")
GROUPS: MappingProxyType[tuple[bool, Zone], int] = MappingProxyType(
    {
        (True, "high"): 1,
        (True, "middle"): 1,
        (True, "low"): 2,
        (False, "high"): 3,
        (False, "middle"): 4,
        (False, "low"): 5,
    }
)
"""Groups of 2018: whether the ratio reaches its cut-off, and where the copies lie."""


@dataclass(frozen=True)
class IshReading:
    """One test under one version: `categories` and `groups` list what remains possible, one where it is known."""

    state: State
    probe: Literal["dual", "single"]
    categories: tuple[Category, ...] = ()
    groups: tuple[int, ...] = ()
    reported: Category | None = None
    flags: tuple[Flag, ...] = ()
    steps: tuple[Step, ...] = ()
    summary: IshSummary | None = None

    @property
    def group(self) -> int | None:
        """The group, where it is known and the test has a result."""
        return self.groups[0] if len(self.groups) == 1 and self.state == "read" else None


NOT_DONE = IshReading("none", "dual")


def dual_group(ratio: Fraction, copies: Fraction, version: Version = "2018") -> int:
    """The group (1 to 5) of an exact ratio and mean number of copies."""
    rules = GUIDELINES[version].ish
    return GROUPS[rules.ratio.met_by(ratio), copies_zone(copies, rules)]


def copies_zone(copies: Fraction, rules: IshRules) -> Zone:
    """Whether copies lie below the lower cut-off, between the two, or beyond the upper one."""
    if rules.copies_high.met_by(copies):
        return "high"
    return "middle" if rules.copies_low.met_by(copies) else "low"


def possible(bound: Bound, value: Fraction | None, relation: Relation) -> tuple[bool, ...]:
    """Whether a lower limit is reached, as far as `relation value` tells: one answer, or both where it is open."""
    if value is None:
        return (True, False)
    if relation == "=":
        return (bound.met_by(value),)
    if relation in {">", ">="}:
        reached = value >= bound.value if relation == ">" else bound.met_by(value)
        return (True,) if reached else (True, False)
    missed = value <= bound.value if relation == "<" else not bound.met_by(value)
    return (False,) if missed else (True, False)


def _zones(ish: Ish, rules: IshRules) -> tuple[Zone, ...]:
    """All zones in which the copies may lie."""
    low = possible(rules.copies_low, ish.copies, ish.copies_relation)
    high = possible(rules.copies_high, ish.copies, ish.copies_relation)
    there = {"low": False in low, "middle": True in low and False in high, "high": True in high}
    return tuple(zone for zone in ZONES if there[zone])


def read_ish(ish: Ish | None, version: Version) -> IshReading:
    """Category and group of a count under a version, with the flags that qualify it.

    Ratios and copies are compared as exact fractions (integer cross-multiplication). Where a number is missing, all
    categories that remain possible are listed. 2018 and 2023 sort dual-probe counts into groups 1-5, of which 2, 3 and
    4 need a work-up; 2013 and 2007 give positive, equivocal or negative (2007 from the ratio alone).
    """
    if ish is None:
        return NOT_DONE
    rules = GUIDELINES[version].ish
    reference = rules.reference if ish.probe == "dual" else rules.reference_single
    if ish.controls_ok is False or (ish.probe == "dual" and ish.sum_cep17 == 0):
        why = "ISH controls failed" if ish.controls_ok is False else "no CEP17 signal in any cell"
        step = Step(ish.shown(), "controls and both probes must have worked", "no ISH result", "stop", reference)
        return IshReading(
            "indeterminate",
            ish.probe,
            (),
            (),
            None,
            (Flag("CONTROLS_FAILED", f"{why[:1].upper()}{why[1:]}."),),
            (step,),
        )
    categories, groups, steps = _decide(ish, version, rules, reference)
    flags = [*_count_flags(ish, rules), *_certainty_flags(ish, version, rules, categories, groups)]
    state: State = "read"
    if ish.n is not None and ish.n < rules.min_cells:
        state = "insufficient"
        flags.append(Flag("INSUFFICIENT", f"{ish.n} cells counted; at least {rules.min_cells} are needed."))
        steps = (
            *steps,
            Step(f"{ish.n} cells", f"at least {rules.min_cells} cells", "too few: no result", "stop", reference),
        )
    reported: Category | None = ish.reported
    if reported and ish.given != "category" and reported not in categories and "workup" not in categories:
        flags.append(Flag("REPORTED_DISAGREES", f"Reported as {reported}; the numbers give {' or '.join(categories)}."))
        reported = None
    reading = IshReading(state, ish.probe, categories, groups, reported, tuple(flags), steps)
    return IshReading(state, ish.probe, categories, groups, reported, tuple(flags), steps, _summary(ish, reading))


def _decide(
    ish: Ish, version: Version, rules: IshRules, reference: str
) -> tuple[tuple[Category, ...], tuple[int, ...], tuple[Step, ...]]:
    shown = ish.shown()
    if ish.given == "category":
        rule = "a category without numbers is carried as it stands"
        step = Step(shown, rule, f"ISH {ish.reported}, as reported", "caution", reference)
        groups = (1, 2, 3, 4, 5) if rules.groups and ish.probe == "dual" else ()
        every: tuple[Category, ...] = ("positive", "workup" if rules.groups else "equivocal", "negative")
        return every, groups, (step,)
    zones: tuple[Zone, ...] = _zones(ish, rules)
    if ish.probe == "single":
        named: dict[Zone, Category] = {
            "low": "negative",
            "middle": "workup" if rules.groups else "equivocal",
            "high": "positive",
        }
        categories: tuple[Category, ...] = tuple(dict.fromkeys(named[zone] for zone in zones))
        high = f"{float(rules.copies_high.value):.1f}"
        words = {
            "low": f"single probe: copies below {float(rules.copies_low.value):.1f}",
            "middle": f"single probe: copies {rules.copies_low} and {'≤' if version == '2007' else '<'} {high}",
            "high": f"single probe: copies {rules.copies_high}",
        }
        return _with_step(shown, " or ".join(words[zone] for zone in zones), categories, (), reference)
    if version == "2007":
        return _decide_2007(ish, rules, reference)
    reaches = possible(rules.ratio, ish.ratio, ish.ratio_relation)
    cells: list[tuple[bool, Zone]] = [(high, zone) for high in reaches for zone in zones]
    groups = tuple(sorted({GROUPS[cell] for cell in cells}))
    if rules.groups:
        categories = tuple(dict.fromkeys(_category_2018(group) for group in groups))
    else:
        categories = tuple(dict.fromkeys(_category_2013(high, zone) for high, zone in cells))
    return _with_step(shown, _words(ish, rules, reaches, zones), categories, groups if rules.groups else (), reference)


def _decide_2007(
    ish: Ish, rules: IshRules, reference: str
) -> tuple[tuple[Category, ...], tuple[int, ...], tuple[Step, ...]]:
    low = rules.ratio_equivocal
    if low is None:
        raise ValueError("rules without an equivocal ratio")
    if ish.ratio is None:
        every: tuple[Category, ...] = ("positive", "equivocal", "negative")
        return _with_step(ish.shown(), "2007 reads a dual probe from the ratio, which is missing", every, (), reference)
    high, middle = (possible(bound, ish.ratio, ish.ratio_relation) for bound in (rules.ratio, low))
    lower, upper = (f"{float(bound.value):.1f}" for bound in (low, rules.ratio))
    there: dict[Category, tuple[bool, str]] = {
        "positive": (True in high, f"ratio {rules.ratio}"),
        "equivocal": (True in middle and False in high, f"ratio {lower} to {upper}, both ends included"),
        "negative": (False in middle, f"ratio below {lower}"),
    }
    categories: tuple[Category, ...] = tuple(category for category, (may_be, _) in there.items() if may_be)
    rule = " or ".join(text for may_be, text in there.values() if may_be)
    return _with_step(ish.shown(), rule, categories, (), reference)


def _category_2018(group: int) -> Category:
    return "positive" if group == 1 else "negative" if group == 5 else "workup"


def _category_2013(ratio_high: bool, zone: Zone) -> Category:
    if ratio_high or zone == "high":
        return "positive"
    return "equivocal" if zone == "middle" else "negative"


def _words(ish: Ish, rules: IshRules, reaches: tuple[bool, ...], zones: tuple[Zone, ...]) -> str:
    cut, low, high = (f"{float(b.value):.1f}" for b in (rules.ratio, rules.copies_low, rules.copies_high))
    ratio = f"ratio {'≥' if reaches[0] else '<'} {cut}" if len(reaches) == 1 else "ratio missing"
    if len(reaches) == 2 and ish.ratio is not None:
        ratio = f"ratio on either side of {cut}"
    named = {"low": f"copies < {low}", "middle": f"copies ≥ {low} and < {high}", "high": f"copies ≥ {high}"}
    if len(zones) == 3 and ish.copies is None:
        return f"{ratio}; copies missing"
    if reaches == (True,) and "low" not in zones:
        return f"{ratio} and copies ≥ {low}"
    return f"{ratio} and " + " or ".join(named[zone] for zone in zones)


def _with_step(
    shown: str, rule: str, categories: tuple[Category, ...], groups: tuple[int, ...], reference: str
) -> tuple[tuple[Category, ...], tuple[int, ...], tuple[Step, ...]]:
    told = {"workup": "work-up needed"}
    said = " or ".join(told.get(c, c) for c in categories)
    where = f"group {' or '.join(map(str, groups))}: " if groups else ""
    level = "plain" if categories in {("positive",), ("negative",)} else "caution"
    return categories, groups, (Step(shown, rule, f"{where}ISH {said}", level, reference),)


def _count_flags(ish: Ish, rules: IshRules) -> list[Flag]:
    flags: list[Flag] = []
    if ish.n is None and ish.given != "category":
        flags.append(
            Flag("CELLS_NOT_STATED", f"How many cells were counted is not stated; {rules.min_cells} are needed.")
        )
    if ish.areas is not None and ish.areas < rules.min_areas:
        flags.append(Flag("FEW_AREAS", f"{ish.areas} area counted; at least {rules.min_areas} are asked for."))
    if ish.zero_her2 or ish.zero_cep17:
        flags.append(
            Flag(
                "ZERO_SIGNAL_CELLS",
                f"Cells without HER2 signals: {ish.zero_her2}; without CEP17: {ish.zero_cep17}. All were counted.",
            )
        )
    flags += _implausible(ish)
    if ish.from_averages:
        flags.append(Flag("RATIO_FROM_AVERAGES", "The ratio is the quotient of two averages, each rounded."))
    if ish.copies_only:
        flags.append(Flag("COPIES_ONLY", "Only copies are given: read as a test without a centromere probe."))
    elif ish.probe == "dual" and ish.given != "category":
        if ish.copies is None:
            flags.append(Flag("COPIES_MISSING", "HER2 copies per cell are not given."))
        if ish.ratio is None:
            flags.append(Flag("RATIO_MISSING", "The HER2/CEP17 ratio is not given."))
    low, high = RECOUNT_BAND
    if ish.ratio is not None and ish.ratio_relation == "=" and low.met_by(ish.ratio) and high.met_by(ish.ratio):
        flags.append(
            Flag(
                "RECOUNT_ADVISED",
                f"Ratio {show(ish.ratio)} lies from 1.8 to 2.2: kits advise to count 20 more cells.",
            )
        )
    return flags


def _implausible(ish: Ish) -> list[Flag]:
    """What a nucleus does not have: a slip in entering, most often totals in the place of averages or the reverse."""
    told: list[str] = []
    exact = ish.ratio_relation == ish.copies_relation == "="
    if ish.copies is not None and ish.copies_relation == "=" and ish.copies < FEWEST_COPIES:
        told.append(f"{show(ish.copies)} HER2 copies per cell are fewer than {FEWEST_COPIES}")
    if exact and ish.copies is not None and ish.ratio is not None:
        if (ish.copies == 0) != (ish.ratio == 0):
            told.append(f"ratio {show(ish.ratio)} and {show(ish.copies)} HER2 copies per cell exclude each other")
        elif ish.ratio > 0 and ish.copies > MOST_CEP17 * ish.ratio:
            implied = ish.copies / ish.ratio
            told.append(f"{show(implied, 1)} CEP17 signals per cell are more than {MOST_CEP17}")
    text = "; ".join(told)
    return [Flag("IMPLAUSIBLE", f"{text[:1].upper()}{text[1:]}: a slip, or totals for averages.")] if told else []


def _cuts(ish: Ish, rules: IshRules) -> tuple[tuple[str, tuple[Bound, ...]], tuple[str, tuple[Bound, ...]]]:
    """The cut-offs that this test is read against: of the ratio, and of the copies."""
    ratio = tuple(b for b in (rules.ratio, rules.ratio_equivocal) if b is not None)
    copies = () if rules.ratio_equivocal is not None and ish.probe == "dual" else (rules.copies_low, rules.copies_high)
    return ("ratio", ratio if ish.probe == "dual" else ()), ("HER2 copies", copies)


def _certainty_flags(
    ish: Ish, version: Version, rules: IshRules, categories: tuple[Category, ...], groups: tuple[int, ...]
) -> list[Flag]:
    flags: list[Flag] = []
    for (name, cuts), measure in zip(_cuts(ish, rules), (ish.ratio_interval, ish.copies_interval), strict=True):
        if measure is None or measure.low is None or measure.high is None:
            continue
        crossed = [f"{float(cut.value):.1f}" for cut in cuts if measure.low <= float(cut.value) <= measure.high]
        if crossed:
            limits = f"{measure.low:.3f} to {measure.high:.3f}"
            text = f"The 95 % interval of the {name}, {limits}, includes {' and '.join(crossed)}."
            flags.append(Flag("NEAR_THRESHOLD", text))
    if ish.given != "averages":
        return flags
    rounded = Ish(
        ish.probe,
        "averages",
        ratio=_one_decimal(ish.ratio),
        copies=_one_decimal(ish.copies),
        copies_relation=ish.copies_relation,
        ratio_relation=ish.ratio_relation,
    )
    after, after_groups, _ = _decide(rounded, version, rules, "")
    if (after, after_groups) != (categories, groups):
        said = f"group {after_groups[0]}" if len(after_groups) == 1 else " or ".join(after)
        flags.append(
            Flag(
                "PRECISION_WARNING",
                f"Rounded to one decimal ({rounded.shown()}) the result would be {said}. Give counts.",
            )
        )
    written = (
        ("ratio", ish.ratio_written if ish.ratio_relation == "=" else None),
        ("HER2 copies", ish.copies_written if ish.copies_relation == "=" else None),
    )
    for (name, cuts), (_, value) in zip(_cuts(ish, rules), written, strict=True):
        if value is not None and any(Fraction(value) == cut.value for cut in cuts):
            half = Decimal(1).scaleb(int(value.as_tuple().exponent)) / 2
            text = f"The {name}, {value}, may stand for {value - half} to {value + half} and lies on a cut-off."
            flags.append(Flag("ROUNDED_AT_CUTOFF", text))
    return flags


def _one_decimal(value: Fraction | None) -> Fraction | None:
    if value is None:
        return None
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return Fraction(decimal.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _summary(ish: Ish, reading: IshReading) -> IshSummary:
    group = reading.groups[0] if len(reading.groups) == 1 and reading.state == "read" else None
    ratio, copies = ish.ratio_interval, ish.copies_interval
    if ratio is None and ish.ratio is not None:
        sign = "" if ish.ratio_relation == "=" else f"{ish.ratio_relation} "
        written = ish.ratio_written if ish.ratio_written is not None else show(ish.ratio)
        ratio = Measure(f"{sign}{written}", float(ish.ratio))
    if copies is None and ish.copies is not None:
        sign = "" if ish.copies_relation == "=" else f"{ish.copies_relation} "
        written = ish.copies_written if ish.copies_written is not None else show(ish.copies)
        copies = Measure(f"{sign}{written}", float(ish.copies))
    category = " or ".join(reading.categories) if reading.state == "read" else reading.state
    if ish.given == "category":
        category = f"reported {ish.reported}"
    return IshSummary(ish.probe, category, group, reading.groups, ish.n, ish.sum_her2, ish.sum_cep17, ratio, copies)
