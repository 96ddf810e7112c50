"""Results come back from disk exactly as they were, and content has one name."""

import ast
import importlib.util
import math
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.schema import Matrix, Note
from her2het.stats.estimate import Estimate
from her2het.stats.units import PerPatient
from her2het.store import PACKAGE, about_result, code_digest, digest, imports_of, load_result, save_result


@dataclass(frozen=True, eq=False)
class Everything:
    frame: pd.DataFrame
    matrix: Matrix
    per: PerPatient
    estimate: Estimate
    estimates: tuple[Estimate, ...]
    notes: tuple[Note, ...]
    limits: tuple[float, float]
    labels: tuple[str, ...]
    n: int
    x: float
    nothing: float
    maybe: float | None
    name: str
    flag: bool


def everything() -> Everything:
    estimate = Estimate(
        "a − b", "shift", "log₂", 1.5, -math.inf, math.nan, (3, 4), "rank-sum", 0.1 + 0.2, groups=("a", "b")
    )
    frame = pd.DataFrame(
        {
            "s": pd.array(["<script>", None, "=1+1"], dtype="string"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "i": pd.array([1, None, 3], dtype="Int64"),
            "f": [0.1, math.nan, -0.0],
            "c": pd.Categorical(["II", None, "I"], categories=["0", "I", "II"], ordered=True),
        }
    )
    return Everything(
        frame=frame,
        matrix=Matrix(np.array([[1.0, 2.0]]), ("g",), ("a", "b"), "log2_cpm1"),
        per=PerPatient(pd.Series([1.0, 2.0], index=["p", "q"]), "ERBB2", "log₂"),
        estimate=estimate,
        estimates=(estimate, estimate),
        notes=(Note("caution", "T", "U."),),
        limits=(0.05, 0.5),
        labels=("pCR", "HET"),
        n=3,
        x=0.1 + 0.2,
        nothing=math.nan,
        maybe=None,
        name="LI2024",
        flag=True,
    )


def test_round_trip(tmp_path: Path):
    given = everything()
    save_result(given, tmp_path / "r-1", {"key": "k"})
    back = load_result(Everything, tmp_path / "r-1")
    pd.testing.assert_frame_equal(back.frame, given.frame)
    pd.testing.assert_series_equal(back.per.values, given.per.values, check_names=False)
    assert (back.matrix.values == given.matrix.values).all()
    assert (back.matrix.rows, back.matrix.unit) == (given.matrix.rows, given.matrix.unit)
    assert repr(back.estimates) == repr(given.estimates)
    assert math.isnan(back.nothing)
    for name in ("notes", "limits", "labels", "n", "x", "maybe", "name", "flag"):
        assert getattr(back, name) == getattr(given, name), name
    assert about_result(tmp_path / "r-1") == {"key": "k"}
    assert {f.name for f in fields(Everything)} == set(vars(back))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        save_result(everything(), tmp_path / name, {})
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_a_half_written_result_is_no_result(tmp_path: Path):
    (tmp_path / "r-1").mkdir()
    assert about_result(tmp_path / "r-1") == {}


def test_one_cell_changes_the_digest():
    frame = everything().frame
    for column in frame.columns:
        changed = frame.copy()
        changed.loc[0, column] = changed.loc[2, column]
        assert digest(changed) != digest(frame), column


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        ("1", 1),
        (("a", "b"), ("ab",)),
        ({"a": "b"}, {"ab": ""}),
        (True, 1),
        (None, "None"),
        (pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1.0, 2.0]})),
        (pd.DataFrame({"x": ["ab", "c"]}), pd.DataFrame({"x": ["a", "bc"]})),
        (pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]})),
    ],
)
def test_different_content_has_different_names(a: object, b: object):
    assert digest(a) != digest(b)


def test_order_of_a_mapping_does_not_matter():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_unknown_types_are_refused():
    with pytest.raises(TypeError, match="no digest is defined for set"):
        digest({1, 2})


def test_code_digest_follows_imports():
    assert code_digest("her2het.analyses.fish") != code_digest("her2het.analyses.markers")
    assert code_digest("her2het.analyses.fish") == code_digest("her2het.analyses.fish")


def parsed(source: str) -> set[str]:
    """The modules of ours that a source imports, by its syntax tree."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return {name for name in found if name.split(".")[0] == "her2het" and _exists(name)}


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_no_import_is_overlooked():
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert parsed(source) <= set(imports_of(source)), path


def test_imports_in_every_form():
    source = (
        "import her2het.plan\nfrom her2het import study, __version__\n"
        "def f():\n    from her2het.io import (  # why\n        matrix,\n        gmt as g,  # and why\n    )\n"
    )
    assert set(imports_of(source)) == {
        *("her2het", "her2het.plan", "her2het.study", "her2het.io", "her2het.io.matrix", "her2het.io.gmt")
    }
