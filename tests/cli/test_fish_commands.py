"""`her2het fish score`, `fish plan` and `spatial pattern` as a user runs them."""

import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2het.cli.fish import command as fish
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.cli.spatial import command as spatial
from her2het.reference.het_profiles import DEFINITIONS
from her2het.schema import StudyError


def run(group: object, *arguments: object) -> Result:
    return CliRunner().invoke(group, [str(a) for a in arguments])  # type: ignore[arg-type]


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), sep="\t", keep_default_na=False, na_values=[""])


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A diploid, an amplified and a mixed tumour of cut nuclei, 6 areas of 60 nuclei each, with positions."""
    rng = np.random.default_rng(11)
    parts = []
    for name, share in (("diploid", 0.0), ("amplified", 1.0), ("mixed", 0.3)):
        n = 360
        area = np.repeat(np.arange(6), 60)
        x, y = rng.uniform(0, 300, n), rng.uniform(0, 300, n)
        clone = x < 300 * share
        h = np.maximum(rng.binomial(np.where(clone, 12, 2), 0.8), 1)
        c = np.maximum(rng.binomial(np.where(clone, 3, 2), 0.8), 1)
        parts.append(pd.DataFrame({"case": name, "field": area, "HER2": h, "CEP17": c, "x": x, "y": y}))
    path = tmp_path / "cells.csv"
    pd.concat(parts).to_csv(path, index=False)
    return path


def test_score(cells: Path, tmp_path: Path) -> None:
    done = run(fish, "score", cells, "--out", tmp_path / "s.tsv", "--areas", tmp_path / "a.tsv", "--all-profiles")
    assert done.exit_code == 0, done.output
    got = table((tmp_path / "s.tsv").read_text()).set_index("sample")
    assert got["nuclei"].tolist() == [360, 360, 360]
    assert got["call"].to_dict() == {"diploid": "HET", "amplified": "NON_HET_AMPLIFIED", "mixed": "HET"}
    assert got["robust_call"].to_dict() == {
        "diploid": "NON_HET_NONAMPLIFIED",
        "amplified": "NON_HET_AMPLIFIED",
        "mixed": "HET",
    }
    assert got.loc["mixed", "robust_fraction"] == pytest.approx(0.3, abs=0.07)
    assert got.loc["amplified", "grade"] == "CERTAIN"
    assert got["call_CAP2013"].unique().tolist() == ["UNDEFINED"]
    assert (got["call_LI2024"] == got["call"]).all()
    assert got["equitability"].between(0, 1).all()
    areas = table((tmp_path / "a.tsv").read_text())
    assert len(areas) == 18
    assert areas.groupby("sample")["amplified"].sum().to_dict() == got["amplified"].to_dict()
    assert "Research use only" in done.stderr
    assert "erbb2 = HER2" in done.stderr


def test_every_table_says_what_it_is_for(cells: Path, tmp_path: Path) -> None:
    done = run(fish, "score", cells, "--quick", "--out", tmp_path / "s.tsv", "--areas", tmp_path / "a.tsv")
    assert done.exit_code == 0, done.output
    for name in ("s.tsv", "a.tsv"):
        got = table((tmp_path / name).read_text())
        assert set(got["intended_use"]) == {"research_use_only"}
        assert set(got["definition"]) == {"LI2024"}
    assert f"sha256 {hashlib.sha256(cells.read_bytes()).hexdigest()}" in done.stderr
    assert "no agreed clinical cut-off" in " ".join(done.stderr.split())
    done = run(spatial, "pattern", cells, "--permutations", 99)
    got = table(done.stdout)
    assert set(got["intended_use"]) == {"research_use_only"}
    assert set(got["rule"]) == {"her2het-pattern/1"}
    assert "uncalibrated" in done.stderr


CLAIMS = re.compile(r"eligib|therap|trastuzumab|deruxtecan|\bdrug|benefit|prescri|candidate|companion", re.IGNORECASE)


def test_no_output_claims_anything(cells: Path) -> None:
    said = [run(fish, "score", cells, "--all-profiles"), run(fish, "plan", "--fraction", 0.8, "--per-area", 30)]
    said += [run(fish, "plan", "--negative-share", 0.2, "--format", "json")]
    said += [run(spatial, "pattern", cells, "--permutations", 99)]
    fixed = [f"{d.text} {d.open_points}" for d in DEFINITIONS]
    for text in (*(done.output + done.stderr for done in said), *fixed):
        assert not CLAIMS.search(text), text
        left = re.sub(r"not\s+for\s+diagnosis\s+or\s+treatment\s+decisions", "", text)
        assert not re.search("diagnos|treat", left, re.IGNORECASE), left
    assert json.loads(said[2].stdout)["intended_use"] == "research_use_only"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "CELLS", "--p-keep", "nan"], "finite"),
        (["score", "CELLS", "--p-keep-range", "0.7", "inf"], "range"),
        (["score", "CELLS", "--out", "CELLS"], "is what is read"),
        (["score", "CELLS", "--out", "x.tsv", "--areas", "x.tsv"], "is written by --out too"),
        (["score", "nowhere.csv"], "no such file"),
        (["plan", "--fraction", "nan"], "finite"),
        (["plan", "--negative-share", "0.2", "--per-area", "75"], "describe samples of a --fraction"),
    ],
)
def test_refusals(cells: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = [str(cells) if a == "CELLS" else a for a in arguments]
    assert guarded(build(), ["fish", *given]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample,erbb2,cep17\ns,-1,2\n", "line 2: ERBB2 is '-1'"),
        ("sample,erbb2,cep17\ns,4.5,2\n", "line 2: ERBB2 is '4.5'"),
        ("sample,erbb2,cep17\ns,99999999999,2\n", "from 0 to 1000"),
        ("sample,erbb2,cep17\ns,4,many\n", "line 2: CEP17 is 'many'"),
        ("sample,erbb2,cep17\n,4,2\n", "no sample"),
        ("sample,erbb2,cep17\n", "no row below"),
        ("sample,erbb2\ns,4\n", "no heading for cep17"),
        ("", "empty"),
        ("sample,erbb2,cep17\ns,4\n", "cannot be read"),
    ],
)
def test_broken_tables_are_refused_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "n.csv").write_text(text)
    done = run(fish, "score", tmp_path / "n.csv")
    assert isinstance(done.exception, StudyError), done.output
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)


@pytest.mark.parametrize(
    "text",
    [
        "erbb2,cep17\n4,2\n",  # one nucleus
        "erbb2,cep17\n4,0\n9,0\n",  # no CEP17 signal
        "erbb2,cep17\n4,\n9,\n",  # CEP17 not counted
        "erbb2,cep17\n0,2\n0,2\n",  # no ERBB2 signal
        "sample,area,erbb2,cep17\na,,4,2\nb,x,4,2\nb,,4,2\n",  # areas in some rows
        "erbb2,cep17\n" + "1000,1000\n" * 40,
    ],
)
def test_poor_tables_are_scored_with_what_they_have(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.csv").write_text(text)
    more = ["--rarefy", 10, "--standardise", "thinning", "--all-profiles", "--areas", tmp_path / "a.tsv"]
    done = run(fish, "score", tmp_path / "n.csv", *more)
    assert done.exit_code == 0, done.exception
    got = table(done.stdout)
    if len(got) == 1 and "1000" not in text:
        assert got.loc[0, "call"] == "INSUFFICIENT"
        assert got.loc[0, "robust_call"] == "INSUFFICIENT"


def test_order_of_nuclei_is_irrelevant(cells: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(cells)
    frame.sample(frac=1, random_state=3).to_csv(tmp_path / "mixed.csv", index=False)
    one, other = (
        table(run(fish, "score", path).stdout).set_index("sample") for path in (cells, tmp_path / "mixed.csv")
    )
    pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-9)


def test_fewest_signals_help_with_diploid_tumours_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = []
    for name, h, c in (("diploid", 2, 2), ("polysomic", 4, 3)):
        pairs = np.column_stack([rng.binomial(h, 0.8, 400), rng.binomial(c, 0.8, 400)])
        rows += [f"{name},{a},{b}" for a, b in pairs[(pairs > 0).all(axis=1)][:200]]
    (tmp_path / "n.csv").write_text("sample,erbb2,cep17\n" + "\n".join(rows) + "\n")
    plain, asked = (
        table(run(fish, "score", tmp_path / "n.csv", "--all-profiles", *more).stdout).set_index("sample")
        for more in ([], ["--min-her2", 4])
    )
    assert plain["call"].to_dict() == {"diploid": "HET", "polysomic": "HET"}
    assert asked["call"].to_dict() == {"diploid": "NON_HET_NONAMPLIFIED", "polysomic": "HET"}
    assert asked.loc["polysomic", "robust_call"] == "NON_HET_NONAMPLIFIED"
    assert (asked["call_LI2024"] == asked["call"]).all()
    assert set(asked["definition"]) == {"LI2024, ERBB2 >= 4"}


def test_a_negative_area_by_its_fraction(tmp_path: Path) -> None:
    """Two areas: one amplified, one with 1 of 20 nuclei amplified but a ratio of sums of at least 2."""
    rows = ["a,12,3"] * 20 + ["b,200,2"] + ["b,3,2"] * 19
    (tmp_path / "n.csv").write_text("area,erbb2,cep17\n" + "\n".join(rows) + "\n")
    calls = [
        table(run(fish, "score", tmp_path / "n.csv", "--profile", "METZGER2021", "--quick", *more).stdout)["call"][0]
        for more in ([], ["--negative-area", "fraction"])
    ]
    assert calls == ["NON_HET_AMPLIFIED", "HET"]


def test_score_prints_and_is_quick(cells: Path) -> None:
    done = run(fish, "score", cells, "--quick", "--rarefy", 100, "--standardise", "poisson")
    got = table(done.stdout).set_index("sample")
    assert "robust_call" not in got.columns
    assert "fraction_low" not in got.columns
    assert {"equitability_of_100", "equitability_z"} <= set(got.columns)
    again = run(fish, "score", cells, "--quick", "--rarefy", 100, "--standardise", "poisson")
    assert again.stdout == done.stdout


def test_score_by_area_and_population(cells: Path, tmp_path: Path) -> None:
    done = run(fish, "score", cells, "--profile", "METZGER2021", "--quick")
    assert done.exit_code == 0
    got = table(done.stdout).set_index("sample")
    assert "DISCORDANT_WITH_CENTRAL_POSITIVE" in got.loc["diploid", "flags"]
    missing = run(fish, "score", cells, "--profile", "CAP2013")
    assert isinstance(missing.exception, StudyError)
    assert "column population" in str(missing.exception)
    frame = pd.read_csv(cells)
    frame["population"] = np.where(frame["x"] < 90, "clone", "rest")
    frame.to_csv(tmp_path / "p.csv", index=False)
    got = table(run(fish, "score", tmp_path / "p.csv", "--profile", "CAP2013", "--quick").stdout).set_index("sample")
    assert got.loc["mixed", "call"] == "HET"


def test_score_with_a_mapping_file(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("who,orange,green\n" + "p,cluster,2\n" * 25)
    (tmp_path / "m.toml").write_text('[columns]\nsample = "who"\nerbb2 = "orange"\ncep17 = "green"\n')
    done = run(fish, "score", tmp_path / "n.csv", "--columns", tmp_path / "m.toml", "--cluster", 18)
    got = table(done.stdout)
    assert got.loc[0, ["sample", "copies", "capped"]].tolist() == ["p", 18.0, 25]
    assert "CAPPED" in got.loc[0, "flags"]
    assert "CLUSTERING_NOT_ESTIMABLE" in got.loc[0, "flags"]
    assert "erbb2" in run(fish, "score", "--list-columns").output


def test_plan() -> None:
    done = run(
        fish, "plan", "--fraction", 0.25, "--correlation", 0.05, "--areas", 6, "--draws", 100, "--format", "json"
    )
    assert done.exit_code == 0, done.output
    got = json.loads(done.stdout)
    assert got["sufficient"][0]["areas"] == 6
    assert got["intended_use"] == "research_use_only"
    done = run(fish, "plan", "--fraction", 0.8, "--areas", 6, "--per-area", 75)
    assert "some area below 50% amplified: 0.169" in done.stdout
    assert "probability 0.640" in run(fish, "plan", "--negative-share", 0.2, "--site-correlation", 1).stdout
    assert isinstance(run(fish, "plan").exception, StudyError)


def test_pattern(cells: Path, tmp_path: Path) -> None:
    done = run(spatial, "pattern", cells, "--permutations", 199)
    assert done.exit_code == 0, done.output
    got = table(done.stdout).set_index("sample")
    assert got.loc["mixed", "pattern"] == "CLUSTERED"
    assert got.loc["amplified", "pattern"] == "HOMOGENEOUS"
    assert got.loc["mixed", "moran_p"] == pytest.approx(1 / 200)
    assert got.loc["diploid", "pattern"] == "HOMOGENEOUS"
    literal = table(run(spatial, "pattern", cells, "--permutations", 199, "--literal").stdout).set_index("sample")
    assert literal.loc["diploid", "pattern"] != "HOMOGENEOUS"
    frame = pd.read_csv(cells)
    frame["score"] = np.where(frame["x"] < 90, "3+", "1+")
    frame.drop(columns=["HER2", "CEP17"]).to_csv(tmp_path / "ihc.csv", index=False)
    done = run(spatial, "pattern", tmp_path / "ihc.csv", "--positive", "score", "--at-least", 3, "--graph", "delaunay")
    assert set(table(done.stdout)["pattern"]) == {"CLUSTERED"}
    frame.drop(columns="x").to_csv(tmp_path / "flat.csv", index=False)
    assert "no positions" in str(run(spatial, "pattern", tmp_path / "flat.csv").exception)


def test_a_position_off_the_slide_is_refused(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("erbb2,cep17,x,y\n" + "4,2,1e300,1\n" * 30)
    done = run(spatial, "pattern", tmp_path / "n.csv")
    assert isinstance(done.exception, StudyError)
    assert "position 1e+300 is no place on a slide" in str(done.exception)


def test_a_sample_keeps_its_permutations_without_the_others(cells: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(cells)
    frame[frame["case"] == "mixed"].to_csv(tmp_path / "one.csv", index=False)
    both = table(run(spatial, "pattern", cells, "--permutations", 99).stdout).set_index("sample")
    one = table(run(spatial, "pattern", tmp_path / "one.csv", "--permutations", 99).stdout).set_index("sample")
    pd.testing.assert_series_equal(both.loc["mixed"], one.loc["mixed"])


def test_real_counts_are_scored(shared_data: Path) -> None:
    folder = shared_data / "data" / "fish_spot_counts"
    manual = table(run(fish, "score", folder / "SC_011.xls", "--preset", "green-her2").stdout)
    assert (manual.loc[0, "nuclei"], manual.loc[0, "areas"]) == (102, 5)
    assert manual.loc[0, "robust_call"] == "NON_HET_NONAMPLIFIED"
    automated = table(run(fish, "score", folder / "SampleFISH.jpg_data.csv", "--preset", "red-her2").stdout)
    assert automated.loc[0, "nuclei"] == 44
