"""Statuses by the rules against the hospital's own: a table, and each disagreement by its cause."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from her2het.reference.guidelines import Version
from her2het.rules.cohort import Classified, counted
from her2het.rules.trace import STATUSES, Verdict

HOSPITAL = ("Positive", "Negative", "Tests conflict", "Equivocal", "Indeterminate", "None")
_DEFINITE = ("Positive", "Negative")
CONTRADICTION = "neither is used"
"""How a note on contradictory ISH entries ends (`her2het.io.her2_cases`)."""


@dataclass(frozen=True)
class Agreement:
    """The hospital's own status against one version."""

    version: Version
    table: pd.DataFrame
    """Cases by the hospital's status (rows) and ours (columns)."""
    comparable: int
    """Cases in which both are positive or negative."""
    agree: int
    causes: pd.DataFrame
    """Causes: hospital, ours, cause, cases (a number) and which."""
    discordant: pd.DataFrame
    """One row per case that differs: case, hospital, ours, cause, reason."""


def hospital_status(ihc: str | None, ish: str | None) -> str:
    """The hospital's own status from its IHC status and its ISH status, both as written.

    A definite ISH settles an IHC that is equivocal, indeterminate or missing, and the reverse; two definite results
    that differ are a conflict, for the hospital's final word is not recorded.
    """
    a, b = ((text or "").strip().capitalize() for text in (ihc, ish))
    if a in _DEFINITE and b in _DEFINITE:
        return a if a == b else "Tests conflict"
    for text in (b, a):
        if text in _DEFINITE:
            return text
    return next((text for text in (a, b) if text in HOSPITAL), "None")


def agreement(
    cases: Iterable[Classified], hospital: Mapping[str, tuple[str | None, str | None]], version: Version
) -> Agreement:
    """Compare one version with the hospital's own status, given per case as (IHC status, ISH status)."""
    counts: Counter[tuple[str, str]] = Counter()
    rows: list[dict[str, str]] = []
    comparable = agree = 0
    for case in cases:
        ihc, ish = hospital.get(case.name, (None, None))
        theirs, verdict = hospital_status(ihc, ish), case.verdicts[version]
        counts[theirs, verdict.status] += 1
        ours = verdict.status.capitalize()
        if theirs in _DEFINITE and ours in _DEFINITE:
            comparable += 1
            agree += theirs == ours
        if theirs != ours and not (theirs == "None" and verdict.status == "INCOMPLETE"):
            why = cause(verdict, theirs, ihc, case.notes)
            rows.append(
                {"case": case.name, "hospital": theirs, "ours": verdict.status, "cause": why, "reason": verdict.reason}
            )
    table = counted(counts, ("hospital", HOSPITAL), (version, STATUSES))
    discordant = pd.DataFrame(rows, columns=["case", "hospital", "ours", "cause", "reason"])
    grouped = discordant.groupby(["hospital", "ours", "cause"], sort=False)["case"]
    causes = grouped.agg(cases="size", which=" ".join).reset_index()
    causes = causes.sort_values(["hospital", "cases"], ascending=[True, False], kind="stable", ignore_index=True)
    return Agreement(version, table, comparable, agree, causes, discordant)


def cause(verdict: Verdict, hospital: str, hospital_ihc: str | None, notes: tuple[str, ...] = ()) -> str:
    """Why a status by the rules differs from the hospital's: the first of these that holds."""
    ihc = (hospital_ihc or "").strip().lower()
    if verdict.basis == "nothing":
        return "no score, count or ISH category behind the hospital's status"
    if hospital == "None":
        return "the hospital gives no status"
    if hospital == "Tests conflict":
        return "the hospital's IHC and ISH statuses differ"
    if verdict.status == "EQUIVOCAL" and verdict.ish is None:
        contradictory = any(CONTRADICTION in note for note in notes)
        return "ISH entries contradict each other; IHC 2+ remains" if contradictory else "IHC 2+ without ISH"
    if verdict.status == "EQUIVOCAL":
        return "ISH in the equivocal range of the version"
    if (
        ihc in {"positive", "negative"}
        and verdict.ihc_category in {"positive", "negative"}
        and verdict.ihc_category != ihc
    ):
        return "IHC score differs from the hospital's IHC status"
    if verdict.ihc_category == "positive" and verdict.status == "POSITIVE":
        return "IHC 3+ makes the case positive"
    if verdict.status in {"RECOUNT_REQUIRED", "ADJUDICATION_REQUIRED", "DUAL_PROBE_REQUIRED", "INDETERMINATE"}:
        return "an ISH group that needs a work-up which is not documented"
    if verdict.status == "INCOMPLETE" and verdict.ish is not None and verdict.ish.group is not None:
        return "an ISH group that needs IHC"
    if verdict.status == "INCOMPLETE":
        return "HER2 copies or ratio missing"
    if verdict.comment_code is not None:
        return "an ISH group reported with a comment"
    if verdict.has("REPORTED_DISAGREES"):
        return "the version's cut-offs read the ISH numbers otherwise than the report"
    if hospital not in _DEFINITE:
        return f"the hospital left it {hospital.lower()}; IHC and ISH decide"
    return "ISH cut-off of the version"
