"""A run as a whole: same bytes on every engine and twice, cached, and never half-written, whenever it is killed."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.report.folder import OutputFolder, check_place, open_output, place_of, recover, swap
from her2het.schema import StudyError

TIMES = {"manifest.json"}


def call(*arguments: str) -> int:
    return guarded(build(), list(arguments))


def digests(folder: Path, below: str = "") -> dict[str, str]:
    root = folder / below
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file() and p.name not in TIMES
    }


@pytest.fixture(scope="module", autouse=True)
def _pinned() -> Iterator[None]:
    """The page names the commit of the package, and somebody may commit while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HER2HET_COMMIT", "0" * 40)
        yield


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "study"
    assert call("init", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def first(study: Path) -> Path:
    out = study.parent / "serial"
    assert call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "none") == 0
    return out


@pytest.mark.parametrize("text", ["{}", '{"intended_use": "research_use_only"}'])
def test_a_folder_of_somebody_else_is_not_replaced(text: str, tmp_path: Path):
    (tmp_path / "manifest.json").write_text(text)
    if text != "{}":
        (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(StudyError, match=r"Move it|Name another folder"):
        check_place(tmp_path)


def test_what_a_run_leaves(first: Path):
    names = {p.name for p in first.iterdir()}
    assert names == {
        *("README.txt", "report.html", "methods.md", "manifest.json", "supporting_data_values.xlsx", "study.h5mu"),
        *("tables", "figures", "results"),
    }
    assert (first / "README.txt").read_text().startswith("Research use only")
    manifest = json.loads((first / "manifest.json").read_text())
    assert manifest["intended_use"] == "research_use_only"
    assert {a["name"] for a in manifest["analyses"] if a["result"] == "present"} == {
        p.name for p in (first / "tables").iterdir()
    }
    assert all(len(i["sha256"]) == 64 for i in manifest["inputs"])


def test_the_manifest_tells_what_was_read(study: Path, first: Path):
    manifest = json.loads((first / "manifest.json").read_text())
    assert manifest["commit"] == "0" * 40
    assert manifest["commit_is"] == "as the environment variable HER2HET_COMMIT says"
    toml = hashlib.sha256((study / "study.toml").read_bytes()).hexdigest()
    assert manifest["settings"] == {"file": "study.toml", "sha256": toml}
    found = {i["file"]: i["sha256"] for i in manifest["inputs"]}
    assert found == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in study.glob("*.tsv")}
    assert manifest["design"]["groups"][2] == {"label": "HET/no pCR", "expression": "not pcr and het"}
    assert manifest["design"]["control"] == "pCR"
    assert set(manifest["versions"]) >= {"her2het", "python", "numpy", "scipy", "pandas", "numba"}


@pytest.mark.parametrize(("engine", "workers"), [("processes", 2), ("processes", 5), ("dask", 2)])
def test_same_bytes_on_every_engine(engine: str, workers: int, study: Path, first: Path, tmp_path: Path):
    if engine == "dask":
        pytest.importorskip("distributed")
    out = tmp_path / "out"
    arguments = ("--engine", engine, "--workers", str(workers), "--progress", "none")
    assert call("run", str(study), "--out", str(out), *arguments) == 0
    assert digests(out, "tables") == digests(first, "tables")
    assert digests(out) == digests(first)


def test_a_second_run_is_cached_and_the_same(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "plain") == 0
    before = digests(out)
    capsys.readouterr()
    assert call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "plain") == 0
    told = capsys.readouterr().err
    assert "cached" in told
    assert "computed" not in told
    assert digests(out) == before


def test_a_knob_reaches_only_what_depends_on_it(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "none") == 0
    capsys.readouterr()
    arguments = ("--set", "marker_expression.genes=['ERBB2']", "--engine", "serial", "--progress", "json")
    assert call("run", str(study), "--out", str(out), *arguments) == 0
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    how = {e["what"]: e["how"] for e in events if e["event"] == "done"}
    assert how["marker_expression"] == "computed"
    assert {how[n] for n in ("sample_qc", "expression", "fish_heterogeneity")} == {"cached"}


