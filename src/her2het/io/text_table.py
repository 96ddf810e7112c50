"""Delimited text as it comes: separators found from the content, every cell as text, every line accounted for."""

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2het.schema import Origin, StudyError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True, eq=False)
class TextTable:
    """The cells of a file as text, and where they stand."""

    frame: pd.DataFrame
    origin: Origin
    sha256: str


def read_bytes(path: Path) -> bytes:
    """The content, unzipped where it is gzip. :raises StudyError: where it is absent, empty or damaged"""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        has = f" The folder has {', '.join(near[:8])}{' …' * (len(near) > 8)}." if near else ""
        raise StudyError(
            f"{path.name}: no such file in {path.parent.name or path.parent}.{has} Correct the name."
        ) from None
    except OSError as e:
        raise StudyError(f"{path.name[:60]}: cannot be read ({e.strerror}). Check that it is a file.") from None
    except ValueError as e:
        raise StudyError(f"{path.name!r}: cannot be a file's name ({e}). Correct the name.") from None
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as e:
            raise StudyError(f"{path.name}: damaged gzip ({e}). Copy or compress the file again.") from None
    if not raw.strip():
        raise StudyError(f"{path.name}: the file is empty. Give one with a header and rows.")
    return raw


def decode(raw: bytes, name: str) -> str:
    """UTF-8 text without a byte-order mark. :raises StudyError: where it is something else"""
    if raw[:4] in (b"PK\x03\x04", b"PK\x05\x06") or raw[:4] == b"\xd0\xcf\x11\xe0":
        raise StudyError(f"{name}: {_package(raw)}")
    if raw[:2] in UTF_16:
        raise StudyError(f"{name}: the file is UTF-16. Save it as UTF-8 (in Excel: CSV UTF-8).")
    if b"\x00" in raw[:4096]:
        raise StudyError(f"{name}: the content is binary, not a table. Save it as CSV UTF-8 or TSV.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = raw[: e.start].count(b"\n") + 1
        raise StudyError(f"{name}: line {line} has a byte that is not UTF-8. Save the file as UTF-8.") from None


def _package(raw: bytes) -> str:
    """What a zip or an OLE file is, and what to do."""
    if raw[:2] == b"PK":
        try:
            names = zipfile.ZipFile(io.BytesIO(raw)).namelist()
        except zipfile.BadZipFile:
            return "the file is a damaged zip archive or workbook, not text. Export the sheet as CSV UTF-8 or TSV."
        if not any(entry.startswith("xl/") for entry in names):
            shown = ", ".join(names[:3]) + " …" * (len(names) > 3)
            return f"the file is a zip archive (of {shown or 'nothing'}), not text. Unpack it and name the file inside."
    return "the file is a workbook, not text. Export the sheet as CSV UTF-8 or TSV."


def find_separator(header: str, name: str) -> str:
    """The separator of a header line. :raises StudyError: where there is none but spaces"""
    counts = {sep: header.count(sep) for sep in SEPARATORS}
    best = max(counts, key=lambda sep: counts[sep])
    if counts[best]:
        return best
    if len(header.split()) > 1:
        raise StudyError(
            f"{name}: the header {header.strip()[:60]!r} is separated by spaces. "
            "Separate the columns by tabs or commas."
        )
    return "\t"


def cut_header(line: str, separator: str, name: str) -> list[str]:
    """The headings of a header line. :raises StudyError: where a line end or an endless cell stands in it"""
    try:
        return [heading.strip() for heading in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error as e:
        raise StudyError(f"{name}: the header cannot be cut into headings ({e}). Save the file again.") from None


def read_text_table(path: Path, *, unnamed: str = "") -> TextTable:
    """Read a delimited text file with a header line, every cell as text.

    Like a matrix it may be UTF-16, and a first column without a heading that counts the rows is left out. `unnamed`:
    what another first column without a heading is called (R writes names of rows so, with or without an empty heading).
    :raises StudyError: where the file is absent, neither UTF-8 nor UTF-16, has repeated or empty headings, rows of the
        wrong length, blank lines between rows, or no rows
    """
    raw = read_bytes(path)
    text = _utf16(raw, path.name) if raw[:2] in UTF_16 else decode(raw, path.name)
    header = text.split("\n", 1)[0].rstrip("\r")
    separator = find_separator(header, path.name)
    if unnamed and unnamed not in header and _one_more(text, header, separator, path.name):
        text = f"{unnamed}{separator}{text}"
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            header=None,
            engine="c",
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        raise StudyError(f"{path.name}: no line of the file holds a cell. Give one with a header and rows.") from None
    except pd.errors.ParserError as e:
        where = str(e).split("C error: ")[-1].strip()
        raise StudyError(
            f"{path.name}: a line has more cells than the header or an open quote ({where}); "
            f"the separator taken is the {SEPARATORS[separator]}. Quote cells that hold it, or correct the line."
        ) from None
    headings = [str(h).strip() for h in frame.iloc[0]]
    body = frame.iloc[1:].reset_index(drop=True)
    numbered = len(headings) > 1 and not headings[0] and _counts_rows(body.iloc[:, 0])
    if unnamed and not numbered and not headings[0] and unnamed not in headings:
        headings[0] = unnamed
    _check_headings(headings, path.name, first=int(numbered))
    body.columns = headings
    body = _check_lines(body, text, separator, len(headings), path.name)
    body = body.iloc[:, int(numbered) :]
    if body.empty:
        raise StudyError(f"{path.name}: there is a header but no row below it. Add the rows or leave the table out.")
    return TextTable(body, Origin(path.name), hashlib.sha256(raw).hexdigest())


def _one_more(text: str, header: str, separator: str, name: str) -> bool:
    """Whether the first row has a cell more than the header: a name of the row."""
    row = [*text.split("\n", 2), ""][1]
    return len(cut_header(row, separator, name)) == len(cut_header(header, separator, name)) + 1


def _utf16(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError as e:
        raise StudyError(f"{name}: byte {e.start} is not UTF-16. Save the file as UTF-8.") from None


def _counts_rows(cells: pd.Series) -> bool:
    """Whether a column is 0, 1, 2, … or 1, 2, 3, …, as programs write row numbers."""
    given = cells.fillna("").str.strip()
    given = given[given != ""].tolist()
    return bool(given) and given in ([str(i + first) for i in range(len(given))] for first in (0, 1))


def _check_headings(headings: list[str], name: str, first: int = 0) -> None:
    repeated = [h for h, n in Counter(headings).items() if n > 1 and h]
    if repeated:
        raise StudyError(f"{name}: heading {repeated[0]!r} stands twice. Rename or remove one of the columns.")
    empty = [i + 1 for i, h in enumerate(headings) if not h and i >= first]
    if empty:
        raise StudyError(f"{name}: column {empty[0]} has no heading. Name it or remove the column.")


def _check_lines(body: pd.DataFrame, text: str, separator: str, width: int, name: str) -> pd.DataFrame:
    blank = (body.fillna("") == "").all(axis=1).to_numpy()
    if blank.any():
        last = int((~blank).nonzero()[0][-1]) if (~blank).any() else -1
        inner = blank[: last + 1].nonzero()[0]
        if inner.size:
            raise StudyError(f"{name}: line {int(inner[0]) + 2} is blank between rows. Remove the line.")
        body = body.iloc[: last + 1]
    if '"' not in text:  # with quotes a cell may hold line ends and separators; the parser has counted those
        for number, line in enumerate(text.split("\n")[1 : len(body) + 1], start=2):
            cells = line.count(separator) + 1
            if cells != width and line.strip():
                raise StudyError(
                    f"{name}: line {number} has {cells} cells, the header has {width}. Complete or correct the line."
                )
    return body
