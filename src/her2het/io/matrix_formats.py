"""Matrix formats that are not plain delimited text: GCT, Parquet, H5AD, STAR's ReadsPerGene.out.tab."""

import gzip
import io
import re
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from her2het.io.delimited import decoded, read_delimited
from her2het.io.raw_matrix import RawMatrix, counted
from her2het.schema import StudyError

STAR_COLUMN = {"unstranded": 1, "forward": 2, "reverse": 3}
STAR_NAME = re.compile(r"[._-]*ReadsPerGene\.out\.tab(\.gz)?$")
SYMBOL_COLUMNS = ("symbol", "gene_symbol", "gene_symbols", "gene_name", "gene_names", "feature_name")


def read_gct(data: bytes, place: str) -> RawMatrix:
    """GCT 1.2 and 1.3: sizes on line 2, a header on line 3, then (1.3) rows about the samples, then the genes."""
    text, notes = decoded(data, place)
    version = text[:4].decode()
    lines = text.split(b"\n", 3)
    sizes = lines[1].decode().split() if len(lines) > 2 else []
    expected = 2 if version == "#1.2" else 4
    if len(sizes) < expected or not all(size.isdecimal() for size in sizes[:expected]):
        raise StudyError(f"{place}: line 2 of a GCT {version[1:]} file holds {expected} sizes. Write the file again.")
    genes, samples = int(sizes[0]), int(sizes[1])
    about_genes, about_samples = (1, 0) if version == "#1.2" else (int(sizes[2]), int(sizes[3]))
    body = text.split(b"\n", 3 + about_samples)
    if len(body) < 4 + about_samples:
        raise StudyError(f"{place}: the file ends before its genes. Write the file again.")
    padded = b"\n" * (2 + about_samples) + body[2] + b"\n" + body[3 + about_samples]  # so that lines keep their number
    raw = read_delimited(padded, place, "GCT", 1 + about_genes)
    if raw.values.shape != (genes, samples):
        raise StudyError(
            f"{place}: line 2 announces {genes} genes x {samples} samples, the file has {raw.values.shape[0]} x "
            f"{raw.values.shape[1]}. Write the file again."
        )
    return replace(raw, notes=notes + raw.notes)


def read_parquet_frame(path: Path) -> pd.DataFrame:
    """The frame in a Parquet file. :raises StudyError: where it is none, is damaged, or names a column twice"""
    try:
        names = pq.read_schema(path).names
        repeated = [name for name, n in Counter(names).items() if n > 1]
        if not repeated:
            return pd.read_parquet(path)
    except Exception as e:  # what is raised depends on where the file breaks off
        raise StudyError(
            f"{path.name}: not a Parquet file, or a damaged one ({type(e).__name__}). Correct the file or format."
        ) from None
    raise StudyError(f"{path.name}: heading {repeated[0]!r} stands twice. Rename or remove one of the columns.")


def read_parquet(path: Path, place: str) -> RawMatrix:
    """A Parquet table: gene names in its index or its leading text columns."""
    frame = read_parquet_frame(path)
    lead = 0
    if not isinstance(frame.index, pd.RangeIndex):
        lead = frame.index.nlevels  # named by its index, Entrez numbers too
        frame = frame.reset_index()
    while lead < frame.shape[1] and not pd.api.types.is_numeric_dtype(frame.dtypes.iloc[lead]):
        lead += 1
    if lead in (0, frame.shape[1]):
        raise StudyError(
            f"{place}: {lead} of {frame.shape[1]} columns hold text. The first must, the samples must not."
        )
    text = [str(name) for name in frame.columns[lead:] if not pd.api.types.is_numeric_dtype(frame[name])]
    problems: list[str] = []
    if text:
        problems.append(f"{place}: column {text[0]!r} holds text where a sample's numbers are needed. Remove it.")
        frame = frame.drop(columns=text)
    values = np.ascontiguousarray(frame.iloc[:, lead:].to_numpy())
    if values.dtype.kind not in "iuf":
        values = values.astype(np.float64)
    if values.dtype.kind == "f" and np.isnan(values).any():
        i, j = np.argwhere(np.isnan(values))[0]
        problems.append(
            f"{place}: row {frame.iloc[i, 0]!r}, column {frame.columns[lead + j]!r} is empty; every gene needs a value "
            "in every sample. Fill it in or remove the row."
        )
    ids = tuple(
        (str(frame.columns[i]), frame.iloc[:, i].fillna("").astype(str).str.strip().tolist()) for i in range(lead)
    )
    samples = tuple(str(name) for name in frame.columns[lead:])
    return RawMatrix(place, "Parquet", ids, samples, values, None, tuple(problems))


