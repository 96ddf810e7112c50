"""A view made of made-up results, as the page, the workbook and the methods text are told it."""

# ruff: noqa: E501

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from her2het.figures import PANELS
from her2het.figures.marks import to_svg
from her2het.figures.save import name_of
from her2het.report.cohort import cohort_view
from her2het.report.view import (
    AnalysisView,
    CommandView,
    GroupView,
    InputView,
    KnobView,
    PanelView,
    ReportView,
    SectionView,
    TableView,
)
from her2het.stats.estimate import Note


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    """The factories that the tests of figures use."""
    return load(Path(__file__).parents[1] / "figures" / "made_up.py")


@pytest.fixture(scope="session")
def chromium() -> ModuleType:
    """The browser's driver; skips where this machine has no browser."""
    module = load(Path(__file__).with_name("chromium.py"))
    if module.find() is None:
        pytest.skip("no Chromium on this machine: the page is not opened")
    return module


def panels_of(result: Any) -> tuple[PanelView, ...]:
    return tuple(
        PanelView(
            name=(name := name_of(panel, d)),
            number=panel.number,
            title=d.title,
            caption=d.caption,
            alt=d.alt,
            svg=to_svg(d.picture, name),
            numbers=d.numbers,
            estimates=d.estimates,
            findings=d.findings,
            note=d.note,
            label=d.key,
            wide=d.wide,
            narrow=to_svg(d.narrow, f"{name}-narrow") if d.narrow else "",
            files={kind: f"figures/x/{name}.{kind}" for kind in ("svg", "png", "pdf", "tsv")},
            command=f"her2het figure DIR {name}",
            in_summary=panel.id == "flow",
        )
        for panel in PANELS
        if panel.result is type(result)
        for d in panel.draw(result)
    )


@pytest.fixture(scope="session")
def make_view(made_up: ModuleType) -> Callable[..., ReportView]:
    """A view: `names` for patients and groups, `text` wherever a study's words go, `few` panels or all."""

    def make(names: Any = None, text: str = "A trial", *, synthetic: bool = True, few: bool = False) -> ReportView:
        names = names or made_up.Names()
        flow, cohort, assigned = (
            f(names) for f in (made_up.sample_flow, made_up.cohort_table, made_up.group_assignment)
        )
        fish, by_group = made_up.fish(names)
        rna = [made_up.marker_expression(names)]
        if not few:
            rna += [
                f(names)
                for f in (made_up.sample_qc, made_up.sample_components, made_up.mrna_protein, made_up.biopsy_distance)
            ]

        def analysis(name: str, result: Any, **more: Any) -> AnalysisView:
            lost = result.excluded
            return AnalysisView(
                name, f"What does {name} ask?", "", "A method with `code` and x < y.\n\nIt cites doi:10.1093/nar/gkv007.", "computed",
                notes=result.notes, excluded=lost if len(lost) else None, panels=panels_of(result), references=("10.1093/nar/gkv007",), **more,
            )  # fmt: skip

        tables = (TableView(f"Shifts of {text}", assigned.shifts, "Nobody is regrouped."),)
        return ReportView(
            study=text,
            description=f"About {text}.",
            synthetic=synthetic,
            software="her2het 0.1.0",
            groups=tuple(
                GroupView(label, f"pcr and {text}", n, 2 * n, n // 3) for label, n in zip(names.labels, names.sizes, strict=True)
            ),
            control=names.labels[0],
            sections=(
                SectionView(
                    "Patients and samples",
                    "Who was studied?",
                    (
                        analysis("sample_flow", flow),
                        analysis("group_assignment", assigned, tables=tables),
                        analysis("cohort_table", cohort, cohort=cohort_view(cohort.rows, cohort.tests, cohort.labels)),
                    ),
                ),
                SectionView("HER2", "How is it spread?", (analysis("fish", fish), analysis("fish_by_group", by_group))),
                SectionView(
                    "Expression",
                    "What separates the samples?",
                    (
                        *(analysis(type(r).__name__, r) for r in rna),
                        AnalysisView("repertoires", "How diverse are they?", "", "Counts.", "skipped", f"the study has no table {text}"),
                    ),
                ),
            ),
            warnings=(Note("caution", "A batch coincides with a group", f"Batch {text} holds one group alone."),),
            versions=(("Python", "3.11"), ("numpy", "2.4"), ("commit", "0123abcd" * 5)),
            knobs=(KnobView("fish.min_nuclei", "30", "20", f"Fewest nuclei of {text}."),),
            inputs=(InputView("patients", f"{text}.tsv", "129 × 12", "9c1d07b4" * 8),),
            commands=(CommandView("her2het run STUDY --out DIR", "makes this report"),),
            files={"the workbook": "supporting_data_values.xlsx"},
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def view(make_view: Callable[..., ReportView]) -> ReportView:
    """The whole first plan."""
    return make_view()


HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def hostile_view(made_up: ModuleType, make_view: Callable[..., ReportView]) -> ReportView:
    """Names that would be script, markup, a formula or the end of a style sheet, were they not text."""
    labels = (HOSTILE, "=1+1", "\"><img src=x onerror=alert(1)> {{ 7*7 }} '")
    names = made_up.Names(labels=labels, sizes=(12, 9, 6), prefix='"><img src=x onerror=alert(1)>=cmd|')
    return make_view(names, f'{HOSTILE}</style></title>"; }} body{{}} \\', few=True)


def frame_of(view: ReportView, name: str) -> pd.DataFrame:
    """The numbers of one panel."""
    return next(p.numbers for p in view.panels if p.name == name)
