"""Expression commands give the same answer for tab and comma, plain and gzip, standard output and a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.reference.tables import estimate_common_genes

COLUMNS = {
    "tmm": ["sample", "lib_size", "norm_factor"],
    "de": ["gene", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"],
    "gsva": ["set", *(f"S{i:02d}" for i in range(12))],
    "ssgsea": ["set", *(f"S{i:02d}" for i in range(12))],
    "pam50": [
        *("sample", "subtype", "Basal", "Her2", "LumA", "LumB", "Normal"),
        *("cor_Basal", "cor_Her2", "cor_LumA", "cor_LumB", "cor_Normal", "stability"),
    ],
    "estimate": ["sample", "stromal", "immune", "estimate"],
    "deconvolve": ["sample", "B", "T", "NK", "correlation", "rmse", "nu", "absolute_scale"],
    "signature": ["gene", "a", "b"],
    "distances": ["sample_1", "sample_2", "patient_1", "patient_2", "within", "distance"],
    "pca": ["sample", *(f"PC{i}" for i in range(1, 11))],
    "matched": ["part", "patients", "found", "at_size", "median", "low", "high", "difference", "p"],
}
ARGUMENTS = {
    "tmm": ("counts",),
    "de": ("counts", "--samples", "samples", "--design", "~ er + group", "--contrast", "group", "b", "a"),
    "gsva": ("log", "--sets", "erbb-pi3k"),
    "ssgsea": ("log", "--sets", "erbb-pi3k"),
    "pam50": ("log", "--scaling", "scale"),
    "estimate": ("log", "--platform", "illumina"),
    "deconvolve": ("linear", "--signature", "signature"),
    "signature": ("linear", "--types", "types", "--fewest", "5", "--most", "20"),
    "distances": ("log", "--samples", "samples"),
    "pca": ("log",),
    "matched": (
        *("counts", "--samples", "samples", "--patient", "patient", "--time", "er", "--before", "Negative"),
        *("--after", "Positive", "--group", "group", "--parts", "a", "b"),
    ),
}
FORMS = {".tsv": "\t", ".csv": ",", ".tsv.gz": "\t", ".csv.gz": ","}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every table in every form."""
    place = tmp_path_factory.mktemp("forms")
    rng = np.random.default_rng(8)
    names = [f"S{i:02d}" for i in range(12)]
    genes = estimate_common_genes()["symbol"].astype(str).tolist()
    mean = rng.lognormal(4, 1.5, (len(genes), 1)) * np.ones(12)
    mean[:60, :6] *= 6
    mean[60:120, 6:] *= 6
    counts = pd.DataFrame(rng.negative_binomial(5, 5 / (5 + mean)) + 1, genes, names)
    group = np.repeat(["a", "b"], 6)
    tables = {
        "counts": counts.rename_axis("gene"),
        "log": np.log2(counts).rename_axis("gene"),
        "linear": (counts + 0.5).rename_axis("gene"),
        "signature": pd.DataFrame(rng.lognormal(5, 1, (40, 3)), genes[:40], ["B", "T", "NK"]).rename_axis("gene"),
        "samples": pd.DataFrame(
            {"group": group, "er": np.tile(["Negative", "Positive"], 6), "patient": np.repeat(list("pqrstu"), 2)}, names
        ).rename_axis("sample"),
        "types": pd.DataFrame({"cell_type": group}, names).rename_axis("profile"),
    }
    for name, table in tables.items():
        for form, separator in FORMS.items():
            table.to_csv(place / f"{name}{form}", sep=separator)
    return place


def answer(capsys: pytest.CaptureFixture[str], folder: Path, name: str, form: str, *more: str) -> str:
    files = {"counts", "log", "linear", "signature", "samples", "types"}
    arguments = [str(folder / f"{a}{form}") if a in files else a for a in ARGUMENTS[name]]
    assert guarded(build(), ["rna", name, *arguments, *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ARGUMENTS)
def test_one_answer_whatever_the_form(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    first = answer(capsys, folder, name, ".tsv")
    assert first.splitlines()[0].split("\t") == COLUMNS[name]
    for form in (".csv", ".tsv.gz", ".csv.gz"):
        assert answer(capsys, folder, name, form) == first
    out = tmp_path / "out.tsv"
    assert answer(capsys, folder, name, ".tsv", "--out", str(out)) == ""
    assert out.read_text() == first


def test_every_command_is_here() -> None:
    from her2het.cli.rna import COMMANDS

    assert set(COMMANDS) == set(ARGUMENTS)


@pytest.mark.parametrize("heading", ["", "short"], ids=["empty heading", "no heading"])
@pytest.mark.parametrize("name", ["de", "distances", "signature"])
def test_tables_as_r_writes_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, heading: str
) -> None:
    """write.csv leaves the first heading empty, write.table leaves it out."""
    for file in ("counts", "log", "linear", "samples", "types"):
        first, rest = (folder / f"{file}.tsv").read_text().split("\n", 1)
        cut = first.split("\t", 1)[1]
        (tmp_path / f"{file}.tsv").write_text(f"{cut if heading else chr(9) + cut}\n{rest}")
    assert answer(capsys, tmp_path, name, ".tsv") == answer(capsys, folder, name, ".tsv")
