"""Every wrong input that an expression command can be given ends in one sentence and exit code 2."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.reference.tables import pam50_centroids

RNG = np.random.default_rng(4)
GENES = [*pam50_centroids().index, *(f"ACTL{i}" for i in range(30))]
SAMPLES = [f"S{i:02d}" for i in range(12)]
COUNTS = pd.DataFrame(RNG.negative_binomial(4, 0.01, (80, 12)), index=GENES, columns=SAMPLES)
LOGS = np.log2(COUNTS + 1)
ABOUT = pd.DataFrame(
    {
        "group": np.repeat(["a", "b"], 6),
        "site": np.repeat(["x", "y"], 6),
        "batch": np.tile(["1", "2", "2"], 4),
        "patient": np.repeat([f"P{i}" for i in range(6)], 2),
        "age": np.arange(40, 52),
        "years": np.arange(40, 52) * 2 + 1,
    },
    index=SAMPLES,
)
DE = ("de", "counts.tsv", "--samples", "samples.tsv", "--design")
GSVA = ("gsva", "log.tsv", "--sets", "sets.gmt")
SSGSEA = ("ssgsea", "log.tsv", "--sets", "sets.gmt")
DISTANCES = ("distances", "log.tsv", "--samples", "samples.tsv")
DECONVOLVE = ("deconvolve", "linear.tsv", "--signature", "signature.tsv")
ON_LOGS = (
    GSVA,
    SSGSEA,
    ("pam50", "log.tsv"),
    ("pca", "log.tsv"),
    DISTANCES,
    ("estimate", "log.tsv", "--platform", "illumina"),
)
ON_COUNTS = (("tmm", "counts.tsv"), (*DE, "~ group"))
EVERY = (*ON_LOGS, *ON_COUNTS, DECONVOLVE)
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(COUNTS, "counts.tsv")
    save(LOGS, "log.tsv")
    save(COUNTS + 0.5, "linear.tsv")
    ABOUT.to_csv("samples.tsv", sep="\t", index_label="sample")
    signature = pd.DataFrame(RNG.lognormal(5, 1, (40, 3)), index=GENES[:40], columns=["B", "T", "NK"])
    save(signature, "signature.tsv")
    Path("sets.gmt").write_text("A\td\t" + "\t".join(GENES[:9]) + "\nB\td\t" + "\t".join(GENES[20:30]) + "\n")
    return tmp_path


def save(frame: pd.DataFrame, name: str) -> None:
    frame.to_csv(name, sep="\t", index_label="gene")


def put(x: pd.DataFrame, gene: str, value: object) -> pd.DataFrame:
    changed = x.astype(object)
    changed.loc[gene] = value
    return changed


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said; no output, one line, the exit code of what a user can fix."""
    assert guarded(build(), ["rna", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = [line for line in told.err.splitlines() if "compiling" not in line]
    assert len(lines) == 1, told.err
    assert lines[0].startswith("her2het: ")
    assert lines[0].endswith((".", "?", ")."))
    return lines[0]


def on(arguments: tuple[str, ...], change: Change, source: pd.DataFrame) -> tuple[str, ...]:
    """The arguments with a changed matrix in the place of the first one."""
    save(change(source), "wrong.tsv")
    return (arguments[0], "wrong.tsv", *arguments[2:])


def source_of(arguments: tuple[str, ...]) -> pd.DataFrame:
    return {"log.tsv": LOGS, "counts.tsv": COUNTS, "linear.tsv": COUNTS + 0.5}[arguments[1]]


@pytest.mark.parametrize("arguments", EVERY, ids=lambda a: a[0])
def test_the_right_input_is_taken(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    if arguments[0] == "estimate":
        pytest.skip("80 genes are too few for ESTIMATE; its own tests run it")
    assert guarded(build(), ["rna", *arguments]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("arguments", [*ON_COUNTS, (*GSVA, "--kernel", "poisson")], ids=lambda a: a[0])
def test_logs_for_a_count_method(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert "log values" in refused(capsys, *on(arguments, lambda x: x, LOGS))


@pytest.mark.parametrize("arguments", [GSVA, ("pam50", "log.tsv"), ("pca", "log.tsv"), DISTANCES], ids=lambda a: a[0])
def test_counts_for_a_log_method(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert "raw counts" in refused(capsys, *on(arguments, lambda x: x, COUNTS))


@pytest.mark.parametrize("arguments", EVERY, ids=lambda a: a[0])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: pd.concat([x, x.loc[["ERBB2"]]]), "'ERBB2'"),
        (lambda x: x.rename(index={"ACTL3": "2-Sep"}), "'2-Sep'"),
        (lambda x: x.rename(index={"ACTL3": "Mar-01"}), "'Mar-01'"),
        (lambda x: x.rename(columns={"S01": "S00"}), "'S00'"),
        (lambda x: put(x, "ACTL3", "n/a"), "ACTL3"),
        (lambda x: x.T, "samples are in rows"),
    ],
    ids=["gene twice", "spreadsheet date", "another date", "sample twice", "gaps", "turned"],
)
def test_names_and_numbers(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], change: Change, words: str
) -> None:
    if arguments[0] == "pam50" and words == "ACTL3":
        pytest.skip("PAM50 passes over missing values")
    assert words in refused(capsys, *on(arguments, change, source_of(arguments)))


@pytest.mark.parametrize("arguments", [GSVA, SSGSEA], ids=lambda a: a[0])
@pytest.mark.parametrize(
    ("genes", "words"), [("2064\t2099\t7157", "Entrez"), ("ENSG00000141736\tENSG00000091831", "Ensembl")]
)
def test_sets_in_the_wrong_identifier(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], genes: str, words: str
) -> None:
    Path("sets.gmt").write_text(f"A\td\t{genes}\n")
    told = refused(capsys, *arguments)
    assert words in told
    assert "symbol" in told


def test_a_signature_in_the_wrong_identifier(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.read_csv("signature.tsv", sep="\t", index_col=0)
    save(frame.set_axis([str(2064 + i) for i in range(40)]), "signature.tsv")
    told = refused(capsys, *DECONVOLVE)
    assert "'2064'" in told
    assert "one identifier" in told


def flat(x: pd.DataFrame) -> pd.DataFrame:
    return put(x, "ERBB2", 4.0)


@pytest.mark.parametrize("arguments", [GSVA, ("pam50", "log.tsv")], ids=lambda a: a[0])
def test_constant_genes(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    told = refused(capsys, *on(arguments, flat, LOGS))
    assert "ERBB2 does not vary" in told


@pytest.mark.parametrize("arguments", [(*DE, "~ group"), ("pca", "log.tsv")], ids=lambda a: a[0])
def test_constant_throughout(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    told = refused(capsys, *on(arguments, lambda x: x * 0 + (4 if x is COUNTS else 4.5), source_of(arguments)))
    assert "same" in told


@pytest.mark.parametrize(
    "arguments", [GSVA, ("pam50", "log.tsv"), ("pca", "log.tsv"), DISTANCES, (*DE, "~ group")], ids=lambda a: a[0]
)
def test_one_sample(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert "1 sample" in refused(capsys, *on(arguments, lambda x: x.iloc[:, :1], source_of(arguments)))


def test_one_score_of_one_sample(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sets.gmt").write_text("A\td\t" + "\t".join(GENES[:9]) + "\n")
    assert "--no-normalise" in refused(capsys, *on(SSGSEA, lambda x: x.iloc[:, :1], LOGS))


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ("~ group + site", "site cannot be told apart from group: each group has one site only"),
        ("~ patient + group", "group cannot be told apart from patient: each patient has one group only"),
        ("~ age + years", "years cannot be told apart from"),
        ("~ patient * factor(batch)", "cannot be told apart"),
        ("~ factor(age)", "12 coefficients for 12 samples"),
        ("~ patient + age:batch + batch * age + years", "cannot be told apart"),
        ("~ stage", "no column 'stage'"),
        ("group", "does not begin with ~"),
    ],
)
def test_designs_of_too_low_rank(folder: Path, capsys: pytest.CaptureFixture[str], design: str, words: str) -> None:
    assert words in refused(capsys, *DE, design)


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        (("group", "b", "A"), "no level 'A'. Did you mean 'a'"),
        (("site", "y", "x"), "'site' is not a term"),
        (("group", "a", "a"), "with itself"),
    ],
)
def test_contrasts(folder: Path, capsys: pytest.CaptureFixture[str], contrast: tuple[str, ...], words: str) -> None:
    assert words in refused(capsys, *DE, "~ group", "--contrast", *contrast)


def test_confounded_contrast(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every patient is of one group: what the contrast asks for is the patients' own differences."""
    told = refused(capsys, *DE, "~ patient + group", "--contrast", "group", "b", "a")
    assert "group cannot be told apart from patient" in told


def test_distances_without_a_pair(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ABOUT.assign(patient=SAMPLES).to_csv("samples.tsv", sep="\t", index_label="sample")
    assert "no two samples are of one patient" in refused(capsys, *DISTANCES, "--pairs", "within")
    ABOUT.assign(patient="P1").to_csv("samples.tsv", sep="\t", index_label="sample")
    assert "all samples are of one patient" in refused(capsys, *DISTANCES, "--pairs", "between")


def test_files_that_are_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.tsv" in refused(capsys, "tmm", "nowhere.tsv")
    assert "nowhere.gmt" in refused(capsys, "gsva", "log.tsv", "--sets", "nowhere.gmt")
    assert "nowhere.tsv" in refused(capsys, "de", "counts.tsv", "--samples", "nowhere.tsv", "--design", "~ group")
    assert "nowhere" in refused(capsys, "tmm", "counts.tsv", "--out", "nowhere/out.tsv")
