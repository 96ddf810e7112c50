"""What surrounds a status: flags of the combination, basis, next actions and what was missing."""

from collections.abc import Sequence

from her2het.reference.guidelines import GUIDELINES, Version
from her2het.rules.ihc import Ihc, IhcResult
from her2het.rules.ish import IshReading, read_ish
from her2het.rules.ish_input import Ish
from her2het.rules.outcome import SETTLE_IHC, IhcKey, Outcome
from her2het.rules.trace import Flag, Step


def decision_flags(
    outcome: Outcome, how: str, ihc: IhcResult, reading: IshReading, test: Ish | None
) -> tuple[Flag, ...]:
    """Flags that arise when IHC and ISH are put together."""
    flags: list[Flag] = []
    if outcome.discordant:
        flags.append(Flag("DISCORDANT", f"IHC and ISH point in opposite directions: {outcome.reason}"))
    if outcome.flag == "REFLEX_SETTLED":
        flags.append(
            Flag("REFLEX_SETTLED", "ISH settles IHC 2+ as the reflex test; read test by test it would stay EQUIVOCAL.")
        )
    if outcome.flag == "ISH_SET_ASIDE":
        flags.append(Flag("ISH_SET_ASIDE", f"{outcome.reason} The status rests on IHC alone."))
    if ihc.category == "indeterminate" and reading.state == "read":
        flags.append(Flag("IHC_SET_ASIDE", "IHC has no result; the status rests on ISH alone."))
    if test is not None and test.given == "category" and reading.reported:
        flags.append(Flag("ISH_AS_REPORTED", f"ISH is known only as reported: {reading.reported}."))
    elif how == "reported":
        text = f"The numbers leave the result open; the reported category, {reading.reported}, was used."
        flags.append(Flag("ISH_AS_REPORTED", text))
    elif how == "same":
        flags.append(Flag("SAME_WHICHEVER", outcome.reason))
    flags += _against_report(outcome, ihc, reading)
    return tuple(flags)


def _against_report(outcome: Outcome, ihc: IhcResult, reading: IshReading) -> tuple[Flag, ...]:
    """Where numbers, or a work-up, led away from the reported category."""
    codes = {flag.code for flag in reading.flags}
    if reading.reported is None or ihc.score == "3+" or "REPORTED_DISAGREES" in codes:
        return ()
    if outcome.status not in {"POSITIVE", "NEGATIVE"} or outcome.status.lower() == reading.reported:
        return ()
    return (Flag("REPORTED_DISAGREES", f"Reported as {reading.reported}; the rules give {outcome.status}."),)


def second_population(second: Ish, version: Version) -> tuple[Step, Flag]:
    """A second population of cells, read on its own beside the first."""
    bound = GUIDELINES[version].ish.second_population
    reading = read_ish(second, version)
    share = second.share or 0
    summary = reading.summary.category if reading.summary else reading.state
    said = f"group {reading.group}, ISH {summary}" if reading.group else f"ISH {summary}"
    asked = bound.met_by(share)
    rule = f"a second population in {bound.percent()} of the tumour is counted and reported on its own"
    percent = f"{float(share * 100):g} %"
    step = Step(
        f"second population, {percent}: {second.shown()}", rule, said, "caution", GUIDELINES[version].ish.reference
    )
    text = f"Second population in {percent} of the tumour: {said}. " + (
        "Both results belong in the report." if asked else f"Below {bound.percent()[2:]}: for information."
    )
    return step, Flag("SECOND_POPULATION", text)


def basis(key: IhcKey, reading: IshReading, how: str, test: Ish | None) -> str:
    """'IHC', 'ISH', 'IHC and ISH', the same with 'reported ISH', or 'nothing'."""
    parts = [] if key == "none" else ["IHC"]
    if reading.state == "read":
        carried = how == "reported" or (test is not None and test.given == "category")
        parts.append("reported ISH" if carried else "ISH")
    return " and ".join(parts) or "nothing"


def last_step(outcome: Outcome, reading: IshReading, version: Version) -> Step:
    """The status itself as the last line of the trace."""
    level = "plain" if outcome.status in {"POSITIVE", "NEGATIVE"} and not outcome.discordant else "caution"
    rules, reference = GUIDELINES[version].ish, GUIDELINES[version].citation.short
    if rules.groups and reading.state == "read":
        reference = (
            rules.reference_single if reading.probe == "single" else rules.figure(reading.group) or rules.reference
        )
    said = outcome.status + (f" with comment {outcome.comment}" if outcome.comment else "")
    return Step(outcome.reason, outcome.rule, said, level, reference)


def next_actions(outcome: Outcome, ihc: IhcResult, flags: Sequence[Flag], recount_state: str) -> tuple[str, ...]:
    """What the version asks of the laboratory next, in order, each once."""
    codes = {flag.code for flag in flags}
    actions = list(outcome.next_actions)
    if ihc.category == "indeterminate":
        actions.append("Repeat IHC with working controls.")
    if "INDETERMINATE_REVIEW" in codes:
        actions.append(SETTLE_IHC)
    if "IMPLAUSIBLE" in codes:
        actions.append("Check the ISH numbers as they were entered.")
    settled = ihc.score == "3+" or recount_state == "accepted" or outcome.comment is not None
    asked = any(action.startswith("Count more cells") for action in actions)
    if "RECOUNT_ADVISED" in codes and not settled and not asked:
        actions.append("Advice: count at least 20 more cells, preferably by a second observer.")
    if "DISCORDANT" in codes:
        actions.append("Review IHC and ISH slides together: controls, areas scored, heterogeneity.")
    if "SECOND_POPULATION" in codes:
        actions.append("Report both populations.")
    return tuple(dict.fromkeys(actions))


def missing(outcome: Outcome, ihc: Ihc | None, test: Ish | None) -> tuple[str, ...]:
    """What was not given: what the status waits for first, then what would qualify it."""
    lacks = list(outcome.missing)
    if test is not None and test.given != "cells":
        lacks.append("counts per nucleus, without which there is no interval")
    silent = [name for name, assay in (("IHC", ihc), ("ISH", test)) if assay is not None and assay.controls_ok is None]
    if silent:
        lacks.append(f"whether the controls of {' and '.join(silent)} were as expected")
    return tuple(dict.fromkeys(lacks))
