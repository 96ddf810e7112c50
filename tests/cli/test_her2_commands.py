"""her2 call, her2 classify and rcb: what they print, in text and JSON, and how they refuse."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from her2het.cli.her2 import COMMANDS
from her2het.cli.her2 import command as group
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.cli.rcb import command as rcb
from her2het.schema import StudyError

CASES = Path(__file__).parents[1] / "rules" / "cases.json"


def run(command, *arguments, text=None):
    result = CliRunner().invoke(command, list(arguments), input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def call(*arguments, text=None):
    return run(group, "call", *arguments, text=text)


@pytest.mark.parametrize("name", list("ABCDEFGHIJKLM"))
def test_the_worked_cases(name):
    given = json.loads(CASES.read_text(encoding="utf-8"))
    record = next(r for r in given["cases"] if r["case"] == name)
    expected = given["expected"][name]
    out = json.loads(call("--json", "-", "--guideline", "all", "--format", "json", text=json.dumps(record)))
    assert out["intended_use"] == "research_use_only"
    assert [v["guideline"] for v in out["verdicts"]] == ["2007", "2013", "2018", "2023"]
    assert [v["status"] for v in out["verdicts"]] == [*expected["status"], expected["status"][2]]
    text = call("--json", "-", text=json.dumps(record))
    for verdict in out["verdicts"]:
        assert f"{verdict['guideline']}  {verdict['status']}" in text
    assert "Research use only" in text


def test_options_and_json_say_the_same(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(
        '{"ihc": {"score": "2+"}, "ish": {"ratio": 2.10, "copies": 3.5, "observer": "a"}}', encoding="utf-8"
    )
    by_file = json.loads(call("--json", str(path), "--guideline", "2018", "--format", "json"))
    options = ["--ihc", "2+", "--ratio", "2.10", "--copies", "3.5", "--observer", "a", "--guideline", "2018"]
    by_options = json.loads(call(*options, "--format", "json"))
    assert by_file == by_options
    assert by_options["verdicts"][0]["ish"]["ratio"]["shown"] == "2.10"


def test_every_option_reaches_the_rules():
    recount = [
        "--recount-ratio",
        "2.15",
        "--recount-copies",
        "3.6",
        "--recount-nuclei",
        "20",
        "--recount-observer",
        "b",
    ]
    first = ["--ihc", "2+", "--ratio", "2.1", "--copies", "3.5", "--nuclei", "20", "--observer", "a"]
    assert "NEGATIVE with comment C2" in call(*first, *recount, "--recount-blinded", "--guideline", "2018")
    assert "RECOUNT_INVALID" in call(*first, *recount, "--recount-not-blinded", "--guideline", "2018")
    assert "DUAL_PROBE_REQUIRED" in call("--ihc", "2+", "--copies", "5.0", "--single-probe", "--guideline", "2018")
    assert "IHC 2+" in call("--cell-scores", "0=40,1=30,2=20,3=10", "--guideline", "2018")
    assert "INDETERMINATE" in call("--mc", "10", "--guideline", "2018")
    assert "stratum low" in call("--mc", "10", "--guideline", "2018", "--uncovered", "conventional")
    assert "CUMULATIVE_MATTERS" in call("--mc", "4", "--fi", "8", "--guideline", "2018", "--one-by-one")
    assert "stratum null" in call("--ihc", "0", "--zero", "none", "--guideline", "2023")
    assert "CONTROLS_FAILED" in call("--ihc", "3+", "--ihc-controls-failed", "--guideline", "2023")
    assert "ISH failed" in call("--ihc", "2+", "--ratio", "3", "--copies", "8", "--ish-controls-failed")
    assert "reported" in call("--ish-reported", "negative", "--guideline", "2023")
    assert "2.0952 (88/42)" in call("--her2-signals", "88", "--cep17-signals", "42", "--nuclei", "20", "--case", "x")
    strict = ["--ihc", "2+", "--ratio", "1.1", "--copies", "2", "--guideline", "2013", "--combination", "all_tests"]
    assert "EQUIVOCAL" in call(*strict)


@pytest.mark.parametrize(
    ("arguments", "text", "words"),
    [
        ([], None, "no case"),
        (["--ihc", "5"], None, "ihc.score"),
        (["--cell-scores", "40/30"], None, "not a list of percentages"),
        (["--json", "-", "--ihc", "2+"], "{}", "Give the case one way"),
        (["--json", "-"], "{", "standard input line 1: not JSON"),
        (["--json", "-"], "[1]", "holds no record"),
        (["--json", "nowhere.json"], None, "nowhere.json: cannot be read"),
        (["--json", "-"], '{"ihc": {"score": "2+"}, "ihc": {"score": "0"}}', "'ihc' is given twice"),
        (["--json", "-"], '{"ihc": {"score": "2+", "score": "3+"}}', "'score' is given twice"),
        (["--json", "-"], "[" * 100_000, "lists too deep"),
        (["--json", "-"], '{"ihc": ' + "[" * 500 + "]" * 500 + "}", "beyond 6 levels"),
        (["--json", "-"], '{"ish": {"her2": ' + "9" * 5000 + "}}", "a number too long"),
        (["--json", "-"], '{"ish": {"ratio": NaN, "copies": 4}}', "is not finite"),
        (["--json", "-"], '{"ish": {"ratio": -Infinity}}', "is not finite"),
        (["--json", "-"], '{"ish": {"ratio": 1e-999999999, "copies": 4}}', "more than 40 digits"),
        (["--json", "-"], "", "not JSON"),
        (["--json", "-"], "null", "holds no record"),
        (["--json", "-"], '{"ihc": 3}', "is not a record"),
        (["--json", "-"], '{"ish": {"cells": [[4, 2], [4]]}}', "CEP17 of cell 2"),
        (["--json", "-"], '{"ish": {"cells": [[4, 2, 1]]}}', "Write a pair"),
        (["--ratio", "nan", "--copies", "4"], None, "is not finite"),
        (["--ratio", "2,1", "--copies", "4"], None, "Write decimals with a point"),
        (["--her2-signals", "88", "--cep17-signals", "42"], None, "sums need her2, n"),
        (["--her2-signals", "88", "--nuclei", "0"], None, "0 cells counted"),
        (["--ihc", "2+", "--nuclei", "20"], None, "no counts"),
        (["--ihc", "2+", "--recount-ratio", "2"], None, "there is no first count"),
        (["--ihc", "2+", "--single-probe"], None, "--single-probe: no count"),
        (["--cell-scores", "0=40,0=60"], None, "score 0 is given twice"),
        (["--zero", "none"], None, "no score and no pattern"),
        (["--preset", "names"], None, "name headings of --cells"),
    ],
)
def test_call_refuses_with_one_sentence(arguments, text, words):
    with pytest.raises(StudyError) as caught:
        call(*arguments, text=text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "case.json"
    path.write_bytes(b"\xff\xfe{\x00}\x00")
    with pytest.raises(StudyError, match="not UTF-8") as caught:
        call("--json", str(path))
    assert "\n" not in str(caught.value)
    with pytest.raises(StudyError, match="cannot be read"):
        call("--json", str(tmp_path))
    path.write_text('\ufeff{"ihc": {"score": "2+"}}', encoding="utf-8")  # as Windows writes it
    assert "EQUIVOCAL" in call("--json", str(path), "--guideline", "2023")


def test_nuclei_of_a_file_are_a_count(tmp_path):
    path = tmp_path / "nuclei.csv"
    nuclei = [(3, 1), *[(3, 2)] * 2, *[(4, 2)] * 9, *[(5, 2)] * 5, *[(6, 3)] * 3]  # 88 and 42 signals
    rows = [f"{i % 3},{h},{c}" for i, (h, c) in enumerate(nuclei)]
    path.write_text("field,HER2,CEP17\n" + "\n".join(rows) + "\n", encoding="utf-8")
    out = json.loads(call("--ihc", "2+", "--cells", str(path), "--guideline", "2018", "--format", "json"))
    ish = out["verdicts"][0]["ish"]
    assert (ish["sum_her2"], ish["sum_cep17"], ish["n"], ish["group"]) == (88, 42, 20, 1)
    assert ish["ratio"]["interval_95"] == pytest.approx([1.955, 2.235], abs=5e-4)
    assert "NEAR_THRESHOLD" in {flag["code"] for flag in out["verdicts"][0]["warnings"]}
    path.write_text("case,red,green\nx,4,2\ny,4,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="2 samples"):
        call("--cells", str(path), "--preset", "red-her2")
    path.write_text("case,red,green\nx,4,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="given together"):
        call("--cells", str(path), "--ratio", "2", "--column", "erbb2=red", "--column", "cep17=green")


def test_a_recount_in_sums_shows_both_together():
    first = ["--ihc", "2+", "--her2-signals", "70", "--cep17-signals", "33", "--nuclei", "20", "--observer", "a"]
    second = ["--recount-her2-signals", "82", "--recount-cep17-signals", "40", "--recount-nuclei", "20"]
    second += ["--recount-observer", "b", "--recount-blinded", "--recount-with-2plus", "--guideline", "2018"]
    text = " ".join(call(*first, *second).split())
    assert "ADJUDICATION_REQUIRED" in text
    assert "for information: ratio 152/73, copies 152/40" in text
    assert "RECOUNT_UNDOCUMENTED" not in text
    assert "2+ area was left out" in call(*first, *second, "--recount-without-2plus")


def test_help_is_quick():
    code = """
