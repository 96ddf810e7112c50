"""The workbook: one sheet per panel, text as text, the same bytes twice."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from her2het.report.view import PanelView, ReportView
from her2het.report.workbook import sheet_names, write_workbook


@pytest.fixture(scope="module")
def book(view: ReportView, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    write_workbook(path, view)
    return openpyxl.load_workbook(path)


def test_it_is_the_same_bytes_twice(view: ReportView, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_workbook(tmp_path / f"{name}.xlsx", view)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_sheet_per_panel_after_the_contents(view: ReportView, book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["Contents", *sheet_names(view.panels)]
    said = " ".join(str(c.value) for row in book["Contents"].rows for c in row if c.value)
    assert "Research use only" in said
    assert "Synthetic data" in said
    assert "not a medical device" in said
    for panel, name in zip(view.panels, sheet_names(view.panels), strict=True):
        sheet = book[name]
        assert [c.value for c in sheet[1]] == list(panel.numbers.columns)
        assert sheet.max_row == len(panel.numbers) + 1


def test_numbers_keep_full_precision(view: ReportView, book: openpyxl.Workbook) -> None:
    at = next(i for i, p in enumerate(view.panels) if p.name == "markers_by_group_ERBB2")
    frame, sheet = view.panels[at].numbers, book[sheet_names(view.panels)[at]]
    column = list(frame.columns).index("value") + 1
    shown = [sheet.cell(row, column).value for row in range(2, len(frame) + 2)]
    assert shown == pytest.approx(frame["value"].tolist(), rel=1e-15)


def test_hostile_names_are_strings(hostile_view: ReportView, tmp_path: Path) -> None:
    path = tmp_path / "h.xlsx"
    write_workbook(path, hostile_view)
    book = openpyxl.load_workbook(path)
    cells = [c for sheet in book.worksheets for row in sheet.rows for c in row]
    assert not [c.value for c in cells if c.data_type == "f"]
    values = {c.value for c in cells}
    assert "=1+1" in values
    assert "<script>alert(1)</script>" in values
    links = [c.hyperlink for c in cells if c.hyperlink]
    assert all(link.location and not link.target for link in links)


def panel(number: str, label: str, frame: pd.DataFrame | None = None) -> PanelView:
    return PanelView(
        f"{number}_{label}", number, "t", "c.", "a", "<svg/>", pd.DataFrame() if frame is None else frame, label=label
    )


def test_names_are_short_unique_and_allowed() -> None:
    given = [
        panel("1C", "ERBB2"),
        panel("1c", "erbb2"),
        panel("S2B–C", "a/b:c*?[x]"),
        panel("1", "y" * 60),
        panel("1", "y" * 61),
    ]
    names = sheet_names([*given, panel("", "History"), panel("'", "'")])
    assert len({n.lower() for n in names}) == len(names)
    assert all(0 < len(n) <= 31 and not set(n) & set("[]:*?/\\") for n in names)
    assert not any(n.startswith("'") or n.endswith("'") or n.lower() == "history" for n in names)


def test_every_kind_of_value(view: ReportView, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "text": pd.array(["a", None, "http://x"], dtype="string"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "number": [1.5, float("nan"), float("inf")],
            "kind": pd.Categorical(["x", None, "y"]),
        }
    )
    from dataclasses import replace

    one = replace(
        view,
        sections=(replace(view.sections[0], analyses=(replace(view.analyses[0], panels=(panel("1", "x", frame),)),)),),
    )
    write_workbook(tmp_path / "a.xlsx", one)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[1]
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    assert rows == [["a", True, 1, 1.5, "x"], [None] * 5, ["http://x", False, 3, "Inf", "y"]]
    assert not any(c.hyperlink for row in sheet.rows for c in row)
