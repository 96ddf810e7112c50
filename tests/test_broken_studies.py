"""Each kind of broken study folder gives one clear sentence, exit status 2, no traceback and no output folder."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build

Break = Callable[[Path], None]


def edit(name: str, old: str, new: str, count: int = 1) -> Break:
    """Replace text in a file of the study."""

    def apply(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, count))

    return apply


def write(name: str, content: str | bytes) -> Break:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return apply


def lines(name: str, change: Callable[[list[str]], list[str]]) -> Break:
    """Change the lines of a file."""

    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text("\n".join(change(path.read_text().rstrip("\n").split("\n"))) + "\n")

    return apply


def cell(name: str, row: int, column: str, value: str, sep: str = "\t") -> Break:
    """Set one cell; row 0 is the first below the header."""

    def change(text: list[str]) -> list[str]:
        at = text[0].split(sep).index(column)
        cells = text[row + 1].split(sep)
        cells[at] = value
        return [*text[: row + 1], sep.join(cells), *text[row + 2 :]]

    return lines(name, change)


def both(*breaks: Break) -> Break:
    """One change after the other."""

    def apply(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return apply


def remove(name: str) -> Break:
    return lambda folder: (folder / name).unlink()


def column(name: str, heading: str, value: Callable[[int], str]) -> Break:
    """Add a column."""

    def change(text: list[str]) -> list[str]:
        return [f"{text[0]}\t{heading}", *(f"{line}\t{value(i)}" for i, line in enumerate(text[1:]))]

    return lines(name, change)


def zipped(name: str) -> bytes:
    """A zip archive with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "content")
    return buffer.getvalue()


def damaged_h5ad(folder: Path) -> None:
    (folder / "rna_counts.tsv").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(200)))


def parquet(name: str, headings: list[str], cut: int | None = None) -> Break:
    """A table as Parquet, with headings that pandas would not write."""

    def apply(folder: Path) -> None:
        columns = [pa.array(["P1", "P2"]) for _ in headings]
        pq.write_table(pa.Table.from_arrays(columns, names=headings), folder / name)
        (folder / name).write_bytes((folder / name).read_bytes()[:cut])

    return apply


def value(row: int, text: str) -> Break:
    """Set the last count of a gene."""
    return lines("rna_counts.tsv", lambda t: [*t[:row], re.sub(r"\t\d+$", f"\t{text}", t[row]), *t[row + 1 :]])


def feature(text: str) -> Break:
    """Declare the template's feature otherwise."""
    return edit("study.toml", 'kind = "number"', text + "\n#")


def gene(row: int, name: str) -> Break:
    return lines(
        "rna_counts.tsv", lambda t: [*t[: row + 1], "\t".join([name, *t[row + 1].split("\t")[1:]]), *t[row + 2 :]]
    )


def logs(folder: Path) -> None:
    path = folder / "rna_counts.tsv"
    head, *rest = path.read_text().rstrip("\n").split("\n")
    changed = []
    for line in rest:
        name, *values = line.split("\t")
        changed.append("\t".join([name, *(f"{float(v) ** 0.2:.4f}" for v in values)]))
    path.write_text("\n".join([head, *changed]) + "\n")