def read_h5ad(path: Path, place: str, unit: str | None) -> RawMatrix:
    """An AnnData file: samples in its rows, so it is turned; the layer 'counts' where counts are wanted."""
    from anndata import read_h5ad as read  # noqa: PLC0415  (slow to import)

    try:
        data = read(path)
    except Exception as e:  # h5py and anndata raise what they find; all of it is about the file
        reason = str(e).splitlines()[0][:100] if str(e) else type(e).__name__
        raise StudyError(f"{place}: a damaged H5AD file, or none ({reason}). Write or copy it again.") from None
    notes: tuple[str, ...] = ()
    layer = "counts" if "counts" in data.layers and (unit == "counts" or data.X is None) else None
    if layer:
        notes = ("the layer 'counts' was read",)
    elif data.X is None:
        raise StudyError(f"{place}: the file has no matrix X. Write it with X or with a layer 'counts'.")
    dense = data.to_df(layer).to_numpy()
    ids = [("var_names", [str(name) for name in data.var_names])]
    for name in SYMBOL_COLUMNS:
        if name in data.var:
            ids.append(("symbol", data.var[name].astype(object).fillna("").astype(str).tolist()))
            break
    values = np.ascontiguousarray(dense.T)
    problems: tuple[str, ...] = ()
    if values.dtype.kind == "f" and np.isnan(values).any():
        i, j = np.argwhere(np.isnan(values))[0]
        problems = (f"{place}: gene {ids[0][1][i]!r}, sample {data.obs_names[j]!r} is empty. Fill it in.",)
    samples = tuple(str(name) for name in data.obs_names)
    return RawMatrix(place, "H5AD", tuple(ids), samples, values, None, problems, notes)


def is_star(head: bytes) -> bool:
    """Whether a text starts as STAR's ReadsPerGene.out.tab does."""
    return head.startswith(b"N_unmapped\t")


def star_files(folder: Path) -> list[Path]:
    """The ReadsPerGene files in a folder and in folders below it, in order of their names."""
    found = [*folder.rglob("*ReadsPerGene.out.tab"), *folder.rglob("*ReadsPerGene.out.tab.gz")]
    return sorted(path for path in found if path.is_file())


def read_star(paths: list[Path], place: str, strand: str) -> RawMatrix:
    """One or many ReadsPerGene.out.tab of one annotation; the rows N_… are reported and left out."""
    if strand not in STAR_COLUMN:
        raise StudyError(f"{place}: strand {strand!r} is none of {', '.join(STAR_COLUMN)}. Choose one.")
    genes: list[str] = []
    columns: list[np.ndarray] = []
    totals = np.zeros(4)
    outside: list[float] = []
    for path in paths:
        table = _star_table(path)
        special = table[0].str.startswith("N_")
        body = table[~special]
        names = body[0].astype(str).tolist()
        if genes and names != genes:
            raise StudyError(
                f"{path.name}: its {len(names):,} genes are not those of {paths[0].name} ({len(genes):,}). Count all "
                "samples with one annotation."
            )
        genes = names
        numbers = body.to_numpy()[:, 1:].astype(np.int64)
        totals[1:] += numbers.sum(axis=0)
        columns.append(numbers[:, STAR_COLUMN[strand] - 1])
        lost = float(table.loc[special, STAR_COLUMN[strand]].sum())
        outside.append(lost / max(lost + float(columns[-1].sum()), 1.0))
    samples = tuple(STAR_NAME.sub("", path.name) or path.parent.name for path in paths)
    notes = [
        f"{strand} reads of {counted(len(paths), 'STAR file')}; the rows N_unmapped, N_multimapping, N_noFeature and "
        f"N_ambiguous are left out ({min(outside):.0%} to {max(outside):.0%} of the reads of a sample)"
    ]
    low, high = sorted(totals[2:])
    better = "forward" if totals[2] > totals[3] else "reverse"
    if high > 5 * low and strand not in (better, "unstranded"):
        notes.append(f"the reads lie on the {better} strand ({high:,.0f} against {low:,.0f}): choose strand {better!r}")
    values = np.ascontiguousarray(np.column_stack(columns))
    return RawMatrix(place, "STAR", (("gene", genes),), samples, values, None, (), tuple(notes))


def _star_table(path: Path) -> pd.DataFrame:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as e:
            raise StudyError(f"{path.name}: the compressed file is damaged ({e}). Copy it again.") from None
    types = {"0": pa.string(), "1": pa.int64(), "2": pa.int64(), "3": pa.int64()}
    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(column_names=list(types)),
            parse_options=pacsv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pacsv.ConvertOptions(column_types=types),
        ).to_pandas()
    except pa.ArrowInvalid:
        table = pd.DataFrame()
    if not is_star(data[:20]) or table.empty or table.isna().any(axis=None):
        raise StudyError(f"{path.name}: not a gene and three counts of STAR on every line. Give ReadsPerGene.out.tab.")
    return table.rename(columns=int)
