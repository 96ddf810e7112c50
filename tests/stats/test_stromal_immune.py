"""ESTIMATE on a matrix: genes, platforms, renamed genes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.reference.tables import estimate_aliases, estimate_common_genes
from her2het.schema import Matrix, StudyError
from her2het.stats.stromal_immune import estimate

COMMON = tuple(estimate_common_genes()["symbol"].astype(str))


def matrix(rows: tuple[str, ...] = COMMON, samples: int = 3) -> Matrix:
    x = np.random.default_rng(4).normal(8, 2, (len(rows), samples))
    return Matrix(x, rows, tuple(f"S{j}" for j in range(samples)), "log2")


def test_purity_on_affymetrix_only() -> None:
    assert list(estimate(matrix(), "illumina").table.columns) == ["sample", "stromal", "immune", "estimate"]
    table = estimate(matrix(), "affymetrix").table
    assert list(table.columns) == ["sample", "stromal", "immune", "estimate", "purity"]
    assert (table["estimate"] == table["stromal"] + table["immune"]).all()
    assert table["purity"].to_numpy() == pytest.approx(np.cos(0.6049872018 + 0.0001467884 * table["estimate"]))


def test_one_sample_and_counts_will_do() -> None:
    counts = np.random.default_rng(1).poisson(30, (len(COMMON), 2))
    logs = estimate(Matrix(np.log2(counts + 1), COMMON, ("a", "b"), "log2"), "illumina").table
    raw = estimate(Matrix(counts[:, :1], COMMON, ("a",), "counts"), "illumina").table
    assert raw["stromal"].iloc[0] == logs["stromal"].iloc[0]


def test_other_genes_do_not_count() -> None:
    x = matrix()
    more = Matrix(np.vstack([x.values, np.full((2, 3), 99.0)]), (*COMMON, "NOT_COMMON", "ANOTHER"), x.columns, "log2")
    assert estimate(more, "illumina").table.equals(estimate(x, "illumina").table)


def test_renamed_genes() -> None:
    old_to_new = dict(estimate_aliases())
    x = matrix()
    present = Matrix(x.values, tuple(old_to_new.get(g, g) for g in COMMON), x.columns, "log2")
    published = estimate(present, "illumina")
    assert set(published.absent["gene"]) == set(old_to_new)
    assert any("--aliases" in note.text for note in published.notes)
    assert estimate(present, "illumina", aliases=True).table.equals(estimate(x, "illumina").table)


def test_refuses() -> None:
    with pytest.raises(StudyError, match=r"0 of 141 stromal genes .* Entrez"):
        estimate(matrix(tuple(str(i) for i in range(5000))), "illumina")
    x = matrix()
    x.values[5, 1] = np.nan
    with pytest.raises(StudyError, match="missing"):
        estimate(x, "illumina")


def test_few_common_genes_are_a_caution() -> None:
    result = estimate(matrix(COMMON[::2] + tuple(g for g in COMMON[1::2][:2000])), "illumina")
    assert result.notes[0].level == "caution"


def test_equals_estimate_on_rna_seq(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    golden = pd.read_csv(shared_data / "oracles/tcga_her2_60/estimate_illumina.csv", index_col=0)
    x = Matrix(counts.to_numpy(), tuple(counts.index), tuple(counts.columns), "counts")
    table = estimate(x, "illumina").table
    for column, row in (("stromal", "StromalScore"), ("immune", "ImmuneScore"), ("estimate", "ESTIMATEScore")):
        assert table[column].to_numpy() == pytest.approx(golden.loc[row].to_numpy(), rel=1e-6, abs=0)


def test_equals_estimate_on_affymetrix(shared_data: Path) -> None:
    x = pd.read_csv(shared_data / "data/estimate_sample/sample_input.txt", sep="\t", index_col=0)
    golden = pd.read_csv(shared_data / "data/estimate_sample/R_estimate_scores.csv", index_col=0)
    table = estimate(Matrix(x.to_numpy(), tuple(x.index), tuple(x.columns), "log2"), "affymetrix").table
    rows = {"stromal": "StromalScore", "immune": "ImmuneScore", "estimate": "ESTIMATEScore", "purity": "TumorPurity"}
    for column, row in rows.items():
        assert table[column].to_numpy() == pytest.approx(golden.loc[row].to_numpy(), rel=1e-6, abs=0)
