"""The numbers behind every panel as a workbook, one sheet each, as journals ask of authors."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from her2het import notice
from her2het.figures.marks import plain
from her2het.report.view import PanelView, ReportView

CREATED = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # fixed, so that the bytes are the same twice
LONGEST_NAME, LONGEST_TEXT, MOST_ROWS = 31, 32_767, 1_048_575
CONTENTS = "Contents"


def write_workbook(path: Path, view: ReportView) -> None:
    """Write the workbook: a sheet with the contents and the research-use text, then one sheet per panel.

    Text is written as text: a patient called `=1+1` is shown as such. Numbers keep full precision; missing is empty.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    names = sheet_names(view.panels)
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": _text(f"Supporting data values: {view.study}"), "created": CREATED})
        bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        _contents(book.add_worksheet(CONTENTS), view, names, bold, wrap)
        for panel, name in zip(view.panels, names, strict=True):
            sheet = book.add_worksheet(name)
            _frame(sheet, panel.numbers, bold)
            label = f"{notice.SYNTHETIC}. {notice.SHORT}." if view.synthetic else f"{notice.SHORT}."
            sheet.set_footer(f"&L{label.replace('&', '&&')}")


def sheet_names(panels: Sequence[PanelView]) -> list[str]:
    """Names that a workbook allows: at most 31 letters, none of []:*?/\\, unique whatever the case."""
    taken = {CONTENTS.lower(), "history"}
    names: list[str] = []
    for panel in panels:
        wanted = f"{panel.number} {panel.label or panel.name}".strip()
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "-", plain(wanted)).strip("' ")[:LONGEST_NAME].rstrip("' ") or "panel"
        name, again = base, 2
        while name.lower() in taken:
            tail = f" {again}"
            name, again = base[: LONGEST_NAME - len(tail)].rstrip("' ") + tail, again + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _contents(sheet: Any, view: ReportView, names: Sequence[str], bold: Any, wrap: Any) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 2, 80, wrap)
    sheet.set_column(3, 3, 10)
    sheet.write_string(0, 0, _text(f"Supporting data values: {view.study}"), bold)
    row = 1
    if view.synthetic:
        sheet.write_string(row, 0, f"{notice.SYNTHETIC}: every number was simulated; none comes from a patient.", bold)
        row += 1
    sheet.write_string(row, 0, notice.HEADER)
    sheet.write_string(row + 1, 0, _text(view.software))
    row += 3
    for at, head in enumerate(("Sheet", "Panel", "What it shows", "Rows")):
        sheet.write_string(row, at, head, bold)
    for panel, name in zip(view.panels, names, strict=True):
        row += 1
        sheet.write_url(row, 0, f"internal:'{name.replace(chr(39), chr(39) * 2)}'!A1", string=name)
        sheet.write_string(row, 1, _text(panel.number))
        sheet.write_string(row, 2, _text(f"{panel.title}. {panel.caption}"), wrap)
        sheet.write_number(row, 3, len(panel.numbers))
    row += 2
    sheet.write_string(row, 0, "Research use only", bold)
    for text in (notice.PERSON, *notice.FULL):
        row += 1
        sheet.write_string(row, 0, text)


def _frame(sheet: Any, frame: pd.DataFrame, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(frame.columns):
        sheet.write_string(0, at, _text(name), bold)
        sheet.set_column(at, at, min(40, max(10, len(str(name)) + 2)))
    columns = [frame.iloc[:MOST_ROWS, at].tolist() for at in range(frame.shape[1])]
    for at, values in enumerate(columns):
        for row, value in enumerate(values, 1):
            _cell(sheet, row, at, value)


def _cell(sheet: Any, row: int, column: int, value: object) -> None:
    """One value with its kind; missing stays empty, an infinite number is a word."""
    if value is None or value is pd.NA or value is pd.NaT:
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        if math.isfinite(number):
            sheet.write_number(row, column, number)
        elif math.isinf(number):
            sheet.write_string(row, column, "Inf" if number > 0 else "-Inf")
    else:
        sheet.write_string(row, column, _text(value))


def _text(value: object) -> str:
    text = plain(value)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
