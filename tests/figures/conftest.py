"""Made-up results for the tests of figures, and what stands on a picture."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def beside(name: str) -> ModuleType:
    """A module of this folder that is no test."""
    spec = importlib.util.spec_from_file_location(f"{name}_of_figures", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    """The factories of `made_up.py`, one per result type."""
    return beside("made_up")


@pytest.fixture(scope="session")
def reading() -> ModuleType:
    """The functions of `reading.py`."""
    return beside("reading")
