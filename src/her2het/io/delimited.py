"""Read a delimited matrix by its content: separator, header shape, identifier columns, numbers with their place."""

import csv
import io
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from her2het.io.raw_matrix import RawMatrix, counted, listed
from her2het.schema import StudyError, number_remedy

SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
ANNOTATION = frozenset(
    {
        *("chr", "chrom", "chromosome", "seqnames", "start", "end", "strand", "length", "gene_length", "width"),
        *("effective_length", "entrez", "entrezid", "entrez_id", "entrez_gene_id", "ncbi_gene_id", "description"),
        *("gene_biotype", "biotype", "gene_type", "class", "transcript_id(s)"),
    }
)
HEAD = 40  # lines looked at to find the separator


def decoded(data: bytes, place: str) -> tuple[bytes, tuple[str, ...]]:
    """The text as UTF-8 without byte order mark, and what had to be done to it. :raises StudyError: for binary data"""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16").encode(), ("read as UTF-16",)
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    if b"\x00" in data[:4096]:
        raise StudyError(f"{place}: the content is binary, not a table. Save it as tab-separated text.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace").encode(), ("read as Windows-1252, since it is not UTF-8",)
    return data, ()


def read_delimited(
    data: bytes, place: str, form: str = "table", leading: int | None = None, *, gaps: bool = False
) -> RawMatrix:
    """The matrix in `data` (text); `leading` columns stand before the samples (found out where not given).

    `gaps`: empty cells are missing values, not a problem.

    :raises StudyError: where it is no table at all; lesser problems are in the answer
    """
    text, notes = decoded(data, place)
    if b"\r" in text and b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    start, line = _skip(text)
    head = _head(text, start)
    if len(head) < 2:
        raise StudyError(f"{place}: {counted(len(head), 'line')} of text; a header and at least one gene are needed.")
    separator, header, width = _shape(head, place)
    header_end = text.find(b"\n", start) + 1
    table = _parse(text[header_end:], separator, width, place, line + 1)
    names = [name.strip() for name in header]
    if len(names) == width - 1:  # R leaves out the heading of the row names
        names = ["", *names]
    names, table = _trim(names, table)
    lead = _leading(names, table) if leading is None else leading
    lines = _lines(text[header_end:], line + 1, table.num_rows)
    ids = [(names[i], _texts(table.column(i))) for i in range(lead)]
    if leading is None and len(ids) > 1 and _row_numbers(ids[0][1]):
        notes += (f"column 1 ({ids[0][0]!r}) counts the rows and is left out",)
        ids = ids[1:]
    samples = tuple(names[lead:])
    values, problems = _numbers(table, lead, _Cells(place, ids[0][1], samples, lines), gaps)
    return RawMatrix(place, form, tuple(ids), samples, values, lines, problems, notes)


def _skip(text: bytes) -> tuple[int, int]:
    """Byte and line (from 1) at which the header starts: after comments and blank lines."""
    at, line = 0, 1
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        content = text[at:end].strip()
        if content and (not content.startswith(b"#") or _is_header(content)):
            break
        at, line = end + 1, line + 1
    return min(at, len(text)), line


def _is_header(content: bytes) -> bool:
    """'#gene<tab>s1<tab>s2' is a header, '# made by …' a comment."""
    return content.count(b"\t") > 1 or (content.count(b",") > 1 and b" " not in content)


def _head(text: bytes, start: int) -> list[str]:
    lines: list[str] = []
    while start < len(text) and len(lines) < HEAD:
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        content = text[start:end].decode("utf-8").rstrip("\r")
        if content.strip():
            lines.append(content)
        start = end + 1
    return lines


def _shape(head: list[str], place: str) -> tuple[str, list[str], int]:
    """The separator under which all lines have one width, the header's fields, and that width."""
    best: tuple[tuple[bool, int], str, list[str], int] | None = None
    ragged: tuple[str, int, int] | None = None
    for separator in SEPARATORS:
        rows = _cells(head, separator, place)
        if len(rows) < 2:  # an open quote makes one cell of all lines
            continue
        header, widths = rows[0], {len(row) for row in rows[1:]}
        width = max(widths)
        if width < 2:
            continue
        if len(widths) == 1 and len(header) in (width, width - 1):
            rank = (len(header) == width, width)
            if best is None or rank > best[0]:
                best = (rank, separator, header, width)
        elif ragged is None or len(header) > ragged[1]:
            ragged = (separator, len(header), next(i for i, row in enumerate(rows) if i and len(row) != len(header)))
    if best:
        return best[1:]
    if ragged and ragged[1] > 1:
        separator, expected, row = ragged
        has = len(next(csv.reader([head[row]], delimiter=separator)))
        raise StudyError(
            f"{place}: row {row} ({head[row][:30]!r}) has {counted(has, 'field')} between {SEPARATORS[separator]}s, "
            f"the header {expected}. Save the table again with one separator and a value in every cell."
        )
    raise StudyError(
        f"{place}: no separator found; the first line is {head[0][:40]!r}, and tab, comma, semicolon, bar and space "
        "do not cut all lines into the same number of fields. Save it as tab-separated text."
    )


