"""Tables are written whole or not at all, and read back to the same bits."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.io.write import matrix_table, write_table
from her2het.schema import Matrix, StudyError

FRAME = pd.DataFrame({"sample": ["a", "b", "c"], "x": [0.1 + 0.2, np.nan, 1e-300], "n": [1, 2, 3]})
TEXT = "sample\tx\tn\na\t0.30000000000000004\t1\nb\t\t2\nc\t1e-300\t3\n"


def test_to_a_file_and_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(FRAME, tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_bytes() == TEXT.encode()
    write_table(FRAME)
    assert capsys.readouterr().out == TEXT
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.tsv", sep="\t", float_precision="round_trip"), FRAME)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("old")

    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", stop)
    with pytest.raises(KeyboardInterrupt):
        write_table(FRAME, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="No such file"):
        write_table(FRAME, tmp_path / "no" / "t.tsv")
    with pytest.raises(StudyError, match="directory"):
        write_table(FRAME, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_matrix_as_a_table() -> None:
    frame = matrix_table(Matrix(np.array([[1.5, 2.0]]), ("ERBB2",), ("s1", "s2"), "log2"))
    assert frame.columns.tolist() == ["gene", "s1", "s2"]
    assert frame.iloc[0].tolist() == ["ERBB2", 1.5, 2.0]


def test_a_name_that_ends_in_gz_is_compressed(tmp_path: Path) -> None:
    frame = pd.DataFrame({"gene": ["ERBB2", "ESR1"], "x": [0.1, None]})
    for name in ("a.tsv", "a.tsv.gz", "b.tsv.gz"):
        write_table(frame, tmp_path / name)
    packed = (tmp_path / "a.tsv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.tsv").read_bytes()
    assert packed == (tmp_path / "b.tsv.gz").read_bytes()
