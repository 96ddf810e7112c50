"""Read an expression matrix, genes in rows and samples in columns, from whatever format its content shows."""

import bz2
import gzip
import lzma
import os
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from her2het.io.delimited import read_delimited
from her2het.io.gene_names import WELL_KNOWN, row_names
from her2het.io.matrix_checks import LARGEST_LOG2, check_counts, check_log
from her2het.io.matrix_formats import is_star, read_gct, read_h5ad, read_parquet, read_star, star_files
from her2het.io.raw_matrix import RawMatrix, counted, listed
from her2het.schema import LARGEST_WHOLE, Matrix, StudyError

__all__ = ["check_counts", "check_log", "read_matrix", "read_matrix_with_notes"]

Names = Literal["symbol", "id"]
Strand = Literal["unstranded", "forward", "reverse"]
NOT_GENES = ("__", "N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")


def read_matrix(
    path: Path | str, *, unit: str | None = None, names: Names = "symbol", strand: Strand = "unstranded"
) -> Matrix:
    """The matrix in a file (or in a folder of STAR counts); see `read_matrix_with_notes`."""
    return read_matrix_with_notes(path, unit=unit, names=names, strand=strand)[0]


def read_matrix_with_notes(
    path: Path | str,
    *,
    unit: str | None = None,
    names: Names = "symbol",
    strand: Strand = "unstranded",
    gaps: bool = False,
) -> tuple[Matrix, tuple[str, ...]]:
    """The matrix in a file, and what was done to it on the way.

    Formats, told by content: text separated by tab, comma, semicolon, bar or space (gzip, bz2, xz; byte order mark,
    quotes, R's missing first heading), featureCounts, GCT 1.2 and 1.3, Parquet, H5AD (turned: its genes are columns),
    STAR ReadsPerGene.out.tab (a file or a folder; `strand` chooses the column), nf-core/rnaseq merged counts (whose
    estimated counts are rounded). Where Ensembl identifiers stand beside symbols, rows go by symbol (`names`).

    `unit`: what the numbers are. "counts" checks that they can be, "log2…" that they are no counts; None decides
    between "counts" (whole, not negative), "linear" and "log2". `gaps`: empty cells of a text are missing values, for
    methods that can do with them; else they are refused.
    :raises StudyError: for names or numbers that cannot be used, all problems at once
    """
    file = Path(path)
    raw = _without_specials(_read(file, unit, strand, gaps))
    _check_size(raw)
    raw, rounded = _rounded(raw, unit, file.name)
    problems = [*_sample_problems(raw), *_turned(raw)]
    rows: list[str] = []
    notes: tuple[str, ...] = ()
    if not problems:
        rows, found, notes = row_names(raw, names)
        problems += found
    problems += raw.problems
    if problems:
        raise StudyError(*problems)
    values = raw.values
    found_unit = unit or _unit(values)
    integers = found_unit == "counts" and _whole(values)
    values = values.astype(np.int64 if integers else np.float64, copy=False)
    matrix = Matrix(values, tuple(rows), raw.samples, found_unit)
    if matrix.unit == "counts" and unit == "counts":
        check_counts(matrix, raw.place)
    elif unit is not None and unit.startswith("log2"):
        check_log(matrix, raw.place, gaps=gaps)
    return matrix, tuple(f"{raw.place}: {note}" for note in (*raw.notes, *notes, *rounded))


def _read(path: Path, unit: str | None, strand: str, gaps: bool) -> RawMatrix:
    if os.path.isdir(path):  # a Path would raise where the name is too long
        files = star_files(path)
        if not files:
            raise StudyError(f"{path}: the folder holds no *ReadsPerGene.out.tab. Name a file, or such a folder.")
        return read_star(files, path.name, strand)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: {getattr(error, 'strerror', None) or error}. Check the path.") from None
    if data[:4] == b"PAR1":
        return read_parquet(path, path.name)
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        return read_h5ad(path, path.name, unit)
    data = _unpacked(data, path)
    if not data.strip():
        raise StudyError(f"{path.name}: the file is empty. Give a table with genes in rows and samples in columns.")
    if data[:4] in (b"#1.2", b"#1.3"):
        return read_gct(data, path.name)
    if is_star(data[:20]):
        return read_star([path], path.name, strand)
    return read_delimited(data, path.name, gaps=gaps)


