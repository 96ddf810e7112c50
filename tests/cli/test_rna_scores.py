"""The commands of expression scores on plain files: what they print, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2het import notice
from her2het.cli.main import build
from her2het.kernels.gsva import gsva_scores
from her2het.kernels.ssgsea import ssgsea_scores
from her2het.reference.tables import PAM50_SUBTYPES, erbb_pi3k_sets, estimate_common_genes, pam50_centroids
from her2het.schema import StudyError

SMALL = Path(__file__).parents[1] / "oracles" / "gsva_small"


def run(*arguments: object) -> tuple[str, str]:
    result = CliRunner().invoke(build(), ["rna", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.endswith(f"her2het: {notice.HEADER}\n")
    return result.stdout, result.stderr


def refuse(*arguments: object) -> str:
    with pytest.raises(StudyError) as caught:
        CliRunner().invoke(build(), ["rna", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, sep="\t", index_label="gene")
    return path


@pytest.fixture
def log_cpm(tmp_path: Path) -> Path:
    return write(pd.read_csv(SMALL / "log_expression.csv", index_col=0), tmp_path / "log.tsv")


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    return write(pd.read_csv(SMALL / "counts.csv", index_col=0), tmp_path / "counts.tsv")


@pytest.fixture
def pam50_log(tmp_path: Path) -> Path:
    table = pam50_centroids()[list(PAM50_SUBTYPES)]
    noise = np.random.default_rng(1).normal(0, 0.8, (50, 60))
    x = pd.DataFrame(np.repeat(table.to_numpy(), 12, axis=1) + noise + 8, index=table.index)
    return write(x.set_axis([f"S{i}" for i in range(60)], axis=1), tmp_path / "pam50.tsv")


def read(text: str) -> pd.DataFrame:
    from io import StringIO

    return pd.read_csv(StringIO(text), sep="\t", index_col=0, float_precision="round_trip")


@pytest.mark.parametrize("kernel", ["gaussian", "poisson"])
def test_gsva_prints_what_r_gives(log_cpm: Path, counts: Path, kernel: str) -> None:
    out, err = run(
        "gsva", log_cpm if kernel == "gaussian" else counts, "--sets", SMALL / "sets.gmt", "--kernel", kernel
    )
    golden = pd.read_csv(SMALL / f"gsva_{kernel}.csv", index_col=0)
    table = read(out)
    assert list(table.index) == list(golden.index)
    assert list(table.columns) == list(golden.columns)
    assert np.abs(table.to_numpy() - golden.to_numpy()).max() < 1e-9
    assert "24 sets scored" in err


def test_ssgsea_prints_what_r_gives(log_cpm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    assert run("ssgsea", log_cpm, "--sets", SMALL / "sets.gmt", "--out", out)[0] == ""
    golden = pd.read_csv(SMALL / "ssgsea.csv", index_col=0)
    table = pd.read_csv(out, sep="\t", index_col="set")
    assert np.abs(table.to_numpy() - golden.to_numpy()).max() < 1e-9


def test_delta_scores_and_what_was_dropped(log_cpm: Path, tmp_path: Path) -> None:
    controls = tmp_path / "controls.txt"
    controls.write_text("S01\nS02\n")
    sets = tmp_path / "s.gmt"
    sets.write_text("A\td\tG001\tG002\tG003\tABSENT\nB\td\tG009\n")
    dropped = tmp_path / "dropped.tsv"
    arguments = ("gsva", log_cpm, "--sets", sets, "--min-size", 2)
    out, err = run(*arguments, "--control", controls, "--dropped", dropped)
    delta, plain = read(out), read(run(*arguments)[0])
    assert delta.loc["A"].to_numpy() == pytest.approx(
        (plain.loc["A"] - plain.loc["A", ["S01", "S02"]].mean()).to_numpy()
    )
    lost = pd.read_csv(dropped, sep="\t")
    assert set(zip(lost["set"], lost["reason"], strict=True)) == {
        ("B", "fewer than 2 genes in the matrix"),
        ("A", "gene not in the matrix"),
    }
    assert "1 left out" in err


def test_shipped_sets_and_control_files(tmp_path: Path) -> None:
    genes = sorted({g for members in erbb_pi3k_sets().values() for g in members})
    x = pd.DataFrame(np.random.default_rng(3).normal(8, 2, (len(genes), 4)), index=genes, columns=list("abcd"))
    path = write(x, tmp_path / "x.tsv")
    table = read(run("ssgsea", path, "--sets", "erbb-pi3k")[0])
    assert list(table.index) == list(erbb_pi3k_sets())
    for text in ("a\nb\n", "a,pCR\nb,pCR\n", '"a";"pCR"\n"b";"pCR"\n', "\ufeffa\tpCR\r\nb\tpCR\r\n"):
        (tmp_path / "c.txt").write_text(text, encoding="utf-8")
        delta = read(run("ssgsea", path, "--sets", "erbb-pi3k", "--control", tmp_path / "c.txt")[0])
        np.testing.assert_allclose(delta, table.sub(table[["a", "b"]].mean(axis=1), axis=0), atol=1e-12)
    assert "nope" in refuse("gsva", path, "--sets", tmp_path / "nope.gmt")


def test_tumour_sizes(pam50_log: Path, tmp_path: Path) -> None:
    sizes, ror = tmp_path / "sizes.csv", tmp_path / "ror.tsv"
    arguments = ("pam50", pam50_log, "--ror", ror, "--tumour-size", sizes)
    sizes.write_text("sample,cm\nS0,2.0\nS1,2.1\nS2,\nS3,NA\n")
    run(*arguments)
    risk = pd.read_csv(ror, sep="\t", index_col="sample")
    assert risk["ROR-C"].notna().sum() == 2
    assert "--ror" in refuse("pam50", pam50_log, "--tumour-size", sizes)
    for text, words in (
        ("sample,cm\nS0,2.0\nS1,two\n", "line 3: the size of sample 'S1' is 'two'"),
        ("sample,cm\nS0,-1\n", "'-1', which is no length"),
        ("sample,cm\nX0,2\n", "none of its samples (such as 'X0') is in the matrix (such as 'S0')"),
        ("sample,cm\nS0,2\nS0,3\n", "more than one row"),
        ("sample\nS0\n", "one column"),
    ):
        sizes.write_text(text)
        assert words in refuse(*arguments)


def test_pam50_takes_gaps(pam50_log: Path, tmp_path: Path) -> None:
    whole = read(run("pam50", pam50_log)[0])
    x = pd.read_csv(pam50_log, sep="\t", index_col=0)
    x.loc["MIA", ["S1", "S2"]] = np.nan
    some = read(run("pam50", write(x, tmp_path / "gaps.tsv"))[0])
    moved = (some["cor_Basal"] != whole["cor_Basal"]).to_numpy()
    assert moved[[1, 2]].all()
    assert (some["subtype"] == whole["subtype"]).mean() > 0.9
    assert "is empty" in refuse("gsva", tmp_path / "gaps.tsv", "--sets", SMALL / "sets.gmt")
    x.loc["MIA"] = np.nan
    assert "MIA" in refuse("pam50", write(x, tmp_path / "none.tsv"))
    x = x.drop(index="MIA").assign(S1=np.nan)
    out, said = run("pam50", write(x, tmp_path / "none.tsv"))
    assert "Samples without a call. S1: fewer than 4" in said
    assert read(out)["subtype"].isna().sum() == 1
    assert "S1" in refuse("pam50", tmp_path / "none.tsv", "--scaling", "median")


def test_the_authors_example_through_the_command(shared_data: Path, tmp_path: Path) -> None:
    """200 tumours with 217 gaps, of which the size stands as a row T among the genes: calls and ROR-S."""
    folder = shared_data / "data/pam50_bioclassifier"
    golden = pd.read_csv(folder / "sampleInputFile_pam50scores.txt", sep="\t", index_col=0)
    ror = tmp_path / "ror.tsv"
    file = folder / "sampleInputFile_200subjects.txt"
    table = read(run("pam50", file, "--scaling", "median", "--ror", ror)[0])
    assert table["subtype"].tolist() == golden["Call"].tolist()
    score = next(c for c in golden.columns if c.startswith("ROR-S ("))
    risk = pd.read_csv(ror, sep="\t", index_col="sample")
    np.testing.assert_allclose(risk["ROR-S"], golden[score], atol=1e-6)


@pytest.mark.parametrize("model", ["none", "scale", "robust"])
def test_genefu_through_the_command(shared_data: Path, tmp_path: Path, model: str) -> None:
    """150 tumours on arrays, 29 genes by Entrez number, with gaps; of several probes the most variant, as genefu."""
    folder = shared_data / "data/nki_microarray"
    probes = pd.read_csv(folder / "genefu_nkis_data.csv.gz", index_col=0).T
    entrez = pd.read_csv(folder / "genefu_nkis_annot.csv", index_col=0)["EntrezGene.ID"].reindex(probes.index).dropna()
    chosen = probes.loc[entrez.index].var(axis=1).groupby(entrez.astype(int).astype(str)).idxmax()
    path = write(probes.loc[chosen].set_axis(chosen.index), tmp_path / "nki.tsv")
    out, said = run("pam50", path, "--scaling", model)
    table = read(out)
    golden = pd.read_csv(folder / f"R_genefu_pam50{'' if model == 'none' else '.' + model}.csv", index_col=0)
    assert table["subtype"].tolist() == golden["subtype"].tolist()
    theirs = golden[[f"cor.{s}" for s in PAM50_SUBTYPES]]
    np.testing.assert_allclose(table[[f"cor_{s}" for s in PAM50_SUBTYPES]], theirs, atol=1e-6)
    np.testing.assert_allclose(table[list(PAM50_SUBTYPES)], golden[list(PAM50_SUBTYPES)], atol=1e-6)
    assert "29 of 50 genes found" in said


def test_pam50_columns(pam50_log: Path, tmp_path: Path) -> None:
    choices, ror = tmp_path / "choices.tsv", tmp_path / "ror.tsv"
    sizes = tmp_path / "sizes.tsv"
    sizes.write_text("sample\tcm\n" + "\n".join(f"S{i}\t{1.5 + i % 2}" for i in range(60)))
    out, _ = run("pam50", pam50_log, "--scaling", "robust", "--choices", choices, "--ror", ror, "--tumour-size", sizes)
    table = read(out)
    assert list(table.columns) == ["subtype", *PAM50_SUBTYPES, *(f"cor_{s}" for s in PAM50_SUBTYPES), "stability"]
    assert list(table["subtype"]) == list(np.repeat(PAM50_SUBTYPES, 12))
    assert table["stability"].between(0, 1).all()
    assert len(pd.read_csv(choices, sep="\t").columns) == 7
    risk = pd.read_csv(ror, sep="\t")
    assert risk["ROR-PC"].notna().all()
    assert risk.loc[:11, "ROR-S"].mean() > risk.loc[24:35, "ROR-S"].mean()  # basal above luminal A


def test_estimate_platforms(tmp_path: Path) -> None:
    genes = estimate_common_genes()["symbol"]
    x = pd.DataFrame(np.random.default_rng(2).normal(8, 2, (len(genes), 2)), index=genes, columns=["a", "b"])
    path = write(x, tmp_path / "x.tsv")
    assert list(read(run("estimate", path, "--platform", "illumina")[0]).columns) == ["stromal", "immune", "estimate"]
    assert "purity" in read(run("estimate", path, "--platform", "affymetrix")[0]).columns


def test_wrong_input(log_cpm: Path, counts: Path, pam50_log: Path, tmp_path: Path) -> None:
    sets = SMALL / "sets.gmt"
    assert "raw counts" in refuse("gsva", counts, "--sets", sets)
    assert "look like log values" in refuse("gsva", log_cpm, "--sets", sets, "--kernel", "poisson")
    whole = pd.DataFrame(np.arange(600).reshape(50, 12), index=pam50_centroids().index)
    assert "raw counts" in refuse("pam50", write(whole, tmp_path / "whole.tsv"))
    entrez = tmp_path / "entrez.gmt"
    entrez.write_text("A\td\t2064\t2099\n")
    assert "Entrez" in refuse("gsva", log_cpm, "--sets", entrez)
    x = pd.read_csv(log_cpm, sep="\t", index_col=0)
    twice = pd.concat([x, x.iloc[:1]])
    assert "'G001'" in refuse("gsva", write(twice, tmp_path / "twice.tsv"), "--sets", sets)
    mangled = x.rename(index={"G002": "2-Sep"})
    assert "spreadsheet" in refuse("ssgsea", write(mangled, tmp_path / "m.tsv"), "--sets", sets)
    flat = x.copy()
    flat.loc["G005"] = 4.0
    flat_file = write(flat, tmp_path / "flat.tsv")
    assert "G005 does not vary" in refuse("gsva", flat_file, "--sets", sets)
    assert "1 genes left out because they do not vary" in run("gsva", flat_file, "--sets", sets, "--drop-constant")[1]
    one = write(x.iloc[:, :1], tmp_path / "one.tsv")
    assert "1 sample" in refuse("gsva", one, "--sets", sets)
    single = write(pd.read_csv(pam50_log, sep="\t", index_col=0).iloc[:, :1], tmp_path / "single.tsv")
    assert "1 sample" in refuse("pam50", single)
    level = pd.read_csv(pam50_log, sep="\t", index_col=0)
    level.loc["ESR1"] = 4.0
    assert "gene ESR1 does not vary" in refuse("pam50", write(level, tmp_path / "level.tsv"))
    assert "Name rows by gene symbol" in refuse("estimate", log_cpm, "--platform", "illumina")


def test_the_kernels_are_what_the_commands_run(log_cpm: Path) -> None:
    x = pd.read_csv(log_cpm, sep="\t", index_col=0)
    at = {gene: i for i, gene in enumerate(x.index)}
    lines = [line.split("\t") for line in (SMALL / "sets.gmt").read_text().splitlines()]
    sets = [sorted(at[g] for g in line[2:]) for line in lines]
    members = np.array([g for s in sets for g in s])
    starts = np.cumsum([0] + [len(s) for s in sets])
    gsva_table = read(run("gsva", log_cpm, "--sets", SMALL / "sets.gmt")[0])
    assert (gsva_table.to_numpy() == gsva_scores(x.to_numpy(), members, starts)).all()
    ssgsea_table = read(run("ssgsea", log_cpm, "--sets", SMALL / "sets.gmt", "--no-normalise")[0])
    raw = ssgsea_scores(x.to_numpy(), members, starts, normalise=False)
    assert (ssgsea_table.to_numpy() == raw).all()
