"""A per-nucleus table under any headings -> arrays of signals, sample and area. Made for ten million nuclei."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from her2het.io.fish_columns import Signals, choose_columns, read_signals, require_signals
from her2het.io.text_table import cut_header, decode, find_separator, read_bytes
from her2het.io.workbook import is_workbook, read_workbook, text_of
from her2het.schema import FALSE, MISSING, TRUE, StudyError, did_you_mean

MAX_SIGNALS = 1000
"""More signals of one probe in a nucleus are taken for a mistake."""
_HEAD = 1 << 20
_TEXT = pa.dictionary(pa.int32(), pa.string())
_POSITIONS = ("x", "y")


@dataclass(frozen=True)
class Labels:
    """A column of names as codes: names[code[i]] is that of row i."""

    code: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FishTable:
    """Nuclei of a file: arrays of one length, in the order of the file."""

    sample: Labels
    area: Labels
    population: Labels | None
    erbb2: NDArray[np.int16]
    cep17: NDArray[np.int16]
    """-1 where not counted."""
    capped: NDArray[np.bool_]
    """Nuclei whose ERBB2 signals were set to the cap, or were only a bound or a guess."""
    x: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    marker: NDArray[np.float64] | None
    """Another column asked for by its heading: a score, an intensity, a flag. NaN where empty."""
    columns: Mapping[str, str]
    """Column -> heading."""
    left_out: NDArray[np.int64]
    """Nuclei without ERBB2 signals written, per sample: not scored."""
    notes: tuple[str, ...]


def read_fish_table(
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    preset: str = "names",
    cap: int | None = None,
    cluster: int = 20,
    marker: str | None = None,
) -> FishTable:
    """Read a table of nuclei: CSV or TSV (also gzipped), Parquet, or a workbook whose sheets are areas.

    `mapping`: column -> heading (`fish_columns.COLUMNS`); `preset`: headings known without it; `cluster`: signals of a
    cluster without a number; `cap`: ERBB2 above it counts as it (set to `cluster` where the file has bounds or clusters
    and no cap is given, so that exact and estimated counts are alike). A nucleus without an ERBB2 count is left out and
    counted. `marker`: heading of a numeric column to read beside; signals are then not needed.

    :raises StudyError: where the file, its headings or a cell cannot be read
    """
    given = dict(mapping or {})
    head, _ = _start(path, 8)
    if is_workbook(head):
        table, chosen, notes = _from_workbook(path, given, preset, marker)
    elif head[:4] == b"PAR1":
        table, chosen, notes = _from_parquet(path, given, preset, marker)
    else:
        table, chosen, notes = _from_text(path, given, preset, marker)
    if table.num_rows == 0:
        raise StudyError(f"{path.name}: there is a header but no row below it. Add the nuclei.")
    return _checked(table, chosen, path, cap, cluster, notes)


def sha256_of(path: Path) -> str:
    """Digest of a file as it lies on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _start(path: Path, size: int) -> tuple[bytes, bool]:
    """The first bytes of a file, unzipped where it is gzip, and whether it is."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            return (cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw).read(size), zipped
    except (OSError, EOFError):
        read_bytes(path)  # says what is wrong with it
        raise


def _chosen(
    headings: list[str], given: Mapping[str, str], preset: str, marker: str | None, place: str
) -> dict[str, str]:
    chosen = choose_columns(headings, given, preset, place)
    if marker is None:
        require_signals(chosen, headings, place)
        return chosen
    if marker not in headings:
        has = ", ".join(headings[:12])
        raise StudyError(f"{place}: no heading {marker!r}.{did_you_mean(marker, headings)} Its headings are {has}.")
    signals = {"erbb2", "cep17"}
    return {c: h for c, h in chosen.items() if h != marker and c not in signals} | {"marker": marker}


def _from_text(
    path: Path, given: Mapping[str, str], preset: str, marker: str | None
) -> tuple[pa.Table, dict[str, str], list[str]]:
    start, zipped = _start(path, _HEAD)
    if not start.strip():
        raise StudyError(f"{path.name}: the file is empty. Give one with a header and rows.")
    first = decode(start.split(b"\n", 1)[0], path.name).rstrip("\r")
    separator = find_separator(first, path.name)
    headings = cut_header(first, separator, path.name)
    chosen = _chosen(headings, given, preset, marker, path.name)
    wanted = {headings.index(heading): column for column, heading in chosen.items()}
    names = [wanted.get(k, f"#{k}") for k in range(len(headings))]
    types: dict[str, pa.DataType] = {c: pa.float64() if c in _POSITIONS else _TEXT for c in chosen}
    try:
        file = pa.OSFile(str(path))
        table = pacsv.read_csv(
            pa.CompressedInputStream(file, "gzip") if zipped else file,
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=8 << 20),
            parse_options=pacsv.ParseOptions(delimiter=separator),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(chosen),
                column_types=types,
                null_values=["", "NA", "NaN", "nan", "."],
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, OSError) as e:
        what = str(e).split("\n")[0].removeprefix("CSV parse error: ")
        raise StudyError(f"{path.name}: the table cannot be read ({what}). Correct that row.") from None
    return table, chosen, []


def _from_parquet(
    path: Path, given: Mapping[str, str], preset: str, marker: str | None
) -> tuple[pa.Table, dict[str, str], list[str]]:
    try:
        file = pq.ParquetFile(path)
        headings = [str(n) for n in file.schema_arrow.names]
        chosen = _chosen(headings, given, preset, marker, path.name)
        text = [h for h in chosen.values() if pa.types.is_string(file.schema_arrow.field(h).type)]
        table = pq.read_table(path, columns=list(chosen.values()), read_dictionary=text)
    except (pa.ArrowInvalid, OSError) as e:
        raise StudyError(f"{path.name}: the Parquet file cannot be read ({str(e).splitlines()[0]}).") from None
    return table.select(list(chosen.values())).rename_columns(list(chosen)), chosen, []


def _from_workbook(
    path: Path, given: Mapping[str, str], preset: str, marker: str | None
) -> tuple[pa.Table, dict[str, str], list[str]]:
    chosen: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    skipped: list[str] = []
    sheets = [(title, rows) for title, rows in read_workbook(read_bytes(path), path.name) if rows]
    for title, rows in sheets:
        headings = [text_of(cell) for cell in rows[0]]
        place = f"{path.name}, sheet {title}"
        if not any(headings):
            skipped.append(title)
            continue
        mine = _chosen(headings, given, preset, marker, place)
        if chosen and mine != chosen:
            raise StudyError(f"{place}: its headings differ from those of the sheets before it. Make them alike.")
        if not chosen:
            chosen, parts = mine, {c: [] for c in mine}
            if "area" not in mine and len(sheets) > 1:
                parts["area"] = []
        body = [row for row in rows[1:] if any(cell is not None and text_of(cell) for cell in row)]
        for column, heading in mine.items():
            at = headings.index(heading)
            parts[column] += [text_of(row[at]) for row in body]
        if "area" not in mine and "area" in parts:
            parts["area"] += [title] * len(body)
    if not parts:
        raise StudyError(f"{path.name}: no sheet has headings. Put them in the first row.")
    notes = [f"sheets without headings left out: {', '.join(skipped)}"] if skipped else []
    if "area" in parts and "area" not in chosen:
        notes.append("each sheet is an area")
        chosen = {**chosen, "area": "(sheet)"}
    return pa.table({c: pa.array(v, pa.string()) for c, v in parts.items()}), chosen, notes


def _checked(
    table: pa.Table, chosen: dict[str, str], path: Path, cap: int | None, cluster: int, notes: list[str]
) -> FishTable:
    n = table.num_rows
    sample = _labels(table, "sample", path, path.name.split(".")[0])
    area = _labels(table, "area", path, "1")
    population = _labels(table, "population", path, "1") if "population" in chosen else None
    guessed = np.zeros(n, bool)
    erbb2 = np.zeros(n, np.int16)
    cep17 = np.full(n, -1, np.int16)
    if "erbb2" in chosen:
        erbb2, guessed = _signals(table["erbb2"], "ERBB2", path, cluster)
        cap = cluster if cap is None and guessed.any() else cap
    if "cep17" in chosen:
        cep17, _ = _signals(table["cep17"], "CEP17", path, cluster)
    capped = guessed
    if cap is not None:
        above = erbb2 > cap
        capped = guessed | above
        erbb2[above] = cap
        notes.append(
            f"ERBB2 signals above {cap}, bounds and clusters count as at most {cap}: {int(capped.sum())} nuclei"
        )
    x, y, marker = (_numbers(table, c, path) for c in (*_POSITIONS, "marker"))
    keep = erbb2 >= 0
    left_out = np.bincount(sample.code[~keep], minlength=len(sample.names)).astype(np.int64)
    if not keep.all():
        notes.append(f"{int((~keep).sum())} nuclei without an ERBB2 count are left out")

        def kept(labels: Labels) -> Labels:
            return Labels(labels.code[keep], labels.names)

        sample, area, population = kept(sample), kept(area), kept(population) if population else None
        erbb2, cep17, capped = erbb2[keep], cep17[keep], capped[keep]
        x, y, marker = (v[keep] if v is not None else None for v in (x, y, marker))
    return FishTable(sample, area, population, erbb2, cep17, capped, x, y, marker, chosen, left_out, tuple(notes))


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """A column as codes of its distinct texts; empty text for nothing."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    texts = ["" if t is None else t for t in whole.dictionary.to_pylist()]
    index = whole.indices
    if index.null_count:
        texts.append("")
        index = index.fill_null(len(texts) - 1)
    return index.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), texts


