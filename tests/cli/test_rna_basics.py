"""`her2het rna tmm|pca|distances|deconvolve|signature` on plain files: what they print, and what they refuse."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2het import notice
from her2het.cli.main import build
from her2het.kernels.deconvolve import cell_fractions
from her2het.kernels.distances import euclidean
from her2het.kernels.pca import pca
from her2het.schema import StudyError

ORACLES = Path(__file__).parents[1] / "oracles"


def run(*arguments: object) -> tuple[pd.DataFrame, str]:
    result = CliRunner().invoke(build(), ["rna", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(StringIO(result.stdout), sep="\t", float_precision="round_trip"), result.stderr


def refuse(*arguments: object) -> str:
    with pytest.raises(StudyError) as caught:
        CliRunner().invoke(build(), ["rna", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    return str(caught.value)


def oracle(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLES / f"{name}.csv", index_col=0, skipinitialspace=True)


COUNTS = ORACLES / "edger_small" / "usual_counts.csv"
LOGS = ORACLES / "prcomp_small" / "values.csv"


def test_tmm_prints_what_edger_computes() -> None:
    table, _ = run("tmm", COUNTS)
    expected = oracle("edger_small/usual_tmm")
    assert table.columns.tolist() == ["sample", "lib_size", "norm_factor"]
    assert table["sample"].tolist() == expected.index.tolist()
    np.testing.assert_array_equal(table["lib_size"], expected["lib.size"])
    np.testing.assert_allclose(table["norm_factor"], expected["norm.factors"], rtol=1e-12)


@pytest.mark.parametrize(("scale", "name"), [("log2_cpm1", "log_cpm1"), ("edger_prior2", "log_cpm_prior2")])
def test_tmm_writes_log_expression(tmp_path: Path, scale: str, name: str) -> None:
    CliRunner().invoke(
        build(), ["rna", "tmm", str(COUNTS), "--log-cpm", "--scale", scale, "--out", str(tmp_path / "log.tsv")]
    )
    table = pd.read_csv(tmp_path / "log.tsv", sep="\t", index_col=0)
    assert table.index.name == "gene"
    assert table.shape == (200, 9)
    np.testing.assert_allclose(table.iloc[:100], oracle(f"edger_small/usual_{name}"), rtol=1e-12)


def test_tmm_refuses_logs() -> None:
    assert "a fraction" in refuse("tmm", LOGS)


def test_pca_scores_variance_loadings_and_outliers(tmp_path: Path) -> None:
    out = {name: tmp_path / f"{name}.tsv" for name in ("variance", "loadings", "outliers")}
    table, _ = run("pca", LOGS, "--components", 3, *(x for name, path in out.items() for x in (f"--{name}", path)))
    result = pca(oracle("prcomp_small/values").to_numpy(), 5)
    assert table.columns.tolist() == ["sample", "PC1", "PC2", "PC3"]
    np.testing.assert_allclose(table.iloc[:, 1:], result.scores[:, :3], rtol=1e-12)
    variance = pd.read_csv(out["variance"], sep="\t")
    np.testing.assert_allclose(variance["share"], result.share[:3])
    assert pd.read_csv(out["loadings"], sep="\t").shape == (60, 4)
    flags = pd.read_csv(out["outliers"], sep="\t")
    assert not flags["pc2_flagged"].any()
    assert flags.columns.tolist() == ["sample", "pc2_sd", "pc2_flagged", "mad", "mad_component", "mad_flagged"]


def test_pca_refuses_counts_one_sample_and_equal_samples(tmp_path: Path) -> None:
    assert "raw counts" in refuse("pca", COUNTS)
    one = tmp_path / "one.tsv"
    one.write_text("gene\ta\nx\t1.5\ny\t2.5\n")
    assert "1 sample" in refuse("pca", one)
    one.write_text("gene\ta\tb\nx\t1.5\t1.5\ny\t2.5\t2.5\n")
    assert "same values" in refuse("pca", one)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    names = oracle("prcomp_small/values").columns
    rows = [f"{name}\tP{i // 3}\t{('pre', 'pre', 'post')[i % 3]}" for i, name in enumerate(names)]
    path = tmp_path / "samples.tsv"
    path.write_text("\n".join(["sample\tpatient\ttimepoint", *rows, "extra\tP9\tpre"]) + "\n")
    return path


def test_distances_of_pairs(samples: Path) -> None:
    table, _ = run("distances", LOGS, "--samples", samples)
    d = euclidean(oracle("prcomp_small/values").to_numpy())
    np.testing.assert_allclose(table["distance"], d[np.triu_indices(12, 1)], rtol=1e-12)
    within, _ = run("distances", LOGS, "--samples", samples, "--pairs", "within")
    assert len(within) == 12
    assert (within["patient_1"] == within["patient_2"]).all()
    on_two, _ = run("distances", LOGS, "--samples", samples, "--components", 2)
    assert (on_two["distance"] <= table["distance"] + 1e-9).all()


def test_distances_to_the_baseline(samples: Path) -> None:
    arguments = ("distances", LOGS, "--samples", samples, "--baseline", "pre", "--to-baseline")
    mean, _ = run(*arguments, "mean")
    nearest, _ = run(*arguments, "nearest")
    post = mean["timepoint"] == "post"
    assert (mean.loc[post, "biopsies"] == 2).all()
    x = oracle("prcomp_small/values").to_numpy()
    assert mean["distance"][2] == pytest.approx(np.linalg.norm(x[:, 2] - x[:, :2].mean(axis=1)))
    assert nearest["distance"][2] == pytest.approx(min(np.linalg.norm(x[:, 2] - x[:, j]) for j in (0, 1)))
    assert nearest["nearest"][2] in ("s01", "s02")


def test_distances_refuse_unknown_samples_and_timepoints(samples: Path, tmp_path: Path) -> None:
    assert "no sample is 'baseline'; timepoints are post, pre" in refuse(
        "distances", LOGS, "--samples", samples, "--to-baseline", "mean"
    )
    short = tmp_path / "short.tsv"
    short.write_text("sample\tpatient\ns01\tP1\n")
    assert "sample 's02' of the matrix is not in the table, 11 such" in refuse("distances", LOGS, "--samples", short)
    short.write_text("sample\twho\ns01\tP1\n")
    assert "patient" in refuse("distances", LOGS, "--samples", short)


SIGNATURE, MIXTURES = (ORACLES / "cibersort_small" / f"{name}.csv" for name in ("signature", "mixtures"))


def test_deconvolve_prints_shares_and_fit(tmp_path: Path) -> None:
    table, said = run("deconvolve", MIXTURES, "--signature", SIGNATURE, "--permutations", 100, "--seed", 3)
    expected = oracle("cibersort_small/fractions_tol1e-9")
    np.testing.assert_allclose(table.iloc[:, 1:6], expected.iloc[:, :5], atol=1e-6)
    assert table.columns[6:].tolist() == ["correlation", "rmse", "nu", "p", "p_exceeding", "absolute_scale"]
    assert said == f"her2het: {notice.HEADER}\n"
    absolute, _ = run("deconvolve", MIXTURES, "--signature", SIGNATURE, "--absolute")
    np.testing.assert_allclose(absolute.iloc[:, 1:6].sum(axis=1), absolute["absolute_scale"])


def test_deconvolve_undoes_logs_and_lists_absent_genes(tmp_path: Path) -> None:
    mixtures = pd.read_csv(MIXTURES, index_col=0)
    np.log2(mixtures.iloc[10:] + 1).to_csv(tmp_path / "log.tsv", sep="\t")
    table, said = run(
        "deconvolve",
        *(tmp_path / "log.tsv", "--scale", "log2_cpm1", "--signature", SIGNATURE, "--absent", tmp_path / "absent.tsv"),
    )
    assert "Logarithms were undone" in said
    assert len(pd.read_csv(tmp_path / "absent.tsv")) == 10
    expected = cell_fractions(pd.read_csv(SIGNATURE, index_col=0).to_numpy()[10:], mixtures.to_numpy()[10:]).share
    np.testing.assert_allclose(table.iloc[:, 1:6], expected, atol=1e-6)


def test_signature_from_profiles(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    mean = np.repeat(rng.lognormal(3, 1, (200, 1)), 3, axis=1)
    for k in range(3):
        mean[k * 30 : k * 30 + 30, k] *= 20
    names = [f"{t}{i}" for t in "ABC" for i in range(5)]
    values = np.repeat(mean, 5, axis=1) * rng.lognormal(0, 0.2, (200, 15))
    pd.DataFrame(values, index=[f"g{i}" for i in range(200)], columns=names).to_csv(tmp_path / "p.tsv", sep="\t")
    (tmp_path / "types.tsv").write_text("profile\tcell_type\n" + "".join(f"{n}\t{n[0]}\n" for n in names))
    arguments = (tmp_path / "p.tsv", "--types", tmp_path / "types.tsv", "--fewest", 10, "--most", 30)
    table, said = run("signature", *arguments, "--markers", tmp_path / "m.tsv", "--choice", tmp_path / "c.tsv")
    assert table.columns.tolist() == ["gene", "A", "B", "C"]
    assert "condition number" in said
    assert set(pd.read_csv(tmp_path / "m.tsv", sep="\t")["gene"]) == set(table["gene"])
    assert len(pd.read_csv(tmp_path / "c.tsv", sep="\t")) == 21
    (tmp_path / "types.tsv").write_text("cell\tcell_type\nA0\tA\n")
    assert "profile" in refuse("signature", tmp_path / "p.tsv", "--types", tmp_path / "types.tsv")
