"""The validation page: what was planted in synthetic trials against what was found, in the report's own form."""

from collections.abc import Mapping, Sequence

import pandas as pd

from her2het.figures.marks import to_svg
from her2het.figures.panel import Drawing, Finding
from her2het.report.build import render_report
from her2het.report.view import (
    AnalysisView,
    CommandView,
    GroupView,
    KnobView,
    PanelView,
    ReportView,
    SectionView,
    TableView,
)
from her2het.results.validation import Validation
from her2het.stats.estimate import Estimate, Note
from her2het.stats.tables import share_of_counts

TITLE = "Planted against found"
PARTS = {
    "power": (
        "Power",
        "How often is a planted effect found?",
        "Each claim of the trial's paper that the simulation plants, tested in each trial as in a report; found: "
        "q < .05 in "
        "the direction claimed, within the family of its analysis.",
    ),
    "sizes": (
        "Bias and coverage",
        "Are effects as large as planted, and do intervals hold them?",
        "Shifts of log2 expression between groups at baseline, patient level, against the log2 fold change that "
        "was planted "
        "for these patients; genes above a level at which log2(CPM + 1) is close to log2 CPM.",
    ),
    "null": (
        "False findings",
        "How often is something found where nothing is?",
        "The same analyses of trials whose groups and treatment change nothing that is measured. What defines "
        "groups (pCR, HET "
        "and with it the amplified fraction) and what the structure fixes (shifts, their FISH) is left out.",
    ),
    "models": (
        "Models of response",
        "Do predictions of unseen patients stay honest?",
        "Nested cross-validation against the area in the patients a model was fitted to. Without effects the "
        "model of clinic "
        "and IHC should reach .5; FISH still tells HET tumours, none of which has pCR by the structure of the trial.",
    ),
}


def panel_name(drawing: Drawing) -> str:
    """The name of a drawing's files and of its place on the page."""
    return f"validation_{drawing.key}"


def validation_page(
    result: Validation,
    drawings: Sequence[Drawing],
    about: Mapping[str, str],
    knobs: Sequence[KnobView],
    groups: Sequence[GroupView],
    command: str,
) -> str:
    """The page as text; `about` holds versions (her2het first), `command` what makes it again."""
    return render_report(validation_view(result, drawings, about, knobs, groups, command))


def validation_view(
    result: Validation,
    drawings: Sequence[Drawing],
    about: Mapping[str, str],
    knobs: Sequence[KnobView],
    groups: Sequence[GroupView],
    command: str,
) -> ReportView:
    """What the page says."""
    panels = {d.key: _panel(d, result) for d in drawings}
    frames = {
        "power": _table("Power of each part of a claim", result.power),
        "sizes": _table("Gene shifts, planted and found", result.sizes),
        "null": _table("Tests in trials without effects", result.null),
        "models": _table("Models in trials with and without effects", result.models),
    }
    keys = {"power": ("power",), "sizes": ("bias", "coverage"), "null": ("null",), "models": ()}
    sections = tuple(
        SectionView(
            title,
            "",
            (
                AnalysisView(
                    name=f"validation_{name}",
                    title=question,
                    question="",
                    method=method,
                    status="computed",
                    tables=frames[name],
                    panels=tuple(panels[k] for k in keys[name] if k in panels),
                ),
            ),
        )
        for name, (title, question, method) in PARTS.items()
        if frames[name]
    )
    few = result.seeds < 100
    text = (
        f"{result.seeds} trials per arm leave wide intervals: a share near 5 % is known to about "
        f"±{196 * (0.05 * 0.95 / result.seeds) ** 0.5:.0f} points. Ask for more with --seeds."
    )
    return ReportView(
        study=TITLE,
        description=f"{result.seeds} synthetic trials with planted effects and as many without, {result.patients} "
        "patients and "
        f"{result.genes:,} genes each (seeds from {result.first} on), through the analyses of the report in "
        f"{result.seconds:.0f} s.",
        synthetic=True,
        software=f"her2het {about.get('her2het', '')}",
        groups=tuple(groups),
        control=groups[0].label if groups else "",
        sections=sections,
        warnings=(Note("note", "Few trials", text),) if few else (),
        versions=tuple(about.items()),
        knobs=tuple(knobs),
        commands=(CommandView(command, "makes this page"),),
        files={"Tables": "tables/"},
    )


def _table(title: str, frame: pd.DataFrame) -> tuple[TableView, ...]:
    return (TableView(title, frame.round(4)),) if len(frame) else ()


def _panel(d: Drawing, result: Validation) -> PanelView:
    name = panel_name(d)
    return PanelView(
        name=name,
        number="Validation",
        title=d.title,
        caption=d.caption,
        alt=d.alt,
        svg=to_svg(d.picture, name),
        numbers=d.numbers,
        findings=_findings(d.key, result),
        label=d.key,
        wide=d.wide,
        files={kind: f"figures/{name}.{kind}" for kind in ("svg", "png", "pdf", "tsv")},
    )


def _findings(key: str, result: Validation) -> tuple[Finding, ...]:
    """The sums over all, as estimates for the table of key findings."""
    if key == "coverage":
        n = int(result.sizes["seeds"].sum())
        held = round(float((result.sizes["coverage"] * result.sizes["seeds"]).sum()))
        return (_share("Intervals that hold the planted shift", held, n, "intervals of genes that claims name"),)
    if key == "null":
        whole = result.null[result.null["what"] == "all"].iloc[0]
        n = round(float(whole["tests"] * whole["trials"]))
        families = int(whole["families"])
        return (
            _share("p below .05 without effects", round(float(whole["rate"]) * n), n, "tests, which share patients"),
            _share(
                "Families with a finding without effects", round(float(whole["any"]) * families), families, "families"
            ),
        )
    if key == "power":
        own = result.power[result.power["planted"] == "yes"]
        n = int(own["seeds"].sum())
        found = round(float((own["found"] * own["seeds"]).sum()))
        wrong = round(float((own["wrong"] * own["seeds"]).sum()))
        return (
            _share("Planted effects that are found", found, n, "parts of claims times trials"),
            _share("Planted effects found the other way round", wrong, n, "parts of claims times trials"),
        )
    return ()


def _share(words: str, hits: int, n: int, of: str) -> Finding:
    e: Estimate = share_of_counts((hits, n), method="wilson", contrast=f"of {n:,} {of}")
    return Finding(words, e)
