"""Made-up results for the tests of figures."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    """The factories of `made_up.py`, one per result type."""
    path = Path(__file__).with_name("made_up.py")
    spec = importlib.util.spec_from_file_location("made_up_results", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