def _unpacked(data: bytes, path: Path) -> bytes:
    try:
        if data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        if data[:3] == b"BZh":
            return bz2.decompress(data)
        if data[:6] == b"\xfd7zXZ\x00":
            return lzma.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise StudyError(f"{path.name}: the compressed file is damaged ({error}). Copy it again.") from None
    if data[:2] == b"PK" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise StudyError(f"{path.name}: this is a workbook or an archive, not text. Save it as tab-separated text.")
    return data


def _without_specials(raw: RawMatrix) -> RawMatrix:
    """Without the rows in which HTSeq and STAR count reads that fell on no gene."""
    first = raw.ids[0][1]
    keep = np.array([not name.startswith(NOT_GENES) for name in first], dtype=bool)
    if keep.all():
        return raw
    gone = [name for name, kept in zip(first, keep, strict=True) if not kept]
    at = np.flatnonzero(keep)
    ids = tuple((heading, [names[i] for i in at]) for heading, names in raw.ids)
    lines = None if raw.lines is None else raw.lines[at]
    note = f"the rows {listed(gone, 5)} count reads outside genes and are left out"
    return replace(raw, ids=ids, values=raw.values[at], lines=lines, notes=(*raw.notes, note))


def _rounded(raw: RawMatrix, unit: str | None, file: str) -> tuple[RawMatrix, tuple[str, ...]]:
    """nf-core/rnaseq writes salmon's estimates of counts; whole numbers are what count methods want."""
    nfcore = [heading for heading, _ in raw.ids] == ["gene_id", "gene_name"] and raw.values.dtype.kind == "f"
    if not nfcore or raw.problems or not (unit == "counts" or (unit is None and "gene_counts" in file)):
        return raw, ()
    values = raw.values
    totals = values.sum(axis=0)
    if _whole(values) or values.min() < 0 or np.allclose(totals, 1e6, rtol=1e-3) or values.max() < LARGEST_LOG2:
        return raw, ()
    note = "the estimated counts of nf-core/rnaseq (salmon) were rounded to whole numbers"
    return replace(raw, values=np.rint(values).astype(np.int64)), (note,)


def _whole(values: np.ndarray) -> bool:
    if values.min(initial=0) < 0:
        return False
    return values.dtype.kind in "iu" or bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def _check_size(raw: RawMatrix) -> None:
    """:raises StudyError: for whole numbers that a float does not hold exactly: no library has so many reads"""
    value = float(raw.values.max(initial=0))
    if not LARGEST_WHOLE < value < np.inf:  # neither where a cell is missing or infinite, which is told elsewhere
        return
    i, j = np.unravel_index(int(np.argmax(raw.values)), raw.values.shape)
    raise StudyError(
        f"{raw.place}: gene {raw.ids[0][1][int(i)]!r}{raw.at(int(i))}, sample {raw.samples[int(j)]!r} is {value:.6g}, "
        "above 2^53; no count or expression value is so large. Correct it."
    )


def _unit(values: np.ndarray) -> str:
    if _whole(values):
        return "counts"
    return "log2" if values.min(initial=0) < 0 or values.max(initial=0) <= LARGEST_LOG2 else "linear"


def _sample_problems(raw: RawMatrix) -> list[str]:
    problems: list[str] = []
    if not raw.samples or not len(raw.values):
        return [f"{raw.place}: {len(raw.values)} genes x {len(raw.samples)} samples. Give at least one of each."]
    if "" in raw.samples:
        column = raw.samples.index("") + len(raw.ids) + 1
        problems.append(f"{raw.place}: column {column} has no sample name in the header. Name it.")
    many = [name for name, n in Counter(raw.samples).items() if n > 1 and name]
    if many:
        columns = [i + len(raw.ids) + 1 for i, name in enumerate(raw.samples) if name == many[0]]
        problems.append(
            f"{raw.place}: sample {many[0]!r} stands in columns {columns[0]} and {columns[1]}, "
            f"{counted(len(many), 'such sample')}; each may stand once. Rename or remove one."
        )
    return problems


def _turned(raw: RawMatrix) -> list[str]:
    """Samples in rows: well-known genes stand in the header and not in the first column."""
    header = [name for name in raw.samples if name.split(".")[0] in WELL_KNOWN]
    if len(header) < 2 or any(name.split(".")[0] in WELL_KNOWN for name in raw.ids[0][1]):
        return []
    return [
        f"{raw.place}: the header holds genes ({listed(header)}), so samples are in rows; genes are needed in rows and "
        "samples in columns. Transpose the table."
    ]
