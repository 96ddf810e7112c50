"""Tables of nuclei under many headings, forms and ways of writing signals."""

import gzip
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2het.io.fish_columns import Signals, choose_columns, read_signals
from her2het.io.fish_table import FishTable, read_fish_table
from her2het.schema import StudyError

TEXT = "sample,area,erbb2,cep17,x,y\nS1,A,4,2,1.5,2\nS1,B,12,3,3,4\nS2,A,2,2,5,6\n"


def write(tmp_path: Path, text: str, name: str = "cells.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def rows(t: FishTable) -> list[tuple]:
    return [
        (t.sample.names[s], t.area.names[a], int(h), int(c))
        for s, a, h, c in zip(t.sample.code, t.area.code, t.erbb2, t.cep17, strict=True)
    ]


WANT = [("S1", "A", 4, 2), ("S1", "B", 12, 3), ("S2", "A", 2, 2)]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_delimited_text(tmp_path: Path, separator: str, ending: str, start: str) -> None:
    path = write(tmp_path, start + TEXT.replace(",", separator).replace("\n", ending))
    got = read_fish_table(path)
    assert rows(got) == WANT
    np.testing.assert_allclose(got.x, [1.5, 3, 5])


def test_gzip_parquet_and_workbook_say_the_same(tmp_path: Path) -> None:
    zipped = tmp_path / "cells.csv.gz"
    zipped.write_bytes(gzip.compress(TEXT.encode()))
    assert rows(read_fish_table(zipped)) == WANT
    columns = [line.split(",") for line in TEXT.strip().split("\n")]
    body = list(zip(*columns[1:], strict=True))
    table = {
        "Sample ID": pa.array(body[0]).dictionary_encode(),
        "Area": body[1],
        "HER2": pa.array([int(v) for v in body[2]], pa.int16()),
        "CEP17": pa.array([int(v) for v in body[3]], pa.int8()),
        "X": [float(v) for v in body[4]],
    }
    pq.write_table(pa.table(table), tmp_path / "cells.parquet")
    got = read_fish_table(tmp_path / "cells.parquet")
    assert rows(got) == WANT
    assert got.columns["erbb2"] == "HER2"
    book = openpyxl.Workbook()
    book.remove(book.active)
    for area in ("A", "B"):
        sheet = book.create_sheet(area)
        sheet.append(["Case", "HER2 signals", "CEN17 signals"])
        for row in WANT:
            if row[1] == area:
                sheet.append([row[0], *row[2:]])
    book.save(tmp_path / "cells.xlsx")
    got = read_fish_table(tmp_path / "cells.xlsx")
    assert sorted(rows(got)) == sorted(WANT)
    assert got.notes == ("each sheet is an area",)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("7", Signals(7, False)),
        (" 7.0 ", Signals(7, False)),
        ("", Signals(None, False)),
        ("NA", Signals(None, False)),
        ("> 20", Signals(20, True)),
        (">20", Signals(20, True)),
        (">=20", Signals(20, True)),
        ("≥ 15", Signals(15, True)),
        ("20+", Signals(20, True)),
        ("~ 25", Signals(25, True)),
        ("cluster", Signals(30, True)),
        ("Clusters", Signals(30, True)),
        ("cluster (25)", Signals(25, True)),
        ("cluster > 12", Signals(12, True)),
        ("TNTC", Signals(30, True)),
        ("3.5", None),
        ("-1", None),
        ("many", None),
        ("2 + 3", None),
    ],
)
def test_signals_as_they_are_written(text: str, want: Signals | None) -> None:
    assert read_signals(text, 30) == want


def test_clusters_are_capped_and_reported(tmp_path: Path) -> None:
    text = "sample,her2,cep17\nS1,> 20,2\nS1,cluster,2\nS1,35,2\nS1,12,2\nS1,,2\nS2,3,\n"
    got = read_fish_table(write(tmp_path, text))
    assert got.erbb2.tolist() == [20, 20, 20, 12, 3]
    assert got.cep17.tolist() == [2, 2, 2, 2, -1]
    assert got.capped.tolist() == [True, True, True, False, False]
    assert got.left_out.tolist() == [1, 0]
    assert "3 nuclei" in got.notes[0]
    assert "left out" in got.notes[1]
    got = read_fish_table(write(tmp_path, text), cap=50, cluster=40)
    assert got.erbb2.tolist() == [20, 40, 35, 12, 3]
    assert read_fish_table(write(tmp_path, "her2,cep17\n35,2\n")).erbb2.tolist() == [35]


def test_a_file_without_samples_is_one_sample(tmp_path: Path) -> None:
    got = read_fish_table(write(tmp_path, "HER2/neu,Chr17\n4,2\n", "T-17.csv"))
    assert rows(got) == [("T-17", "1", 4, 2)]


