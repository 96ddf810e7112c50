"""HER2 IHC: from staining patterns, per-cell scores or a bare score to 0, 1+, 2+, 3+ under each version."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from her2het.reference.guidelines import GUIDELINES, PERCENT_TOLERANCE, UNSTAINED_TOLERANCE, IhcRules, Version
from her2het.rules.exact import one_of, quoted, show, whole, within, yes_no
from her2het.rules.trace import Flag, Step
from her2het.schema import StudyError

Uncovered = Literal["review", "conventional"]
Score = Literal["0", "1+", "2+", "3+"]
IhcCategory = Literal["positive", "equivocal", "negative", "review", "indeterminate", "none"]

PATTERNS: MappingProxyType[str, str] = MappingProxyType(
    {
        "ic": "intense complete",
        "ii": "moderate to intense incomplete",
        "mc": "weak to moderate complete",
        "wi": "weak incomplete",
        "fi": "faint incomplete",
    }
)
"""Staining patterns of invasive tumour cells; the rest is unstained."""
SCORE_PATTERN = MappingProxyType({"3": "ic", "2": "mc", "1": "fi"})
"""Per-cell scores as patterns; 0 is unstained."""
SCORES: MappingProxyType[str, Score] = MappingProxyType(
    {"0": "0", "0+": "0", "1": "1+", "1+": "1+", "2": "2+", "2+": "2+", "3": "3+", "3+": "3+"}
)
CATEGORY: MappingProxyType[Score, IhcCategory] = MappingProxyType(
    {"0": "negative", "1+": "negative", "2+": "equivocal", "3+": "positive"}
)
_ZERO = {"none": "null", "faint": "ultralow", "unspecified": "zero_unspecified"}
_KEYS = (
    *PATTERNS,
    "none",
    "score",
    "cell_scores",
    "n",
    "controls_ok",
    "zero_staining",
    "circumferential",
    "scored_under",
)


@dataclass(frozen=True)
class Ihc:
    """One IHC test: either shares of invasive cells by pattern (exact, each of 0..1) or a bare score."""

    shares: Mapping[str, Fraction] | None
    shown: str
    score: Score | None = None
    zero: str = "zero_unspecified"
    """What a bare 0 means: null, ultralow or zero_unspecified."""
    controls_ok: bool | None = None
    circumferential: bool | None = None
    """Whether incomplete staining runs around the cell (2013 counts it then), lies on sides only, or was not said."""
    scored_under: str | None = None


@dataclass(frozen=True)
class IhcResult:
    """The score of one test under one version, and how it was reached."""

    score: Score | None
    category: IhcCategory
    zero: str | None
    flags: tuple[Flag, ...] = ()
    steps: tuple[Step, ...] = ()


NOT_DONE = IhcResult(None, "none", None)


def ihc_from(given: Mapping[str, object], place: str = "ihc") -> Ihc:
    """Read one IHC test from a mapping: `score`; or `ic`, `ii`, `mc`, `wi`, `fi` in percent, or as cells with `n`;
    or `cell_scores` (percent of cells with score 0, 1, 2, 3).

    :raises StudyError: unknown keys, negative values, more than 100 % (0.5 is left for rounding), clearly less than
        100 % where the unstained share is among them, no invasive cells
    """
    for key in given:
        one_of(key, place, _KEYS)
    controls = None if given.get("controls_ok") is None else yes_no(given["controls_ok"], f"{place}.controls_ok")
    ring = given.get("circumferential")
    around = None if ring is None else yes_no(ring, f"{place}.circumferential")
    under = given.get("scored_under")
    under = None if under is None else one_of(under, f"{place}.scored_under", GUIDELINES)
    kinds = [k for k in ("score", "cell_scores") if given.get(k) is not None]
    kinds += ["patterns"] if any(given.get(k) is not None for k in PATTERNS) else []
    if len(kinds) > 1:
        raise StudyError(
            f"{place}: {' and '.join(kinds)} are given together. Give one: they are three ways to say the same."
        )
    if not kinds:
        if controls is False:
            return Ihc(None, "no reading", controls_ok=False)
        raise StudyError(f"{place}: no score and no pattern. Give score, cell_scores, or {', '.join(PATTERNS)}.")
    if kinds[0] == "score":
        return _bare(given, place, controls, under)
    if given.get("zero_staining") is not None:
        raise StudyError(f"{place}.zero_staining: goes with a bare score 0; percentages say it already. Leave it out.")
    parts = _patterns_of_scores(given["cell_scores"], place) if kinds[0] == "cell_scores" else given
    shares, shown = _shares(parts, given.get("n"), place)
    return Ihc(shares, shown, controls_ok=controls, circumferential=around)


def _bare(given: Mapping[str, object], place: str, controls: bool | None, under: str | None) -> Ihc:
    score = SCORES[one_of(given["score"], f"{place}.score", SCORES)]
    if given.get("n") is not None:
        raise StudyError(f"{place}.n: goes with cells by pattern, not with a bare score. Leave it out.")
    stain = one_of(given.get("zero_staining") or "unspecified", f"{place}.zero_staining", _ZERO)
    if stain != "unspecified" and score != "0":
        raise StudyError(
            f"{place}.zero_staining: {stain!r} was given with score {score}; it goes with 0. Leave it out."
        )
    if str(given["score"]).strip() == "0+" and stain == "unspecified":
        stain = "faint"
    shown = f"score {score}" + ("" if stain == "unspecified" else f" ({'no' if stain == 'none' else stain} staining)")
    return Ihc(None, shown, score, _ZERO[stain], controls, scored_under=under)


def _patterns_of_scores(given: object, place: str) -> Mapping[str, object]:
    if not isinstance(given, Mapping):
        remedy = 'Write {"0": 40, "1": 30, "2": 20, "3": 10}.'
        raise StudyError(f"{place}.cell_scores: {quoted(given)} is not a list of scores. {remedy}")
    total: dict[str, object] = {}
    for score, percent in given.items():
        key = one_of(str(score).rstrip("+"), f"{place}.cell_scores", ("0", "1", "2", "3"))
        if SCORE_PATTERN.get(key, "none") in total:
            raise StudyError(f"{place}.cell_scores: score {key} is given twice. Give each score once.")
        total[SCORE_PATTERN.get(key, "none")] = percent
    return total


def _shares(parts: Mapping[str, object], n: object, place: str) -> tuple[dict[str, Fraction], str]:
    given = {key: parts[key] for key in (*PATTERNS, "none") if parts.get(key) is not None}
    if n is not None:
        cells = whole(n, f"{place}.n")
        if cells == 0:
            raise StudyError(f"{place}.n: 0 invasive cells. Score a region with invasive tumour.")
        counts = {key: whole(value, f"{place}.{key}") for key, value in given.items()}
        if sum(counts.values()) > cells:
            raise StudyError(
                f"{place}: patterns add up to {sum(counts.values())} of {cells} cells. Correct the counts or n."
            )
        if "none" in counts and sum(counts.values()) < cells:
            raise StudyError(
                f"{place}: patterns and unstained cells add up to {sum(counts.values())} of {cells} cells. Correct the "
                "counts or n, or leave the unstained out."
            )
        shares = {key: Fraction(counts.get(key, 0), cells) for key in PATTERNS}
        told = [f"{PATTERNS[key]} {counts[key]}/{cells} cells" for key in PATTERNS if counts.get(key)]
        return shares, ", ".join(told) or f"no staining in {cells} cells"
    percents: dict[str, Decimal] = {k: within(v, f"{place}.{k}", 0, 100, "percent") for k, v in given.items()}
    total = sum(percents.values(), Decimal(0))
    if Fraction(total) > 100 + PERCENT_TOLERANCE:
        raise StudyError(f"{place}: patterns add up to {total} %, above 100. Correct the percentages.")
    if "none" in percents and Fraction(total) < 100 - UNSTAINED_TOLERANCE:
        raise StudyError(
            f"{place}: patterns and unstained cells add up to {total} %, below 100. Correct the percentages, or leave "
            "the unstained out."
        )
    shares = {key: Fraction(percents.get(key, Decimal(0))) / 100 for key in PATTERNS}
    told = [f"{PATTERNS[key]} {percents[key]} %" for key in PATTERNS if percents.get(key)]
    return shares, ", ".join(told) or "no staining"


def score_ihc(
    ihc: Ihc | None, version: Version, *, uncovered: Uncovered = "review", cumulative: bool = True
) -> IhcResult:
    """The score of a test under a version, on exact shares.

    `cumulative` adds patterns up (the usual reading; the guidelines state each pattern on its own); where the other
    reading gives another score, the result is flagged. `uncovered` says what becomes of complete or moderate staining
    in so few cells that no row covers it: `review` leaves the score open, `conventional` calls it 1+.
    """
    rules = GUIDELINES[version].ihc
    if ihc is None:
        return NOT_DONE
    if ihc.controls_ok is False:
        step = Step(ihc.shown, "controls must have stained as expected", "no IHC result", "stop", rules.reference)
        return IhcResult(None, "indeterminate", None, (Flag("CONTROLS_FAILED", "IHC controls failed."),), (step,))
    if ihc.shares is None:
        return _carried(ihc, version, rules)
    result = _score(ihc, version, rules, uncovered, cumulative)
    other = _score(ihc, version, rules, uncovered, not cumulative)
    if other.score == result.score:
        return result
    ways = ("added up", "one by one") if cumulative else ("one by one", "added up")
    text = f"Patterns {ways[0]} give {_say(result)}, {ways[1]} {_say(other)}."
    step = Step(ihc.shown, "whether patterns add up is not written", text, "caution", rules.reference)
    return IhcResult(
        result.score,
        result.category,
        result.zero,
        (*result.flags, Flag("CUMULATIVE_MATTERS", text)),
        (*result.steps, step),
    )


def _say(result: IhcResult) -> str:
    return result.score or "a review"


def _carried(ihc: Ihc, version: Version, rules: IhcRules) -> IhcResult:
    score = ihc.score
    if score is None:
        raise ValueError("an Ihc needs shares or a score")
    flags: list[Flag] = []
    same = {"2018", "2023"}
    known = ihc.scored_under is not None and (ihc.scored_under == version or {ihc.scored_under, version} <= same)
    rule = "scored under this version's criteria" if known else "a bare score is carried as it stands"
    if not known:
        era = f"under {ihc.scored_under}" if ihc.scored_under else "under an unstated version"
        flags.append(
            Flag("LEGACY_SCORE", f"Score {score} was given {era} without percentages; it cannot be re-scored.")
        )
    zero = ihc.zero if score == "0" else None
    if zero == "zero_unspecified":
        flags.append(
            Flag("ZERO_UNSPECIFIED", "Whether any cell was faintly stained is not stated: neither null nor ultralow.")
        )
    step = Step(ihc.shown, rule, f"IHC {score}, {CATEGORY[score]}", "plain" if known else "caution", rules.reference)
    return IhcResult(score, CATEGORY[score], zero, tuple(flags), (step,))


def _score(ihc: Ihc, version: Version, rules: IhcRules, uncovered: Uncovered, cumulative: bool) -> IhcResult:
    """First row that fits, from 3+ downwards."""
    shares = ihc.shares or {}
    ic, ii, mc, wi, fi = (shares[key] for key in PATTERNS)
    any_stain = ic + ii + mc + wi + fi > 0
    circular = mc + ic
    parts_2 = [mc]
    if rules.incomplete_counts and ihc.circumferential is not False:
        circular += ii
        parts_2.append(ii)
        if ihc.circumferential:
            circular += wi
            parts_2.append(wi)
    is_2 = rules.score_2.met_by(circular) if cumulative else any(rules.score_2.met_by(part) for part in parts_2)
    weak = mc + ii + wi + fi
    is_1 = rules.score_1.met_by(weak) if cumulative else any(rules.score_1.met_by(part) for part in (mc, ii, wi, fi))
    over_zero = rules.zero_may_stain and rules.score_1.met_by(wi + fi)  # only where patterns are taken one by one

    def out(score: Score, rule: str, *flags: Flag, zero: str | None = None) -> IhcResult:
        level = "caution" if flags else "plain"
        step = Step(ihc.shown, rule, f"IHC {score}, {CATEGORY[score]}", level, rules.reference)
        return IhcResult(score, CATEGORY[score], zero, flags, (step,))

    if rules.score_3.met_by(ic):
        return out("3+", f"intense complete staining in {rules.score_3.percent()}")
    if is_2:
        what = "complete or circumferential incomplete" if len(parts_2) > 1 else "complete"
        what += (
            " (incomplete staining taken as circumferential)"
            if ii > 0 and ihc.circumferential is None and len(parts_2) > 1
            else ""
        )
        more = " (with less intense complete staining than 3+ needs)" if ic > 0 else ""
        flags = (_limited(ic, rules),) if ic > 0 else ()
        return out("2+", f"{what} staining in {rules.score_2.percent()}{more}", *flags)
    if ic > 0:
        return out(
            "2+", f"intense complete staining in some cells, not in {rules.score_3.percent()}", _limited(ic, rules)
        )
    if rules.intense_incomplete_2 and rules.score_2.met_by(ii):
        flag = Flag(
            "UNCOVERED",
            f"Moderate to intense incomplete staining in {_percent(ii)}: no row covers it; 2+ is considered.",
        )
        return out("2+", "moderate to intense incomplete staining: to be considered 2+", flag)
    if is_1:
        flags = ()
        if not rules.zero_may_stain and (mc > 0 or ii > 0):
            flags = (Flag("UNCOVERED", f"{_told(mc, ii)}: no row of {version} covers it; 1+ is the nearest."),)
        elif rules.zero_may_stain and not rules.score_1.met_by(fi):
            flags = (
                Flag(
                    "MIXED",
                    f"Faint incomplete staining alone is {_percent(fi)}; with the other patterns {_percent(weak)}.",
                ),
            )
        return out("1+", f"incomplete or weak staining in {rules.score_1.percent()}", *flags)
    if mc + ii > 0 or over_zero:
        return _uncovered(
            ihc, version, rules, uncovered, _told(mc, ii) if mc + ii > 0 else f"Stained cells together {_percent(weak)}"
        )
    if not any_stain:
        return out("0", "no membrane staining", zero="null")
    flags = (
        (Flag("UNCOVERED", f"Weak, more than faint, incomplete staining in {_percent(wi)}: taken as 0."),)
        if wi > 0
        else ()
    )
    return out("0", f"faint incomplete staining, not in {rules.score_1.percent()}", *flags, zero="ultralow")


def _percent(share: Fraction) -> str:
    return f"{show(share * 100)} %"


def _limited(ic: Fraction, rules: IhcRules) -> Flag:
    return Flag("LIMITED_INTENSE", f"Intense complete staining in {_percent(ic)}; 3+ needs {rules.score_3.percent()}.")


def _told(mc: Fraction, ii: Fraction) -> str:
    parts = [f"complete staining in {_percent(mc)}"] if mc > 0 else []
    parts += [f"moderate to intense incomplete staining in {_percent(ii)}"] if ii > 0 else []
    text = " and ".join(parts)
    return text[:1].upper() + text[1:]


def _uncovered(ihc: Ihc, version: Version, rules: IhcRules, policy: Uncovered, what: str) -> IhcResult:
    flag = Flag("UNCOVERED", f"{what}: no row of {version} covers it.")
    if policy == "conventional":
        step = Step(ihc.shown, "no row covers this; by convention 1+", "IHC 1+, negative", "caution", rules.reference)
        return IhcResult("1+", "negative", None, (flag,), (step,))
    review = Flag("INDETERMINATE_REVIEW", "The IHC score is left open until a second reading settles it.")
    step = Step(ihc.shown, "no row covers this", "IHC score left to review", "stop", rules.reference)
    return IhcResult(None, "review", None, (flag, review), (step,))
