"""Studies that are unusual but right: each runs to a report, and what cannot be done is skipped with its reason."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.analyses import PLAN
from her2het.cli.in_memory import results_in_memory
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.engine.serial import Serial
from her2het.load import load_study
from her2het.reference.tables import gene_annotation

Change = Callable[[Path], None]
ASSAYS = ("rna_counts", "fish_nuclei", "ihc", "features")


def rewrite(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text, f"{name} has no {old!r}"
    (folder / name).write_text(text.replace(old, new))


def without(*tables: str) -> Change:
    """Leave out tables of the template."""

    def apply(folder: Path) -> None:
        toml = (folder / "study.toml").read_text()
        for name in tables:
            toml = re.sub(rf"\[tables\.{name}\][^\n]*\n(?:[^\[\n][^\n]*\n|\n)*", "", toml)
            if name == "features":
                toml = re.sub(r"\[features\.columns\.[^\n]*\n(?:[^\[\n][^\n]*\n|\n)*", "", toml)
            (folder / f"{name}.tsv").unlink()
        (folder / "study.toml").write_text(toml)

    return apply


def frames(change: Callable[[str, pd.DataFrame], pd.DataFrame]) -> Change:
    """Change every table, cells as text."""

    def apply(folder: Path) -> None:
        for path in sorted(folder.glob("*.tsv")):
            table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
            change(path.stem, table).to_csv(path, sep="\t", index=False)

    return apply


def renamed(name: Callable[[str], str]) -> Change:
    """Give patients and samples other names, everywhere."""

    def change(table: str, frame: pd.DataFrame) -> pd.DataFrame:
        if table == "rna_counts":
            return frame.rename(columns={c: name(c) for c in frame.columns[1:]})
        return frame.assign(**{c: frame[c].map(name) for c in ("sample", "patient") if c in frame.columns})

    return frames(change)


def only(keep: Callable[[str], bool]) -> Change:
    """Keep the samples that a rule keeps, in every table."""

    def change(table: str, frame: pd.DataFrame) -> pd.DataFrame:
        if table == "rna_counts":
            return frame[[frame.columns[0], *(c for c in frame.columns[1:] if keep(c))]]
        return frame[frame["sample"].map(keep)] if "sample" in frame.columns else frame

    return frames(change)


def groups(*lines: str) -> Change:
    """Other groups; the first is the control."""

    def apply(folder: Path) -> None:
        toml = (folder / "study.toml").read_text()
        for old in ('"pCR" = "pcr"', '"non-HET/no pCR" = "not pcr and not het"', '"HET/no pCR" = "not pcr and het"'):
            assert old in toml
            toml = toml.replace(old + "\n", "")
        toml = toml.replace("[groups]", "[groups]\n" + "\n".join(lines), 1)
        (folder / "study.toml").write_text(re.sub(r"\ncontrol = [^\n]*", "", toml))

    return apply


def ensembl(folder: Path) -> None:
    """Genes by Ensembl identifier with version, and nothing else."""
    table = gene_annotation()["symbol"].drop_duplicates()
    ids = {str(symbol): f"{ensg}.7" for ensg, symbol in table.items()}
    frames(lambda name, f: f.assign(gene=f["gene"].map(ids)) if name == "rna_counts" else f)(folder)
    assert "ENSG00000141736.7" in (folder / "rna_counts.tsv").read_text()


def plain_numbers(name: str) -> str:
    """P3-B1 as 301, P3 as 3."""
    patient, _, sample = name[1:].partition("-")
    return str(int(patient) * 100 + {"B1": 1, "B2": 2, "S": 3}[sample]) if sample else patient


def each_file(change: Callable[[bytes], bytes]) -> Change:
    def apply(folder: Path) -> None:
        for path in folder.iterdir():
            path.write_bytes(change(path.read_bytes()))

    return apply


def utf16(folder: Path) -> None:
    for path in folder.glob("*.tsv"):
        path.write_bytes(path.read_text().encode("utf-16"))


def chain(*changes: Change) -> Change:
    def apply(folder: Path) -> None:
        for change in changes:
            change(folder)

    return apply


def further(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of every kind under names that analyses use themselves."""
    if table == "rna_counts":
        return frame
    n = range(len(frame))
    more = {"group": [f"g{i % 2}" for i in n], "phase": [f"{i % 3}" for i in n], "value": [f"{i / 7:.3f}" for i in n]}
    more |= {"status": ["yes" if i % 2 else "no" for i in n], "n": [""] * len(frame), "x y": ["é, ;"] * len(frame)}
    return frame.assign(**more)