def test_only_runs_what_is_asked_and_what_it_needs(study: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert call("run", str(study), "--out", str(out), "--only", "fish_by_group", "--engine", "serial") == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert [a["name"] for a in manifest["analyses"]] == ["group_assignment", "fish_heterogeneity", "fish_by_group"]


def test_the_report_can_be_written_again_without_the_study(study: Path, first: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "none") == 0
    (out / "report.html").write_text("gone")
    assert call("report", str(out), "--workers", "1", "--progress", "none") == 0
    assert digests(out) == digests(first)


def test_one_panel_to_files(first: Path, tmp_path: Path):
    assert call("figure", str(first), "markers_by_group_ERBB2", "--to", str(tmp_path), "--format", "svg") == 0
    made = tmp_path / "markers_by_group_ERBB2.svg"
    assert made.read_bytes() == (first / "figures" / "marker_expression" / made.name).read_bytes()


@pytest.mark.parametrize("panel", ["markers_by_grup", "markers_by_group_XYZ"])
def test_a_panel_that_is_not_there(panel: str, first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call("figure", str(first), panel, "--to", str(tmp_path)) == 2
    assert "does not exist" in capsys.readouterr().err


def test_report_of_a_folder_that_is_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call("report", str(tmp_path)) == 2
    assert "Name the --out folder of a run" in capsys.readouterr().err


# --- killed at any moment -----------------------------------------------------------------------------------------


KILLS = 20


def events(command: list[str]) -> list[float]:
    """Run with progress as JSON lines; the seconds at which each line came."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        times = [time.perf_counter() - begin for _ in process.stderr]
    assert process.returncode == 0
    return times


def kill_after(command: list[str], lines: int, seconds: float) -> bool:
    """Start, wait for so many lines of progress, then for so long, and kill; whether it was killed while it ran."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for _ in range(lines):
            process.stderr.readline()
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_at_random_moments_leaves_the_old_or_the_new(study: Path, tmp_path: Path):
    """`kill -9` at 20 random moments; each time the output is absent or whole, and in the end it is the same bytes.

    Moments are drawn over the steps that a run tells of and within each over its length in a first run, so that they
    meet a run under way on a machine of any speed and load; a run that was over before it was killed is not counted.
    """
    out = tmp_path / "out"
    command = [sys.executable, "-m", "her2het", "run", str(study), "--out", str(out), "--engine", "serial"]
    command += ["--only", "marker_expression", "--only", "fish_by_group"]  # few analyses, so that 20 runs stay short
    command += ["--progress", "json"]
    times = [0.0, *events(command)]
    expected = digests(out)
    rng = random.Random(7)
    killed = 0
    for attempt in range(5 * KILLS):
        if attempt % 2:  # a change, so that there is something to compute and to swap
            extra = ["--set", f"marker_expression.genes=['ERBB2', 'ESR1', 'G{attempt}']"]
        else:
            extra = []
        after = rng.randrange(len(times) - 1)  # the last line is written when all is done
        killed += kill_after([*command, *extra], after, rng.random() * (times[after + 1] - times[after]))
        recover(place_of(out))
        json.loads((out / "manifest.json").read_text())
        assert (out / "report.html").read_text().rstrip().endswith("</html>")
        if killed == KILLS:
            break
    assert killed == KILLS
    events(command)
    assert digests(out) == expected
    assert {p.name for p in tmp_path.iterdir()} == {"out", ".out.her2het"}
    assert {p.name for p in (tmp_path / ".out.her2het").iterdir()} == {"cache", "lock"}


def staged(folder: OutputFolder, text: str) -> None:
    folder.stage.mkdir(parents=True)
    (folder.stage / "manifest.json").write_text(json.dumps({"intended_use": text}))


def test_recovery_between_the_two_renames(tmp_path: Path):
    out = tmp_path / "out"
    with open_output(out) as folder:
        staged(folder, "old")
        swap(folder)
    with open_output(out) as folder:
        staged(folder, "new")
        out.rename(folder.old)  # killed here: the old is aside, the new is not yet in
    assert not out.exists()
    with open_output(out):
        assert json.loads((out / "manifest.json").read_text()) == {"intended_use": "old"}


def test_recovery_after_the_second_rename(tmp_path: Path):
    out = tmp_path / "out"
    with open_output(out) as folder:
        staged(folder, "old")
        swap(folder)
    with open_output(out) as folder:
        staged(folder, "new")
        out.rename(folder.old)
        folder.stage.rename(out)  # killed here: the new is in, the old not yet deleted
    with open_output(out) as folder:
        assert json.loads((out / "manifest.json").read_text()) == {"intended_use": "new"}
        assert not folder.old.exists()


def test_two_runs_do_not_write_to_one_place(tmp_path: Path):
    out = tmp_path / "out"
    with open_output(out), pytest.raises(StudyError, match="another run is writing there"), open_output(out):
        pass
