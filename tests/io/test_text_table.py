"""Plain tables: encodings, row numbers, archives, and names of files."""

import io
import zipfile
from pathlib import Path

import pytest

from her2het.io.fish_table import read_fish_table
from her2het.io.matrix import read_matrix
from her2het.io.text_table import read_text_table
from her2het.io.workbook import read_workbook
from her2het.schema import StudyError

TEXT = "sample\tage\nS1\t40\nS2\t50\n"


def read(folder: Path, content: str | bytes):
    path = folder / "t.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_text_table(path)


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "\ufeff" + TEXT.replace("\n", "\r\n"),
        TEXT.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"),
        "\tsample\tage\n0\tS1\t40\n1\tS2\t50\n",
        ",sample,age\n1,S1,40\n2,S2,50\n",
        '"","sample","age"\n"1","S1","40"\n"2","S2","50"\n\n',
    ],
)
def test_one_table_in_many_texts(tmp_path: Path, content: str | bytes) -> None:
    frame = read(tmp_path, content).frame
    assert list(frame.columns) == ["sample", "age"]
    assert frame.to_numpy().tolist() == [["S1", "40"], ["S2", "50"]]


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\tage\nS1\t40\nS2\t50\n", "column 1 has no heading"),
        ("\t\tage\n1\tS1\t40\n2\tS2\t50\n", "column 2 has no heading"),
        (TEXT.encode("utf-16")[:-1], "is not UTF-16"),
        (zipped("xl/workbook.xml"), "the file is a workbook"),
        (zipped("a.csv", "b.csv"), r"a zip archive \(of a.csv, b.csv\), not text. Unpack it"),
        (zipped(), r"a zip archive \(of nothing\)"),
        (b"abc\x00\x01\n" * 9, "the content is binary"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 30, "the file is a workbook"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        read(tmp_path, content)


def test_names_that_no_file_has(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be a file's name"):
        read_text_table(tmp_path / "a\0b.tsv")
    with pytest.raises(StudyError, match="name too long") as caught:
        read_text_table(tmp_path / ("a" * 400))
    assert len(str(caught.value)) < 200


def test_a_zip_archive_is_no_workbook() -> None:
    with pytest.raises(StudyError, match=r"a zip archive \(of a.csv\), not a workbook"):
        read_workbook(zipped("a.csv"), "a.xlsx")


def test_stray_line_ends_and_open_quotes(tmp_path: Path) -> None:
    for content, words in (
        ("\r\r\n\r\n", "no line of the file holds a cell|the file is empty|no row below"),
        (TEXT.replace("S1", '"S1'), "open quote"),
    ):
        with pytest.raises(StudyError, match=words):
            read(tmp_path, content)
    for content in ("gene\ts\r1\nA\t1\n", 'gene\ts1\n"A\t1\nB\t2\n', '"gene\ts1\nA\t1\n'):
        path = tmp_path / "m.tsv"
        path.write_bytes(content.encode())
        with pytest.raises(StudyError, match=r"m\.tsv: "):
            read_matrix(path)
    path.write_bytes(b"sample\tHER\r2\tCEP17\nS1\t4\t2\n")
    with pytest.raises(StudyError, match="cannot be cut into headings"):
        read_fish_table(path)


def test_a_cell_too_many_is_a_name_of_a_row_only_where_names_are_wanted(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("group,er\ns1,a,x\ns2,b,y\n")
    with pytest.raises(StudyError, match="more cells than the header"):
        read_text_table(path)
    assert list(read_text_table(path, unnamed="sample").frame.columns) == ["sample", "group", "er"]
    path.write_text("sample,group\ns1,a,\ns2,b,\n")
    with pytest.raises(StudyError, match="more cells than the header"):
        read_text_table(path, unnamed="sample")
    path.write_text(",group\ns1,a\ns2,b\n")
    assert list(read_text_table(path, unnamed="sample").frame.columns) == ["sample", "group"]
    path.write_text(",sample\n1,a\n2,b\n")
    assert list(read_text_table(path, unnamed="sample").frame.columns) == ["sample"]
