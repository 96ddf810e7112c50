"""Which commit made an output: asked of the environment, the checkout, the build and the installer, in that order."""

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest

from her2het import __version__
from her2het.report import manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As after an installation that left no record."""
    monkeypatch.delenv(manifest.PINNED, raising=False)
    for name in ("_of_checkout", "_of_build", "_of_installer"):
        monkeypatch.setattr(manifest, name, lambda: "")
    return monkeypatch


def test_without_a_record_it_says_so(installed: pytest.MonkeyPatch):
    assert manifest.source() == ("", f"the package her2het {__version__} was installed without a record of its commit")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("_of_checkout", "of the checkout that ran"),
        ("_of_build", "that the package was built from"),
        ("_of_installer", "that the installer recorded"),
    ],
)
def test_where_it_is_known_from(name: str, how: str, installed: pytest.MonkeyPatch):
    installed.setattr(manifest, name, lambda: "a" * 40)
    assert manifest.source() == ("a" * 40, how)


def test_the_environment_comes_first(installed: pytest.MonkeyPatch):
    installed.setattr(manifest, "_of_checkout", lambda: "a" * 40)
    installed.setenv(manifest.PINNED, "b" * 40)
    assert manifest.commit() == "b" * 40


def hook() -> Any:
    pytest.importorskip("hatchling", reason="hatchling, which builds the package, is not installed")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_build_writes_the_commit_of_its_checkout(tmp_path: Path):
    module = hook()
    assert module.NAME == manifest.BUILT
    assert module.commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.org"]
    (tmp_path / "a.txt").write_text("a")
    for command in (["init", "-q"], ["add", "a.txt"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert module.commit_of(tmp_path) == head
    (tmp_path / "a.txt").write_text("b")
    assert module.commit_of(tmp_path) == f"{head}-dirty"
