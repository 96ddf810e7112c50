"""A synthetic trial as a study folder: study.toml, tables as text, and the truth in a folder of its own."""

import gzip
import io
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from her2het.schema import Matrix, StudyError
from her2het.simulate.features import DECLARED
from her2het.simulate.genes import FULL
from her2het.simulate.structure import GROUPS
from her2het.simulate.trial import MODEL, SyntheticTrial

LEVEL = 1
"""gzip level: the counts are written in a fraction of a second."""
EXPRESSIONS = ("pcr", "not pcr and not het", "not pcr and het")
PACKED = ("fish_nuclei", "nuclei")
NAME = "SYN-HER2: synthetic trial with the structure of NCT02326974"
DESCRIPTION = (
    "Simulated data: no patient, no tumour. Numbers of patients and samples follow the trial paper (Li et al. 2024, "
    "doi 10.1172/JCI176454); what its text reports is planted, and the truth is in the folder truth."
)
DESCRIPTION_NULL = (
    "Simulated data: no patient, no tumour. Numbers of patients and samples follow the trial paper (Li et al. 2024, "
    "doi 10.1172/JCI176454); groups and treatment change nothing but what defines them."
)
README = """SYNTHETIC DATA. Nothing in this folder was measured in a person.

{name}
Seed {seed}; {kind}. Made by `her2het simulate`; docs/synthetic_trial.md of her2het describes the model.

study.toml           what the study is and where its tables are
patients.tsv         one row per patient
samples.tsv          one row per biopsy, residual tumour or repeat library
rna_counts.tsv.gz    read counts, genes x samples
fish_nuclei.tsv.gz   ERBB2 and CEP17 signals per nucleus, with positions
ihc.tsv              HER2 and hormone receptor staining
features.tsv         further measurements, declared in study.toml
signature.tsv        marker genes in pure cells of each type, made up to fit the model: no cell was measured
truth/               what was planted: effects.tsv, genes.tsv, gene_lists.tsv, patients.tsv, samples.tsv,
                     outliers.tsv (aberrant libraries), shifts.tsv, spatial.tsv (areas), nuclei.tsv.gz (whether each row
                     of fish_nuclei belongs to the amplified clone), numbers.tsv
"""


def write_trial(trial: SyntheticTrial, folder: Path) -> None:
    """Write a study folder, whole or not at all; the same trial gives the same bytes.

    :raises StudyError: where the folder exists and is not empty, or cannot be written
    """
    need_room(folder)
    partial = folder.absolute().with_name(f".{folder.absolute().name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "truth").mkdir(parents=True)
        _fill(trial, partial)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except OSError as e:
        shutil.rmtree(partial, ignore_errors=True)
        place = e.filename or folder
        raise StudyError(f"{place}: cannot be written ({e.strerror}). Name a folder to write to.") from None


def need_room(folder: Path) -> None:
    """:raises StudyError: where the folder exists and is not empty"""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{folder}: exists and is not an empty folder. Name a new or an empty folder.")


def origin(seed: int, *, null: bool = False, genes: int = FULL) -> str:
    """The first line of study.toml: how the data were made."""
    options = f"--seed {seed}{' --null' * null}" + (f" --genes {genes}" if genes != FULL else "")
    return f"# SYNTHETIC data (model {MODEL}), no patient: her2het simulate {options}"


def _fill(trial: SyntheticTrial, folder: Path) -> None:
    tables = {
        "patients": trial.patients,
        "samples": trial.samples,
        "fish_nuclei": trial.fish_nuclei,
        "ihc": trial.ihc,
        "features": trial.features,
    }
    for name, frame in tables.items():
        _write(folder / _file(name), [_table(frame)])
    _write(folder / "rna_counts.tsv.gz", _counts(trial.rna_counts))
    _write(folder / "signature.tsv", _counts(trial.signature))
    for name, frame in trial.truth.items():
        _write(folder / "truth" / _file(name), [_table(frame)])
    kind = "no planted effect (null)" if trial.null else "planted effects"
    readme = README.format(name=NAME, seed=trial.seed, kind=kind)
    (folder / "README.txt").write_text(readme, encoding="utf-8", newline="\n")
    (folder / "study.toml").write_text(study_toml(trial), encoding="utf-8", newline="\n")


def study_toml(trial: SyntheticTrial) -> str:
    """The study.toml of a synthetic trial."""
    lines = [
        origin(trial.seed, null=trial.null, genes=len(trial.rna_counts.rows)),
        "[study]",
        f'name = "{NAME}"',
        "synthetic = true",
        f'control = "{GROUPS[0]}"',
        f'description = "{DESCRIPTION_NULL if trial.null else DESCRIPTION}"',
        "",
        "[timepoints]",
        'baseline = ["baseline"]',
        'followup = ["surgery"]',
        "",
        "[groups] # in order; `het` is the patient's HER2 heterogeneity at baseline",
        *(f'"{group}" = "{rule}"' for group, rule in zip(GROUPS, EXPRESSIONS, strict=True)),
        "",
    ]
    for name in ("patients", "samples", "rna_counts", "fish_nuclei", "ihc", "features", "signature"):
        lines += [f"[tables.{name}]", f'file = "{_file(name)}"', ""]
    for name, (kind, unit, doc) in DECLARED.items():
        lines += [f"[features.columns.{name}]", f'kind = "{kind}"', f'unit = "{unit}"', f'doc = "{doc}"', ""]
    return "\n".join(lines)


def _file(name: str) -> str:
    return f"{name}.tsv.gz" if name in (*PACKED, "rna_counts") else f"{name}.tsv"


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """Write the parts, packed where the name says so, without a file name or time in the header."""
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            raw.writelines(parts)
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=LEVEL, mtime=0) as packed:
            for part in parts:
                packed.write(part)


def _table(frame: pd.DataFrame) -> bytes:
    """Tab-separated text with a heading; yes/no for flags, nothing for missing values, no trailing '.0'."""
    columns = {str(name): _text(frame[name]) for name in frame.columns}
    return _rows(pa.table(columns), list(columns))


def _text(values: pd.Series) -> pa.Array:
    if pd.api.types.is_bool_dtype(values.dtype):
        return pa.array(values.map({True: "yes", False: "no"}), pa.string(), from_pandas=True)
    if pd.api.types.is_float_dtype(values.dtype):
        given = values.dropna().to_numpy(float)
        if np.array_equal(given, np.round(given)) and (np.abs(given) < 2**53).all():
            return pa.array(values.astype("Int64"), pa.int64(), from_pandas=True)
        return pa.array(values, pa.float64(), from_pandas=True)
    if pd.api.types.is_integer_dtype(values.dtype):
        return pa.array(values, pa.int64(), from_pandas=True)
    return pa.array(values.astype(object), pa.string(), from_pandas=True)


def _counts(matrix: Matrix) -> Iterable[bytes]:
    """The matrix as text, a block of genes at a time."""
    block = 2_000
    for start in range(0, len(matrix.rows), block):
        part = matrix.values[start : start + block]
        columns = [pa.array(matrix.rows[start : start + block]), *(pa.array(part[:, k]) for k in range(part.shape[1]))]
        names = ["gene", *matrix.columns]
        yield _rows(pa.table(columns, names=names), names if start == 0 else [])


def _rows(table: pa.Table, heading: list[str]) -> bytes:
    out = io.BytesIO()
    if heading:
        out.write(("\t".join(heading) + "\n").encode())
    options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    csv.write_csv(table, out, options)
    return out.getvalue()
