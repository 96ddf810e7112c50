"""What a pair of IHC and ISH results comes to: one outcome per cell of the published tables."""

from typing import Literal, NamedTuple

from her2het.rules.trace import Status

IhcKey = Literal["0/1+", "2+", "3+", "none", "review"]
Combination = Literal["reflex", "all_tests"]
REFLEX_IHC = "Perform ISH on the same specimen, or test a new specimen by IHC or ISH."
NEED_IHC = "Perform IHC on sections of the tissue used for ISH and review both together."
NEED_RECOUNT = (
    "Have ISH recounted by another observer, blinded to the first result: at least 20 cells, the IHC 2+ area included."
)
ADJUDICATE = "Let the laboratory's own procedure decide on the final category; both counts are shown."
SETTLE_IHC = "Settle the IHC score by a second reading."
NEW_SPECIMEN = "Repeat the test on another specimen."


class Outcome(NamedTuple):
    """A status with the facts it rests on, the rule that gives it, its comment, what to do next and what is missing."""

    status: Status
    reason: str
    rule: str
    comment: str | None = None
    next_actions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    discordant: bool = False
    flag: str | None = None


def _with(ihc: IhcKey, score: str | None) -> str:
    """' with IHC 1+', or nothing where there is no score."""
    return {"none": "", "review": "; the IHC score is open"}.get(ihc, f" with IHC {score}")


def ihc_alone(ihc: IhcKey, score: str | None) -> Outcome:
    """The status where no ISH was done; the same in every version."""
    if ihc == "3+":
        return Outcome("POSITIVE", "IHC 3+.", "3+ is positive")
    if ihc == "0/1+":
        return Outcome("NEGATIVE", f"IHC {score}.", "0 and 1+ are negative")
    if ihc == "2+":
        rule = "2+ is equivocal: a reflex test is needed"
        return Outcome("EQUIVOCAL", "IHC 2+ without ISH.", rule, None, (REFLEX_IHC,), ("ISH",))
    if ihc == "review":
        reason = "The staining fits no row of the table, and there is no ISH."
        return Outcome("INDETERMINATE", reason, "a score must be settled first", None, (SETTLE_IHC,), ("ISH",))
    missing = ("an IHC score or staining percentages", "ISH counts, averages or category")
    return Outcome("INCOMPLETE", "Neither an IHC score nor an ISH result is given.", "needs a test", None, (), missing)


def by_group(ihc: IhcKey, score: str | None, group: int, recount: int | None) -> Outcome:
    """2018 and 2023, dual probe: `recount`, the group of an accepted recount, counts with IHC 2+ in groups 2-4."""
    at = f"ISH group {group}{_with(ihc, score)}."
    if ihc == "3+":
        return Outcome("POSITIVE", at, "IHC 3+ is positive in every group", discordant=group == 5)
    if group == 1:
        return Outcome("POSITIVE", at, "group 1 is positive with every IHC score", discordant=ihc == "0/1+")
    if group == 5:
        actions = (SETTLE_IHC,) if ihc == "review" else ()
        return Outcome("NEGATIVE", at, "group 5 is negative unless IHC is 3+", None, actions)
    if ihc == "none":
        rule = f"group {group} needs IHC on the same tissue"
        return Outcome(
            "INCOMPLETE",
            f"ISH group {group} without IHC.",
            rule,
            None,
            (NEED_IHC,),
            ("IHC on the tissue used for ISH",),
        )
    if ihc == "review":
        rule = f"group {group} needs an IHC score"
        return Outcome("INDETERMINATE", at, rule, None, (SETTLE_IHC,), ("the IHC score",))
    if ihc == "0/1+":
        return Outcome("NEGATIVE", at, f"group {group} with IHC 0 or 1+ is negative, with a comment", f"C{group}")
    return _group_with_2(group, recount)


def _group_with_2(group: int, recount: int | None) -> Outcome:
    at = f"ISH group {group} with IHC 2+"
    if recount is None:
        rule = f"group {group} with IHC 2+ is recounted by a blinded observer"
        missing = ("a valid recount of ISH",)
        return Outcome("RECOUNT_REQUIRED", f"{at}, without a valid recount.", rule, None, (NEED_RECOUNT,), missing)
    if recount != group:
        rule = "a recount that changes the group is adjudicated by the laboratory"
        return Outcome("ADJUDICATION_REQUIRED", f"{at}; group {recount} in the recount.", rule, None, (ADJUDICATE,))
    reason = f"{at}, confirmed by the recount."
    if group == 3:
        return Outcome("POSITIVE", reason, "group 3 confirmed with IHC 2+ is positive")
    return Outcome("NEGATIVE", reason, f"group {group} confirmed with IHC 2+ is negative, with a comment", f"C{group}")


