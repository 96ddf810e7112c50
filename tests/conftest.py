"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real data and reference results, where this machine has one."""
    given = os.environ.get("HER2HET_TEST_DATA")
    if not given:
        pytest.skip("HER2HET_TEST_DATA is not set: real data and reference results are not on this machine")
    path = Path(given)
    if not (path / "data").is_dir():
        pytest.skip(f"HER2HET_TEST_DATA names {path}, which has no data folder")
    return path
