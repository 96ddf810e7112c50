"""What a run does when something is wrong around it: the place of the output, one analysis, the disk, the cache."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.report.folder import OutputFolder, open_output, place_of, swap
from her2het.schema import StudyError
from her2het.store import RECORD

FEW = ("--only", "marker_expression", "--only", "fish_by_group")  # so that a run is short


def call(*arguments: str) -> int:
    return guarded(build(), list(arguments))


def start(study: Path, out: Path, *more: str) -> int:
    return call("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "plain", *more)


def content(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "manifest.json"
    }


def listed(out: Path) -> dict[str, dict[str, str]]:
    return {a["name"]: a for a in json.loads((out / "manifest.json").read_text())["analyses"]}


@pytest.fixture(scope="module", autouse=True)
def _pinned():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HER2HET_COMMIT", "0" * 40)
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong") / "study"
    assert call("init", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def done(template: Path) -> Path:
    out = template.parent / "done"
    assert start(template, out, *FEW) == 0
    return out


@pytest.fixture
def study(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "study"))


@pytest.fixture
def out(done: Path, tmp_path: Path) -> Path:
    """A finished output of its own, with its cache."""
    shutil.copytree(place_of(done).workshop, tmp_path / ".out.her2het")
    return Path(shutil.copytree(done, tmp_path / "out"))


# --- the study inside the output ----------------------------------------------------------------------------------


def inside(study: Path, out: Path) -> Path:
    return Path(shutil.move(study, out / "tables" / "study"))


def link_to_inside(study: Path, out: Path) -> Path:
    shutil.move(study, out / "tables" / "study")
    (out.parent / "link").symlink_to(out / "tables" / "study")
    return out.parent / "link"


def link_inside(study: Path, out: Path) -> Path:
    (out / "tables" / "study").symlink_to(study)
    return out / "tables" / "study"


def one_file_inside(study: Path, out: Path) -> Path:
    shutil.move(study / "ihc.tsv", out / "tables" / "ihc.tsv")
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace('file = "ihc.tsv"', 'file = "../out/tables/ihc.tsv"'))
    return study


def one_linked_file_inside(study: Path, out: Path) -> Path:
    shutil.move(study / "ihc.tsv", out / "tables" / "ihc.tsv")
    (study / "ihc.tsv").symlink_to(out / "tables" / "ihc.tsv")
    return study


def in_the_workshop(study: Path, out: Path) -> Path:
    return Path(shutil.move(study, place_of(out).workshop / "stage"))


@pytest.mark.parametrize(
    "move", [inside, link_to_inside, link_inside, one_file_inside, one_linked_file_inside, in_the_workshop]
)
def test_an_output_that_holds_what_is_read_is_refused(
    move: Callable[[Path, Path], Path], study: Path, out: Path, capsys: pytest.CaptureFixture[str]
):
    named = move(study, out)
    before = content(out.parent)
    assert start(named, out, *FEW) == 2
    assert "and it replaces the folder. Name one away from what is read." in capsys.readouterr().err
    assert content(out.parent) == before


def test_the_study_itself_is_no_place_for_the_output(study: Path, capsys: pytest.CaptureFixture[str]):
    before = content(study)
    assert start(study, study) == 2
    assert "the run reads" in capsys.readouterr().err
    assert content(study) == before


def test_an_output_inside_the_study_is_fine(study: Path):
    assert start(study, study / "results", "--only", "sample_flow") == 0
    assert start(study, study / "results", "--only", "sample_flow") == 0


# --- one analysis that cannot use its data ------------------------------------------------------------------------


def test_one_analysis_fails_and_the_others_go_on(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = study / "ihc.tsv"
    path.write_text(path.read_text().replace("P1-B1\t3+\t80", "P1-B1\t3+\t100", 1))  # with the rest more than 100 %
    out = tmp_path / "out"
    assert start(study, out, "--only", "traced_cases", "--only", "fish_by_group") == 3
    told = capsys.readouterr().err.splitlines()
    assert any(line.startswith("her2_status") and " failed " in line for line in told)
    assert told[-1].startswith("her2het: her2_status: a problem of the input: ihc, sample P1-B1")
    found = listed(out)
    assert found["fish_by_group"]["result"] == "present"
    assert found["her2_status"]["result"] == "failed"
    assert found["traced_cases"]["result"] == "skipped"
    assert found["traced_cases"]["reason"].startswith("needs her2_status (a problem of the input: ihc, sample P1-B1")
    page = (out / "report.html").read_text()
    assert "Not done for a problem of the input: her2_status" in page
    before = content(out)
    assert call("report", str(out), "--workers", "1", "--progress", "none") == 0
    assert content(out) == before


def test_check_finds_it_first(study: Path, capsys: pytest.CaptureFixture[str]):
    path = study / "ihc.tsv"
    path.write_text(path.read_text().replace("P1-B1\t3+\t80", "P1-B1\t3+\t100", 1))
    assert call("check", str(study)) == 2
    told = capsys.readouterr().err
    assert told.startswith("her2het: ihc, sample P1-B1")
    assert "1 problem found." in told
    assert call("check", str(study), "--json") == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


def test_a_knob_that_one_analysis_refuses(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert start(study, out, "--only", "traced_cases", "--set", "traced_cases.patients=['P99']") == 3
    assert "'P99' has no HER2 status at baseline" in capsys.readouterr().err
    assert listed(out)["her2_status"]["result"] == "present"


def without(study: Path, name: str) -> None:
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace(f'file = "{name}.tsv"', "").replace(f"[tables.{name}]", ""))


def test_a_reason_names_the_root_and_not_a_chain(study: Path, tmp_path: Path):
    without(study, "fish_nuclei")
    out = tmp_path / "out"
    assert start(study, out, "--only", "fish_by_group", "--only", "het_profiles") == 0
    found = listed(out)
    for name in ("fish_heterogeneity", "fish_by_group", "het_profiles"):
        assert found[name]["reason"] == "needs the table fish_nuclei, which this study lacks"


def test_a_study_without_groups_has_an_output(study: Path, tmp_path: Path):
    toml = study / "study.toml"
    head, _, rest = toml.read_text().partition("[groups]")
    toml.write_text(head.replace('control = "pCR"', "") + "[tables.patients]" + rest.partition("[tables.patients]")[2])
    out = tmp_path / "out"
    assert start(study, out, "--only", "group_assignment", "--only", "fish_by_group") == 0
    found = listed(out)
    assert found["group_assignment"]["reason"] == "study.toml defines no groups"
    assert found["fish_by_group"]["reason"] == "needs group_assignment (study.toml defines no groups)"
    assert start(study, tmp_path / "nothing", "--only", "group_assignment") == 0
    assert (tmp_path / "nothing" / "report.html").is_file()
    assert call("report", str(tmp_path / "nothing"), "--workers", "1", "--progress", "none") == 0


# --- the place of the output --------------------------------------------------------------------------------------


def limited(*arguments: str, size: int) -> subprocess.CompletedProcess[str]:
    """Run in a process that cannot write a file beyond `size` bytes, as on a disk that is full."""
    code = (
        "import resource, sys; from her2het.cli.main import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); main()"
    )
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of a POSIX system")
@pytest.mark.parametrize("size", [2_000, 30_000, 200_000])
def test_a_full_disk_leaves_the_old_output_whole(size: int, study: Path, out: Path):
    before = content(out)
    arguments = ("run", str(study), "--out", str(out), "--engine", "serial", "--progress", "none", *FEW)
    ended = limited(*arguments, "--set", "marker_expression.genes=['ERBB2', 'GRB7']", size=size)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    told = [line for line in ended.stderr.splitlines() if line.startswith("her2het: ")]
    assert len(told) == 1, ended.stderr
    assert content(out) == before
    assert {p.name for p in place_of(out).workshop.iterdir()} == {"cache", "lock"}
    assert not [p for p in place_of(out).cache.iterdir() if p.name.startswith(".")]
    assert start(study, out, *FEW) == 0
    assert content(out) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_may_not_be_written(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert start(study, tmp_path / "locked" / "out") == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "x.tsv"), "her2het: x.tsv: No space left on device. Make room"),
        (PermissionError(13, "Permission denied", "y"), "her2het: y: Permission denied. Allow it"),
        (OSError("Unable to\nwrite"), "her2het: Unable to write. Check the place"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(
    error: OSError, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("her2het.cli.execute.execute", refuse)
    assert start(tmp_path, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert told.startswith(words)
    assert told.count("\n") == 1


def test_a_linked_output_keeps_its_link(study: Path, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk" / "out")
    for _ in range(3):
        assert start(study, link, "--only", "sample_flow") == 0
        assert link.is_symlink()
        assert (tmp_path / "disk" / "out" / "report.html").is_file()
    assert {p.name for p in (tmp_path / "disk").iterdir()} == {"out", ".out.her2het"}
    assert not (tmp_path / ".link.her2het").exists()


def test_links_in_a_circle(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert start(study, tmp_path / "a") == 2
    assert "circle" in capsys.readouterr().err


def test_an_old_that_is_a_link_is_unlinked_alone(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.docx").write_text("mine")
    folder = place_of(tmp_path / "out")
    folder.workshop.mkdir()
    folder.old.symlink_to(elsewhere)
    folder.out.mkdir()
    with open_output(folder.out):
        assert not folder.old.is_symlink()
    assert (elsewhere / "thesis.docx").read_text() == "mine"


def test_a_swap_that_fails_brings_the_old_back(out: Path, monkeypatch: pytest.MonkeyPatch):
    before = content(out)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "stage":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with open_output(out) as folder:
        folder.stage.mkdir()
        with pytest.raises(OSError, match="Input/output"):
            swap(folder)
    assert content(out) == before
    assert not folder.stage.exists()


def test_a_second_run_does_not_recover_what_the_first_is_swapping(out: Path):
    with open_output(out) as folder:
        folder.out.rename(folder.old)  # the first run is between its two renames
        with pytest.raises(StudyError, match="another run is writing there"), open_output(out):
            pass
        assert call("report", str(out)) == 2
        assert folder.old.is_dir()
        assert not folder.out.exists()
        folder.old.rename(folder.out)


def test_a_report_recovers_what_a_killed_run_left(out: Path):
    before = content(out)
    folder = OutputFolder(out, place_of(out).workshop)
    out.rename(folder.old)
    assert call("report", str(out), "--workers", "1", "--progress", "none") == 0
    assert content(out) == before


# --- damaged files ------------------------------------------------------------------------------------------------


def truncate(entry: Path) -> None:
    path = max(entry.glob("*.parquet"), key=lambda p: p.stat().st_size)
    path.write_bytes(path.read_bytes()[:-40])


def remove(entry: Path) -> None:
    next(entry.glob("*.parquet")).unlink()


def spoil_json(entry: Path) -> None:
    (entry / RECORD).write_text('{"about": {')


def other_json(entry: Path) -> None:
    (entry / RECORD).write_text("[1]")


def lose_fields(entry: Path) -> None:
    record = json.loads((entry / RECORD).read_text())
    (entry / RECORD).write_text(json.dumps({"about": record["about"], "files": {}, "fields": {}}))


def one_bit(entry: Path) -> None:
    path = max(entry.glob("*.parquet"), key=lambda p: p.stat().st_size)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncate, remove, spoil_json, other_json, lose_fields, one_bit])
def test_a_damaged_result_is_computed_again(
    damage: Callable[[Path], None], study: Path, out: Path, capsys: pytest.CaptureFixture[str]
):
    before = content(out)
    damage(next(place_of(out).cache.glob("fish_heterogeneity-*")))
    capsys.readouterr()
    assert start(study, out, *FEW) == 0
    told = capsys.readouterr().err
    assert [line.split()[0] for line in told.splitlines() if " computed " in line] == ["fish_heterogeneity"]
    assert content(out) == before


@pytest.mark.parametrize("kind", ["png", "tsv", "svg"])
def test_a_changed_figure_is_drawn_again(kind: str, study: Path, out: Path):
    before = content(out)
    for path in place_of(out).cache.glob(f"panel.*/*.{kind}"):
        path.write_text("edited")
    assert start(study, out, *FEW) == 0
    assert content(out) == before


def test_an_edited_figure_does_not_reach_the_next_run(study: Path, out: Path):
    before = content(out)
    assert start(study, out, *FEW) == 0  # figures are now links to those of the cache
    for path in out.glob("figures/*/*.svg"):
        path.write_text("edited in place")
    assert start(study, out, *FEW) == 0
    assert content(out) == before


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"design": {}, "inputs": [], "notes": []}', '{"design": null}'])
def test_a_damaged_record_of_the_study_is_one_sentence(text: str, out: Path, capsys: pytest.CaptureFixture[str]):
    (out / "results" / "study.json").write_text(text)
    before = content(out)
    for command in (("report", str(out)), ("figure", str(out), "fish_calls")):
        assert call(*command) == 2
        told = capsys.readouterr().err
        assert "study.json: damaged, or of another version of her2het" in told
        assert told.count("\n") == 1
    assert content(out) == before


@pytest.mark.parametrize(
    "text", ["{}", '{"intended_use": 1, "analyses": [{}]}', '{"intended_use": 1, "analyses": [1]}']
)
def test_a_damaged_manifest_is_one_sentence(text: str, out: Path, capsys: pytest.CaptureFixture[str]):
    (out / "manifest.json").write_text(text)
    assert call("report", str(out)) == 2
    told = capsys.readouterr().err
    assert "manifest.json" in told
    assert "Traceback" not in told


# --- the cache ----------------------------------------------------------------------------------------------------


def test_a_second_run_draws_nothing(study: Path, out: Path, monkeypatch: pytest.MonkeyPatch):
    before = content(out)

    def refuse(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("her2het.report.draw.draw", refuse)
    assert start(study, out, *FEW) == 0
    assert content(out) == before


def test_another_version_of_a_library_is_computed_again(
    study: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("her2het.run.environment", lambda: {"python": "3.11", "numpy": "9.9"})
    assert start(study, out, *FEW) == 0
    assert " cached " not in capsys.readouterr().err


# --- a parent that is killed --------------------------------------------------------------------------------------

PARENT = """
import os, sys, time
from her2het.engine.processes import Processes, beside

def work(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

def rest():
    time.sleep(600)

if __name__ == "__main__":
    with beside(rest):
        import multiprocessing
        print(*(p.pid for p in multiprocessing.active_children()), flush=True)
        Processes(2).map(work, [600, 600, 600])
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux's /proc which processes run")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(parent.stdout.readline()) for _ in range(3)]
    try:
        assert all(alive(pid) for pid in workers)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        until = time.monotonic() + 60
        while any(alive(pid) for pid in workers) and time.monotonic() < until:
            time.sleep(0.05)
        assert not [pid for pid in workers if alive(pid)]
    finally:
        parent.stdout.close()
        for pid in workers:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