import sys
from her2het.cli.lazy import guarded
from her2het.cli.main import build
guarded(build(), ["her2", "call", "--help"])
heavy = {"numpy", "pandas", "numba", "scipy", "matplotlib", "pydantic"} & set(sys.modules)
sys.exit(f"{heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_line_ends_with_2_and_one_sentence(capsys):
    assert guarded(build(), ["her2", "call", "--ihc", "4+"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("her2het: ihc.score: '4+' is none of")
    assert said.count("\n") == 1


TABLE = """case,ihc_score,ratio,copies,hospital_ihc,hospital_ish
a,2+,2.1,3.5,Equivocal,Positive
b,1+,1.5,7,Negative,Negative
c,,,,Positive,
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_classify_prints_a_table(table):
    lines = run(group, "classify", str(table)).splitlines()
    head = lines[0].split("\t")
    assert {"case", "status_2007", "reason_2023", "stratum_2023", "inputs_sha256", "intended_use"} <= set(head)
    assert len(lines) == 4
    assert all(line.endswith("research_use_only") for line in lines[1:])


def test_classify_writes_a_table_and_prints_summaries(table, tmp_path):
    out = tmp_path / "out.tsv"
    text = run(group, "classify", str(table), "--out", str(out), "--matrix", "--agreement")
    assert out.read_text(encoding="utf-8").startswith("case\t")
    assert "Status under 2007 (rows) and 2023 (columns)" in text
    assert "reflects ISH alone" in " ".join(text.split())
    assert "a: EQUIVOCAL to RECOUNT_REQUIRED" in text
    assert "Both positive or negative in 1 cases; they agree in 1, 100.0 %." in text
    assert "Research use only" in text


def test_classify_json(table):
    out = json.loads(run(group, "classify", str(table), "--json", "--agreement", "--first", "2013"))
    assert out["intended_use"] == "research_use_only"
    assert [case["case"] for case in out["cases"]] == ["a", "b", "c"]
    assert out["reclassification"]["first"] == "2013"
    assert [one["guideline"] for one in out["agreement"]] == ["2007", "2013", "2018", "2023"]


def test_classify_maps_headings(tmp_path):
    path = tmp_path / "registry.csv"
    path.write_text("patient,HER2\nP1,2\n", encoding="utf-8")
    text = run(group, "classify", str(path), "--column", "case=patient", "--column", "ihc_score=HER2")
    assert "P1\t2+" in text
    assert "ihc_score" in run(group, "classify", "--list-columns")


@pytest.mark.parametrize(("arguments", "words"), [([], "no table"), (["no.csv"], "no.csv: no such file")])
def test_classify_refuses(arguments, words):
    with pytest.raises(StudyError) as caught:
        run(group, "classify", *arguments)
    assert words in str(caught.value)


def test_nothing_is_written_over_what_is_read(table):
    before = table.read_text(encoding="utf-8")
    with pytest.raises(StudyError, match=r"--out: cases\.csv is what is read"):
        run(group, "classify", str(table), "--out", str(table))
    assert table.read_text(encoding="utf-8") == before


def test_classify_needs_something_to_agree_with(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("case,ihc_score\na,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="no hospital_ihc or hospital_ish"):
        run(group, "classify", str(path), "--agreement")


SIX = ["--d1", "20", "--d2", "15", "--cellularity", "20", "--in-situ", "5", "--nodes", "2", "--largest-met", "8"]


def test_rcb_of_one_specimen():
    text = run(rcb, *SIX)
    assert "RCB 3.2804, class RCB-III" in text
    assert "NEAR_CUT" in text
    assert "Research use only" in text
    out = json.loads(run(rcb, *SIX, "--format", "json", "--boundary", "lower_inclusive"))
    assert (out["rcb_class"], out["boundary"], out["intended_use"]) == ("III", "lower_inclusive", "research_use_only")
    assert "not computable" in run(rcb, *SIX[:-2])


def test_rcb_of_a_table(tmp_path):
    path = tmp_path / "specimens.csv"
    path.write_text(
        "id,d1,d2,cellularity,in_situ,nodes,largest_met\nx,0,0,0,0,1,2\ny,20,15,20,5,2,8\nz,20,15,,5,2,8\n",
        encoding="utf-8",
    )
    lines = run(rcb, str(path)).splitlines()
    assert lines[0].split("\t")[:3] == ["id", "rcb", "rcb_class"]
    assert [line.split("\t")[2] for line in lines[1:]] == ["I", "III", ""]
    assert "cellularity" in lines[3]
    out = json.loads(run(rcb, str(path), "--format", "json"))
    assert [one["rcb_class"] for one in out["specimens"]] == ["I", "III", None]
    target = tmp_path / "out.tsv"
    run(rcb, str(path), "--out", str(target))
    assert target.read_text(encoding="utf-8").startswith("id\t")


def test_rcb_refuses(tmp_path):
    with pytest.raises(StudyError, match="no measurement"):
        run(rcb)
    path = tmp_path / "specimens.csv"
    path.write_text("id,d1\nx,0\n", encoding="utf-8")
    with pytest.raises(StudyError, match="column d2 missing"):
        run(rcb, str(path))
    with pytest.raises(StudyError, match="a table and --d1"):
        run(rcb, str(path), "--d1", "3")
    path.write_text("id,d1,d2,cellularity,in_situ,nodes,largest_met\nx,1,1,200,0,1,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"specimens\.csv line 2\.cellularity"):
        run(rcb, str(path))


@pytest.mark.parametrize("arguments", [[], ["call"], ["classify"]])
def test_help_teaches_with_two_examples(arguments):
    text = run(group, *arguments, "--help")
    if arguments:
        assert text.count("her2het her2 ") >= 2
        assert "Examples:" in text
    else:
        assert all(name in text for name in COMMANDS)
    assert run(rcb, "--help").count("her2het rcb ") == 2
