"""Tables of cases under any headings."""

from decimal import Decimal

import pytest

from her2het.io.her2_cases import COLUMNS, read_her2_cases, read_mapping
from her2het.schema import StudyError

TABLE = """"",id,score,HER2.CEP17,her2 copies,FISH,IHC status
1,P1,2,1.1,105,Negative,Equivocal
2,P2,NA,2.4,,Positive,
3,P3,0,NA,not amplified,Positive,Negative
4,P4,3+,NA,NA,NA,Positive
"""
MAP = """[columns]
case = "id"
ihc_score = "score"
ratio = "HER2.CEP17"
copies = "her2 copies"
ish_reported = "FISH"
hospital_ihc = "IHC status"
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(MAP, encoding="utf-8")
    return path


def test_rows(table, mapping):
    rows = read_her2_cases(table, read_mapping(mapping, ("hospital_ish=FISH",)))
    assert [row.name for row in rows] == ["P1", "P2", "P3", "P4"]
    first, second, third, fourth = rows
    assert first.record["ihc"] == {"score": "2"}
    assert first.record["ish"] == {"ratio": Decimal("1.1"), "ratio_relation": "=", "reported": "negative"}
    assert "a total of signals" in first.notes[0]
    assert "ihc" not in second.record
    assert "ish" not in third.record  # reported as positive and as not amplified
    assert "neither is used" in third.notes[-1]
    assert (third.hospital_ihc, third.hospital_ish) == ("Negative", "Positive")
    assert fourth.record == {"case": "P4", "ihc": {"score": "3+"}}


def test_headings_of_their_own_name_need_no_mapping(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text(
        "case\tic\tfi\tihc_score\ther2_signals\tcep17_signals\tnuclei\tratio\trecount_ratio\trecount_blinded\n"
        "a\t5\t60\t2\t88\t42\t20\t2.1\t2.0\tyes\n",
        encoding="utf-8",
    )
    (row,) = read_her2_cases(path, {})
    assert row.record["ihc"] == {"ic": "5", "fi": "60"}
    assert row.record["ish"] == {"her2": "88", "cep17": "42", "n": "20"}
    assert row.record["recount"] == {"ratio": "2.0", "blinded": "yes"}
    assert row.notes == (
        "staining patterns and IHC score are given: the staining patterns are used",
        "ISH averages stand beside sums: the sums are used",
    )


def test_a_recount_alone_and_sums_without_cells_are_told(tmp_path):
    path = tmp_path / "odd.tsv"
    path.write_text("case\tihc_score\tratio\ther2_signals\trecount_ratio\na\t2\t\t88\t2.0\n", encoding="utf-8")
    (row,) = read_her2_cases(path, {})
    assert "ish" not in row.record
    assert row.notes == (
        "HER2 signals without the number of nuclei: not used",
        "a recount is given without a first count: not used",
    )


@pytest.mark.parametrize(("ratio", "probe"), [("-1", "dual"), ("see below", "dual"), ("", None), ("1.4", None)])
def test_copies_beside_an_unreadable_ratio_are_not_those_of_a_single_probe(tmp_path, ratio, probe):
    path = tmp_path / "cases.csv"
    path.write_text(f"case,ratio,copies\na,{ratio},3.2\n", encoding="utf-8")
    (row,) = read_her2_cases(path, {})
    assert row.record["ish"].get("probe") == probe


def test_scores_of_cells_and_rows_without_a_name(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("score0,score1,score2,score3\n40,30,20,10\n", encoding="utf-8")
    (row,) = read_her2_cases(path, {})
    assert row.name == "row 2"
    assert row.record["ihc"] == {"cell_scores": {"0": "40", "1": "30", "2": "20", "3": "10"}}


@pytest.mark.parametrize(
    ("text", "pairs", "words"),
    [
        ("id,score\nP1,2\n", (), "no heading is a column"),
        ("id,score\nP1,2\n", ("ihc_score=skore",), "Did you mean 'score'?"),
        ("id,score\nP1,2\n", ("ihc_skore=score",), "Did you mean 'ihc_score'?"),
        ("id,score\nP1,2\n", ("score",), "no '='"),
        ("case,ihc_score\nP1,2\nP1,3\n", (), "stands in lines 2 and 3"),
        ("case,ihc_score\n,2\n", (), "line 2: the case has no identifier"),
        ("case,ihc_score\n", (), "no row below it"),
        ("case,ihc_score,case\nP1,2,x\n", (), "heading 'case' stands 2 times"),
        ("case,ihc_score\nP1,2\nP2,3,4\n", (), "not a table separated by commas"),
    ],
)
def test_problems(tmp_path, text, pairs, words):
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_her2_cases(path, read_mapping(None, pairs))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[columns\n", "not TOML"),
        ("[heading]\ncase = 'id'\n", "needs one section"),
        ("columns = 3\n", "needs one section"),
    ],
)
def test_problems_of_the_mapping(tmp_path, text, words):
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_mapping(path, ())
    assert words in str(caught.value)


def test_every_column_is_documented():
    assert all(len(text) > 5 for text in COLUMNS.values())
