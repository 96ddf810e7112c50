"""Workbooks, old and new, against what was written into them and against real ones."""

import struct
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from her2het.io.workbook import is_workbook, read_workbook, text_of
from her2het.schema import StudyError

ROWS = [["nucleus", "ERBB2 signals", "µ"], [1.0, 2.5, None], [2.0, "> 20", -3.0], [None, 12345678.0, "Ende"]]


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def old_workbook(rows: list[list], *, lock: bool = False) -> bytes:
    """A BIFF8 workbook of one sheet in an OLE2 container, its table of strings split within a string."""
    texts = [v for row in rows for v in row if isinstance(v, str)]
    strings = struct.pack("<II", len(texts), len(texts))
    for text in texts[:-1]:
        wide = any(ord(ch) > 127 for ch in text)
        strings += struct.pack("<HB", len(text), wide) + text.encode("utf-16-le" if wide else "latin-1")
    last = texts[-1]
    shared = record(0xFC, strings + struct.pack("<HB", len(last), 0) + last[:2].encode("latin-1"))
    shared += record(0x3C, b"\x01" + last[2:].encode("utf-16-le"))
    head = record(0x809, struct.pack("<HH", 0x600, 5) + bytes(12)) + (record(0x2F, b"\0\0") if lock else b"")
    name = b"Sheet1"
    place = len(head) + 4 + 8 + len(name) + len(shared) + 4
    book = head + record(0x85, struct.pack("<IBBBB", place, 0, 0, len(name), 0) + name) + shared + record(0x0A, b"")
    cells = b""
    for r, row in enumerate(rows):
        for c, v in enumerate(row):
            at = struct.pack("<HHH", r, c, 0)
            if isinstance(v, str):
                cells += record(0xFD, at + struct.pack("<I", texts.index(v)))
            elif v is not None and v == int(v) and abs(v) < 1000:
                cells += record(0x27E, at + struct.pack("<I", (int(v) << 2 & 0xFFFFFFFC) | 2))
            elif v is not None:
                cells += record(0x203, at + struct.pack("<d", v))
    book += record(0x809, struct.pack("<HH", 0x600, 16) + bytes(12)) + cells + record(0x0A, b"")
    book += bytes(max(4096, -(-len(book) // 512) * 512) - len(book))
    sectors = len(book) // 512
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))

    def entry(label: str, kind: int, start: int, size: int) -> bytes:
        coded = (label + "\0").encode("utf-16-le")
        return (
            coded.ljust(64, b"\0")
            + struct.pack("<HBB", len(coded), kind, 1)
            + bytes(48)
            + struct.pack("<III", start, size, 0)
        )

    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry("Workbook", 2, 2, len(book)) + bytes(256)
    top = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    top += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    return top + b"\xff" * (512 - len(top)) + struct.pack("<128I", *table) + directory + book


def test_old_workbook() -> None:
    raw = old_workbook(ROWS)
    assert is_workbook(raw)
    assert read_workbook(raw, "a.xls") == [("Sheet1", ROWS)]


def test_new_workbook() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ROWS:
        sheet.append(row)
    other = book.create_sheet("second")
    other["C3"] = 7
    buffer = BytesIO()
    book.save(buffer)
    assert is_workbook(buffer.getvalue())
    got = read_workbook(buffer.getvalue(), "a.xlsx")
    assert got[0] == ("Sheet", ROWS)
    assert got[1][0] == "second"
    assert got[1][1][2] == [None, None, 7.0]


def test_cells_as_text() -> None:
    assert [text_of(v) for v in (None, 3.0, 2.5, " x ")] == ["", "3", "2.5", "x"]


@pytest.mark.parametrize("raw", [b"PK\x03\x04 nothing", old_workbook(ROWS)[:700], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_damaged_workbooks_are_refused(raw: bytes) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_workbook(raw, "a.xls")


def test_locked_workbooks_are_refused() -> None:
    with pytest.raises(StudyError, match="encrypted"):
        read_workbook(old_workbook(ROWS, lock=True), "a.xls")


def test_real_manual_counts(shared_data: Path) -> None:
    path = shared_data / "data" / "fish_spot_counts" / "SC_011.xls"
    sheets = read_workbook(path.read_bytes(), path.name)
    assert [(name, len(rows)) for name, rows in sheets] == [
        ("11_02", 22),
        ("11_03", 18),
        ("11_04", 20),
        ("11_05", 27),
        ("11_06", 20),
    ]
    assert sheets[0][1][:2] == [
        ["nucleus", "green", "red", "aqua", "diameter1", "diameter2"],
        [1.0, 1.0, 2.0, 4.0, 227.0, 140.0],
    ]
    assert sheets[2][1][1] == [1.0, 1.0, 1.0, 1.0, None, None]