def no_cep17(samples: Callable[[str], bool]) -> Change:
    def change(table: str, frame: pd.DataFrame) -> pd.DataFrame:
        if table != "fish_nuclei":
            return frame
        return frame.assign(cep17=frame["cep17"].mask(frame["sample"].map(samples), "0"))

    return frames(change)


def genes(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Change:
    return frames(lambda name, frame: change(frame) if name == "rna_counts" else frame)


def constant(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**dict.fromkeys(frame.columns[1:], "100"))


def foreign_sets(folder: Path) -> None:
    (folder / "sets.gmt").write_text("A\tx\tNOGENE1\tNOGENE2\nB\tx\tNOGENE3\n")
    rewrite(folder, "study.toml", "[tables.ihc]", '[tables.gene_sets]\nfile = "sets.gmt"\n\n[tables.ihc]')


EXPRESSION = ("sample_qc", "expression", "marker_expression", "gene_set_scores", "baseline_genes", "sample_components")
SETS = ("gene_set_scores", "erbb_signatures", "pathway_deltas", "erbb_genes", "pathway_change")
FISH = (
    *("fish_heterogeneity", "heterogeneity_change", "fish_diversity", "fish_by_group", "fish_by_status"),
    *("het_profiles", "her2_status", "treatment_distance", "discordance"),
)
PHASES = ("sample_flow", "cohort_table", "status_change", "heterogeneity_change", "paired_genes", "marker_expression")
TABLES = ("cohort_table", "fish_by_group", "feature_comparisons", "her2_status", "marker_expression")
Expected = dict[str, str | None]  # analysis -> words of why it is skipped, or None where it has a result


@dataclass(frozen=True)
class Case:
    """What makes the study unusual, what is then expected, and the analyses that are run (none: all)."""

    change: Change
    expected: Expected
    only: tuple[str, ...] = ()


CASES: dict[str, Case] = {
    "no groups": Case(groups(), {"group_assignment": "no groups", "fish_heterogeneity": None}),
    "no follow-up samples": Case(
        only(lambda s: not s.endswith("-S")), {"paired_genes": "", "cohort_table": None}, PHASES
    ),
    "one timepoint": Case(
        chain(
            only(lambda s: not s.endswith("-S")),
            lambda folder: rewrite(folder, "study.toml", 'followup = ["surgery"]', "followup = []"),
        ),
        {"status_change": "before and after", "heterogeneity_change": "before and after", "marker_expression": None},
        PHASES,
    ),
    "only patients and samples": Case(
        without(*ASSAYS), {"expression": "rna_counts", "fish_heterogeneity": "fish_nuclei", "cohort_table": None}
    ),
    "only FISH": Case(
        without("rna_counts", "ihc", "features"), {"expression": "rna_counts", "fish_heterogeneity": None}
    ),
    "only RNA, with Ensembl identifiers": Case(
        chain(without("fish_nuclei", "ihc", "features"), ensembl),
        {"marker_expression": None, "gene_set_scores": None, "erbb_genes": None, "fish_heterogeneity": "fish_nuclei"},
    ),
    "two groups, identifiers with spaces and beyond ASCII": Case(
        chain(
            groups('"pCR" = "pcr"', '"no pCR" = "not pcr"'),
            renamed(lambda s: s.replace("P", "Pätientin·患者 ").replace("-", " / ")),
        ),
        {"marker_expression": None, "subtypes": "of 50 PAM50 genes"},
    ),
    "a group with one patient, further columns, identifiers that are numbers": Case(
        chain(groups('"one" = "age <= 45"', '"others" = "age > 45"'), frames(further), renamed(plain_numbers)),
        {"marker_expression": None, "fish_by_group": None, "cohort_table": None, "feature_comparisons": None},
    ),
    "Windows line ends and a byte order mark": Case(
        each_file(lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n")), dict.fromkeys(TABLES), TABLES
    ),
    "UTF-16 and row numbers": Case(
        chain(frames(lambda name, f: f if name == "rna_counts" else f.reset_index(names="")), utf16),
        dict.fromkeys(TABLES),
        TABLES,
    ),
    "one batch": Case(
        frames(lambda _, f: f.assign(batch="a") if "batch" in f.columns else f),
        {"sample_components": None},
        EXPRESSION,
    ),
    "gene sets without a gene of the matrix": Case(foreign_sets, {"gene_set_scores": "none of 3 genes"}, SETS),
    "no CEP17 signal in two samples": Case(
        no_cep17(lambda s: s in ("P4-S", "P1-B1")), {"fish_heterogeneity": None, "heterogeneity_change": None}, FISH
    ),
    "no CEP17 signal at all": Case(
        no_cep17(lambda _: True), {"fish_heterogeneity": None, "heterogeneity_change": None}, FISH
    ),
    "no ERBB2 signal in a patient": Case(
        frames(
            lambda name, f: (
                f.assign(erbb2=f["erbb2"].mask(f["sample"].str.startswith("P1-"), "0")) if name == "fish_nuclei" else f
            )
        ),
        {"her2_status": None, "traced_cases": None},
        ("her2_status", "traced_cases"),
    ),
    "FISH after treatment alone": Case(
        frames(lambda name, f: f[f["sample"].isin(["P4-S", "P5-S"])] if name == "fish_nuclei" else f),
        {"het_profiles": None, "heterogeneity_change": "before and after", "fish_heterogeneity": None},
        FISH,
    ),
    "a matrix of equal counts": Case(genes(constant), {"sample_qc": "same expression"}, EXPRESSION),
    "one gene": Case(genes(lambda f: f.iloc[:1]), {"sample_qc": "same expression in the 1 gene"}, EXPRESSION),
    "no gene passes the filter": Case(
        lambda folder: rewrite(
            folder, "study.toml", "# [sample_qc]", '[sample_qc]\ngene_filter = "cpm_above_1"\nmin_samples = 99\n#'
        ),
        {"sample_qc": "none of 50 genes passes the filter"},
        EXPRESSION,
    ),
    "one library": Case(genes(lambda f: f.iloc[:, :2]), {"sample_qc": "1 RNA libraries"}, EXPRESSION),
    "two libraries": Case(genes(lambda f: f.iloc[:, :3]), {"sample_qc": "2 RNA libraries"}, EXPRESSION),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "study"
    assert guarded(build(), ["init", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One output folder for all, so that what two studies have in common is computed and drawn once."""
    return tmp_path_factory.mktemp("unusual") / "out"


@pytest.mark.parametrize("name", CASES)
def test_unusual_study(name: str, template: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    case = CASES[name]
    study = tmp_path / "study"
    study.mkdir()
    for path in template.iterdir():
        (study / path.name).write_bytes(path.read_bytes())
    case.change(study)
    options = [word for analysis in case.only for word in ("--only", analysis)]
    options += ["--set", "robustness.draws=100", "--engine", "serial", "--progress", "none"]
    status = guarded(build(), ["run", str(study), "--out", str(place), *options])
    told = capsys.readouterr()
    assert status == 0, told.err
    assert "Traceback" not in told.err
    assert (place / "report.html").stat().st_size > 10_000
    analyses = {a["name"]: a for a in json.loads((place / "manifest.json").read_text())["analyses"]}
    assert {n: a["reason"] for n, a in analyses.items() if a["result"] == "failed"} == {}
    for analysis, reason in case.expected.items():
        about = analyses[analysis]
        assert about["result"] == ("present" if reason is None else "skipped"), about
        assert (reason or "") in about["reason"]


def test_what_has_no_ratio_is_told(template: Path, tmp_path: Path):
    for path in template.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    no_cep17(lambda s: s == "P4-S")(tmp_path)
    names = ("fish_heterogeneity", "group_assignment", "heterogeneity_change", "fish_diversity")
    done = results_in_memory(PLAN, load_study(tmp_path, PLAN), Serial(), names)
    told = {name: set(map(tuple, done[name].excluded[["id", "reason"]].to_numpy())) for name in names}
    assert ("P4-S", "no CEP17 signal in any nucleus: no ratio") in told["fish_heterogeneity"]
    assert ("P4", "ERBB2/CEP17 ratio: no value in one of the phases") in told["heterogeneity_change"]
    assert ("P4", "Q (Rao) of log₂ ratio: no value in one of the phases") in told["fish_diversity"]
    for name in ("heterogeneity_change", "fish_diversity"):
        assert np.isfinite(done[name].pairs[["before", "after"]].to_numpy(dtype=float)).all()
    ratio = next(e for e in done["heterogeneity_change"].estimates if e.quantity == "ERBB2/CEP17 ratio")
    assert ratio.n == (4,)


def test_ensembl_identifiers_give_the_numbers_of_symbols(template: Path, tmp_path: Path):
    names = ("group_assignment", "sample_qc", "expression", "marker_expression")
    symbols = results_in_memory(PLAN, load_study(template, PLAN), Serial(), names)
    for path in template.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    ensembl(tmp_path)
    study = load_study(tmp_path, PLAN)
    assert any("50 of 50 go by their symbol" in note.text for note in study.notes)
    found = results_in_memory(PLAN, study, Serial(), names)
    assert found["expression"].log_cpm.rows == symbols["expression"].log_cpm.rows
    pd.testing.assert_frame_equal(found["marker_expression"].values, symbols["marker_expression"].values)


def test_gene_sets_by_ensembl_identifier_go_by_symbol(template: Path, tmp_path: Path):
    for path in template.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "sets.gmt").write_text("A\tx\tENSG00000141736.13\tENSG00000091831\tENSG00000299999\n")
    rewrite(tmp_path, "study.toml", "[tables.ihc]", '[tables.gene_sets]\nfile = "sets.gmt"\n\n[tables.ihc]')
    study = load_study(tmp_path, PLAN)
    sets = study.frame("gene_sets")
    assert sets is not None
    assert sets["gene"].tolist() == ["ERBB2", "ESR1", "ENSG00000299999"]
    assert any("2 of 3 go by their symbol" in note.text for note in study.notes)


def test_receptor_status_is_made_of_er_and_pr_where_it_is_not_given(template: Path, tmp_path: Path):
    study = Path(shutil.copytree(template, tmp_path / "study"))
    path = study / "patients.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).drop(columns="hr")
    table["er"] = ["yes", "no", "no", "", ""] + ["no"] * (len(table) - 5)
    table["pr"] = ["no", "no", "yes", "yes", "no"] + ["no"] * (len(table) - 5)
    table.to_csv(path, sep="\t", index=False)
    read = load_study(study, PLAN)
    made = read.tables["patients"]
    assert isinstance(made, pd.DataFrame)
    assert made["hr"].head(5).astype("string").fillna("").tolist() == ["True", "False", "True", "True", ""]
    assert "Hormone receptor made of ER and PR" in [n.title for n in read.notes]
    table.drop(columns="pr").to_csv(path, sep="\t", index=False)
    alone = load_study(study, PLAN).tables["patients"]
    assert isinstance(alone, pd.DataFrame)
    assert "hr" not in alone.columns or alone["hr"].isna().all()


def test_numbers_with_decimal_commas_in_a_further_column_are_told(template: Path, tmp_path: Path):
    study = Path(shutil.copytree(template, tmp_path / "study"))
    path = study / "features.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table["dv200"] = ["24,4", "", "NA", "55"] + ["1,5"] * (len(table) - 4)
    table["where"] = ["left, upper"] * len(table)
    table.to_csv(path, sep="\t", index=False)
    told = [n for n in load_study(study, PLAN).notes if n.title == "features: decimal commas"]
    assert len(told) == 1
    assert "'dv200' of features.tsv, such as '24,4', are read as text" in told[0].text


def test_a_nucleus_that_stands_twice_is_told(template: Path, tmp_path: Path):
    study = Path(shutil.copytree(template, tmp_path / "study"))
    path = study / "fish_nuclei.tsv"
    assert "fish_nuclei: nuclei that stand twice" not in [n.title for n in load_study(study, PLAN).notes]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1], lines[3]]) + "\n")
    told = [n for n in load_study(study, PLAN).notes if n.title == "fish_nuclei: nuclei that stand twice"]
    assert len(told) == 1
    assert told[0].text.startswith("sample 'P1-B1', area '1', nucleus '1' stands in more than one row; 2 such rows")
