"""What machines can check of the sources: style, types, the words of the project."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [("ruff", "check", "."), ("ruff", "format", "--check", ".")], ids=" ".join)
def test_ruff(arguments: tuple[str, ...]):
    pytest.importorskip("ruff")
    done = tool(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_types():
    pytest.importorskip("basedpyright")
    done = tool("basedpyright", "--pythonpath", sys.executable)
    assert done.returncode == 0, done.stdout[-6000:]


def test_no_path_of_a_machine_and_no_lock_file():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert not [f.name for f in files if f.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json"}]
    home = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w")
    wrong = [
        str(f.relative_to(ROOT))
        for f in files
        if f.is_file()
        and f.suffix in {".py", ".md", ".toml", ".R", ".sh", ".tsv", ".txt", ".yml"}
        and home.search(f.read_text(errors="replace"))
    ]
    assert not wrong
