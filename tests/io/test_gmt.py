"""GMT files: what is read, and what is refused in one sentence."""

import gzip
from pathlib import Path

import pytest

from her2het.io.gmt import read_gmt
from her2het.schema import StudyError


def write(folder: Path, text: str) -> Path:
    path = folder / "sets.gmt"
    path.write_text(text)
    return path


def test_reads_sets_in_order(tmp_path: Path) -> None:
    path = write(tmp_path, "# ours\nB\thttp\tERBB2\tESR1\tERBB2\t\n\nA\t\tKRT5\n")
    assert read_gmt(path) == {"B": ("ERBB2", "ESR1"), "A": ("KRT5",)}
    zipped = tmp_path / "sets.gmt.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert read_gmt(zipped) == read_gmt(path)


def test_takes_entrez_where_it_is_wanted(tmp_path: Path) -> None:
    path = write(tmp_path, "A\td\t2064\t2099\n")
    assert read_gmt(path) == read_gmt(path, identifiers="Entrez") == {"A": ("2064", "2099")}
    with pytest.raises(StudyError, match=r"given as Entrez identifiers \('2064'\), needed is symbol"):
        read_gmt(path, identifiers="symbol")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no gene set"),
        ("A,d,ERBB2\n", "line 1 has no tab"),
        ("A\td\n", "'A' has 0 genes"),
        ("A\td\tERBB2\nA\td\tESR1\n", "'A' stands twice"),
        ("A\td\tERBB2\t2-Sep\n", "1 gene name became a date or number in a spreadsheet"),
        ("A\td\tERBB2\tESR1\nB\td\t2064\t2099\n", "several kinds"),
    ],
)
def test_refuses_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message) as caught:
        read_gmt(write(tmp_path, text))
    assert len(caught.value.problems) == 1


def test_refuses_what_it_cannot_open(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="Check the path"):
        read_gmt(tmp_path / "none.gmt")
    binary = tmp_path / "b.gmt"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(StudyError, match="no text file"):
        read_gmt(binary)


def test_files_of_msigdb(shared_data: Path) -> None:
    folder = shared_data / "data/gene_sets"
    assert len(read_gmt(folder / "c2.cp.kegg.v2023.1.Hs.symbols.gmt", identifiers="symbol")) == 186
    assert len(read_gmt(folder / "c2BroadSets_KEGG_REACTOME_BIOCARTA.entrez.gmt", identifiers="Entrez")) == 833
    assert len(read_gmt(folder / "c2.cp.reactome.v2023.1.Hs.symbols.gmt", identifiers="symbol")) > 1600
