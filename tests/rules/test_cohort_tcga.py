"""935 real patients, free text as hospitals wrote it: a status or a stated reason for each, under every version."""

from pathlib import Path

import pandas as pd
import pytest

from her2het.io.her2_cases import read_her2_cases, read_mapping
from her2het.reference.guidelines import VERSIONS
from her2het.rules.agreement import agreement
from her2het.rules.cohort import classify, reclassification, status_table

MAPPING = Path(__file__).parent / "tcga_columns.toml"


@pytest.fixture(scope="module")
def path(shared_data: Path) -> Path:
    return shared_data / "data" / "tcga_her2_testing" / "clinical_her2.csv"


@pytest.fixture(scope="module")
def rows(path):
    return read_her2_cases(path, read_mapping(MAPPING, ()))


@pytest.fixture(scope="module")
def cases(rows):
    return classify((row.record for row in rows), notes={row.name: row.notes for row in rows})


@pytest.fixture(scope="module")
def hospital(rows):
    return {row.name: (row.hospital_ihc, row.hospital_ish) for row in rows}


@pytest.fixture(scope="module")
def written(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("patient_id")


def test_everybody_has_a_status_or_a_stated_reason(cases):
    assert len(cases) == 935
    for case in cases:
        for version in VERSIONS:
            found = case.verdicts[version]
            assert len(found.reason) > 5
            if found.status == "INCOMPLETE":
                assert found.missing
            if found.status not in {"POSITIVE", "NEGATIVE", "INCOMPLETE"}:
                assert found.next_actions


def test_the_235_without_anything_are_the_235_of_the_readme(cases, written):
    empty = {case.name for case in cases if case.verdicts["2023"].basis == "nothing"}
    columns = ["HER2_ihc_score", "HER2_fish_status", "HER2_copy_number"]
    assert empty == set(written.index[(written[columns] == "NA").all(axis=1)])
    assert len(empty) == 235


def test_statuses(cases):
    frame = status_table(cases)
    counts = {version: frame[f"status_{version}"].value_counts().to_dict() for version in VERSIONS}
    assert counts["2007"] == {"NEGATIVE": 551, "INCOMPLETE": 235, "POSITIVE": 135, "EQUIVOCAL": 14}
    assert counts["2013"] == {"NEGATIVE": 551, "INCOMPLETE": 235, "POSITIVE": 139, "EQUIVOCAL": 10}
    expected = {"NEGATIVE": 551, "INCOMPLETE": 237, "POSITIVE": 137, "EQUIVOCAL": 6, "RECOUNT_REQUIRED": 4}
    assert counts["2018"] == counts["2023"] == expected


def test_groups_are_those_of_the_written_numbers(cases, written):
    """A second reading of the plain numbers, by pandas, of all patients with a ratio and copies that can be copies."""
    ratio = pd.to_numeric(written["HER2_cent17_ratio"], errors="coerce")
    copies = pd.to_numeric(written["HER2_copy_number"], errors="coerce")
    both = (ratio > 0) & (copies / ratio < 10)
    assert both.sum() == 68
    group = pd.Series(0, index=written.index)
    group[(ratio >= 2) & (copies >= 4)] = 1
    group[(ratio >= 2) & (copies < 4)] = 2
    group[(ratio < 2) & (copies >= 6)] = 3
    group[(ratio < 2) & (copies >= 4) & (copies < 6)] = 4
    group[(ratio < 2) & (copies < 4)] = 5
    found = {case.name: case.verdicts["2018"].ish for case in cases}
    for name in written.index[both]:
        assert found[name].group == group[name], name


def test_2007_follows_the_ratio_alone(cases, written):
    ratio = pd.to_numeric(written["HER2_cent17_ratio"], errors="coerce")
    for case in cases:
        value = ratio[case.name]
        if pd.notna(value):
            expected = "positive" if value > 2.2 else "negative" if value < 1.8 else "equivocal"
            assert case.verdicts["2007"].ish is not None
            assert case.verdicts["2007"].ish.category == expected


def test_free_text_is_read_and_told(rows):
    notes = [note for row in rows for note in row.notes]
    assert sum("a total of signals" in note for note in notes) == 31
    assert sum("a bound" in note for note in notes) == 2
    assert sum("not amplified" in note for note in notes) == 7
    assert sum("neither is used" in note for note in notes) == 1
    assert not any("no number and no category" in note for note in notes)


def test_reclassification_reflects_ish_alone_and_says_so(cases):
    found = reclassification(cases)
    assert found.table.to_numpy().sum() == 935
    assert found.note.count("this matrix reflects ISH alone") == 1
    assert (found.carried_ihc, found.rescored_ihc, found.ish_numbers, found.ish_reported) == (590, 0, 230, 174)
    assert len(found.moved) == 13
    assert found.moved["basis_changes"].sum() == 6
    assert found.table.loc["EQUIVOCAL", "RECOUNT_REQUIRED"] == 1
    for case in cases:  # whoever moves has a ISH number
        before, after = case.verdicts["2007"], case.verdicts["2023"]
        assert before.ihc_score == after.ihc_score
        if before.status != after.status:
            assert before.ish is not None
            assert before.ish.ratio is not None or before.ish.copies is not None
    same = reclassification(cases, "2018", "2023")
    assert same.moved.empty


@pytest.mark.parametrize(
    ("version", "comparable", "agree"), [("2007", 672, 657), ("2013", 675, 658), ("2018", 673, 658), ("2023", 673, 658)]
)
def test_agreement_with_the_hospital_and_every_difference_by_cause(cases, hospital, version, comparable, agree):
    found = agreement(cases, hospital, version)
    assert found.table.to_numpy().sum() == 935
    assert (found.comparable, found.agree) == (comparable, agree)
    assert found.causes["cases"].sum() == len(found.discordant)
    assert (found.discordant["cause"].str.len() > 5).all()
    definite = found.discordant[found.discordant["ours"].isin(["POSITIVE", "NEGATIVE"])]
    both = definite[definite["hospital"].isin(["Positive", "Negative"])]
    assert len(both) == comparable - agree
