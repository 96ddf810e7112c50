"""A verdict as text for a person: status first, then each step, what qualifies it, and what to do next."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

from her2het.notice import INTENDED_USE, OF_RULES
from her2het.reference.guidelines import COMMENTS, GUIDELINES, RCB, Version
from her2het.rules.rcb import PCR_DEFINITIONS, RULESET, RcbResult
from her2het.rules.strata import FOOTNOTE
from her2het.rules.trace import Step, Verdict

WIDTH = 100
_MARK = {"plain": " ", "caution": "!", "stop": "x"}


def headline(verdict: Verdict) -> str:
    """'2018  NEGATIVE with comment C2 · IHC 2+ · ISH group 2 · stratum low'."""
    parts = [verdict.status + (f" with comment {verdict.comment_code}" if verdict.comment_code else "")]
    if verdict.ihc_score:
        parts.append(f"IHC {verdict.ihc_score}")
    elif verdict.ihc_category != "none":
        parts.append(f"IHC {verdict.ihc_category}")
    if verdict.ish is not None:
        group = f"group {verdict.ish.group}" if verdict.ish.group else _known(verdict.ish.category)
        parts.append(f"{'single-probe ' if verdict.ish.probe == 'single' else ''}ISH {group}")
    if verdict.recount_state == "accepted" and verdict.recount is not None:
        parts.append(f"recount group {verdict.recount.group}")
    if verdict.stratum:
        parts.append(f"stratum {verdict.stratum}")
    return f"{verdict.version}  {' · '.join(parts)}"


def text_of(verdict: Verdict) -> str:
    """One verdict in full."""
    guideline = GUIDELINES[verdict.version]
    lines = [f"Case {verdict.case} · {guideline.title}", "", headline(verdict), _wrap(f"Why: {verdict.reason}", 2)]
    lines += ["", "  Trace: observed, rule → outcome (! qualifies the result, x stops it)"]
    for number, step in enumerate(verdict.steps, 1):
        lines += _step(number, step)
    if verdict.comment_code:
        comment = COMMENTS[verdict.comment_code]
        lines += ["", _wrap(f"Comment {comment.code}: {comment.text} [{comment.reference}]", 2)]
    lines += _list("Flags", [f"{flag.code}: {flag.text}" for flag in verdict.flags])
    lines += _list("Next", verdict.next_actions)
    lines += _list("Missing", verdict.missing)
    if verdict.stratum:
        lines += ["", _wrap(FOOTNOTE, 2)]
    lines += ["", _wrap(_source(verdict), 2), f"  Inputs sha256 {verdict.inputs_sha256}"]
    return "\n".join(lines)


def _alike(before: Verdict, after: Verdict) -> bool:
    def told(verdict: Verdict) -> list[tuple[str, str, str]]:
        return [(step.observed, step.rule, step.outcome) for step in verdict.steps]

    return (before.status, before.stratum, told(before)) == (after.status, after.stratum, told(after))


def _same_as(before: Verdict, verdict: Verdict) -> str:
    guideline = GUIDELINES[verdict.version]
    same = f"Every step as under {before.version}: the cut-offs are the same."
    top = f"Case {verdict.case} · {guideline.title}"
    return "\n".join([top, "", headline(verdict), _wrap(same, 2), "", _wrap(_source(verdict), 2)])


def _source(verdict: Verdict) -> str:
    guideline = GUIDELINES[verdict.version]
    cited = f"{guideline.citation.full}; doi {guideline.citation.doi}"
    return f"Rule set {verdict.ruleset_version}, guideline of {guideline.published}; {cited}."


def texts_of(verdicts: Mapping[Version, Verdict]) -> str:
    """All verdicts of a case: a summary, what changes between versions, each in full, and the research-use notice."""
    given = list(verdicts.values())
    parts: list[str] = []
    if len(given) > 1:
        summary = [f"Case {given[0].case}", "", *(f"  {headline(verdict)}" for verdict in given)]
        parts += ["\n".join([*summary, "", *(_wrap(line, 2) for line in changes(given))])]
    for before, verdict in zip([None, *given], given, strict=False):
        parts.append(_same_as(before, verdict) if before and _alike(before, verdict) else text_of(verdict))
    parts.append(notice())
    return f"\n\n{'-' * WIDTH}\n".join(parts) + "\n"


def changes(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per step between versions at which status, IHC score, ISH result or stratum changes."""
    lines: list[str] = []
    for before, after in pairwise(verdicts):
        found: list[str] = []
        if before.ihc_score != after.ihc_score:
            found.append(f"IHC {before.ihc_score or 'open'} to {after.ihc_score or 'open'}")
        if before.ish and after.ish and before.ish.category != after.ish.category:
            found.append(f"ISH {_turn(before.ish.category, after.ish.category)}")
        if (before.status, before.comment_code) != (after.status, after.comment_code):
            found.append(f"status {before.status} to {after.status}")
        if found:
            lines.append(f"{before.version} to {after.version}: {'; '.join(found)}.")
    return lines or ["No difference between these versions."]


def _turn(before: str, after: str) -> str:
    """From one category to the other; where both are open, what each leaves possible."""
    known = (_known(before), _known(after))
    return " to ".join(known if known[0] != known[1] else (before, after))


def _known(category: str) -> str:
    """The category, or 'open' where several remain possible."""
    return "open" if " or " in category else category


def notice(texts: Sequence[str] = OF_RULES) -> str:
    """The research-use notice, one paragraph per text of `her2het.notice`."""
    return "\n".join(_wrap(text, 0) for text in texts)


def head(texts: Sequence[str] = OF_RULES) -> dict[str, object]:
    """What every JSON answer starts with."""
    return {"intended_use": INTENDED_USE, "research_use": list(texts)}


def rcb_text(result: RcbResult) -> str:
    """Index, class, steps and pCR of one specimen, and the research-use notice."""
    known = result.index is not None
    lines = [f"RCB {result.index:.4f}, class RCB-{result.rcb_class}" if known else "RCB not computable", ""]
    lines += [f"  {step.observed}\n    {step.rule}  →  {step.outcome}" for step in result.steps]
    lines += ["", "  Pathological complete response"]
    words = {True: "yes", False: "no", None: "not known"}
    lines += [f"  - {name}: {words[value]} ({PCR_DEFINITIONS[name]})" for name, value in result.pcr.items()]
    lines += _list("Flags", [f"{flag.code}: {flag.text}" for flag in result.flags])
    lines += _list("Missing", result.missing)
    return (
        "\n".join([*lines, "", f"  {RCB.citation.full}; doi {RCB.citation.doi}", *_seal(result), "", notice()]) + "\n"
    )


def _seal(result: RcbResult) -> list[str]:
    return [f"  Rule set {RULESET}", f"  Inputs sha256 {result.inputs_sha256}"]


def _step(number: int, step: Step) -> list[str]:
    return [
        _wrap(step.observed, 0, f"  {_MARK[step.level]}{number:>2}  "),
        _wrap(f"{step.rule}  →  {step.outcome}", 7),
        *([_wrap(f"[{step.reference}]", 7)] if step.reference else []),
    ]


def _list(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    return ["", f"  {title}", *(_wrap(item, 2, "- ") for item in items)]


def _wrap(text: str, indent: int, bullet: str = "") -> str:
    first = " " * indent + bullet
    rest = " " * (indent + len(bullet))
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
