"""What the page, the workbook and the methods text are told: plain values, nothing computed, nothing drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from her2het.figures.panel import Finding
from her2het.stats.estimate import Estimate, Note

Status = Literal["computed", "cached", "skipped"]


@dataclass(frozen=True)
class GroupView:
    """A group of patients: how the study defines it, and how many it holds."""

    label: str
    definition: str
    patients: int
    baseline_samples: int | None = None
    followup_samples: int | None = None


@dataclass(frozen=True, eq=False)
class PanelView:
    """One panel as drawn. `name` is its anchor and the name of its files, `svg` the figure as printed.

    `label` is what the contents call it ('ERBB2'); `narrow` is the figure for a phone where the wide one is too small;
    `files` maps svg, png, pdf and tsv to where they lie relative to the page; `command` makes this panel alone;
    `in_summary` puts it at the head of the page (the flow of patients); `case` is the patient whose traced case it
    belongs to.
    """

    name: str
    number: str
    title: str
    caption: str
    alt: str
    svg: str
    numbers: pd.DataFrame
    estimates: tuple[Estimate, ...] = ()
    findings: tuple[Finding, ...] = ()
    note: str = ""
    label: str = ""
    wide: bool = False
    narrow: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    command: str = ""
    in_summary: bool = False
    case: str = ""


@dataclass(frozen=True)
class StepView:
    """One line of a trace. `level` is plain, caution (qualifies the result), stop (ends it) or verdict."""

    part: str
    observed: str
    rule: str
    outcome: str
    level: str
    reference: str = ""


@dataclass(frozen=True)
class CaseView:
    """One patient, rule by rule: what was observed, the rule, the result; flags, and what the rules ask for next.

    `statuses` are version, status, and what stands behind it; `flags` are codes and their text; the figures are the
    panels of the analysis whose `case` is this patient.
    """

    patient: str
    sample: str
    group: str
    why: str
    guideline: str
    statuses: tuple[tuple[str, str, str], ...]
    steps: tuple[StepView, ...]
    flags: tuple[tuple[str, str], ...] = ()
    comment: str = ""
    next_actions: str = ""
    missing: str = ""


@dataclass(frozen=True, eq=False)
class TableView:
    """A small table on the page."""

    title: str
    frame: pd.DataFrame
    note: str = ""


@dataclass(frozen=True)
class CohortRow:
    """A level of a characteristic (or the characteristic itself, a number), with one cell per group."""

    level: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class CohortVariable:
    """A characteristic: what its cells hold, its rows, who lacks it, and the test of difference between the groups."""

    name: str
    holds: str  # 'median (quartiles)', 'yes (%)', 'patients (%)'
    rows: tuple[CohortRow, ...]
    missing: tuple[int, ...]
    test: Estimate | None = None


@dataclass(frozen=True)
class CohortView:
    """Characteristics by group: `columns` are the groups with their numbers of patients."""

    columns: tuple[tuple[str, int], ...]
    variables: tuple[CohortVariable, ...]


@dataclass(frozen=True)
class KnobView:
    """A knob that differs from its default."""

    name: str
    value: str
    default: str
    meaning: str


@dataclass(frozen=True, eq=False)
class AnalysisView:
    """One analysis: its question, its method, what became of it, and everything it shows.

    `question` is the first paragraph of the docstring, `method` the rest, `references` the works it cites.
    """

    name: str
    title: str
    question: str
    method: str
    status: Status
    reason: str = ""
    notes: tuple[Note, ...] = ()
    excluded: pd.DataFrame | None = None  # what, id, reason, decided_by
    tables: tuple[TableView, ...] = ()
    cohort: CohortView | None = None
    panels: tuple[PanelView, ...] = ()
    cases: tuple[CaseView, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SectionView:
    """Analyses that belong together, and the question they share."""

    title: str
    question: str
    analyses: tuple[AnalysisView, ...]


@dataclass(frozen=True)
class InputView:
    """A file that was read."""

    table: str
    file: str
    size: str
    digest: str


@dataclass(frozen=True)
class CommandView:
    """A command and what it does."""

    text: str
    meaning: str


@dataclass(frozen=True, eq=False)
class ReportView:
    """Everything that the page says."""

    study: str
    description: str
    synthetic: bool
    software: str  # name and version of this package
    groups: tuple[GroupView, ...]
    control: str
    sections: tuple[SectionView, ...]
    warnings: tuple[Note, ...] = ()  # of the study as a whole
    versions: tuple[tuple[str, str], ...] = ()
    knobs: tuple[KnobView, ...] = ()
    inputs: tuple[InputView, ...] = ()
    commands: tuple[CommandView, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])  # what travels along: words -> relative path

    @property
    def analyses(self) -> tuple[AnalysisView, ...]:
        """All analyses in reading order."""
        return tuple(a for section in self.sections for a in section.analyses)

    @property
    def panels(self) -> tuple[PanelView, ...]:
        """All panels in reading order."""
        return tuple(p for a in self.analyses for p in a.panels)
