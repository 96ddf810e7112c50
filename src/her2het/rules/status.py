"""HER2 status of one case under one version: IHC, ISH, recount and reports put together, with the trace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from her2het.reference.guidelines import GUIDELINES, VERSIONS, Version
from her2het.rules.assemble import basis, decision_flags, last_step, missing, next_actions, second_population
from her2het.rules.case import Case
from her2het.rules.ihc import IhcResult, Uncovered, score_ihc
from her2het.rules.ish import IshReading, read_ish
from her2het.rules.ish_input import Ish
from her2het.rules.outcome import (
    NEW_SPECIMEN,
    Combination,
    IhcKey,
    Outcome,
    after_equivocal_ish,
    as_reported,
    by_category,
    by_group,
    by_single_probe,
    ihc_alone,
    without_ish_result,
)
from her2het.rules.recount import Recount, check_recount, recount_step
from her2het.rules.retest import retest_flags
from her2het.rules.strata import stratum
from her2het.rules.trace import Flag, Verdict


@dataclass(frozen=True)
class Policy:
    """Choices that the guidelines leave open; each changes a result only where the trace says so."""

    uncovered: Uncovered = "review"
    """Staining that no row covers: left to review, or 1+ by convention."""
    cumulative: bool = True
    """Whether staining patterns are added up against a threshold."""
    combination: Combination = "reflex"
    """2007 and 2013: a negative ISH settles IHC 2+ (reflex), or every test must be negative (all_tests)."""


DEFAULT = Policy()


class _Ish(NamedTuple):
    reading: IshReading
    test: Ish | None
    recount_group: int | None


class _Decision(NamedTuple):
    outcome: Outcome
    how: Literal["known", "same", "reported", "open"]


def verdict(case: Case, version: Version, policy: Policy = DEFAULT) -> Verdict:
    """The HER2 status of a case under one version of the guideline, with every rule that was applied.

    Numbers decide before categories of a report. Where a number is missing, each possibility is followed: if all lead
    to one status, that is the status; otherwise the reported category is used if there is one, else INCOMPLETE.
    Software never adjudicates and never pools two counts.
    """
    ihc = score_ihc(case.ihc, version, uncovered=policy.uncovered, cumulative=policy.cumulative)
    dual, single = read_ish(case.dual, version), read_ish(case.single, version)
    recount = check_recount(case.recount, case.dual or case.single, version)
    key = _ihc_key(ihc)
    reading, test = (dual, case.dual) if case.dual is not None else (single, case.single)
    flags = [*ihc.flags]
    steps = [*ihc.steps]
    for part in (single, dual):
        flags += [flag for flag in part.flags if flag not in flags]
        steps += part.steps
    flags += _single_against_dual(single, dual)
    if recount.state != "none" and not _recount_counts(key, reading, version):
        flags.append(_not_called_for(recount, version))
        recount = Recount("not used", recount.reading)
    flags += recount.flags
    steps += recount.steps
    if recount.state == "accepted" and case.recount is not None and case.dual is not None and reading.group:
        steps.append(recount_step(recount, case.dual, case.recount, reading.group, version))
    decision = _decide(version, policy, ihc, _Ish(reading, test, recount.group))
    outcome = decision.outcome
    flags += decision_flags(outcome, decision.how, ihc, reading, test)
    if case.second is not None:
        step, flag = second_population(case.second, version)
        steps.append(step)
        flags.append(flag)
    flags += retest_flags(case.context, outcome.status, version)
    steps.append(last_step(outcome, reading, version))
    return Verdict(
        case=case.name,
        version=version,
        status=outcome.status,
        reason=outcome.reason,
        comment_code=outcome.comment,
        ihc_score=ihc.score,
        ihc_category=ihc.category,
        ish=reading.summary,
        recount=recount.reading.summary if recount.reading else None,
        recount_state=recount.state,
        stratum=stratum(ihc, outcome.status, version),
        basis=basis(key, reading, decision.how, test),
        flags=tuple(flags),
        steps=tuple(steps),
        next_actions=next_actions(outcome, ihc, flags, recount.state),
        missing=missing(outcome, case.ihc, test),
        inputs_sha256=case.inputs_sha256,
    )


def verdicts(case: Case, policy: Policy = DEFAULT, versions: Sequence[Version] = VERSIONS) -> dict[Version, Verdict]:
    """The verdicts of a case under several versions, in their order."""
    return {version: verdict(case, version, policy) for version in versions}


def _ihc_key(ihc: IhcResult) -> IhcKey:
    if ihc.category in {"none", "indeterminate"}:
        return "none"
    if ihc.score is None:
        return "review"
    keys: dict[str, IhcKey] = {"0": "0/1+", "1+": "0/1+", "2+": "2+", "3+": "3+"}
    return keys[ihc.score]


def _decide(version: Version, policy: Policy, ihc: IhcResult, ish: _Ish) -> _Decision:
    key, (reading, test, recount_group) = _ihc_key(ihc), ish
    if reading.state == "none" or test is None:
        if ihc.category == "indeterminate":
            reason = "IHC has no result and there is no ISH."
            nothing = Outcome("INDETERMINATE", reason, "no test has a result", None, (NEW_SPECIMEN,), ("a valid test",))
            return _Decision(nothing, "known")
        return _Decision(ihc_alone(key, ihc.score), "known")
    if reading.state != "read":
        return _Decision(without_ish_result(key, ihc.score, reading.state), "known")
    rules = GUIDELINES[version].ish
    if not rules.groups:
        again = after_equivocal_ish(key, version, test.probe)
        outcomes = [by_category(key, ihc.score, c, again, policy.combination) for c in reading.categories]
    elif test.probe == "single":
        outcomes = [by_single_probe(key, ihc.score, c) for c in reading.categories]
    else:
        outcomes = [by_group(key, ihc.score, g, recount_group) for g in reading.groups]
    told = (
        "Without IHC," if key == "none" else "With the IHC score open," if key == "review" else f"IHC {ihc.score} with"
    )
    return _settle(outcomes, lambda category: as_reported(key, ihc.score, category), reading, test, told)


def _settle(
    outcomes: list[Outcome], carried: Callable[[str], Outcome], reading: IshReading, test: Ish, told: str
) -> _Decision:
    """One outcome where all possibilities agree, else the report's category, else none."""
    first = outcomes[0]
    if len(outcomes) == 1:
        return _Decision(first, "known")
    possible = f"group {' or '.join(map(str, reading.groups))}" if reading.groups else " or ".join(reading.categories)
    reported = None if reading.reported is None else carried(reading.reported)
    if all(other.status == first.status for other in outcomes):
        if reported is not None and reported.status == first.status:
            return _Decision(reported, "same")
        comment = first.comment if len({other.comment for other in outcomes}) == 1 else None
        reason = f"{told} ISH {possible}: the same status in each case."
        rule = "each possibility was followed"
        return _Decision(Outcome(first.status, reason, rule, comment, first.next_actions, first.missing), "same")
    if reported is not None:
        return _Decision(reported, "reported")
    lacks = [name for name, value in (("ratio", test.ratio), ("HER2 copies per cell", test.copies)) if value is None]
    what = " and ".join(lacks) or "an exact number of HER2 copies"
    reason = f"ISH may be {possible} for want of {what}, with different statuses."
    action = f"Obtain {what}, best as counts per nucleus."
    return _Decision(Outcome("INCOMPLETE", reason, "each possibility was followed", None, (action,), (what,)), "open")


def _single_against_dual(single: IshReading, dual: IshReading) -> tuple[Flag, ...]:
    opposite = {(("positive",), ("negative",)), (("negative",), ("positive",))}
    if single.state == dual.state == "read" and (single.categories, dual.categories) in opposite:
        text = f"Single probe {single.categories[0]}, dual probe {dual.categories[0]}: the dual probe is used."
        return (Flag("SINGLE_DUAL_DISCORDANT", text),)
    return ()


def _recount_counts(key: IhcKey, reading: IshReading, version: Version) -> bool:
    return GUIDELINES[version].ish.groups and key == "2+" and reading.group in {2, 3, 4}


def _not_called_for(recount: Recount, version: Version) -> Flag:
    shown = recount.reading.summary.category if recount.reading and recount.reading.summary else "no result"
    group = recount.reading.group if recount.reading else None
    said = f"group {group}, ISH {shown}" if group else f"ISH {shown}"
    if GUIDELINES[version].ish.groups:
        why = f"{version} asks for a recount with IHC 2+ in groups 2 to 4 alone"
    else:
        why = f"{version} knows no recount that is held against the first count"
    return Flag("RECOUNT_NOT_CALLED_FOR", f"{why}; for information, this one gives {said}.")
