"""The kernels that take longest to compile can be compiled ahead, and an empty cache is known as one."""

from pathlib import Path

import pytest

from her2het.kernels.warm import TASKS, is_cold


def test_every_task_runs():
    for task in TASKS:
        task()


def test_an_empty_cache_is_cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert is_cold()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "dispersion._search-1.py311.nbi").write_text("")
    assert not is_cold()