def _labels(table: pa.Table, column: str, path: Path, default: str) -> Labels:
    if column not in table.column_names:
        return Labels(np.zeros(table.num_rows, np.int32), (default,))
    code, texts = _codes(table[column])
    folded = [t.strip() for t in texts]
    distinct = list(dict.fromkeys(folded))
    if len(distinct) < len(folded):
        place = {name: k for k, name in enumerate(distinct)}
        code = np.array([place[t] for t in folded], np.int32)[code]
    for k, name in enumerate(distinct):
        if name.lower() in MISSING and column == "sample":
            line = int(np.argmax(code == k)) + 2
            if (code == k).any():
                raise StudyError(f"{path.name} line {line}: the nucleus has no sample. Fill it in.")
    names = ["1" if name.lower() in MISSING else name for name in distinct]
    return Labels(code, tuple(names))


def _signals(
    column: pa.ChunkedArray, probe: str, path: Path, cluster: int
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Signals per nucleus, -1 where empty, and which are only a bound or a guess."""
    if pa.types.is_integer(column.type):
        values = column.fill_null(-1).to_numpy()
        if values.size and (values.min() < -1 or values.max() > MAX_SIGNALS or (values[column.is_valid()] < 0).any()):
            bad = int(np.argmax((values < 0) & column.is_valid().to_numpy() | (values > MAX_SIGNALS)))
            raise _wrong(path, bad, probe, str(values[bad]))
        return values.astype(np.int16), np.zeros(len(values), bool)
    code, texts = _codes(column)
    read: list[Signals | None] = [read_signals(t, cluster) for t in texts]
    for k, (text, found) in enumerate(zip(texts, read, strict=True)):
        if (found is None or (found.value or 0) > MAX_SIGNALS) and (code == k).any():
            raise _wrong(path, int(np.argmax(code == k)), probe, text)
    values = np.array([-1 if r is None or r.value is None else min(r.value, MAX_SIGNALS) for r in read], np.int16)
    guesses = np.array([r is not None and r.guessed for r in read], bool)
    return values[code], guesses[code]


def _wrong(path: Path, row: int, probe: str, text: str) -> StudyError:
    return StudyError(
        f"{path.name} line {row + 2}: {probe} is {text.strip()!r}, not a number of signals from 0 to {MAX_SIGNALS} or "
        "a cluster ('> 20', '20+', 'cluster'). Correct the count or leave it empty."
    )


def _numbers(table: pa.Table, column: str, path: Path) -> NDArray[np.float64] | None:
    """A column of numbers, NaN where empty; a marker may also be a score ("3+") or a flag ("yes")."""
    if column not in table.column_names:
        return None
    values = table[column]
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
        return values.cast(pa.float64()).fill_null(np.nan).to_numpy()
    code, texts = _codes(values)
    numbers = np.full(len(texts), np.nan)
    for k, text in enumerate(texts):
        folded = text.strip().lower()
        if folded in MISSING:
            continue
        try:
            numbers[k] = float(folded.removesuffix("+") or "nan")
        except ValueError:
            if column != "marker" or folded not in TRUE | FALSE:
                line = int(np.argmax(code == k)) + 2
                raise StudyError(f"{path.name} line {line}: {text!r} is not a number ({column}). Correct it.") from None
            numbers[k] = float(folded in TRUE)
    return numbers[code]
