"""The synthetic trial as a folder: the same bytes for the same seed, labelled synthetic, never over other files."""

import gzip
import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.cli import simulate as command_line
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.cli.simulate import ensure_trial
from her2het.schema import StudyError
from her2het.simulate import genes, simulate_trial, write_trial


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("synthetic") / "trial"
    assert guarded(build(), ["simulate", str(place), "--seed", "7", "--genes", "4000"]) == 0
    return place


def test_same_seed_same_bytes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HER2HET_THREADS", "1")
    trial = simulate_trial(7, genes=4_000)
    write_trial(trial, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(folder)
    other = simulate_trial(8, genes=4_000)
    assert not np.array_equal(other.patients["age"], trial.patients["age"])
    assert not list(tmp_path.glob(".*"))


def test_what_stands_in_the_folder(folder: Path) -> None:
    settings = tomllib.loads((folder / "study.toml").read_text())
    assert settings["study"]["synthetic"] is True
    assert "synthetic" in settings["study"]["name"]
    assert list(settings["groups"]) == ["pCR", "non-HET/no pCR", "HET/no pCR"]
    files = {table["file"] for table in settings["tables"].values()}
    assert files == {p.name for p in folder.iterdir() if p.is_file()} - {"study.toml", "README.txt"}
    assert (folder / "README.txt").read_text().startswith("SYNTHETIC DATA")
    declared = settings["features"]["columns"]
    features = pd.read_csv(folder / "features.tsv", sep="\t")
    assert set(features.columns) == {"sample", "patient", *declared}
    truth = {p.name for p in (folder / "truth").iterdir()}
    assert {"effects.tsv", "outliers.tsv", "shifts.tsv", "patients.tsv", "genes.tsv", "gene_lists.tsv"} <= truth
    assert {"spatial.tsv", "numbers.tsv", "nuclei.tsv.gz", "samples.tsv"} <= truth


def test_files_hold_what_was_simulated(folder: Path) -> None:
    trial = simulate_trial(7, genes=4_000)
    counts = pd.read_csv(folder / "rna_counts.tsv.gz", sep="\t", index_col=0)
    assert list(counts.index) == list(trial.rna_counts.rows)
    assert list(counts.columns) == list(trial.rna_counts.columns)
    np.testing.assert_array_equal(counts.to_numpy(), trial.rna_counts.values)
    nuclei = pd.read_csv(folder / "fish_nuclei.tsv.gz", sep="\t")
    np.testing.assert_array_equal(nuclei["erbb2"], trial.fish_nuclei["erbb2"])
    np.testing.assert_array_equal(nuclei["x"], trial.fish_nuclei["x"])
    patients = pd.read_csv(folder / "patients.tsv", sep="\t")
    assert (patients["pcr"] == "yes").sum() == 64
    samples = pd.read_csv(folder / "samples.tsv", sep="\t")
    assert samples["het"].isna().sum() == 2


def test_gzip_header_names_no_time(folder: Path) -> None:
    for path in folder.rglob("*.gz"):
        raw = path.read_bytes()
        assert raw[4:8] == bytes(4)
        assert raw[3] == 0  # no file name either
        gzip.decompress(raw)


def test_a_full_folder_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = digests(folder)
    assert guarded(build(), ["simulate", str(folder), "--seed", "7"]) == 2
    assert "exists and is not an empty folder. Name a new or an empty folder." in capsys.readouterr().err
    assert digests(folder) == before


def test_the_demo_finds_its_trial_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(StudyError, match="not an empty folder"):
        ensure_trial(tmp_path / "mine", 1)
    toml = folder / "study.toml"
    line = toml.read_text().partition("\n")[0]
    assert line == "# SYNTHETIC data (model 2), no patient: her2het simulate --seed 7 --genes 4000"
    with pytest.raises(StudyError, match="not an empty folder"):
        ensure_trial(folder, 7)  # fewer genes: another trial


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_trial(simulate_trial(7, genes=4_000, null=True), tmp_path / "empty")
    assert "--null" in (tmp_path / "empty" / "study.toml").read_text()
    assert (tmp_path / "empty" / "truth" / "effects.tsv").is_file()


def test_the_command_and_the_generator_agree_on_bounds() -> None:
    assert (command_line.FULL, command_line.FEWEST) == (genes.FULL, genes.FEWEST)
