"""Read the cells of an Excel workbook, .xlsx or .xls: values only."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

from her2het.io.biff import MAGIC, Cell, Sheet, read_xls
from her2het.schema import StudyError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins with `head` is a workbook rather than text."""
    return head[:8] == MAGIC or head[:4] == b"PK\x03\x04"


def read_workbook(raw: bytes, name: str) -> list[Sheet]:
    """The sheets of a workbook in order: name, and rows of cells (text, number or None).

    :raises StudyError: where it cannot be read
    """
    if raw[:8] == MAGIC:
        return read_xls(raw, name)
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                shown = ", ".join(archive.namelist()[:3]) or "nothing"
                raise StudyError(
                    f"{name}: a zip archive (of {shown}), not a workbook. Unpack it, name the file inside."
                )
            return _sheets(archive)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, ValueError, IndexError) as e:
        raise StudyError(f"{name}: the workbook cannot be read ({e}). Save the sheet as CSV UTF-8.") from None


def text_of(cell: Cell) -> str:
    """A cell as one would have typed it: whole numbers without a decimal point, nothing for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    return str(int(cell)) if float(cell).is_integer() else repr(cell)


def _sheets(archive: zipfile.ZipFile) -> list[Sheet]:
    strings: list[str] = []
    if "xl/sharedStrings.xml" in archive.namelist():
        root = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        strings = ["".join(t.text or "" for t in item.iter(f"{_MAIN}t")) for item in root.iter(f"{_MAIN}si")]
    links = {
        r.get("Id"): r.get("Target", "") for r in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    out: list[Sheet] = []
    for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet"):
        target = links[sheet.get(_LINK)].lstrip("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        out.append((sheet.get("name", ""), _rows(ElementTree.fromstring(archive.read(path)), strings)))
    return out


def _rows(root: ElementTree.Element, strings: list[str]) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for row in root.iter(f"{_MAIN}row"):
        number = int(row.get("r", len(rows) + 1))
        rows += [[] for _ in range(number - 1 - len(rows))]
        cells: list[Cell] = []
        for cell in row.iter(f"{_MAIN}c"):
            place = re.match(r"[A-Z]+", cell.get("r", ""))
            column = _column(place[0]) if place else len(cells)
            cells += [None] * (column - len(cells))
            cells.append(_value(cell, strings))
        rows.append(cells)
    width = max((len(r) for r in rows), default=0)
    return [r + [None] * (width - len(r)) for r in rows]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


def _value(cell: ElementTree.Element, strings: list[str]) -> Cell:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_MAIN}t"))
    value = cell.find(f"{_MAIN}v")
    if value is None or value.text is None:
        return None
    if kind == "s":
        return strings[int(value.text)]
    return float(value.text) if kind == "n" else value.text
