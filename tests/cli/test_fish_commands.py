"""`her2het fish score`, `fish plan` and `spatial pattern` as a user runs them."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2het.cli.fish import command as fish
from her2het.cli.spatial import command as spatial
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
