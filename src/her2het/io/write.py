"""Write a table as TSV, to a file in one step or to standard output."""

import gzip
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, TextIO

import pandas as pd

from her2het.schema import Matrix, StudyError


def write_table(frame: pd.DataFrame, out: Path | None = None) -> None:
    """Write a frame (without its index) as TSV to `out`, or to standard output where `out` is None.

    Numbers are written so that reading them gives the same bits; missing values are empty. A name that ends in .gz is
    compressed, without a time in it. A file appears whole or not at all: it is written beside its place and renamed.
    :raises StudyError: where it cannot be written
    """
    if out is None:
        _print(frame)
        return
    path = Path(out)
    handle, draft = -1, ""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    _encoded(frame, packed)
            else:
                _encoded(frame, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, path)
    except OSError as error:
        _discard(draft)
        raise StudyError(f"{path}: {error.strerror or error}. Name a place that can be written.") from None
    except BaseException:
        _discard(draft)
        raise


def matrix_table(matrix: Matrix, first: str = "gene") -> pd.DataFrame:
    """A matrix as a frame to write: its row names as the first column, named `first`."""
    return matrix.frame().rename_axis(index=first, columns=None).reset_index()


def _encoded(frame: pd.DataFrame, file: BinaryIO | gzip.GzipFile) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")  # pyright: ignore[reportArgumentType]
    _tsv(frame, text)
    text.flush()
    text.detach()


def _tsv(frame: pd.DataFrame, file: TextIO) -> None:
    frame.to_csv(file, sep="\t", index=False, lineterminator="\n")


def _print(frame: pd.DataFrame) -> None:
    try:
        _tsv(frame, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:  # `her2het … | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _discard(draft: str) -> None:
    if draft and os.path.exists(draft):
        os.unlink(draft)
