"""From plan, study and outcomes to what the page is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from her2het.plan import Analysis, Plan
from her2het.report.cases import CASE_PANELS, case_views
from her2het.report.cohort import cohort_view
from her2het.report.draw import Drawn
from her2het.report.prose import read_docstring
from her2het.report.view import (
    AnalysisView,
    CohortView,
    CommandView,
    GroupView,
    InputView,
    KnobView,
    PanelView,
    ReportView,
    SectionView,
    TableView,
)
from her2het.results.cohort import CohortTable, GroupAssignment
from her2het.results.her2 import TracedCases
from her2het.run import INPUT_PROBLEM, Outcome
from her2het.schema import Note
from her2het.study import Study

QUESTIONS = {
    "Patients and samples": "Who was studied, and what was left out?",
    "HER2 status and heterogeneity": "How is HER2 amplification spread within a tumour, and how sure is each call?",
    "Expression": "Are the libraries sound, and what separates the samples?",
    "Before treatment": "Which tumours respond, and what sets them apart before treatment begins?",
    "Treatment-induced change": "What changes under treatment, and does it differ by heterogeneity?",
    "Mechanisms": "Which genes and pathways go with resistance?",
    "Immune microenvironment": "How do immune cells and checkpoints differ, before and after treatment?",
    "Response and next trial": "What separates response, and what would the next trial need?",
}
SHOWN_TABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # analysis -> (field of its result, title on the page)
    "group_assignment": (
        ("counts", "Groups"),
        ("shifts", "HET that changes under treatment"),
        ("conflicts", "Conflicting HET calls"),
    ),
    "subtypes": (("agreement", "Subtype of each sample: the leading call against robust scaling"),),
    "her2_status": (
        ("by_group", "HER2 status of the baseline tumours by group"),
        ("matrix", "Patients by status under 2007 (rows) and 2023 (columns)"),
        ("moved", "Patients whose status changes from 2007 to 2023"),
    ),
    "spatial_pattern": (("by_group", "Pattern of the baseline tumours in which amplified nuclei are the fewer"),),
    "discordance": (("listed", "Tumours whose HER2 measurements disagree"),),
    "next_trial": (("table", "Patients that the next trial needs"),),
    "published_claims": (
        ("verdicts", "Published claims and what this cohort says of them"),
        ("evidence", "The estimates behind each claim"),
        ("contradictions", "Where the paper contradicts itself"),
    ),
}
SUMMARY_PANELS = ("flow",)


def assemble(
    plan: Plan,
    study: Study,
    outcomes: Sequence[Outcome],
    drawn: Mapping[str, Sequence[Drawn]],
    about: Mapping[str, Any],
) -> ReportView:
    """The view of a run. Nothing here depends on when or where it ran."""
    results = {type(o.result): o.result for o in outcomes if o.result is not None}
    sections: dict[str, list[AnalysisView]] = {}
    for o in sorted(outcomes, key=lambda o: plan.listed.index(o.analysis)):
        sections.setdefault(o.analysis.section, []).append(_analysis(o, drawn.get(o.analysis.name, ())))
    return ReportView(
        study=study.design.name,
        description=study.design.description,
        synthetic=study.design.synthetic,
        software=f"her2het {about['versions']['her2het']}",
        groups=_groups(study, results.get(GroupAssignment)),
        control=study.design.control,
        sections=tuple(SectionView(title, QUESTIONS.get(title, ""), tuple(items)) for title, items in sections.items()),
        warnings=(*study.notes, *_failures(outcomes)),
        versions=(
            *((k, v) for k, v in about["versions"].items()),
            *((("commit", about["commit"]),) if about["commit"] else ()),
        ),
        knobs=tuple(k for o in outcomes for k in _changed(o)),
        inputs=tuple(InputView(i.table, i.file, f"{i.rows:,} × {i.columns:,}", i.sha256) for i in study.inputs),
        commands=(
            CommandView("her2het run STUDY --out DIR", "makes this report"),
            CommandView("her2het report DIR", "writes it again from the results"),
            CommandView("her2het explain ANALYSIS", "tells what an analysis does and which knobs it has"),
        ),
        files={
            "Values behind each figure panel": "supporting_data_values.xlsx",
            "Methods paragraph": "methods.md",
            "All tables": "tables/",
            "Data for other programs": "study.h5mu",
            "What made this output": "manifest.json",
        },
    )


def _groups(study: Study, assigned: GroupAssignment | None) -> tuple[GroupView, ...]:
    if assigned is None:
        return tuple(GroupView(g.label, g.expression, 0) for g in study.design.groups)
    names = ["patients", "baseline_samples", "followup_samples"]
    counts = {str(row["group"]): [int(row[n]) for n in names] for row in assigned.counts.to_dict("records")}
    return tuple(GroupView(g.label, g.expression, *counts[g.label]) for g in study.design.groups)


def _analysis(o: Outcome, drawn: Sequence[Drawn]) -> AnalysisView:
    prose = read_docstring(o.analysis.fn.__doc__ or "")
    common = AnalysisView(
        name=o.analysis.name,
        title=prose.title,
        question=prose.question,
        method=prose.method,
        status="computed" if o.result is not None else "skipped",
        reason=_reason(o),
        references=prose.references,
    )
    if o.result is None:
        return common
    notes: tuple[Note, ...] = getattr(o.result, "notes", ())
    lost = getattr(o.result, "excluded", None)
    return replace(
        common,
        notes=notes,
        excluded=lost if isinstance(lost, pd.DataFrame) and len(lost) else None,
        tables=_tables(o.analysis, o.result),
        cohort=_cohort(o.result),
        panels=_panels(o.analysis, drawn),
        cases=case_views(o.result) if isinstance(o.result, TracedCases) else (),
    )


def _reason(o: Outcome) -> str:
    """Why there is no result, without the full stop that the page adds."""
    return f"{INPUT_PROBLEM}: {o.reason.rstrip('.')}" if o.status == "failed" else o.reason


def _failures(outcomes: Sequence[Outcome]) -> tuple[Note, ...]:
    """What a reader must know first: an analysis is missing because of the input, not for want of an answer."""
    return tuple(
        Note("caution", f"Not done for {INPUT_PROBLEM}: {o.analysis.name}", o.reason)
        for o in outcomes
        if o.status == "failed"
    )


def _tables(analysis: Analysis, result: Any) -> tuple[TableView, ...]:
    frames = [(title, getattr(result, name)) for name, title in SHOWN_TABLES.get(analysis.name, ())]
    return tuple(TableView(title, frame) for title, frame in frames if len(frame))


def _cohort(result: Any) -> CohortView | None:
    if not isinstance(result, CohortTable):
        return None
    return cohort_view(result.rows, result.tests, result.labels)


def _panels(analysis: Analysis, drawn: Sequence[Drawn]) -> tuple[PanelView, ...]:
    return tuple(
        PanelView(
            name=d.name,
            number=d.number,
            title=d.title,
            caption=d.caption,
            alt=d.alt,
            svg=d.svg,
            numbers=d.numbers,
            estimates=d.estimates,
            findings=d.findings,
            note=d.note,
            label=d.label,
            wide=d.wide,
            narrow=d.narrow,
            files={kind: f"figures/{analysis.name}/{d.name}.{kind}" for kind in ("svg", "png", "pdf", "tsv")},
            command=f"her2het figure DIR {d.name}",
            in_summary=d.panel in SUMMARY_PANELS,
            case=d.label if d.panel in CASE_PANELS else "",
        )
        for d in drawn
    )


def _changed(o: Outcome) -> list[KnobView]:
    """Knobs of an analysis that differ from their defaults."""
    found: list[KnobView] = []
    for name, info in o.analysis.knob_fields().items():
        value, default = _plain(o.knobs.get(name, info.default)), _plain(info.default)
        if value != default:
            meaning = info.description or ""
            found.append(KnobView(f"{o.analysis.name}.{name}", _text(value), _text(default), meaning))
    return found


def _plain(value: Any) -> Any:
    value = getattr(value, "value", value)
    return list(value) if isinstance(value, tuple | list) else value


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