def _parse(body: bytes, separator: str, width: int, place: str, first_line: int) -> pa.Table:
    names = [f"c{i}" for i in range(width)]
    try:
        return pacsv.read_csv(
            io.BytesIO(body),
            read_options=pacsv.ReadOptions(column_names=names, block_size=1 << 24),
            parse_options=pacsv.ParseOptions(delimiter=separator),
            convert_options=pacsv.ConvertOptions(column_types={"c0": pa.string()}, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as e:
        for i, row in enumerate(_cells(body.decode("utf-8").splitlines(), separator, place)):
            if row and len(row) != width:
                raise StudyError(
                    f"{place}: line {i + first_line} ({row[0][:30]!r}) has {counted(len(row), 'field')}, the others "
                    f"{width}. Correct the line."
                ) from None
        reason = str(e).splitlines()[0][:120]
        raise StudyError(f"{place}: no table that can be cut into cells ({reason}). Save it again.") from None


def _cells(lines: list[str], separator: str, place: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error as e:
        raise StudyError(f"{place}: a line end or an endless cell within a line ({e}). Save the table again.") from None


def _trim(names: list[str], table: pa.Table) -> tuple[list[str], pa.Table]:
    """Without the nameless, empty columns that spreadsheets leave at the right."""
    while len(names) > 2 and not names[-1] and table.column(len(names) - 1).null_count == table.num_rows:
        names, table = names[:-1], table.remove_column(len(names) - 1)
    return names, table


def _leading(names: list[str], table: pa.Table) -> int:
    """How many columns stand before the samples: identifiers and known annotation."""
    lead = 1
    while lead < len(names) - 1 and (names[lead].lower() in ANNOTATION or _mostly_text(table.column(lead))):
        lead += 1
    return lead


def _mostly_text(column: pa.ChunkedArray) -> bool:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type):
        return False
    some = pd.Series(column.slice(0, 200).cast(pa.string()).to_pylist(), dtype=object)
    some = some[some.notna() & (some != "")]
    return bool(len(some)) and bool(pd.to_numeric(some, errors="coerce").isna().mean() > 0.5)


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [(value or "").strip() for value in column.cast(pa.string()).to_pylist()]


def _row_numbers(texts: list[str]) -> bool:
    if texts[0] not in ("0", "1"):
        return False
    first = int(texts[0])
    return all(text == str(i) for i, text in enumerate(texts, first))


def _lines(body: bytes, first: int, rows: int) -> NDArray[np.int64]:
    """The line of each row; blank lines hold none."""
    plain = np.arange(first, first + rows, dtype=np.int64)
    if not re.search(rb"\n[ \t]*\r?\n", body.rstrip()) and body[:1] not in (b"\n", b"\r"):
        return plain
    filled = [i for i, content in enumerate(body.split(b"\n"), first) if content.strip(b"\r")]
    return np.array(filled[:rows], dtype=np.int64) if len(filled) >= rows else plain


@dataclass(frozen=True)
class _Cells:
    """Where a cell stands, in the words of the file."""

    place: str
    genes: list[str]
    samples: tuple[str, ...]
    lines: NDArray[np.int64]

    def name(self, i: int, j: int) -> str:
        return f"{self.place}: row {self.genes[i]!r} (line {self.lines[i]}), column {self.samples[j]!r}"


def _numbers(table: pa.Table, lead: int, cells: _Cells, gaps: bool) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Genes x samples as integers where all are, and the cells that hold no number."""
    columns = [table.column(i) for i in range(lead, table.num_columns)]
    whole = all(pa.types.is_integer(column.type) and not column.null_count for column in columns)
    values = np.empty((table.num_rows, len(columns)), dtype=np.int64 if whole else np.float64, order="F")
    words: list[tuple[int, int, str]] = []
    empty: list[tuple[int, int]] = []
    text: list[str] = []
    for j, column in enumerate(columns):
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            values[:, j] = column.to_numpy()
        else:
            given = pd.Series(column.cast(pa.string()).to_pylist(), dtype=object).fillna("").str.strip()
            number = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
            bad = np.flatnonzero(np.isnan(number) & ~given.str.lower().isin(("", "na", "nan", "null", "n/a")))
            if len(given) and len(bad) == len(given):
                text.append(cells.samples[j])
            else:
                words += [(int(i), j, str(given.iloc[i])) for i in bad]
            number[bad] = 0.0
            values[:, j] = number
        if not (whole or gaps):
            empty += [(int(i), j) for i in np.flatnonzero(np.isnan(values[:, j]))]
    return np.ascontiguousarray(values), (*_text_columns(text, cells.place), *_bad_cells(words, empty, cells))


def _text_columns(text: list[str], place: str) -> list[str]:
    if not text:
        return []
    return [
        f"{place}: column {listed(text)} holds text throughout, where a sample's numbers are needed. Remove it, or "
        "put it beside the gene names."
    ]


def _bad_cells(words: list[tuple[int, int, str]], empty: list[tuple[int, int]], cells: _Cells) -> list[str]:
    problems: list[str] = []
    if words:
        i, j, word = min(words)
        more = f", and {counted(len(words) - 1, 'more such cell')}" if len(words) > 1 else ""
        remedy = number_remedy(word) or "Correct it."
        problems.append(f"{cells.name(i, j)} is {word!r}{more}, which is not a number. {remedy}")
    if empty:
        i, j = min(empty)
        more = f", and {counted(len(empty) - 1, 'more such cell')}" if len(empty) > 1 else ""
        problems.append(
            f"{cells.name(i, j)} is empty{more}; every gene needs a value in every sample. Fill it in (0 where nothing "
            "was counted) or remove the row."
        )
    return problems