def test_mapping_and_presets(tmp_path: Path) -> None:
    path = write(tmp_path, "id,Red,Green,sample\nS1,9,2,x\n")
    with pytest.raises(StudyError, match=r"colours \(Red, Green\).*--preset"):
        read_fish_table(path)
    assert rows(read_fish_table(path, preset="red-her2")) == [("x", "1", 9, 2)]
    assert rows(read_fish_table(path, preset="green-her2")) == [("x", "1", 2, 9)]
    assert rows(read_fish_table(path, mapping={"erbb2": "Green", "cep17": "Red", "sample": "id"})) == [
        ("S1", "1", 2, 9)
    ]
    with pytest.raises(StudyError, match="Did you mean 'Green'"):
        read_fish_table(path, mapping={"erbb2": "Gren"})
    with pytest.raises(StudyError, match="no column of a table of nuclei"):
        read_fish_table(path, mapping={"erb": "Green"})
    with pytest.raises(StudyError, match="no such preset"):
        read_fish_table(path, preset="orange")


def test_spots_of_either_colour_are_known(tmp_path: Path) -> None:
    path = write(tmp_path, "Orange spots,Green spots\n9,2\n")
    with pytest.raises(StudyError, match="--preset"):
        read_fish_table(path)
    assert rows(read_fish_table(path, preset="red-her2")) == [("cells", "1", 9, 2)]


def test_a_marker_replaces_signals(tmp_path: Path) -> None:
    path = write(tmp_path, "sample,x,y,score\nS1,1,2,3+\nS1,2,3,0\nS1,3,4,\n")
    got = read_fish_table(path, marker="score")
    np.testing.assert_array_equal(got.marker, [3, 0, np.nan])
    path = write(tmp_path, "sample,x,y,her2\nS1,1,2,yes\nS1,2,3,no\n")
    np.testing.assert_array_equal(read_fish_table(path, marker="her2").marker, [1, 0])
    with pytest.raises(StudyError, match="no heading 'scor'"):
        read_fish_table(path, marker="scor")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample,her2,cep17\nS1,4,2\nS1,four,2\n", r"cells.csv line 3: ERBB2 is 'four'.*Correct"),
        ("sample,her2,cep17\nS1,4,2\nS1,4,-2\n", r"line 3: CEP17 is '-2'"),
        ("sample,her2,cep17\nS1,4000,2\n", r"line 2: ERBB2 is '4000'.*0 to 1000"),
        ("sample,her2,cep17\nS1,4,2\n,4,2\n", r"line 3: the nucleus has no sample"),
        ("sample,her2,cep17\n", r"no row"),
        ("sample,her2\nS1,4\n", r"no heading for cep17"),
        ("sample,her2,cep17\nS1,4,2\nS1,4\n", r"cannot be read.*Correct that row"),
        ("", r"empty"),
    ],
)
def test_problems_name_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read_fish_table(write(tmp_path, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no such file"):
        read_fish_table(tmp_path / "nothing.csv")


def test_bad_integers_of_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"her2": [4, -3, None], "cep17": [2, 2, 2]}), tmp_path / "c.parquet")
    with pytest.raises(StudyError, match=r"line 3: ERBB2 is '-3'"):
        read_fish_table(tmp_path / "c.parquet")
    pq.write_table(pa.table({"her2": [4, None], "cep17": [None, 2]}), tmp_path / "c.parquet")
    got = read_fish_table(tmp_path / "c.parquet")
    assert (got.erbb2.tolist(), got.cep17.tolist(), got.left_out.tolist()) == ([4], [-1], [1])


def test_columns_known_by_heading() -> None:
    headings = ["Slide", "Field ID", "HER2 copies", "CEN-17 signals", "Centroid X µm", "Centroid Y µm"]
    got = choose_columns(headings, {}, "names", "t")
    assert got == {
        "sample": "Slide",
        "area": "Field ID",
        "erbb2": "HER2 copies",
        "cep17": "CEN-17 signals",
        "x": "Centroid X µm",
        "y": "Centroid Y µm",
    }


def test_real_counts(shared_data: Path) -> None:
    folder = shared_data / "data" / "fish_spot_counts"
    manual = read_fish_table(folder / "SC_011.xls", preset="green-her2")
    assert manual.sample.names == ("SC_011",)
    assert manual.area.names == ("11_02", "11_03", "11_04", "11_05", "11_06")
    assert (len(manual.erbb2), int(manual.erbb2.sum()), int(manual.cep17.sum())) == (102, 94, 98)
    automated = read_fish_table(folder / "SampleFISH.jpg_data.csv", preset="red-her2")
    assert len(automated.erbb2) == 44
    assert automated.x is not None
    assert automated.columns["erbb2"] == "num of R probes"