CASES: dict[str, tuple[Break, str]] = {
    "no study.toml": (remove("study.toml"), "study.toml: no such file"),
    "not TOML": (edit("study.toml", "[study]", "[study"), "not valid TOML"),
    "study.toml not UTF-8": (write("study.toml", b'[study]\nname = "caf\xe9"\n'), "not UTF-8"),
    "no study section": (edit("study.toml", "[study]", "[studyy]"), "Did you mean 'study'"),
    "unknown section": (edit("study.toml", "# [sample_qc]", "[sample_qcc]"), "Did you mean 'sample_qc'"),
    "unknown key": (edit("study.toml", "synthetic", "syntetic"), "Did you mean 'synthetic'"),
    "unknown knob": (edit("study.toml", "# [sample_qc]\n# rule", "[sample_qc]\nrul"), "Did you mean 'rule'"),
    "knob out of bounds": (edit("study.toml", "# [sample_qc]", "[sample_qc]\nlimit = -1\n#"), "greater than 0"),
    "knob is yes or no": (edit("study.toml", "# [sample_qc]", "[sample_qc]\nlimit = true\n#"), "true is not a number"),
    "knob is not a number": (edit("study.toml", "# [sample_qc]", "[sample_qc]\nlimit = nan\n#"), "nan is not finite"),
    "knob is infinite": (edit("study.toml", "# [sample_qc]", "[sample_qc]\nlimit = inf\n#"), "inf is not finite"),
    "knob of the wrong kind": (
        edit("study.toml", '# [sample_qc]\n# rule = "robust"', '[sample_qc]\nlimit = "x"'),
        "'x'",
    ),
    "unknown choice": (edit("study.toml", '# [sample_qc]\n# rule = "robust"', '[sample_qc]\nrule = "best"'), "'best'"),
    "unknown table": (edit("study.toml", "[tables.ihc]", "[tables.ich]"), "Did you mean 'ihc'"),
    "no patients table": (edit("study.toml", "[tables.patients]", "[tables.ihc2]"), "no [tables.patients]"),
    "control is no group": (edit("study.toml", 'control = "pCR"', 'control = "pcr"'), "Did you mean 'pCR'"),
    "a group called all": (
        both(edit("study.toml", '"pCR" =', '"All" ='), edit("study.toml", 'control = "pCR"', 'control = "All"')),
        "'All' is a heading of tables that also have a column for each group",
    ),
    "group expression syntax": (edit("study.toml", '"not pcr and het"', '"not pcr and"'), "cannot be read"),
    "group expression that calls": (edit("study.toml", '"not pcr and het"', '"open(1)"'), "uses Call"),
    "group names no column": (edit("study.toml", '"not pcr and het"', '"not pcrr"'), "'pcrr'"),
    "group compares yes/no with a word": (
        edit("study.toml", '"pcr"', "'er == \"yes\"'"),
        "er is yes or no, never 'yes'",
    ),
    "group compares with no level": (edit("study.toml", '"pcr"', "'rcb_class == \"2\"'"), "levels are 0, I, II, III"),
    "group compares with a value that nobody has": (
        both(
            column("patients.tsv", "her2", lambda i: ["positive", "negative"][i % 2]),
            edit("study.toml", '"pcr"', "'her2 == \"postive\"'"),
        ),
        "Did you mean 'positive'",
    ),
    "group compares a number with a word": (edit("study.toml", '"pcr"', "'age == \"50\"'"), "age holds numbers"),
    "group nested too deeply": (edit("study.toml", '"pcr"', f'"{"(" * 300}pcr{")" * 300}"'), "nested parentheses"),
    "group of a thousand nots": (edit("study.toml", '"pcr"', f'"{"not " * 5000}pcr"'), "nested more than 50 deep"),
    "timepoint in both lists": (
        edit("study.toml", '["surgery"]', '["surgery", "baseline"]'),
        "both baseline and followup",
    ),
    "no baseline sample": (edit("study.toml", '["baseline"]', '["before"]'), "baseline timepoint"),
    "unlisted timepoint": (cell("samples.tsv", 0, "timepoint", "week 3"), "'week 3'"),
    "file absent": (remove("ihc.tsv"), "ihc.tsv: no such file"),
    "file empty": (write("ihc.tsv", ""), "the file is empty"),
    "header alone": (lines("ihc.tsv", lambda t: t[:1]), "no row below"),
    "not UTF-8": (write("patients.tsv", b"patient\tage\nJos\xe9\t40\n"), "line 2 has a byte that is not UTF-8"),
    "UTF-16 cut short": (write("patients.tsv", "patient\tpcr\nP1\tyes\n".encode("utf-16")[:-1]), "is not UTF-16"),
    "a workbook": (write("patients.tsv", zipped("xl/workbook.xml")), "is a workbook"),
    "a zip that is no workbook": (write("patients.tsv", zipped("patients.csv")), "a zip archive (of patients.csv)"),
    "a damaged workbook": (write("patients.tsv", b"PK\x03\x04rest"), "damaged zip archive or workbook"),
    "a null character in a file's name": (edit("study.toml", '"ihc.tsv"', '"ihc\\u0000.tsv"'), "holds the character"),
    "a file's name too long": (edit("study.toml", '"ihc.tsv"', f'"{"i" * 300}.tsv"'), "a name of 304 characters"),
    "a matrix's name too long": (edit("study.toml", '"rna_counts.tsv"', f'"{"r" * 300}"'), "a name of 300 characters"),
    "damaged gzip": (write("patients.tsv", gzip.compress(b"patient\npcr\n" * 50)[:-9]), "damaged gzip"),
    "separated by spaces": (lines("ihc.tsv", lambda t: [x.replace("\t", " ") for x in t]), "separated by spaces"),
    "a cell too few": (lines("ihc.tsv", lambda t: [*t[:3], t[3].rsplit("\t", 1)[0], *t[4:]]), "line 4 has 6 cells"),
    "a cell too many": (lines("ihc.tsv", lambda t: [*t[:3], t[3] + "\t9", *t[4:]]), "more cells than the header"),
    "blank line between rows": (lines("ihc.tsv", lambda t: [*t[:4], "", *t[4:]]), "line 5 is blank"),
    "heading twice": (edit("ihc.tsv", "\tmc\t", "\tic\t"), "heading 'ic' stands twice"),
    "heading empty": (edit("ihc.tsv", "\tmc\t", "\t\t"), "column 4 has no heading"),
    "column missing": (edit("samples.tsv", "timepoint", "time_point"), "column timepoint missing"),
    "mapping to no heading": (
        edit("study.toml", 'file = "patients.tsv"', 'file = "patients.tsv"\ncolumns = { age = "Age" }'),
        "Did you mean 'age'",
    ),
    "one heading for two columns": (
        edit("study.toml", 'file = "patients.tsv"', 'file = "patients.tsv"\ncolumns = { er = "hr", pr = "hr" }'),
        "heading 'hr' is mapped to er and pr",
    ),
    "two samples become one": (
        edit(
            "study.toml", 'file = "rna_counts.tsv"', 'file = "rna_counts.tsv"\nvalues.sample = { "P1-B1" = "P1-B2" }#'
        ),
        "two samples of rna_counts.tsv become 'P1-B2'",
    ),
    "a feature's bounds are swapped": (feature('kind = "number"\nlow = 3\nhigh = 1'), "low 3 is above high 1"),
    "a feature's bound is nan": (feature('kind = "number"\nlow = nan'), "nan is not a number"),
    "a feature's bound is yes": (feature('kind = "number"\nlow = true'), "true is not a number"),
    "a category without levels": (feature('kind = "category"'), "a category without levels"),
    "a category with a level twice": (feature('kind = "category"\nlevels = ["a", "b", "a"]'), "'a' stands twice"),
    "levels of a number": (feature('kind = "number"\nlevels = ["a"]'), "levels are for a category"),
    "Parquet with a heading twice": (
        both(parquet("p.parquet", ["patient", "pcr", "pcr"]), edit("study.toml", '"patients.tsv"', '"p.parquet"')),
        "heading 'pcr' stands twice",
    ),
    "damaged Parquet": (
        both(parquet("p.parquet", ["patient"], 80), edit("study.toml", '"patients.tsv"', '"p.parquet"')),
        "not a Parquet file",
    ),
    "damaged Parquet of counts": (parquet("rna_counts.tsv", ["gene"], 80), "not a Parquet file"),
    "damaged H5AD": (damaged_h5ad, "a damaged H5AD file"),
    "patient twice": (lines("patients.tsv", lambda t: [*t, t[1]]), "'P1' stands in rows 0 and 8"),
    "patient without a name": (cell("patients.tsv", 2, "patient", ""), "row 2 is ''"),
    "sample of no patient": (cell("samples.tsv", 3, "patient", "P77"), "'P77'"),
    "age below bound": (cell("patients.tsv", 1, "age", "7"), "below 18 years"),
    "age in words": (cell("patients.tsv", 1, "age", "fifty"), "which is not a number"),
    "HET in other words": (column("patients.tsv", "het", lambda _: "HET"), "patients.het"),
    "thousands with a comma": (cell("fish_nuclei.tsv", 5, "erbb2", "1,234"), "Write thousands without a comma"),
    "decimal comma": (cell("patients.tsv", 4, "rcb", "1,2"), "point, not a comma"),
    "flag in other words": (cell("patients.tsv", 1, "pcr", "maybe"), "neither yes nor no"),
    "level that does not exist": (cell("patients.tsv", 1, "rcb_class", "IV"), "not one of 0, I, II, III"),
    "negative signals": (cell("fish_nuclei.tsv", 5, "erbb2", "-1"), "row 5 is '-1' (fish_nuclei.tsv line 7), below 0"),
    "fractional signals": (cell("fish_nuclei.tsv", 5, "cep17", "2.5"), "not a whole number"),
    "nuclei of an unknown sample": (cell("fish_nuclei.tsv", 5, "sample", "P9-B1"), "'P9-B1' (1 of 22) not in samples"),
    "percentage above 100": (cell("ihc.tsv", 5, "ic", "120"), "above 100 %"),
    "IHC twice for a sample": (lines("ihc.tsv", lambda t: [*t, t[1]]), "each may stand once"),
    "feature twice for a sample": (lines("features.tsv", lambda t: [*t, t[1]]), "one row each"),
    "feature of another kind": (cell("features.tsv", 0, "proliferation", "high"), "which is not a number"),
    "a birth date": (
        column("patients.tsv", "date_of_birth", lambda i: f"19{50 + i}-03-04"),
        "looks like a name, birth date",
    ),
    "a record number": (column("patients.tsv", "MRN", lambda i: str(88000 + i)), "patients.MRN: looks like"),
    "e-mail addresses": (column("samples.tsv", "contact", lambda i: f"a{i}@b.org"), "e-mail addresses"),
    "counts of unknown samples": (edit("rna_counts.tsv", "P1-B1", "X1-B1"), "'X1-B1'"),
    "negative counts": (lines("rna_counts.tsv", lambda t: [*t[:2], re.sub(r"\t\d+$", "\t-3", t[2]), *t[3:]]), "-3"),
    "fractional counts": (lines("rna_counts.tsv", lambda t: [*t[:2], re.sub(r"\t\d+$", "\t3.5", t[2]), *t[3:]]), "3.5"),
    "log values for counts": (logs, "log"),
    "a word among counts": (
        lines("rna_counts.tsv", lambda t: [*t[:2], re.sub(r"\t\d+$", "\tmany", t[2]), *t[3:]]),
        "many",
    ),
    "thousands with a comma among counts": (value(2, "1,234"), "Write thousands without a comma"),
    "a count beyond all bounds": (value(2, "1e20"), "is 1e+20, above 2^53"),
    "gene twice": (gene(3, "ERBB2"), "ERBB2"),
    "gene turned into a date": (gene(3, "1-Mar"), "1-Mar"),
    "gene turned into another date": (gene(4, "2-Sep"), "2-Sep"),
    "mixed identifiers": (
        lines(
            "rna_counts.tsv",
            lambda t: [t[0], *(f"ENSG{i:011d}" + x[x.index("\t") :] for i, x in enumerate(t[1:20])), *t[20:]],
        ),
        "Ensembl",
    ),
    "samples in rows": (
        lines("rna_counts.tsv", lambda t: ["\t".join(r) for r in zip(*(x.split("\t") for x in t), strict=True)]),
        "samples are in rows",
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "study"
    assert guarded(build(), ["init", str(folder)]) == 0
    return folder


def copy(whole: Path, to: Path) -> Path:
    study = to / "study"
    study.mkdir()
    for path in whole.iterdir():
        (study / path.name).write_bytes(path.read_bytes())
    return study


def test_the_template_has_no_problem(whole: Path, capsys: pytest.CaptureFixture[str]):
    assert guarded(build(), ["check", str(whole)]) == 0
    assert "No problems found" in capsys.readouterr().out


def test_at_least_forty_kinds():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_broken_study(name: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    apply, words = CASES[name]
    study = copy(whole, tmp_path)
    apply(study)
    before = {p.name for p in tmp_path.iterdir()}
    assert guarded(build(), ["run", str(study), "--out", str(tmp_path / "out"), "--progress", "none"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    sentences = [line for line in told.splitlines() if line]
    assert all(line.startswith("her2het: ") and line.rstrip().endswith((".", "?")) for line in sentences), told
    assert {p.name for p in tmp_path.iterdir()} == before


def test_check_tells_all_problems_at_once(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study = copy(whole, tmp_path)
    for name in ("age below bound", "negative signals", "percentage above 100", "level that does not exist"):
        CASES[name][0](study)
    assert guarded(build(), ["check", str(study)]) == 2
    told = capsys.readouterr().err
    assert all(w in told for w in ("below 18", "below 0 signals", "above 100", "not one of", "4 problems found"))


def test_a_batch_that_coincides_with_a_group_is_pointed_out(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    study = copy(whole, tmp_path)

    def by_group(text: list[str]) -> list[str]:
        at = text[0].split("\t").index("batch")
        rows = [line.split("\t") for line in text[1:]]
        for row in rows:
            row[at] = {"P1": "a", "P2": "a", "P3": "a", "P7": "c", "P8": "c"}.get(row[1], "b")
        return [text[0], *("\t".join(row) for row in rows)]

    lines("samples.tsv", by_group)(study)
    assert guarded(build(), ["check", str(study)]) == 0
    assert "Batch coincides with group" in capsys.readouterr().out


def checked(study: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `check` says of a study without a problem."""
    capsys.readouterr()
    assert guarded(build(), ["check", str(study)]) == 0
    return capsys.readouterr().out


def test_check_tells_how_many_patients_a_group_has(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    told = checked(whole, capsys)
    assert re.findall(r"group +(\S.*): (\d+) patients?", told) == [
        ("pCR", "3"),
        ("non-HET/no pCR", "3"),
        ("HET/no pCR", "2"),
    ]
    assert "caution" not in told
    study = copy(whole, tmp_path)
    edit("study.toml", '"not pcr and het"', '"not pcr and het and age > 110"')(study)
    told = checked(study, capsys)
    assert "caution: Nobody is in HET/no pCR." in told
    assert "2 of 8 patients are in no group" in told
    assert json.loads(out(study, capsys))["groups"]["HET/no pCR"] == 0


def out(study: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert guarded(build(), ["check", str(study), "--json"]) == 0
    return capsys.readouterr().out


def test_a_group_that_waits_for_het_from_fish_is_not_called_empty(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    study = copy(whole, tmp_path)
    lines("samples.tsv", lambda t: [line.rsplit("\t", 1)[0] for line in t])(study)
    told = checked(study, capsys)
    assert "HET of 5 patients is not given" in told
    assert "Nobody is in" not in told


def test_headings_that_may_be_misspelt_and_columns_that_are_not_read_are_told(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    study = copy(whole, tmp_path)
    edit("samples.tsv", "cellularity", "cellularty")(study)
    edit("ihc.tsv", "er_percent", "er_percnt")(study)
    column("ihc.tsv", "stainer", lambda _: "B")(study)
    column("patients.tsv", "centre", lambda _: "North")(study)
    told = checked(study, capsys)
    assert "'cellularty' of samples.tsv is kept as a further column. Did you mean 'cellularity'?" in told
    assert "'er_percnt' of ihc.tsv is not read. Did you mean 'er_percent'?" in told
    assert "'er_percnt', 'stainer' of ihc.tsv are not used" in told
    assert "centre" not in told


@pytest.mark.parametrize("name", ["group", "phase", "patient_x", "value"])
def test_further_columns_may_have_any_name(name: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study = copy(whole, tmp_path)
    column("samples.tsv", name, lambda i: f"a{i % 2}")(study)
    column("patients.tsv", name, lambda i: f"a{i % 2}")(study)
    checked(study, capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "marker_expresion"], "Did you mean 'marker_expression'"),
        (["--set", "sample_qc.limit"], "analysis.knob=value"),
        (["--set", "sample_qc.limt=3"], "Did you mean 'limit'"),
        (["--set", "sample_q.limit=3"], "Did you mean 'sample_qc'"),
        (["--set", "sample_qc.limit=0"], "greater than 0"),
        (["--engine", "cluster"], "cluster"),
        (["--workers", "0"], "0"),
    ],
)
def test_broken_requests(
    arguments: list[str], words: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert guarded(build(), ["run", str(whole), "--out", str(tmp_path / "out"), *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in told


def test_a_folder_that_is_not_ours_is_not_touched(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    assert guarded(build(), ["run", str(whole), "--out", str(out)]) == 2
    assert "not an output of her2het" in capsys.readouterr().err
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]
