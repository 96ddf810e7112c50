"""`her2het rna de` on plain files: what it prints and writes, and what it refuses."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2het.cli.main import build
from her2het.schema import StudyError

SMALL = Path(__file__).parents[1] / "oracles" / "deseq_small"


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    frame = pd.read_csv(SMALL / "counts.csv.gz", index_col=0)
    path = tmp_path / "counts.tsv"
    frame.to_csv(path, sep="\t", index_label="gene")
    return path


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    frame = pd.read_csv(SMALL / "samples.csv", index_col=0)
    path = tmp_path / "samples.tsv"
    frame.assign(year=np.tile([2011, 2014], 12)).to_csv(path, sep="\t", index_label="sample")
    return path


def run(*arguments: object) -> tuple[pd.DataFrame, str]:
    result = CliRunner().invoke(build(), ["rna", "de", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    table = (
        pd.read_csv(StringIO(result.stdout), sep="\t", keep_default_na=False, na_values=[""]) if result.stdout else None
    )
    return table, result.stderr  # pyright: ignore[reportReturnType]


def refuse(*arguments: object) -> str:
    with pytest.raises(StudyError) as caught:
        CliRunner().invoke(build(), ["rna", "de", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_prints_deseq2_columns(counts: Path, samples: Path) -> None:
    table, said = run(counts, "--samples", samples, "--design", "~ group", "--contrast", "group", "b", "a")
    assert list(table.columns) == ["gene", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"]
    theirs = pd.read_csv(SMALL / "three_groups.csv.gz", index_col=0)
    np.testing.assert_allclose(table["pvalue"], theirs["pvalue"], rtol=2e-4)
    assert "Wald test of group b vs a" in said
    assert "11 outlying counts of 10 genes were replaced" in said
    assert "3 no counts" in said


def test_files_and_reasons(counts: Path, samples: Path, tmp_path: Path) -> None:
    out, fit, scaled = (tmp_path / name for name in ("de.tsv", "fit.tsv", "scaled.tsv"))
    _, said = run(
        counts, "--samples", samples, "--design", "~ group", "--out", out, "--fit", fit, "--normalised", scaled,
        "--reasons", "--no-outliers",
    )  # fmt: skip
    table = pd.read_csv(out, sep="\t", keep_default_na=False)
    assert set(table["reason"]) == {"", "no counts"}
    assert "replaced" not in said
    assert pd.read_csv(fit, sep="\t")["dispersion"].notna().sum() == 197
    assert pd.read_csv(scaled, sep="\t").shape == (200, 25)


def test_keep_reference_covariates_and_likelihood_ratio(counts: Path, samples: Path) -> None:
    common = (counts, "--samples", samples)
    table, said = run(
        *common, "--design", "~ group", "--keep", "group=a,b", "--reference", "group=b", "--contrast", "group", "a", "b"
    )
    assert "group a vs b" in said
    whole, _ = run(*common, "--design", "~ group", "--contrast", "group", "a", "b")
    assert np.corrcoef(table["log2FoldChange"].fillna(0), whole["log2FoldChange"].fillna(0))[0, 1] > 0.9
    slope, _ = run(*common, "--design", "~ age", "--coefficient", "age")
    assert slope["log2FoldChange"].abs().median() < 0.05
    slope, said = run(*common, "--design", "~ year + group")
    assert "year: 2 whole numbers, fitted as a slope; factor(year) makes them categories" in said
    assert "slope" not in run(*common, "--design", "~ factor(year) + group")[1]
    ratio, said = run(*common, "--design", "~ batch + group", "--test", "lrt", "--reduced", "~ batch")
    assert "likelihood-ratio test of ~ batch + group against ~ batch" in said
    theirs = pd.read_csv(SMALL / "lrt.csv.gz", index_col=0)
    both = ratio["pvalue"].notna().to_numpy() & (theirs.index != "g028")
    np.testing.assert_allclose(ratio["pvalue"][both], theirs["pvalue"][both], rtol=1e-4)


@pytest.mark.parametrize("options", [("--shrink", "normal"), ("--shrink", "apeglm"), ("--calibrate", "moderated")])
def test_options_change_the_effect(counts: Path, samples: Path, options: tuple[str, str]) -> None:
    common = (counts, "--samples", samples, "--design", "~ group")
    plain, _ = run(*common)
    other, _ = run(*common, *options)
    assert (plain["log2FoldChange"] != other["log2FoldChange"]).sum() > 190


def test_refuses(counts: Path, samples: Path, tmp_path: Path) -> None:
    common = (counts, "--samples", samples)
    assert "no column 'her2'" in refuse(*common, "--design", "~ her2")
    assert "--test lrt --reduced" in refuse(*common, "--design", "~ group", "--test", "lrt")
    assert "--test lrt --reduced" in refuse(*common, "--design", "~ group", "--reduced", "~ 1")
    assert "NAME=VALUE" in refuse(*common, "--design", "~ group", "--reference", "group")
    assert "no column 'grp'. Did you mean 'group'" in refuse(*common, "--design", "~ group", "--keep", "grp=a")
    assert "no sample has group 'z'" in refuse(*common, "--design", "~ group", "--keep", "group=z")
    assert "Give one of the two" in refuse(
        *common, "--design", "~ group", "--contrast", "group", "a", "b", "--coefficient", "age"
    )
    few = tmp_path / "few.csv"
    few.write_text("sample,group\n" + "".join(f"s{i:02d},{'ab'[i > 8]}\n" for i in range(3, 15)) + "else,a\n")
    assert "--only-listed" in refuse(counts, "--samples", few, "--design", "~ group")
    _, said = run(counts, "--samples", few, "--design", "~ group", "--only-listed")
    assert "12 of 24 samples are not in few.csv and are left out" in said
    few.write_text("sample,group\nx,a\ny,b\n")
    assert "none of the 24 samples" in refuse(counts, "--samples", few, "--design", "~ group", "--only-listed")
    logs = tmp_path / "logs.tsv"
    frame = pd.read_csv(counts, sep="\t", index_col=0)
    np.log2(frame + 1).to_csv(logs, sep="\t")
    assert "log values" in refuse(logs, "--samples", samples, "--design", "~ group")
    frame.iloc[:, :-1].rename(columns={"s01": "x01"}).to_csv(logs, sep="\t")
    assert "no row for sample 'x01'" in refuse(logs, "--samples", samples, "--design", "~ group")
    short = tmp_path / "short.csv"
    short.write_text("sample,group\ns01,a\ns01,b\n")
    assert "more than one row" in refuse(counts, "--samples", short, "--design", "~ group")
