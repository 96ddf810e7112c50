"""`her2het rna matched` on plain files: the numbers of the analysis' function, and what it refuses."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2het.cli.main import build
from her2het.schema import Matrix, StudyError
from her2het.stats.matched import Cut, numbers_at_size

COLUMNS = ("--patient", "who", "--time", "visit", "--before", "pre", "--after", "post", "--group", "het")
PARTS = ("--parts", "yes", "no")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """13 patients, 4 of them het; 40 of 300 genes rise sixteenfold in the others, 10 in the het; two samples of p0."""
    rng = np.random.default_rng(3)
    rows = []
    columns = {}
    level = np.exp(rng.normal(5, 1, 300))
    for i in range(13):
        own = level * np.exp(rng.normal(0, 0.4, 300))
        for visit in ("pre", "post", "pre2") if i == 0 else ("pre", "post"):
            fold = np.where((np.arange(300) < (10 if i < 4 else 40)) & (visit == "post"), 16.0, 1.0)
            columns[f"p{i}-{visit}"] = rng.poisson(own * fold * rng.gamma(20, 1 / 20, 300))
            rows.append((f"p{i}-{visit}", f"p{i}", visit[:3].replace("pos", "post"), "yes" if i < 4 else "no"))
    rows.append(("p99-pre", "p99", "pre", "no"))  # without counts
    pd.DataFrame(columns, index=[f"g{i}" for i in range(300)]).to_csv(
        tmp_path / "counts.tsv", sep="\t", index_label="gene"
    )
    table = pd.DataFrame(rows, columns=["sample", "who", "visit", "het"])
    table.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    return tmp_path / "counts.tsv", tmp_path / "samples.tsv"


def run(files: tuple[Path, Path], *arguments: object) -> tuple[pd.DataFrame, str]:
    asked = ["rna", "matched", str(files[0]), "--samples", str(files[1]), *map(str, arguments)]
    result = CliRunner().invoke(build(), asked, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(StringIO(result.stdout), sep="\t"), result.stderr


def refuse(files: tuple[Path, Path], *arguments: object) -> str:
    asked = ["rna", "matched", str(files[0]), "--samples", str(files[1]), *map(str, arguments)]
    with pytest.raises(StudyError) as caught:
        CliRunner().invoke(build(), asked, catch_exceptions=False, standalone_mode=False)
    (told,) = caught.value.problems
    return told


def test_planted_numbers_and_those_of_the_function(files: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "drawn.tsv"
    table, said = run(files, *COLUMNS, *PARTS, "--subsamples", 12, "--drawn", place)
    assert table["part"].tolist() == ["yes", "no"]
    assert table["patients"].tolist() == [4, 9]
    assert table["at_size"].tolist() == [4, 4]
    assert table["found"].tolist() == [10, 40]
    assert (table["difference"] < -25).all()
    assert table["p"].tolist() == [pytest.approx(1 / 13)] * 2
    assert "12 subsamples of the 9 no patients" in said
    counts = pd.read_csv(files[0], sep="\t", index_col=0)
    names = sorted(f"p{i}" for i in range(4, 13))
    before, after = (
        Matrix(counts[[f"{n}-{v}" for n in names]].to_numpy(), tuple(counts.index), tuple(names), "counts")
        for v in ("pre", "post")
    )
    drawn = pd.read_csv(place, sep="\t")["found"].to_numpy()
    np.testing.assert_array_equal(drawn, numbers_at_size(before, after, 4, draws=12, seed=1, cut=Cut(0.05, 8)))


def test_who_is_left_out_is_told(files: tuple[Path, Path]) -> None:
    _, said = run(files, *COLUMNS, *PARTS, "--subsamples", 1)
    assert "left out" not in said
    gone = ("p12-post", "p11-pre")
    lines = files[1].read_text().splitlines(keepends=True)
    files[1].write_text("".join(line for line in lines if not line.startswith(gone)))
    table, said = run(files, *COLUMNS, *PARTS, "--subsamples", 1)
    assert table["patients"].tolist() == [4, 7]
    assert "2 samples with counts have no row in the table" in said
    assert "2 patients lack counts at pre or post" in said


def test_the_order_of_rows_and_workers_change_nothing(files: tuple[Path, Path]) -> None:
    first, _ = run(files, *COLUMNS, *PARTS, "--subsamples", 4)
    table = pd.read_csv(files[1], sep="\t").sample(frac=1, random_state=2)
    table.to_csv(files[1], sep="\t", index=False)
    second, _ = run(files, *COLUMNS, *PARTS, "--subsamples", 4, "--workers", 2)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*COLUMNS, "--parts", "yes", "maybe"), "no sample with counts has het 'maybe'"),
        ((*COLUMNS, "--parts", "yes", "yes"), "is asked for twice"),
        ((*COLUMNS[:6], "--after", "pots", *COLUMNS[8:], *PARTS), "Did you mean 'post'"),
        (("--patient", "hwo", *COLUMNS[2:], *PARTS), "no column 'hwo'. Did you mean 'who'"),
        ((*COLUMNS[:6], "--after", "pre", *COLUMNS[8:], *PARTS), "is asked for twice"),
    ],
)
def test_what_is_not_in_the_table(files: tuple[Path, Path], arguments: tuple[str, ...], words: str) -> None:
    assert words in refuse(files, *arguments)


def test_a_patient_in_both_parts(files: tuple[Path, Path]) -> None:
    text = files[1].read_text().replace("p5-post\tp5\tpost\tno", "p5-post\tp5\tpost\tyes")
    files[1].write_text(text)
    assert "patient 'p5' has het no and yes" in refuse(files, *COLUMNS, *PARTS)


def test_parts_of_two_or_of_equal_size(files: tuple[Path, Path]) -> None:
    whole = files[1].read_text()
    files[1].write_text("".join(line for line in whole.splitlines(True) if line[:3] not in ("p0-", "p1-")))
    assert "2 patients of het 'yes' have counts at pre and at post, fewer than 3" in refuse(files, *COLUMNS, *PARTS)
    head, *lines = whole.splitlines(True)
    files[1].write_text("".join([head, *(line for line in lines if int(line[1:].split("-")[0]) < 8)]))
    table, said = run(files, *COLUMNS, *PARTS)
    assert table["difference"].tolist() == [-30, -30]
    assert table["median"].tolist() == [10, 40]
    assert table["p"].isna().all()
    assert "nothing was drawn" in said
