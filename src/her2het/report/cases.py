"""Traced cases as the page shows them, from the frames that their analysis returns."""

import re

import pandas as pd

from her2het.report.view import CaseView, StepView
from her2het.results.her2 import TracedCases

CASE_PANELS = ("case_plane", "case_nuclei")
STATUS = "status"  # the step that is the verdict


def case_views(result: TracedCases) -> tuple[CaseView, ...]:
    """The cases in their order."""
    return tuple(_view(row, result) for _, row in result.cases.iterrows())


def _view(row: pd.Series, result: TracedCases) -> CaseView:
    patient = str(row["patient"])
    statuses, steps, flags = (
        frame[frame["patient"] == patient] for frame in (result.statuses, result.steps, result.flags)
    )
    return CaseView(
        patient=patient,
        sample=_text(row["sample"]),
        group=_text(row["group"]),
        why=_text(row["why"]),
        guideline=_text(row["guideline"]),
        statuses=tuple((str(s["version"]), said(s["status"]), _text(s["words"])) for _, s in statuses.iterrows()),
        steps=tuple(_step(s) for _, s in steps.iterrows()),
        flags=tuple((said(f["code"]), str(f["text"])) for _, f in flags.iterrows()),
        comment=" ".join(t for t in (_text(row["comment"]), _text(row["comment_text"])) if t),
        next_actions=_text(row["next"]),
        missing=_text(row["missing"]),
    )


def _step(row: pd.Series) -> StepView:
    verdict = row["part"] == STATUS
    level = "verdict" if verdict and row["level"] == "plain" else str(row["level"])
    outcome = said(row["outcome"]) if verdict else str(row["outcome"])
    part = str(row["part"])
    observed, rule, outcome = (_unbroken(text) for text in (str(row["observed"]), str(row["rule"]), outcome))
    return StepView(part[:1].upper() + part[1:], observed, rule, outcome, level, _text(row["reference"]))


def said(code: object) -> str:
    """RECOUNT_REQUIRED as 'Recount required'."""
    return str(code).replace("_", " ").capitalize().replace("comment c", "comment C")


def _unbroken(text: str) -> str:
    """No line break between a number and its sign or unit."""
    return re.sub(r"([=≥≤<>]) (?=\d)|(?<=\d) (?=%)|(?<=p) (?==)", lambda m: f"{m[1] or ''}\u00a0", text)


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