def by_single_probe(ihc: IhcKey, score: str | None, category: str) -> Outcome:
    """2018 and 2023, single probe: copies from 6.0 (positive), below 4.0 (negative), or between (workup)."""
    if category == "positive":
        reason = f"Single-probe ISH positive{_with(ihc, score)}."
        return Outcome("POSITIVE", reason, "6.0 copies or more are positive", discordant=ihc == "0/1+")
    if ihc == "3+":
        reason = "IHC 3+ with single-probe ISH " + (
            "negative." if category == "negative" else "of 4.0 to below 6.0 copies."
        )
        return Outcome("POSITIVE", reason, "IHC 3+ is positive", discordant=category == "negative")
    if category == "negative":
        reason = f"Single-probe ISH negative{_with(ihc, score)}."
        return Outcome("NEGATIVE", reason, "fewer than 4.0 copies are negative")
    at = f"4.0 to below 6.0 copies by single probe{_with(ihc, score)}."
    if ihc == "0/1+":
        return Outcome("NEGATIVE", at, "4.0 to below 6.0 copies with IHC 0 or 1+ are negative")
    if ihc == "2+":
        action, missing = ("Perform dual-probe ISH for the final result.",), ("dual-probe ISH",)
        return Outcome("DUAL_PROBE_REQUIRED", at, "with IHC 2+ a dual probe decides", None, action, missing)
    if ihc == "review":
        return Outcome(
            "INDETERMINATE", at, "needs an IHC score or a dual probe", None, (SETTLE_IHC,), ("the IHC score",)
        )
    actions = (NEED_IHC, "Or perform dual-probe ISH.")
    return Outcome("INCOMPLETE", at, "needs IHC or a dual probe", None, actions, ("IHC or dual-probe ISH",))


def after_equivocal_ish(ihc: IhcKey, version: str, probe: str) -> str:
    """What 2007 and 2013 ask for after an equivocal ISH."""
    ihc_too = "perform IHC, " if ihc == "none" else ""
    if version == "2007":
        return f"Count more cells, {ihc_too}or repeat ISH."
    if probe == "single":
        return f"Perform dual-probe ISH, {ihc_too}or test a new specimen."
    text = f"{ihc_too}perform ISH with another chromosome 17 probe, or test a new specimen."
    return f"{text[:1].upper()}{text[1:]}"


def by_category(
    ihc: IhcKey, score: str | None, category: str, again: str, combination: Combination = "reflex"
) -> Outcome:
    """2007 and 2013: positive if either test is; equivocal if ISH is; IHC 2+ is settled by a definite ISH.

    `again` is what the version asks for after an equivocal ISH. `combination="all_tests"` reads the last point
    strictly: negative only if every test done is negative.
    """
    at = f"ISH {category}{_with(ihc, score)}."
    if ihc == "3+":
        return Outcome("POSITIVE", at, "positive if either test is", discordant=category == "negative")
    if category == "positive":
        return Outcome("POSITIVE", at, "positive if either test is", discordant=ihc == "0/1+")
    if category == "equivocal":
        rule = "equivocal if neither test is positive and ISH is equivocal"
        return Outcome("EQUIVOCAL", at, rule, None, (again,), ("a further test",))
    if ihc == "2+" and combination == "all_tests":
        return Outcome("EQUIVOCAL", at, "negative only if every test is", None, ("Test a new specimen.",))
    if ihc == "2+":
        return Outcome("NEGATIVE", at, "ISH as reflex test settles IHC 2+", flag="REFLEX_SETTLED")
    actions = (SETTLE_IHC,) if ihc == "review" else ()
    return Outcome("NEGATIVE", at, "negative if no test is positive or equivocal", None, actions)


def as_reported(ihc: IhcKey, score: str | None, category: str) -> Outcome:
    """Where numbers do not decide: the ISH category of the report, read with IHC."""
    at = f"ISH reported as {category}{_with(ihc, score)}."
    if ihc == "3+":
        return Outcome("POSITIVE", at, "IHC 3+ is positive", discordant=category == "negative")
    rule = "the category of the report, as it stands"
    if category == "equivocal":
        return Outcome("EQUIVOCAL", at, rule, None, ("Obtain the ISH counts.",), ("ISH counts",))
    status: Status = "POSITIVE" if category == "positive" else "NEGATIVE"
    return Outcome(status, at, rule, discordant=category == "positive" and ihc == "0/1+")


def without_ish_result(ihc: IhcKey, score: str | None, state: str) -> Outcome:
    """Where ISH was done but has no result: too few cells, or failed controls."""
    what = "too few cells were counted" if state == "insufficient" else "ISH failed"
    again = "Count more cells." if state == "insufficient" else "Repeat ISH, or test another specimen."
    if ihc in {"3+", "0/1+"}:
        alone = ihc_alone(ihc, score)
        return alone._replace(reason=f"IHC {score}; {what}.", next_actions=(again,), flag="ISH_SET_ASIDE")
    if state == "insufficient":
        reason, missing = f"{what[:1].upper()}{what[1:]}.", ("a sufficient ISH count",)
        return Outcome("INSUFFICIENT", reason, "a count needs its minimum of cells", None, (again,), missing)
    if ihc == "2+":
        return Outcome("EQUIVOCAL", "IHC 2+; ISH failed.", "2+ is equivocal", None, (again,), ("an ISH result",))
    reason = "ISH failed and IHC does not decide."
    return Outcome("INDETERMINATE", reason, "no test has a result", None, (NEW_SPECIMEN,), ("an ISH result",))
